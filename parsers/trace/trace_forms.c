/* Each composite form is a function over a cursor: it takes runs of digits of an exact width and single characters, and gives
 * up at the first that does not fit. The first form whose shape fits decides, valid or not: a traceparent with a zero parent must
 * not come back as a shorter form of itself. */
#include "parsers/trace/trace_forms.h"

#include "parsers/bytes/num.h"
#include "parsers/trace/trace_text.h"

enum { TRACE_WIDTH = 32, SPAN_WIDTH = 16, XRAY_SEGMENTS = 8, PROJECT_MAX = 128, DECIMAL_MAX = 20, BLANKS_MAX = 32 };

/* A run of min to max hex digits, or an empty view; a longer run is none. */
static struct str take_run(struct str *s, size_t min, size_t max)
{
	size_t n = text_hex_run(*s);
	if (n < min || n > max)
		return (struct str){ NULL, 0 };
	struct str run = str_take(*s, n);
	*s = str_skip(*s, n);
	return run;
}

static bool take(struct str *s, char wanted)
{
	char c;
	size_t used = text_next(*s, &c);
	if (used == 0 || c != wanted)
		return false;
	*s = str_skip(*s, used);
	return true;
}

static char peek(struct str s)
{
	char c = 0;
	return text_next(s, &c) ? c : '\0';
}

/* Ends a form: true always, for the caller has recognised its shape. */
static bool finish(struct trace_value *v, struct str start, struct str rest, bool valid, bool absent)
{
	v->n = start.n - rest.n;
	v->is_form = true;
	v->state = !text_token_ends(rest) ? VALUE_BAD : valid ? VALUE_VALID : absent ? VALUE_ABSENT : VALUE_BAD;
	return true;
}

/* VV-<32>-<16>-FF */
bool trace_form_w3c(struct str s, struct trace_value *v)
{
	struct str at = s;
	struct str version = take_run(&at, 2, 2);
	if (!version.n || !take(&at, '-'))
		return false;
	struct str trace = take_run(&at, TRACE_WIDTH, TRACE_WIDTH);
	if (!trace.n || !take(&at, '-'))
		return false;
	struct str span = take_run(&at, SPAN_WIDTH, SPAN_WIDTH);
	if (!span.n || !take(&at, '-'))
		return false;
	struct str flags = take_run(&at, 2, 2);
	if (!flags.n)
		return false;
	bool has_trace = trace_value_pad(v->trace, TRACE_WIDTH, trace);
	v->has_span = trace_value_pad(v->span, SPAN_WIDTH, span);
	v->sampled = (signed char)(hex_value(flags.p[1]) & 1);
	bool is_later = !str_eq(version, STR("00"));
	if (is_later && peek(at) == '-')
		for (char c; text_is(c = peek(at), TEXT_ALNUM | TEXT_WORD) && c != '/' && c != '+';)
			take(&at, c);
	return finish(v, s, at, has_trace && v->has_span && !str_ieq(version, STR("ff")), !has_trace);
}

/* <16 or 32>-<16>[-0|1|d[-<16>]]; Sentry's is the same with 32 digits and no more than -0 or -1. */
static bool read_b3(struct str s, struct trace_value *v, bool is_sentry)
{
	struct str at = s;
	struct str trace = take_run(&at, SPAN_WIDTH, TRACE_WIDTH);
	if ((trace.n != TRACE_WIDTH && (trace.n != SPAN_WIDTH || is_sentry)) || !take(&at, '-'))
		return false;
	struct str span = take_run(&at, SPAN_WIDTH, SPAN_WIDTH);
	if (!span.n)
		return false;
	bool has_trace = trace_value_pad(v->trace, TRACE_WIDTH, trace);
	v->has_span = trace_value_pad(v->span, SPAN_WIDTH, span);
	v->sampled = -1;
	if (take(&at, '-')) {
		char c = ascii_lower(peek(at));
		if (c != '0' && c != '1' && (c != 'd' || is_sentry))
			return false;
		v->sampled = c != '0';
		take(&at, peek(at));
		if (!is_sentry && take(&at, '-') && !take_run(&at, SPAN_WIDTH, SPAN_WIDTH).n)
			return false;
	}
	return finish(v, s, at, has_trace, !has_trace);
}

bool trace_form_b3(struct str s, struct trace_value *v)
{
	return read_b3(s, v, false);
}

bool trace_form_sentry(struct str s, struct trace_value *v)
{
	return read_b3(s, v, true);
}

