/* One table of keys, without case and separators. A key is found from any byte inside it: the run of key bytes around that
 * byte is normalised once and compared whole, and then behind each dot, because a path before a key is nesting. Spelling
 * inside a run is lenient ("trace-.id" would do): that costs nothing, while a list of spellings would always lack one. */
#include "parsers/trace/trace_keys.h"

#include "parsers/trace/trace_text.h"

enum { RUN_SIDE = 96, NAME_ROOM = 2 * RUN_SIDE + 8, DOTS = 12, OPENERS = 24 };

#define KEY(name, role, group, family, reading, ...)                                                                     \
	{                                                                                                                \
		{ name, sizeof name - 1 }, ROLE_##role, GROUP_##group, FAMILY_##family, READ_##reading, __VA_ARGS__      \
	}
#define TRACE_KEY(name, group, family, reading) KEY(name, TRACE, group, family, reading, false, false, false)
#define BARE_KEY(name, family, reading) KEY(name, TRACE, VENDOR, family, reading, true, false, false)
#define OTHER_KEY(name, role, family, reading) KEY(name, role, GENERIC, family, reading, false, false, false)
#define WORD_KEY(name, role, reading) KEY(name, role, GENERIC, GENERIC, reading, false, true, false)

static const struct trace_key KEYS[] = {
	WORD_KEY("traceid", TRACE, ANY),
	WORD_KEY("spanid", SPAN, SPAN),
	OTHER_KEY("traceflags", FLAG, GENERIC, FLAGS),
	OTHER_KEY("sampled", FLAG, GENERIC, BOOL),
	OTHER_KEY("tracesampled", FLAG, GENERIC, BOOL),
	TRACE_KEY("traceparent", HEADER, HEADER, W3C),
	WORD_KEY("oteltraceid", TRACE, ANY),
	WORD_KEY("otelspanid", SPAN, SPAN),
	OTHER_KEY("oteltraceflags", FLAG, GENERIC, FLAGS),
	OTHER_KEY("oteltracesampled", FLAG, GENERIC, BOOL),
	WORD_KEY("opentelemetrytraceid", TRACE, ANY),
	WORD_KEY("opentelemetryspanid", SPAN, SPAN),
	OTHER_KEY("opentelemetrytraceflags", FLAG, GENERIC, FLAGS),
	OTHER_KEY("opentelemetrytracesampled", FLAG, GENERIC, BOOL),
	WORD_KEY("xtraceid", TRACE, ANY),
	WORD_KEY("xspanid", SPAN, SPAN),
	OTHER_KEY("xtraceflags", FLAG, GENERIC, FLAGS),
	OTHER_KEY("xtracesampled", FLAG, GENERIC, BOOL),
	KEY("traceidunsampled", TRACE, GENERIC, GENERIC, ANY, false, true, true),
	TRACE_KEY("ddtraceid", VENDOR, DATADOG, DATADOG),
	OTHER_KEY("ddspanid", SPAN, DATADOG, SPAN_DECIMAL),
	OTHER_KEY("ddptid", UPPER, DATADOG, UPPER),
	TRACE_KEY("xdatadogtraceid", VENDOR, DATADOG, DECIMAL),
	OTHER_KEY("xdatadogparentid", SPAN, DATADOG, SPAN_DECIMAL),
	OTHER_KEY("xdatadogsamplingpriority", FLAG, DATADOG, PRIORITY),
	TRACE_KEY("xb3traceid", VENDOR, B3, PLAIN),
	OTHER_KEY("xb3spanid", SPAN, B3, SPAN),
	OTHER_KEY("xb3sampled", FLAG, B3, BOOL),
	TRACE_KEY("ottracertraceid", VENDOR, OPENTRACING, PLAIN),
	OTHER_KEY("ottracerspanid", SPAN, OPENTRACING, SPAN),
	OTHER_KEY("ottracersampled", FLAG, OPENTRACING, BOOL),
	TRACE_KEY("awsxraytraceid", VENDOR, XRAY, XRAY),
	TRACE_KEY("xraytraceid", VENDOR, XRAY, XRAY),
	OTHER_KEY("segmentid", SPAN, XRAY, SPAN),
	BARE_KEY("trace", BARE, HEX32),
	BARE_KEY("tid", BARE, HEX32),
	KEY("span", SPAN, VENDOR, BARE, SPAN16, true, false, false),
	BARE_KEY("operationid", AZURE, HEX32),
	OTHER_KEY("operationparentid", SPAN, AZURE, SPAN),
	TRACE_KEY("tr", VENDOR, SERILOG, PLAIN),
	OTHER_KEY("sp", SPAN, SERILOG, SPAN),
	OTHER_KEY("transactionid", TRANSACTION, GENERIC, SPAN),
	OTHER_KEY("transaction", TRANSACTION, GENERIC, NOTHING), /* for {"transaction":{"id":..}} */
	TRACE_KEY("b3", HEADER, HEADER, B3),
	TRACE_KEY("ubertraceid", HEADER, HEADER, JAEGER),
	TRACE_KEY("sentrytrace", HEADER, HEADER, SENTRY),
	TRACE_KEY("xamzntraceid", HEADER, HEADER, XRAY),
	TRACE_KEY("xcloudtracecontext", HEADER, HEADER, CLOUD),
};

