/* Fields are copied as they come, because libsystemd's memory holds until the next one only. Names are kept as they are for the JSON
 * object, and lowered when they are compared with what is wanted. */
#include "parsers/journal/journal_entry.h"

#include <stdlib.h>

#include "parsers/bytes/array.h"
#include "parsers/bytes/utf8.h"

enum { NAME_MAX_BYTES = 256, ENTRY_SLACK_BYTES = 1 << 20 };

static const char *const keywords[] = { "emerg", "alert", "crit", "error", "warning", "notice", "info", "debug" };

void journal_entry_init(struct journal_entry *e, size_t line_max, bool is_json)
{
	*e = (struct journal_entry){ .line_max = line_max, .is_json = is_json };
	buf_init(&e->message, line_max + 1);
	buf_init(&e->bytes, 2 * line_max + ENTRY_SLACK_BYTES);
	buf_init(&e->text, line_max + 2 * ENTRY_SLACK_BYTES);
	buf_init(&e->repaired, 3 * JOURNAL_LABEL_MAX);
	buf_init(&e->values, 3 * (2 * line_max + ENTRY_SLACK_BYTES) + 1);
	buf_init(&e->names, 2 * line_max + 2 * ENTRY_SLACK_BYTES);
}

void journal_entry_fini(struct journal_entry *e)
{
	void *name;
	for (size_t i = 0; (name = map_next(&e->wanted, &i));)
		free(name);
	map_fini(&e->wanted);
	buf_fini(&e->message);
	buf_fini(&e->bytes);
	buf_fini(&e->text);
	buf_fini(&e->repaired);
	buf_fini(&e->values);
	buf_fini(&e->names);
	free(e->fields);
	*e = (struct journal_entry){ 0 };
}

static void want(struct journal_entry *e, struct str name)
{
	if (name.n == 0 || map_get(&e->wanted, name))
		return;
	char *kept = malloc(name.n);
	if (!kept)
		abort();
	memcpy(kept, name.p, name.n);
	map_put(&e->wanted, (struct str){ kept, name.n }, kept);
}

void journal_entry_want(struct journal_entry *e, struct str label)
{
	if (!str_starts(label, JOURNAL_LABEL_PREFIX))
		return;
	struct str name = str_skip(label, JOURNAL_LABEL_PREFIX.n);
	want(e, name);
	if (str_eq(name, STR("priority_keyword")))
		want(e, STR("priority"));
}

void journal_entry_want_all(struct journal_entry *e)
{
	e->wants_all = true;
}

void journal_entry_begin(struct journal_entry *e)
{
	buf_reset(&e->message);
	buf_reset(&e->bytes);
	buf_reset(&e->values);
	buf_reset(&e->names);
	e->count = 0;
	e->has_message = e->was_cut = false;
	e->priority = -1;
}

/* In lower case into at, for comparing; empty when it cannot be part of a label's name. */
static struct str lower(struct str name, char at[NAME_MAX_BYTES])
{
	if (name.n > NAME_MAX_BYTES || utf8_valid(name) != name.n)
		return (struct str){ 0 };
	for (size_t i = 0; i < name.n; i++)
		at[i] = ascii_lower(name.p[i]);
	return (struct str){ at, name.n };
}

static bool is_wanted(const struct journal_entry *e, struct str name)
{
	char at[NAME_MAX_BYTES];
	if (e->is_json || e->wants_all)
		return true;
	struct str low = e->wanted.count ? lower(name, at) : (struct str){ 0 };
	return low.n && map_get(&e->wanted, low);
}