/* <1..32>:<1..16>:<parent>:<flags> */
bool trace_form_jaeger(struct str s, struct trace_value *v)
{
	struct str at = s;
	struct str trace = take_run(&at, 1, TRACE_WIDTH);
	if (!trace.n || !take(&at, ':'))
		return false;
	struct str span = take_run(&at, 1, SPAN_WIDTH);
	if (!span.n || !take(&at, ':'))
		return false;
	take_run(&at, 1, SPAN_WIDTH); /* the parent may be left out */
	if (!take(&at, ':'))
		return false;
	struct str flags = take_run(&at, 1, 4);
	if (!flags.n)
		return false;
	bool has_trace = trace_value_pad(v->trace, TRACE_WIDTH, trace);
	v->has_span = trace_value_pad(v->span, SPAN_WIDTH, span);
	v->sampled = (signed char)(hex_value(flags.p[flags.n - 1]) & 1);
	return finish(v, s, at, has_trace, !has_trace);
}

static struct str take_decimal(struct str *s)
{
	size_t n = 0;
	while (n < s->n && n <= DECIMAL_MAX && text_is(s->p[n], TEXT_DIGIT))
		n++;
	struct str digits = str_take(*s, n);
	*s = str_skip(*s, n);
	return digits;
}

/* <32>[/<decimal>][;o=0|1] */
bool trace_form_cloud(struct str s, struct trace_value *v)
{
	struct str at = s;
	struct str trace = take_run(&at, TRACE_WIDTH, TRACE_WIDTH);
	bool is_zero = true, has_number = true;
	if (!trace.n)
		return false;
	bool has_part = take(&at, '/');
	if (has_part)
		has_number = trace_value_decimal(take_decimal(&at), v->span, &is_zero);
	struct str option = at;
	v->sampled = -1;
	if (take(&option, ';') && take(&option, 'o') && take(&option, '=')) {
		char c = peek(option);
		if (text_is(c, TEXT_DIGIT)) {
			take(&option, c);
			v->sampled = c == '0' ? 0 : c == '1' ? 1 : -1;
			at = option;
			has_part = true;
		}
	}
	bool has_trace = trace_value_pad(v->trace, TRACE_WIDTH, trace);
	v->has_span = has_number && !is_zero;
	finish(v, s, at, has_trace && has_number, !has_trace);
	v->is_form = has_part; /* a bare id is no form */
	return true;
}

/* projects/<p>/traces/<32> */
bool trace_form_project(struct str s, struct trace_value *v)
{
	struct str at = s;
	for (const char *c = "projects"; *c; c++)
		if (!take(&at, *c))
			return false;
	if (!take(&at, '/'))
		return false;
	size_t n = 0;
	for (char c; n < PROJECT_MAX && ((c = peek(at)) == ':' || text_is(c, TEXT_KEY)); n++)
		take(&at, c);
	if (n == 0 || !take(&at, '/'))
		return false;
	for (const char *c = "traces/"; *c; c++)
		if (!take(&at, *c))
			return false;
	struct str trace = take_run(&at, TRACE_WIDTH, TRACE_WIDTH);
	if (!trace.n)
		return false;
	v->sampled = -1;
	v->has_span = false;
	bool has_trace = trace_value_pad(v->trace, TRACE_WIDTH, trace);
	return finish(v, s, at, has_trace, !has_trace);
}

/* 1-<8>-<24>[@<16>] */
static bool take_xray_id(struct str *s, struct trace_value *v, bool *has_trace)
{
	struct str at = *s;
	struct str version = take_run(&at, 1, 1);
	if (!version.n || version.p[0] != '1' || !take(&at, '-'))
		return false;
	struct str time = take_run(&at, 8, 8);
	if (!time.n || !take(&at, '-'))
		return false;
	struct str unique = take_run(&at, 24, 24);
	if (!unique.n)
		return false;
	bool has_time = trace_value_pad(v->trace, 8, time), has_unique = trace_value_pad(v->trace + 8, 24, unique);
	*has_trace = has_time || has_unique;
	*s = at;
	if (take(&at, '@')) {
		struct str span = take_run(&at, 14, SPAN_WIDTH);
		if (!trace_value_is_span(span))
			return false;
		v->has_span = trace_value_pad(v->span, SPAN_WIDTH, span);
		*s = at;
	}
	return true;
}

/* "Root=" in front of a segment of the header. */
static struct str take_segment_name(struct str *s)
{
	size_t n = 0;
	while (n < s->n && n < 16 && text_is(s->p[n], TEXT_ALNUM) && !text_is(s->p[n], TEXT_DIGIT))
		n++;
	struct str name = str_take(*s, n), rest = str_skip(*s, n);
	if (n == 0 || !take(&rest, '='))
		return (struct str){ NULL, 0 };
	*s = rest;
	return name;
}

struct xray {
	struct trace_value root, self;
	bool has_root, has_self;
};

