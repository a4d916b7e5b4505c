/* What is JSON and what is not, walked in every way that the reader offers. */
#include "parsers/json.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define TEN(x) x x x x x x x x x x
#define SIXTY_FOUR(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) TEN(x) x x x x

static const struct {
	const char *text;
	bool want;
} documents[] = {
	{ "null", true }, { " true ", true }, { "false\n", true }, { "0", true }, { "-0", true }, { "10", true }, { "-1.5e+10",
	  true },
	{ "1E5", true }, { "1e-5", true }, { "\"\"", true }, { "[]", true }, { "{}", true }, { "\t[ ]\r\n", true }, { "[1,2]",
	  true },
	{ "[[],{}]", true }, { "{\"a\":1}", true }, { "{\"a\":{\"b\":[1,{}]},\"c\":null}", true }, { "{\"\":0}", true },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e4\"", true }, { "\"\\ud83d\\ude00\"", true }, { "\"\\ud83d\"", true }, { "\"\xff\"",
	  true },
	{ "{\"a\":1,\"a\":2}", true }, { SIXTY_FOUR("[") SIXTY_FOUR("]"), true }, { SIXTY_FOUR("[") "[" SIXTY_FOUR("]") "]",
	  false },
	{ "", false }, { " ", false }, { "nul", false }, { "nulll", false }, { "True", false }, { "01", false }, { "-", false },
	  { "+1", false },
	{ "1.", false }, { ".5", false }, { "1e", false }, { "1e+", false }, { "0x10", false }, { "1 2", false }, { "[", false },
	  { "]", false },
	{ "[1", false }, { "[1,", false }, { "[1,]", false }, { "[,1]", false }, { "[1 2]", false }, { "{", false }, { "}", false },
	{ "{\"a\"", false }, { "{\"a\":", false }, { "{\"a\":1", false }, { "{\"a\":1,", false }, { "{\"a\":1,}", false },
	  { "{\"a\" 1}", false },
	{ "{a:1}", false }, { "{1:1}", false }, { "{\"a\":}", false }, { "{,}", false }, { "[}", false }, { "{]", false },
	  { "[1}", false },
	{ "{\"a\":1]", false }, { "[]]", false }, { "{}}", false }, { "[] []", false }, { "\"", false }, { "\"a", false },
	  { "\"\\\"", false },
	{ "\"\\", false }, { "\"\\x\"", false }, { "\"\\u12\"", false }, { "\"\\u12g4\"", false }, { "\"\n\"", false }, { "\"\t\"", false },
	{ "'a'", false }, { "[1]//", false }, { "\xef\xbb\xbf[]", false }, { "NaN", false }, { "[\"a\":1]", false },
};

START_TEST(all_items)
{
	struct json j;
	json_init(&j, str_of(documents[_i].text));
	enum json_item item;
	while ((item = json_next(&j)) > JSON_DONE)
		;
	ck_assert_msg((item == JSON_DONE) == documents[_i].want, "%s: %s at %zu", documents[_i].text,
		j.error ? j.error : "is JSON", j.at);
	ck_assert_msg((j.error != NULL) == (item == JSON_BAD), "%s: %s", documents[_i].text, j.error);
	ck_assert_int_eq(json_next(&j), item); /* it stays so */
}
END_TEST

START_TEST(skipped)
{
	struct json j;
	json_init(&j, str_of(documents[_i].text));
	json_skip(&j);
	bool got = json_end(&j);
	ck_assert_msg(got == documents[_i].want, "%s: %s", documents[_i].text, j.error ? j.error : "is JSON");
	json_init(&j, str_of(documents[_i].text));
	ck_assert_int_eq(json_end(&j), documents[_i].want);
}
END_TEST

START_TEST(nul_is_no_blank)
{
	struct json j;
	json_init(&j, (struct str){ "[]\0", 3 });
	ck_assert(!json_end(&j));
	json_init(&j, (struct str){ "[1\0]", 4 });
	ck_assert(!json_end(&j));
	ck_assert_uint_eq(j.at, 2);
}
END_TEST

