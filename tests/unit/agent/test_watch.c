/* Inotify as it is: what is told, what is not, and that a full queue says so. A machine without watches left cannot run these: they
 * fail there, and say why. */
#include "agent/tail/watch.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/unit/agent/temp_dir.h"

enum { SEEN = 64 };

struct seen {
	int count, of_change[3];
	struct {
		void *owner;
		enum watch_change change;
		char name[64];
	} at[SEEN];
};

static void on_event(void *ctx, const struct watch_event *event)
{
	struct seen *seen = ctx;
	seen->of_change[event->change]++;
	if (seen->count == SEEN)
		return;
	seen->at[seen->count].owner = event->owner;
	seen->at[seen->count].change = event->change;
	snprintf(seen->at[seen->count++].name, 64, "%s", event->name);
}

static struct watch *open_watch(void)
{
	struct watch *w = watch_new();
	ck_assert_msg(w, "inotify: %s", strerror(errno));
	return w;
}

static int add(struct watch *w, const char *path, void *owner)
{
	int number = watch_add(w, path, owner);
	ck_assert_msg(number > 0, "watch %s: %s", path, strerror(-number));
	return number;
}

static bool has(const struct seen *seen, enum watch_change change, const char *name)
{
	for (int i = 0; i < seen->count; i++)
		if (seen->at[i].change == change && strcmp(seen->at[i].name, name) == 0)
			return true;
	return false;
}

