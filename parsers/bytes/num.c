/* Digits by hand instead of strtol: no locale, no blanks before, no sign that nobody asked for, and what does not fit is a no. */
#include "parsers/bytes/num.h"

bool num_u64(struct str s, uint64_t *out)
{
	uint64_t v = 0;
	if (s.n == 0)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned)(s.p[i] - '0');
		if (digit > 9 || __builtin_mul_overflow(v, 10u, &v) || __builtin_add_overflow(v, digit, &v))
			return false;
	}
	*out = v;
	return true;
}

bool num_i64(struct str s, int64_t *out)
{
	bool is_negative = s.n > 0 && s.p[0] == '-';
	uint64_t v;
	if (!num_u64(is_negative ? str_skip(s, 1) : s, &v) || v > (uint64_t)INT64_MAX + is_negative)
		return false;
	*out = is_negative ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

bool num_atoi(struct str s, int64_t *out)
{
	bool has_plus = s.n && s.p[0] == '+';
	return !str_starts(s, STR("+-")) && num_i64(str_skip(s, has_plus), out);
}

bool num_hex64(struct str s, uint64_t *out)
{
	uint64_t v = 0;
	if (s.n == 0 || s.n > 16)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int digit = hex_value(s.p[i]);
		if (digit < 0)
			return false;
		v = v << 4 | (unsigned)digit;
	}
	*out = v;
	return true;
}

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit byte_units[] = {
	{ "", 1 },
	{ "b", 1 },
	{ "k", 1u << 10 },
	{ "m", 1u << 20 },
	{ "g", 1u << 30 },
	{ "kb", 1000 },
	{ "mb", 1000000 },
	{ "gb", 1000000000 },
	{ "kib", 1u << 10 },
	{ "mib", 1u << 20 },
	{ "gib", 1u << 30 },
};

static const struct unit time_units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\xc2\xb5s", 1000 },
	{ "\xce\xbcs", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60 * 1000000000ull },
	{ "h", 3600 * 1000000000ull },
	{ "d", 86400 * 1000000000ull },
	{ "w", 7 * 86400 * 1000000000ull },
	{ "y", 365 * 86400 * 1000000000ull },
};

typedef bool equal_fn(struct str a, struct str b);

static uint64_t factor_of(const struct unit *units, size_t count, struct str name, equal_fn *is_equal)
{
	for (size_t i = 0; i < count; i++)
		if (is_equal(name, str_of(units[i].name)))
			return units[i].factor;
	return 0;
}

bool num_bytes(struct str s, uint64_t *out)
{
	size_t n = num_digits(s);
	uint64_t v, factor = factor_of(byte_units, COUNT_OF(byte_units), str_skip(s, n), str_ieq);
	if (!num_u64(str_take(s, n), &v) || !factor || __builtin_mul_overflow(v, factor, &v))
		return false;
	*out = v;
	return true;
}

/* One "12.5ms" off the front of *s, added to *sum. */
static bool add_part(struct str *s, uint64_t *sum)
{
	size_t whole_digits = num_digits(*s), unit_bytes = 0;
	uint64_t whole = 0, fraction = 0, scale = 1;
	if (whole_digits && !num_u64(str_take(*s, whole_digits), &whole))
		return false;
	*s = str_skip(*s, whole_digits);
	if (s->n && s->p[0] == '.') {
		size_t fraction_digits = num_digits(str_skip(*s, 1));
		if (fraction_digits == 0 || fraction_digits > 9 || !num_u64(str_take(str_skip(*s, 1), fraction_digits), &fraction))
			return false;
		for (size_t i = 0; i < fraction_digits; i++)
			scale *= 10;
		*s = str_skip(*s, 1 + fraction_digits);
	} else if (whole_digits == 0) {
		return false;
	}
	while (unit_bytes < s->n && (s->p[unit_bytes] < '0' || s->p[unit_bytes] > '9') && s->p[unit_bytes] != '.')
		unit_bytes++;
	/* With regard to case: who writes 1M does not mean a minute. */
	uint64_t factor = factor_of(time_units, COUNT_OF(time_units), str_take(*s, unit_bytes), str_eq);
	*s = str_skip(*s, unit_bytes);
	if (!factor || __builtin_mul_overflow(whole, factor, &whole) || __builtin_add_overflow(*sum, whole, sum))
		return false;
	/* fraction * factor / scale, in two halves that cannot overflow: fraction < scale <= 10^9 */
	return !__builtin_add_overflow(*sum, factor / scale * fraction + factor % scale * fraction / scale, sum);
}

bool num_duration_ns(struct str s, int64_t *out)
{
	uint64_t sum = 0;
	if (str_eq(s, STR("0"))) {
		*out = 0;
		return true;
	}
	if (s.n == 0)
		return false;
	while (s.n)
		if (!add_part(&s, &sum))
			return false;
	if (sum > (uint64_t)INT64_MAX)
		return false;
	*out = (int64_t)sum;
	return true;
}
