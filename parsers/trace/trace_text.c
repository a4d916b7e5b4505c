/* The lowest layer of the trace rules, on the few bytes around a place where an id may be. Percent-encoding is read for the four
 * characters that the rules name and for no others: decoding more would glue text together that other readers of the line see apart. */
#include "parsers/trace/trace_text.h"

#include "parsers/bytes/num.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { RUN_MAX = 64, COLOUR_MAX = 24 };

/* Bit sums of TEXT_*: 0-9 are 31, a-f 15, g-z 14, '_' and '-' 12, '.' and '@' 4, '/' and '+' 8. */
const unsigned char text_class[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 12, 4, 8,
	31, 31, 31, 31, 31, 31, 31, 31, 31, 31, 0, 0, 0, 0, 0, 0,
	4, 15, 15, 15, 15, 15, 15, 14, 14, 14, 14, 14, 14, 14, 14, 14,
	14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 0, 0, 0, 0, 12,
	0, 15, 15, 15, 15, 15, 15, 14, 14, 14, 14, 14, 14, 14, 14, 14,
	14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 14, 0, 0, 0, 0, 0,
};

/* "[36m" and the like at the head of s, behind the escape itself. */
static size_t colour_tail(struct str s)
{
	if (s.n < 2 || s.p[0] != '[')
		return 0;
	size_t i = 1;
	while (i < s.n && i < COLOUR_MAX && (text_is(s.p[i], TEXT_DIGIT) || s.p[i] == ';' || s.p[i] == ':' || s.p[i] == '?'))
		i++;
	return i < s.n && text_is(s.p[i], TEXT_ALNUM) && !text_is(s.p[i], TEXT_DIGIT) ? i + 1 : 0;
}

/* An escape byte spelled out in text, behind its backslashes. */
static size_t spelled_escape(struct str s)
{
	static const struct str SPELLINGS[] = { { "u001b", 5 }, { "u001B", 5 }, { "x1b", 3 }, { "x1B", 3 }, { "033", 3 }, { "e", 1 } };
	for (size_t i = 0; i < COUNT_OF(SPELLINGS); i++)
		if (str_starts(s, SPELLINGS[i]))
			return SPELLINGS[i].n;
	return 0;
}

size_t text_colour(struct str s)
{
	size_t i = 0;
	if (s.n && s.p[0] == '\x1b') {
		i = 1;
	} else {
		while (i < s.n && i < COLOUR_MAX && s.p[i] == '\\')
			i++;
		size_t spelled = i ? spelled_escape(str_skip(s, i)) : 0;
		if (spelled == 0)
			return 0;
		i += spelled;
	}
	size_t tail = colour_tail(str_skip(s, i));
	return tail ? i + tail : 0;
}

size_t text_colour_before(struct str s)
{
	if (s.n < 3 || !text_is(s.p[s.n - 1], TEXT_ALNUM) || text_is(s.p[s.n - 1], TEXT_DIGIT))
		return 0;
	size_t i = s.n - 1;
	while (i > 0 && s.n - i < COLOUR_MAX && (text_is(s.p[i - 1], TEXT_DIGIT) || s.p[i - 1] == ';'))
		i--;
	if (i == 0 || s.p[i - 1] != '[')
		return 0;
	for (size_t back = 2; back <= i && back < 12; back++) {
		char c = s.p[i - back];
		if ((c == '\x1b' || c == '\\') && text_colour(str_skip(s, i - back)) == s.n - (i - back))
			return s.n - (i - back);
	}
	return 0;
}

size_t text_next(struct str s, char *c)
{
	size_t i = 0;
	for (size_t colour; i < s.n && (s.p[i] == '\x1b' || s.p[i] == '\\') && (colour = text_colour(str_skip(s, i))) != 0;)
		i += colour;
	if (i >= s.n)
		return 0;
	*c = s.p[i];
	if (*c == '\\' && s.n - i > 1 && s.p[i + 1] == '/') { /* PHP escapes slashes in JSON */
		*c = '/';
		return i + 2;
	}
	if (*c != '%' || s.n - i < 3)
		return i + 1;
	static const struct {
		char digits[3], c;
	} CODES[] = { { "3a", ':' }, { "3d", '=' }, { "3b", ';' }, { "2d", '-' } };
	for (size_t k = 0; k < COUNT_OF(CODES); k++)
		if (s.p[i + 1] == CODES[k].digits[0] && ascii_lower(s.p[i + 2]) == CODES[k].digits[1]) {
			*c = CODES[k].c;
			return i + 3;
		}
	return i + 1;
}