/* Behind "logging.googleapis.com/". */
static const struct trace_key GOOGLE_KEYS[] = {
	TRACE_KEY("trace", VENDOR, GCP, PLAIN),
	OTHER_KEY("spanid", SPAN, GCP, SPAN),
	OTHER_KEY("tracesampled", FLAG, GCP, BOOL),
};

static const struct trace_key *find(const struct trace_key *table, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].name.n == name.n && table[i].name.p[0] == name.p[0] && memcmp(table[i].name.p, name.p, name.n) == 0)
			return &table[i];
	return NULL;
}

/* "X-Ray Trace ID" and "XRAY TraceId" name the vendor in a word of their own. */
static const struct trace_key *xray_key(void)
{
	return find(KEYS, COUNT_OF(KEYS), STR("xraytraceid"));
}

static bool is_encoded_dash(struct str s, size_t at)
{
	return at + 3 <= s.n && s.p[at] == '%' && s.p[at + 1] == '2' && ascii_lower(s.p[at + 2]) == 'd';
}

static size_t run_start(struct str s, size_t at)
{
	size_t floor = at > RUN_SIDE ? at - RUN_SIDE : 0;
	while (at > floor && (text_is(s.p[at - 1], TEXT_KEY) || is_encoded_dash(s, at - 1)))
		at--;
	return at;
}

static size_t run_end(struct str s, size_t at)
{
	size_t roof = s.n - at > RUN_SIDE ? at + RUN_SIDE : s.n;
	while (at < roof && (text_is(s.p[at], TEXT_KEY) || is_encoded_dash(s, at)))
		at += s.p[at] == '%' ? 3 : 1;
	return at < s.n ? at : s.n;
}

struct name {
	char at[NAME_ROOM];
	size_t n;
	size_t dots[DOTS]; /* where the names behind dots begin in at[] */
	size_t dot_count;
};

static void normalise(struct str run, struct name *name)
{
	name->n = name->dot_count = 0;
	for (size_t i = 0; i < run.n; i++) {
		char c = run.p[i];
		if (text_is(c, TEXT_ALNUM))
			name->at[name->n++] = ascii_lower(c);
		else if (c == '%')
			i += 2;
		else if (c == '.' && name->n && name->dot_count < DOTS)
			name->dots[name->dot_count++] = name->n;
	}
}

bool trace_key_is(struct str key, struct str plain)
{
	struct name name;
	normalise(str_take(key, 2 * RUN_SIDE), &name);
	return str_eq((struct str){ name.at, name.n }, plain);
}

/* "parent.span_id" is another key than "labels.span_id". */
static bool is_parent(struct str name)
{
	return str_ends(name, STR("parent"));
}

static bool is_google(struct str s, size_t from)
{
	static const struct str DOMAIN = { "logging.googleapis.com", 22 };
	if (from == 0 || s.p[from - 1] != '/')
		return false;
	for (from--; from > 0 && s.p[from - 1] == '\\';)
		from--;
	return from >= DOMAIN.n && str_ieq((struct str){ s.p + from - DOMAIN.n, DOMAIN.n }, DOMAIN);
}

