/* Mounts that hang, fail and recover, with a stand-in for statfs: no file system is needed, and no timing is asserted. */
#include "agent/collectors/mount_probe.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool is_hanging;
	int calls_of_dead, hanging;
} server = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static int fake(const char *path, struct statfs *out)
{
	if (strcmp(path, "/missing") == 0) {
		errno = ENOENT;
		return -1;
	}
	out->f_blocks = strlen(path);
	if (strncmp(path, "/dead", 5) != 0)
		return 0;
	pthread_mutex_lock(&server.lock);
	server.calls_of_dead++;
	server.hanging++;
	while (server.is_hanging)
		pthread_cond_wait(&server.changed, &server.lock);
	server.hanging--;
	pthread_cond_broadcast(&server.changed);
	pthread_mutex_unlock(&server.lock);
	return 0;
}

static void hang(bool is_hanging)
{
	pthread_mutex_lock(&server.lock);
	server.is_hanging = is_hanging;
	pthread_cond_broadcast(&server.changed);
	while (!is_hanging && server.hanging)
		pthread_cond_wait(&server.changed, &server.lock);
	pthread_mutex_unlock(&server.lock);
}

static int calls_of_dead(void)
{
	pthread_mutex_lock(&server.lock);
	int calls = server.calls_of_dead;
	pthread_mutex_unlock(&server.lock);
	return calls;
}

enum { PATIENCE_NS = 300 * 1000 * 1000 };

START_TEST(answers_and_errors)
{
	struct mount_probe *p = mount_probe_new(fake, INT64_MAX / 4);
	const char *paths[] = { "/a", "/missing", "/abc" };
	struct mount_answer answers[3];
	for (int i = 0; i < 100; i++) {
		mount_probe_ask(p, paths, answers, i % 4);
		if (i % 4 < 3)
			continue;
		ck_assert_uint_eq(answers[0].values.f_blocks, 2);
		ck_assert_int_eq(answers[0].error, 0);
		ck_assert_int_eq(answers[1].error, ENOENT);
		ck_assert_uint_eq(answers[2].values.f_blocks, 4);
		ck_assert(!answers[0].is_stuck && !answers[1].is_stuck && !answers[2].is_stuck);
	}
	mount_probe_free(p);
}
END_TEST

START_TEST(a_dead_mount_does_not_take_the_others_along)
{
	struct mount_probe *p = mount_probe_new(fake, PATIENCE_NS);
	const char *paths[] = { "/dead1", "/a", "/dead2", "/abc" };
	struct mount_answer answers[4];
	hang(true);
	mount_probe_ask(p, paths, answers, 4);
	ck_assert(answers[0].is_stuck && answers[2].is_stuck);
	ck_assert(!answers[1].is_stuck && !answers[3].is_stuck);
	ck_assert_uint_eq(answers[3].values.f_blocks, 4);
	ck_assert_int_eq(calls_of_dead(), 2);
	/* They are not asked again as long as they hang. */
	for (int i = 0; i < 20; i++) {
		mount_probe_ask(p, paths, answers, 4);
		ck_assert(answers[0].is_stuck && answers[2].is_stuck && !answers[1].is_stuck);
	}
	ck_assert_int_eq(calls_of_dead(), 2);
	/* One is unmounted by force meanwhile; the other comes back. */
	mount_probe_ask(p, paths, answers, 2);
	hang(false);
	do
		mount_probe_ask(p, paths, answers, 2);
	while (answers[0].is_stuck);
	ck_assert_uint_eq(answers[0].values.f_blocks, 6);
	mount_probe_free(p);
}
END_TEST

START_TEST(many_dead_mounts_at_once)
{
	enum { COUNT = 8 };
	struct mount_probe *p = mount_probe_new(fake, PATIENCE_NS);
	char names[COUNT][24];
	const char *paths[COUNT];
	struct mount_answer answers[COUNT];
	hang(true);
	for (int i = 0; i < COUNT; i++) {
		snprintf(names[i], sizeof names[i], "/dead%d", i);
		paths[i] = names[i];
	}
	mount_probe_ask(p, paths, answers, COUNT);
	for (int i = 0; i < COUNT; i++)
		ck_assert(answers[i].is_stuck);
	hang(false);
	bool is_stuck;
	do {
		is_stuck = false;
		mount_probe_ask(p, paths, answers, COUNT);
		for (int i = 0; i < COUNT; i++)
			is_stuck |= answers[i].is_stuck;
	} while (is_stuck);
	mount_probe_free(p);
}
END_TEST

/* The helper comes home after its owner has gone. */
START_TEST(it_can_be_left_behind)
{
	struct mount_probe *p = mount_probe_new(fake, PATIENCE_NS);
	struct mount_answer answer;
	hang(true);
	mount_probe_ask(p, (const char *[]){ "/dead" }, &answer, 1);
	ck_assert(answer.is_stuck);
	mount_probe_free(p);
	hang(false);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mount_probe");
	TCase *tests = tcase_create("all");
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, answers_and_errors);
	tcase_add_test(tests, a_dead_mount_does_not_take_the_others_along);
	tcase_add_test(tests, many_dead_mounts_at_once);
	tcase_add_test(tests, it_can_be_left_behind);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
