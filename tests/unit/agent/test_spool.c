/* Samples on disk: what survives a kill, what a destination is given after a start, damage, caps. Random histories are in
 * tests/model/model_spool.c. */
#include "agent/spool/spool.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "agent/spool/spool_format.h"
#include "tests/unit/agent/temp_dir.h"

static struct spool *open_in(const struct temp_dir *d, uint64_t cap, size_t destinations)
{
	char err[256];
	struct spool_options o = { .directory = d ? d->path : NULL, .cap_bytes = cap, .destination_count = destinations, .names = { "a", "b", "c" } };
	struct spool *s = spool_open(&o, err);
	ck_assert_msg(s && !err[0], "%s", err);
	return s;
}

static int append(struct spool *s, const char *text)
{
	spool_segment(s);
	return spool_append(s, str_of(text), strlen(text));
}

/* Reads one frame; its text, with '*' in front when it is history; "" when there is none. */
static const char *next(struct spool *s, size_t destination, struct journal_mark *mark)
{
	static char text[256];
	struct spool_frame f;
	if (spool_read(s, destination, &f) == 0)
		return "";
	snprintf(text, sizeof text, "%s" STR_FMT, f.is_history ? "*" : "", STR_ARG(f.payload));
	if (mark)
		*mark = f.end;
	return text;
}

static struct spool_status status(const struct spool *s)
{
	struct spool_status out;
	spool_status(s, &out);
	return out;
}

