/* The loop against the real kernel: pipes, clocks, epoll. */
#include "agent/loop.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { MS = 1000000, TIMERS = 500 };

struct world {
	struct loop *loop;
	struct loop_timer timer, stop_timer;
	int calls, turns, events, other_fd;
	int64_t last_ns;
	uint64_t seed;
};

static void stop(void *ctx)
{
	loop_stop(((struct world *)ctx)->loop);
}

static void stop_after(struct world *w, int64_t ms)
{
	loop_arm(w->loop, &w->stop_timer, loop_now_ns(w->loop) + ms * MS, stop, w);
}

static void count_turn(void *ctx)
{
	((struct world *)ctx)->turns++;
}

static uint64_t roll(struct world *w)
{
	w->seed = w->seed * 6364136223846793005u + 1442695040888963407u;
	return w->seed >> 33;
}

struct numbered {
	struct loop_timer timer;
	struct world *world;
	int64_t at_ns;
	int fired;
};

static void fired(void *ctx)
{
	struct numbered *n = ctx;
	n->fired++;
	ck_assert_msg(n->world->last_ns <= n->at_ns, "timers run in the order of their time");
	ck_assert_msg(loop_now_ns(n->world->loop) >= n->at_ns, "never early");
	n->world->last_ns = n->at_ns;
}

START_TEST(timers_run_in_order_and_disarmed_ones_do_not)
{
	static struct numbered all[TIMERS];
	struct world w = { .loop = loop_new(), .seed = 42 };
	for (int i = 0; i < TIMERS; i++) {
		all[i] = (struct numbered){ .world = &w, .at_ns = loop_now_ns(w.loop) + (int64_t)(roll(&w) % (20 * MS)) };
		loop_arm(w.loop, &all[i].timer, all[i].at_ns, fired, &all[i]);
	}
	for (int i = 0; i < TIMERS; i += 3) /* moved */
		loop_arm(w.loop, &all[i].timer, all[i].at_ns = loop_now_ns(w.loop) + (int64_t)(roll(&w) % (20 * MS)), fired, &all[i]);
	for (int i = 0; i < TIMERS; i += 5)
		loop_disarm(w.loop, &all[i].timer);
	stop_after(&w, 25);
	loop_run(w.loop);
	for (int i = 0; i < TIMERS; i++) {
		ck_assert_msg(all[i].fired == (i % 5 != 0), "timer %d: got %d calls, want %d", i, all[i].fired, i % 5 != 0);
		ck_assert_uint_eq(all[i].timer.place, 0);
	}
	loop_free(w.loop);
}
END_TEST

START_TEST(sleeping_takes_no_turns)
{
	struct world w = { .loop = loop_new() };
	loop_before_sleep(w.loop, count_turn, &w);
	int64_t before_ns = loop_now_ns(w.loop);
	stop_after(&w, 60);
	loop_run(w.loop);
	ck_assert_msg(w.turns <= 2, "got %d turns for one timer, want at most 2", w.turns);
	ck_assert_int_ge(loop_now_ns(w.loop) - before_ns, 60 * MS);
	loop_free(w.loop);
}
END_TEST

static void arm_in_the_past(void *ctx)
{
	struct world *w = ctx;
	if (++w->calls == 1000)
		ck_abort_msg("the timer keeps the turn for itself");
	loop_arm(w->loop, &w->timer, 0, arm_in_the_past, w);
}

static void stop_on_ready(void *ctx, int fd, int events)
{
	struct world *w = ctx;
	char c;
	w->events |= events;
	ck_assert_int_ge(read(fd, &c, 1), 0);
	loop_stop(w->loop);
}

