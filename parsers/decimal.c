/* Three ways, each exact. A mantissa below 2^53 and a power of ten up to 22 are both doubles, so that one operation rounds once
 * (Clinger 1990): nearly every value. Up to 19 digits and 10^±27, 128-bit integers hold the whole product or quotient: the 17
 * digits that a sum of durations has. Whatever else, long integers. */
#include "parsers/decimal.h"

#include <stdio.h>

enum {
	DIGITS_MAX = 19,      /* what fits into 64 bits for certain */
	EXACT_POWER = 22,     /* 10^22 is the last power of ten that is a double */
	WIDE_POWER = 27,      /* 5^27 is the last power of five below 2^63 */
	KEPT_DIGITS = 800,    /* no halfway point between two doubles has more than 768; of further digits only whether they are 0 counts */
	EXPONENT_MAX = 100000, /* of the text; further digits change nothing */
	EXPONENT_FORM = 6      /* from 1e+06 upward */
};

static const double tens[EXACT_POWER + 1] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
	1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

struct number { /* digits × 10^exponent */
	struct str text;   /* digits with at most one point */
	uint64_t mantissa; /* the first DIGITS_MAX of them */
	size_t digit_count; /* from the first that is not 0 */
	int exponent;      /* of the mantissa when all digits are in it */
	bool is_negative;
};

