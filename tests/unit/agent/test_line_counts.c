/* log_lines_total: rows are found again, bounded and forgotten in time; counts never become less; the newest trace stands beside them, in
 * OpenMetrics alone. */
#include "agent/logs/line_counts.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/exposition/exposition.h"

#define TRACE_A "4bf92f3577b34da6a3ce929d0e0e4736"
#define TRACE_B "0af7651916cd43dd8448eb211c80319c"
static const int64_t SECOND = 1000000000, NOW = 1795251600 * INT64_C(1000000000);

static struct line_counts counts;
static struct buf out;

static struct trace_context trace(const char *id, const char *span)
{
	struct trace_context t = { .has_span = span != NULL, .sampled = -1 };
	memcpy(t.trace_id, id, sizeof t.trace_id);
	if (span)
		memcpy(t.span_id, span, sizeof t.span_id);
	return t;
}

static struct line_row *use(const char *namespace_, const char *pod, const char *container, const char *job, int64_t now_ns)
{
	return line_counts_use(&counts, str_of(namespace_), str_of(pod), str_of(container), str_of(job), now_ns);
}

static const char *page(bool is_openmetrics, const char *label)
{
	struct status status = { .line_counts = &counts, .exemplar_label = str_of(label) };
	buf_reset(&out);
	exposition_logs(&status, &out, is_openmetrics);
	exposition_end(&out, is_openmetrics);
	buf_char(&out, '\0');
	ck_assert(!out.is_full);
	return out.p;
}

static void must_have(const char *text, const char *want)
{
	ck_assert_msg(strstr(text, want) != NULL, "want %s in:\n%s", want, text);
}

START_TEST(rows_are_found_again)
{
	struct line_row *a = use("shop", "web-1", "app", "pods", 1), *b = use("shop", "web-1", "app", "other", 2);
	ck_assert_ptr_eq(a, b);
	ck_assert_uint_eq(a->users, 2);
	ck_assert_ptr_ne(a, use("shop", "web-1", "proxy", "pods", 1));
	ck_assert_ptr_ne(a, use("shopw", "eb-1", "app", "pods", 1));
	struct line_row *files = use("", "", "", "varlogs", 1);
	ck_assert_ptr_eq(files, use("ignored", "", "ignored", "varlogs", 1));
	ck_assert_ptr_ne(files, use("", "", "", "", 1));
	line_row_leave(NULL);
}
END_TEST

START_TEST(counts_and_exemplars)
{
	struct line_row *row = use("shop", "web-1", "app", "", 1);
	struct trace_context a = trace(TRACE_A, "00f067aa0ba902b7"), b = trace(TRACE_B, NULL);
	line_row_count(row, LEVEL_ERROR, &a, NOW);
	line_row_count(row, LEVEL_ERROR, NULL, NOW + SECOND);
	line_row_count(row, LEVEL_DEBUG, &a, NOW);
	line_row_count(row, LEVEL_DEBUG, &b, NOW + SECOND / 2);
	line_row_count(row, LEVEL_DEBUG, &a, NOW - SECOND); /* older: it counts, and does not stand for the count */
	const char *text = page(true, "");
	must_have(text, "# TYPE log_lines counter\n");
	must_have(text, "log_lines_total{container=\"app\",level=\"error\",namespace=\"shop\",pod=\"web-1\"} 2 # {trace_id=\"" TRACE_A
		"\",span_id=\"00f067aa0ba902b7\"} 1 1795251600\n");
	must_have(text, "level=\"debug\",namespace=\"shop\",pod=\"web-1\"} 3 # {trace_id=\"" TRACE_B "\"} 1 1795251600.5\n");
	must_have(text, "level=\"warn\",namespace=\"shop\",pod=\"web-1\"} 0\n"); /* there from the start: the first one is an increase */
	ck_assert_ptr_null(strstr(text, "level=\"fatal\""));
	must_have(page(true, "TraceID"), "# {TraceID=\"" TRACE_A "\",span_id=");
	text = page(false, "");
	ck_assert_msg(!strstr(text, " # "), "exemplars in the text format:\n%s", text);
	must_have(text, "level=\"error\",namespace=\"shop\",pod=\"web-1\"} 2\n");
	line_row_count(use("", "", "", "var\"logs", 1), LEVEL_UNKNOWN, NULL, NOW);
	must_have(page(false, ""), "log_lines_total{level=\"unknown\",log_job=\"var\\\"logs\"} 1\n");
}
END_TEST

