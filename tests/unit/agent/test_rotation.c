/* What rotation, deletion and links do to files of a log: each line is read once, and what is old stays so. */
#include <check.h>
#include <time.h>
#include <zlib.h>

#include "tests/unit/agent/log_rig.h"

#define YAML "logs: { positions: { sync_period: 20ms }, scrape_configs: [{ job_name: p, static_configs: [{ labels: { __path__: '@/logs/*.log' } }] }] }"
#define LINE(text) "{filename=\"@/logs/app.log\", job=\"p\"} " text "\n"

static void rename_to(struct rig *r, const char *from, const char *to)
{
	char old[512], new[512];
	snprintf(old, sizeof old, "%s/%s", r->dir.path, from);
	snprintf(new, sizeof new, "%s/%s", r->dir.path, to);
	ck_assert_int_eq(rename(old, new), 0);
}

static void delete(struct rig *r, const char *name)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", r->dir.path, name);
	ck_assert_int_eq(remove(path), 0);
}

START_TEST(renamed_and_made_anew)
{
	struct rig r;
	make(&r);
	append(&r, "logs/app.log", "one\n");
	start(&r, YAML);
	want(&r, LINE("one"));
	append(&r, "logs/app.log", "two\n");
	rename_to(&r, "logs/app.log", "logs/app.log.1");
	append(&r, "logs/app.log", "three\n");
	want_only(&r, LINE("one") LINE("three") LINE("two"));
	unmake(&r);
}
END_TEST

START_TEST(folder_made_anew)
{
	struct rig r;
	make(&r);
	append(&r, "logs/app.log", "one\n");
	start(&r, YAML);
	want(&r, LINE("one"));
	delete(&r, "logs/app.log");
	delete(&r, "logs");
	pass(&r, 300);
	append(&r, "logs/app.log", "two\n");
	want_only(&r, LINE("one") LINE("two"));
	delete(&r, "logs/app.log"); /* and so quickly that nobody saw it away */
	delete(&r, "logs");
	append(&r, "logs/app.log", "three\n");
	want_only(&r, LINE("one") LINE("three") LINE("two"));
	unmake(&r);
}
END_TEST

START_TEST(two_names_for_a_moment)
{
	struct rig r;
	char live[512], old[512];
	make(&r);
	append(&r, "logs/app.log", "one\n");
	start(&r, YAML);
	want(&r, LINE("one"));
	snprintf(live, sizeof live, "%s/logs/app.log", r.dir.path);
	snprintf(old, sizeof old, "%s/logs/app.log.1", r.dir.path);
	ck_assert_int_eq(link(live, old), 0);
	pass(&r, 300);
	append(&r, "logs/app.log", "two\n");
	want_only(&r, LINE("one") LINE("two"));
	delete(&r, "logs/app.log");
	append(&r, "logs/app.log", "three\n");
	want_only(&r, LINE("one") LINE("three") LINE("two"));
	unmake(&r);
}
END_TEST

START_TEST(history_stays_history)
{
	struct rig r;
	make(&r);
	append(&r, "logs/app.log.2", "older\n");
	append(&r, "logs/app.log.1", "old\n");
	append(&r, "logs/app.log", "one\n");
	start(&r, YAML);
	want(&r, LINE("one"));
	delete(&r, "logs/app.log");
	pass(&r, 300); /* it is gone, and read: nothing is known of the log any more */
	append(&r, "logs/app.log", "two\n");
	want_only(&r, LINE("one") LINE("two"));
	unmake(&r);
}
END_TEST

/* As they were written long before the log was read. */
static void age(struct rig *r, const char *name)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = time(NULL) - 3600 } };
	char path[512];
	snprintf(path, sizeof path, "%s/%s", r->dir.path, name);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

START_TEST(history_stays_history_over_a_restart)
{
	struct rig r;
	make(&r);
	append(&r, "logs/app.log.1", "old\n");
	age(&r, "logs/app.log.1");
	append(&r, "logs/app.log", "one\n");
	start(&r, YAML);
	want(&r, LINE("one"));
	stop(&r);
	delete(&r, "logs/app.log"); /* what told what had been read */
	append(&r, "logs/app.log.0", "two\n"); /* and one that came and was rotated meanwhile */
	append(&r, "logs/app.log", "three\n");
	start(&r, YAML);
	want_only(&r, LINE("three") LINE("two"));
	unmake(&r);
}
END_TEST

START_TEST(cut_behind_a_hole)
{
	struct rig r;
	char path[512];
	make(&r);
	append(&r, "logs/app.log", "one\n");
	start(&r, YAML);
	want(&r, LINE("one"));
	snprintf(path, sizeof path, "%s/logs/app.log", r.dir.path);
	ck_assert_int_eq(truncate(path, 0), 0);
	ck_assert_int_eq(truncate(path, 1 << 20), 0);
	pass(&r, 300); /* behind it there are no bytes that would tell the file from another */
	ck_assert_int_eq(truncate(path, 0), 0);
	append(&r, "logs/app.log", "two\n");
	want_only(&r, LINE("one") LINE("two"));
	unmake(&r);
}
END_TEST

START_TEST(cut_and_compressed_while_down)
{
	struct rig r;
	char path[512];
	make(&r);
	append(&r, "logs/app.log", "one\n");
	start(&r, YAML);
	want(&r, LINE("one"));
	rename_to(&r, "logs/app.log", "logs/app.log.1");
	append(&r, "logs/app.log", "");
	pass(&r, 300); /* both are written down: by the first one it is known what has been read */
	stop(&r);
	delete(&r, "logs/app.log.1");
	snprintf(path, sizeof path, "%s/logs/app.log.1.gz", r.dir.path);
	gzFile f = gzopen(path, "w");
	ck_assert_int_eq(gzwrite(f, "two\n", 4), 4);
	gzclose(f);
	append(&r, "logs/app.log", "three\n");
	start(&r, YAML);
	want_only(&r, LINE("three") LINE("two"));
	unmake(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rotation");
	TCase *t = tcase_create("files");
	tcase_set_timeout(t, 120);
	tcase_add_test(t, renamed_and_made_anew);
	tcase_add_test(t, folder_made_anew);
	tcase_add_test(t, two_names_for_a_moment);
	tcase_add_test(t, history_stays_history);
	tcase_add_test(t, history_stays_history_over_a_restart);
	tcase_add_test(t, cut_behind_a_hole);
	tcase_add_test(t, cut_and_compressed_while_down);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
