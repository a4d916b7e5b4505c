/* Sampling by trace id: who is kept, who is never asked, and what a kept line stands for. */
#include "agent/logs/line_trace.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define HIGH "4bf92f3577b34da6a3fe929d0e0e4736" /* its randomness is fe929d0e0e4736 */
#define LOW "4bf92f3577b34da6a3ce929d0e0e4736"  /* ce929d0e0e4736 */

static struct trace_rules rules_of(double share, double without_id, bool keep_sampled)
{
	struct config c = { .trace = { .enabled = true, .correlation = { .stack_traces = true, .request_ids = STR("container") } } };
	struct trace_rules r;
	c.trace.sampling.share = share;
	c.trace.sampling.without_id_share = without_id;
	c.trace.sampling.keep_sampled = keep_sampled;
	trace_rules_make(&r, &c);
	return r;
}

static const struct {
	const char *name, *line;
	double share;
	bool keep_sampled, is_kept;
	const char *count; /* of a line that is kept */
} cases[] = {
	{ "all of them", "level=info trace_id=" LOW, 1, false, true, "" },
	{ "above the threshold", "level=info trace_id=" HIGH, 0.01, false, true, "100" },
	{ "below the threshold", "level=info trace_id=" LOW, 0.01, false, false, "" },
	{ "a larger share", "level=info trace_id=" LOW, 0.5, false, true, "2" },
	{ "warnings always", "level=warn trace_id=" LOW, 0.01, false, true, "" },
	{ "errors always", "level=error trace_id=" LOW, 0, false, true, "" },
	{ "no level", "trace_id=" LOW, 0.01, false, false, "" },
	{ "none at all", "level=info trace_id=" HIGH, 0, false, false, "" },
	{ "sampled, when asked", "level=info trace_id=" LOW " trace_flags=01", 0.01, true, true, "" },
	{ "sampled, not asked", "level=info trace_id=" LOW " trace_flags=01", 0.01, false, false, "" },
	{ "not sampled, when asked", "level=info trace_id=" LOW " trace_flags=00", 0.01, true, false, "" },
	{ "the line has randomness of its own", "level=info trace_id=" LOW " tracestate=ot=rv:ffffffffffffff", 0.01, false, true, "100" },
	{ "and it may say no", "level=info trace_id=" HIGH " tracestate=ot=rv:00000000000000", 0.01, false, false, "" },
	{ "without an id", "level=info nothing", 0.01, false, true, "" },
};

START_TEST(lines_are_kept_by_their_trace)
{
	const struct trace_rules rules = rules_of(cases[_i].share, 1, cases[_i].keep_sampled);
	struct record record = { .line = str_of(cases[_i].line), .level = level_detect(str_of(cases[_i].line)) };
	struct memory_line line = { .at = 0 };
	enum level level;
	line_trace_find(&rules, NULL, NULL, &line, &record, &level);
	ck_assert_int_eq(level, record.level);
	bool is_kept = line_trace_keeps(&rules, &record, level);
	ck_assert_msg(is_kept == cases[_i].is_kept, "%s: kept %d", cases[_i].name, is_kept);
	if (is_kept)
		ck_assert_msg(str_eq(record.adjusted_count, str_of(cases[_i].count)), "%s: count " STR_FMT, cases[_i].name, STR_ARG(record.adjusted_count));
}
END_TEST

/* Lines without an id: a share of them, the same ones at every reading. */
START_TEST(lines_without_an_id)
{
	const struct trace_rules rules = rules_of(1, 0.25, false);
	size_t kept = 0;
	char text[32];
	for (int i = 0; i < 8000; i++) {
		struct record record = { .line = { text, (size_t)snprintf(text, sizeof text, "nothing %d", i) }, .timestamp_ns = i };
		bool is_kept = line_trace_keeps(&rules, &record, LEVEL_UNKNOWN);
		struct record again = record;
		ck_assert(line_trace_keeps(&rules, &again, LEVEL_UNKNOWN) == is_kept);
		kept += is_kept;
		if (is_kept)
			ck_assert(str_eq(record.adjusted_count, STR("4")));
		ck_assert(line_trace_keeps(&rules, &record, LEVEL_ERROR));
	}
	ck_assert_msg(kept > 1800 && kept < 2200, "kept %zu of 8000", kept);
}
END_TEST

/* What belongs to an error goes with it, though it says no level of its own. */
START_TEST(stack_traces_stay_whole)
{
	const struct trace_rules rules = rules_of(0.01, 1, false);
	static const struct { const char *line; bool is_kept; } lines[] = { { "ERROR trace_id=" LOW " failed", true },
		{ "java.io.IOException: gone", true }, { "\tat a.B.c(B.java:1)", true }, { "INFO trace_id=" LOW " done", false },
		{ "java.io.IOException: told by INFO", false } };
	struct log_memory *m = log_memory_new(&rules, NULL);
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct record record = { .line = str_of(lines[i].line), .level = level_detect(str_of(lines[i].line)) };
		struct memory_line line = { .at = i, .is_lasting = true };
		enum level level;
		line_trace_find(&rules, NULL, m, &line, &record, &level);
		ck_assert_int_eq(record.trace_result, TRACE_VALID);
		ck_assert_msg(line_trace_keeps(&rules, &record, level) == lines[i].is_kept, "%s: the other way", lines[i].line);
	}
	log_memory_free(m);
}
END_TEST

START_TEST(pods_are_counted)
{
	struct trace_rules rules = rules_of(1, 1, false);
	struct pods_requests pods = { .by_pod = { 0 } };
	ck_assert_ptr_null(pods_requests_use(&pods, &rules, STR("shop"), STR("web-1"), 0));
	rules.over_pods = true;
	struct pod_requests *a = pods_requests_use(&pods, &rules, STR("shop"), STR("web-1"), 0);
	ck_assert_ptr_eq(a, pods_requests_use(&pods, &rules, STR("shop"), STR("web-1"), 0));
	ck_assert_ptr_ne(a, pods_requests_use(&pods, &rules, STR("shop"), STR("web-1"), 1));
	ck_assert_ptr_ne(a, pods_requests_use(&pods, &rules, STR("shop"), STR("web-2"), 0));
	pod_requests_leave(a);
	pods_requests_expire(&pods);
	ck_assert_uint_eq(pods.by_pod.count, 3);
	pod_requests_leave(a);
	pods_requests_expire(&pods);
	ck_assert_uint_eq(pods.by_pod.count, 2);
	pods_requests_fini(&pods);
}
END_TEST

START_TEST(off_costs_nothing)
{
	struct trace_rules rules = rules_of(1, 1, false);
	ck_assert(!rules.is_sampling);
	rules.stack_traces = rules.request_ids = false;
	ck_assert_ptr_null(log_memory_new(&rules, NULL));
	rules.find = false;
	struct record record = { .line = STR("trace_id=" LOW) };
	struct memory_line line = { .at = 0 };
	enum level level;
	ck_assert_int_eq(line_trace_find(&rules, NULL, NULL, &line, &record, &level), TRACE_NONE);
	ck_assert_int_eq(record.trace_result, TRACE_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("line_trace");
	TCase *tests = tcase_create("all");
	tcase_add_loop_test(tests, lines_are_kept_by_their_trace, 0, COUNT_OF(cases));
	tcase_add_test(tests, lines_without_an_id);
	tcase_add_test(tests, stack_traces_stay_whole);
	tcase_add_test(tests, pods_are_counted);
	tcase_add_test(tests, off_costs_nothing);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
