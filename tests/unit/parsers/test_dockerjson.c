/* Docker's lines: as Docker writes them, as others might, and what is not one. */
#include "parsers/dockerjson.h"

#include <check.h>
#include <stdlib.h>

#define TIME "\"time\":\"2026-11-21T09:00:00.000000001Z\""
#define TAIL "\",\"stream\":\"stdout\"," TIME "}"
static const int64_t AT = 1795251600000000001;

static const struct {
	const char *name, *line, *message; /* NULL: not Docker's */
	bool is_stderr, is_partial;
} cases[] = {
	{ "usual", "{\"log\":\"hello\\n" TAIL, "hello", false, false },
	{ "stderr", "{\"log\":\"hello\\n\",\"stream\":\"stderr\"," TIME "}", "hello", true, false },
	{ "piece", "{\"log\":\"hello" TAIL, "hello", false, true },
	{ "empty line", "{\"log\":\"\\n" TAIL, "", false, false },
	{ "empty text", "{\"log\":\"" TAIL, "", false, true },
	{ "every escape", "{\"log\":\"a\\\"b\\\\c\\/d\\be\\ff\\ng\\rh\\ti\\n" TAIL, "a\"b\\c/d\be\ff\ng\rh\ti", false, false },
	{ "carriage return is kept", "{\"log\":\"x\\r\\n" TAIL, "x\r", false, false },
	{ "only the last line feed goes", "{\"log\":\"x\\n\\n" TAIL, "x\n", false, false },
	{ "escaped piece", "{\"log\":\"say \\\"x" TAIL, "say \"x", false, true },
	{ "backslash n is text", "{\"log\":\"x\\\\n" TAIL, "x\\n", false, true },
	{ "go escapes", "{\"log\":\"\\u003ca\\u003e \\u0026\\n" TAIL, "<a> &", false, false },
	{ "two, three bytes", "{\"log\":\"\\u00e4\\u20AC\\n" TAIL, "\xc3\xa4\xe2\x82\xac", false, false },
	{ "line feed as \\u000a", "{\"log\":\"x\\u000a" TAIL, "x", false, false },
	{ "pair of surrogates", "{\"log\":\"\\ud83d\\ude00\\n" TAIL, "\xf0\x9f\x98\x80", false, false },
	{ "last character of all", "{\"log\":\"\\uDBFF\\uDFFF\\n" TAIL, "\xf4\x8f\xbf\xbf", false, false },
	{ "lone high", "{\"log\":\"a\\ud83db\\n" TAIL, "a\xef\xbf\xbd" "b", false, false },
	{ "lone low", "{\"log\":\"a\\ude00b\\n" TAIL, "a\xef\xbf\xbd" "b", false, false },
	{ "two high, one low", "{\"log\":\"\\ud83d\\ud83d\\ude00\\n" TAIL, "\xef\xbf\xbd\xf0\x9f\x98\x80", false, false },
	{ "high, then another escape", "{\"log\":\"\\ud83d\\n" TAIL, "\xef\xbf\xbd", false, false },
	{ "raw UTF-8", "{\"log\":\"\xe2\x82\xac\\n" TAIL, "\xe2\x82\xac", false, false },
	{ "invalid UTF-8 passes", "{\"log\":\"\xff\\n" TAIL, "\xff", false, false },
	{ "attrs in the middle", "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"attrs\":{\"a\":\"b}\",\"c\":[1,{}]}," TIME "}", "x",
		false, false },
	{ "attrs at the end", "{\"log\":\"x\\n\",\"stream\":\"stdout\"," TIME ",\"attrs\":{\"tag\":\"\\\"}\"}}", "x", false,
		false },
	{ "other order, spaces", " { " TIME " ,\t\"stream\" : \"stderr\" , \"log\" : \"x\\n\" } ", "x", true, false },
	{ "unknown values", "{\"a\":null,\"b\":-1.5e+3,\"c\":[[],[true]],\"d\":\"\\\\\",\"log\":\"x\\n" TAIL, "x", false, false },
	{ "the last of two", "{\"log\":\"no\",\"log\":\"yes\\n" TAIL, "yes", false, false },
	{ "the last of two, both escaped", "{\"log\":\"n\\to\",\"log\":\"\\ty\\n" TAIL, "\ty", false, false },
	{ "escaped key", "{\"\\u006cog\":\"x\\n" TAIL, "x", false, false },
	{ "time with an offset", "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T11:00:00.000000001+02:00\"}", "x",
		false, false },
	{ "nothing", "", NULL, false, false },
	{ "empty object", "{}", NULL, false, false },
	{ "application's own JSON", "{\"level\":\"info\",\"msg\":\"x\"," TIME "}", NULL, false, false },
	{ "no stream", "{\"log\":\"x\\n\"," TIME "}", NULL, false, false },
	{ "no time", "{\"log\":\"x\\n\",\"stream\":\"stdout\"}", NULL, false, false },
	{ "no log", "{\"stream\":\"stdout\"," TIME "}", NULL, false, false },
	{ "another stream", "{\"log\":\"x\\n\",\"stream\":\"stdin\"," TIME "}", NULL, false, false },
	{ "longer stream", "{\"log\":\"x\\n\",\"stream\":\"stdouts\"," TIME "}", NULL, false, false },
	{ "log is no text", "{\"log\":7,\"stream\":\"stdout\"," TIME "}", NULL, false, false },
	{ "time is no time", "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"now\"}", NULL, false, false },
	{ "text behind", "{\"log\":\"x\\n" TAIL "x", NULL, false, false },
	{ "two objects", "{\"log\":\"x\\n" TAIL "{}", NULL, false, false },
	{ "cut off", "{\"log\":\"x\\n\",\"stream\":\"stdout\"," TIME, NULL, false, false },
	{ "cut off in the text", "{\"log\":\"x", NULL, false, false },
	{ "cut off in an escape", "{\"log\":\"x\\", NULL, false, false },
	{ "cut off in \\u", "{\"log\":\"x\\u00", NULL, false, false },
	{ "not hex", "{\"log\":\"\\u00g0\\n" TAIL, NULL, false, false },
	{ "not an escape", "{\"log\":\"\\x41\\n" TAIL, NULL, false, false },
	{ "raw control byte", "{\"log\":\"a\tb\\n" TAIL, NULL, false, false },
	{ "comma before the brace", "{\"log\":\"x\\n\",\"stream\":\"stdout\"," TIME ",}", NULL, false, false },
	{ "no comma", "{\"log\":\"x\\n\" \"stream\":\"stdout\"," TIME "}", NULL, false, false },
	{ "wrong bracket", "{\"a\":[1},\"log\":\"x\\n" TAIL, NULL, false, false },
	{ "key without a value", "{\"a\":,\"log\":\"x\\n" TAIL, NULL, false, false },
	{ "array", "[\"log\",\"x\\n" TAIL, NULL, false, false },
	{ "CRI line", "2026-11-21T09:00:00.000000001Z stdout F x", NULL, false, false },
};

