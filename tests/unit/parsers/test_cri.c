/* Lines of container runtimes, as containerd and CRI-O write them, and what is none. */
#include "parsers/cri.h"

#include <check.h>
#include <stdlib.h>

#define T "2026-11-21T09:00:00.000000001Z"
static const int64_t AT = 1795251600000000001;

static const struct {
	const char *name, *line, *message; /* NULL: not CRI */
	bool is_stderr, is_partial;
} cases[] = {
	{ "usual", T " stdout F hello", "hello", false, false },
	{ "stderr", T " stderr F hello", "hello", true, false },
	{ "piece", T " stdout P hel", "hel", false, true },
	{ "piece of stderr", T " stderr P hel", "hel", true, true },
	{ "empty message", T " stdout F ", "", false, false },
	{ "empty message, no blank", T " stdout F", "", false, false },
	{ "message starts with a blank", T " stdout F  x", " x", false, false },
	{ "two tags", T " stdout P:more x", "x", false, true },
	{ "tag and nothing", T " stdout F: x", "x", false, false },
	{ "two tags, no message", T " stdout F:more", "", false, false },
	{ "zone in numbers", "2026-11-21T10:00:00.000000001+01:00 stdout F x", "x", false, false },
	{ "message looks like CRI", T " stdout F " T " stderr P x", T " stderr P x", false, false },
	{ "nothing", "", NULL, false, false },
	{ "text", "hello world, this is a long line of text without a time", NULL, false, false },
	{ "time alone", T, NULL, false, false },
	{ "time and stream", T " stdout", NULL, false, false },
	{ "time, stream, blank", T " stdout ", NULL, false, false },
	{ "no tag", T " stdout  x", NULL, false, false },
	{ "unknown tag", T " stdout X x", NULL, false, false },
	{ "long tag", T " stdout FX x", NULL, false, false },
	{ "lower case tag", T " stdout f x", NULL, false, false },
	{ "unknown stream", T " stdlog F x", NULL, false, false },
	{ "upper case stream", T " STDOUT F x", NULL, false, false },
	{ "long stream", T " stdoutx F x", NULL, false, false },
	{ "two blanks", T "  stdout F x", NULL, false, false },
	{ "blank in front", " " T " stdout F x", NULL, false, false },
	{ "blank instead of T", "2026-11-21 09:00:00.000000001Z stdout F x", NULL, false, false },
	{ "bad time", "2026-11-31T09:00:00.000000001Z stdout F x", NULL, false, false },
	{ "JSON", "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"" T "\"}", NULL, false, false },
};

START_TEST(lines)
{
	size_t n = strlen(cases[_i].line);
	char *copy = malloc(n ? n : 1);
	memcpy(copy, cases[_i].line, n);
	struct runtime_line out;
	bool got = cri_parse((struct str){ copy, n }, &out);
	ck_assert_msg(got == (cases[_i].message != NULL), "%s: got %d", cases[_i].name, got);
	if (got) {
		ck_assert_msg(str_eq(out.message, str_of(cases[_i].message)), "%s: got \"" STR_FMT "\"", cases[_i].name,
			STR_ARG(out.message));
		ck_assert_msg(out.timestamp_ns == AT, "%s: got %lld", cases[_i].name, (long long)out.timestamp_ns);
		ck_assert_msg(out.is_stderr == cases[_i].is_stderr, "%s: got stderr %d", cases[_i].name, out.is_stderr);
		ck_assert_msg(out.is_partial == cases[_i].is_partial, "%s: got partial %d", cases[_i].name, out.is_partial);
	}
	free(copy);
}
END_TEST

/* Trailing zeros of the fraction are cut by containerd: each width is a line, and none reads beyond its end. */
START_TEST(every_width_of_the_fraction)
{
	static const char digits[] = ".123456789";
	int64_t unit = 1000000000, want = 1795251600000000000;
	for (size_t width = 0; width <= 9; width++) {
		char *line = malloc(100);
		memcpy(line, "2026-11-21T09:00:00", 19);
		size_t n = 19;
		if (width) {
			memcpy(line + n, digits, width + 1);
			n += width + 1;
			unit /= 10;
			want += (digits[width] - '0') * unit;
		}
		memcpy(line + n, "Z stdout F x", 12);
		n += 12;
		line = realloc(line, n);
		struct runtime_line out;
		ck_assert_msg(cri_parse((struct str){ line, n }, &out), "%zu digits are refused", width);
		ck_assert_msg(out.timestamp_ns == want, "%zu digits: got %lld, want %lld", width, (long long)out.timestamp_ns,
			(long long)want);
		ck_assert(str_eq(out.message, STR("x")));
		free(line);
	}
}
END_TEST

START_TEST(every_cut)
{
	static const char line[] = T " stdout F:a message";
	size_t shortest = sizeof T - 1 + 9;
	for (size_t n = 0; n < sizeof line; n++) {
		char *copy = malloc(n ? n : 1);
		memcpy(copy, line, n);
		struct runtime_line out;
		bool got = cri_parse((struct str){ copy, n }, &out);
		ck_assert_msg(got == (n >= shortest), "cut at %zu: got %d", n, got);
		free(copy);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cri");
	TCase *t = tcase_create("cri");
	tcase_add_loop_test(t, lines, 0, COUNT_OF(cases));
	tcase_add_test(t, every_width_of_the_fraction);
	tcase_add_test(t, every_cut);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
