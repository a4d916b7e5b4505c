/* What stages have found: a small array that is searched from end to end. There are a dozen values, of which each stage asks for
 * one or two; a table of hashes costs more than it saves. */
#include <stdio.h>

#include "parsers/decimal.h"
#include "parsers/stages/stage.h"

enum { FIRST_ROOM = 32, PLAIN_ROOM = 400 /* 1.8e308 has 309 digits, 5e-324 has 324 behind the point */ };

struct extracted *extracted_get(const struct entry *e, struct str name)
{
	for (size_t i = 0; i < e->extracted_count; i++)
		if (str_eq(e->extracted[i].name, name))
			return &e->extracted[i];
	return NULL;
}

/* A new value at the end; NULL when there are too many. */
static struct extracted *append(struct entry *e, struct str name)
{
	if (e->extracted_count >= EXTRACTED_MAX)
		return NULL;
	if (e->extracted_count == e->extracted_room) {
		size_t room = e->extracted_room ? e->extracted_room * 2 : FIRST_ROOM;
		struct extracted *at = arena_alloc(e->arena, room * sizeof *at);
		if (e->extracted_count)
			memcpy(at, e->extracted, e->extracted_count * sizeof *at);
		e->extracted = at;
		e->extracted_room = room;
	}
	struct extracted *x = &e->extracted[e->extracted_count++];
	*x = (struct extracted){ .name = name };
	return x;
}

void extracted_set(struct entry *e, struct extracted value)
{
	struct extracted *x = extracted_get(e, value.name);
	if (!x)
		x = append(e, value.name);
	if (x)
		*x = value;
}

void extracted_set_text(struct entry *e, struct str name, struct str text)
{
	extracted_set(e, (struct extracted){ .name = name, .kind = VALUE_STRING, .text = text });
}

void extracted_remove(struct entry *e, struct str name)
{
	struct extracted *x = extracted_get(e, name);
	if (x)
		*x = e->extracted[--e->extracted_count];
}

/* Integers up to 2^53, which nearly all are, without the detour over shortest digits. */
static bool print_integer(double value, struct arena *a, struct str *out)
{
	if (!(value > -9007199254740992.0 && value < 9007199254740992.0) || (double)(int64_t)value != value)
		return false;
	int64_t whole = (int64_t)value;
	char digits[24];
	size_t at = sizeof digits;
	for (uint64_t rest = whole < 0 ? 0 - (uint64_t)whole : (uint64_t)whole; rest; rest /= 10)
		digits[--at] = (char)('0' + rest % 10);
	if (whole < 0)
		digits[--at] = '-';
	*out = arena_copy(a, (struct str){ digits + at, sizeof digits - at });
	return true;
}

/* The digits of "1.25e-07" with the point moved to where it belongs. */
static struct str without_exponent(struct str s, struct arena *a)
{
	size_t mark = str_find(s, 'e');
	if (mark == s.n)
		return str_ends(s, STR(".0")) ? arena_copy(a, str_take(s, s.n - 2)) : arena_copy(a, s);
	bool is_negative = s.n && s.p[0] == '-', is_small = s.p[mark + 1] == '-';
	long exponent = 0;
	for (size_t i = mark + 2; i < s.n; i++)
		exponent = exponent * 10 + (s.p[i] - '0');
	char digits[DECIMAL_ROOM], plain[PLAIN_ROOM];
	long count = 0, at = 0;
	for (size_t i = is_negative; i < mark; i++)
		if (s.p[i] != '.')
			digits[count++] = s.p[i];
	while (count > 1 && digits[count - 1] == '0')
		count--;
	long point = is_small ? 1 - exponent : 1 + exponent;
	if (is_negative)
		plain[at++] = '-';
	if (point <= 0)
		plain[at++] = '0';
	for (long i = point <= 0 ? point : 0; i < count || i < point; i++) {
		if (i == point && (i > 0 || point <= 0))
			plain[at++] = '.';
		plain[at++] = i >= 0 && i < count ? digits[i] : '0';
	}
	return arena_copy(a, (struct str){ plain, (size_t)at });
}

struct str extracted_print_number(double value, struct arena *a)
{
	struct str out;
	if (value == 0)
		return 1 / value < 0 ? STR("-0") : STR("0");
	if (print_integer(value, a, &out))
		return out;
	char at[DECIMAL_ROOM];
	return without_exponent((struct str){ at, decimal_print(value, at) }, a);
}

bool extracted_text(const struct entry *e, const struct extracted *x, struct str *out)
{
	switch (x->kind) {
	case VALUE_STRING:
		*out = x->text;
		return true;
	case VALUE_NUMBER:
		*out = extracted_print_number(x->number, e->arena);
		return true;
	case VALUE_BOOL:
		*out = x->truth ? STR("true") : STR("false");
		return true;
	case VALUE_NONE:
	default:
		return false;
	}
}

bool extracted_source(const struct entry *e, struct str source, struct str *out)
{
	if (!source.p) {
		*out = e->line;
		return true;
	}
	const struct extracted *x = extracted_get(e, source);
	return x && extracted_text(e, x, out);
}

void extracted_from_labels(struct entry *e)
{
	bool is_empty = e->extracted_count == 0;
	for (size_t i = 0; i < e->labels.count; i++) {
		const struct label *label = &e->labels.at[i];
		struct extracted *x = is_empty ? append(e, label->name) : NULL;
		if (x) {
			x->kind = VALUE_STRING;
			x->text = label->value;
		} else {
			extracted_set_text(e, label->name, label->value);
		}
	}
}