START_TEST(lines)
{
	struct str line = str_of(cases[_i].line);
	struct buf scratch;
	buf_init(&scratch, line.n);
	/* Of exactly its size, so that a byte read behind it is seen. */
	char *copy = malloc(line.n ? line.n : 1);
	memcpy(copy, line.p, line.n);
	struct runtime_line out;
	bool got = dockerjson_parse((struct str){ copy, line.n }, &scratch, &out);
	ck_assert_msg(got == (cases[_i].message != NULL), "%s: got %d", cases[_i].name, got);
	if (got) {
		ck_assert_msg(str_eq(out.message, str_of(cases[_i].message)), "%s: got \"" STR_FMT "\"", cases[_i].name,
			STR_ARG(out.message));
		ck_assert_msg(out.timestamp_ns == AT, "%s: got %lld", cases[_i].name, (long long)out.timestamp_ns);
		ck_assert_msg(out.is_stderr == cases[_i].is_stderr, "%s: got stderr %d", cases[_i].name, out.is_stderr);
		ck_assert_msg(out.is_partial == cases[_i].is_partial, "%s: got partial %d", cases[_i].name, out.is_partial);
	}
	free(copy);
	buf_fini(&scratch);
}
END_TEST

START_TEST(deep_values_are_skipped_up_to_a_limit)
{
	for (int depth = 1; depth <= 100; depth++) {
		struct buf line, scratch;
		buf_init(&line, 4096);
		buf_init(&scratch, 4096);
		buf_str(&line, STR("{\"a\":"));
		for (int i = 0; i < depth; i++)
			buf_str(&line, i % 3 ? STR("[") : STR("{\"k\":"));
		for (int i = depth; i-- > 0;)
			buf_char(&line, i % 3 ? ']' : '}');
		buf_str(&line, STR(",\"log\":\"x\\n" TAIL));
		struct runtime_line out;
		bool got = dockerjson_parse(buf_view(&line), &scratch, &out);
		ck_assert_msg(got == (depth <= 64), "depth %d: got %d", depth, got);
		buf_fini(&line);
		buf_fini(&scratch);
	}
}
END_TEST

START_TEST(no_room_is_false_and_recovers)
{
	struct buf scratch;
	buf_init(&scratch, 8);
	struct runtime_line out;
	ck_assert(!dockerjson_parse(STR("{\"log\":\"say \\\"more than eight\\\"\\n" TAIL), &scratch, &out));
	ck_assert(dockerjson_parse(STR("{\"log\":\"more than eight\\n" TAIL), &scratch, &out));
	buf_fini(&scratch);
}
END_TEST

/* Every cut of a good line is refused, and no byte behind the cut is read. */
START_TEST(every_cut)
{
	static const char line[] = "{\"log\":\"a \\\"b\\\" \\ud83d\\ude00\\n\",\"stream\":\"stdout\","
				   "\"attrs\":{\"a\":\"b\"}," TIME "}";
	for (size_t n = 0; n < sizeof line - 1; n++) {
		struct buf scratch;
		buf_init(&scratch, 4096);
		char *copy = malloc(n ? n : 1);
		memcpy(copy, line, n);
		struct runtime_line out;
		ck_assert_msg(!dockerjson_parse((struct str){ copy, n }, &scratch, &out), "cut at %zu is taken", n);
		free(copy);
		buf_fini(&scratch);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("dockerjson");
	TCase *t = tcase_create("dockerjson");
	tcase_add_loop_test(t, lines, 0, COUNT_OF(cases));
	tcase_add_test(t, deep_values_are_skipped_up_to_a_limit);
	tcase_add_test(t, no_room_is_false_and_recovers);
	tcase_add_test(t, every_cut);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
