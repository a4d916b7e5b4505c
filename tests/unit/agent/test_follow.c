/* One reader of the journal on real journal files: order, places, matches, rules, limits, files that go away or are damaged. */
#include "agent/journal/follow.h"

#include <sys/stat.h>

#include "agent/journal/sdjournal.h"
#include "tests/unit/agent/journal_rig.h"

enum { LINE_MAX_BYTES = 4096, TEXT_ROOM = 8192 };

struct rig {
	struct journal_rig j;
	struct sdjournal *library;
	struct config_journal config;
	struct config_relabel rules[4];
	struct config_relabels relabels;
	struct follow_options o;
	struct follow *f;
	struct journal_block block;
	int64_t now_ns;
	char got[TEXT_ROOM]; /* what was read, a line an entry: "labels message" */
};

static struct rig *rig_make(void)
{
	struct rig *r = calloc(1, sizeof *r);
	char err[256] = "";
	r->j = journal_rig_make();
	r->library = sdjournal_load(err);
	ck_assert_msg(r->library != NULL, "%s", err);
	static struct config_label job = { STR("job"), STR("j") };
	r->config = (struct config_journal){ .path = str_of(r->j.dir.path), .labels = { &job, 1 } };
	r->o = (struct follow_options){ .library = r->library, .journal = &r->config, .rules = &r->relabels, .line_max_bytes = LINE_MAX_BYTES,
					.lane_count = 1 };
	r->now_ns = 1000000000000;
	journal_block_init(&r->block, LINE_MAX_BYTES);
	return r;
}

static void rig_open(struct rig *r)
{
	char err[256] = "";
	r->f = follow_new(&r->o, err);
	ck_assert_msg(r->f != NULL, "%s", err);
}

static void rig_free(struct rig *r)
{
	follow_free(r->f);
	journal_block_fini(&r->block);
	journal_rig_free(&r->j);
	free(r->library);
	free(r);
}

static void rule(struct rig *r, struct str *source, const char *regex, const char *target, const char *replacement, const char *action)
{
	struct config_relabels *all = &r->relabels;
	all->at = r->rules;
	r->rules[all->count++] = (struct config_relabel){ .source_labels = { source, source ? 1 : 0 }, .separator = STR(";"), .regex = str_of(regex),
							  .target_label = str_of(target), .replacement = str_of(replacement),
							  .action = str_of(action), .has_regex = strcmp(regex, "(.*)") != 0,
							  .has_replacement = strcmp(replacement, "$1") != 0 };
}

static void take_block(struct rig *r)
{
	struct journal_line line;
	while (journal_block_next(&r->block, &line)) {
		struct label l;
		size_t n = strlen(r->got);
		if (n + 200 > sizeof r->got) /* those who read so much count only */
			continue;
		while (journal_block_label(&line.key, &l))
			n += (size_t)snprintf(r->got + n, sizeof r->got - n, STR_FMT "=" STR_FMT " ", STR_ARG(l.name), STR_ARG(l.value));
		snprintf(r->got + n, sizeof r->got - n, "%.*s%s\n", (int)(line.text.n > 40 ? 40 : line.text.n), line.text.p, line.was_cut ? "..." : "");
	}
}

/* Reads until nothing is left; returns entries, dropped ones included. */
static uint64_t read_all(struct rig *r)
{
	uint64_t entries = 0;
	r->got[0] = '\0';
	follow_woken(r->f);
	do {
		journal_block_reset(&r->block);
		follow_fill(r->f, &r->block, r->now_ns++);
		entries += journal_block_entries(&r->block);
		take_block(r);
	} while (!r->block.is_at_end && !r->block.problem[0]);
	return entries;
}

#define ASSERT_GOT(r, want) ck_assert_msg(strcmp((r)->got, want) == 0, "got\n%s, want\n%s", (r)->got, want)

START_TEST(entries_come_in_order)
{
	struct rig *r = rig_make();
	journal_rig_entry(&r->j, "one", "a.service");
	journal_rig_entry(&r->j, "two", "b.service");
	journal_rig_write(&r->j, "x.journal");
	journal_rig_entry(&r->j, "three", "c.service");
	journal_rig_write(&r->j, "w.journal");
	rig_open(r);
	ck_assert_uint_eq(read_all(r), 3);
	ASSERT_GOT(r, "job=j one\njob=j two\njob=j three\n");
	ck_assert_uint_eq(read_all(r), 0);
	journal_rig_entry(&r->j, "four", "c.service");
	journal_rig_write(&r->j, "w.journal");
	journal_rig_entry(&r->j, "five", "c.service");
	journal_rig_write(&r->j, "v.journal"); /* a file that is new under it */
	ck_assert_uint_eq(read_all(r), 2);
	ASSERT_GOT(r, "job=j four\njob=j five\n");
	rig_free(r);
}
END_TEST

