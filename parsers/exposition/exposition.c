/* The entry to the three formats, and what they share: families, quotes, places of errors. A body is read once from front to back
 * and nothing is copied but what has escapes. exposition_text.c, exposition_openmetrics.c and exposition_protobuf.c hold the
 * grammars, exposition_labels.c takes a series apart. */
#include "parsers/exposition/exposition.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/exposition/exposition_state.h"

enum { SERIES_ROOM_FACTOR = 2 /* every byte of a series may become two by escaping */ };

const char *const metric_type_names[METRIC_TYPES] = { "unknown", "counter", "gauge", "histogram", "gaugehistogram", "summary", "info",
	"stateset" };

#define L SCAN_LETTER
#define D SCAN_DIGIT
/* SCAN_STOP: where the text format's value ends. */
const unsigned char exposition_classes[256] = {
	[0] = SCAN_STOP, ['\t'] = SCAN_BLANK | SCAN_STOP, ['\n'] = SCAN_STOP, [' '] = SCAN_BLANK | SCAN_STOP, ['{'] = SCAN_STOP,
	[':'] = SCAN_COLON, ['_'] = L, ['0'] = D, D, D, D, D, D, D, D, D, D,
	['A'] = L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
	['a'] = L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L,
};
#undef L
#undef D

#define ONES UINT64_C(0x0101010101010101)
#define HIGHS UINT64_C(0x8080808080808080)

/* A bit above each zero byte of w; above the lowest for certain, which is the first byte in memory. */
static inline uint64_t zeros(uint64_t w)
{
	return (w - ONES) & ~w & HIGHS;
}

/* The first byte at p that needs a look: a quotation mark, backslash, line feed or NUL, eight at a time. */
static const char *plain(const char *p, const char *end, uint64_t *high)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	while (end - p >= 8) {
		uint64_t w;
		memcpy(&w, p, sizeof w);
		uint64_t hit = zeros(w ^ ONES * '"') | zeros(w ^ ONES * '\\') | zeros(w ^ ONES * '\n') | zeros(w);
		if (hit) {
			*high |= w & ((hit & -hit) - 1);
			return p + __builtin_ctzll(hit) / 8;
		}
		*high |= w;
		p += 8;
	}
#endif
	for (; p < end && *p != '"' && *p != '\\' && *p != '\n' && *p; p++)
		*high |= (unsigned char)*p;
	return p;
}

const char *exposition_quoted(const char *p, const char *end, unsigned takes, bool *is_ascii)
{
	uint64_t high = 0;
	for (p++; (p = plain(p, end, &high)) < end && *p != '"'; p++) {
		if (*p == '\n' && !(takes & QUOTE_TAKES_LF))
			return NULL;
		if (*p == 0 && !(takes & QUOTE_TAKES_NUL))
			return NULL;
		if (*p != '\\')
			continue;
		do
			p++;
		while (p < end && *p == 0 && (takes & QUOTE_TAKES_NUL));
		if (p == end || *p == '\n' || *p == 0)
			return NULL;
		high |= (unsigned char)*p;
	}
	if (high & HIGHS)
		*is_ascii = false;
	return p < end ? p + 1 : NULL;
}

enum exposition_item exposition_bad(struct exposition *x, const char *p, const char *sentence)
{
	struct exposition_state *s = x->state;
	size_t line = 1;
	for (const char *at = s->base; at < p && (at = memchr(at, '\n', (size_t)(p - at))); at++)
		line++;
	if (s->format == EXPOSITION_PROTOBUF)
		snprintf(x->error, sizeof x->error, "byte %zu: %s", (size_t)(p - s->base), sentence);
	else
		snprintf(x->error, sizeof x->error, "line %zu: %s", line, sentence);
	return EXPOSITION_BAD;
}

struct str exposition_unescape(struct str raw, bool has_quote, struct buf *made)
{
	size_t first = str_find(raw, '\\');
	if (first == raw.n)
		return raw;
	buf_reset(made);
	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i], next = i + 1 < raw.n ? raw.p[i + 1] : 0;
		bool is_escape = c == '\\' && (next == '\\' || next == 'n' || (has_quote && next == '"'));
		i += is_escape;
		buf_char(made, !is_escape ? c : next == 'n' ? '\n' : next);
	}
	return buf_view(made);
}

void exposition_family_begin(struct exposition *x, struct str raw)
{
	struct exposition_state *s = x->state;
	struct str name = exposition_unescape(raw, true, &s->made); /* text has no other use for it */
	if (x->family.name.p && str_eq(x->family.name, name))
		return;
	memset(&x->family, 0, sizeof x->family);
	if (name.p != raw.p) {
		buf_reset(&s->name);
		buf_str(&s->name, name);
		name = buf_view(&s->name);
	}
	x->family.name = name;
}

