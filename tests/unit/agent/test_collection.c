/* The command line of collectors, and requests: shared rounds, deadlines, unknown names, cancelling. */
#include "agent/collectors/collection.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/os.h"

static const struct roots roots = { .proc = "/proc", .sys = "/sys", .rootfs = "", .udev_data = "/run/udev/data", .cgroup = "/sys/fs/cgroup",
	.pod_logs = "/nonexistent", .runtime_state = "/nonexistent" };

static const struct {
	const char *name, *flags[3], *want; /* want: part of the error, NULL: none */
} lines[] = {
	{ "nothing", { NULL }, NULL },
	{ "on and off", { "collector.cpu", "no-collector.meminfo", "no-collector.disable-defaults" }, NULL },
	{ "with its dashes", { "--collector.cpu", "--no-collector.loadavg" }, NULL },
	{ "an option", { "collector.vmstat.fields=^pg", "collector.cpu.guest", "no-collector.cpu.info" }, NULL },
	{ "a switch with a value", { "collector.cpu.guest=false", "collector.cpu=true" }, NULL },
	{ "an empty value", { "collector.diskstats.device-exclude=" }, NULL },
	{ "an include beside the default exclude", { "collector.diskstats.device-include=sda" }, NULL },
	{ "a value with a point and an equals sign", { "collector.filesystem.mount-points-exclude=^/a.b=c$" }, NULL },
	{ "names that differ in node_exporter", { "collector.powersupply.ignored-supplies=^BAT", "collector.qdisk.device-include=eth0" }, NULL },
	{ "but for flags with options only", { "collector.powersupply" }, "unknown collector \"powersupply\"" },
	{ "unknown collector", { "collector.cpux" }, "unknown collector \"cpux\", did you mean \"cpu\"?" },
	{ "unknown far", { "collector.qqqqqqqqqqqq" }, "unknown collector \"qqqqqqqqqqqq\"" },
	{ "unknown option", { "collector.vmstat.field=x" }, "unknown option of collector vmstat \"field\", did you mean \"fields\"?" },
	{ "option of a collector without", { "collector.uname.x=1" }, "unknown option of collector uname \"x\"" },
	{ "no value", { "collector.vmstat.fields" }, "needs a value" },
	{ "no-, but no switch", { "no-collector.vmstat.fields=x" }, "needs a value" },
	{ "a switch that is neither", { "collector.cpu.guest=maybe" }, "true or false" },
	{ "a collector with a value", { "collector.cpu=maybe" }, "--no-collector.NAME" },
	{ "another flag", { "web.listen-address=:1" }, "is no flag of a collector" },
	{ "a bad pattern", { "collector.vmstat.fields=(" }, "collector vmstat: " },
	{ "both filters", { "collector.diskstats.device-include=a", "collector.diskstats.device-exclude=b" }, "mutually exclusive" },
	{ "a bad duration", { "collector.filesystem.mount-timeout=soon" }, "no duration" },
};

START_TEST(command_lines)
{
	char err[256] = "";
	struct loop *loop = loop_new();
	size_t count = 0;
	while (count < COUNT_OF(lines[_i].flags) && lines[_i].flags[count])
		count++;
	struct collection *c = collection_new(
		&(struct collection_options){ .roots = roots, .flags = lines[_i].flags, .flag_count = count, .loop = loop }, err);
	ck_assert_msg((c == NULL) == (lines[_i].want != NULL), "%s: \"%s\"", lines[_i].name, err);
	if (lines[_i].want)
		ck_assert_msg(strstr(err, lines[_i].want) != NULL, "%s: got \"%s\"", lines[_i].name, err);
	collection_free(c);
	loop_free(loop);
}
END_TEST

struct asker {
	struct loop *loop;
	struct collection *collection;
	int answers, expected;
	char error[256];
	struct buf page;
	bool asks_again;
};
static const char *const few[] = { "collector.disable-defaults", "collector.loadavg", "collector.uname", "collector.sysctl",
	"no-collector.sysctl" };

static void on_answer(void *ctx, struct str text, const char *error)
{
	struct asker *a = ctx;
	buf_reset(&a->page);
	buf_str(&a->page, text);
	snprintf(a->error, sizeof a->error, "%s", error ? error : "");
	if (a->asks_again) {
		a->asks_again = false;
		collection_run(a->collection, &(struct collect_request){ .parts = COLLECT_NODE }, INT64_MAX, on_answer, a);
	}
	/* The text must still be what it was: nothing runs before all have it. */
	ck_assert(str_eq(buf_view(&a->page), text) || error);
	if (++a->answers == a->expected)
		loop_stop(a->loop);
}

static void asker_make(struct asker *a)
{
	char err[256] = "";
	*a = (struct asker){ .loop = loop_new(), .expected = 1 };
	buf_init(&a->page, 1 << 22);
	a->collection = collection_new(
		&(struct collection_options){ .roots = roots, .flags = few, .flag_count = COUNT_OF(few), .loop = a->loop }, err);
	ck_assert_msg(a->collection != NULL, "%s", err);
}

static void asker_end(struct asker *a)
{
	collection_free(a->collection);
	loop_free(a->loop);
	buf_fini(&a->page);
}

static bool has(const struct asker *a, const char *text)
{
	return memmem(a->page.p ? a->page.p : "", a->page.n, text, strlen(text)) != NULL;
}

