/* Which generation is read next, and when a line without its line feed is taken as it is. */
#include "agent/tail/source.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX = 4 };
static const int64_t SECOND = 1000000000;

/* One letter a generation, oldest first: r something to read, e at its end, t at its end with an unfinished line. */
static const struct {
	const char *name, *state;
	int64_t newer_for_s; /* how long the newer ones have been there */
	bool is_gone;        /* the newest one was deleted */
	int want;            /* index, -1: nothing */
	bool is_flush;
} cases[] = {
	{ "nothing there", "", 0, false, -1, false },
	{ "one to read", "r", 0, false, 0, false },
	{ "one at its end", "e", 0, false, -1, false },
	{ "the oldest first", "rr", 0, false, 0, false },
	{ "older ones at their end", "eer", 0, false, 2, false },
	{ "a newer one waits for the older", "err", 0, false, 1, false },
	{ "live line unfinished", "t", 100, false, -1, false },
	{ "rotated just now: the runtime may still finish the line", "tr", 1, false, -1, false },
	{ "rotated long ago: it will not", "tr", 5, false, 0, true },
	{ "deleted: nobody will", "t", 0, true, 0, true },
	{ "deleted, but there is more to read first", "rt", 100, true, 0, false },
	{ "all at their end", "eee", 100, true, -1, false },
};

static struct source *make(const char *state, int64_t newer_for_s, bool is_gone, struct generation *all[MAX])
{
	struct source *s = source_new(NULL, "/logs", "0.log", 1);
	for (size_t i = 0; state[i]; i++) {
		char name[32];
		snprintf(name, sizeof name, "0.log.%zu", i);
		all[i] = generation_new(s, 1, name);
		all[i]->cursors[0].is_at_end = state[i] != 'r';
		all[i]->cursors[0].has_tail = state[i] == 't';
		source_append(s, all[i], 100 * SECOND - newer_for_s * SECOND);
	}
	if (s->newest)
		s->newest->is_gone = is_gone;
	return s;
}

START_TEST(next)
{
	struct generation *all[MAX] = { 0 };
	struct source *s = make(cases[_i].state, cases[_i].newer_for_s, cases[_i].is_gone, all);
	bool is_flush = true;
	const struct generation *got = source_next(s, 0, 100 * SECOND, &is_flush);
	const struct generation *want = cases[_i].want < 0 ? NULL : all[cases[_i].want];
	ck_assert_msg(got == want, "%s: got %s", cases[_i].name, got ? got->name : "nothing");
	ck_assert_msg(is_flush == cases[_i].is_flush, "%s: flush %d", cases[_i].name, is_flush);
	source_free(s);
}
END_TEST

START_TEST(names_and_paths)
{
	struct generation *all[MAX] = { 0 };
	struct source *s = make("eee", 0, false, all);
	ck_assert_str_eq(s->path, "/logs/0.log");
	ck_assert_str_eq(s->base, "0.log");
	ck_assert_ptr_eq(source_find_name(s, "0.log.1"), all[1]);
	ck_assert_ptr_null(source_find_name(s, "0.log.9"));
	all[1]->is_gone = true; /* the name may belong to another file by now */
	ck_assert_ptr_null(source_find_name(s, "0.log.1"));
	source_free(s);
}
END_TEST

START_TEST(order_is_kept)
{
	struct generation *all[MAX] = { 0 };
	struct source *s = make("eee", 0, false, all);
	struct generation *g = generation_new(s, 1, "fresh");
	source_insert(s, all[2], g);
	ck_assert_ptr_eq(s->newest, g);
	source_unlink(s, all[0]);
	generation_free(all[0]);
	ck_assert_ptr_eq(s->oldest, all[1]);
	source_unlink(s, g);
	generation_free(g);
	ck_assert_ptr_eq(s->newest, all[2]);
	source_unlink(s, all[1]);
	generation_free(all[1]);
	source_unlink(s, all[2]);
	generation_free(all[2]);
	ck_assert(!s->oldest && !s->newest);
	source_free(s);
}
END_TEST

START_TEST(finished_means_settled)
{
	struct generation *all[MAX] = { 0 };
	struct source *s = make("e", 0, false, all);
	struct cursor *c = &all[0]->cursors[0];
	ck_assert(generation_is_finished(all[0]));
	c->marks = 1; /* in a batch */
	ck_assert(!generation_is_finished(all[0]));
	c->marks = 0;
	c->held[HELD_STDERR].offset = 5; /* a piece waits for its end */
	ck_assert(!generation_is_finished(all[0]));
	cursor_release(c);
	c->has_tail = true;
	ck_assert(!generation_is_finished(all[0]));
	source_free(s);
}
END_TEST

START_TEST(frontier_is_where_the_oldest_unfinished_began)
{
	struct generation *all[MAX] = { 0 };
	struct source *s = make("e", 0, false, all);
	struct cursor *c = &all[0]->cursors[0];
	cursor_set_start(c, &(struct frontier){ .offset = 100, .hash = 1, .bytes = 64 });
	ck_assert_uint_eq(cursor_frontier(c).offset, 100);
	c->held[HELD_STDOUT].offset = 70;
	c->held[HELD_STDERR].offset = 40;
	ck_assert_uint_eq(cursor_frontier(c).offset, 40);
	cursor_release(c);
	ck_assert_uint_eq(cursor_frontier(c).offset, 100);
	ck_assert_uint_eq(c->acked.offset, 100);
	source_free(s);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("source");
	TCase *t = tcase_create("source");
	tcase_add_loop_test(t, next, 0, COUNT_OF(cases));
	tcase_add_test(t, names_and_paths);
	tcase_add_test(t, order_is_kept);
	tcase_add_test(t, finished_means_settled);
	tcase_add_test(t, frontier_is_where_the_oldest_unfinished_began);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