static void keep(struct journal_entry *e, struct str name, struct str value)
{
	size_t at = e->bytes.n;
	struct str kept = str_take(value, e->is_json ? e->line_max + 1 : (size_t)JOURNAL_LABEL_MAX);
	if (e->count == JOURNAL_FIELDS_MAX) {
		e->was_cut = true;
		return;
	}
	e->fields = array_room(e->fields, e->count, &e->room, sizeof *e->fields);
	buf_str(&e->bytes, name);
	buf_str(&e->bytes, kept);
	if (e->bytes.is_full) { /* more than a line can hold: the object is cut there anyway */
		e->bytes.is_full = false;
		e->bytes.n = at;
		e->was_cut = true;
		return;
	}
	e->fields[e->count++] = (struct journal_field){ at, name.n, at + name.n, kept.n };
}

void journal_entry_field(struct journal_entry *e, struct str data)
{
	size_t at = str_find(data, '=');
	struct str name = str_take(data, at), value = str_skip(data, at + 1);
	if (at == data.n)
		return;
	if (!e->is_json && str_eq(name, STR("MESSAGE"))) {
		e->has_message = true;
		buf_reset(&e->message);
		buf_str(&e->message, str_take(value, e->line_max + 1));
	}
	if (str_eq(name, STR("PRIORITY")))
		e->priority = value.n == 1 && value.p[0] >= '0' && value.p[0] <= '7' ? value.p[0] - '0' : -1;
	if (is_wanted(e, name))
		keep(e, name, value);
}

/* ---- the line ---- */

static struct str name_of(const struct journal_entry *e, const struct journal_field *f)
{
	return (struct str){ e->bytes.p + f->name_at, f->name_n };
}

static struct str value_of(const struct journal_entry *e, const struct journal_field *f)
{
	return (struct str){ e->bytes.p + f->value_at, f->value_n };
}

/* As Go's encoders do it: what HTML would take for its own is escaped too, invalid UTF-8 becomes U+FFFD. */
static void put_char(struct buf *out, const char *p, size_t n)
{
	unsigned char c = (unsigned char)*p;
	if (c == '"' || c == '\\')
		buf_printf(out, "\\%c", c);
	else if (c == '\n')
		buf_str(out, STR("\\n"));
	else if (c == '\r')
		buf_str(out, STR("\\r"));
	else if (c == '\t')
		buf_str(out, STR("\\t"));
	else if (c < 0x20 || c == '<' || c == '>' || c == '&')
		buf_printf(out, "\\u%04x", c);
	else if (n == 3 && memcmp(p, "\xe2\x80", 2) == 0 && (p[2] & ~1) == (char)0xa8) /* U+2028, U+2029 */
		buf_printf(out, "\\u202%c", p[2] == (char)0xa8 ? '8' : '9');
	else
		buf_append(out, p, n);
}

