/* Two ways lead to an id. A word that is part of every trace key but four ("rac" of trace) is followed forwards to its value;
 * a run of at least 8 hex digits, which every id without such a key has, is looked at backwards: a short key, or a form that
 * describes itself. Whatever was read is not read again. */
#include "parsers/trace/trace_items.h"

#include "parsers/bytes/num.h"
#include "parsers/trace/trace_forms.h"
#include "parsers/trace/trace_seeds.h"
#include "parsers/trace/trace_text.h"

enum { MEMBERS_MAX = 24, MEMBER_BYTES = 1024, OBJECTS_MAX = 32 };
enum { FIELD_MAX = 256, APP_MAX = 128, RUN_MIN = 14, RUN_MAX = 40, BACK_MAX = 64 };

static struct trace_item *next_item(struct trace_items *items)
{
	return items->n < TRACE_ITEMS_MAX ? &items->at[items->n] : NULL;
}

static void fill_item(struct trace_item *it, const struct trace_key_match *m)
{
	it->key = m->key;
	it->group = m->key->group;
	it->family = m->key->family;
	it->from = m->from;
	it->value = m->value;
	it->path = m->path;
	it->is_quoted = m->is_quoted;
	it->object = TRACE_NO_BRACE;
}

/* Decimal digits under a generic key: no id here, but one if an object "dd" is around it. */
static bool is_number(const struct trace_item *it)
{
	return it->v.is_decimal && it->family == FAMILY_GENERIC && it->v.state != VALUE_ABSENT;
}

static void keep(struct trace_items *items, const struct trace_item *it)
{
	items->has_number |= is_number(it);
	items->n++;
}

/* What the key says without giving an id, for the coverage counters. */
static void count_miss(struct trace_items *items, struct str line, const struct trace_key_match *m, enum trace_state state)
{
	bool is_empty = m->separator == '=' && line.p[m->value - 1] == ' '; /* "trace_id= Context refreshed" */
	if (m->by_blank)
		return;
	if (state == VALUE_ABSENT || is_empty)
		items->has_zero |= !m->key->is_bare || state == VALUE_ABSENT;
	else
		items->has_malformed |= !m->key->is_bare;
}

struct member {
	struct str name;
	enum trace_reading reading;
};

/* A trace key may hold an object, one member per propagation format. */
static const struct member TRACE_MEMBERS[] = {
	{ { "id", 2 }, READ_ANY },      { { "w3c", 3 }, READ_ANY }, { { "b3", 2 }, READ_ANY },  { { "jaeger", 6 }, READ_ANY },
	{ { "ot", 2 }, READ_ANY },      { { "gcp", 3 }, READ_ANY }, { { "aws", 3 }, READ_XRAY }, { { "datadog", 7 }, READ_DECIMAL },
	{ { "flags", 5 }, READ_FLAGS }, { { "sampled", 7 }, READ_BOOL },
};
static const struct member SPAN_MEMBERS[] = { { { "id", 2 }, READ_SPAN } };

static const struct member *find_member(const struct member *table, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_ieq(table[i].name, name))
			return &table[i];
	return NULL;
}

/* Backslashes and a quote at the head of s. */
static struct str quote_at(struct str s)
{
	size_t i = 0;
	while (i < s.n && i < 16 && s.p[i] == '\\')
		i++;
	bool is_quote = i < s.n && (s.p[i] == '"' || s.p[i] == '\'' || s.p[i] == '`');
	return str_take(s, is_quote ? i + 1 : 0);
}

/* Behind the text that quote opens, or the end. */
static size_t skip_quoted(struct str s, struct str quote)
{
	for (size_t i = quote.n; i + quote.n <= s.n; i++) {
		if (s.p[i] == quote.p[quote.n - 1] && str_eq(quote_at(str_skip(s, i + 1 - quote.n)), quote) && s.p[i - quote.n] != '\\')
			return i + 1;
	}
	return s.n;
}

struct walk {
	struct str s;  /* the line, cut where the walk must end */
	size_t at;
	unsigned depth; /* nested values are walked over */
};