START_TEST(timestamps_are_the_entries)
{
	struct rig *r = rig_make();
	uint64_t at_us = r->j.now_us;
	struct journal_line line;
	journal_rig_entry(&r->j, "one", "a");
	journal_rig_write(&r->j, "x.journal");
	rig_open(r);
	follow_fill(r->f, &r->block, r->now_ns);
	ck_assert(journal_block_next(&r->block, &line));
	ck_assert_int_eq(line.timestamp_ns, (int64_t)at_us * 1000);
	rig_free(r);
}
END_TEST

START_TEST(rules_make_and_drop)
{
	static struct str unit = STR("__journal__systemd_unit"), keyword = STR("__journal_priority_keyword");
	struct rig *r = rig_make();
	rule(r, &unit, "(.*)\\.service", "unit", "$1", "replace");
	rule(r, &keyword, "(.*)", "level", "$1", "replace");
	rule(r, &keyword, "debug", "", "$1", "drop");
	rule(r, NULL, "job", "", "$1", "labeldrop");
	for (int i = 0; i < 4; i++) {
		static const char *const priorities[] = { "3", "7", "6", "" };
		journal_rig_begin(&r->j);
		if (i != 2)
			journal_rig_field(&r->j, "MESSAGE", STR("m"));
		if (i != 3) /* no label will be left of the last one */
			journal_rig_field(&r->j, "_SYSTEMD_UNIT", STR("ssh.service"));
		if (i != 3)
			journal_rig_field(&r->j, "PRIORITY", str_of(priorities[i]));
		journal_rig_field(&r->j, "X", STR("x"));
		journal_rig_end(&r->j);
	}
	journal_rig_write(&r->j, "x.journal");
	rig_open(r);
	ck_assert_uint_eq(read_all(r), 4);
	ASSERT_GOT(r, "level=error unit=ssh m\n");
	ck_assert_uint_eq(r->block.dropped[JOURNAL_DROP_NO_MESSAGE], 1);
	ck_assert_uint_eq(r->block.dropped[JOURNAL_DROP_RELABEL], 1);
	ck_assert_uint_eq(r->block.dropped[JOURNAL_DROP_NO_LABELS], 1);
	rig_free(r);
}
END_TEST

START_TEST(labelmap_sees_all_fields)
{
	struct rig *r = rig_make();
	rule(r, NULL, "__journal_(_systemd_unit|x|message)", "", "f_$1", "labelmap");
	journal_rig_begin(&r->j);
	journal_rig_field(&r->j, "MESSAGE", STR("m\xff"));
	journal_rig_field(&r->j, "X", STR("1"));
	journal_rig_field(&r->j, "X", STR("2"));
	journal_rig_field(&r->j, "_SYSTEMD_UNIT", STR("a"));
	journal_rig_end(&r->j);
	journal_rig_write(&r->j, "x.journal");
	rig_open(r);
	read_all(r);
	ASSERT_GOT(r, "f__systemd_unit=a f_message=m\xef\xbf\xbd f_x=2 job=j m\xff\n");
	rig_free(r);
}
END_TEST

static const struct {
	const char *matches, *want;
} matches[] = {
	{ "", "job=j a1\njob=j b1\njob=j b2\n" },
	{ "_SYSTEMD_UNIT=a", "job=j a1\n" },
	{ "_SYSTEMD_UNIT=b N=2", "job=j b2\n" },
	{ "_SYSTEMD_UNIT=a _SYSTEMD_UNIT=b", "job=j a1\njob=j b1\njob=j b2\n" },
	{ "_SYSTEMD_UNIT=a + N=2", "job=j a1\njob=j b2\n" },
	{ "_SYSTEMD_UNIT=c", "" },
};

START_TEST(matches_choose)
{
	struct rig *r = rig_make();
	static const char *const rows[][3] = { { "a1", "a", "1" }, { "b1", "b", "1" }, { "b2", "b", "2" } };
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		journal_rig_begin(&r->j);
		journal_rig_field(&r->j, "MESSAGE", str_of(rows[i][0]));
		journal_rig_field(&r->j, "_SYSTEMD_UNIT", str_of(rows[i][1]));
		journal_rig_field(&r->j, "N", str_of(rows[i][2]));
		journal_rig_end(&r->j);
	}
	journal_rig_write(&r->j, "x.journal");
	r->config.matches = str_of(matches[_i].matches);
	rig_open(r);
	read_all(r);
	ASSERT_GOT(r, matches[_i].want);
	rig_free(r);
}
END_TEST