static double from_bits(uint64_t bits)
{
	double value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

static bool is_word(struct str s, double *out)
{
	bool has_sign = s.n > 0 && (s.p[0] == '+' || s.p[0] == '-');
	struct str word = str_skip(s, has_sign);
	if (!has_sign && str_ieq(word, STR("nan")))
		*out = from_bits(UINT64_C(0x7ff8000000000001));
	else if (str_ieq(word, STR("inf")) || str_ieq(word, STR("infinity")))
		*out = from_bits(UINT64_C(0x7ff0000000000000) | (uint64_t)(s.p[0] == '-') << 63);
	else
		return false;
	return true;
}

/* e, an optional sign, digits to the end. */
static bool exponent(struct str s, int *out)
{
	size_t i = 1;
	bool is_negative = s.n > 1 && s.p[1] == '-';
	if (s.n > 1 && (s.p[1] == '-' || s.p[1] == '+'))
		i++;
	if (i == s.n)
		return false;
	int value = 0;
	for (; i < s.n; i++) {
		unsigned digit = (unsigned)(s.p[i] - '0');
		if (digit > 9)
			return false;
		if (value < EXPONENT_MAX)
			value = value * 10 + (int)digit;
	}
	*out = is_negative ? -value : value;
	return true;
}

/* Takes the text apart; false when it is no decimal number. */
static bool split(struct str s, struct number *out)
{
	const char *p = s.p, *end = s.p + s.n;
	*out = (struct number){ .is_negative = s.n > 0 && *p == '-' };
	if (s.n > 0 && (*p == '-' || *p == '+'))
		p++;
	const char *first = p, *point = NULL;
	uint64_t mantissa = 0;
	size_t count = 0;
	for (; p < end; p++) {
		unsigned digit = (unsigned)(*p - '0');
		if (digit <= 9) {
			count += count > 0 || digit > 0;
			if (count <= DIGITS_MAX)
				mantissa = mantissa * 10 + digit;
		} else if (*p == '.' && !point) {
			point = p;
		} else {
			break;
		}
	}
	if (p - first - (point != NULL) < 1)
		return false;
	int written = 0;
	if (p < end && ((*p | 0x20) != 'e' || !exponent((struct str){ p, (size_t)(end - p) }, &written)))
		return false;
	size_t fraction = point ? (size_t)(p - point - 1) : 0;
	out->text = (struct str){ first, (size_t)(p - first) };
	out->mantissa = mantissa;
	out->digit_count = count;
	/* A text of 2^31 digits is none that is read here; still, it must not wrap. */
	out->exponent = written - (int)(fraction < 1u << 30 ? fraction : 1u << 30);
	return true;
}

/* wide × 2^power (and a little more if is_inexact), rounded to nearest, ties to even; in the range of normal doubles. */
static double round_wide(unsigned __int128 wide, int power, bool is_inexact)
{
	uint64_t high = (uint64_t)(wide >> 64);
	int width = high ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((uint64_t)wide);
	int shift = width - 53;
	if (shift <= 0)
		return from_bits(((uint64_t)(power + shift + 1075) << 52) + ((uint64_t)wide << -shift) - (UINT64_C(1) << 52));
	unsigned __int128 rest = wide & (((unsigned __int128)1 << shift) - 1), half = (unsigned __int128)1 << (shift - 1);
	uint64_t bits = (uint64_t)(wide >> shift);
	bits += rest > half || (rest == half && (is_inexact || (bits & 1)));
	return from_bits(((uint64_t)(power + shift + 1075) << 52) + bits - (UINT64_C(1) << 52));
}

static uint64_t power_of_five(int n)
{
	uint64_t value = 1;
	for (int i = 0; i < n; i++)
		value *= 5;
	return value;
}

static double wide_value(uint64_t mantissa, int exponent)
{
	uint64_t five = power_of_five(exponent < 0 ? -exponent : exponent);
	if (exponent >= 0)
		return round_wide((unsigned __int128)mantissa * five, exponent, false);
	int shift = __builtin_clzll(mantissa);
	unsigned __int128 dividend = (unsigned __int128)(mantissa << shift) << 63, quotient = dividend / five;
	return round_wide(quotient, exponent - shift - 63, quotient * five != dividend);
}

/* Long integers: 32-bit limbs, the lowest first. 10^1200 × 2^64 has room. */
enum { LIMBS = 160 };
struct big { uint32_t limb[LIMBS]; size_t n; };

static void big_multiply_add(struct big *b, uint32_t factor, uint32_t plus)
{
	uint64_t carry = plus;
	for (size_t i = 0; i < b->n; i++) {
		carry += (uint64_t)b->limb[i] * factor;
		b->limb[i] = (uint32_t)carry;
		carry >>= 32;
	}
	if (carry && b->n < LIMBS)
		b->limb[b->n++] = (uint32_t)carry;
}

static void big_power_of_ten(struct big *b, int n)
{
	for (; n >= 9; n -= 9)
		big_multiply_add(b, 1000000000, 0);
	for (; n > 0; n--)
		big_multiply_add(b, 10, 0);
}

static int big_bits(const struct big *b)
{
	return b->n ? (int)b->n * 32 - __builtin_clz(b->limb[b->n - 1]) : 0;
}

static void big_shift_left(struct big *b, int bits)
{
	for (; bits >= 31; bits -= 31)
		big_multiply_add(b, UINT32_C(1) << 31, 0);
	big_multiply_add(b, UINT32_C(1) << bits, 0);
}

/* a -= b when a >= b; whether it was. */
static bool big_subtract(struct big *a, const struct big *b)
{
	if (a->n < b->n)
		return false;
	size_t i = a->n;
	while (i-- > 0) {
		uint32_t theirs = i < b->n ? b->limb[i] : 0;
		if (a->limb[i] < theirs)
			return false;
		if (a->limb[i] > theirs)
			break;
	}
	int64_t borrow = 0;
	for (i = 0; i < a->n; i++) {
		borrow += (int64_t)a->limb[i] - (i < b->n ? b->limb[i] : 0);
		a->limb[i] = (uint32_t)borrow;
		borrow >>= 32;
	}
	while (a->n && a->limb[a->n - 1] == 0)
		a->n--;
	return true;
}

/* Reads up to KEPT_DIGITS digits; returns how many powers of ten were left out. */
static int big_read(struct big *b, const struct number *number)
{
	size_t taken = 0, seen = 0;
	bool is_more = false;
	*b = (struct big){ .n = 0 };
	for (size_t i = 0; i < number->text.n; i++) {
		if (number->text.p[i] == '.')
			continue;
		uint32_t digit = (uint32_t)(number->text.p[i] - '0');
		if (seen == 0 && digit == 0)
			continue;
		seen++;
		if (taken < KEPT_DIGITS) {
			big_multiply_add(b, 10, digit);
			taken++;
		} else {
			is_more |= digit != 0;
		}
	}
	if (is_more) { /* one more digit stands for all of them: it is only ever asked on which side of a halfway point the rest lies */
		big_multiply_add(b, 10, 1);
		taken++;
	}
	return (int)(seen - taken);
}

/* Rounds quotient × 2^power, a quotient of 64 significant bits, with gradual underflow. false: too large. */
static bool round_any(uint64_t quotient, int power, bool is_inexact, double *out)
{
	int exponent2 = power + 63; /* of the leading bit */
	if (exponent2 > 1023)
		return false;
	int shift = exponent2 < -1022 ? 11 + (-1022 - exponent2) : 11;
	if (shift > 64) {
		*out = 0;
		return true;
	}
	uint64_t rest = shift == 64 ? quotient : quotient & ((UINT64_C(1) << shift) - 1), half = UINT64_C(1) << (shift - 1);
	uint64_t bits = shift == 64 ? 0 : quotient >> shift;
	bits += rest > half || (rest == half && (is_inexact || (bits & 1)));
	bits += exponent2 < -1022 ? 0 : ((uint64_t)(exponent2 + 1022) << 52); /* the leading bit of a normal one adds the last 1 */
	*out = from_bits(bits);
	return bits < UINT64_C(0x7ff0000000000000);
}

static bool long_value(const struct number *number, double *out)
{
	/* 0.d1d2… × 10^point */
	int64_t point = (int64_t)number->exponent + (int64_t)number->digit_count;
	*out = 0;
	if (number->mantissa == 0 || point < -330)
		return true;
	if (point > 310)
		return false;
	struct big top, bottom = { .limb = { 1 }, .n = 1 }, twice;
	int exponent10 = number->exponent + big_read(&top, number);
	big_power_of_ten(exponent10 > 0 ? &top : &bottom, exponent10 > 0 ? exponent10 : -exponent10);
	/* Scaled so that the quotient has 64 bits, or 65: then one more than is needed, and exact all the same. */
	int power = big_bits(&top) - big_bits(&bottom) - 64;
	big_shift_left(power > 0 ? &bottom : &top, power > 0 ? power : -power);
	unsigned __int128 quotient = 0;
	/* Long division in base two: bottom × 2^64 … bottom × 1. The remainder is doubled instead of the divisor halved. */
	twice = bottom;
	big_shift_left(&twice, 64);
	for (int i = 64; i >= 0; i--) {
		quotient = quotient << 1 | big_subtract(&top, &twice);
		big_shift_left(&top, 1);
	}
	bool is_inexact = top.n > 0;
	if (quotient >> 64) {
		is_inexact |= quotient & 1;
		quotient >>= 1;
		power++;
	}
	return round_any((uint64_t)quotient, power, is_inexact, out);
}

bool decimal_parse(struct str s, double *out)
{
	struct number number;
	if (!split(s, &number))
		return is_word(s, out);
	int power = number.exponent;
	double value;
	if (number.digit_count > DIGITS_MAX || number.mantissa == 0 || power < -WIDE_POWER || power > WIDE_POWER) {
		if (!long_value(&number, &value))
			return false;
	} else if (number.mantissa <= UINT64_C(1) << 53 && power >= -EXACT_POWER && power <= EXACT_POWER) {
		value = (double)number.mantissa;
		value = power < 0 ? value / tens[-power] : value * tens[power];
	} else {
		value = wide_value(number.mantissa, power);
	}
	*out = number.is_negative ? -value : value;
	return true;
}

/* The shortest digits, without zeros at the end; *point: the value is 0.digits × 10^point. */
static size_t shortest(double value, char digits[DECIMAL_ROOM], int *point)
{
	char text[DECIMAL_ROOM];
	double back = 0;
	size_t n = 0;
	/* What 15 digits can say they say in the fewest, once the zeros are cut; 17 always do. Below the normal doubles there are less. */
	for (int precision = value < 0x1p-1022 ? 0 : 14; precision <= 16; precision++) {
		int length = snprintf(text, sizeof text, "%.*e", precision, value);
		if (precision) /* whatever a locale takes for a point */
			text[1] = '.';
		if (decimal_parse((struct str){ text, (size_t)length }, &back) && back == value)
			break;
	}
	const char *p = text;
	for (; *p && *p != 'e'; p++)
		if (*p != '.')
			digits[n++] = *p;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	int exponent10 = 0;
	exponent((struct str){ p, strlen(p) }, &exponent10);
	*point = exponent10 + 1;
	return n;
}

size_t decimal_print(double value, char at[DECIMAL_ROOM])
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	if (value != value)
		return (size_t)snprintf(at, DECIMAL_ROOM, "NaN");
	if (value == 0)
		return (size_t)snprintf(at, DECIMAL_ROOM, "0.0");
	const char *sign = bits >> 63 ? "-" : "";
	bits &= INT64_MAX;
	if (bits == UINT64_C(0x7ff0000000000000))
		return (size_t)snprintf(at, DECIMAL_ROOM, *sign ? "-Inf" : "+Inf");
	char digits[DECIMAL_ROOM];
	int point, exponent10;
	size_t n = shortest(from_bits(bits), digits, &point);
	exponent10 = point - 1;
	if (exponent10 < -4 || exponent10 >= EXPONENT_FORM)
		return (size_t)snprintf(at, DECIMAL_ROOM, "%s%c%s%.*se%c%02d", sign, digits[0], n > 1 ? "." : "", (int)n - 1, digits + 1,
			exponent10 < 0 ? '-' : '+', exponent10 < 0 ? -exponent10 : exponent10);
	if (point <= 0)
		return (size_t)snprintf(at, DECIMAL_ROOM, "%s0.%.*s%.*s", sign, -point, "0000", (int)n, digits);
	if ((size_t)point >= n)
		return (size_t)snprintf(at, DECIMAL_ROOM, "%s%.*s%.*s.0", sign, (int)n, digits, point - (int)n, "00000");
	return (size_t)snprintf(at, DECIMAL_ROOM, "%s%.*s.%.*s", sign, point, digits, (int)n - point, digits + point);
}