/* The table row for the run [from, to), and how much of a path stands before it. */
static const struct trace_key *match_run(struct str s, size_t from, size_t to, unsigned *path)
{
	if (from >= to || !text_is(s.p[to - 1], TEXT_ALNUM))
		return NULL;
	struct name name;
	normalise((struct str){ s.p + from, to - from }, &name);
	struct str whole = { name.at, name.n };
	*path = 0;
	if (from && s.p[from - 1] == '/') {
		if (is_google(s, from))
			return find(GOOGLE_KEYS, COUNT_OF(GOOGLE_KEYS), whole);
		const struct trace_key *key = find(KEYS, COUNT_OF(KEYS), whole);
		return key && !key->is_bare ? key : NULL;
	}
	const struct trace_key *key = find(KEYS, COUNT_OF(KEYS), whole);
	for (size_t i = 0; !key && i < name.dot_count; i++) {
		key = find(KEYS, COUNT_OF(KEYS), str_skip(whole, name.dots[i]));
		*path = (unsigned)i + 1;
		if (key && key->role == ROLE_SPAN && is_parent(str_take(whole, name.dots[i])))
			return NULL;
	}
	return key;
}

/* The word that ends before the blanks before s.p[at]; empty without blanks. */
static struct str word_before(struct str s, size_t at)
{
	size_t end = at;
	while (end > 0 && at - end < 4 && s.p[end - 1] == ' ')
		end--;
	size_t from = end == at ? end : run_start(s, end);
	return (struct str){ s.p + from, end - from };
}

/* "Trace ID" is one key when a separator follows; [from, to) is "Trace". Returns where it ends, or to. */
static size_t second_word(struct str s, size_t from, size_t to)
{
	struct str first = { s.p + from, to - from };
	if (!str_ieq(first, STR("trace")) && !str_ieq(first, STR("span")))
		return to;
	struct str rest = str_skip(s, to);
	if (rest.n < 4 || rest.p[0] != ' ' || !str_ieq((struct str){ rest.p + 1, 2 }, STR("id")) || text_is(rest.p[3], TEXT_KEY))
		return to;
	return to + 3;
}

/* Backslashes and the quote behind them, the quote also as %22, %27, \u0022 or \u0027. 0: no quote. */
static size_t quote_length(struct str s)
{
	size_t i = 0;
	while (i < s.n && i < OPENERS && s.p[i] == '\\')
		i++;
	if (i < s.n && (s.p[i] == '"' || s.p[i] == '\'' || s.p[i] == '`'))
		return i + 1;
	struct str rest = str_skip(s, i);
	if (i == 0)
		return str_starts(rest, STR("%22")) || str_starts(rest, STR("%27")) ? 3 : 0;
	return str_starts(rest, STR("u0022")) || str_starts(rest, STR("u0027")) ? i + 5 : 0;
}

static size_t blank_length(struct str s)
{
	size_t i = 0;
	while (i < s.n) {
		size_t colour = s.p[i] == '\x1b' || s.p[i] == '\\' ? text_colour(str_skip(s, i)) : 0;
		if (colour == 0 && s.p[i] != ' ' && s.p[i] != '\t')
			break;
		i += colour ? colour : 1;
	}
	return i;
}

/* Moves over what may open a value: blanks, brackets, quotes, but not over the quote that closes an empty one. */
static size_t skip_openers(struct str s, struct trace_key_match *m)
{
	struct str last_quote = { NULL, 0 };
	size_t i = 0;
	for (unsigned steps = 0; steps < OPENERS && i < s.n; steps++) {
		struct str rest = str_skip(s, i);
		size_t blanks = blank_length(rest), quote;
		if (blanks) {
			i += blanks;
			continue;
		}
		if (str_starts(rest, STR("[]string{"))) {
			i += 9;
		} else if (rest.p[0] == '[' || rest.p[0] == '(' || rest.p[0] == '<') {
			i++;
		} else if (rest.p[0] == '{') {
			m->has_brace = true;
			return i + 1;
		} else if ((rest.p[0] == 'u' || rest.p[0] == 'b') && rest.n > 1 && (rest.p[1] == '\'' || rest.p[1] == '"')) {
			i++;
		} else if ((quote = quote_length(rest)) != 0 && !str_eq(str_take(rest, quote), last_quote)) {
			last_quote = str_take(rest, quote);
			i += quote;
		} else {
			break;
		}
	}
	return i;
}

