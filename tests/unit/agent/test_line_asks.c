/* What pods ask for their lines, over the whole path from files to the ring of newest records: stack traces, rate, parser, trace key; known
 * before, changed while lines are read, over a restart, and junk. */
#include "tests/unit/agent/log_rig.h"

#define ANNOTATED(name, value)                                                                                                      \
	"{\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"shop\",\"name\":\"cart\",\"uid\":\"u-1\",\"annotations\":{\"" name "\":\"" value     \
	"\"}},\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":\"web\"},{\"name\":\"side\"}]}}"
#define ALL "kubernetes: { pod_annotations: [exclude, stack_traces, parser, rate, trace_key] }\n"
#define WEB "pods/shop_cart_u-1/web/0.log"
#define AT(second, line) "2026-11-21T09:00:0" #second ".000000001Z stdout F " line "\n"
#define SHOWN(line) "{container=\"web\", namespace=\"shop\", pod=\"cart\", stream=\"stdout\"} " line "\n"
#define TRACE(n) AT(n, "ERROR " #n) AT(n, "java.lang.Error: gone") AT(n, "\tat a.B(C.java:3)")
#define WHOLE(n) SHOWN("ERROR " #n "\njava.lang.Error: gone\n\tat a.B(C.java:3)")
#define IN_LINES(n) SHOWN("\tat a.B(C.java:3)") SHOWN("ERROR " #n) SHOWN("java.lang.Error: gone")
#define ID "4bf92f3577b34da6a3ce929d0e0e4736"

static void begin(struct rig *r, const char *pod, const char *yaml)
{
	make(r);
	r->pods = node_pods_new(60000);
	node_pods_set_state(r->pods, NODE_PODS_ASKING);
	put_pod(r, pod);
	start(r, yaml);
}

static struct status status_of(struct rig *r, uint64_t *pending, struct destination_status *lane)
{
	struct status status = { 0 };
	pipeline_status(r->pipeline, &status);
	status.destination(status.ctx, 0, lane, pending);
	return status;
}

/* Every line that was read is sent, dropped or pending. */
static void check_ledger(struct rig *r, uint64_t read, uint64_t over_rate)
{
	struct destination_status lane;
	uint64_t pending, dropped = 0;
	struct status status = status_of(r, &pending, &lane);
	for (size_t i = 0; i < DROP_REASONS; i++)
		dropped += lane.lines_dropped[i];
	ck_assert_uint_eq(status.counters->lines_read, read);
	ck_assert_uint_eq(lane.lines_sent + dropped + pending, read);
	ck_assert_uint_eq(lane.lines_dropped[DROP_POD_RATE], over_rate);
}

START_TEST(stack_traces)
{
	struct rig r;
	begin(&r, ANNOTATED("spoor.io/logs.stack_traces-web", "true"), ALL);
	append(&r, WEB, TRACE(1) TRACE(2));
	append(&r, "pods/shop_cart_u-1/side/0.log", AT(1, "ERROR") AT(1, "java.lang.Error: gone"));
	want_only(&r, "{container=\"side\", namespace=\"shop\", pod=\"cart\", stream=\"stdout\"} ERROR\n"
		      "{container=\"side\", namespace=\"shop\", pod=\"cart\", stream=\"stdout\"} java.lang.Error: gone\n" WHOLE(1) WHOLE(2));
	check_ledger(&r, 8, 0);
	unmake(&r);
}
END_TEST

/* The job's pipeline stays the same one for all of its logs, with our stage or without. */
START_TEST(stack_traces_in_front_of_stages)
{
	static const char stages[] = ALL "logs: { scrape_configs: [{ job_name: pods, kubernetes_sd_configs: [{ role: pod }], pipeline_stages: [\n"
					 "  { cri: {} }, { replace: { expression: '(gone)', replace: here } }, { drop: { expression: 'ERROR 2' } }] }] }\n";
	struct rig r;
	begin(&r, ANNOTATED("a", "b"), stages);
	append(&r, WEB, TRACE(1));
	want(&r, SHOWN("\tat a.B(C.java:3)") SHOWN("ERROR 1") SHOWN("java.lang.Error: here"));
	put_pod(&r, ANNOTATED("spoor.io/logs.stack_traces", "true"));
	pass(&r, 100);
	append(&r, WEB, TRACE(2) TRACE(3));
	want_only(&r, SHOWN("\tat a.B(C.java:3)") SHOWN("ERROR 1") SHOWN("ERROR 3\njava.lang.Error: here\n\tat a.B(C.java:3)") SHOWN("java.lang.Error: here"));
	check_ledger(&r, 9, 0);
	unmake(&r);
}
END_TEST