START_TEST(a_timer_that_rearms_for_the_past_lets_the_others_live)
{
	struct world w = { .loop = loop_new() };
	int ends[2];
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(loop_watch(w.loop, ends[0], LOOP_READ, stop_on_ready, &w), 0);
	ck_assert_int_eq(write(ends[1], "x", 1), 1);
	loop_arm(w.loop, &w.timer, 0, arm_in_the_past, &w);
	loop_run(w.loop);
	ck_assert_int_eq(w.events, LOOP_READ);
	loop_free(w.loop);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static void free_timer(void *ctx)
{
	free(ctx);
}

START_TEST(a_timer_may_be_freed_by_its_own_call)
{
	struct world w = { .loop = loop_new() };
	struct loop_timer *t = calloc(1, sizeof *t);
	loop_arm(w.loop, t, loop_now_ns(w.loop), free_timer, t);
	stop_after(&w, 5);
	loop_run(w.loop);
	loop_free(w.loop);
}
END_TEST

/* ctx is the world; other_fd is the sum of both descriptors. */
static void drop_both(void *ctx, int fd, int events)
{
	struct world *w = ctx;
	(void)events;
	w->calls++;
	loop_watch(w->loop, w->other_fd - fd, 0, NULL, NULL);
	loop_watch(w->loop, fd, 0, NULL, NULL);
}

START_TEST(a_descriptor_stopped_in_the_same_turn_is_not_called)
{
	struct world w = { .loop = loop_new() };
	int a[2], b[2];
	ck_assert_int_eq(pipe(a) | pipe(b), 0);
	w.other_fd = a[0] + b[0];
	ck_assert_int_eq(write(a[1], "x", 1) + write(b[1], "x", 1), 2);
	loop_watch(w.loop, a[0], LOOP_READ, drop_both, &w);
	loop_watch(w.loop, b[0], LOOP_READ, drop_both, &w);
	stop_after(&w, 10);
	loop_run(w.loop);
	ck_assert_msg(w.calls == 1, "both were ready in one turn, the first stopped the second: got %d calls, want 1", w.calls);
	loop_free(w.loop);
	close(a[0]), close(a[1]), close(b[0]), close(b[1]);
}
END_TEST

static void count_and_stop(void *ctx, int fd, int events)
{
	struct world *w = ctx;
	w->calls++;
	w->events = events;
	loop_watch(w->loop, fd, 0, NULL, NULL);
	loop_stop(w->loop);
}

START_TEST(a_closed_number_used_again_is_watched_again)
{
	struct world w = { .loop = loop_new() };
	int a[2], b[2];
	ck_assert_int_eq(pipe(a), 0);
	ck_assert_int_eq(loop_watch(w.loop, a[0], LOOP_READ, stop_on_ready, &w), 0);
	int number = a[0];
	close(a[0]); /* without telling the loop, as libraries do */
	ck_assert_int_eq(pipe(b), 0);
	ck_assert_int_eq(dup2(b[0], number), number);
	ck_assert_int_eq(loop_watch(w.loop, number, LOOP_READ, count_and_stop, &w), 0);
	ck_assert_int_eq(write(b[1], "x", 1), 1);
	stop_after(&w, 1000);
	loop_run(w.loop);
	ck_assert_int_eq(w.calls, 1);
	loop_free(w.loop);
	close(a[1]), close(b[1]), close(number);
	if (b[0] != number)
		close(b[0]);
}
END_TEST

START_TEST(hang_up_is_told_as_error_and_as_what_was_asked)
{
	struct world w = { .loop = loop_new() };
	int ends[2];
	ck_assert_int_eq(pipe(ends), 0);
	close(ends[0]);
	ck_assert_int_eq(loop_watch(w.loop, ends[1], LOOP_WRITE, count_and_stop, &w), 0);
	loop_run(w.loop);
	ck_assert_int_eq(w.events, LOOP_WRITE | LOOP_ERROR);
	loop_free(w.loop);
	close(ends[1]);
}
END_TEST

static void again_three_times(void *ctx)
{
	struct world *w = ctx;
	if (++w->turns < 4)
		loop_again(w->loop);
	else
		loop_stop(w->loop);
}

START_TEST(again_asks_for_a_turn_at_once)
{
	struct world w = { .loop = loop_new() };
	loop_before_sleep(w.loop, again_three_times, &w);
	loop_run(w.loop); /* no timer and no descriptor: without `again` it would sleep for ever */
	ck_assert_int_eq(w.turns, 4);
	loop_free(w.loop);
}
END_TEST

START_TEST(what_cannot_be_watched_is_refused)
{
	struct loop *l = loop_new();
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(loop_watch(l, file, LOOP_READ, stop_on_ready, NULL), -EPERM);
	ck_assert_int_eq(loop_watch(l, -1, LOOP_READ, stop_on_ready, NULL), -EBADF);
	ck_assert_int_eq(loop_watch(l, 9999, LOOP_READ, stop_on_ready, NULL), -EBADF);
	ck_assert_int_eq(loop_watch(l, file, 0, NULL, NULL), 0);
	close(file);
	loop_stop(l);
	loop_run(l); /* stopped before it ran: returns at once */
	loop_free(l);
	loop_free(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loop");
	TCase *t = tcase_create("loop");
	tcase_add_test(t, timers_run_in_order_and_disarmed_ones_do_not);
	tcase_add_test(t, sleeping_takes_no_turns);
	tcase_add_test(t, a_timer_that_rearms_for_the_past_lets_the_others_live);
	tcase_add_test(t, a_timer_may_be_freed_by_its_own_call);
	tcase_add_test(t, a_descriptor_stopped_in_the_same_turn_is_not_called);
	tcase_add_test(t, a_closed_number_used_again_is_watched_again);
	tcase_add_test(t, hang_up_is_told_as_error_and_as_what_was_asked);
	tcase_add_test(t, again_asks_for_a_turn_at_once);
	tcase_add_test(t, what_cannot_be_watched_is_refused);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