static const struct {
	const char *text;
	struct str want;
} texts[] = {
	{ "\"plain\"", { "plain", 5 } }, { "\"\"", { "", 0 } }, { "\"a\\nb\"", { "a\nb", 3 } }, { "\"\\\"\\\\\\/\"", { "\"\\/",
	  3 } },
	{ "\"\\b\\f\\r\\t\"", { "\b\f\r\t", 4 } }, { "\"\\u0041\\u00e4\\u20ac\"", { "A\xc3\xa4\xe2\x82\xac", 6 } },
	{ "\"\\uD83D\\uDE00\"", { "\xf0\x9f\x98\x80", 4 } }, { "\"\\ud83dx\"", { "\xef\xbf\xbdx", 4 } },
	{ "\"\\ude00\\ud83d\"", { "\xef\xbf\xbd\xef\xbf\xbd", 6 } }, { "\"\\ud83d\\u0041\"", { "\xef\xbf\xbd" "A", 4 } },
	{ "\"\\u0000\"", { "\0", 1 } }, { "\"\xc3\xa4\"", { "\xc3\xa4", 2 } }, { "\"a\xff" "b\"", { "a\xef\xbf\xbd" "b", 5 } },
	{ "\"\xc3\\n\"", { "\xef\xbf\xbd\n", 4 } },
};

START_TEST(resolved)
{
	struct json j;
	struct arena arena = { 0 };
	struct str got;
	json_init(&j, str_of(texts[_i].text));
	ck_assert(json_text(&j, &arena, &got));
	ck_assert_msg(str_eq(got, texts[_i].want), "%s: got " STR_FMT, texts[_i].text, STR_ARG(got));
	if (str_find(texts[_i].want, '\0') == texts[_i].want.n && texts[_i].want.p[0] != '\xef' && !strchr(texts[_i].text,
		'\xff') &&
		!strchr(texts[_i].text, '\xc3'))
		ck_assert_msg(json_is(&j, texts[_i].want.p), "%s is not itself", texts[_i].text);
	ck_assert(!json_is(&j, "something else"));
	ck_assert(json_end(&j));
	arena_fini(&arena);
}
END_TEST

START_TEST(plain_text_is_a_view)
{
	const char *document = "\"plain\"";
	struct json j;
	struct arena arena = { 0 };
	struct str got;
	json_init(&j, str_of(document));
	ck_assert(json_text(&j, &arena, &got));
	ck_assert_ptr_eq(got.p, document + 1);
	ck_assert_uint_eq(arena.used_bytes, 0);
}
END_TEST

/* Each value is asked for as every type; what is of another type is passed over whole, and the next member is found. */
START_TEST(values_of_other_types)
{
	static const char *const values[] = { "1", "-7", "\"s\"", "true", "false", "null", "{\"x\":[1,{\"y\":2}]}", "[1,[2],{}]",
		"1.5", "1e3",
					      "99999999999999999999" };
	for (size_t i = 0; i < COUNT_OF(values); i++)
		for (int ask = 0; ask < 8; ask++) {
			char document[128];
			snprintf(document, sizeof document, "{\"a\":%s,\"after\":5}", values[i]);
			struct json j;
			struct json_scope s, inner;
			struct arena arena = { 0 };
			struct str text = { 0 };
			int64_t number = -1, after = 0;
			double real = -1;
			bool truth = false;
			json_init(&j, str_of(document));
			ck_assert(json_object(&j, &s));
			ck_assert(json_member(&j, &s) && json_is(&j, "a"));
			bool got = ask == 0 ? json_text(&j, &arena, &text) : ask == 1 ? json_i64(&j,
				&number) : ask == 2 ? json_bool(&j, &truth) :
				ask == 3 ? json_object(&j, &inner) : ask == 4 ? json_array(&j, &inner) : ask == 5 ? json_raw(&j,
					&text) : ask == 6 ? json_double(&j, &real) : true;
			bool want = ask == 0 ? i == 2 : ask == 1 ? i < 2 : ask == 2 ? i == 3 ||
				i == 4 : ask == 3 ? i == 6 : ask == 4 ? i == 7 :
				ask == 5 ? i < 3 || i > 7 : ask == 6 ? i < 2 || i > 7 : true;
			ck_assert_msg(got == want, "%s asked as %d: got %d", values[i], ask, got);
			ck_assert(ask != 1 || i != 1 || number == -7);
			ck_assert(ask != 6 || i != 8 || real == 1.5);
			ck_assert_msg(json_member(&j, &s) && json_is(&j, "after") && json_i64(&j, &after) && after == 5,
				"%s asked as %d: lost the way",
				values[i], ask);
			ck_assert(!json_member(&j, &s) && json_end(&j));
			arena_fini(&arena);
		}
}
END_TEST

