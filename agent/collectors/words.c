/* The kernel separates with blanks and tabs and aligns with more of them, so a word is what lies between runs of white space. */
#include "agent/collectors/words.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "parsers/bytes/num.h"

size_t words_split(struct str line, struct str *out, size_t room)
{
	size_t count = 0;
	for (struct str word; count < room && (word = fields_next(&line)).n > 0; count++)
		out[count] = word;
	return count;
}

bool words_unsigned(struct str word, double *out)
{
	uint64_t value;
	if (!num_u64(word, &value))
		return false;
	*out = (double)value;
	return true;
}

bool words_signed(struct str word, double *out)
{
	int64_t value;
	if (!num_i64(word, &value))
		return false;
	*out = (double)value;
	return true;
}

bool words_based(struct str word, uint64_t *out)
{
	char text[32], *end;
	if (word.n == 0 || word.n >= sizeof(text) || !ascii_is_digit(word.p[0]))
		return false;
	memcpy(text, word.p, word.n);
	text[word.n] = 0;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 0);
	if (end != text + word.n || errno != 0)
		return false;
	*out = value;
	return true;
}

bool words_based_signed(struct str word, double *out)
{
	bool is_negative = word.n > 0 && word.p[0] == '-';
	uint64_t value;
	if (!words_based(str_skip(word, is_negative), &value) || value > INT64_MAX)
		return false;
	*out = is_negative ? -(double)value : (double)value;
	return true;
}

bool words_bytes(struct str word, double *out)
{
	static const char units[] = "kmgtpe";
	double factor = 1, value;
	const char *unit = word.n > 0 ? strchr(units, ascii_lower(word.p[word.n - 1])) : NULL;
	if (unit && *unit) {
		factor = ldexp(1, 10 * (int)(unit - units + 1));
		word.n--;
	}
	if (!fields_number(word, &value) || !(value >= 0) || value * factor > 0x1p64)
		return false;
	*out = floor(value * factor);
	return true;
}
