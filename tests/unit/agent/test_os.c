/* The door against the real kernel: what it may touch, and what os_replace_file leaves behind. */
#include "agent/os.h"

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/agent/temp_dir.h"

START_TEST(replace_keeps_the_one_before)
{
	struct temp_dir d = temp_dir_make();
	struct stat st;
	ck_assert_int_eq(os_replace_file(temp_path(&d, "p"), STR("one")), 0);
	ck_assert_str_eq(temp_read(&d, "p"), "one");
	ck_assert_str_eq(temp_read(&d, "p.old"), "(none)");
	ck_assert_int_eq(os_replace_file(temp_path(&d, "p"), STR("two")), 0);
	ck_assert_int_eq(os_replace_file(temp_path(&d, "p"), STR("")), 0);
	ck_assert_str_eq(temp_read(&d, "p"), "");
	ck_assert_str_eq(temp_read(&d, "p.old"), "two");
	ck_assert_str_eq(temp_read(&d, "p.tmp"), "(none)");
	ck_assert_int_eq(stat(temp_path(&d, "p"), &st), 0);
	ck_assert_msg((st.st_mode & 077) == 0, "names of files are nobody else's business: mode %o", (unsigned)st.st_mode);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(replace_survives_what_a_crash_left)
{
	struct temp_dir d = temp_dir_make();
	temp_write(&d, "p", "good", 4);
	temp_write(&d, "p.tmp", "torn, and longer than what comes", 32);
	temp_write(&d, "p.old", "older", 5);
	ck_assert_int_eq(os_replace_file(temp_path(&d, "p"), STR("new")), 0);
	ck_assert_str_eq(temp_read(&d, "p"), "new");
	ck_assert_str_eq(temp_read(&d, "p.old"), "good");
	ck_assert_str_eq(temp_read(&d, "p.tmp"), "(none)");
	temp_dir_remove(&d);
}
END_TEST

/* What stands in the way is told, and what was there stays. */
START_TEST(replace_that_cannot_write_changes_nothing)
{
	struct temp_dir d = temp_dir_make();
	temp_write(&d, "p", "good", 4);
	ck_assert_int_eq(mkdir(temp_path(&d, "p.tmp"), 0755), 0);
	ck_assert_int_eq(os_replace_file(temp_path(&d, "p"), STR("new")), -EISDIR);
	ck_assert_str_eq(temp_read(&d, "p"), "good");
	ck_assert_int_eq(os_replace_file(temp_path(&d, "missing/p"), STR("new")), -ENOENT);
	char path[5000];
	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	ck_assert_int_eq(os_replace_file(path, STR("new")), -ENAMETOOLONG);
	temp_dir_remove(&d);
}
END_TEST

static int replace_as_nobody(const char *path)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		if (geteuid() == 0 && (setgid(65534) < 0 || setuid(65534) < 0))
			_exit(255);
		_exit(-os_replace_file(path, STR("new")));
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

START_TEST(replace_in_a_folder_that_is_not_ours)
{
	struct temp_dir d = temp_dir_make();
	temp_write(&d, "p", "good", 4);
	ck_assert_int_eq(chmod(d.path, 0555), 0);
	ck_assert_int_eq(replace_as_nobody(temp_path(&d, "p")), EACCES);
	ck_assert_str_eq(temp_read(&d, "p"), "good");
	ck_assert_str_eq(temp_read(&d, "p.old"), "(none)");
	chmod(d.path, 0755);
	temp_dir_remove(&d);
}
END_TEST

/* In a mount namespace of the child's own: 64 KiB of disk. 77: this machine allows no mounts. */
static int fill_a_small_disk(const char *dir)
{
	char path[256], big[100000];
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount("tmpfs", dir, "tmpfs", 0, "size=65536") < 0)
		return 77;
	memset(big, 'x', sizeof big);
	snprintf(path, sizeof path, "%s/p", dir);
	if (os_replace_file(path, STR("good")) != 0)
		return 1;
	if (os_replace_file(path, (struct str){ big, sizeof big }) != -ENOSPC)
		return 2;
	struct buf got;
	buf_init(&got, 1 << 20);
	if (os_read_file(path, 1 << 20, &got) != 0 || !str_eq(buf_view(&got), STR("good")))
		return 3;
	buf_fini(&got);
	snprintf(path, sizeof path, "%s/p.tmp", dir);
	return access(path, F_OK) == 0 ? 4 : 0; /* half a file would keep the disk full */
}

START_TEST(replace_on_a_full_disk)
{
	struct temp_dir d = temp_dir_make();
	int status;
	pid_t child = fork();
	if (child == 0)
		_exit(fill_a_small_disk(d.path));
	waitpid(child, &status, 0);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		fprintf(stderr, "test_os: mounts are not allowed here: the full disk was NOT tried\n");
	else
		ck_assert_msg(WEXITSTATUS(status) == 0, "step %d went wrong", WEXITSTATUS(status));
	temp_dir_remove(&d);
}
END_TEST

/* d/in/f, and ways out of d/in. */
static const struct {
	const char *name, *path;
	int error; /* 0: opened */
} doors[] = {
	{ "a file", "f", 0 },
	{ "below a folder", "sub/f", 0 },
	{ "link to a file inside", "link-in", ELOOP },
	{ "link to a file outside", "link-out", ELOOP },
	{ "link as a folder on the way", "link-sub/f", ELOOP },
	{ "dots", "../f", EXDEV },
	{ "dots that come back", "sub/../../in/f", EXDEV },
	{ "absolute", "/etc/passwd", EXDEV },
	{ "missing", "nothing", ENOENT },
	{ "FIFO without a writer does not block", "fifo", 0 },
};

