/* Names of reasons, and what happens when there are too many of them. */
#include "agent/logs/stage_drops.h"

#include <check.h>
#include <stdio.h>

static const struct { const char *reason, *name; } names[] = {
	{ "health", "pipeline/health" },
	{ "too_old", "pipeline/too_old" }, /* not the destination's reason of that name */
	{ "", "pipeline/" },
	{ "GET /healthz", "pipeline/GET /healthz" },
	{ "a\"b\\c\nd\x80", "pipeline/a_b_c_d_" },
	{ "0123456789012345678901234567890123456789012345678901234567890123456789", "pipeline/012345678901234567890123456789012345678901234567890123" },
};

START_TEST(name)
{
	struct stage_drops d = { 0 };
	stage_drops_count(&d, str_of(names[_i].reason), 2);
	stage_drops_count(&d, str_of(names[_i].reason), 1);
	ck_assert_uint_eq(d.count, 1);
	ck_assert_str_eq(d.at[0].name, names[_i].name);
	ck_assert_uint_eq(d.at[0].lines, 3);
	ck_assert_uint_eq(d.at[0].entries, 2);
	ck_assert(str_eq(stage_drop_reason(&d.at[0]), str_of(names[_i].name + 9)));
	ck_assert_uint_eq(d.lines, 3);
}
END_TEST

START_TEST(more_reasons_than_rows)
{
	struct stage_drops d = { 0 };
	char reason[16];
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < STAGE_DROPS_MAX + 10; i++) {
			snprintf(reason, sizeof reason, "r%d", i);
			stage_drops_count(&d, str_of(reason), 1);
		}
	ck_assert_uint_eq(d.count, STAGE_DROPS_MAX);
	ck_assert_uint_eq(d.lines, 2 * STAGE_DROPS_MAX);
	for (size_t i = 0; i < d.count; i++)
		ck_assert_uint_eq(d.at[i].lines, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stage_drops");
	TCase *tcase = tcase_create("counting");
	tcase_add_loop_test(tcase, name, 0, (int)COUNT_OF(names));
	tcase_add_test(tcase, more_reasons_than_rows);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