/* The next name of the object with its value behind ':' or '='. False at its closing brace. */
static bool next_name(struct walk *w, struct str *name, size_t *value)
{
	*name = (struct str){ NULL, 0 };
	while (w->at < w->s.n) {
		struct str rest = str_skip(w->s, w->at), quote = quote_at(rest);
		char c = rest.p[0];
		if (quote.n) {
			size_t n = skip_quoted(rest, quote);
			*name = n >= 2 * quote.n ? (struct str){ rest.p + quote.n, n - 2 * quote.n } : (struct str){ NULL, 0 };
			w->at += n;
		} else if (text_is(c, TEXT_KEY)) {
			size_t n = 0;
			while (n < rest.n && text_is(rest.p[n], TEXT_KEY))
				n++;
			*name = str_take(rest, n);
			w->at += n;
		} else if (c == '{' || c == '[') {
			w->depth++;
			w->at++;
		} else if (c == '}' || c == ']') {
			if (w->depth-- == 0)
				return false;
			w->at++;
		} else {
			w->at++;
			if ((c == ':' || c == '=') && name->n && w->depth == 0) {
				*value = w->at;
				return true;
			}
			if (c == ',' || c == ';')
				*name = (struct str){ NULL, 0 };
		}
	}
	return false;
}

/* Blanks, an arrow's head, a bracket and quotes before the value of a member. */
static size_t member_value(struct str s, size_t at)
{
	while (at < s.n && (s.p[at] == ' ' || s.p[at] == '>' || s.p[at] == '[' || s.p[at] == '\t'))
		at++;
	return at + quote_at(str_skip(s, at)).n;
}

/* Members of the object that begins at m->value, as items of their own. */
static void collect_members(struct str line, struct trace_items *items, const struct trace_key_match *m)
{
	if (items->objects++ >= OBJECTS_MAX)
		return; /* each walk is bounded, so is their number: a line of nothing but "trace":{ stays cheap */
	bool is_trace = m->key->role == ROLE_TRACE;
	size_t first = items->n, value;
	signed char sampled = -1;
	struct walk w = { str_take(line, m->value + MEMBER_BYTES), m->value, 0 };
	struct str name;
	for (unsigned i = 0; i < MEMBERS_MAX && next_name(&w, &name, &value); i++) {
		const struct member *found = is_trace ? find_member(TRACE_MEMBERS, COUNT_OF(TRACE_MEMBERS), name)
						      : find_member(SPAN_MEMBERS, COUNT_OF(SPAN_MEMBERS), name);
		struct trace_item *it = next_item(items);
		if (!found || !it)
			continue;
		value = member_value(line, value);
		trace_value_read(str_skip(line, value), found->reading, &it->v);
		if (it->v.state != VALUE_VALID) {
			count_miss(items, line, m, is_trace && found->reading != READ_FLAGS && found->reading != READ_BOOL ? it->v.state : VALUE_ABSENT);
			continue;
		}
		if (found->reading == READ_FLAGS || found->reading == READ_BOOL) {
			sampled = it->v.sampled;
			continue;
		}
		fill_item(it, m);
		it->value = value;
		it->object = m->value - 1;
		it->group = GROUP_GENERIC;
		it->family = FAMILY_GENERIC;
		it->v.is_decimal = false;
		items->n++;
	}
	for (; first < items->n; first++)
		if (items->at[first].v.sampled < 0)
			items->at[first].v.sampled = sampled;
}

/* The value of a trace key. Returns where the search goes on. */
static size_t collect_keyed(struct str line, struct trace_items *items, const struct trace_key_match *m)
{
	struct trace_item *it = next_item(items);
	if (!it || m->key->role != ROLE_TRACE)
		return m->to;
	trace_value_read(str_skip(line, m->value), m->key->reading, &it->v);
	fill_item(it, m);
	if (it->v.state == VALUE_VALID) {
		keep(items, it);
		return m->value + it->v.n;
	}
	if (m->has_brace) {
		collect_members(line, items, m);
		return m->value;
	}
	if (is_number(it) && !m->by_blank)
		keep(items, it);
	count_miss(items, line, m, it->v.state);
	return m->to;
}

/* A form without a key. The value has been read into the next item. */
static size_t keep_form(struct trace_items *items, enum trace_group group, size_t from, size_t end)
{
	struct trace_item *it = &items->at[items->n];
	if (it->v.state != VALUE_VALID)
		return end;
	it->key = NULL;
	it->group = group;
	it->family = FAMILY_HEADER;
	it->from = it->value = from;
	it->path = 0;
	it->is_quoted = false;
	it->object = TRACE_NO_BRACE;
	it->v.is_decimal = false;
	items->n++;
	return from + it->v.n;
}

/* Length of a dash, plain or %2D, that ends at at. */
static size_t dash_before(struct str s, size_t at)
{
	if (at >= 1 && s.p[at - 1] == '-')
		return 1;
	return at >= 3 && s.p[at - 3] == '%' && s.p[at - 2] == '2' && ascii_lower(s.p[at - 1]) == 'd' ? 3 : 0;
}

