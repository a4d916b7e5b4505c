/* `name{a="b","c.d"="e"}` to labels. The grammar has been looked at by whoever found the end of the text; here it is read again,
 * once for each series that is new, and everything that is wrong is said rather than guessed. Blanks between the parts are those of
 * the text format. A blank before a bare name belongs to the name, as it does for Prometheus. */
#include "parsers/exposition/exposition_state.h"

#include "parsers/bytes/utf8.h"
#include "parsers/decimal.h"

static struct str unescape(struct str raw, struct arena *arena)
{
	if (str_find(raw, '\\') == raw.n)
		return arena_copy(arena, raw);
	char *to = arena_alloc(arena, raw.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i], next = i + 1 < raw.n ? raw.p[i + 1] : 0;
		bool is_escape = c == '\\' && (next == '\\' || next == 'n' || next == '"');
		i += is_escape;
		to[n++] = !is_escape ? c : next == 'n' ? '\n' : next;
	}
	return (struct str){ to, n };
}

/* A name, bare or quoted, at *p. */
static bool take_name(const char **p, const char *end, struct str *raw, bool *is_quoted, const char **why)
{
	const char *start = *p, *behind;
	bool is_ascii = true;
	*is_quoted = start < end && *start == '"';
	if (*is_quoted)
		behind = exposition_quoted(start, end, QUOTE_TAKES_LF | QUOTE_TAKES_NUL, &is_ascii);
	else
		behind = exposition_name(start, end, 0);
	*why = "a label name is missing";
	if (!behind || behind == start)
		return false;
	*raw = *is_quoted ? (struct str){ start + 1, (size_t)(behind - start - 2) } : (struct str){ start, (size_t)(behind - start) };
	*why = "a name is not UTF-8";
	if (!is_ascii && utf8_valid(*raw) != raw->n)
		return false;
	*p = behind;
	*why = "a name is empty";
	return raw->n > 0;
}

static bool take_value(const char **p, const char *end, struct str *raw, const char **why)
{
	bool is_ascii = true;
	*why = "a label value is missing";
	if (*p == end || **p != '"')
		return false;
	const char *behind = exposition_quoted(*p, end, QUOTE_TAKES_LF | QUOTE_TAKES_NUL, &is_ascii);
	if (!behind)
		return false;
	*raw = (struct str){ *p + 1, (size_t)(behind - *p - 2) };
	*why = "a label value is not UTF-8";
	*p = behind;
	return is_ascii || utf8_valid(*raw) == raw->n;
}

/* What stands between the braces, from behind the first; *p ends behind the second. */
static bool take_pairs(const char **p, const char *end, struct labels *out, struct arena *arena, bool *has_name, const char **why)
{
	const char *at = exposition_blanks(*p, end);
	while (at < end && *at != '}') {
		struct str name, value;
		bool is_quoted;
		if (!take_name(&at, end, &name, &is_quoted, why))
			return false;
		at = exposition_blanks(at, end);
		if (is_quoted && at < end && (*at == ',' || *at == '}')) {
			*why = "the metric name stands twice";
			if (*has_name)
				return false;
			*has_name = true;
			labels_append(out, LABELS_METRIC_NAME, unescape(name, arena));
		} else {
			*why = "a label has no equals sign";
			if (at == end || *at != '=')
				return false;
			at = exposition_blanks(at + 1, end);
			if (!take_value(&at, end, &value, why))
				return false;
			labels_append(out, unescape(name, arena), unescape(value, arena));
			at = exposition_blanks(at, end);
		}
		if (at < end && *at == ',')
			at = exposition_blanks(at + 1, end);
	}
	*why = "a brace is not closed";
	*p = at + 1;
	return at < end;
}

bool exposition_labels(struct str series, struct labels *out, struct arena *arena, const char **why)
{
	const char *p = series.p, *end = series.p + series.n, *bare = exposition_blanks(p, end), *behind = exposition_name(bare, end, SCAN_COLON);
	bool has_name = behind > bare;
	labels_reset(out);
	*why = "there is nothing";
	if (series.n == 0)
		return false;
	if (has_name)
		labels_append(out, LABELS_METRIC_NAME, arena_copy(arena, (struct str){ p, (size_t)(behind - p) }));
	p = exposition_blanks(behind, end);
	if (p < end && *p == '{') {
		p++;
		if (!take_pairs(&p, end, out, arena, &has_name, why))
			return false;
	}
	*why = "there is something behind the labels";
	if (exposition_blanks(p, end) != end)
		return false;
	*why = "a label name stands twice";
	return labels_sort(out);
}

void exposition_number_labels(enum metric_type type, struct labels *labels, struct arena *arena)
{
	struct str number = type == METRIC_HISTOGRAM ? STR("le") : type == METRIC_SUMMARY ? STR("quantile") : (struct str){ 0 };
	for (size_t i = 0; number.n && i < labels->count; i++) {
		double value;
		char text[DECIMAL_ROOM];
		if (str_eq(labels->at[i].name, number) && decimal_parse(labels->at[i].value, &value))
			labels->at[i].value = arena_copy(arena, (struct str){ text, decimal_print(value, text) });
	}
}

bool exposition_item_labels(const struct exposition *x, struct labels *out, struct arena *arena, const char **why)
{
	if (!exposition_labels(x->series, out, arena, why))
		return false;
	*why = "there is no metric name";
	if (!labels_has(out, LABELS_METRIC_NAME))
		return false;
	exposition_number_labels(x->state->last_type, out, arena);
	return true;
}
