/* Frames of the journal: what is written is read again, and damaged frames end where they are damaged. */
#include "exporters/journal.h"

#include <check.h>
#include <stdlib.h>

static struct labels make_labels(void)
{
	struct labels l = { 0 };
	labels_set(&l, STR("__name__"), STR("up"));
	labels_set(&l, STR("job"), STR("test"));
	return l;
}

static void write_all(struct journal_writer *w)
{
	struct labels l = make_labels();
	journal_begin(w);
	journal_metadata(w, 300, 2, STR("up"), STR("Help."), STR(""));
	journal_series(w, 0, 300, &l);
	journal_time(w, -5);
	journal_time(w, -5); /* nothing new */
	journal_sample(w, 0, 1);
	journal_sample(w, 1, 2); /* the same run */
	journal_exemplar(w, 3, &l, 0.5, 77);
	journal_sample(w, 3, 3);
	journal_sample(w, 2, 4); /* backwards: a run of its own */
	journal_time(w, INT64_MAX);
	journal_start(w, 3, INT64_MIN);
	journal_histogram(w, 3, STR("abc"));
	labels_fini(&l);
}

static const struct { char tag; uint64_t id, n; } want[] = {
	{ 'M', 300, 0 }, { 'S', 0, 0 }, { 'T', 0, 0 }, { 'R', 0, 2 }, { 'E', 3, 0 }, { 'R', 3, 1 },
	{ 'R', 2, 1 },   { 'T', 0, 0 }, { 'C', 3, 0 }, { 'H', 3, 0 },
};

START_TEST(round_trip)
{
	struct journal_writer w = { 0 };
	struct journal_record r;
	for (int again = 0; again < 2; again++) {
		write_all(&w);
		ck_assert_uint_eq(w.samples, 5);
		struct str rest = journal_end(&w);
		for (size_t i = 0; i < COUNT_OF(want); i++) {
			ck_assert_msg(journal_next(&rest, &r), "record %zu is missing", i);
			ck_assert_msg(r.tag == want[i].tag && r.id == want[i].id && r.n == want[i].n, "record %zu: %c %llu %llu", i, r.tag,
				      (unsigned long long)r.id, (unsigned long long)r.n);
			ck_assert(i != 0 || (r.type == 2 && str_eq(r.name, STR("up")) && str_eq(r.help, STR("Help.")) && r.unit.n == 0));
			ck_assert(i != 1 || (r.metadata == 300 && str_eq(r.bytes, STR("\n\x0e\n\x08__name__\x12\x02up\n\x0b\n\x03job\x12\x04test"))));
			ck_assert(i != 2 || r.ms == -5);
			ck_assert(i != 3 || (journal_value(r.bytes, 0) == 1 && journal_value(r.bytes, 1) == 2));
			ck_assert(i != 7 || r.ms == INT64_MAX);
			ck_assert(i != 8 || r.ms == INT64_MIN);
			ck_assert(i != 9 || str_eq(r.bytes, STR("abc")));
		}
		ck_assert(!journal_next(&rest, &r) && rest.n == 0);
	}
	journal_fini(&w);
}
END_TEST

START_TEST(cut_at_every_byte)
{
	struct journal_writer w = { 0 };
	write_all(&w);
	struct str whole = journal_end(&w);
	size_t clean = 0;
	for (size_t n = 0; n < whole.n; n++) {
		char *copy = malloc(n + 1); /* its own block: reading behind it is seen */
		memcpy(copy, whole.p, n);
		struct str rest = { copy, n };
		struct journal_record r;
		size_t records = 0;
		while (journal_next(&rest, &r))
			records++;
		clean += rest.n == 0;
		ck_assert_uint_lt(records, COUNT_OF(want));
		free(copy);
	}
	ck_assert_uint_eq(clean, COUNT_OF(want)); /* in front of each record; everywhere else it is damaged */
	journal_fini(&w);
}
END_TEST

static const struct damaged_case { const char *name; struct str bytes; } damaged_cases[] = {
	{ "unknown letter", { "X\0", 2 } },
	{ "run longer than the frame", { "R\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12 } },
	{ "run over the end of the numbers", { "R\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01\0\0\0\0\0\0\0\0", 20 } },
	{ "text longer than the frame", { "S\x01\x00\x7f" "ab", 6 } },
	{ "number without an end", { "T\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 12 } },
	{ "letter alone", { "H", 1 } },
};

START_TEST(damaged)
{
	const struct damaged_case *c = &damaged_cases[_i];
	struct journal_record r;
	struct str rest = c->bytes;
	ck_assert_msg(!journal_next(&rest, &r) && rest.n, "%s: taken for a record", c->name);
}
END_TEST

START_TEST(a_long_run_is_cut_and_all_there)
{
	struct journal_writer w = { 0 };
	struct journal_record r;
	enum { SAMPLES = 1000000 };
	journal_begin(&w);
	for (uint64_t i = 0; i < SAMPLES; i++)
		journal_sample(&w, 10 + i, i * 3);
	struct str rest = journal_end(&w);
	uint64_t next = 0;
	while (journal_next(&rest, &r)) {
		ck_assert(r.tag == 'R' && r.id == 10 + next);
		for (size_t i = 0; i < r.n; i++, next++)
			if (journal_value(r.bytes, i) != next * 3)
				ck_abort_msg("sample %llu", (unsigned long long)next);
	}
	ck_assert_uint_eq(rest.n, 0);
	ck_assert_uint_eq(next, w.samples);
	ck_assert_uint_eq(next, SAMPLES);
	journal_fini(&w);
}
END_TEST

START_TEST(what_does_not_fit_is_left_out_alone)
{
	struct journal_writer w = { 0 };
	struct journal_record r;
	char *large = calloc(1, JOURNAL_FRAME_MAX);
	journal_begin(&w);
	journal_sample(&w, 1, 5);
	journal_histogram(&w, 2, (struct str){ large, JOURNAL_FRAME_MAX });
	journal_sample(&w, 3, 6);
	ck_assert_uint_eq(w.left_out, 1);
	ck_assert_uint_eq(w.samples, 2);
	struct str rest = journal_end(&w);
	ck_assert(journal_next(&rest, &r) && r.id == 1 && journal_next(&rest, &r) && r.id == 3 && !journal_next(&rest, &r) && rest.n == 0);
	journal_begin(&w);
	ck_assert_uint_eq(journal_end(&w).n, 0);
	journal_fini(&w);
	free(large);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("journal");
	TCase *t = tcase_create("journal");
	tcase_add_test(t, round_trip);
	tcase_add_test(t, cut_at_every_byte);
	tcase_add_loop_test(t, damaged, 0, (int)COUNT_OF(damaged_cases));
	tcase_add_test(t, a_long_run_is_cut_and_all_there);
	tcase_add_test(t, what_does_not_fit_is_left_out_alone);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