/* "=>" is also written "=\u003e" by encoders that fear HTML. */
static size_t arrow_length(struct str s)
{
	return str_starts(s, STR(">")) ? 1 : str_starts(s, STR("\\u003e")) || str_starts(s, STR("\\u003E")) ? 6 : 0;
}

/* Separator and openers behind the key that ends at m->to. */
static bool match_separator(struct str s, struct trace_key_match *m, bool needs_mark)
{
	size_t i = m->to;
	size_t quote = quote_length(str_skip(s, i));
	if (quote) {
		size_t before = 0; /* the same quote before the key makes it a quoted key */
		while (before < quote && m->from > before && s.p[m->from - 1 - before] == s.p[i + quote - 1 - before])
			before++;
		m->is_quoted = before == quote;
		m->from -= m->is_quoted ? quote : 0;
	}
	i += quote;
	if (i < s.n && s.p[i] == ']' && m->from > 0 && s.p[m->from - 1] == '[')
		i++; /* labels["trace_id"]=.. */
	size_t blanks = blank_length(str_skip(s, i));
	i += blanks;
	char c = 0;
	size_t used = text_next(str_skip(s, i), &c);
	if (used && (c == '=' || c == ':')) {
		i += used;
		if (c == '=')
			i += arrow_length(str_skip(s, i));
		else if (i < s.n && s.p[i] == '=')
			i++;
		m->separator = c;
	} else if (blanks && !needs_mark && used) {
		m->by_blank = true;
		m->separator = ' ';
	} else {
		return false;
	}
	m->value = i + skip_openers(str_skip(s, i), m);
	return true;
}

struct usual {
	struct str name;
	size_t seed; /* where in it the search stops */
	size_t row;
};

static const struct usual *find_usual(struct str s, size_t at)
{
	static const struct usual usual[] = {
		{ { "trace_id", 8 }, 1, 0 }, { { "span_id", 7 }, 0, 1 }, { { "traceId", 7 }, 1, 0 }, { { "spanId", 6 }, 0, 1 }, { { "traceID", 7 }, 1, 0 },
	};
	enum { VALUE_ROOM = 4 };
	for (const struct usual *u = usual; u < usual + COUNT_OF(usual); u++) {
		const char *p = s.p + at - u->seed;
		if (at >= u->seed && s.n - at >= u->name.n + VALUE_ROOM && *p == *u->name.p && memcmp(p, u->name.p, u->name.n) == 0)
			return u;
	}
	return NULL;
}

/* Nine of ten keys are spelled like this and stand directly before their value: "trace_id":"4bf9.. or trace_id=4bf9.. What must stand
 * around them ends a run of key bytes, so that none has to be measured. */
static bool match_usual(struct str s, size_t at, struct trace_key_match *m)
{
	const struct usual *u = find_usual(s, at);
	if (!u)
		return false;
	size_t from = at - u->seed, to = from + u->name.n;
	char before = from ? s.p[from - 1] : ' ';
	bool is_quoted = before == '"' && memcmp(s.p + to, "\":\"", 3) == 0 && (from < 2 || s.p[from - 2] != '\\');
	size_t value = is_quoted ? to + 3 : to + 1;
	if (!is_quoted && (s.p[to] != '=' || (before != ' ' && before != ',' && before != '&' && before != '?')))
		return false;
	if (!text_is(s.p[value], TEXT_HEX) || (before == ' ' && from > 1 && memchr("yYtT ", s.p[from - 2], 5)))
		return false; /* the words "xray" and "parent" before a key change its meaning */
	*m = (struct trace_key_match){ .key = &KEYS[u->row], .from = from - is_quoted, .to = to, .value = value,
		.is_quoted = is_quoted, .separator = is_quoted ? ':' : '=' };
	return true;
}

