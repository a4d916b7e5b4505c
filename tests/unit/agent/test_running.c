/* The agent that runs here, found in a procfs of our own making. */
#include "agent/commands/running.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/agent/temp_dir.h"

static struct temp_dir dir;
#define root dir.path

static void make_root(void)
{
	dir = temp_dir_make();
	char path[512];
	snprintf(path, sizeof path, "%s/self", root);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/self/ns", root);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/self/ns/mnt", root);
	ck_assert_int_eq(symlink("mnt:[1]", path), 0);
}

static void process(const char *pid, const char *mounts, const char *line, size_t n)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", root, pid);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/%s/cmdline", root, pid);
	FILE *f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fwrite(line, 1, n, f);
	fclose(f);
	if (!mounts)
		return;
	snprintf(path, sizeof path, "%s/%s/ns", root, pid);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof path, "%s/%s/ns/mnt", root, pid);
	ck_assert_int_eq(symlink(mounts, path), 0);
}

#define PROCESS(pid, mounts, line) process(pid, mounts, line, sizeof line)

START_TEST(one)
{
	struct running r;
	make_root();
	PROCESS("1", "mnt:[1]", "/bin/sh\0-c\0spoor");
	PROCESS("7", "mnt:[1]", "/usr/local/bin/spoor\0run\0--config.file=/etc/spoor/spoor.yaml\0--web.listen-address=:9999");
	PROCESS("8", "mnt:[2]", "/usr/local/bin/spoor\0run\0--config.file=/other");
	PROCESS("9", "mnt:[1]", "spoor\0check\0f");
	PROCESS("10", "mnt:[1]", "spoor\0--no-such-flag");
	PROCESS("11", "mnt:[1]", "");
	running_find(root, &r);
	ck_assert_uint_eq(r.count, 1);
	ck_assert_int_eq(r.pid, 7);
	ck_assert_str_eq(r.flags.config_file, "/etc/spoor/spoor.yaml");
	ck_assert_str_eq(r.flags.web_listen_address, ":9999");
	struct flags own = { .state_dir = "/var/lib/spoor", .path_pod_logs = "/elsewhere" };
	flags_inherit(&own, &r.flags);
	ck_assert_str_eq(own.config_file, "/etc/spoor/spoor.yaml");
	ck_assert_msg(strcmp(own.path_pod_logs, "/elsewhere") == 0, "what was said here wins");
	running_fini(&r);
	temp_dir_remove(&dir);
}
END_TEST

START_TEST(several)
{
	struct running r;
	make_root();
	PROCESS("7", NULL, "spoor");
	PROCESS("8", "mnt:[1]", "spoor\0run");
	running_find(root, &r);
	ck_assert_uint_eq(r.count, 2);
	ck_assert_int_eq(r.pid, 0);
	running_fini(&r);
	temp_dir_remove(&dir);
}
END_TEST

START_TEST(none)
{
	struct running r;
	running_find("/nowhere", &r);
	ck_assert_uint_eq(r.count, 0);
	ck_assert_int_eq(r.pid, 0);
	running_fini(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("running");
	TCase *tests = tcase_create("running");
	tcase_add_test(tests, one);
	tcase_add_test(tests, several);
	tcase_add_test(tests, none);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
