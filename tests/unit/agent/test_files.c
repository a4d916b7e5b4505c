/* Reading small files again and again: kept descriptors, files that vanish, huge ones, attributes and lists. */
#include "agent/collectors/files.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "tests/unit/agent/tree.h"

static int descriptors(void)
{
	int count = 0;
	for (int fd = 0; fd < 2000; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

START_TEST(a_kept_file_shows_what_is_in_it_now)
{
	struct temp_dir d = temp_dir_make();
	struct files *f = files_new();
	struct str text;
	temp_write(&d, "a", "one\n", 4);
	int before = descriptors();
	ck_assert_int_eq(files_read(f, d.path, "/a", true, &text), 0);
	ck_assert(str_eq(text, STR("one\n")));
	ck_assert_int_eq(descriptors(), before + 1);
	temp_write(&d, "a", "twotwo\n", 7);
	ck_assert_int_eq(files_read(f, d.path, "/a", true, &text), 0);
	ck_assert(str_eq(text, STR("twotwo\n")));
	temp_write(&d, "a", "", 0);
	ck_assert_int_eq(files_read(f, d.path, "/a", true, &text), 0);
	ck_assert_uint_eq(text.n, 0);
	files_free(f);
	ck_assert_int_eq(descriptors(), before);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(what_is_not_there_is_an_error_each_time)
{
	struct files *f = files_new();
	struct str text;
	ck_assert_int_eq(files_read(f, "/nonexistent", "/a", true, &text), -ENOENT);
	ck_assert_uint_eq(text.n, 0);
	ck_assert_int_eq(files_read(f, "/nonexistent", "/a", true, &text), -ENOENT);
	ck_assert_int_eq(files_read(f, "/", "tmp", true, &text), -EISDIR);
	ck_assert_int_eq(files_attribute(f, &text, "%s/%d", "/nonexistent", 1), -ENOENT);
	char path[5000];
	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	ck_assert_int_eq(files_read(f, "/", path, true, &text), -ENAMETOOLONG);
	ck_assert_int_eq(files_attribute(f, &text, "%s", path), -ENAMETOOLONG);
	files_free(f);
}
END_TEST

/* The process is gone: reading its kept file fails, and so does opening it anew. */
START_TEST(a_file_that_vanishes_is_asked_for_again)
{
	struct files *f = files_new();
	struct str text;
	char path[64];
	int ends[2];
	ck_assert_int_eq(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		char c;
		close(ends[1]);
		_exit(read(ends[0], &c, 1) > 1);
	}
	snprintf(path, sizeof path, "/%d/stat", (int)child);
	ck_assert_int_eq(files_read(f, "/proc", path, true, &text), 0);
	ck_assert_uint_gt(text.n, 0);
	close(ends[1]);
	close(ends[0]);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	int error = files_read(f, "/proc", path, true, &text);
	ck_assert_msg(error == -ENOENT || error == -ESRCH, "got %d", error);
	files_free(f);
}
END_TEST

START_TEST(a_huge_file_is_cut)
{
	struct temp_dir d = temp_dir_make();
	struct files *f = files_new();
	struct str text;
	temp_write(&d, "huge", "x", 1);
	ck_assert_int_eq(truncate(temp_path(&d, "huge"), FILES_READ_MAX + 12345), 0);
	ck_assert_int_eq(files_read(f, d.path, "/huge", false, &text), 0);
	ck_assert_uint_eq(text.n, FILES_READ_MAX);
	ck_assert_int_eq(files_attribute(f, &text, "%s/huge", d.path), 0);
	ck_assert_uint_le(text.n, 4096);
	files_free(f);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(no_more_than_a_limit_is_kept_open)
{
	struct temp_dir d = temp_dir_make();
	struct files *f = files_new();
	struct str text;
	char name[32];
	int before = descriptors();
	for (int i = 0; i < FILES_KEPT_MAX + 20; i++) {
		snprintf(name, sizeof name, "/%d", i);
		temp_write(&d, name, name, strlen(name));
		ck_assert_int_eq(files_read(f, d.path, name, true, &text), 0);
		ck_assert(str_eq(text, str_of(name)));
	}
	ck_assert_int_eq(descriptors(), before + FILES_KEPT_MAX);
	/* Others become the ones in use: after long disuse the old ones make room. */
	for (int i = 0; i < 5 * FILES_KEPT_MAX; i++)
		ck_assert_int_eq(files_read(f, d.path, name, true, &text), 0);
	ck_assert(str_eq(text, str_of(name)));
	ck_assert_int_eq(descriptors(), before + FILES_KEPT_MAX);
	files_free(f);
	ck_assert_int_eq(descriptors(), before);
	temp_dir_remove(&d);
}
END_TEST

static const struct {
	const char *text;
	double want;
	int error;
} attributes[] = {
	{ "42\n", 42, 0 },
	{ "  -17 \n\n", -17, 0 },
	{ "1.5", 1.5, 0 },
	{ "0x1f\n", 31, 0 },
	{ "18446744073709551615\n", 18446744073709551615.0, 0 },
	{ "", 0, -EINVAL },
	{ "\n", 0, -EINVAL },
	{ "12 34\n", 0, -EINVAL },
	{ "0x", 0, -EINVAL },
	{ "0x11111111111111111", 0, -EINVAL },
	{ "abc", 0, -EINVAL },
};

START_TEST(attributes_as_numbers)
{
	struct temp_dir d = temp_dir_make();
	struct files *f = files_new();
	double value = 0;
	temp_write(&d, "a", attributes[_i].text, strlen(attributes[_i].text));
	int error = files_number(f, &value, "%s/a", d.path);
	ck_assert_msg(error == attributes[_i].error, "\"%s\": got %d", attributes[_i].text, error);
	ck_assert_msg(value == attributes[_i].want, "\"%s\": got %g", attributes[_i].text, value);
	files_free(f);
	temp_dir_remove(&d);
}
END_TEST

/* A device goes and another comes under its name: attributes are those of the new one as soon as anything else was read. */
START_TEST(a_folder_is_not_remembered_for_long)
{
	struct temp_dir d = temp_dir_make();
	struct files *f = files_new();
	struct str text;
	double value = 0;
	for (int i = 1; i <= 2; i++) {
		ck_assert_int_eq(mkdir(temp_path(&d, "device"), 0700), 0);
		temp_write(&d, "device/a", i == 1 ? "1\n" : "2\n", 2);
		for (int k = 0; k < 3; k++) {
			ck_assert_int_eq(files_number(f, &value, "%s/device/a", d.path), 0);
			ck_assert(value == i);
			ck_assert_int_eq(files_number(f, &value, "%s/device/b", d.path), -ENOENT);
		}
		ck_assert_int_eq(remove(temp_path(&d, "device/a")), 0);
		ck_assert_int_eq(remove(temp_path(&d, "device")), 0);
		ck_assert_int_eq(files_read(f, "/proc", "/loadavg", true, &text), 0);
	}
	files_free(f);
	temp_dir_remove(&d);
}
END_TEST

static bool join(void *ctx, const char *name)
{
	char *all = ctx;
	snprintf(all + strlen(all), 64 - strlen(all), "%s ", name);
	return strcmp(name, "b") != 0;
}

START_TEST(lists_and_links)
{
	struct temp_dir d = temp_dir_make();
	char all[64] = "", target[8];
	temp_write(&d, "c", "", 0);
	temp_write(&d, "b", "", 0);
	temp_write(&d, "a10", "", 0);
	temp_write(&d, "a1", "", 0);
	ck_assert_int_eq(files_list(d.path, "", join, all), 0);
	ck_assert_str_eq(all, "a1 a10 b ");
	ck_assert_int_eq(files_list(d.path, "/missing", join, all), -ENOENT);
	ck_assert_int_eq(symlink("where/to", temp_path(&d, "link")), 0);
	ck_assert_int_eq(files_link(target, sizeof target, "%s/link", d.path), 7);
	ck_assert_str_eq(target, "where/t");
	ck_assert_int_eq(files_link(target, sizeof target, "%s/c", d.path), -EINVAL);
	temp_dir_remove(&d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("files");
	TCase *tests = tcase_create("all");
	tcase_add_test(tests, a_kept_file_shows_what_is_in_it_now);
	tcase_add_test(tests, what_is_not_there_is_an_error_each_time);
	tcase_add_test(tests, a_file_that_vanishes_is_asked_for_again);
	tcase_add_test(tests, a_huge_file_is_cut);
	tcase_add_test(tests, no_more_than_a_limit_is_kept_open);
	tcase_add_loop_test(tests, attributes_as_numbers, 0, COUNT_OF(attributes));
	tcase_add_test(tests, a_folder_is_not_remembered_for_long);
	tcase_add_test(tests, lists_and_links);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