bool exposition_type_of(struct str word, enum exposition_format format, enum metric_type *out)
{
	if (format == EXPOSITION_TEXT_0_0_4) {
		if (str_eq(word, STR("untyped"))) {
			*out = METRIC_UNKNOWN;
			return true;
		}
		if (str_eq(word, STR("unknown")) || str_eq(word, STR("gaugehistogram")) || str_eq(word, STR("info")) ||
			str_eq(word, STR("stateset")))
			return false;
	}
	for (size_t i = 0; i < METRIC_TYPES; i++) {
		if (!str_eq(word, str_of(metric_type_names[i])))
			continue;
		*out = (enum metric_type)i;
		return true;
	}
	return false;
}

void exposition_init(struct exposition *x, enum exposition_format format, struct str body)
{
	struct exposition_state *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	static const char nothing[1];
	s->base = s->at = body.n ? body.p : nothing;
	s->end = s->base + body.n;
	s->format = format;
	buf_init(&s->name, body.n);
	buf_init(&s->help, body.n);
	buf_init(&s->unit, body.n);
	buf_init(&s->made, SERIES_ROOM_FACTOR * (size_t)EXPOSITION_SERIES_MAX);
	*x = (struct exposition){ .state = s };
}

enum exposition_item exposition_next(struct exposition *x)
{
	struct exposition_state *s = x->state;
	if (s->has_ended)
		return s->ended;
	enum exposition_item item = s->format == EXPOSITION_TEXT_0_0_4 ? exposition_text_next(x) :
		s->format == EXPOSITION_OPENMETRICS_1_0                ? exposition_openmetrics_next(x) :
									 exposition_protobuf_next(x);
	if (item <= EXPOSITION_END) {
		s->ended = item;
		s->has_ended = true;
	} else if (item != EXPOSITION_FAMILY && x->series.n > EXPOSITION_SERIES_MAX) {
		s->has_ended = true;
		return s->ended = exposition_bad(x, s->base, "a series is longer than 1 MiB");
	}
	return item;
}

void exposition_fini(struct exposition *x)
{
	struct exposition_state *s = x->state;
	if (!s)
		return;
	exposition_protobuf_fini(s->proto);
	buf_fini(&s->name);
	buf_fini(&s->help);
	buf_fini(&s->unit);
	buf_fini(&s->made);
	free(s);
	*x = (struct exposition){ 0 };
}

/* type/subtype ; name=value ; name="value": enough of RFC 2045 to find the version of OpenMetrics. */
bool exposition_format_of(struct str content_type, enum exposition_format *out)
{
	static const struct { const char *type; enum exposition_format format; } known[] = {
		{ "text/plain", EXPOSITION_TEXT_0_0_4 },
		{ "application/openmetrics-text", EXPOSITION_OPENMETRICS_1_0 },
		{ "application/vnd.google.protobuf", EXPOSITION_PROTOBUF },
	};
	struct str rest = content_type, type = str_cut(&rest, ';');
	while (type.n && exposition_is(type.p[0], SCAN_BLANK))
		type = str_skip(type, 1);
	while (type.n && exposition_is(type.p[type.n - 1], SCAN_BLANK))
		type.n--;
	size_t i = 0;
	while (i < COUNT_OF(known) && !str_ieq(type, str_of(known[i].type)))
		i++;
	if (i == COUNT_OF(known))
		return false;
	while (rest.n) {
		struct str parameter = str_cut(&rest, ';');
		while (parameter.n && exposition_is(parameter.p[0], SCAN_BLANK))
			parameter = str_skip(parameter, 1);
		struct str name = str_cut(&parameter, '=');
		if (known[i].format == EXPOSITION_OPENMETRICS_1_0 && str_ieq(name, STR("version")) &&
			(str_starts(parameter, STR("2.")) || str_starts(parameter, STR("\"2."))))
			return false;
	}
	*out = known[i].format;
	return true;
}

static bool is_suffix_of(struct str suffix, enum metric_type type)
{
	static const struct { const char *suffix; unsigned types; } known[] = {
		{ "_total", 1u << METRIC_COUNTER },
		{ "_created", 1u << METRIC_COUNTER | 1u << METRIC_HISTOGRAM | 1u << METRIC_SUMMARY },
		{ "_count", 1u << METRIC_HISTOGRAM | 1u << METRIC_SUMMARY },
		{ "_sum", 1u << METRIC_HISTOGRAM | 1u << METRIC_SUMMARY },
		{ "_bucket", 1u << METRIC_HISTOGRAM | 1u << METRIC_GAUGEHISTOGRAM },
		{ "_gcount", 1u << METRIC_GAUGEHISTOGRAM },
		{ "_gsum", 1u << METRIC_GAUGEHISTOGRAM },
		{ "_info", 1u << METRIC_INFO },
	};
	for (size_t i = 0; i < COUNT_OF(known); i++)
		if (str_eq(suffix, str_of(known[i].suffix)))
			return (known[i].types >> type & 1) != 0;
	return false;
}

bool exposition_belongs(struct str name, struct str family, enum metric_type type)
{
	return family.n && str_starts(name, family) && (name.n == family.n || is_suffix_of(str_skip(name, family.n), type));
}
