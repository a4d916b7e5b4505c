/* One job at a time, run elsewhere, answered here. */
#include "agent/worker.h"

#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

struct job {
	struct loop *loop;
	struct worker *worker;
	struct loop_timer timer;
	pthread_t ran_on, answered_on;
	int runs, answers, left;
	int sleep_ms;
	bool is_signal_blocked;
};

static void run(void *ctx)
{
	struct job *j = ctx;
	struct timespec pause = { 0, j->sleep_ms * 1000000l };
	sigset_t blocked;
	nanosleep(&pause, NULL);
	j->ran_on = pthread_self();
	j->runs++;
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	j->is_signal_blocked = sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGHUP);
}

static void answered(void *ctx)
{
	struct job *j = ctx;
	j->answered_on = pthread_self();
	j->answers++;
	if (j->left-- > 0)
		ck_assert_msg(worker_run(j->worker, run, answered, j), "from the answer the next job can be given");
	else if (j->left < 0 && j->loop)
		loop_stop(j->loop);
}

static void too_late(void *ctx)
{
	(void)ctx;
	ck_abort_msg("the answer did not come through the loop");
}

START_TEST(answer_comes_on_the_loop)
{
	struct job j = { .loop = loop_new(), .left = 20 };
	j.worker = worker_new(j.loop);
	loop_arm(j.loop, &j.timer, loop_now_ns(j.loop) + 20000000000, too_late, &j);
	ck_assert(worker_run(j.worker, run, answered, &j));
	loop_run(j.loop);
	ck_assert_int_eq(j.runs, 21);
	ck_assert_int_eq(j.answers, 21);
	ck_assert_msg(!pthread_equal(j.ran_on, pthread_self()), "it ran on the loop's thread");
	ck_assert_msg(pthread_equal(j.answered_on, pthread_self()), "it answered on another thread");
	ck_assert_msg(j.is_signal_blocked, "signals belong to the loop");
	worker_free(j.worker);
	loop_free(j.loop);
}
END_TEST

START_TEST(busy_says_no)
{
	struct loop *loop = loop_new();
	struct worker *w = worker_new(loop);
	struct job slow = { .sleep_ms = 50 }, other = { 0 };
	ck_assert(worker_run(w, run, answered, &slow));
	ck_assert(!worker_run(w, run, answered, &other));
	worker_wait(w);
	ck_assert_int_eq(slow.runs, 1);
	ck_assert_msg(slow.answers == 1, "answered before worker_wait returns, exactly once: %d", slow.answers);
	ck_assert_int_eq(other.runs, 0);
	ck_assert(worker_run(w, run, answered, &other));
	worker_wait(w);
	worker_wait(w); /* nothing to wait for */
	ck_assert_int_eq(other.answers, 1);
	worker_free(w);
	worker_free(NULL);
	loop_free(loop);
}
END_TEST

/* worker_wait took the answer; the wake-up that is still in the eventfd must not bring it again, nor another job's too early. */
START_TEST(a_stale_wake_up_is_harmless)
{
	struct job first = { .left = 0 }, second = { .loop = loop_new(), .sleep_ms = 50 };
	second.worker = worker_new(second.loop);
	ck_assert(worker_run(second.worker, run, answered, &first));
	worker_wait(second.worker);
	ck_assert(worker_run(second.worker, run, answered, &second));
	loop_arm(second.loop, &second.timer, loop_now_ns(second.loop) + 20000000000, too_late, &second);
	loop_run(second.loop);
	ck_assert_int_eq(first.answers, 1);
	ck_assert_int_eq(second.runs, 1);
	ck_assert_int_eq(second.answers, 1);
	worker_free(second.worker);
	loop_free(second.loop);
}
END_TEST

START_TEST(free_waits_for_the_job_that_runs)
{
	for (int i = 0; i < 20; i++) {
		struct loop *loop = loop_new();
		struct worker *w = worker_new(loop);
		struct job j = { .sleep_ms = i };
		ck_assert(worker_run(w, run, answered, &j));
		struct timespec pause = { 0, 3000000 }; /* it has begun */
		nanosleep(&pause, NULL);
		worker_free(w);
		ck_assert_msg(j.runs == 1 || j.runs == 0, "%d", j.runs);
		int runs = j.runs;
		nanosleep(&pause, NULL);
		ck_assert_msg(j.runs == runs, "it runs on after worker_free");
		loop_free(loop);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("worker");
	TCase *t = tcase_create("worker");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, answer_comes_on_the_loop);
	tcase_add_test(t, busy_says_no);
	tcase_add_test(t, a_stale_wake_up_is_harmless);
	tcase_add_test(t, free_waits_for_the_job_that_runs);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