START_TEST(rows_are_bounded_and_nothing_is_lost)
{
	char pod[32];
	struct line_row *first = NULL, *row = NULL;
	for (int i = 0; i < LINE_ROWS_MAX + 500; i++) {
		snprintf(pod, sizeof pod, "web-%d", i);
		row = use("shop", pod, "app", "", 1);
		first = first ? first : row;
		line_row_count(row, LEVEL_INFO, NULL, NOW);
	}
	ck_assert_uint_eq(counts.rows.count, LINE_ROWS_MAX + 1);
	ck_assert_ptr_eq(row, counts.overflow);
	must_have(page(false, ""), "{container=\"__overflow__\",level=\"info\",namespace=\"__overflow__\",pod=\"__overflow__\"} 500\n");
	ck_assert_ptr_eq(first, use("shop", "web-0", "app", "", 1)); /* known ones keep their rows */
	line_counts_expire(&counts, 2 * LINE_ROW_KEPT_NS);
	ck_assert_uint_eq(counts.rows.count, LINE_ROWS_MAX + 1);
	ck_assert_uint_eq(first->lines[LEVEL_INFO], 1);
}
END_TEST

START_TEST(rows_are_kept_for_a_while_and_forgotten)
{
	struct line_row *gone = use("shop", "gone", "app", "", 1), *back = use("shop", "back", "app", "", 1), *live = use("shop", "live", "app", "", 1);
	line_row_count(gone, LEVEL_INFO, NULL, NOW);
	line_row_count(back, LEVEL_INFO, NULL, NOW);
	line_row_leave(gone);
	line_row_leave(back);
	line_counts_expire(&counts, 10 * SECOND);
	line_counts_expire(&counts, 9 * SECOND + LINE_ROW_KEPT_NS);
	ck_assert_uint_eq(counts.rows.count, 3);
	ck_assert_ptr_eq(use("shop", "back", "app", "", 9 * SECOND + LINE_ROW_KEPT_NS), back); /* it goes on where it was */
	ck_assert_uint_eq(back->lines[LEVEL_INFO], 1);
	line_counts_expire(&counts, 10 * SECOND + LINE_ROW_KEPT_NS);
	ck_assert_uint_eq(counts.rows.count, 2);
	ck_assert_ptr_eq(use("shop", "live", "app", "", 1), live);
	ck_assert_ptr_null(strstr(page(false, ""), "gone"));
}
END_TEST

/* A full table makes room by what nobody uses any more. */
START_TEST(a_full_table_forgets_first)
{
	char pod[32];
	struct line_row *rows[LINE_ROWS_MAX];
	for (int i = 0; i < LINE_ROWS_MAX; i++) {
		snprintf(pod, sizeof pod, "web-%d", i);
		rows[i] = use("shop", pod, "app", "", 1);
	}
	for (int i = 0; i < 10; i++)
		line_row_leave(rows[i]);
	line_counts_expire(&counts, SECOND);
	struct line_row *row = use("shop", "new", "app", "", SECOND + LINE_ROW_KEPT_NS);
	ck_assert_msg(str_eq(row->pod, STR("new")), "the new one is " STR_FMT, STR_ARG(row->pod));
	ck_assert_uint_eq(counts.rows.count, LINE_ROWS_MAX - 9);
}
END_TEST

START_TEST(names_that_are_no_names)
{
	char pod[1000];
	memset(pod, 'x', sizeof pod - 1);
	pod[sizeof pod - 1] = '\0';
	ck_assert_uint_eq(use("shop", pod, "app", "", 1)->pod.n, 256);
	struct line_row *a = use("shop", "a\nb", "c", "", 1), *b = use("shop", "a", "b\nc", "", 1);
	ck_assert_ptr_ne(a, b);
}
END_TEST

static void set_up(void)
{
	counts = (struct line_counts){ 0 };
	buf_init(&out, 8 << 20);
}

static void tear_down(void)
{
	line_counts_fini(&counts);
	buf_fini(&out);
}

int main(void)
{
	Suite *suite = suite_create("line_counts");
	TCase *tests = tcase_create("all");
	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, rows_are_found_again);
	tcase_add_test(tests, counts_and_exemplars);
	tcase_add_test(tests, rows_are_bounded_and_nothing_is_lost);
	tcase_add_test(tests, rows_are_kept_for_a_while_and_forgotten);
	tcase_add_test(tests, a_full_table_forgets_first);
	tcase_add_test(tests, names_that_are_no_names);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
