/* UTF-8 against a decoder written after the definition: characters by their numbers, no tables. */
#include "parsers/bytes/utf8.h"

#include <check.h>
#include <stdlib.h>

/* Length of the character at p, 0 when there is none: decode, then ask whether that number is spelt with that many bytes. */
static size_t character(const unsigned char *p, size_t n)
{
	static const struct {
		unsigned char mask, head;
		uint32_t from;
	} forms[] = { { 0x80, 0x00, 0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
	for (size_t k = 0; k < COUNT_OF(forms); k++) {
		if ((p[0] & forms[k].mask) != forms[k].head || n < k + 1)
			continue;
		uint32_t c = p[0] & (unsigned char)~forms[k].mask;
		for (size_t i = 1; i <= k; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (p[i] & 0x3f);
		}
		return c >= forms[k].from && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? k + 1 : 0;
	}
	return 0;
}

static size_t reference(struct str s)
{
	size_t i = 0, n;
	while (i < s.n && (n = character((const unsigned char *)s.p + i, s.n - i)))
		i += n;
	return i;
}

/* Is the head of n bytes the beginning of some character? Tried by completing it in every way that matters. */
static bool is_beginning(const unsigned char *p, size_t n)
{
	static const unsigned char fill[] = { 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf };
	for (size_t more = 1; more <= 3; more++) {
		for (size_t k = 0; k < COUNT_OF(fill); k++) {
			unsigned char whole[8];
			memcpy(whole, p, n);
			memset(whole + n, fill[k], more);
			if (n + more <= 4 && character(whole, n + more) == n + more)
				return true;
		}
	}
	return false;
}

/* Maximal subparts (Unicode 15, 3.9): the longest beginning of a character, else one byte, becomes one U+FFFD. */
static size_t reference_repair(struct str s, struct buf *out)
{
	size_t replaced = 0;
	while (s.n) {
		size_t n = character((const unsigned char *)s.p, s.n);
		if (n) {
			buf_append(out, s.p, n);
		} else {
			for (n = s.n < 3 ? s.n : 3; n > 1 && !is_beginning((const unsigned char *)s.p, n);)
				n--;
			buf_append(out, "\xef\xbf\xbd", 3);
			replaced++;
		}
		s = str_skip(s, n);
	}
	return replaced;
}

static void compare(struct str s)
{
	struct buf got, want;
	buf_init(&got, 3 * s.n);
	buf_init(&want, 3 * s.n);
	size_t valid = utf8_valid(s), replaced = utf8_repair(s, &got), want_replaced = reference_repair(s, &want);
	ck_assert_msg(valid == reference(s), "%zu bytes: valid %zu, want %zu", s.n, valid, reference(s));
	ck_assert_msg(replaced == want_replaced, "%zu bytes: %zu replaced, want %zu", s.n, replaced, want_replaced);
	ck_assert_msg(!got.is_full && str_eq(buf_view(&got), buf_view(&want)), "%zu bytes: repaired differently", s.n);
	ck_assert_msg(utf8_valid(buf_view(&got)) == got.n, "%zu bytes: still invalid after the repair", s.n);
	buf_fini(&got);
	buf_fini(&want);
}

START_TEST(every_character)
{
	for (uint32_t c = 0; c < 0x200000; c++) {
		char at[4];
		size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
		for (size_t i = n - 1, rest = c; i > 0; i--, rest >>= 6)
			at[i] = (char)(0x80 | (rest & 0x3f));
		at[0] = (char)(n == 1 ? c : ((0xf00 >> n) & 0xff) | (c >> 6 * (n - 1)));
		bool want = c <= 0x10ffff && (c < 0xd800 || c > 0xdfff);
		ck_assert_msg((utf8_valid((struct str){ at, n }) == n) == want, "U+%04X: want %d", c, want);
	}
}
END_TEST

START_TEST(every_three_bytes)
{
	/* All leads, and for the others both ends of each class. */
	static const unsigned char classes[] = { 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xed, 0xff };
	for (int a = 0x7f; a < 256; a++)
		for (size_t b = 0; b < COUNT_OF(classes); b++)
			for (size_t c = 0; c < COUNT_OF(classes); c++)
				for (size_t n = 1; n <= 3; n++)
					compare((struct str){ (char[]){ (char)a, (char)classes[b], (char)classes[c] }, n });
}
END_TEST

/* Random text, from nearly all ASCII to nearly none, each in memory of exactly its size and at every alignment. */
START_TEST(random_bytes)
{
	static const char *const parts[] = { "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
		"\xc0\xaf", "\xe2\x82", "\xf0\x9f", "\xff", "\x80" };
	uint64_t x = 88172645463325252u + (uint64_t)_i;
	for (int round = 0; round < 5000; round++) {
		char text[400];
		size_t n = 0;
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		for (size_t want = x % 200, share = x >> 60; n < want;) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			struct str part = str_of(parts[(x >> 32) % COUNT_OF(parts)]);
			if (x % 64 >= share)
				part = (struct str){ "x", 1 };
			memcpy(text + n, part.p, part.n);
			n += part.n;
		}
		char *copy = malloc(n + 1);
		size_t shift = n && round % 2;
		memcpy(copy, text, n);
		compare((struct str){ copy + shift, n - shift });
		free(copy);
	}
}
END_TEST

START_TEST(floors)
{
	struct str s = STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	static const size_t want[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10 };
	for (size_t n = 0; n < COUNT_OF(want); n++)
		ck_assert_msg(utf8_floor(s, n) == want[n], "at %zu: got %zu, want %zu", n, utf8_floor(s, n), want[n]);
	ck_assert_uint_eq(utf8_floor((struct str){ 0 }, 5), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("utf8");
	TCase *t = tcase_create("utf8");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, every_character);
	tcase_add_test(t, every_three_bytes);
	tcase_add_loop_test(t, random_bytes, 0, 4);
	tcase_add_test(t, floors);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