START_TEST(long_lines_are_cut)
{
	struct rig *r = rig_make();
	size_t n = 5 << 20; /* compressed in the file */
	char *big = malloc(n);
	memset(big, 'x', n);
	journal_rig_begin(&r->j);
	journal_rig_field(&r->j, "MESSAGE", (struct str){ big, n });
	journal_rig_end(&r->j);
	journal_rig_entry(&r->j, "next", "a");
	journal_rig_write(&r->j, "x.journal");
	for (int is_json = 0; is_json < 2; is_json++) {
		r->config.json = is_json;
		rig_open(r);
		ck_assert_uint_eq(read_all(r), 2);
		if (is_json)
			ck_assert_msg(strncmp(r->got, "job=j {\"MESSAGE\":\"xxx", 20) == 0 && strstr(r->got, "...\njob=j {\"MESSAGE\":\"next\""), "got %s", r->got);
		else
			ASSERT_GOT(r, "job=j xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...\njob=j next\n");
		follow_free(r->f);
		r->f = NULL;
	}
	free(big);
	rig_free(r);
}
END_TEST

static void many(struct rig *r, const char *file, int from, int to)
{
	char text[32];
	for (int i = from; i < to; i++) {
		snprintf(text, sizeof text, "%d", i);
		journal_rig_entry(&r->j, text, "a");
	}
	journal_rig_write(&r->j, file);
}

/* A place behind the last entry of the block at hand. */
static void remember(struct rig *r, struct journal_place *out)
{
	*out = (struct journal_place){ 0 };
	memcpy(out->cursor, r->block.cursor, sizeof out->cursor);
	ck_assert(journal_cursor_parse(str_of(out->cursor), &out->at));
}

START_TEST(a_place_is_found_again)
{
	struct rig *r = rig_make();
	many(r, "x.journal", 0, 5);
	rig_open(r);
	ck_assert_uint_eq(read_all(r), 5);
	remember(r, &r->o.places[0]);
	follow_free(r->f);
	many(r, "x.journal", 5, 7);
	rig_open(r);
	ck_assert_uint_eq(read_all(r), 2);
	ASSERT_GOT(r, "job=j 5\njob=j 6\n");
	follow_free(r->f);
	r->config.matches = STR("_SYSTEMD_UNIT=b"); /* which the entry at the place does not have */
	journal_rig_entry(&r->j, "of b", "b");
	journal_rig_write(&r->j, "x.journal");
	rig_open(r);
	ck_assert_uint_eq(read_all(r), 1);
	ASSERT_GOT(r, "job=j of b\n");
	ck_assert_str_eq(r->block.note, "");
	ck_assert_uint_eq(r->block.gaps[JOURNAL_GAP_VACUUMED], 0);
	rig_free(r);
}
END_TEST

START_TEST(a_place_that_is_gone_is_told)
{
	struct rig *r = rig_make();
	many(r, "x.journal", 0, 5);
	rig_open(r);
	ck_assert_uint_eq(read_all(r), 5);
	remember(r, &r->o.places[0]);
	follow_free(r->f);
	many(r, "y.journal", 5, 8);
	ck_assert_int_eq(unlink(temp_path(&r->j.dir, "x.journal")), 0);
	rig_open(r);
	ck_assert_uint_eq(read_all(r), 3);
	ASSERT_GOT(r, "job=j 5\njob=j 6\njob=j 7\n");
	ck_assert_uint_eq(r->block.gaps[JOURNAL_GAP_VACUUMED], 1);
	ck_assert(strstr(r->block.note, "not in the journal any more"));
	rig_free(r);
}
END_TEST

START_TEST(max_age_is_where_it_begins)
{
	struct rig *r = rig_make();
	many(r, "x.journal", 0, 2);
	r->j.now_us += 60000000;
	uint64_t later_us = r->j.now_us;
	many(r, "x.journal", 2, 4);
	rig_open(r); /* from the beginning: to have a cursor */
	follow_fill(r->f, &r->block, r->now_ns);
	follow_free(r->f);
	r->o.places[0] = (struct journal_place){ .since_us = later_us };
	rig_open(r);
	ck_assert_uint_eq(read_all(r), 2);
	ASSERT_GOT(r, "job=j 2\njob=j 3\n");
	ck_assert_str_eq(r->block.note, "");
	rig_free(r);
}
END_TEST

