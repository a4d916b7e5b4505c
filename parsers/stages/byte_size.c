/* Not num_bytes: there KB are 1000 bytes, and here a number has no fraction. */
#include "parsers/stages/byte_size.h"

#include "parsers/bytes/num.h"

static const struct { const char *names[6]; unsigned shift; } units[] = {
	{ { "", "b", "byte" }, 0 },
	{ { "k", "kb", "kilo", "kilobyte", "kilobytes" }, 10 },
	{ { "m", "mb", "mega", "megabyte", "megabytes" }, 20 },
	{ { "g", "gb", "giga", "gigabyte", "gigabytes" }, 30 },
	{ { "t", "tb", "tera", "terabyte", "terabytes" }, 40 },
	{ { "p", "pb", "peta", "petabyte", "petabytes" }, 50 },
	{ { "e", "eb" }, 60 },
};

static bool is_unit(struct str unit, size_t i)
{
	for (size_t k = 0; k < COUNT_OF(units[i].names) && units[i].names[k]; k++)
		if (str_ieq(unit, str_of(units[i].names[k])))
			return true;
	return false;
}

bool byte_size_parse(struct str s, uint64_t *out)
{
	size_t n = num_digits(s);
	uint64_t value;
	if (n == 0 || !num_u64(str_take(s, n), &value))
		return false;
	struct str unit = str_trim(str_skip(s, n));
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		if (!is_unit(unit, i))
			continue;
		if (value > UINT64_MAX >> units[i].shift)
			return false;
		*out = value << units[i].shift;
		return true;
	}
	return false;
}
