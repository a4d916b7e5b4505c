/* Views: every cut at and beyond the ends, with the empty view among the inputs. */
#include "parsers/bytes/str.h"

#include <check.h>
#include <ctype.h>

START_TEST(cut)
{
	static const struct {
		const char *name, *in, *head, *rest;
	} cases[] = {
		{ "first of two", "a=b=c", "a", "b=c" }, { "at the front", "=b", "", "b" }, { "at the end", "a=", "a", "" },
		{ "only it", "=", "", "" }, { "none", "abc", "abc", "" }, { "empty", "", "", "" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str rest = str_of(cases[i].in), head = str_cut(&rest, '=');
		ck_assert_msg(str_eq(head, str_of(cases[i].head)), "%s: got head " STR_FMT, cases[i].name, STR_ARG(head));
		ck_assert_msg(str_eq(rest, str_of(cases[i].rest)), "%s: got rest " STR_FMT, cases[i].name, STR_ARG(rest));
	}
}
END_TEST

START_TEST(empty_views)
{
	struct str none = { 0 };
	ck_assert(str_eq(none, STR("")));
	ck_assert(str_starts(none, none) && str_ends(none, none) && str_starts(STR("a"), none) && str_ends(STR("a"), none));
	ck_assert(!str_starts(none, STR("a")) && !str_ends(none, STR("a")));
	ck_assert_uint_eq(str_find(none, 'a'), 0);
	ck_assert_uint_eq(str_skip(none, 5).n, 0);
	ck_assert_ptr_null(str_skip(none, 5).p);
	ck_assert_uint_eq(str_take(none, 5).n, 0);
	ck_assert_uint_eq(str_cut(&none, 'a').n, 0);
	ck_assert_int_eq(str_cmp(none, STR("")), 0);
	ck_assert(str_ieq(none, STR("")));
	ck_assert_uint_eq(str_of(NULL).n, 0);
}
END_TEST

START_TEST(skip_and_take)
{
	struct str s = STR("hello"), none = { 0 };
	for (size_t n = 0; n < 8; n++) {
		size_t inside = n < 5 ? n : 5;
		ck_assert_uint_eq(str_skip(s, n).n, 5 - inside);
		ck_assert_ptr_eq(str_skip(s, n).p, s.p + inside);
		ck_assert_uint_eq(str_take(s, n).n, inside);
		ck_assert_ptr_eq(str_take(s, n).p, s.p);
	}
	ck_assert(str_starts(s, STR("hel")) && !str_starts(s, STR("hex")) && !str_starts(s, STR("hello!")));
	ck_assert(str_ends(s, STR("llo")) && !str_ends(s, STR("lla")) && !str_ends(s, STR("ohello")));
	ck_assert_uint_eq(str_find(s, 'l'), 2);
	ck_assert_uint_eq(str_find(s, 'x'), 5);
	ck_assert(str_has(s, STR("llo")) && str_has(s, none) && str_has(none, none));
	ck_assert(!str_has(s, STR("lo!")) && !str_has(none, STR("l")));
}
END_TEST

START_TEST(order)
{
	/* Sorted; bytes are unsigned; a NUL is a byte like others. */
	static const struct str sorted[] = { { "", 0 }, { "\0", 1 }, { "A", 1 }, { "a", 1 }, { "a\0", 2 }, { "aa", 2 },
		{ "ab", 2 }, { "b", 1 }, { "\x7f", 1 }, { "\xff", 1 } };
	for (size_t i = 0; i < COUNT_OF(sorted); i++) {
		for (size_t k = 0; k < COUNT_OF(sorted); k++) {
			int got = str_cmp(sorted[i], sorted[k]), want = (i > k) - (i < k);
			ck_assert_msg((got > 0) - (got < 0) == want, "%zu with %zu: got %d, want %d", i, k, got, want);
			ck_assert_msg(str_eq(sorted[i], sorted[k]) == (i == k), "%zu equal to %zu", i, k);
		}
	}
}
END_TEST

/* Each byte, against what the C library says of ASCII. */
START_TEST(classes_of_bytes)
{
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		ck_assert_msg(ascii_is_digit(byte) == (c < 128 && isdigit(c)), "%d: digit", c);
		ck_assert_msg(ascii_is_letter(byte) == (c < 128 && isalpha(c)), "%d: letter", c);
		ck_assert_msg(ascii_is_word(byte) == (c < 128 && (isalnum(c) || c == '_')), "%d: word", c);
		ck_assert_msg(ascii_is_space(byte) == (c < 128 && isspace(c)), "%d: space", c);
		ck_assert_msg(ascii_is_blank(byte) == (c < 128 && isspace(c) && c != '\v' && c != '\f'), "%d: blank", c);
		ck_assert_msg(str_has_control((struct str){ &byte, 1 }) == (c < 128 && iscntrl(c)), "%d: control", c);
	}
}
END_TEST

START_TEST(trimmed)
{
	static const struct { const char *in, *want; } cases[] = { { "", "" }, { " ", "" }, { "\t\n\v\f\r ", "" }, { "a", "a" }, { " a b\n", "a b" }, { "\xc2\xa0", "\xc2\xa0" } };
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		ck_assert_msg(str_eq(str_trim(str_of(cases[i].in)), str_of(cases[i].want)), "number %zu", i);
}
END_TEST

START_TEST(without_case)
{
	for (int c = 0; c < 256; c++) {
		char want = c >= 'A' && c <= 'Z' ? (char)(c + 32) : (char)c;
		ck_assert_msg(ascii_lower((char)c) == want, "byte %d", c);
	}
	ck_assert(str_ieq(STR("TraceID"), STR("traceid")) && !str_ieq(STR("traceid"), STR("trace-id")) &&
		!str_ieq(STR("@"), STR("`")));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("str");
	TCase *t = tcase_create("str");
	tcase_add_test(t, cut);
	tcase_add_test(t, empty_views);
	tcase_add_test(t, skip_and_take);
	tcase_add_test(t, order);
	tcase_add_test(t, classes_of_bytes);
	tcase_add_test(t, trimmed);
	tcase_add_test(t, without_case);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