#ifdef __SSE2__
static inline __m128i load(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Bit i is set when p[i] is a hex digit. */
static inline unsigned hex_mask(__m128i bytes, __m128i lowered)
{
	__m128i digit = _mm_sub_epi8(bytes, _mm_set1_epi8('0')), letter = _mm_sub_epi8(lowered, _mm_set1_epi8('a'));
	__m128i is_digit = _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit);
	__m128i is_letter = _mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(5)), letter);
	return (unsigned)_mm_movemask_epi8(_mm_or_si128(is_digit, is_letter));
}
#endif

/* Plainly: for (i = 0; i < s.n && i < RUN_MAX && text_is(s.p[i], TEXT_HEX); i++) {} */
size_t text_hex_run(struct str s)
{
	size_t i = 0;
#ifdef __SSE2__
	for (; i + 16 <= s.n && i < RUN_MAX; i += 16) {
		__m128i bytes = load(s.p + i);
		unsigned other = hex_mask(bytes, _mm_or_si128(bytes, _mm_set1_epi8(0x20))) ^ 0xffffu;
		if (other)
			return i + (size_t)__builtin_ctz(other);
	}
#endif
	while (i < s.n && i < RUN_MAX && text_is(s.p[i], TEXT_HEX))
		i++;
	return i;
}

bool text_token_ends(struct str s)
{
	char c;
	size_t used = text_next(s, &c);
	if (used == 0)
		return true;
	if (text_is(c, TEXT_WORD))
		return false;
	while (used && (c == '.' || c == ':')) {
		s = str_skip(s, used);
		used = text_next(s, &c);
		if (used && text_is(c, TEXT_WORD))
			return false;
	}
	return true;
}

size_t text_after_escape(struct str s, size_t from, size_t to)
{
	size_t n = to - from;
	if (from == 0)
		return from;
	char before = s.p[from - 1];
	if (before == '%' && n >= 2 && text_is(s.p[from], TEXT_HEX) && text_is(s.p[from + 1], TEXT_HEX))
		return from + 2;
	if (before == '[') {
		for (size_t i = from; i < to && i < from + COLOUR_MAX; i++)
			if (text_is(s.p[i], TEXT_ALNUM) && !text_is(s.p[i], TEXT_DIGIT))
				return text_colour_before(str_take(s, i + 1)) ? i + 1 : from;
		return from;
	}
	if (before != '\\')
		return from;
	if (n >= 5 && s.p[from] == 'u' && text_hex_run((struct str){ s.p + from + 1, 4 }) == 4)
		return from + 5;
	if (n >= 3 && s.p[from] == 'x' && text_hex_run((struct str){ s.p + from + 1, 2 }) == 2)
		return from + 3;
	static const char ESCAPES[] = "nrtbf";
	return n >= 1 && memchr(ESCAPES, s.p[from], 5) ? from + 1 : from;
}

bool text_token_starts(struct str s, size_t at)
{
	for (size_t colour; (colour = text_colour_before(str_take(s, at))) != 0;)
		at -= colour;
	if (at == 0)
		return true;
	if (!text_is(s.p[at - 1], TEXT_ALNUM))
		return s.p[at - 1] != '_' && s.p[at - 1] != '-' && s.p[at - 1] != '.' && s.p[at - 1] != '+';
	if (at >= 3 && s.p[at - 3] == '%' && text_is(s.p[at - 2], TEXT_HEX) && text_is(s.p[at - 1], TEXT_HEX)) {
		char c = 0;
		text_next((struct str){ s.p + at - 3, 3 }, &c);
		return c != '-';
	}
	for (size_t back = 2; back <= 6 && back <= at; back++)
		if (s.p[at - back] == '\\')
			return text_after_escape(s, at - back + 1, at) == at;
	return false;
}
