/* `spoor top` from the agent's answers to the lines of a terminal: reading, rates, order, and what fits where. */
#include <check.h>
#include <stdlib.h>

#include "agent/commands/top_layout.h"

#define STATUS(lines, bytes) "{\"status\":\"success\",\"data\":{\"version\":\"0.1.0\",\"node\":\"n1\",\"mode\":\"kubernetes\",\"ready\":true," \
	"\"not_ready_why\":\"\",\"degraded\":false,\"degraded_why\":\"\",\"lag_seconds\":1.500,\"files_refused\":2,\"lines_read\":" lines \
	",\"bytes_read\":" bytes ",\"bytes_lost\":{\"a\":3,\"b\":4},\"trace\":[]}}\n"
#define DESTINATIONS(sent, dropped) "{\"status\":\"success\",\"data\":{\"destinations\":[{\"name\":\"loki-a\",\"url\":\"x\",\"state\":\"backoff\"," \
	"\"last_error\":\"refused \\u001b[31m\",\"retry_in_seconds\":2.500,\"lines_sent\":" sent ",\"lines_pending\":7,\"lines_dropped\":{\"x\":" dropped \
	",\"y\":1},\"sent_bytes\":1000}],\"receivers\":[{\"name\":\"prom\",\"state\":\"ok\",\"samples_sent\":50,\"samples_pending\":1,\"samples_shed\":2," \
	"\"samples_dropped\":{\"z\":3},\"sent_bytes\":9}]}}\n"
#define FILE_ROW(path, pod, size, read, acked, state, error) "{\"path\":\"" path "\",\"job\":\"j\",\"namespace\":\"shop\",\"pod\":\"" pod \
	"\",\"container\":\"c\",\"state\":\"" state "\",\"size_bytes\":" size ",\"read_bytes\":" read ",\"acked_bytes\":" acked \
	",\"lag_seconds\":0.250,\"error\":\"" error "\"}"
#define FILES(rows, total) "{\"status\":\"success\",\"data\":{\"files\":[" rows "],\"total\":" total "}}\n"

static const char files_before[] = FILES(FILE_ROW("/p/0.log", "web", "100", "100", "40", "reading", "") ","
	FILE_ROW("/var/log/app.log", "", "1000", "500", "500", "reading", ""), "2");
static const char files_after[] = FILES(FILE_ROW("/p/0.log.20261121-090000", "web", "100", "100", "100", "rotated", "") ","
	FILE_ROW("/p/0.log", "web", "300", "300", "100", "reading", "") ","
	FILE_ROW("/var/log/app.log.1", "", "1000", "700", "700", "error", "Permission denied") ","
	FILE_ROW("/var/log/app.log", "", "50", "10", "10", "reading", ""), "4");

#define LINES(read, dropped) "{\"status\":\"success\",\"data\":{\"lines\":[{\"namespace\":\"shop\",\"pod\":\"web\",\"container\":\"a\",\"job\":\"\",\"read\":" read \
	",\"dropped_by_stages\":" dropped "},{\"namespace\":\"shop\",\"pod\":\"web\",\"container\":\"b\",\"read\":1,\"dropped_by_stages\":0}," \
	"{\"namespace\":\"\",\"pod\":\"\",\"job\":\"j\",\"read\":9},{\"namespace\":\"gone\",\"pod\":\"web\",\"read\":3}]}}\n"

static void view_lines(struct top_view *v, const char *status, const char *destinations, const char *files, const char *lines)
{
	char err[256] = "";
	struct top_answers answers = { str_of(status), str_of(destinations), str_of(files), str_of(lines) };
	ck_assert_msg(top_view_read(v, &answers, err), "%s", err);
}

static void view(struct top_view *v, const char *status, const char *destinations, const char *files)
{
	view_lines(v, status, destinations, files, LINES("70", "30"));
}

static const struct top_log *log_named(const struct top_view *v, const char *name)
{
	for (size_t i = 0; i < v->log_count; i++)
		if (str_eq(v->logs[i].name, str_of(name)))
			return &v->logs[i];
	ck_abort_msg("no log %s", name);
}

