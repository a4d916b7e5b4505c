/* Files of `spoor test`: what is read, what is told of a wrong one, and that the configuration's table knows nothing of its keys. */
#include <check.h>
#include <stdlib.h>

#include "config/options/options.h"
#include "config/test_file.h"

static const char good[] = "pipeline_stages: [{ cri: {} }, { labels: { a: } }]\n"
			   "now: 2026-11-21T09:00:00.5Z\n"
			   "labels: { ns: shop }\n"
			   "cases:\n"
			   "  - name: first\n"
			   "    format: docker\n"
			   "    input: |\n"
			   "      one\ttab\n"
			   "\n"
			   "      three\r\n"
			   "    expect:\n"
			   "      - { line: \"\", labels: {}, dropped: }\n"
			   "      - { timestamp: 2026-11-21T09:00:00Z, labels_include: { a: , b: c } }\n"
			   "    metrics: { 'x{a=\"b\"}': 1 }\n"
			   "  - { name: second, input: [a, '', b], expect: [] }\n";

START_TEST(what_is_read)
{
	struct config_problems problems = { 0 };
	struct test_file *t = test_file_load(str_of(good), STR("t.yaml"), &problems);
	ck_assert_msg(t && !problems.count, "%zu problems", problems.count);
	ck_assert(t->has_stages && t->stages.format == FORMAT_CRI && t->stages.list);
	ck_assert_int_eq(t->now_ns, 1795251600500000000);
	ck_assert_uint_eq(t->case_count, 2);
	const struct test_case *c = &t->cases[0];
	ck_assert(str_eq(c->format, STR("docker")) && c->at_line == 5 && c->at_column == 5);
	ck_assert_uint_eq(c->input.count, 3);
	ck_assert(str_eq(c->input.at[0], STR("one\ttab")) && c->input.at[1].n == 0 && str_eq(c->input.at[2], STR("three")));
	ck_assert_uint_eq(c->record_count, 2);
	ck_assert(c->records[0].has_line && c->records[0].has_labels && !c->records[0].has_dropped && !c->records[0].has_timestamp);
	ck_assert(!c->records[1].has_line && c->records[1].has_timestamp && c->records[1].at_line == 13);
	ck_assert_uint_eq(c->records[1].labels_include.count, 2);
	ck_assert_uint_eq(c->metrics.count, 1);
	ck_assert_uint_eq(t->cases[1].input.count, 3);
	ck_assert_uint_eq(t->cases[1].record_count, 0);
	test_file_free(t);
	config_problems_fini(&problems);
}
END_TEST

static const struct { const char *name, *text, *want; } wrong[] = {
	{ "empty", "", "1:1: which pipeline?" },
	{ "no mapping", "[a]", "1:1: expected cases and a pipeline" },
	{ "no pipeline", "cases: []", "1:1: which pipeline?" },
	{ "two pipelines", "config: a\npipeline_stages: []\ncases: []", "1:1: config: not together with pipeline_stages" },
	{ "a job of no file", "job: a\npipeline_stages: []\ncases: []", "1:1: job: jobs are in a file" },
	{ "no cases", "config: a", "1:1: cases are missing" },
	{ "a slip at the top", "config: a\ncase: []\ncases: []", "2:1: case: unknown key; did you mean cases?" },
	{ "a slip in a case", "config: a\ncases: [{ name: a, inputs: a, input: b, expect: [] }]", "2:20: cases[0].inputs: unknown key; did you mean input?" },
	{ "a slip in a record", "config: a\ncases: [{ name: a, input: b, expect: [{ label: {} }] }]",
		"2:41: cases[0].expect[0].label: unknown key; did you mean labels?" },
	{ "a key of the configuration", "config: a\ncases: []\nlogs: {}", "3:1: logs: unknown key" },
	{ "a case without a name", "config: a\ncases: [{ input: b, expect: [] }]", "2:9: cases[0]: name is missing" },
	{ "a case without lines", "config: a\ncases: [{ name: b, expect: [] }]", "2:9: cases[0]: input is missing" },
	{ "a case without records", "config: a\ncases: [{ name: b, input: c }]", "2:9: cases[0]: expect is missing" },
	{ "lines that are a mapping", "config: a\ncases: [{ name: b, input: {}, expect: [] }]", "2:27: cases[0].input: expected a text of lines" },
	{ "a line of two", "config: a\ncases: [{ name: b, input: [\"c\\nd\"], expect: [] }]", "2:28: cases[0].input[0]: expected one line" },
	{ "a time that is none", "config: a\nnow: soon\ncases: []", "2:6: now: expected a time such as" },
	{ "a time of a record", "config: a\ncases: [{ name: b, input: c, expect: [{ timestamp: 9 }] }]",
		"2:52: cases[0].expect[0].timestamp: expected a time such as" },
	{ "a wrap that is not known", "config: a\nformat: json\ncases: []", "2:9: format: expected one of raw, cri, docker" },
	{ "a stage that is wrong", "pipeline_stages: [{ regex: { expresion: a } }]\ncases: []", "did you mean expression?" },
};

START_TEST(what_is_told)
{
	struct config_problems problems = { 0 };
	struct buf shown;
	buf_init(&shown, 1 << 20);
	struct test_file *t = test_file_load(str_of(wrong[_i].text), STR("t.yaml"), &problems);
	ck_assert_msg(!t && problems.errors, "%s: taken", wrong[_i].name);
	config_problems_print(&problems, STR("t.yaml"), &shown);
	buf_char(&shown, '\0');
	ck_assert_msg(strstr(shown.p, wrong[_i].want) != NULL, "%s: got\n%s\nwant %s", wrong[_i].name, shown.p, wrong[_i].want);
	buf_fini(&shown);
	config_problems_fini(&problems);
}
END_TEST

START_TEST(tables_are_apart)
{
	ck_assert(!option_find((struct str){ 0 }, STR("cases")));
	ck_assert(option_find_in(OPTIONS_TEST, (struct str){ 0 }, STR("cases")));
	ck_assert(!option_find_in(OPTIONS_TEST, (struct str){ 0 }, STR("logs")));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("test file");
	TCase *tcase = tcase_create("test file");
	tcase_add_test(tcase, what_is_read);
	tcase_add_loop_test(tcase, what_is_told, 0, (int)COUNT_OF(wrong));
	tcase_add_test(tcase, tables_are_apart);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