/* One segment behind its name. False: an id under Root or Self, or without a name, that is none. */
static bool read_xray_segment(struct str name, struct str *at, struct trace_value *v, struct xray *x)
{
	if (name.n == 0 || str_ieq(name, STR("root")) || str_ieq(name, STR("self"))) {
		bool is_self = str_ieq(name, STR("self")), has_trace;
		struct trace_value *into = is_self ? &x->self : &x->root;
		into->has_span = false;
		if (!take_xray_id(at, into, &has_trace) || !text_token_ends(*at))
			return false;
		into->state = has_trace ? VALUE_VALID : VALUE_ABSENT;
		*(is_self ? &x->has_self : &x->has_root) = true;
	} else if (str_ieq(name, STR("parent"))) {
		struct str rest = *at, span = take_run(&rest, 14, SPAN_WIDTH);
		if (trace_value_is_span(span) && text_token_ends(rest))
			v->has_span = trace_value_pad(v->span, SPAN_WIDTH, span);
	} else if (str_ieq(name, STR("sampled"))) {
		struct str rest = *at;
		char c = peek(rest);
		if ((c == '0' || c == '1') && take(&rest, c) && text_token_ends(rest))
			v->sampled = c == '1';
	}
	char c = peek(*at);
	while (name.n && (text_is(c, TEXT_KEY | TEXT_WORD) || c == ':' || c == '?' || c == '|')) {
		take(at, c);
		c = peek(*at);
	}
	return true;
}

/* The bare id, or the header: Root=1-..;Parent=..;Sampled=.. in any order. */
bool trace_form_xray(struct str s, struct trace_value *v)
{
	struct xray x;
	x.has_root = x.has_self = false;
	v->has_span = false;
	v->sampled = -1;
	struct str at = s;
	for (unsigned i = 0; i < XRAY_SEGMENTS; i++) {
		struct str name = take_segment_name(&at);
		if ((i > 0 && !name.n) || !read_xray_segment(name, &at, v, &x))
			return false;
		struct str next = at;
		if (!take(&next, ';'))
			break;
		while (next.n && next.p[0] == ' ')
			next = str_skip(next, 1);
		struct str probe = next;
		if (!take_segment_name(&probe).n)
			break;
		at = next;
	}
	if (!x.has_root && !x.has_self)
		return false;
	bool use_root = x.has_root && (x.root.state == VALUE_VALID || !x.has_self);
	const struct trace_value *id = use_root ? &x.root : &x.self;
	memcpy(v->trace, id->trace, TRACE_WIDTH);
	if (id->has_span) {
		v->has_span = true;
		memcpy(v->span, id->span, SPAN_WIDTH);
	}
	return finish(v, s, at, id->state == VALUE_VALID, true);
}

bool trace_form_spring(struct str s, struct trace_value *v)
{
	struct str at = s;
	struct str trace = take_run(&at, SPAN_WIDTH, TRACE_WIDTH);
	size_t blanks = 0;
	while (blanks < at.n && blanks < BLANKS_MAX && at.p[blanks] == ' ')
		blanks++;
	at = str_skip(at, blanks);
	if (!(trace.n == TRACE_WIDTH ? blanks == 0 : trace.n == SPAN_WIDTH && blanks > 0) || !take(&at, '-'))
		return false;
	struct str span = take_run(&at, SPAN_WIDTH, SPAN_WIDTH);
	if (!span.n || !take(&at, ']'))
		return false;
	v->sampled = -1;
	v->has_span = trace_value_pad(v->span, SPAN_WIDTH, span);
	v->is_form = true;
	v->n = s.n - at.n;
	v->state = trace_value_pad(v->trace, TRACE_WIDTH, trace) ? VALUE_VALID : VALUE_ABSENT;
	return true;
}

static bool take_word(struct str *s, struct str word)
{
	struct str at = *s;
	for (size_t i = 0; i < word.n; i++)
		if (ascii_lower(peek(at)) != word.p[i] || !take(&at, peek(at)))
			return false;
	*s = at;
	return true;
}

bool trace_form_sleuth(struct str s, struct trace_value *v)
{
	struct str at = s;
	struct str trace = take_run(&at, SPAN_WIDTH, TRACE_WIDTH);
	if ((trace.n != SPAN_WIDTH && trace.n != TRACE_WIDTH) || !take(&at, ','))
		return false;
	struct str span = take_run(&at, SPAN_WIDTH, SPAN_WIDTH);
	if (!span.n)
		return false;
	v->sampled = -1;
	if (take(&at, ',')) {
		if (take_word(&at, STR("true")))
			v->sampled = 1;
		else if (take_word(&at, STR("false")))
			v->sampled = 0;
		else
			return false;
	}
	if (!take(&at, ']'))
		return false;
	v->has_span = trace_value_pad(v->span, SPAN_WIDTH, span);
	v->is_form = true;
	v->n = s.n - at.n;
	v->state = trace_value_pad(v->trace, TRACE_WIDTH, trace) ? VALUE_VALID : VALUE_ABSENT;
	return true;
}
