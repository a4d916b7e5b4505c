/* The file of places: what is written is read; damage costs its own line; other versions and other files are left alone. */
#include "agent/journal/journal_places.h"

#include <errno.h>

#include "parsers/bytes/buf.h"
#include "tests/unit/agent/temp_dir.h"

#define CURSOR_A "s=eca0fe01be4e4c6f86c6d3bbdff0725a;i=1;b=0123456789abcdef0123456789abcdef;m=3e8;t=660cc01dc61ff;x=453d757668f8a96b"
#define CURSOR_B "s=eca0fe01be4e4c6f86c6d3bbdff0725a;i=2;b=0123456789abcdef0123456789abcdef;m=3e9;t=660cc01dc6200;x=f77a5d34de11268d"

static const struct journal_place_row rows[] = {
	{ .job = STR("journal"), .destination = STR("loki:3100"), .cursor = CURSOR_A, .since_us = 17, .seen_s = 1000 },
	{ .job = STR("journal"), .destination = STR("other"), .since_us = 1795279181079039, .seen_s = 1000 },
	{ .job = STR("a job of blanks \"and\" \\"), .destination = STR("loki:3100"), .cursor = CURSOR_B, .since_us = 0, .seen_s = 1 },
};

static struct buf render(size_t count)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	journal_places_begin(&out);
	for (size_t i = 0; i < count; i++)
		journal_places_put(&out, &rows[i]);
	return out;
}

static void assert_row(const struct journal_places *p, const struct journal_place_row *want)
{
	const struct journal_place_row *got = journal_places_find(p, want->job, want->destination);
	ck_assert_ptr_nonnull(got);
	ck_assert_str_eq(got->cursor, want->cursor);
	ck_assert_uint_eq(got->since_us, want->since_us);
	ck_assert_int_eq(got->seen_s, want->seen_s);
}

START_TEST(what_is_written_is_read)
{
	struct buf text = render(COUNT_OF(rows));
	struct journal_places p = { 0 };
	ck_assert_int_eq(journal_places_parse(&p, buf_view(&text)), 1);
	ck_assert_uint_eq(p.count, COUNT_OF(rows));
	ck_assert_uint_eq(p.damaged, 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_row(&p, &rows[i]);
	ck_assert_ptr_null(journal_places_find(&p, STR("journal"), STR("loki")));
	journal_places_fini(&p);
	buf_fini(&text);
}
END_TEST

START_TEST(the_later_row_counts)
{
	struct buf text = render(1);
	struct journal_places p = { 0 };
	struct journal_place_row later = rows[0];
	snprintf(later.cursor, sizeof later.cursor, "%s", CURSOR_B);
	journal_places_put(&text, &later);
	ck_assert_int_eq(journal_places_parse(&p, buf_view(&text)), 1);
	ck_assert_uint_eq(p.count, 1);
	assert_row(&p, &later);
	journal_places_fini(&p);
	buf_fini(&text);
}
END_TEST

START_TEST(cut_at_every_byte)
{
	struct buf text = render(2);
	size_t first = str_find(buf_view(&text), '\n') + 1;
	for (size_t n = 0; n <= text.n; n++) {
		struct journal_places p = { 0 };
		int result = journal_places_parse(&p, str_take(buf_view(&text), n));
		ck_assert_int_eq(result, n >= first - 1);
		ck_assert_uint_le(p.count, 2);
		ck_assert_uint_eq(p.damaged, 0);
		if (n == text.n)
			ck_assert_uint_eq(p.count, 2);
		for (size_t i = 0; i < p.count; i++)
			assert_row(&p, &rows[i]);
		journal_places_fini(&p);
	}
	buf_fini(&text);
}
END_TEST

START_TEST(a_wrong_bit_costs_its_row)
{
	struct buf text = render(2);
	size_t first = str_find(buf_view(&text), '\n') + 1;
	for (size_t i = first; i < text.n; i++)
		for (int bit = 0; bit < 8; bit++) {
			struct journal_places p = { 0 };
			text.p[i] = (char)(text.p[i] ^ 1 << bit);
			ck_assert_int_eq(journal_places_parse(&p, buf_view(&text)), 1);
			ck_assert_uint_le(p.count, 2);
			for (size_t k = 0; k < p.count; k++) {
				bool is_one = str_eq(p.rows[k].job, rows[0].job);
				ck_assert(is_one && strcmp(p.rows[k].cursor, rows[str_eq(p.rows[k].destination, STR("other"))].cursor) == 0);
			}
			text.p[i] = (char)(text.p[i] ^ 1 << bit);
			journal_places_fini(&p);
		}
	buf_fini(&text);
}
END_TEST

START_TEST(files_on_disk)
{
	struct temp_dir dir = temp_dir_make();
	struct buf text = render(COUNT_OF(rows));
	struct journal_places p;
	char path[128], bad[160];
	snprintf(path, sizeof path, "%s", temp_path(&dir, "positions.journal"));
	ck_assert_int_eq(journal_places_load(&p, path), 0);
	ck_assert_uint_eq(p.count, 0);
	temp_write(&dir, "positions.journal.old", text.p, text.n);
	ck_assert_int_eq(journal_places_load(&p, path), 0);
	ck_assert_uint_eq(p.count, COUNT_OF(rows));
	journal_places_fini(&p);
	temp_write(&dir, "positions.journal", "positions:\n", 11); /* somebody else's */
	ck_assert_int_eq(journal_places_load(&p, path), 0);
	ck_assert_uint_eq(p.count, COUNT_OF(rows));
	ck_assert_uint_eq(p.damaged, 1);
	snprintf(bad, sizeof bad, "%s.bad", path);
	ck_assert_int_eq(access(bad, F_OK), 0);
	journal_places_fini(&p);
	temp_write(&dir, "positions.journal", "spoor journal positions 2 24d2f0b7\n", 35);
	int result = journal_places_load(&p, path); /* the checksum is wrong, so it is no such file at all */
	ck_assert_int_eq(result, 0);
	journal_places_fini(&p);
	buf_fini(&text);
	temp_dir_remove(&dir);
}
END_TEST

START_TEST(a_newer_version_is_left_alone)
{
	struct journal_places p = { 0 };
	ck_assert_int_eq(journal_places_parse(&p, STR("spoor journal positions 2 c8378f70\n")), -EPROTONOSUPPORT);
	journal_places_fini(&p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_places");
	TCase *tc = tcase_create("all");
	tcase_add_test(tc, what_is_written_is_read);
	tcase_add_test(tc, the_later_row_counts);
	tcase_add_test(tc, cut_at_every_byte);
	tcase_add_test(tc, a_wrong_bit_costs_its_row);
	tcase_add_test(tc, files_on_disk);
	tcase_add_test(tc, a_newer_version_is_left_alone);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