START_TEST(each_destination_reads_at_its_own_pace)
{
	struct temp_dir d = temp_dir_make();
	bool is_memory = _i;
	struct spool *s = open_in(is_memory ? NULL : &d, 1 << 20, 2);
	struct journal_mark mark;
	ck_assert_int_eq(append(s, "one"), 0);
	ck_assert_int_eq(append(s, "three"), 0);
	ck_assert_str_eq(next(s, 0, &mark), "one");
	ck_assert_uint_eq(mark.sequence, 3);
	ck_assert_str_eq(next(s, 0, &mark), "three");
	ck_assert_uint_eq(mark.sequence, 8);
	ck_assert_str_eq(next(s, 0, NULL), "");
	ck_assert_uint_eq(status(s).destination[0].samples_pending, 8);
	spool_ack(s, 0, &mark);
	ck_assert_uint_eq(status(s).destination[0].samples_pending, 0);
	ck_assert_uint_eq(status(s).destination[0].bytes_pending, 0);
	ck_assert_uint_eq(status(s).destination[1].samples_pending, 8);
	ck_assert_str_eq(next(s, 1, NULL), "one");
	spool_rewind(s, 0); /* all acknowledged, but what comes needs the definitions */
	ck_assert_str_eq(next(s, 0, NULL), "*one");
	ck_assert_str_eq(next(s, 0, NULL), "*three");
	ck_assert_int_eq(append(s, "x"), 0);
	ck_assert_str_eq(next(s, 0, NULL), "x");
	ck_assert_int_eq(status(s).is_memory, is_memory);
	ck_assert_uint_eq(status(s).samples_written, 9);
	spool_sync(s);
	spool_close(s);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(a_start_in_the_middle_defines_again)
{
	struct temp_dir d = temp_dir_make(); /* row 117 */
	struct spool *s = open_in(&d, 1 << 20, 1);
	struct journal_mark mark;
	append(s, "definitions");
	append(s, "b");
	append(s, "c");
	next(s, 0, NULL);
	next(s, 0, &mark);
	spool_ack(s, 0, &mark);
	spool_close(s);
	s = open_in(&d, 1 << 20, 1);
	ck_assert_uint_eq(status(s).destination[0].samples_pending, 1);
	ck_assert_str_eq(next(s, 0, NULL), "*definitions");
	ck_assert_str_eq(next(s, 0, NULL), "*b");
	ck_assert_str_eq(next(s, 0, &mark), "c");
	ck_assert_str_eq(next(s, 0, NULL), "");
	ck_assert_uint_eq(mark.segment, 1);
	ck_assert_uint_eq(spool_segment(s), 2); /* numbers of series are new in this life */
	append(s, "d");
	ck_assert_str_eq(next(s, 0, NULL), "d");
	spool_ack(s, 0, &mark);
	ck_assert_uint_eq(status(s).segments, 1); /* the first one is done */
	spool_close(s);
	temp_dir_remove(&d);
}
END_TEST

/* What is pending is in one of two places: unread here, or with the reader. */
START_TEST(unread_and_found)
{
	struct temp_dir d = temp_dir_make();
	struct spool *s = open_in(&d, 1 << 20, 2);
	struct journal_mark mark;
	append(s, "one");
	append(s, "three");
	next(s, 0, &mark);
	ck_assert_uint_eq(status(s).destination[0].samples_unread, 5);
	ck_assert_uint_eq(status(s).destination[0].samples_pending, 8);
	ck_assert_uint_eq(status(s).destination[0].samples_found, 0);
	ck_assert_uint_eq(status(s).destination[1].samples_unread, 8);
	spool_ack(s, 0, &mark);
	spool_close(s);
	s = open_in(&d, 1 << 20, 3);
	ck_assert_uint_eq(status(s).destination[0].samples_found, 5);
	ck_assert_uint_eq(status(s).destination[0].samples_unread, 5);
	ck_assert_str_eq(next(s, 0, NULL), "*one"); /* history: nothing that was owed */
	ck_assert_uint_eq(status(s).destination[0].samples_unread, 5);
	ck_assert_str_eq(next(s, 0, NULL), "three");
	ck_assert_uint_eq(status(s).destination[0].samples_unread, 0);
	ck_assert_uint_eq(status(s).destination[0].samples_found, 5);
	ck_assert_uint_eq(status(s).destination[1].samples_found, 8);
	ck_assert_uint_eq(status(s).destination[2].samples_found, 0);
	spool_close(s);
	temp_dir_remove(&d);
}
END_TEST

/* Definitions would only be written again at once: a segment that is full of them goes on, up to a quarter of the cap. */
static const struct { const char *name; bool is_memory; size_t defined, segment_kib; } roll_cases[] = {
	{ "samples only", false, 0, 128 },
	{ "a third is definitions", false, 40, 160 },
	{ "all of it", false, 1000, 256 },
	{ "in memory", true, 1000, 128 },
};

START_TEST(a_segment_of_definitions_goes_on)
{
	struct temp_dir d = temp_dir_make();
	struct spool *s = open_in(roll_cases[_i].is_memory ? NULL : &d, 1 << 20, 1);
	struct buf kib;
	size_t kibs = 0;
	buf_init(&kib, 2048);
	memset(buf_reserve(&kib, 1024), 'x', 1024);
	buf_grow(&kib, 1024 - 16);
	uint64_t first = spool_segment(s);
	for (; spool_segment(s) == first && kibs < 1000; kibs++) {
		if (kibs < roll_cases[_i].defined)
			spool_defined(s, kib.n);
		ck_assert_int_eq(spool_append(s, buf_view(&kib), 1), 0);
	}
	ck_assert_msg(kibs + 2 >= roll_cases[_i].segment_kib && kibs <= roll_cases[_i].segment_kib + 2, "%s: %zu KiB", roll_cases[_i].name, kibs);
	spool_append(s, STR("x"), 1);
	spool_roll(s);
	ck_assert_uint_eq(spool_segment(s), first + 2);
	buf_fini(&kib);
	spool_close(s);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(nothing_is_lost_by_a_kill)
{
	struct temp_dir d = temp_dir_make();
	/* Shared with the child: how many it has been told are in. */
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(page, MAP_FAILED);
	volatile int *in = page;
	int want = 0;
	struct journal_mark mark;
	for (int round = 0; round < 6; round++) {
		pid_t child = fork();
		if (child == 0) {
			struct spool *s = open_in(&d, 16 << 20, 1);
			char text[64];
			for (int i = *in;; i++) {
				snprintf(text, sizeof text, "frame %d", i);
				spool_segment(s);
				if (spool_append(s, str_of(text), 1) < 0)
					_exit(1);
				*in = i + 1;
			}
		}
		for (int k = 0; k < 2000 && *in < want + 50; k++)
			usleep(1000);
		kill(child, SIGKILL);
		int how;
		ck_assert_int_eq(waitpid(child, &how, 0), child);
		ck_assert(WIFSIGNALED(how));
		want = *in;
	}
	struct spool *s = open_in(&d, 16 << 20, 1);
	char text[64];
	for (int i = 0; i < want; i++) {
		snprintf(text, sizeof text, "frame %d", i);
		const char *got = next(s, 0, &mark);
		if (strcmp(got, text) != 0) /* the last one of a life may be in without anybody having heard of it: then it comes twice */
			ck_assert_msg(i > 0 && i - 1 == (int)strtol(got + 6, NULL, 10) && strcmp(next(s, 0, &mark), text) == 0, "%s instead of %s", got, text);
	}
	ck_assert_int_ge(want, 50);
	spool_close(s);
	munmap(page, 4096);
	temp_dir_remove(&d);
}
END_TEST

static void damage(struct temp_dir *d, const char *name, long at, const char *bytes, size_t n)
{
	FILE *f = fopen(temp_path(d, name), "r+");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	fclose(f);
}

enum { FIRST = SPOOL_SEGMENT_HEAD, SECOND = FIRST + SPOOL_FRAME_HEAD + 5 };
static const struct damage_case {
	const char *name;
	long at;
	const char *want[3];
	uint64_t shed;
} damage_cases[] = {
	{ "payload", SECOND + SPOOL_FRAME_HEAD + 1, { "aaaaa", "ccccc", "" }, 5 },
	{ "length", SECOND, { "aaaaa", "", "" }, 10 },
	{ "checksum of the head", SECOND + 12, { "aaaaa", "", "" }, 10 },
	{ "checksum of the payload", SECOND + 8, { "aaaaa", "", "" }, 10 },
	{ "first payload", FIRST + SPOOL_FRAME_HEAD, { "bbbbb", "ccccc", "" }, 5 },
};

START_TEST(damage_in_the_middle_is_skipped_and_counted)
{
	const struct damage_case *c = &damage_cases[_i]; /* row 118 */
	struct temp_dir d = temp_dir_make();
	struct spool *s = open_in(&d, 1 << 20, 1);
	append(s, "aaaaa");
	append(s, "bbbbb");
	append(s, "ccccc");
	spool_close(s);
	s = open_in(&d, 1 << 20, 1); /* so that it is not the newest one: there, a bad head is a torn end */
	append(s, "dd");
	damage(&d, "0000000000000001.samples", c->at, "\xee", 1);
	for (size_t i = 0; i < 3 && c->want[i][0]; i++)
		ck_assert_msg(strcmp(next(s, 0, NULL), c->want[i]) == 0, "%s: frame %zu", c->name, i);
	ck_assert_msg(strcmp(next(s, 0, NULL), "dd") == 0, "%s: the next segment", c->name);
	ck_assert_uint_eq(status(s).corrupt_frames, 1);
	ck_assert_uint_gt(status(s).bytes_skipped, 0);
	ck_assert_uint_eq(status(s).destination[0].samples_shed, c->shed);
	ck_assert_uint_eq(status(s).destination[0].samples_pending, 17 - c->shed);
	spool_close(s);
	temp_dir_remove(&d);
}
END_TEST

static const struct torn_case { const char *name; off_t cut; int frames; } torn_cases[] = {
	{ "whole", 0, 3 },    { "one byte short", 1, 2 },      { "only a head", 5, 2 },
	{ "half a head", 10, 2 }, { "one frame and a bit", 22, 1 }, { "no head of the segment", 3 * 21 + 4, 0 },
};

START_TEST(a_torn_end_is_cut_off)
{
	const struct torn_case *c = &torn_cases[_i];
	struct temp_dir d = temp_dir_make();
	struct spool *s = open_in(&d, 1 << 20, 1);
	append(s, "aaaaa");
	append(s, "bbbbb");
	append(s, "ccccc");
	spool_close(s);
	struct stat st;
	ck_assert_int_eq(stat(temp_path(&d, "0000000000000001.samples"), &st), 0);
	ck_assert_int_eq(truncate(d.file, st.st_size - c->cut), 0);
	s = open_in(&d, 1 << 20, 1);
	append(s, "dd");
	int n = 0;
	while (strcmp(next(s, 0, NULL), "dd") != 0 && n < 10)
		n++;
	ck_assert_msg(n == c->frames, "%s: %d frames", c->name, n);
	ck_assert_uint_eq(status(s).destination[0].samples_shed, 0); /* nobody was told that they are in */
	spool_close(s);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(the_older_slot_holds_when_one_is_torn)
{
	struct temp_dir d = temp_dir_make();
	struct spool *s = open_in(&d, 1 << 20, 1);
	struct journal_mark mark;
	append(s, "a");
	append(s, "b");
	next(s, 0, &mark);
	spool_ack(s, 0, &mark); /* generation 3: slot 1 */
	next(s, 0, &mark);
	spool_ack(s, 0, &mark); /* generation 4: slot 0 */
	append(s, "c");
	spool_close(s);
	damage(&d, "acked", 40, "\xee", 1);
	s = open_in(&d, 1 << 20, 1);
	ck_assert_str_eq(next(s, 0, NULL), "*a");
	ck_assert_str_eq(next(s, 0, NULL), "b"); /* once more, rather than never */
	ck_assert_str_eq(next(s, 0, NULL), "c");
	spool_close(s);
	damage(&d, "acked", 40, "\xee\xee", 2);
	damage(&d, "acked", 4096 + 40, "\xee", 1);
	s = open_in(&d, 1 << 20, 1);
	ck_assert_str_eq(next(s, 0, NULL), "a"); /* no record at all: everything that is there */
	spool_close(s);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(a_new_destination_starts_at_the_newest_sample)
{
	struct temp_dir d = temp_dir_make();
	struct spool *s = open_in(&d, 1 << 20, 1);
	append(s, "old");
	spool_close(s);
	s = open_in(&d, 1 << 20, 2);
	ck_assert_uint_eq(status(s).destination[1].samples_pending, 0);
	append(s, "new");
	ck_assert_str_eq(next(s, 1, NULL), "new");
	ck_assert_str_eq(next(s, 0, NULL), "old");
	ck_assert_uint_eq(status(s).destination[1].samples_shed, 0);
	spool_close(s);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(the_cap_sheds_the_oldest_and_counts)
{
	struct temp_dir d = temp_dir_make(); /* row 87 */
	static char text[20001];
	memset(text, 'x', 20000);
	struct spool *s = open_in(_i ? NULL : &d, 256 * 1024, 2);
	struct spool_frame f;
	uint64_t got = 0, appended = 0;
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(append(s, text), 0);
		appended += 20000;
		ck_assert_uint_le(status(s).bytes, 256 * 1024);
		if (i < 50 && spool_read(s, 1, &f)) { /* keeps up for a while */
			spool_ack(s, 1, &f.end);
			got += 20000;
		}
	}
	uint64_t left[2] = { 0 };
	for (size_t d2 = 0; d2 < 2; d2++)
		while (spool_read(s, d2, &f))
			left[d2] += f.payload.n;
	ck_assert_uint_eq(status(s).destination[0].samples_shed + left[0], appended);
	ck_assert_uint_eq(status(s).destination[1].samples_shed + left[1] + got, appended);
	ck_assert_uint_gt(status(s).destination[0].samples_shed, status(s).destination[1].samples_shed);
	ck_assert_uint_eq(status(s).destination[0].samples_pending, left[0]);
	spool_close(s);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(no_directory_is_memory_with_a_reason)
{
	struct temp_dir d = temp_dir_make();
	char err[256] = "";
	temp_write(&d, "file", "x", 1);
	struct spool_options o = { .directory = temp_path(&d, "file"), .cap_bytes = UINT64_C(1) << 40, .destination_count = 1, .names = { "a" } };
	struct spool *s = spool_open(&o, err);
	ck_assert_ptr_nonnull(s);
	ck_assert_msg(strstr(err, "cannot be used for samples"), "%s", err);
	ck_assert(status(s).is_memory);
	ck_assert_int_eq(append(s, "works"), 0);
	ck_assert_str_eq(next(s, 0, NULL), "works");
	spool_close(s);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(foreign_files_are_left_alone)
{
	struct temp_dir d = temp_dir_make();
	temp_write(&d, "1.samples", "x", 1);
	temp_write(&d, "0000000000000003.samples.old", "x", 1);
	temp_write(&d, "0000000000000004.samples", "not a segment", 13);
	struct spool *s = open_in(&d, 1 << 20, 1);
	ck_assert_int_eq(append(s, "a"), 0);
	ck_assert_str_eq(next(s, 0, NULL), "a");
	ck_assert_uint_eq(status(s).corrupt_frames, 1);
	spool_close(s);
	ck_assert_str_eq(temp_read(&d, "1.samples"), "x");
	ck_assert_str_eq(temp_read(&d, "0000000000000003.samples.old"), "x");
	ck_assert_str_eq(temp_read(&d, "0000000000000004.samples"), "(none)");
	temp_dir_remove(&d);
}
END_TEST

START_TEST(what_is_too_large_is_refused_and_defined_anew)
{
	struct temp_dir d = temp_dir_make();
	struct spool *s = open_in(&d, 1 << 20, 1);
	char *large = calloc(1, JOURNAL_FRAME_MAX + 1);
	append(s, "a");
	ck_assert_int_eq(spool_append(s, (struct str){ large, JOURNAL_FRAME_MAX + 1 }, 1), -EMSGSIZE);
	ck_assert_uint_eq(spool_segment(s), 2);
	ck_assert_uint_eq(status(s).write_errors, 1);
	append(s, "b");
	ck_assert_str_eq(next(s, 0, NULL), "a");
	ck_assert_str_eq(next(s, 0, NULL), "b");
	free(large);
	spool_close(s);
	temp_dir_remove(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("spool");
	TCase *t = tcase_create("spool");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, each_destination_reads_at_its_own_pace, 0, 2);
	tcase_add_test(t, a_start_in_the_middle_defines_again);
	tcase_add_test(t, nothing_is_lost_by_a_kill);
	tcase_add_test(t, unread_and_found);
	tcase_add_loop_test(t, a_segment_of_definitions_goes_on, 0, (int)COUNT_OF(roll_cases));
	tcase_add_loop_test(t, damage_in_the_middle_is_skipped_and_counted, 0, (int)COUNT_OF(damage_cases));
	tcase_add_loop_test(t, a_torn_end_is_cut_off, 0, (int)COUNT_OF(torn_cases));
	tcase_add_test(t, the_older_slot_holds_when_one_is_torn);
	tcase_add_test(t, a_new_destination_starts_at_the_newest_sample);
	tcase_add_loop_test(t, the_cap_sheds_the_oldest_and_counts, 0, 2);
	tcase_add_test(t, no_directory_is_memory_with_a_reason);
	tcase_add_test(t, foreign_files_are_left_alone);
	tcase_add_test(t, what_is_too_large_is_refused_and_defined_anew);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
