/* Numbers of 56 bits: all of it is integer arithmetic but the way from a share to its threshold, which is done once for a configuration.
 * An `rv` in a line is looked for by its colon's neighbourhood, since "rv:" is rarer than anything else of a tracestate. */
#include "parsers/trace/trace_sampling.h"

enum { SHARE_DIGITS = 5, BITS = 56, LIST_MAX = 256 };

uint64_t trace_threshold(double share)
{
	unsigned digits = SHARE_DIGITS, halvings = 0;
	if (!(share > 0))
		return TRACE_SAMPLING_RANGE;
	if (share >= 1)
		return 0;
	for (double at = share; at < 0.5 && halvings < BITS; at *= 2) /* four of them are one more leading f */
		halvings++;
	digits += halvings / 4;
	digits = digits > TRACE_THRESHOLD_DIGITS ? TRACE_THRESHOLD_DIGITS : digits;
	uint64_t threshold = TRACE_SAMPLING_RANGE - (uint64_t)(share * (double)TRACE_SAMPLING_RANGE + 0.5);
	unsigned shift = 4 * (TRACE_THRESHOLD_DIGITS - digits);
	if (shift)
		threshold = ((threshold + (UINT64_C(1) << (shift - 1))) >> shift) << shift;
	return threshold;
}

size_t trace_threshold_print(uint64_t threshold, char out[TRACE_THRESHOLD_DIGITS])
{
	size_t n = TRACE_THRESHOLD_DIGITS;
	for (size_t i = 0; i < n; i++)
		out[i] = "0123456789abcdef"[threshold >> (BITS - 4 - 4 * i) & 15];
	while (n > 1 && out[n - 1] == '0')
		n--;
	return n;
}

double trace_adjusted_count(uint64_t threshold)
{
	return (double)TRACE_SAMPLING_RANGE / (double)(TRACE_SAMPLING_RANGE - threshold);
}

static bool read_hex(const char digits[TRACE_THRESHOLD_DIGITS], uint64_t *out)
{
	uint64_t value = 0;
	for (size_t i = 0; i < TRACE_THRESHOLD_DIGITS; i++) {
		char c = digits[i];
		if (!ascii_is_digit(c) && !(c >= 'a' && c <= 'f'))
			return false;
		value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*out = value;
	return true;
}

uint64_t trace_randomness(const char id[32])
{
	uint64_t value = 0;
	return read_hex(id + 32 - TRACE_THRESHOLD_DIGITS, &value) ? value : 0;
}

static bool is_of_list(char c) /* of `key:value;key:value` */
{
	return ascii_is_letter(c) || ascii_is_digit(c) || memchr(".-_:;", c, 5);
}

/* Whether what stands before `at` is the beginning of an `ot` entry: "ot=" and other keys of it, each ended by a semicolon. */
static bool is_in_entry(struct str line, size_t at)
{
	size_t from = at;
	while (from > 0 && at - from < LIST_MAX && is_of_list(line.p[from - 1]))
		from--;
	if (from != at && line.p[at - 1] != ';')
		return false;
	if (from < 3 || memcmp(line.p + from - 3, "ot=", 3) != 0)
		return false;
	return from == 3 || !(is_of_list(line.p[from - 4]) || line.p[from - 4] == '@') || line.p[from - 4] == ':';
}

bool trace_randomness_in(struct str line, uint64_t *out)
{
	static const struct str key = { "rv:", 3 };
	for (size_t at = 0; at + key.n + TRACE_THRESHOLD_DIGITS <= line.n;) {
		const char *hit = memmem(line.p + at, line.n - at, key.p, key.n);
		if (!hit)
			return false;
		at = (size_t)(hit - line.p);
		size_t end = at + key.n + TRACE_THRESHOLD_DIGITS;
		bool is_whole = end <= line.n && (end == line.n || line.p[end] == ';' || !is_of_list(line.p[end]));
		if (is_whole && is_in_entry(line, at) && read_hex(hit + key.n, out))
			return true;
		at += key.n;
	}
	return false;
}
