/* Digits become an integer and a power of ten; the suffix adds to the power or multiplies by one of two. Powers are applied by one
 * multiplication or division with an exact factor wherever the value allows, so that "250m" is the double nearest to 0.25. */
#include "parsers/kubernetes/pod_quantity.h"

#include "parsers/bytes/num.h"

enum { DIGITS_KEPT = 18, POWER_MAX = 400 };

static const struct suffix {
	struct str text;
	int ten, two;
} suffixes[] = {
	{ { "", 0 }, 0, 0 }, { { "n", 1 }, -9, 0 }, { { "u", 1 }, -6, 0 }, { { "m", 1 }, -3, 0 }, { { "k", 1 }, 3, 0 },
	{ { "M", 1 }, 6, 0 }, { { "G", 1 }, 9, 0 }, { { "T", 1 }, 12, 0 }, { { "P", 1 }, 15, 0 }, { { "E", 1 }, 18, 0 },
	{ { "Ki", 2 }, 0, 10 }, { { "Mi", 2 }, 0, 20 }, { { "Gi", 2 }, 0, 30 }, { { "Ti", 2 }, 0, 40 }, { { "Pi", 2 }, 0, 50 },
	{ { "Ei", 2 }, 0, 60 },
};

/* The digits in front: their value without the point, and how many of them stand behind it. Digits beyond what a double can tell
 * apart only move the point. Returns the bytes used, 0 when there is no digit. */
static size_t read_digits(struct str s, uint64_t *value, int *power)
{
	size_t i = 0, count = 0, kept = 0;
	bool has_point = false;
	*value = 0;
	*power = 0;
	for (; i < s.n; i++) {
		char c = s.p[i];
		if (c == '.' && !has_point) {
			has_point = true;
			continue;
		}
		if (!ascii_is_digit(c))
			break;
		count++;
		bool is_kept = kept < DIGITS_KEPT;
		if (is_kept) {
			*value = *value * 10 + (unsigned)(c - '0');
			kept += *value > 0;
		}
		if (*power > -POWER_MAX && *power < POWER_MAX)
			*power += (int)!is_kept - (int)has_point;
	}
	return count ? i : 0;
}

/* "e3", "E-6", and then nothing else. "E" alone is exa. */
static bool read_exponent(struct str s, int *power)
{
	int64_t value;
	if (s.n < 2 || ascii_lower(s.p[0]) != 'e')
		return false;
	s = str_skip(s, 1);
	if (s.p[0] == '+')
		s = str_skip(s, 1);
	if (s.n == 0 || s.n > 5 || !num_i64(s, &value) || (s.p[0] == '-' && s.n < 2))
		return false;
	*power += value > POWER_MAX ? POWER_MAX : value < -POWER_MAX ? -POWER_MAX : (int)value;
	return true;
}

static double scale(double value, int ten, int two)
{
	for (; ten < -22; ten += 22)
		value /= 1e22;
	for (; ten > 22 && value < 1e300; ten -= 22)
		value *= 1e22;
	double factor = 1;
	for (int i = ten < 0 ? -ten : ten; i > 0; i--)
		factor *= 10; /* exact up to 1e22 */
	value = ten < 0 ? value / factor : value * factor;
	return value * (double)(UINT64_C(1) << two);
}

bool pod_quantity_parse(struct str s, double *out)
{
	bool is_negative = s.n > 0 && s.p[0] == '-';
	if (s.n > 0 && (s.p[0] == '-' || s.p[0] == '+'))
		s = str_skip(s, 1);
	uint64_t value;
	int power;
	size_t used = read_digits(s, &value, &power);
	if (used == 0)
		return false;
	struct str suffix = str_skip(s, used);
	int two = 0;
	if (!read_exponent(suffix, &power)) {
		size_t i = 0;
		while (i < COUNT_OF(suffixes) && !str_eq(suffix, suffixes[i].text))
			i++;
		if (i == COUNT_OF(suffixes))
			return false;
		power += suffixes[i].ten;
		two = suffixes[i].two;
	}
	double amount = value == 0 ? 0 : scale((double)value, power, two);
	if (amount > 1e300) /* nobody has that much; and infinity is no amount */
		return false;
	*out = is_negative ? -amount : amount;
	return true;
}