/* The saved place is behind entry `saved`; what is older than entry `oldest` is not wanted. */
static const struct {
	int saved, oldest;
	bool is_told;
	const char *want;
} ages[] = {
	{ 0, 1, false, "job=j 1\njob=j 2\njob=j 3\n" },
	{ 0, 2, true, "job=j 2\njob=j 3\n" },
	{ 1, 3, true, "job=j 3\n" },
	{ 3, 4, false, "" },
	{ 2, 4, true, "" },
};

START_TEST(max_age_leaves_out_and_says_so)
{
	struct rig *r = rig_make();
	uint64_t us[5];
	char cursors[4][JOURNAL_CURSOR_MAX + 1];
	rig_open(r);
	for (int i = 0; i < 4; i++) {
		us[i] = r->j.now_us;
		many(r, "x.journal", i, i + 1);
		r->now_ns += 10000000000; /* the directory was empty at first */
		read_all(r);
		memcpy(cursors[i], r->block.cursor, sizeof cursors[i]);
	}
	us[4] = r->j.now_us;
	follow_free(r->f);
	r->o.places[0] = (struct journal_place){ .since_us = us[ages[_i].oldest] };
	memcpy(r->o.left_out_from, cursors[ages[_i].saved], sizeof r->o.left_out_from);
	rig_open(r);
	read_all(r);
	ASSERT_GOT(r, ages[_i].want);
	ck_assert_msg(r->block.gaps[JOURNAL_GAP_TOO_OLD] == ages[_i].is_told, "row %d: %s", _i, r->block.note);
	rig_free(r);
}
END_TEST

START_TEST(blocks_end_where_another_lane_stands)
{
	struct rig *r = rig_make();
	many(r, "x.journal", 0, 3);
	rig_open(r);
	read_all(r);
	remember(r, &r->o.places[1]);
	follow_free(r->f);
	many(r, "x.journal", 3, 5);
	r->o.lane_count = 2;
	rig_open(r);
	journal_block_reset(&r->block);
	follow_fill(r->f, &r->block, r->now_ns);
	ck_assert_uint_eq(journal_block_entries(&r->block), 3);
	ck_assert_uint_eq(r->block.acknowledged, 2);
	ck_assert_str_eq(r->block.cursor, r->o.places[1].cursor);
	journal_block_reset(&r->block);
	follow_fill(r->f, &r->block, r->now_ns);
	ck_assert_uint_eq(journal_block_entries(&r->block), 2);
	ck_assert_uint_eq(r->block.acknowledged, 0);
	ck_assert(r->block.is_at_end);
	rig_free(r);
}
END_TEST

START_TEST(blocks_are_bounded)
{
	struct rig *r = rig_make();
	many(r, "x.journal", 0, 6000);
	rig_open(r);
	journal_block_reset(&r->block);
	follow_fill(r->f, &r->block, r->now_ns);
	ck_assert(!r->block.is_at_end);
	ck_assert_uint_lt(r->block.bytes.n, JOURNAL_BLOCK_BYTES + 200);
	ck_assert(follow_is_due(r->f, r->now_ns));
	uint64_t first = journal_block_entries(&r->block);
	ck_assert_uint_eq(first + read_all(r), 6000);
	ck_assert_uint_eq(read_all(r), 0);
	ck_assert(!follow_is_due(r->f, r->now_ns));
	rig_free(r);
}
END_TEST

START_TEST(a_deleted_file_is_read_to_its_end)
{
	struct rig *r = rig_make();
	many(r, "x.journal", 0, 6000);
	many(r, "y.journal", 6000, 6001);
	rig_open(r);
	journal_block_reset(&r->block);
	follow_fill(r->f, &r->block, r->now_ns);
	uint64_t first = journal_block_entries(&r->block);
	ck_assert_uint_lt(first, 6000);
	ck_assert_int_eq(unlink(temp_path(&r->j.dir, "x.journal")), 0);
	many(r, "z.journal", 6001, 6002);
	uint64_t rest = 0;
	for (int i = 0; i < 3; i++)
		rest += read_all(r);
	ck_assert_uint_eq(first + rest, 6002);
	rig_free(r);
}
END_TEST

static void overwrite(struct rig *r, const char *name, off_t at, size_t n)
{
	char junk[65536];
	memset(junk, 0x5a, sizeof junk);
	int fd = open(temp_path(&r->j.dir, name), O_WRONLY);
	ck_assert_int_ge(fd, 0);
	for (size_t done = 0; done < n; done += sizeof junk)
		ck_assert(pwrite(fd, junk, n - done < sizeof junk ? n - done : sizeof junk, at + (off_t)done) > 0);
	close(fd);
}

