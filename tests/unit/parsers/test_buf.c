/* The ceiling: what fits is kept whole, what does not is left out whole, and nothing is added behind a gap. */
#include "parsers/bytes/buf.h"

#include <check.h>
#include <stdlib.h>

START_TEST(ceilings)
{
	/* Append 7 bytes again and again under each ceiling: a whole number of them is kept, never more than fits. */
	for (size_t cap = 0; cap < 2000; cap++) {
		struct buf b;
		buf_init(&b, cap);
		for (size_t i = 0; i < 300; i++)
			buf_append(&b, "1234567", 7);
		size_t want = cap / 7 < 300 ? cap / 7 * 7 : 2100;
		ck_assert_msg(b.n == want, "ceiling %zu: got %zu bytes, want %zu", cap, b.n, want);
		ck_assert_msg(b.is_full == (want < 2100), "ceiling %zu: full is %d", cap, b.is_full);
		ck_assert_msg(b.room <= cap || cap == 0, "ceiling %zu: %zu bytes allocated", cap, b.room);
		buf_fini(&b);
		ck_assert(!b.p && b.n == 0 && b.cap_bytes == cap && !b.is_full);
	}
}
END_TEST

START_TEST(full_stays_full_until_reset)
{
	struct buf b;
	buf_init(&b, 4);
	buf_str(&b, STR("abc"));
	buf_str(&b, STR("de"));
	buf_char(&b, 'f'); /* would fit, but a text with a hole in it is worse than a short one */
	ck_assert(b.is_full && str_eq(buf_view(&b), STR("abc")));
	buf_reset(&b);
	ck_assert(!b.is_full && b.n == 0 && b.room > 0);
	buf_str(&b, STR("abcd"));
	ck_assert(!b.is_full && str_eq(buf_view(&b), STR("abcd")));
	buf_fini(&b);
}
END_TEST

START_TEST(zero_is_an_empty_buffer)
{
	struct buf b = { 0 };
	buf_append(&b, NULL, 0);
	ck_assert(!b.is_full && buf_view(&b).n == 0);
	buf_char(&b, 'x');
	ck_assert(b.is_full && b.n == 0);
	buf_fini(&b);
}
END_TEST

START_TEST(reserve_then_grow)
{
	struct buf b;
	buf_init(&b, 1000);
	char *at = buf_reserve(&b, 600);
	ck_assert_ptr_nonnull(at);
	memset(at, 'x', 600);
	ck_assert_uint_eq(b.n, 0);
	buf_grow(&b, 500);
	ck_assert_uint_eq(b.n, 500);
	ck_assert_ptr_null(buf_reserve(&b, 501));
	ck_assert(b.is_full);
	ck_assert_ptr_null(buf_reserve(&b, 1));
	buf_fini(&b);
}
END_TEST

START_TEST(absurd_sizes)
{
	struct buf b;
	buf_init(&b, SIZE_MAX);
	buf_char(&b, 'x');
	ck_assert_ptr_null(buf_reserve(&b, SIZE_MAX));
	ck_assert(b.is_full && b.n == 1);
	buf_reset(&b);
	buf_str(&b, STR("ok"));
	ck_assert(str_eq(buf_view(&b), STR("ok")));
	b.cap_bytes = 1; /* lowered below what is in use: no room, no wrap */
	ck_assert_ptr_null(buf_reserve(&b, 1));
	buf_fini(&b);
}
END_TEST

START_TEST(numbers)
{
	static const uint64_t values[] = { 0, 1, 9, 10, 99, 100, 4294967295u, 4294967296u, 999999999999999999u, UINT64_MAX };
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		struct buf b, want;
		buf_init(&b, 64);
		buf_init(&want, 64);
		buf_u64(&b, values[i]);
		buf_printf(&want, "%llu", (unsigned long long)values[i]);
		ck_assert_msg(str_eq(buf_view(&b), buf_view(&want)), "got " STR_FMT ", want " STR_FMT, STR_ARG(buf_view(&b)),
			STR_ARG(buf_view(&want)));
		buf_fini(&b);
		buf_fini(&want);
	}
}
END_TEST

START_TEST(printf_fits_exactly)
{
	char text[1001];
	memset(text, 'x', 1000);
	for (int n = 0; n <= 1000; n += n < 250 || n > 260 ? 50 : 1) {
		struct buf b;
		text[n] = '\0';
		buf_init(&b, (size_t)n + 1);
		buf_char(&b, '<');
		buf_printf(&b, "%s", text);
		ck_assert_msg(!b.is_full && b.n == (size_t)n + 1, "%d bytes: got %zu, full %d", n, b.n, b.is_full);
		ck_assert_msg(memcmp(b.p + 1, text, (size_t)n) == 0, "%d bytes differ", n);
		buf_fini(&b);
		buf_init(&b, (size_t)n);
		if (n)
			buf_char(&b, '<');
		buf_printf(&b, "%s", text);
		ck_assert_msg(n == 0 || (b.is_full && b.n == 1), "%d bytes into one too few: got %zu, full %d", n, b.n, b.is_full);
		buf_fini(&b);
		text[n] = 'x';
	}
}
END_TEST

START_TEST(json)
{
	static const struct {
		const char *name;
		struct str in;
		const char *want;
	} cases[] = {
		{ "plain", STR("hello"), "hello" }, { "empty", { 0 }, "" },
		{ "quote and backslash", STR("a\"b\\c"), "a\\\"b\\\\c" },
		{ "line feed and tab", STR("\n\t"), "\\n\\t" }, { "control", STR("\x01\x1f\x7f"), "\\u0001\\u001f\\u007f" },
		{ "NUL", { "a\0b", 3 }, "a\\u0000b" }, { "UTF-8", STR("\xe2\x82\xac"), "\xe2\x82\xac" },
		{ "at both ends", STR("\"x\""), "\\\"x\\\"" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct buf b;
		buf_init(&b, 100);
		buf_json(&b, cases[i].in);
		ck_assert_msg(str_eq(buf_view(&b), str_of(cases[i].want)), "%s: got " STR_FMT, cases[i].name,
			STR_ARG(buf_view(&b)));
		buf_fini(&b);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("buf");
	TCase *t = tcase_create("buf");
	tcase_add_test(t, ceilings);
	tcase_add_test(t, full_stays_full_until_reset);
	tcase_add_test(t, zero_is_an_empty_buffer);
	tcase_add_test(t, reserve_then_grow);
	tcase_add_test(t, absurd_sizes);
	tcase_add_test(t, numbers);
	tcase_add_test(t, printf_fits_exactly);
	tcase_add_test(t, json);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