START_TEST(a_page)
{
	struct asker a;
	asker_make(&a);
	collection_run(a.collection, &(struct collect_request){ .parts = COLLECT_NODE }, INT64_MAX, on_answer, &a);
	loop_run(a.loop);
	ck_assert_str_eq(a.error, "");
	ck_assert(has(&a, "node_load1 ") && has(&a, "node_uname_info{") && has(&a, "node_exporter_build_info{"));
	ck_assert(has(&a, "node_scrape_collector_success{collector=\"uname\"} 1"));
	ck_assert(!has(&a, "node_memory") && !has(&a, "# EOF"));
	ck_assert(collection_has(a.collection, STR("meminfo")) && !collection_has(a.collection, STR("nonsense")));
	asker_end(&a);
}
END_TEST

static const struct {
	const char *name;
	struct str only, except;
	bool is_openmetrics;
	const char *want, *without, *error;
} requests[] = {
	{ "one", { "uname", 5 }, { NULL, 0 }, false, "node_uname_info", "node_load1", "" },
	{ "all but one", { NULL, 0 }, { "uname", 5 }, true, "node_load1", "node_uname_info", "" },
	{ "all but an unknown one", { NULL, 0 }, { "unam", 4 }, false, "node_load1", "# EOF", "" },
	{ "an unknown one", { "unam", 4 }, { NULL, 0 }, false, "", "node", "unknown collector \"unam\", did you mean \"uname\"?" },
	{ "one that is off", { "sysctl", 6 }, { NULL, 0 }, false, "", "node", "collector \"sysctl\" is disabled" },
	{ "both", { "uname", 5 }, { "loadavg", 7 }, false, "", "node", "collect[] and exclude[] cannot be combined" },
};

START_TEST(filters)
{
	struct asker a;
	asker_make(&a);
	struct collect_request r = { .parts = COLLECT_NODE, .is_openmetrics = requests[_i].is_openmetrics, .only = &requests[_i].only,
		.only_count = requests[_i].only.n > 0, .except = &requests[_i].except, .except_count = requests[_i].except.n > 0 };
	collection_run(a.collection, &r, INT64_MAX, on_answer, &a);
	ck_assert_msg(a.answers == 0, "%s: an answer came from inside", requests[_i].name);
	loop_run(a.loop);
	ck_assert_msg(strcmp(a.error, requests[_i].error) == 0, "%s: got \"%s\"", requests[_i].name, a.error);
	ck_assert_msg(has(&a, requests[_i].want) && !has(&a, requests[_i].without), "%s", requests[_i].name);
	asker_end(&a);
}
END_TEST

START_TEST(many_at_once_and_again)
{
	struct asker a;
	asker_make(&a);
	a.expected = 31;
	a.asks_again = true;
	struct str only = STR("uname");
	for (int i = 0; i < 30; i++)
		collection_run(a.collection, &(struct collect_request){ .parts = COLLECT_NODE, .only = &only, .only_count = i % 2 },
			INT64_MAX, on_answer, &a);
	loop_run(a.loop);
	ck_assert_int_eq(a.answers, 31);
	ck_assert_str_eq(a.error, "");
	asker_end(&a);
}
END_TEST

START_TEST(a_deadline_that_has_passed)
{
	struct asker a;
	asker_make(&a);
	collection_run(a.collection, &(struct collect_request){ .parts = COLLECT_NODE }, os_now_ns() - 1, on_answer, &a);
	loop_run(a.loop);
	ck_assert_ptr_nonnull(strstr(a.error, "takes longer"));
	ck_assert_int_eq(a.answers, 1);
	asker_end(&a);
}
END_TEST

START_TEST(cancelled_requests_are_silent)
{
	struct asker a, b;
	asker_make(&a);
	b = a;
	b.page = (struct buf){ 0 };
	collection_run(a.collection, &(struct collect_request){ .parts = COLLECT_NODE }, INT64_MAX, on_answer, &b);
	collection_run(a.collection, &(struct collect_request){ .parts = COLLECT_NODE }, INT64_MAX, on_answer, &a);
	collection_cancel(a.collection, &b);
	loop_run(a.loop);
	ck_assert_int_eq(a.answers, 1);
	ck_assert_int_eq(b.answers, 0);
	/* And one that is under way when everything ends. */
	collection_run(a.collection, &(struct collect_request){ .parts = COLLECT_NODE }, INT64_MAX, on_answer, &a);
	asker_end(&a);
}
END_TEST

START_TEST(help_names_everybody)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	collection_help(&out);
	buf_char(&out, '\0');
	ck_assert_ptr_nonnull(strstr(out.p, "--[no-]collector.cpu  (on)\n"));
	ck_assert_ptr_nonnull(strstr(out.p, "--[no-]collector.interrupts  (off)\n"));
	ck_assert_ptr_nonnull(strstr(out.p, "--collector.vmstat.fields=^(oom_kill|"));
	ck_assert_ptr_nonnull(strstr(out.p, "--[no-]collector.cpu.guest  (on)\n"));
	buf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("collection");
	TCase *tests = tcase_create("all");
	tcase_add_loop_test(tests, command_lines, 0, COUNT_OF(lines));
	tcase_add_test(tests, a_page);
	tcase_add_loop_test(tests, filters, 0, COUNT_OF(requests));
	tcase_add_test(tests, many_at_once_and_again);
	tcase_add_test(tests, a_deadline_that_has_passed);
	tcase_add_test(tests, cancelled_requests_are_silent);
	tcase_add_test(tests, help_names_everybody);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