START_TEST(damaged_files_are_passed_over_and_told)
{
	struct rig *r = rig_make();
	many(r, "bad.journal", 0, 3);
	many(r, "short.journal", 3, 6);
	many(r, "good.journal", 6, 9);
	overwrite(r, "bad.journal", 0, 64);
	ck_assert_int_eq(truncate(temp_path(&r->j.dir, "short.journal"), 100000), 0);
	rig_open(r);
	ck_assert_uint_eq(read_all(r), 3);
	ASSERT_GOT(r, "job=j 6\njob=j 7\njob=j 8\n");
	ck_assert_uint_eq(r->block.gaps[JOURNAL_GAP_DAMAGED], 1);
	ck_assert_msg(strstr(r->block.note, "2 of 3 journal files are damaged"), "%s", r->block.note);
	rig_free(r);
}
END_TEST

START_TEST(damage_inside_a_file_is_noticed)
{
	struct rig *r = rig_make();
	struct stat st;
	many(r, "bad.journal", 0, 20000);
	many(r, "good.journal", 20000, 20003);
	ck_assert_int_eq(stat(temp_path(&r->j.dir, "bad.journal"), &st), 0);
	overwrite(r, "bad.journal", 3 << 20, 2 << 20);
	rig_open(r);
	uint64_t entries = 0, gaps = 0, damaged = 0;
	for (int i = 0; i < 50; i++) {
		journal_block_reset(&r->block);
		follow_fill(r->f, &r->block, r->now_ns);
		entries += journal_block_entries(&r->block);
		gaps += r->block.gaps[JOURNAL_GAP_DAMAGED];
		damaged += r->block.damaged_entries;
		take_block(r);
		r->got[0] = r->block.is_at_end ? r->got[0] : '\0';
		if (r->block.is_at_end)
			break;
	}
	ck_assert(r->block.is_at_end);
	ck_assert_msg(entries < 20003, "%llu entries", (unsigned long long)entries);
	ck_assert_msg(gaps + damaged > 0, "%llu gaps, %llu damaged", (unsigned long long)gaps, (unsigned long long)damaged);
	ck_assert_msg(strstr(r->got, "job=j 20000\njob=j 20001\njob=j 20002\n"), "got %s", r->got);
	rig_free(r);
}
END_TEST

START_TEST(what_is_missing_is_told)
{
	struct rig *r = rig_make();
	char path[128];
	snprintf(path, sizeof path, "%s/none", r->j.dir.path);
	r->config.path = str_of(path);
	rig_open(r);
	ck_assert_uint_eq(read_all(r), 0);
	ck_assert_msg(strstr(r->block.problem, "there is no such directory"), "%s", r->block.problem);
	ck_assert(!follow_is_due(r->f, r->now_ns));
	ck_assert_int_eq(mkdir(path, 0755), 0);
	r->now_ns += 6000000000;
	ck_assert(follow_is_due(r->f, r->now_ns));
	read_all(r);
	ck_assert_msg(strstr(r->block.problem, "no journal file there"), "%s", r->block.problem);
	many(r, "none/x.journal", 0, 1);
	r->now_ns += 6000000000;
	ck_assert_uint_eq(read_all(r), 1);
	ck_assert_str_eq(r->block.problem, "");
	rig_free(r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("follow");
	TCase *tc = tcase_create("all");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, entries_come_in_order);
	tcase_add_test(tc, timestamps_are_the_entries);
	tcase_add_test(tc, rules_make_and_drop);
	tcase_add_test(tc, labelmap_sees_all_fields);
	tcase_add_loop_test(tc, matches_choose, 0, COUNT_OF(matches));
	tcase_add_test(tc, long_lines_are_cut);
	tcase_add_test(tc, a_place_is_found_again);
	tcase_add_test(tc, a_place_that_is_gone_is_told);
	tcase_add_test(tc, max_age_is_where_it_begins);
	tcase_add_loop_test(tc, max_age_leaves_out_and_says_so, 0, COUNT_OF(ages));
	tcase_add_test(tc, blocks_end_where_another_lane_stands);
	tcase_add_test(tc, blocks_are_bounded);
	tcase_add_test(tc, a_deleted_file_is_read_to_its_end);
	tcase_add_test(tc, damaged_files_are_passed_over_and_told);
	tcase_add_test(tc, damage_inside_a_file_is_noticed);
	tcase_add_test(tc, what_is_missing_is_told);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
