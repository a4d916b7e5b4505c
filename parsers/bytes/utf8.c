/* Logs are ASCII nearly everywhere: many bytes at a time while no high bit is set, else one sequence at a time after
 * table 3-7 of the Unicode standard (first byte decides length and the range of the second byte). */
#include "parsers/bytes/utf8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

struct lead {
	unsigned char length, second_low, second_high;
};

enum { NO_LEAD };
static const struct lead leads[] = {
	{ 1, 1, 0 }, /* NO_LEAD: no second byte is right */
	{ 2, 0x80, 0xbf }, { 3, 0xa0, 0xbf }, { 3, 0x80, 0xbf }, { 3, 0x80, 0x9f }, { 4, 0x90, 0xbf }, { 4, 0x80, 0xbf },
	{ 4, 0x80, 0x8f },
};

/* Which of them for the bytes from 0xc0 on: c0, c1 and f5 up are never right. */
static const unsigned char lead_of[64] = {
	0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
	2, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 4, 3, 3, 5, 6, 6, 6, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
};

/* Bytes of the sequence at p that are valid so far; *whole tells whether it is a complete character. p[0] >= 0x80. */
static inline size_t sequence(const unsigned char *p, size_t n, bool *whole)
{
	const struct lead *lead = &leads[p[0] < 0xc0 ? NO_LEAD : lead_of[p[0] - 0xc0]];
	size_t have = 1;
	*whole = false;
	if (n < 2 || p[1] < lead->second_low || p[1] > lead->second_high)
		return 1;
	for (have = 2; have < lead->length && have < n && (p[have] & 0xc0) == 0x80;)
		have++;
	*whole = have == lead->length;
	return have;
}

/* Length of the head without high bits, in whole blocks first. Plainly: while (i < s.n && (unsigned char)s.p[i] < 0x80) i++; */
static inline size_t ascii(struct str s)
{
	size_t i = 0;
#ifdef __SSE2__
	for (; i + 64 <= s.n; i += 64) {
		const __m128i *at = (const __m128i *)(const void *)(s.p + i);
		__m128i low = _mm_or_si128(_mm_loadu_si128(at), _mm_loadu_si128(at + 1));
		__m128i high = _mm_or_si128(_mm_loadu_si128(at + 2), _mm_loadu_si128(at + 3));
		if (_mm_movemask_epi8(_mm_or_si128(low, high)))
			break;
	}
#endif
	for (uint64_t word; i + 8 <= s.n; i += 8) {
		memcpy(&word, s.p + i, 8);
		if (word & 0x8080808080808080u)
			break;
	}
	while (i < s.n && (unsigned char)s.p[i] < 0x80)
		i++;
	return i;
}

size_t utf8_valid(struct str s)
{
	size_t i = ascii(s);
	while (i < s.n) {
		bool whole;
		size_t n = sequence((const unsigned char *)s.p + i, s.n - i, &whole);
		if (!whole)
			return i;
		i += n;
		/* Words of other scripts are short runs: one look before the blocks. */
		if (i < s.n && (unsigned char)s.p[i] < 0x80)
			i += ascii((struct str){ s.p + i, s.n - i });
	}
	return i;
}

size_t utf8_repair(struct str s, struct buf *out)
{
	size_t replaced = 0;
	while (s.n) {
		size_t good = utf8_valid(s);
		buf_append(out, s.p, good);
		s = str_skip(s, good);
		if (s.n == 0)
			break;
		bool whole;
		s = str_skip(s, sequence((const unsigned char *)s.p, s.n, &whole));
		buf_append(out, "\xef\xbf\xbd", 3);
		replaced++;
	}
	return replaced;
}

size_t utf8_floor(struct str s, size_t n)
{
	if (n >= s.n)
		return s.n;
	while (n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}
