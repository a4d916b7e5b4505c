/* What is said about a destination, second by second. */
#include "agent/logs/delivery_news.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/agent/stderr_capture.h"

enum { STEPS_MAX = 10 };
static const struct story {
	const char *name;
	struct { int64_t at_s; const char *error; uint64_t dropped; const char *says; } steps[STEPS_MAX]; /* says NULL: nothing */
} stories[] = {
	{ "well", { { 1, "", 0, NULL }, { 2, "", 0, NULL } } },
	{ "one failure that the next attempt mends", { { 1, "503", 0, NULL }, { 2, "", 0, NULL }, { 3, "503", 0, NULL }, { 4, "", 0, NULL } } },
	{ "away, told once, and back", { { 1, "no answer", 0, NULL }, { 3, "no answer", 0, "d: no answer; it is tried again" }, { 4, "no answer", 0, NULL },
	  { 600, "no answer", 0, NULL }, { 601, "", 0, "d: takes lines again" }, { 602, "", 0, NULL } } },
	{ "another trouble, not sooner than in a minute", { { 1, "401", 0, NULL }, { 3, "401", 0, "401; it is" }, { 10, "500", 0, NULL }, { 62, "500", 0, NULL },
	  { 63, "500", 0, "d: 500; it is tried again" } } },
	{ "now this, now that", { { 1, "500", 0, NULL }, { 3, "500", 0, "500" }, { 4, "", 0, "takes" }, { 5, "500", 0, NULL }, { 8, "500", 0, NULL }, { 9, "", 0, NULL },
	  { 10, "500", 0, NULL }, { 63, "500", 0, "500" } } },
	{ "drops are told at once, with the server's words", { { 1, "400: cluster label is empty", 7, "d: 7 lines are given up: 400: cluster label is empty" },
	  { 2, "400: cluster label is empty", 20, NULL }, { 61, "400: cluster label is empty", 30, "d: 23 lines are given up" } } },
	{ "drops among successes", { { 1, "", 3, "3 lines are given up: see /api/v1/drops" }, { 2, "", 3, NULL }, { 200, "", 3, NULL }, { 201, "", 4, "1 lines" } } },
};

START_TEST(a_story)
{
	const struct story *c = &stories[_i];
	struct delivery_news n = { .dropped = 0 };
	for (size_t i = 0; i < STEPS_MAX && c->steps[i].at_s; i++) {
		const struct delivery_look look = { "destination", "lines", STR("d"), c->steps[i].error, c->steps[i].dropped };
		capture();
		delivery_news_look(&n, &look, c->steps[i].at_s * INT64_C(1000000000));
		const char *got = captured(), *want = c->steps[i].says;
		ck_assert_msg(want ? strstr(got, want) && strchr(got, '\n') == got + strlen(got) - 1 : !got[0], "%s, at %lld s: got %s want %s", c->name,
			      (long long)c->steps[i].at_s, got, want ? want : "nothing");
	}
}
END_TEST

START_TEST(it_says_when_to_look_again)
{
	struct delivery_news n = { .dropped = 0 };
	struct delivery_look look = { "destination", "lines", STR("d"), "", 0 };
	const int64_t second = INT64_C(1000000000);
	ck_assert_int_eq(delivery_news_look(&n, &look, second), INT64_MAX);
	look.error = "no answer"; /* nothing else may happen for minutes */
	ck_assert_int_eq(delivery_news_look(&n, &look, 2 * second), 4 * second);
	capture();
	ck_assert_int_eq(delivery_news_look(&n, &look, 4 * second), INT64_MAX);
	look.dropped = 1;
	ck_assert_int_eq(delivery_news_look(&n, &look, 5 * second), 64 * second);
	captured();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("delivery_news");
	TCase *tc = tcase_create("all");
	tcase_add_loop_test(tc, a_story, 0, sizeof stories / sizeof *stories);
	tcase_add_test(tc, it_says_when_to_look_again);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