START_TEST(totals)
{
	struct top_view v;
	view(&v, STATUS("1234", "5678"), DESTINATIONS("900", "5"), files_after);
	ck_assert_uint_eq(v.lines.total, 1234);
	ck_assert_uint_eq(v.bytes.total, 5678);
	ck_assert_uint_eq(v.bytes_lost, 7);
	ck_assert_uint_eq(v.files_known, 4);
	ck_assert_uint_eq(v.destination_count, 2);
	ck_assert_uint_eq(v.destinations[0].dropped.total, 6);
	ck_assert_uint_eq(v.destinations[0].pending, 7);
	ck_assert(v.destinations[1].is_receiver);
	ck_assert_uint_eq(v.destinations[1].dropped.total, 5);
	ck_assert_uint_eq(v.log_count, 2);
	const struct top_log *web = log_named(&v, "shop/web"), *app = log_named(&v, "/var/log/app.log");
	ck_assert_uint_eq(web->bytes.total, 400);
	ck_assert_uint_eq(web->behind_bytes, 200);
	ck_assert_uint_eq(web->files, 2);
	ck_assert(app->has_error);
	ck_assert(str_eq(app->state, STR("Permission denied")));
	top_view_sort(&v, TOP_BY_BEHIND);
	ck_assert_msg(v.logs[0].has_error, "what cannot be read comes first");
	top_view_sort(&v, TOP_BY_NAME);
	ck_assert(str_eq(v.logs[0].name, STR("/var/log/app.log")));
	top_view_sort(&v, TOP_BY_BYTES);
	ck_assert(str_eq(v.logs[0].name, STR("/var/log/app.log")));
	top_view_fini(&v);
}
END_TEST

START_TEST(rates)
{
	struct top_view before, now;
	view(&before, STATUS("1000", "5000"), DESTINATIONS("900", "5"), files_before);
	view_lines(&now, STATUS("1200", "4000"), DESTINATIONS("940", "9"), files_after, LINES("90", "32"));
	top_view_sort(&before, TOP_BY_NAME); /* as it was shown */
	before.at_ns = 1000000000;
	now.at_ns = 3000000000;
	top_view_compare(&now, &before);
	ck_assert_double_eq_tol(now.lines.rate, 100, 1e-9);
	ck_assert_msg(now.bytes.rate > 1999 && now.bytes.rate < 2001, "a counter that fell has begun anew: %g", now.bytes.rate);
	ck_assert_double_eq_tol(now.destinations[0].sent.rate, 20, 1e-9);
	ck_assert_double_eq_tol(now.destinations[0].dropped.rate, 2, 1e-9);
	ck_assert_double_eq_tol(log_named(&now, "shop/web")->lines.rate, 10, 1e-9);
	ck_assert_double_eq_tol(log_named(&now, "shop/web")->dropped.rate, 1, 1e-9);
	ck_assert(!log_named(&now, "/var/log/app.log")->has_lines);
	/* 0.log: 100 before, 300 now; its old bytes under the new name count as new to this name. */
	ck_assert_double_eq_tol(log_named(&now, "shop/web")->bytes.rate, 150, 1e-9);
	top_view_fini(&before);
	top_view_fini(&now);
}
END_TEST

static const struct { const char *name, *status, *destinations, *files; } bad[] = {
	{ "no JSON", "<html>", DESTINATIONS("1", "1"), files_before },
	{ "cut off", STATUS("1", "1"), "{\"status\":\"success\",\"data\":{\"destinations\":[", files_before },
	{ "nothing", STATUS("1", "1"), DESTINATIONS("1", "1"), "" },
};

START_TEST(bad_answer)
{
	struct top_view v;
	char err[256] = "";
	struct top_answers answers = { str_of(bad[_i].status), str_of(bad[_i].destinations), str_of(bad[_i].files), STR(LINES("1", "1")) };
	bool is_good = top_view_read(&v, &answers, err);
	ck_assert_msg(!is_good && err[0], "%s: taken", bad[_i].name);
}
END_TEST

