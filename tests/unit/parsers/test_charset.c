/* Names of encodings, and where lines end in them. */
#include "parsers/charset.h"

#include <check.h>
#include <stdlib.h>

static const struct { const char *name, *iconv; enum charset_units units; } names[] = {
	{ "", NULL, CHARSET_BYTES }, { "UTF-8", NULL, CHARSET_BYTES }, { "utf-8", NULL, CHARSET_BYTES },
	{ "ISO-8859-1", "ISO-8859-1", CHARSET_BYTES }, { " Latin1\t", "ISO-8859-1", CHARSET_BYTES }, { "ISO_8859-5:1988", "ISO-8859-5", CHARSET_BYTES },
	{ "Windows-1252", "CP1252", CHARSET_BYTES }, { "MS_Kanji", "CP932", CHARSET_BYTES }, { "CP936", "GBK", CHARSET_BYTES },
	{ "437", "IBM437", CHARSET_BYTES }, { "utf-16", "UTF-16", CHARSET_PAIRS_MARKED }, { "UTF-16LE", "UTF-16LE", CHARSET_PAIRS_LE },
	{ "csUTF16BE", "UTF-16BE", CHARSET_PAIRS_BE },
};

START_TEST(found)
{
	const struct charset *c = charset_find(str_of(names[_i].name));
	ck_assert_msg(c && !c->refused, "%s is not found", names[_i].name);
	ck_assert_msg(names[_i].iconv ? c->iconv && strcmp(c->iconv, names[_i].iconv) == 0 : !c->iconv, "%s: %s", names[_i].name, c->iconv);
	ck_assert_int_eq(c->units, names[_i].units);
}
END_TEST

START_TEST(not_found)
{
	static const char *const none[] = { "cp1252", "utf8", "iso-8859-12", "latin", "iso 8859-1", "utf-16 csutf16" };
	for (size_t i = 0; i < COUNT_OF(none); i++)
		ck_assert_msg(!charset_find(str_of(none[i])), "%s is found", none[i]);
	ck_assert_ptr_nonnull(charset_find(STR("IBM037"))->refused);
	ck_assert_ptr_nonnull(charset_find(STR("hz-gb-2312"))->refused);
}
END_TEST

START_TEST(each_name_once)
{
	const struct charset *c;
	for (size_t i = 0; (c = charset_at(i)); i++)
		for (struct str rest = str_of(c->names); rest.n;) {
			struct str name = str_cut(&rest, ' ');
			ck_assert_msg(charset_find(name) == c, "%s: " STR_FMT " is another one's too", c->names, STR_ARG(name));
			for (size_t k = 0; k < name.n; k++)
				ck_assert_msg(ascii_lower(name.p[k]) == name.p[k], STR_FMT " is not in small letters", STR_ARG(name));
		}
}
END_TEST

#define LE CHARSET_PAIRS_LE
#define BE CHARSET_PAIRS_BE
static const struct { enum charset_units units; struct str bytes; uint64_t offset; size_t at; } feeds[] = {
	{ CHARSET_BYTES, STR("ab\n\n"), 7, 2 },
	{ LE, STR("a\0\n\0b\0"), 0, 2 },
	{ LE, STR("a\0\n\0"), 10, 2 },
	{ BE, STR("\0a\0\n\0b"), 0, 2 },
	{ BE, STR("\0\n"), 4, 0 },
	{ LE, STR("\n\0"), 4, 0 },
	{ LE, STR("a\0\n"), 0, 3 },              /* its other half is not there yet */
	{ LE, STR("\0\n\0a"), 0, 4 },            /* U+0A00 U+6100 */
	{ LE, STR("\n\n\n\0"), 0, 2 },           /* U+0A0A first */
	{ BE, STR("\n\n\0\n"), 0, 2 },
	{ BE, STR("\n\0\0a"), 0, 4 },            /* U+0A00 */
	{ LE, STR("\0\n\0x"), 3, 1 },            /* begins in the middle of a character */
	{ BE, STR("x\0\nx"), 1, 1 },
	{ BE, STR("\n\0"), 1, 2 },
	{ LE, STR(""), 0, 0 },
};

START_TEST(feed)
{
	size_t at = charset_feed(feeds[_i].units, feeds[_i].bytes, feeds[_i].offset);
	ck_assert_msg(at == feeds[_i].at, "case %d: %zu, want %zu", _i, at, feeds[_i].at);
}
END_TEST

START_TEST(marks)
{
	ck_assert_int_eq(charset_resolve(CHARSET_PAIRS_MARKED, STR("\xff\xfe" "a")), LE);
	ck_assert_int_eq(charset_resolve(CHARSET_PAIRS_MARKED, STR("\xfe\xff")), BE);
	ck_assert_int_eq(charset_resolve(CHARSET_PAIRS_MARKED, STR("a\0")), BE);
	ck_assert_int_eq(charset_resolve(CHARSET_PAIRS_MARKED, STR("\xff")), BE);
	ck_assert_int_eq(charset_resolve(LE, STR("\xfe\xff")), LE);
	ck_assert_int_eq(charset_resolve(CHARSET_BYTES, STR("\xff\xfe")), CHARSET_BYTES);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("charset");
	TCase *c = tcase_create("charset");
	tcase_add_loop_test(c, found, 0, (int)COUNT_OF(names));
	tcase_add_test(c, not_found);
	tcase_add_test(c, each_name_once);
	tcase_add_loop_test(c, feed, 0, (int)COUNT_OF(feeds));
	tcase_add_test(c, marks);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
