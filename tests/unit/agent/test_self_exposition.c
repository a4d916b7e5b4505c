/* The agent's own metrics: the ledger balances, the formats' rules are kept, every enumerated reason is there. */
#include "agent/exposition/exposition.h"

#include <check.h>

#include "tests/unit/agent/fake_status.h"

static struct fake *fake;
static struct buf out;

static void make(bool openmetrics)
{
	buf_init(&out, 4 << 20);
	exposition_self(&fake->status, &out, openmetrics);
	exposition_end(&out, openmetrics);
	buf_char(&out, 0);
	ck_assert(!out.is_full);
}

static void setup(void)
{
	fake = fake_new();
}

static void teardown(void)
{
	buf_fini(&out);
	fake_free(fake);
}

/* Value of the sample that starts with `series `; -1 when it is not there. */
static double value_of(const char *series)
{
	size_t n = strlen(series);
	for (const char *p = out.p; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (strncmp(p, series, n) == 0 && p[n] == ' ')
			return strtod(p + n, NULL);
	return -1;
}

static double sum_of(const char *prefix)
{
	double sum = 0;
	size_t n = strlen(prefix);
	for (const char *p = out.p; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (strncmp(p, prefix, n) == 0)
			sum += strtod(strchr(p, '}') + 1, NULL);
	return sum;
}

static void must_balance(const char *destination)
{
	char sent[128], dropped[128], pending[128];
	snprintf(sent, sizeof sent, "spoor_log_lines_sent_total{destination=\"%s\"}", destination);
	snprintf(pending, sizeof pending, "spoor_log_lines_pending{destination=\"%s\"}", destination);
	snprintf(dropped, sizeof dropped, "spoor_log_lines_dropped_total{destination=\"%s\",", destination);
	double read = value_of("spoor_log_lines_read_total"), sum = value_of(sent) + value_of(pending) + sum_of(dropped);
	ck_assert_msg(read == sum, "%s: read %.0f, sent + pending + dropped %.0f", destination, read, sum);
}

START_TEST(ledger_balances_for_each_destination)
{
	make(false);
	must_balance("loki:3100");
	must_balance("eu \\\"backup\\\"\\\\\\n");
}
END_TEST

START_TEST(ledger_balances_with_the_ring_alone)
{
	fake->status.destination_count = 0;
	make(false);
	must_balance("ring");
}
END_TEST

static const struct sample {
	const char *series;
	double want;
} samples[] = {
	{ "spoor_build_info{version=\"" SPOOR_VERSION "\",revision=\"unknown\"}", 1 },
	{ "spoor_log_bytes_read_total", 345678901 },
	{ "spoor_log_lag_seconds", 42.5 },
	{ "spoor_log_bytes_lost_total{reason=\"truncated\"}", 4096 },
	{ "spoor_log_bytes_lost_total{reason=\"deleted_unread\"}", 0 },
	{ "spoor_trace_lines_total{namespace=\"shop\",result=\"valid\"}", 1000000 },
	{ "spoor_trace_lines_total{namespace=\"shop\",result=\"zero\"}", 0 },
	{ "spoor_trace_lines_total{namespace=\"\",result=\"zero\"}", 567 },
	{ "spoor_log_files_rotated_total", 5 },
	{ "spoor_checkpoint_writes_total", 77 },
	{ "spoor_inotify_watches", 25 },
	{ "spoor_inotify_polling", 0 },
	{ "spoor_ready", 1 },
	{ "spoor_degraded", 0 },
	{ "spoor_config_reloads_total{result=\"success\"}", 1 },
	{ "spoor_config_hash", 0xbeefcafef00d },
	{ "spoor_destination_state{destination=\"loki:3100\",state=\"sending\"}", 1 },
	{ "spoor_destination_state{destination=\"loki:3100\",state=\"backoff\"}", 0 },
	{ "spoor_destination_up{destination=\"loki:3100\"}", 1 },
	{ "spoor_destination_up{destination=\"eu \\\"backup\\\"\\\\\\n\"}", 0 },
	{ "spoor_destination_retry_delay_seconds{destination=\"eu \\\"backup\\\"\\\\\\n\"}", 3.5 },
	{ "spoor_destination_last_success_timestamp_seconds{destination=\"loki:3100\"}", 1795255199.7 },
	{ "spoor_destination_requests_total{destination=\"loki:3100\",code=\"4xx\"}", 9 },
	{ "spoor_destination_requests_total{destination=\"loki:3100\",code=\"none\"}", 1 },
	{ "spoor_destination_splits_total{destination=\"loki:3100\"}", 2 },
	{ "process_start_time_seconds", 1795248000 },
};

START_TEST(sample)
{
	make(false);
	double got = value_of(samples[_i].series);
	ck_assert_msg(got == samples[_i].want, "%s: got %.9f, want %.9f", samples[_i].series, got, samples[_i].want);
}
END_TEST

START_TEST(the_process_is_measured)
{
	make(false);
	ck_assert(value_of("process_cpu_seconds_total") >= 0);
	ck_assert(value_of("process_resident_memory_bytes") > 100000);
	ck_assert(value_of("process_open_fds") >= 3);
	ck_assert(value_of("process_max_fds") >= value_of("process_open_fds"));
}
END_TEST

/* Each family: HELP, TYPE, then its samples in one run; each name once; OpenMetrics counters are declared without _total. */
START_TEST(families_are_contiguous)
{
	char seen[128][96], family[96] = "", name[96];
	int count = 0;
	make(_i);
	for (char *line = out.p, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = 0;
		if (sscanf(line, "# HELP %95s", name) == 1) {
			for (int i = 0; i < count; i++)
				ck_assert_msg(strcmp(seen[i], name) != 0, "%s: declared twice", name);
			ck_assert_int_lt(count, 128);
			snprintf(seen[count++], sizeof seen[0], "%s", name);
			snprintf(family, sizeof family, "%s", name);
			ck_assert_msg(strchr(strchr(line + 7, ' ') + 1, ' ') != NULL, "%s: no help", name);
		} else if (sscanf(line, "# TYPE %95s", name) == 1) {
			ck_assert_msg(strcmp(name, family) == 0, "TYPE of %s under HELP of %s", name, family);
			bool has_total = strlen(name) > 6 && strcmp(name + strlen(name) - 6, "_total") == 0;
			bool is_counter = strstr(line, " counter") != NULL;
			ck_assert_msg(has_total == (is_counter && !_i), "%s: wrong name for its type and format", line);
		} else if (strcmp(line, "# EOF") == 0) {
			ck_assert_msg(_i && end[1] == 0, "# EOF belongs at the end of OpenMetrics only");
		} else {
			size_t n = strcspn(line, "{ ");
			bool is_same = n == strlen(family) && strncmp(line, family, n) == 0;
			bool is_total = _i && n == strlen(family) + 6 && strncmp(line, family, n - 6) == 0 && strncmp(line + n - 6, "_total", 6) == 0;
			ck_assert_msg(is_same || is_total, "%s: stands under %s", line, family);
		}
	}
	ck_assert_int_gt(count, 40);
}
END_TEST

START_TEST(promtool_agrees)
{
	if (system("command -v promtool >/dev/null 2>&1") != 0) {
		ck_assert_msg(!getenv("CI"), "promtool is missing: tests/setup.sh tests installs it");
		fprintf(stderr, "promtool is not installed: its check of the metrics was NOT made; tests/setup.sh tests installs it\n");
		return;
	}
	make(false);
	FILE *f = popen("promtool check metrics", "w");
	ck_assert_ptr_nonnull(f);
	fwrite(out.p, 1, out.n - 1, f);
	ck_assert_int_eq(pclose(f), 0);
}
END_TEST

START_TEST(namespaces_are_bounded_and_nothing_is_lost)
{
	struct coverage c = { 0 };
	char name[64];
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof name, "ns-%d", i);
		coverage_row(&c, str_of(name))->lines[TRACE_NONE]++;
	}
	coverage_row(&c, STR("ns-7"))->lines[TRACE_NONE]++;
	coverage_row(&c, STR(""))->lines[TRACE_NONE]++;
	memset(name, 'x', sizeof name);
	coverage_row(&c, (struct str){ name, sizeof name })->lines[TRACE_NONE]++;
	uint64_t lines = 0;
	const struct coverage_row *row;
	for (size_t i = 0; (row = map_next(&c.rows, &i));)
		lines += row->lines[TRACE_NONE];
	ck_assert_uint_eq(lines, 2003);
	ck_assert_uint_eq(c.rows.count, 513);
	ck_assert_uint_eq(coverage_row(&c, STR("__overflow__"))->lines[TRACE_NONE], 2003 - 513);
	ck_assert_ptr_eq(coverage_row(&c, STR("ns-7")), coverage_row(&c, STR("ns-7")));
	coverage_fini(&c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exposition");
	TCase *t = tcase_create("exposition");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, ledger_balances_for_each_destination);
	tcase_add_test(t, ledger_balances_with_the_ring_alone);
	tcase_add_loop_test(t, sample, 0, COUNT_OF(samples));
	tcase_add_test(t, the_process_is_measured);
	tcase_add_loop_test(t, families_are_contiguous, 0, 2);
	tcase_add_test(t, promtool_agrees);
	tcase_add_test(t, namespaces_are_bounded_and_nothing_is_lost);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
