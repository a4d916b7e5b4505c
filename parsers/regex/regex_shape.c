/* Read from the text of the pattern, once. Only ASCII literals count, because a U+FFFD in the pattern matches a byte that is no UTF-8;
 * `.` is any character under the anchoring's (?s), and so are bytes that are none. */
#include "parsers/regex/regex_shape.h"

#include <stdlib.h>

/* A literal character at *p: itself, or behind a backslash when it is no letter or digit. */
static bool literal(struct str *rest, char *out)
{
	static const char special[] = "\\.+*?()|[]{}^$";
	char c = rest->p[0];
	if (c == '\\' && rest->n > 1) {
		char next = rest->p[1];
		bool is_plain = next > ' ' && next < 0x7f && !ascii_is_digit(next) && !ascii_is_letter(next);
		*out = next;
		*rest = str_skip(*rest, 2);
		return is_plain;
	}
	*out = c;
	*rest = str_skip(*rest, 1);
	return c > 0 && !memchr(special, c, sizeof special - 1);
}

/* The longest run of literal characters, as the next of s->literal. */
static bool take_run(struct regex_shape *s, struct str *rest, size_t *used)
{
	if (s->count == SHAPE_LITERALS)
		return false;
	size_t first = *used;
	while (rest->n) {
		struct str after = *rest;
		char c;
		if (!literal(&after, &c))
			break;
		bool is_repeated = after.n && memchr("*+?{", after.p[0], 4);
		if (is_repeated || *used == SHAPE_BYTES)
			return false;
		s->bytes[(*used)++] = c;
		*rest = after;
	}
	s->literal[s->count].at = (unsigned short)first;
	s->literal[s->count++].n = (unsigned short)(*used - first);
	return true;
}

static bool take(struct str *rest, struct str prefix)
{
	bool has = str_starts(*rest, prefix);
	*rest = has ? str_skip(*rest, prefix.n) : *rest;
	return has;
}

static enum regex_shape_kind read(struct regex_shape *s, struct str rest)
{
	size_t used = 0;
	if (!take_run(s, &rest, &used))
		return SHAPE_NONE;
	if (rest.n == 0 || rest.p[0] == '|') {
		while (take(&rest, STR("|")))
			if (!take_run(s, &rest, &used))
				return SHAPE_NONE;
		return rest.n ? SHAPE_NONE : SHAPE_LITERAL;
	}
	bool has_group = take(&rest, STR("("));
	if (!take(&rest, STR(".*"))) {
		if (!take(&rest, STR(".+")))
			return SHAPE_NONE;
		s->needs_one = true;
	}
	if (rest.n && memchr("*+?{", rest.p[0], 4))
		return SHAPE_NONE;
	if (has_group && (s->is_group || !take(&rest, STR(")"))))
		return SHAPE_NONE;
	if (rest.n && memchr("*+?{", rest.p[0], 4))
		return SHAPE_NONE;
	s->is_middle_group = has_group;
	return take_run(s, &rest, &used) && rest.n == 0 ? SHAPE_AROUND : SHAPE_NONE;
}

void regex_shape_read(struct regex_shape *s, struct str pattern)
{
	struct str inside = pattern;
	*s = (struct regex_shape){ 0 };
	/* One pair of parentheses around everything: no other is a literal, so these two belong together. */
	s->is_group = pattern.n >= 2 && pattern.p[0] == '(' && pattern.p[1] != '?' && pattern.p[pattern.n - 1] == ')' &&
		str_find(str_skip(pattern, 1), '(') == pattern.n - 1 && str_find(pattern, ')') == pattern.n - 1;
	if (s->is_group)
		inside = (struct str){ pattern.p + 1, pattern.n - 2 };
	s->kind = read(s, inside);
}

static struct str literal_at(const struct regex_shape *s, size_t i)
{
	return (struct str){ s->bytes + s->literal[i].at, s->literal[i].n };
}

bool regex_shape_match(const struct regex_shape *s, struct str subject, struct regex_groups *groups)
{
	struct str middle = { 0 };
	bool has_match = false;
	if (s->kind == SHAPE_LITERAL) {
		for (size_t i = 0; i < s->count && !has_match; i++)
			has_match = str_eq(subject, literal_at(s, i));
	} else {
		struct str head = literal_at(s, 0), tail = literal_at(s, 1);
		has_match = subject.n >= head.n + tail.n + s->needs_one && str_starts(subject, head) && str_ends(subject, tail);
		if (has_match)
			middle = (struct str){ subject.p + head.n, subject.n - head.n - tail.n };
	}
	if (!has_match || !groups)
		return has_match;
	groups->count = 1;
	groups->at[0] = subject;
	if (s->is_group || s->is_middle_group) {
		groups->at[1] = s->is_group ? subject : middle;
		groups->count = 2;
	}
	return true;
}