START_TEST(open_beneath)
{
	struct temp_dir d = temp_dir_make();
	ck_assert_int_eq(mkdir(temp_path(&d, "in"), 0755), 0);
	ck_assert_int_eq(mkdir(temp_path(&d, "in/sub"), 0755), 0);
	temp_write(&d, "f", "outside", 7);
	temp_write(&d, "in/f", "inside", 6);
	temp_write(&d, "in/sub/f", "below", 5);
	ck_assert_int_eq(symlink("f", temp_path(&d, "in/link-in")), 0);
	ck_assert_int_eq(symlink("../f", temp_path(&d, "in/link-out")), 0);
	ck_assert_int_eq(symlink("sub", temp_path(&d, "in/link-sub")), 0);
	ck_assert_int_eq(mkfifo(temp_path(&d, "in/fifo"), 0644), 0);
	int root = os_open_root(temp_path(&d, "in")), fd = os_open_beneath(root, doors[_i].path);
	ck_assert_msg(doors[_i].error ? fd == -doors[_i].error : fd >= 0, "%s: got %d", doors[_i].name, fd);
	os_close(fd);
	os_close(root);
	os_close(-1);
	temp_dir_remove(&d);
}
END_TEST

static bool count_name(void *ctx, const char *entry, unsigned char d_type)
{
	int *left = ctx;
	(void)d_type;
	ck_assert(strcmp(entry, ".") != 0 && strcmp(entry, "..") != 0);
	return --*left > 0;
}

START_TEST(list_names)
{
	struct temp_dir d = temp_dir_make();
	temp_write(&d, "a", "", 0);
	temp_write(&d, "..b", "", 0);
	temp_write(&d, ".c", "", 0);
	int root = os_open_root(d.path), left = 10;
	ck_assert_int_eq(os_list(root, "", count_name, &left), 0);
	ck_assert_int_eq(left, 7);
	left = 2; /* stops when it is told to */
	ck_assert_int_eq(os_list(root, "", count_name, &left), 0);
	ck_assert_int_eq(left, 0);
	ck_assert_int_eq(os_list(root, "a", count_name, &left), -ENOTDIR);
	ck_assert_int_eq(os_list(root, "z", count_name, &left), -ENOENT);
	os_close(root);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(read_file_up_to_a_cap)
{
	static const struct {
		size_t bytes, cap;
		int result;
	} cases[] = { { 0, 10, 0 }, { 10, 10, 0 }, { 11, 10, -EFBIG }, { 4096, 4096, 0 }, { 4097, 1 << 20, 0 }, { 100000, 99999, -EFBIG } };
	struct temp_dir d = temp_dir_make();
	struct buf out;
	char *bytes = calloc(1, 100000);
	temp_write(&d, "f", bytes, cases[_i].bytes);
	buf_init(&out, 1 << 20);
	int got = os_read_file(temp_path(&d, "f"), cases[_i].cap, &out);
	ck_assert_msg(got == cases[_i].result, "%zu bytes, cap %zu: got %d", cases[_i].bytes, cases[_i].cap, got);
	ck_assert(got < 0 || out.n == cases[_i].bytes);
	ck_assert_int_eq(os_read_file(temp_path(&d, "none"), 10, &out), -ENOENT);
	buf_fini(&out);
	free(bytes);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(make_directory_with_parents)
{
	struct temp_dir d = temp_dir_make();
	ck_assert_int_eq(os_make_directory(temp_path(&d, "a/b/c")), 0);
	ck_assert_int_eq(os_make_directory(temp_path(&d, "a/b/c")), 0);
	temp_write(&d, "a/b/c/f", "x", 1);
	ck_assert_int_eq(os_make_directory(temp_path(&d, "a/b/c/f/d")), -ENOTDIR);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(next_data_behind_a_hole)
{
	struct temp_dir d = temp_dir_make();
	temp_write(&d, "f", "", 0);
	int fd = open(temp_path(&d, "f"), O_RDWR);
	ck_assert_int_eq(pwrite(fd, "data", 4, 1 << 20), 4);
	int64_t at = os_next_data(fd, 0);
	ck_assert_msg(at >= 0 && at <= 1 << 20, "got %lld", (long long)at);
	ck_assert_int_eq(os_next_data(fd, (1 << 20) + 4), -ENXIO);
	close(fd);
	temp_dir_remove(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("os");
	TCase *t = tcase_create("os");
	tcase_add_test(t, replace_keeps_the_one_before);
	tcase_add_test(t, replace_survives_what_a_crash_left);
	tcase_add_test(t, replace_that_cannot_write_changes_nothing);
	tcase_add_test(t, replace_in_a_folder_that_is_not_ours);
	tcase_add_test(t, replace_on_a_full_disk);
	tcase_add_loop_test(t, open_beneath, 0, COUNT_OF(doors));
	tcase_add_test(t, list_names);
	tcase_add_loop_test(t, read_file_up_to_a_cap, 0, 6);
	tcase_add_test(t, make_directory_with_parents);
	tcase_add_test(t, next_data_behind_a_hole);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
