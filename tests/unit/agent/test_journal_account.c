/* The ledger over lanes: read = behind it + pending, for each lane, after every step of any history. */
#include "agent/journal/journal_account.h"

#include <check.h>
#include <stdlib.h>

struct rig {
	struct counters counters;
	struct lanes lanes;
	struct journal_account a;
	uint64_t own[LANES_MAX]; /* what each lane has read itself */
};

static void rig_make(struct rig *r, size_t lanes)
{
	*r = (struct rig){ .lanes.count = lanes };
	r->lanes.o.counters = &r->counters;
}

static void read_some(struct rig *r, size_t lane, uint64_t n, unsigned acknowledged)
{
	journal_account_read(&r->a, &r->lanes, lane, n, acknowledged);
	r->own[lane] += n;
}

static void assert_balance(const struct rig *r)
{
	for (size_t i = 0; i < r->lanes.count; i++) {
		const struct lane *l = &r->lanes.at[i];
		ck_assert_uint_eq(r->counters.lines_read, r->own[i] + l->earlier_sent + l->lost_lines + l->ahead_lines);
	}
}

START_TEST(lanes_side_by_side)
{
	struct rig r;
	rig_make(&r, 2);
	read_some(&r, 0, 10, 0);
	assert_balance(&r);
	ck_assert_uint_eq(r.lanes.at[1].ahead_lines, 10);
	read_some(&r, 1, 15, 0);
	assert_balance(&r);
	ck_assert_uint_eq(r.lanes.at[0].ahead_lines, 5);
	read_some(&r, 0, 5, 0);
	ck_assert_uint_eq(r.counters.lines_read, 15);
	ck_assert_uint_eq(r.lanes.at[0].ahead_lines + r.lanes.at[1].ahead_lines, 0);
	assert_balance(&r);
}
END_TEST

START_TEST(one_begins_behind)
{
	struct rig r;
	rig_make(&r, 2);
	read_some(&r, 0, 10, 0);   /* new ones */
	read_some(&r, 1, 1000, 1); /* old ones, which lane 0 acknowledged in an earlier life */
	assert_balance(&r);
	ck_assert_uint_eq(r.counters.lines_read, 1010);
	ck_assert_uint_eq(r.lanes.at[0].earlier_sent, 1000);
	ck_assert_uint_eq(r.lanes.at[0].ahead_lines, 0);
	ck_assert_uint_eq(r.lanes.at[1].ahead_lines, 10);
	read_some(&r, 1, 10, 0);
	ck_assert_uint_eq(r.lanes.at[1].ahead_lines, 0);
	assert_balance(&r);
}
END_TEST

START_TEST(what_is_gone_is_lost)
{
	struct rig r;
	rig_make(&r, 2);
	read_some(&r, 0, 100, 0);
	read_some(&r, 1, 40, 0); /* 60 were deleted before it came to them */
	journal_account_meet(&r.a, &r.lanes, 0, 1, true); /* nothing is missing there */
	journal_account_meet(&r.a, &r.lanes, 1, 0, true);
	assert_balance(&r);
	ck_assert_uint_eq(r.lanes.at[1].lost_lines, 60);
	ck_assert_uint_eq(r.lanes.at[1].ahead_lines, 0);
	read_some(&r, 1, 1, 0);
	journal_account_meet(&r.a, &r.lanes, 0, 1, false);
	ck_assert_uint_eq(r.lanes.at[0].earlier_sent, 1);
	assert_balance(&r);
}
END_TEST

START_TEST(any_history_balances)
{
	struct rig r;
	uint64_t seed = 88172645463325252u;
	rig_make(&r, 4);
	for (int i = 0; i < 20000; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		size_t lane = seed % 4, other = seed / 4 % 4;
		if (seed / 16 % 5 == 0)
			journal_account_meet(&r.a, &r.lanes, lane, other, seed / 128 % 2);
		else
			read_some(&r, lane, seed / 128 % 7, (unsigned)(seed / 1024 % 16) & ~(1u << lane));
		assert_balance(&r);
	}
	ck_assert_uint_gt(r.counters.lines_read, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_account");
	TCase *tc = tcase_create("all");
	tcase_add_test(tc, lanes_side_by_side);
	tcase_add_test(tc, one_begins_behind);
	tcase_add_test(tc, what_is_gone_is_lost);
	tcase_add_test(tc, any_history_balances);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
