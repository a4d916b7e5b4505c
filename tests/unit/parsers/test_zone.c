/* Time zones out of TZif files: the rule at their end, at its edges and in the south; changes; what is no such file. */
#include <check.h>

#include "parsers/bytes/buf.h"
#include "parsers/stages/zone.h"

#define CENTRAL "CET-1CEST,M3.5.0,M10.5.0/3"

/* A file with one kind (offset, name "LMT"), changes to it, and this rule. */
static void put(struct buf *b, uint64_t value, size_t n)
{
	while (n-- > 0)
		buf_char(b, n < sizeof value ? (char)(value >> (8 * n)) : 0);
}

static void put_head(struct buf *b, uint64_t kinds, uint64_t chars)
{
	buf_str(b, STR("TZif2"));
	put(b, 0, 15 + 16);
	put(b, kinds, 4);
	put(b, chars, 4);
}

static void put_file(struct buf *b, int32_t offset_s, const char *rule)
{
	put_head(b, 1, 4);
	put(b, 0, 6 + 4);
	put_head(b, 1, 4);
	put(b, (uint32_t)offset_s, 4);
	put(b, 0, 2);
	buf_append(b, "LMT", 4);
	buf_printf(b, "\n%s\n", rule);
}

static const struct {
	const char *name, *rule;
	int64_t year;
	int month, day, hour; /* on the clock there */
	int64_t want_s;       /* that it is ahead of UTC */
} cases[] = {
	{ "winter", CENTRAL, 2026, 1, 15, 12, 3600 },
	{ "summer", CENTRAL, 2026, 7, 15, 12, 7200 },
	{ "the hour before the change", CENTRAL, 2026, 3, 29, 1, 3600 },
	{ "the hour behind it", CENTRAL, 2026, 3, 29, 3, 7200 },
	{ "the hour that there are two of: the first", CENTRAL, 2026, 10, 25, 1, 7200 },
	{ "back in winter", CENTRAL, 2026, 10, 25, 3, 3600 },
	{ "south, summer", "AEST-10AEDT,M10.1.0,M4.1.0/3", 2026, 1, 15, 12, 39600 },
	{ "south, winter", "AEST-10AEDT,M10.1.0,M4.1.0/3", 2026, 7, 15, 12, 36000 },
	{ "west", "EST5EDT,M3.2.0,M11.1.0", 2026, 7, 15, 12, -14400 },
	{ "a name in brackets, half an hour", "<+0530>-5:30", 2026, 7, 15, 12, 19800 },
	{ "days of the year", "AAA0BBB,J60/0,J300/0", 2024, 3, 1, 12, 3600 },
	{ "days of the year, from 0", "AAA0BBB,60/0,300/0", 2024, 2, 29, 12, 0 },
	{ "no rule: the last kind", "", 2026, 7, 15, 12, 3208 },
	{ "a bad rule: the last kind", "CET-1CEST,M3", 2026, 7, 15, 12, 3208 },
};

START_TEST(rules)
{
	struct buf file;
	buf_init(&file, 4096);
	put_file(&file, 3208, cases[_i].rule);
	struct zone *z = zone_new(buf_view(&file));
	ck_assert_ptr_nonnull(z);
	int64_t clock_s = zone_days(cases[_i].year, cases[_i].month, cases[_i].day) * 86400 + cases[_i].hour * 3600;
	int64_t got_s = clock_s - zone_unix(z, clock_s);
	ck_assert_msg(got_s == cases[_i].want_s, "%s: got %lld", cases[_i].name, (long long)got_s);
	zone_free(z);
	buf_fini(&file);
}
END_TEST

START_TEST(bad_files)
{
	struct buf file;
	buf_init(&file, 4096);
	put_file(&file, 3600, CENTRAL);
	for (size_t n = 0; n + sizeof CENTRAL + 1 < file.n; n++) {
		struct zone *z = zone_new(str_take(buf_view(&file), n));
		ck_assert_msg(!z, "%zu bytes were taken", n);
	}
	file.p[44 + 10 + 36] = 0x7f; /* a number of kinds that is not there */
	ck_assert_ptr_null(zone_new(buf_view(&file)));
	buf_fini(&file);
}
END_TEST

START_TEST(dates)
{
	for (int64_t days = -800000; days < 800000; days += 13) {
		int64_t year;
		int month, day;
		zone_date(days, &year, &month, &day);
		ck_assert(month >= 1 && month <= 12 && day >= 1 && day <= 31);
		ck_assert_int_eq(zone_days(year, month, day), days);
	}
	ck_assert_int_eq(zone_days(1970, 1, 1), 0);
	ck_assert_int_eq(zone_days(2000, 3, 1), 11017);
	ck_assert_int_eq(zone_days(0, 1, 1), -719528);
}
END_TEST

START_TEST(utc)
{
	int32_t offset_s = 1;
	ck_assert_int_eq(zone_unix(NULL, 5), 5);
	ck_assert(zone_offset_named(NULL, STR("UTC"), 0, &offset_s) && offset_s == 0);
	ck_assert(!zone_offset_named(NULL, STR("CET"), 0, &offset_s));
	zone_free(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("zone");
	TCase *t = tcase_create("zone");
	tcase_add_loop_test(t, rules, 0, COUNT_OF(cases));
	tcase_add_test(t, bad_files);
	tcase_add_test(t, dates);
	tcase_add_test(t, utc);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