START_TEST(elements)
{
	struct json j;
	struct json_scope s, inner;
	int64_t sum = 0, number;
	size_t count = 0;
	json_init(&j, STR(" [ 1 , [ 2 , 3 ] , {\"a\":[9]} , 4 ] "));
	for (json_array(&j, &s); json_element(&j, &s); count++) {
		if (count == 1) {
			for (json_array(&j, &inner); json_element(&j, &inner);)
				if (json_i64(&j, &number))
					sum += number * 10;
		} else if (count != 2 && json_i64(&j, &number)) {
			sum += number;
		}
	}
	ck_assert(json_end(&j));
	ck_assert_uint_eq(count, 4);
	ck_assert_int_eq(sum, 55);
	json_init(&j, STR("[]"));
	ck_assert(json_array(&j, &s) && !json_element(&j, &s) && !json_element(&j, &s) && json_end(&j));
	json_init(&j, STR("[1,2"));
	for (count = 0, json_array(&j, &s); json_element(&j, &s); count++)
		;
	ck_assert(!json_end(&j));
	ck_assert_str_eq(j.error, "neither a comma nor the closing bracket");
}
END_TEST

/* Leaving a loop early, with the reader deep inside, costs nothing but the reading on. */
START_TEST(left_in_the_middle)
{
	struct json j;
	struct json_scope outer, inner, deep;
	json_init(&j, STR("{\"a\":{\"b\":[[1,2],[3]],\"c\":1},\"d\":2}"));
	ck_assert(json_object(&j, &outer) && json_member(&j, &outer) && json_object(&j, &inner) && json_member(&j, &inner));
	ck_assert(json_array(&j, &deep) && json_element(&j, &deep));
	ck_assert_int_eq(json_next(&j), JSON_ARRAY);
	ck_assert(json_member(&j, &outer) && json_is(&j, "d"));
	ck_assert(!json_member(&j, &inner));
	ck_assert(json_end(&j));
}
END_TEST

START_TEST(escaped_keys)
{
	struct json j;
	struct json_scope s;
	json_init(&j, STR("{\"na\\u006de\":1,\"na\\u006d\":2}"));
	ck_assert(json_object(&j, &s) && json_member(&j, &s));
	ck_assert(json_is(&j, "name") && !json_is(&j, "nam") && !json_is(&j, "names"));
	ck_assert(json_member(&j, &s) && json_is(&j, "nam") && !json_is(&j, "name"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("json");
	TCase *t = tcase_create("json");
	tcase_add_loop_test(t, all_items, 0, COUNT_OF(documents));
	tcase_add_loop_test(t, skipped, 0, COUNT_OF(documents));
	tcase_add_test(t, nul_is_no_blank);
	tcase_add_loop_test(t, resolved, 0, COUNT_OF(texts));
	tcase_add_test(t, plain_text_is_a_view);
	tcase_add_test(t, values_of_other_types);
	tcase_add_test(t, elements);
	tcase_add_test(t, left_in_the_middle);
	tcase_add_test(t, escaped_keys);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