START_TEST(tells_what_happens_in_a_directory)
{
	struct temp_dir d = temp_dir_make();
	struct watch *w = open_watch();
	struct seen seen = { 0 };
	char from[128];
	add(w, d.path, &seen);
	temp_write(&d, "0.log", "", 0);
	ck_assert(!watch_drain(w, on_event, &seen));
	ck_assert(has(&seen, WATCH_LISTING, "0.log"));
	ck_assert_ptr_eq(seen.at[0].owner, &seen);
	seen.count = 0;
	temp_write(&d, "0.log", "hello\n", 6);
	ck_assert(!watch_drain(w, on_event, &seen));
	ck_assert(has(&seen, WATCH_WRITTEN, "0.log"));
	seen.count = 0;
	snprintf(from, sizeof from, "%s", temp_path(&d, "0.log"));
	ck_assert_int_eq(rename(from, temp_path(&d, "0.log.20261121-090000")), 0);
	ck_assert_int_eq(unlink(temp_path(&d, "0.log.20261121-090000")), 0);
	ck_assert(!watch_drain(w, on_event, &seen));
	ck_assert(has(&seen, WATCH_LISTING, "0.log") && has(&seen, WATCH_LISTING, "0.log.20261121-090000"));
	seen.count = 0;
	ck_assert(!watch_drain(w, on_event, &seen));
	ck_assert_int_eq(seen.count, 0);
	watch_free(w);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(a_directory_that_goes)
{
	struct temp_dir d = temp_dir_make();
	struct watch *w = open_watch();
	struct seen seen = { 0 };
	ck_assert_int_eq(mkdir(temp_path(&d, "c"), 0755), 0);
	add(w, temp_path(&d, "c"), &seen);
	ck_assert_uint_eq(watch_count(w), 1);
	ck_assert_int_eq(rmdir(temp_path(&d, "c")), 0);
	ck_assert(!watch_drain(w, on_event, &seen));
	ck_assert_msg(seen.of_change[WATCH_GONE] == 1, "told %d times", seen.of_change[WATCH_GONE]);
	ck_assert_uint_eq(watch_count(w), 0);
	ck_assert_int_eq(mkdir(temp_path(&d, "c"), 0755), 0); /* the same name again is a new directory */
	add(w, temp_path(&d, "c"), &seen);
	temp_write(&d, "c/0.log", "x", 1);
	seen = (struct seen){ 0 };
	ck_assert(!watch_drain(w, on_event, &seen));
	ck_assert(has(&seen, WATCH_LISTING, "0.log"));
	watch_free(w);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(a_directory_that_is_moved_away)
{
	struct temp_dir d = temp_dir_make();
	struct watch *w = open_watch();
	struct seen seen = { 0 };
	char from[128];
	ck_assert_int_eq(mkdir(temp_path(&d, "c"), 0755), 0);
	snprintf(from, sizeof from, "%s", temp_path(&d, "c"));
	add(w, from, &seen);
	ck_assert_int_eq(rename(from, temp_path(&d, "elsewhere")), 0);
	ck_assert(!watch_drain(w, on_event, &seen));
	ck_assert_int_eq(seen.of_change[WATCH_GONE], 1);
	ck_assert_uint_eq(watch_count(w), 0);
	temp_write(&d, "elsewhere/0.log", "x", 1);
	ck_assert(!watch_drain(w, on_event, &seen));
	ck_assert_int_eq(seen.of_change[WATCH_LISTING], 0);
	watch_free(w);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(nothing_comes_after_remove)
{
	struct temp_dir d = temp_dir_make();
	struct watch *w = open_watch();
	struct seen seen = { 0 };
	int number = add(w, d.path, &seen);
	temp_write(&d, "0.log", "x", 1); /* already in the kernel's queue */
	watch_remove(w, number);
	watch_remove(w, 0);
	watch_remove(w, -1);
	ck_assert(!watch_drain(w, on_event, &seen));
	ck_assert_int_eq(seen.count, 0);
	ck_assert_uint_eq(watch_count(w), 0);
	watch_free(w);
	watch_free(NULL);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(the_same_directory_twice_is_one_watch)
{
	struct temp_dir d = temp_dir_make();
	struct watch *w = open_watch();
	int first, second, a = add(w, d.path, &first), b = add(w, d.path, &second);
	struct seen seen = { 0 };
	ck_assert_int_eq(a, b);
	ck_assert_uint_eq(watch_count(w), 1);
	temp_write(&d, "0.log", "x", 1);
	watch_drain(w, on_event, &seen);
	ck_assert_ptr_eq(seen.at[0].owner, &second); /* the newest owner */
	watch_free(w);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(what_cannot_be_watched)
{
	struct temp_dir d = temp_dir_make();
	struct watch *w = open_watch();
	temp_write(&d, "file", "x", 1);
	ck_assert_int_eq(symlink(d.path, temp_path(&d, "link")), 0);
	ck_assert_int_eq(watch_add(w, temp_path(&d, "missing"), &d), -ENOENT);
	ck_assert_int_eq(watch_add(w, temp_path(&d, "file"), &d), -ENOTDIR);
	ck_assert_int_eq(watch_add(w, temp_path(&d, "link"), &d), -ENOTDIR);
	ck_assert_uint_eq(watch_count(w), 0);
	watch_free(w);
	temp_dir_remove(&d);
}
END_TEST

static int queue_room(void)
{
	int room = 16384;
	FILE *f = fopen("/proc/sys/fs/inotify/max_queued_events", "r");
	if (f && fscanf(f, "%d", &room) != 1)
		room = 16384;
	if (f)
		fclose(f);
	return room;
}

START_TEST(overflow_is_told)
{
	struct temp_dir d = temp_dir_make();
	struct watch *w = open_watch();
	struct seen seen = { 0 };
	char names[2][128];
	add(w, d.path, &seen);
	temp_write(&d, "a", "", 0);
	snprintf(names[0], 128, "%s", temp_path(&d, "a"));
	snprintf(names[1], 128, "%s", temp_path(&d, "b"));
	/* Two events each, none like the one before it: nothing is merged. */
	for (int i = 0; i < queue_room() / 2 + 10; i++)
		ck_assert_int_eq(rename(names[i % 2], names[(i + 1) % 2]), 0);
	ck_assert_msg(watch_drain(w, on_event, &seen), "%d events, and the queue did not overflow", seen.of_change[WATCH_LISTING]);
	ck_assert_int_ge(seen.of_change[WATCH_LISTING], queue_room() / 2);
	ck_assert_msg(!watch_drain(w, on_event, &seen), "said once");
	watch_free(w);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(many_directories)
{
	static struct seen seen;
	struct temp_dir d = temp_dir_make();
	struct watch *w = open_watch();
	static int owners[300];
	for (int i = 0; i < 300; i++) {
		char name[16];
		snprintf(name, sizeof name, "d%d", i);
		ck_assert_int_eq(mkdir(temp_path(&d, name), 0755), 0);
		add(w, temp_path(&d, name), &owners[i]);
	}
	ck_assert_uint_eq(watch_count(w), 300);
	temp_write(&d, "d250/0.log", "x", 1);
	watch_drain(w, on_event, &seen);
	ck_assert_int_ge(seen.count, 1);
	ck_assert_ptr_eq(seen.at[0].owner, &owners[250]);
	watch_free(w);
	temp_dir_remove(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("watch");
	TCase *t = tcase_create("watch");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, tells_what_happens_in_a_directory);
	tcase_add_test(t, a_directory_that_goes);
	tcase_add_test(t, a_directory_that_is_moved_away);
	tcase_add_test(t, nothing_comes_after_remove);
	tcase_add_test(t, the_same_directory_twice_is_one_watch);
	tcase_add_test(t, what_cannot_be_watched);
	tcase_add_test(t, overflow_is_told);
	tcase_add_test(t, many_directories);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