bool trace_key_at(struct str s, size_t at, struct trace_key_match *m)
{
	if (match_usual(s, at, m))
		return true;
	size_t from = run_start(s, at), to = run_end(s, at);
	*m = (struct trace_key_match){ .from = from, .to = to };
	m->key = match_run(s, from, to, &m->path);
	size_t behind = m->key || from == 0 ? from : text_after_escape(s, from, to);
	if (behind != from && behind <= at) {
		m->from = behind;
		m->key = match_run(s, behind, to, &m->path);
	}
	if (!m->key)
		return false;
	size_t second = m->path == 0 ? second_word(s, m->from, to) : to;
	bool needs_mark = second != to || !m->key->is_one_word || memchr(s.p + m->from, '_', to - m->from) ||
		memchr(s.p + m->from, '-', to - m->from) || memchr(s.p + m->from, '.', to - m->from);
	if (second != to) {
		m->key = m->key->role == ROLE_TRACE ? &KEYS[0] : &KEYS[1];
		m->to = second;
	}
	if (m->key->family == FAMILY_SERILOG && !memchr(s.p + m->from, '@', m->to - m->from))
		return false; /* "tr" and "sp" alone are everyday abbreviations */
	if (m->from && s.p[m->from - 1] == ' ') {
		struct str word = word_before(s, m->from);
		if (m->key->role == ROLE_SPAN && trace_key_is(word, STR("parent")))
			return false;
		if (m->key == &KEYS[0] && (trace_key_is(word, STR("xray")) || trace_key_is(word, STR("awsxray"))))
			m->key = xray_key();
	}
	return match_separator(s, m, needs_mark);
}

/* Where the separator before a value ends: back over brackets, quotes, blanks and colours. */
static size_t back_to_separator(struct str s, size_t at)
{
	static const char OVER[] = " \t\"'`\\[(<{";
	for (unsigned steps = 0; steps < OPENERS && at > 0; steps++) {
		size_t colour = text_colour_before(str_take(s, at));
		if (colour)
			at -= colour;
		else if (memchr(OVER, s.p[at - 1], sizeof OVER - 1))
			at--;
		else
			break;
	}
	return at;
}

/* The keys that other seeds do not find end like this: tid, operation_id, @tr, b3. */
static bool may_be_short_key(struct str s, size_t end)
{
	if (end < 2)
		return false;
	char last = ascii_lower(s.p[end - 1]);
	if (last == 'r' || last == '3')
		return true;
	if (last != 'd' || end < 3)
		return false;
	size_t i = end - 2; /* over "id" and what may stand before it, to the 'o' of operation */
	while (i > 0 && end - i < 5 && !text_is(s.p[i - 1], TEXT_ALNUM))
		i--;
	return ascii_lower(s.p[end - 3]) == 't' || (i >= 2 && ascii_lower(s.p[i - 1]) == 'n' && ascii_lower(s.p[i - 2]) == 'o');
}

bool trace_key_before(struct str s, size_t value, struct trace_key_match *m)
{
	if (value > 3 && memcmp(s.p + value - 3, "\":\"", 3) == 0 && !may_be_short_key(s, value - 3))
		return false; /* mostly the value of "span_id" */
	size_t at = back_to_separator(s, value);
	if (at > 1 && s.p[at - 1] == '>' && s.p[at - 2] == '=')
		at -= 2;
	else if (at > 0 && (s.p[at - 1] == '=' || s.p[at - 1] == ':'))
		at--;
	else if (at > 2 && s.p[at - 3] == '%' && s.p[at - 2] == '3' && memchr("aAdD", s.p[at - 1], 4))
		at -= 3;
	else
		return false;
	at = back_to_separator(s, at);
	if (!may_be_short_key(s, at))
		return false;
	return trace_key_at(s, at - 1, m) && m->value == value;
}

struct str trace_container_key(struct str s, size_t open)
{
	size_t at = back_to_separator(s, open);
	if (at > 1 && s.p[at - 1] == '>' && s.p[at - 2] == '=')
		at -= 2;
	else if (at > 0 && (s.p[at - 1] == '=' || s.p[at - 1] == ':'))
		at--;
	else
		return (struct str){ NULL, 0 };
	at = back_to_separator(s, at);
	size_t from = run_start(s, at);
	return (struct str){ s.p + from, at - from };
}