/* The offset of exactly n hex digits and a dash that end at at; at itself when they are not there. */
static size_t digits_before(struct str s, size_t at, size_t n)
{
	size_t dash = dash_before(s, at);
	if (dash == 0 || at < dash + n)
		return at;
	size_t from = at - dash - n;
	return text_hex_run((struct str){ s.p + from, n }) == n ? from : at;
}

/* The header around an id of X-Ray: back over "Self=..;" and the like. */
static size_t xray_start(struct str s, size_t id)
{
	static const struct str NAMES[] = { { "root=", 5 }, { "self=", 5 }, { "parent=", 7 }, { "sampled=", 8 }, { "lineage=", 8 } };
	size_t start = id, floor = id > FIELD_MAX ? id - FIELD_MAX : 0;
	for (size_t i = id; i > floor; i--) {
		for (size_t k = 0; s.p[i - 1] == '=' && k < COUNT_OF(NAMES); k++) {
			size_t n = NAMES[k].n;
			if (i >= n && str_ieq((struct str){ s.p + i - n, n }, NAMES[k]) && (i == n || !text_is(s.p[i - n - 1], TEXT_ALNUM)))
				start = i - n;
		}
		char c = s.p[i - 1];
		if (!text_is(c, TEXT_KEY) && c != '=' && c != ';' && c != ':' && c != '?')
			break;
	}
	return start;
}

static size_t collect_dashed(struct str line, struct trace_items *items, size_t from, size_t end)
{
	struct trace_value *v = &items->at[items->n].v;
	size_t version = end - from == 32 ? digits_before(line, from, 2) : from;
	if (version != from && text_token_starts(line, version) && trace_form_w3c(str_skip(line, version), v))
		return keep_form(items, GROUP_HEADER, version, end);
	size_t time = end - from == 24 ? digits_before(line, from, 8) : from;
	size_t one = time != from ? digits_before(line, time, 1) : time;
	if (one == time || line.p[one] != '1' || !text_token_starts(line, one))
		return end;
	size_t start = xray_start(line, one);
	if (trace_form_xray(str_skip(line, start), v))
		return keep_form(items, GROUP_HEADER, start, end);
	return end;
}

/* "[app," before the first comma. */
static bool is_sleuth_head(struct str s, size_t comma)
{
	for (size_t i = comma; i > 0 && comma - i < APP_MAX; i--) {
		char c = s.p[i - 1];
		if (c == '[')
			return true;
		if (c == ',' || c == ']' || c == '"' || c == '{' || c == '}')
			return false;
	}
	return false;
}

/* The '|' before the one at bar, or bar. */
static size_t bar_before(struct str s, size_t bar)
{
	for (size_t i = bar; i > 0 && bar - i < FIELD_MAX; i--)
		if (s.p[i - 1] == '|')
			return i - 1;
	return bar;
}

/* NR-LINKING|guid|host|<32>|<16>|name| */
static bool read_linking(struct str s, size_t from, struct trace_value *v)
{
	size_t host = bar_before(s, from - 1), guid = bar_before(s, host);
	if (host == from - 1 || guid == host || !str_ends(str_take(s, guid), STR("NR-LINKING")))
		return false;
	struct str trace = { s.p + from, text_hex_run(str_skip(s, from)) };
	struct str rest = str_skip(s, from + trace.n);
	if (trace.n != 32 || rest.n == 0 || rest.p[0] != '|')
		return false;
	struct str span = { rest.p + 1, text_hex_run(str_skip(rest, 1)) };
	struct str behind = str_skip(rest, 1 + span.n);
	v->sampled = -1;
	v->is_form = true;
	v->n = trace.n;
	v->has_span = span.n == 16 && behind.n && behind.p[0] == '|' && trace_value_pad(v->span, 16, span);
	v->state = trace_value_pad(v->trace, 32, trace) ? VALUE_VALID : VALUE_ABSENT;
	return true;
}

/* projects/<p>/traces/ before the digits: where it begins, or from. */
static size_t project_start(struct str s, size_t from)
{
	size_t floor = from > FIELD_MAX ? from - FIELD_MAX : 0;
	for (size_t i = from; i > floor && (text_is(s.p[i - 1], TEXT_KEY | TEXT_WORD) || s.p[i - 1] == ':' || s.p[i - 1] == '\\'); i--)
		if (str_starts(str_skip(s, i - 1), STR("projects")) && text_token_starts(s, i - 1))
			return i - 1;
	return from;
}