static size_t width(struct str s)
{
	unsigned char c = (unsigned char)s.p[0];
	return c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

static void put_string(struct journal_entry *e, struct str s)
{
	buf_char(&e->text, '"');
	while (s.n && e->text.n <= e->line_max) {
		size_t valid = utf8_valid(s);
		for (size_t i = 0, n; i < valid && e->text.n <= e->line_max; i += n) {
			n = width(str_skip(s, i));
			put_char(&e->text, s.p + i, n);
		}
		s = str_skip(s, valid);
		if (s.n && e->text.n <= e->line_max) {
			buf_str(&e->text, STR("\\ufffd")); /* for each byte that is none of a character */
			s = str_skip(s, 1);
		}
	}
	buf_char(&e->text, '"');
}

/* By name; of the same name in the order in which they came. Insertion into what is nearly sorted would do as well, but a hostile
 * file has a thousand fields in the wrong order. */
static void sort_fields(const struct journal_entry *e, uint16_t order[JOURNAL_FIELDS_MAX])
{
	uint16_t other[JOURNAL_FIELDS_MAX], *from = order, *to = other;
	for (size_t i = 0; i < e->count; i++)
		order[i] = (uint16_t)i;
	for (size_t run = 1; run < e->count; run *= 2) {
		for (size_t low = 0; low < e->count; low += 2 * run) {
			size_t middle = low + run < e->count ? low + run : e->count, high = low + 2 * run < e->count ? low + 2 * run : e->count;
			for (size_t a = low, b = middle, at = low; at < high; at++) {
				bool takes_a = a < middle && (b == high || str_cmp(name_of(e, &e->fields[from[a]]), name_of(e, &e->fields[from[b]])) <= 0);
				to[at] = takes_a ? from[a++] : from[b++];
			}
		}
		uint16_t *swap = from;
		from = to;
		to = swap;
	}
	if (from != order)
		memcpy(order, from, e->count * sizeof *order);
}

static struct str render_json(struct journal_entry *e)
{
	uint16_t order[JOURNAL_FIELDS_MAX];
	sort_fields(e, order);
	buf_reset(&e->text);
	buf_char(&e->text, '{');
	for (size_t i = 0; i < e->count && e->text.n <= e->line_max; i++) {
		const struct journal_field *f = &e->fields[order[i]];
		if (i + 1 < e->count && str_eq(name_of(e, f), name_of(e, &e->fields[order[i + 1]])))
			continue;
		if (e->text.n > 1)
			buf_char(&e->text, ',');
		put_string(e, name_of(e, f));
		buf_char(&e->text, ':');
		put_string(e, value_of(e, f));
	}
	buf_char(&e->text, '}');
	return buf_view(&e->text);
}

bool journal_entry_line(struct journal_entry *e, struct str *line, bool *was_cut)
{
	if (!e->is_json && !e->has_message)
		return false;
	*line = e->is_json ? render_json(e) : buf_view(&e->message);
	*was_cut = (e->is_json && e->was_cut) || line->n > e->line_max;
	return true;
}

enum level journal_entry_level(const struct journal_entry *e)
{
	return e->priority < 0 ? LEVEL_UNKNOWN : level_of_value(str_of(keywords[e->priority]));
}

/* ---- the labels ---- */

static struct str text_of(struct journal_entry *e, struct str value)
{
	value = str_take(value, JOURNAL_LABEL_MAX);
	if (utf8_valid(value) == value.n)
		return value;
	buf_reset(&e->repaired);
	utf8_repair(value, &e->repaired);
	size_t at = e->values.n;
	buf_str(&e->values, buf_view(&e->repaired));
	return str_skip(buf_view(&e->values), at);
}

static struct str keyword_of(struct str priority)
{
	if (priority.n == 1 && priority.p[0] >= '0' && priority.p[0] <= '7')
		return str_of(keywords[priority.p[0] - '0']);
	return priority;
}

void journal_entry_labels(struct journal_entry *e, struct labels *out)
{
	size_t names = 0, values = 0;
	labels_reset(out);
	for (size_t i = 0; i < e->count; i++) {
		struct str value = str_take(value_of(e, &e->fields[i]), JOURNAL_LABEL_MAX);
		names += e->fields[i].name_n + JOURNAL_LABEL_PREFIX.n;
		values += utf8_valid(value) == value.n ? 0 : 3 * value.n;
	}
	/* What is put there is looked at from outside: it may not move while it grows. */
	if (!buf_reserve(&e->names, names + 1) || !buf_reserve(&e->values, values + 1))
		abort();
	for (size_t i = 0; i < e->count; i++) {
		char at[NAME_MAX_BYTES];
		struct str low = lower(name_of(e, &e->fields[i]), at);
		if (low.n == 0 || (!e->wants_all && !map_get(&e->wanted, low)))
			continue;
		size_t start = e->names.n;
		buf_str(&e->names, JOURNAL_LABEL_PREFIX);
		buf_str(&e->names, low);
		struct str value = text_of(e, value_of(e, &e->fields[i]));
		labels_set(out, str_skip(buf_view(&e->names), start), value);
		if (str_eq(low, STR("priority")))
			labels_set(out, STR("__journal_priority_keyword"), keyword_of(value));
	}
}