START_TEST(other_types)
{
	struct top_view v;
	view(&v, "{\"data\":{\"version\":7,\"lines_read\":\"x\",\"bytes_lost\":[1]}}", "{\"data\":{\"destinations\":{},\"receivers\":[3,{}]}}",
		"{\"data\":{\"files\":[7,{},{\"path\":\"\"},{\"path\":3}],\"total\":-1}}");
	ck_assert_uint_eq(v.log_count, 0);
	top_view_fini(&v);
}
END_TEST

static size_t widest(const struct buf *text, size_t *lines)
{
	size_t most = 0;
	*lines = 0;
	for (struct str rest = buf_view(text); rest.n; ++*lines) {
		struct str line = str_cut(&rest, '\n');
		size_t columns = 0;
		for (size_t i = 0; i < line.n; i++) {
			ck_assert_msg((unsigned char)line.p[i] >= 0x20 && line.p[i] != 0x7f, "a control byte in line %zu", *lines);
			columns += ((unsigned char)line.p[i] & 0xc0) != 0x80;
		}
		most = columns > most ? columns : most;
	}
	return most;
}

START_TEST(fits)
{
	static const struct top_size sizes[] = { { 80, 24 }, { 20, 5 }, { 1, 1 }, { 200, 3 }, { 132, 8 }, { 40, 2 }, { 500, 500 } };
	struct top_view v, before;
	view(&before, STATUS("1000", "5000"), DESTINATIONS("900", "5"), files_before);
	view(&v, STATUS("120000000", "4000"), DESTINATIONS("940", "9"), files_after);
	before.at_ns = 1;
	v.at_ns = 2000000001;
	top_view_compare(&v, &before);
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct buf out;
		size_t lines;
		buf_init(&out, 1 << 20);
		top_layout(&v, sizes[i], "lag", "no agent answers", &out);
		size_t columns = widest(&out, &lines);
		ck_assert_msg(columns <= sizes[i].columns, "%zu columns in %zu", columns, sizes[i].columns);
		ck_assert_msg(lines == sizes[i].lines, "%zu lines in %zu", lines, sizes[i].lines);
		buf_fini(&out);
	}
	top_view_fini(&before);
	top_view_fini(&v);
}
END_TEST

START_TEST(whole)
{
	static const char want[] =
		"spoor 0.1.0 on n1, kubernetes: ready\n"
		"read: lines 1234, bytes 5678; lag 1.5s; files 4, refused 2; bytes lost 7\n"
		"\n"
		"DESTINATION                  STATE                 SENT       DROPPED      PENDING        BYTES  RETRY  LAST ERROR\n"
		"loki-a                       backoff                900             6            7         1000   2.5s  refused ?[31m\n"
		"prom (metrics)               ok                      50             5            1            9      -\n"
		"\n"
		"POD OR FILE                                             LINES        DROPS        BYTES       BEHIND          LAG   FILES  STATE\n"
		"/var/log/app.log                                            -            -          710          340         0.2s       2  Permission denied\n"
		"shop/web                                                   71           30          400          200         0.2s       2  reading\n";
	struct top_view v;
	struct buf out;
	view(&v, STATUS("1234", "5678"), DESTINATIONS("900", "5"), files_after);
	buf_init(&out, 1 << 20);
	top_view_sort(&v, TOP_BY_BEHIND);
	top_layout(&v, (struct top_size){ 0 }, "behind", "", &out);
	buf_char(&out, '\0');
	ck_assert_str_eq(out.p, want);
	buf_fini(&out);
	top_view_fini(&v);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("top");
	TCase *tests = tcase_create("top");
	tcase_add_test(tests, totals);
	tcase_add_test(tests, rates);
	tcase_add_loop_test(tests, bad_answer, 0, COUNT_OF(bad));
	tcase_add_test(tests, other_types);
	tcase_add_test(tests, fits);
	tcase_add_test(tests, whole);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
