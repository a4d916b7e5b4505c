/* What of a journal may be acknowledged while lines are held. One letter an event: l a line, | the end of a block (its cursor is its number),
 * "x AB" an entry of the lines A to B came out, "f N" what is free when line N is the first that is held (0: none is). */
#include "agent/journal/journal_hold.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *name, *events, *want; /* want: the answers to f, - for none */
} cases[] = {
	{ "nothing is held", "l|f0ll|f0", "12" },
	{ "nothing was read", "f0", "-" },
	{ "held in the newest block", "l|l|f2", "1" },
	{ "held in an older one", "l|l|l|f2", "1" },
	{ "held in the first", "l|l|f1", "-" },
	{ "the first line of a block", "ll|ll|f3", "1" },
	{ "its last line", "ll|ll|f4", "1" },
	{ "what was free stays free", "l|l|f0f3", "22" },
	{ "an entry across an end", "l|l|x12f0", "2" },
	{ "and something behind it is held", "l|ll|x12f3", "-" },
	{ "and something in the next block", "l|l|l|x12f3", "2" },
	{ "an entry within a block", "ll|ll|x34f0", "2" },
	{ "up to the end of one", "ll|ll|x12f3", "1" },
	{ "a block without lines moves the end", "l||f0", "2" },
	{ "not while the line before it is held", "l||f1", "-" },
};

static uint64_t number(const char *digit)
{
	return (uint64_t)(*digit - '0');
}

START_TEST(ends)
{
	struct journal_hold h = { 0 };
	char got[16] = "", cursor[16];
	size_t n = 0;
	int blocks = 0;
	for (const char *at = cases[_i].events; *at; at++) {
		if (*at == 'l') {
			struct lane_place place = journal_hold_line(&h);
			ck_assert(place.first.order == place.last && place.last > 0);
		} else if (*at == '|') {
			snprintf(cursor, sizeof cursor, "%d", ++blocks);
			journal_hold_end(&h, cursor);
		} else if (*at == 'x') {
			const struct entry e = { .first = { .order = number(at + 1) }, .last = number(at + 2) };
			journal_hold_across(&h, &e);
			at += 2;
		} else {
			const char *free_to = journal_hold_free(&h, number(at + 1) ? number(at + 1) : UINT64_MAX);
			got[n++] = free_to ? free_to[0] : '-';
			at++;
		}
	}
	ck_assert_msg(strcmp(got, cases[_i].want) == 0, "%s: got %s, want %s", cases[_i].name, got, cases[_i].want);
	journal_hold_fini(&h);
}
END_TEST

START_TEST(it_is_bounded)
{
	struct journal_hold h = { 0 };
	for (int i = 0; i < JOURNAL_HOLD_ENDS; i++) {
		ck_assert(!journal_hold_is_long(&h));
		journal_hold_line(&h);
		journal_hold_end(&h, "x");
	}
	ck_assert(journal_hold_is_long(&h));
	ck_assert_ptr_nonnull(journal_hold_free(&h, UINT64_MAX));
	ck_assert_uint_eq(h.count, 1);
	journal_hold_fini(&h);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("journal_hold");
	TCase *t = tcase_create("journal_hold");
	tcase_add_loop_test(t, ends, 0, COUNT_OF(cases));
	tcase_add_test(t, it_is_bounded);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
