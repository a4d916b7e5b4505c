/* Numbers of at most fifteen digits take a short way that is exact: a whole number below 2^53 divided by a power of ten that a double
 * holds exactly is rounded once, as strtod would round it. */
#include "agent/collectors/fields.h"

#include <stdlib.h>

#include "parsers/bytes/num.h"

enum { EXACT_DIGITS = 15, NUMBER_MAX = 64, RANGES_MAX = 65536 };

bool fields_u64(struct str *rest, uint64_t *out)
{
	return num_u64(fields_next(rest), out);
}

static bool short_way(struct str s, double *out)
{
	static const double powers[EXACT_DIGITS + 1] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
		1e15 };
	uint64_t value = 0;
	size_t decimals = 0;
	bool has_point = false;
	if (s.n == 0 || s.n > EXACT_DIGITS || s.p[0] == '.' || s.p[s.n - 1] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (c == '.' && !has_point) {
			has_point = true;
			continue;
		}
		if (!ascii_is_digit(c))
			return false;
		value = value * 10 + (uint64_t)(c - '0');
		decimals += has_point;
	}
	*out = (double)value / powers[decimals];
	return true;
}

bool fields_number(struct str s, double *out)
{
	if (short_way(s, out))
		return true;
	char copy[NUMBER_MAX], *end;
	if (s.n == 0 || s.n >= sizeof copy || ascii_is_space(s.p[0]) || memchr(s.p, 'x', s.n) || memchr(s.p, 'X', s.n) ||
		memchr(s.p, '(', s.n))
		return false;
	memcpy(copy, s.p, s.n);
	copy[s.n] = '\0';
	double value = strtod(copy, &end);
	if (end != copy + s.n)
		return false;
	*out = value;
	return true;
}

bool fields_ranges(struct str s, void (*fn)(void *ctx, unsigned number), void *ctx)
{
	size_t count = 0;
	for (struct str rest = str_trim(s); rest.n;) {
		struct str last = str_cut(&rest, ','), first = str_cut(&last, '-');
		uint64_t from, to;
		if (!num_u64(first, &from))
			return false;
		to = from;
		if (last.n && !num_u64(last, &to))
			return false;
		for (uint64_t i = from; i <= to && i < RANGES_MAX && count < RANGES_MAX; i++, count++)
			fn(ctx, (unsigned)i);
	}
	return true;
}