/* A run of hex digits without a trace key of the long kind. Returns where the search goes on. */
static size_t collect_run(struct str line, struct trace_items *items, size_t from, size_t end)
{
	struct trace_item *it = next_item(items);
	if (!it)
		return end;
	char before = from > 0 ? line.p[from - 1] : ' ';
	if (dash_before(line, from))
		return collect_dashed(line, items, from, end);
	if (from > 1 && (before == 'x' || before == 'X') && line.p[from - 2] == '0')
		from -= 2;
	struct trace_key_match m;
	if (trace_key_before(line, from, &m)) {
		size_t next = collect_keyed(line, items, &m);
		return next > end ? next : end;
	}
	if (before == '[' && trace_form_spring(str_skip(line, from), &it->v))
		return keep_form(items, GROUP_VENDOR, from, end);
	if (before == ',' && is_sleuth_head(line, from - 1) && trace_form_sleuth(str_skip(line, from), &it->v))
		return keep_form(items, GROUP_VENDOR, from, end);
	if (before == '|' && read_linking(line, from, &it->v))
		return keep_form(items, GROUP_VENDOR, from, end);
	if (before == '/') {
		size_t start = project_start(line, from);
		if (start != from && trace_form_project(str_skip(line, start), &it->v))
			return keep_form(items, GROUP_HEADER, start, end);
	}
	return end;
}

/* The whole run around a hit, without the digits of an escape before it. */
static size_t collect_hex(struct str line, struct trace_items *items, size_t at)
{
	size_t from = at;
	while (from > 0 && at - from < BACK_MAX && text_is(line.p[from - 1], TEXT_HEX))
		from--;
	size_t end = at + text_hex_run(str_skip(line, at));
	from = text_after_escape(line, from, end);
	return end - from >= RUN_MIN && end - from <= RUN_MAX ? collect_run(line, items, from, end) : end;
}

/* "race" with its 't', or "@tr". */
static bool is_trace_word(struct str s, size_t at)
{
	if (s.p[at] == '@')
		return at + 2 < s.n && ascii_lower(s.p[at + 1]) == 't' && ascii_lower(s.p[at + 2]) == 'r';
	return at > 0 && at + 3 < s.n && ascii_lower(s.p[at + 1]) == 'a' && ascii_lower(s.p[at - 1]) == 't' && ascii_lower(s.p[at + 3]) == 'e';
}

void trace_collect_ids(struct str line, struct trace_items *items)
{
	struct trace_seeds seeds;
	bool is_hex = false;
	trace_seeds_init(&seeds, SEED_ID, line);
	for (size_t at, next = 0; (at = trace_seeds_next(&seeds, next, &is_hex)) < line.n;) {
		struct trace_key_match m;
		if (is_hex)
			next = collect_hex(line, items, at);
		else if (!is_trace_word(line, at))
			next = at + 1;
		else if (trace_key_at(line, at + (line.p[at] == '@'), &m))
			next = collect_keyed(line, items, &m);
		else
			next = m.to > at + 3 ? m.to : at + 3;
		if (items->n == TRACE_ITEMS_MAX)
			return;
	}
}

void trace_collect_spans(struct str line, struct trace_items *items, bool rare)
{
	struct trace_seeds seeds;
	bool is_hex;
	trace_seeds_init(&seeds, rare ? SEED_RARE : SEED_SPAN, line);
	for (size_t at = 0, next = 0; items->n < TRACE_ITEMS_MAX; next = next > at ? next : at + 3) {
		at = trace_seeds_next(&seeds, next, &is_hex);
		if (at >= line.n)
			return;
		struct trace_key_match m;
		struct trace_item *it = next_item(items);
		bool is_key = trace_key_at(line, at + (line.p[at] == '@'), &m);
		next = m.to;
		if (!is_key || m.key->role == ROLE_TRACE)
			continue;
		trace_value_read(str_skip(line, m.value), m.key->reading, &it->v);
		fill_item(it, &m);
		if (it->v.state != VALUE_VALID && m.has_brace && (m.key->role == ROLE_SPAN || m.key->role == ROLE_TRANSACTION))
			collect_members(line, items, &m);
		else if ((it->v.state == VALUE_VALID && !(m.by_blank && m.key->role != ROLE_SPAN)) || (is_number(it) && m.key->role == ROLE_SPAN))
			keep(items, it);
	}
}
