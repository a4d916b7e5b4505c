/* Text of other encodings as UTF-8: what Go's decoders make of the same bytes, bytes that are no text, and the bound. */
#include "agent/logs/decoder.h"

#include <check.h>
#include <stdlib.h>

#include "parsers/bytes/utf8.h"

#define BAD "\xef\xbf\xbd"

static const struct { const char *encoding; struct str bytes; const char *want; } cases[] = {
	{ "iso-8859-1", STR("na\xefve caf\xe9 \xa4"), "naïve café ¤" },
	{ "iso-8859-15", STR("10 \xa4"), "10 €" },
	{ "iso-8859-5", STR("\xbf\xe0\xd8\xd2\xd5\xe2"), "Привет" },
	{ "windows-1252", STR("\x80 \x93quoted\x94 \x81"), "€ “quoted” " BAD },
	{ "windows-1251", STR("\xcf\xf0\xe8\xe2\xe5\xf2"), "Привет" },
	{ "windows-1255", STR("\xf9\xec\xe5\xed"), "שלום" },
	{ "koi8-r", STR("\xf0\xd2\xc9\xd7\xc5\xd4"), "Привет" },
	{ "ibm850", STR("\x84 \x94 \x81"), "ä ö ü" },
	{ "us-ascii", STR("ok \xe9!"), "ok " BAD "!" },
	{ "shift_jis", STR("\x93\xfa\x96{ \\ ~ \xb1"), "日本 \\ ~ ｱ" },
	{ "shift_jis", STR("a\x93"), "a" BAD },
	{ "euc-jp", STR("\xc6\xfc\xcb\xdc \xa1\xc1"), "日本 ～" },
	{ "iso-2022-jp", STR("a \x1b$BF|K\\\x1b(B b"), "a 日本 b" },
	{ "gbk", STR("\xd6\xd0\xb9\xfa"), "中国" },
	{ "gb18030", STR("\xd6\xd0 \x81\x30\x81\x34"), "中 \xc2\x84" },
	{ "big5", STR("\xa4\xa4\xb0\xea"), "中國" },
	{ "euc-kr", STR("\xc7\xd1\xb1\xdb \x81\x41"), "한글 갂" },
	{ "utf-16le", STR("h\0\xe9\0=\xd8\0\xde"), "hé😀" },
	{ "utf-16be", STR("\0h\0\xe9\xd8=\xde\0"), "hé😀" },
	{ "utf-16le", STR("a\0=\xd8" "b\0"), "a" BAD "b" },
	{ "utf-16le", STR("a\0\0\xde" "b\0"), "a" BAD "b" },
	{ "utf-16be", STR("\0a\0"), "a" BAD },
	{ "utf-16le", STR(""), "" },
};

static struct decoder *make_of(const struct charset *charset)
{
	char err[256] = "";
	struct decoder *d = decoder_new(charset, err);
	ck_assert_msg(d, "%s: %s", charset->names, err);
	return d;
}

static struct decoder *make(const char *encoding)
{
	return make_of(charset_find(str_of(encoding)));
}

START_TEST(text)
{
	struct decoder *d = make(cases[_i].encoding);
	for (int again = 0; again < 2; again++) { /* nothing is left over for the next line */
		struct str got = decoder_line(d, decoder_charset(d)->units, cases[_i].bytes, 1000);
		ck_assert_msg(str_eq(got, str_of(cases[_i].want)), "%s: \"" STR_FMT "\", want \"%s\"", cases[_i].encoding, STR_ARG(got), cases[_i].want);
	}
	decoder_free(d);
}
END_TEST

START_TEST(every_encoding_is_there)
{
	const struct charset *c;
	for (size_t i = 0; (c = charset_at(i)); i++) {
		if (!c->iconv)
			continue;
		decoder_free(make_of(c));
	}
}
END_TEST

/* Whatever the bytes, the text is UTF-8 and ends. */
START_TEST(junk)
{
	const struct charset *c;
	char bytes[512];
	uint64_t x = 1;
	for (size_t i = 0; (c = charset_at(i)); i++) {
		struct decoder *d = c->iconv ? make_of(c) : NULL;
		for (int round = 0; d && round < 40; round++) {
			for (size_t k = 0; k < sizeof bytes; k++) {
				x = x * 6364136223846793005u + 1442695040888963407u;
				bytes[k] = (char)(x >> 56);
			}
			struct str got = decoder_line(d, charset_resolve(c->units, STR("")), (struct str){ bytes, (size_t)(x % sizeof bytes) }, 1 << 20);
			ck_assert_msg(utf8_valid(got) == got.n, "%s", c->names);
		}
		decoder_free(d);
	}
}
END_TEST

START_TEST(bounded)
{
	static char bytes[1 << 20];
	struct decoder *d = make("windows-1252");
	memset(bytes, '\x80', sizeof bytes);
	ck_assert_uint_eq(decoder_line(d, CHARSET_BYTES, (struct str){ bytes, sizeof bytes }, 100000).n, 99999); /* of three bytes each */
	ck_assert_uint_eq(decoder_line(d, CHARSET_BYTES, (struct str){ bytes, 20000 }, 100000).n, 60000);
	memset(bytes, '\x81', sizeof bytes);
	ck_assert_uint_eq(decoder_line(d, CHARSET_BYTES, (struct str){ bytes, sizeof bytes }, 100000).n, 99999);
	decoder_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("decoder");
	TCase *c = tcase_create("decoder");
	tcase_add_loop_test(c, text, 0, (int)COUNT_OF(cases));
	tcase_add_test(c, every_encoding_is_there);
	tcase_add_test(c, junk);
	tcase_add_test(c, bounded);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
