/* --metrics.compat=promtail: names, types and labels as Promtail 3.5 shows them, with our values; bounded. */
#include "agent/exposition/exposition.h"

#include <check.h>

#include "tests/unit/agent/fake_status.h"

static struct fake *fake;
static struct buf out;

static const char *page(bool is_openmetrics)
{
	buf_init(&out, 8 << 20);
	exposition_self(&fake->status, &out, is_openmetrics);
	exposition_end(&out, is_openmetrics);
	buf_char(&out, '\0');
	ck_assert(!out.is_full);
	return out.p;
}

static void setup(void)
{
	fake = fake_new();
	fake->status.promtail_names = true;
}

static void teardown(void)
{
	buf_fini(&out);
	fake_free(fake);
}

static const char *const wants[] = {
	"# TYPE promtail_read_bytes_total gauge\n", "# TYPE promtail_file_bytes_total gauge\n", "# TYPE promtail_read_lines_total counter\n",
	"# TYPE promtail_files_active_total gauge\n", "# TYPE promtail_targets_active_total gauge\n", "# TYPE promtail_encoded_bytes_total counter\n",
	"promtail_read_lines_total{path=\"/var/log/pods/shop_checkout-6d4b75cb6d-00000_0c9e5a3e-5d0c-4c55-8f0b-000000000000/server/0.log\"} 100\n",
	"promtail_sent_bytes_total{host=\"loki:3100\"} 900\n", "promtail_encoded_bytes_total{host=\"loki:3100\"} 1000\n",
	"promtail_sent_entries_total{host=\"loki:3100\"} 1234527\n",
	"promtail_dropped_entries_total{host=\"logs.example.com\",reason=\"rate_limited\",tenant=\"team-a\"} 3\n",
	"promtail_dropped_entries_total{host=\"logs.example.com\",reason=\"ingester_error\",tenant=\"team-a\"} 7\n",
	"promtail_dropped_entries_total{host=\"logs.example.com\",reason=\"stream_limited\",tenant=\"team-a\"} 0\n",
	"promtail_dropped_bytes_total{host=\"loki:3100\",reason=\"line_too_long\",tenant=\"\"} 0\n",
	"promtail_mutated_entries_total{host=\"loki:3100\",reason=\"line_too_long\",tenant=\"\"} 2\n",
	"promtail_batch_retries_total{host=\"logs.example.com\",tenant=\"team-a\"} 4\n",
	"# TYPE promtail_request_duration_seconds histogram\n",
	"promtail_request_duration_seconds_bucket{host=\"loki:3100\",le=\"0.005\",status_code=\"204\"} 1\n",
	"promtail_request_duration_seconds_bucket{host=\"loki:3100\",le=\"0.25\",status_code=\"204\"} 2\n",
	"promtail_request_duration_seconds_bucket{host=\"loki:3100\",le=\"+Inf\",status_code=\"204\"} 3\n",
	"promtail_request_duration_seconds_count{host=\"loki:3100\",status_code=\"204\"} 3\n",
	"promtail_request_duration_seconds_count{host=\"loki:3100\",status_code=\"-1\"} 1\n",
	"promtail_config_reload_success_total 1\n", "promtail_config_reload_fail_total 0\n", "promtail_build_info{branch=\"\",",
};

START_TEST(names_and_values)
{
	const char *text = page(false);
	for (size_t i = 0; i < COUNT_OF(wants); i++)
		ck_assert_msg(strstr(text, wants[i]) != NULL, "want %s in\n%s", wants[i], strstr(text, "promtail_"));
	ck_assert(strstr(text, "\nspoor_log_lines_read_total ") != NULL);
}
END_TEST

START_TEST(openmetrics_has_points_in_bounds)
{
	const char *text = page(true);
	ck_assert(strstr(text, "le=\"1.0\",status_code=\"204\"") && strstr(text, "le=\"0.005\",") && !strstr(text, "le=\"1\""));
}
END_TEST

START_TEST(only_when_asked)
{
	fake->status.promtail_names = false;
	ck_assert_ptr_null(strstr(page(false), "promtail_"));
}
END_TEST

START_TEST(paths_are_bounded)
{
	fake->file_count = 3 * 3000;
	const char *text = page(false);
	size_t rows = 0;
	for (const char *p = text; (p = strstr(p, "\npromtail_read_lines_total{")) != NULL; p++)
		rows++;
	ck_assert_uint_eq(rows, 2001);
	ck_assert(strstr(text, "promtail_read_lines_total{path=\"__overflow__\"}") != NULL);
}
END_TEST

/* Two destinations at one host are one to Promtail. */
START_TEST(one_host_is_one_row)
{
	fake->is_one_host = true;
	const char *text = page(false);
	ck_assert_ptr_nonnull(strstr(text, "promtail_encoded_bytes_total{host=\"loki:3100\"} 2000\n"));
	ck_assert_ptr_nonnull(strstr(text, "promtail_request_duration_seconds_count{host=\"loki:3100\",status_code=\"204\"} 6\n"));
	ck_assert_ptr_nonnull(strstr(text, "promtail_batch_retries_total{host=\"loki:3100\",tenant=\"team-a\"} 4\n"));
	ck_assert_ptr_null(strstr(text, "logs.example.com\",tenant"));
}
END_TEST

static const struct stage_drops *dropped_by_stages(void *ctx, size_t i)
{
	static struct stage_drops drops[2];
	(void)ctx;
	if (drops[0].count == 0) {
		for (int k = 0; k < 5; k++) {
			stage_drops_count(&drops[1], STR("health"), 2); /* entries of two lines */
			if (k < 3)
				stage_drops_count(&drops[0], STR("health"), 2);
		}
		stage_drops_count(&drops[1], STR("drop_stage"), 1);
	}
	return &drops[i];
}

/* Two destinations, one of which is behind: entries, not lines, each once. */
START_TEST(what_stages_drop)
{
	fake->status.stage_drops = dropped_by_stages;
	const char *text = page(false);
	ck_assert_ptr_nonnull(strstr(text, "# TYPE logentry_dropped_lines_total counter\nlogentry_dropped_lines_total{reason=\"health\"} 5\n"
					   "logentry_dropped_lines_total{reason=\"drop_stage\"} 1\n"));
	ck_assert_ptr_null(strstr(strstr(text, "reason=\"drop_stage\"") + 1, "logentry_"));
}
END_TEST

START_TEST(promtool_agrees)
{
	if (system("command -v promtool >/dev/null 2>&1") != 0) {
		ck_assert_msg(!getenv("CI"), "promtool is missing: tests/setup.sh tests installs it");
		fprintf(stderr, "promtool is not installed: its check of the metrics was NOT made; tests/setup.sh tests installs it\n");
		return;
	}
	/* What it says of names (gauges that end in _total) is Promtail's own: an error is something else. */
	page(false);
	FILE *f = popen("promtool check metrics >/dev/null 2>&1; code=$?; test $code -eq 0 || test $code -eq 3", "w");
	ck_assert_ptr_nonnull(f);
	fwrite(out.p, 1, out.n - 1, f);
	ck_assert_int_eq(pclose(f), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("promtail_names");
	TCase *tests = tcase_create("all");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, names_and_values);
	tcase_add_test(tests, openmetrics_has_points_in_bounds);
	tcase_add_test(tests, only_when_asked);
	tcase_add_test(tests, paths_are_bounded);
	tcase_add_test(tests, one_host_is_one_row);
	tcase_add_test(tests, what_stages_drop);
	tcase_add_test(tests, promtool_agrees);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