START_TEST(a_pod_may_leave_its_job)
{
	struct rig r;
	begin(&r, ANNOTATED("spoor.io/logs.stack_traces", "false"), ALL "logs: { stack_traces: true }\n");
	append(&r, WEB, TRACE(1));
	want_only(&r, IN_LINES(1));
	unmake(&r);
}
END_TEST

START_TEST(changed_in_the_middle_of_a_trace)
{
	struct rig r;
	begin(&r, ANNOTATED("spoor.io/logs.stack_traces", "true"), ALL);
	append(&r, WEB, AT(1, "ERROR 1") AT(1, "java.lang.Error: gone"));
	pass(&r, 200); /* read and held */
	check_ledger(&r, 2, 0);
	put_pod(&r, ANNOTATED("a", "b"));
	want(&r, SHOWN("ERROR 1\njava.lang.Error: gone"));
	append(&r, WEB, AT(1, "\tat a.B(C.java:3)"));
	want_only(&r, SHOWN("\tat a.B(C.java:3)") SHOWN("ERROR 1\njava.lang.Error: gone"));
	check_ledger(&r, 3, 0);
	unmake(&r);
}
END_TEST

/* A line has begun that is not whole: it goes the way on which its first piece came. */
START_TEST(changed_in_the_middle_of_a_line)
{
	struct rig r;
	begin(&r, ANNOTATED("a", "b"), ALL);
	append(&r, WEB, "2026-11-21T09:00:01.000000001Z stdout P ERR\n");
	pass(&r, 200);
	put_pod(&r, ANNOTATED("spoor.io/logs.stack_traces", "true"));
	pass(&r, 100);
	append(&r, WEB, AT(1, "OR 1"));
	want(&r, SHOWN("ERROR 1"));
	append(&r, WEB, TRACE(2));
	want_only(&r, SHOWN("ERROR 1") WHOLE(2));
	check_ledger(&r, 4, 0);
	unmake(&r);
}
END_TEST

START_TEST(over_a_restart)
{
	struct rig r;
	begin(&r, ANNOTATED("spoor.io/logs.stack_traces", "true"), ALL);
	append(&r, WEB, TRACE(1));
	want(&r, WHOLE(1));
	append(&r, WEB, AT(2, "ERROR 2") AT(2, "java.lang.Error: gone"));
	pass(&r, 200);
	stop(&r);
	append(&r, WEB, AT(2, "\tat a.B(C.java:3)"));
	start(&r, ALL);
	want_only(&r, WHOLE(2));
	unmake(&r);
}
END_TEST

START_TEST(rate)
{
	struct rig r;
	begin(&r, ANNOTATED("spoor.io/logs.rate", "2"), ALL);
	append(&r, WEB, AT(1, "a") AT(1, "b") AT(1, "c") AT(1, "d") AT(2, "e") AT(1, "late") AT(3, "f") AT(3, "g") AT(3, "h"));
	want_only(&r, SHOWN("a") SHOWN("b") SHOWN("e") SHOWN("f") SHOWN("g") SHOWN("late"));
	check_ledger(&r, 9, 3);
	put_pod(&r, ANNOTATED("spoor.io/logs.rate", "1000000"));
	pass(&r, 100);
	append(&r, WEB, AT(4, "i") AT(4, "j") AT(4, "k"));
	want_only(&r, SHOWN("a") SHOWN("b") SHOWN("e") SHOWN("f") SHOWN("g") SHOWN("i") SHOWN("j") SHOWN("k") SHOWN("late"));
	check_ledger(&r, 12, 3);
	unmake(&r);
}
END_TEST

static const struct { const char *name, *value, *line; enum level level; enum trace_result trace; } lines[] = {
	{ "a", "b", "ERROR trace_id=" ID, LEVEL_ERROR, TRACE_VALID },
	{ "spoor.io/logs.parser", "none", "ERROR trace_id=" ID, LEVEL_UNKNOWN, TRACE_NONE },
	{ "spoor.io/logs.parser", "json", "ERROR trace_id=" ID, LEVEL_UNKNOWN, TRACE_NONE },
	{ "spoor.io/logs.parser", "json", "{\"level\":\"warn\",\"trace_id\":\"" ID "\"}", LEVEL_WARN, TRACE_VALID },
	{ "spoor.io/logs.parser", "logfmt", "ERROR trace_id=" ID, LEVEL_UNKNOWN, TRACE_VALID },
	{ "spoor.io/logs.parser", "logfmt", "level=warn trace_id=" ID, LEVEL_WARN, TRACE_VALID },
	{ "spoor.io/logs.parser", "xml", "ERROR trace_id=" ID, LEVEL_ERROR, TRACE_VALID },
	{ "a", "b", "INFO corr=" ID, LEVEL_INFO, TRACE_NONE },
	{ "spoor.io/logs.trace_key", "corr", "INFO corr=" ID, LEVEL_INFO, TRACE_VALID },
	{ "spoor.io/logs.trace_key-web", "corr", "INFO corr=" ID, LEVEL_INFO, TRACE_VALID },
	{ "spoor.io/logs.trace_key-side", "corr", "INFO corr=" ID, LEVEL_INFO, TRACE_NONE },
};

START_TEST(line)
{
	struct rig r;
	char pod[1024];
	snprintf(pod, sizeof pod, ANNOTATED("%s", "%s"), lines[_i].name, lines[_i].value);
	begin(&r, pod, ALL);
	append(&r, WEB, "2026-11-21T09:00:01.000000001Z stdout F ");
	append(&r, WEB, lines[_i].line);
	append(&r, WEB, "\n");
	for (int ms = 0; ms < PATIENCE_MS && !*read_so_far(&r); ms += 20)
		pass(&r, 20);
	struct destination_status lane;
	uint64_t pending, cursor = 0;
	struct status status = status_of(&r, &pending, &lane);
	struct ring_entry e;
	ck_assert(ring_next(status.ring, &cursor, &e));
	ck_assert_msg(e.record.level == lines[_i].level, "%s: got level %s", lines[_i].line, level_names[e.record.level]);
	ck_assert_msg((e.record.trace_result == TRACE_VALID) == (lines[_i].trace == TRACE_VALID), "%s: trace %d", lines[_i].line, e.record.trace_result);
	unmake(&r);
}
END_TEST

START_TEST(junk_has_no_effect_and_is_counted)
{
	struct rig r;
	begin(&r, ANNOTATED("spoor.io/logs.rate", "lots"), ALL);
	append(&r, WEB, AT(1, "a") AT(1, "b"));
	want(&r, SHOWN("a") SHOWN("b"));
	struct destination_status lane;
	uint64_t pending;
	struct status status = status_of(&r, &pending, &lane);
	ck_assert_uint_eq(status.counters->annotations_ignored, 1);
	for (int i = 0; i < 20; i++) { /* the same again is no news */
		put_pod(&r, ANNOTATED("spoor.io/logs.rate", "lots"));
		pass(&r, 10);
	}
	status = status_of(&r, &pending, &lane);
	ck_assert_uint_eq(status.counters->annotations_ignored, 1);
	check_ledger(&r, 2, 0);
	unmake(&r);
}
END_TEST

START_TEST(not_allowed)
{
	struct rig r;
	begin(&r, ANNOTATED("spoor.io/logs.rate", "1"), "{}\n");
	append(&r, WEB, AT(1, "a") AT(1, "b"));
	want_only(&r, SHOWN("a") SHOWN("b"));
	check_ledger(&r, 2, 0);
	unmake(&r);
}
END_TEST

static void on_target(void *ctx, const struct tail_target *t)
{
	snprintf(ctx, 256, "%s", t->asks);
}

START_TEST(shown_to_people)
{
	struct rig r;
	char asks[256] = "";
	begin(&r, "{\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"shop\",\"name\":\"cart\",\"uid\":\"u-1\",\"annotations\":{"
		  "\"spoor.io/logs.rate\":\"7\",\"spoor.io/logs.stack_traces\":\"true\",\"spoor.io/logs.parser\":\"json\","
		  "\"spoor.io/logs.trace_key\":\"corr\",\"spoor.io/logs.color\":\"red\"}},\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":\"web\"}]}}", ALL);
	append(&r, WEB, AT(1, "a"));
	want(&r, SHOWN("a"));
	struct status status = { 0 };
	pipeline_status(r.pipeline, &status);
	status.each_log_target(status.ctx, 10, on_target, asks);
	ck_assert_str_eq(asks, "stack_traces: true, parser: json, rate: 7, trace_key: corr, not understood: spoor.io/logs.color");
	unmake(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("line_asks");
	TCase *c = tcase_create("line_asks");
	tcase_set_timeout(c, 240);
	tcase_add_test(c, stack_traces);
	tcase_add_test(c, stack_traces_in_front_of_stages);
	tcase_add_test(c, a_pod_may_leave_its_job);
	tcase_add_test(c, changed_in_the_middle_of_a_trace);
	tcase_add_test(c, changed_in_the_middle_of_a_line);
	tcase_add_test(c, over_a_restart);
	tcase_add_test(c, rate);
	tcase_add_loop_test(c, line, 0, (int)COUNT_OF(lines));
	tcase_add_test(c, junk_has_no_effect_and_is_counted);
	tcase_add_test(c, not_allowed);
	tcase_add_test(c, shown_to_people);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
