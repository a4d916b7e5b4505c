/* Instants: every day that the format can name, every width of the fraction, and libc as the second opinion. */
#include "parsers/bytes/rfc3339.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

static const struct {
	const char *name, *in;
	bool want;
	int64_t ns;
} cases[] = {
	{ "first", "1970-01-01T00:00:00Z", true, 0 },
	{ "nine digits", "2026-11-21T09:00:00.000000001Z", true, 1795251600000000001 },
	{ "all nines", "2026-11-21T09:00:00.999999999Z", true, 1795251600999999999 },
	{ "every digit in its place", "2026-11-21T09:00:00.123456789Z", true, 1795251600123456789 },
	{ "six digits", "2026-11-21T09:00:00.123456Z", true, 1795251600123456000 },
	{ "one digit", "2026-11-21T09:00:00.5Z", true, 1795251600500000000 },
	{ "no fraction", "2026-11-21T09:00:00Z", true, 1795251600000000000 },
	{ "zone zero", "2026-11-21T09:00:00.000000001+00:00", true, 1795251600000000001 },
	{ "east", "2026-11-21T11:30:00+02:30", true, 1795251600000000000 },
	{ "west", "2026-11-21T01:00:00.5-08:00", true, 1795251600500000000 },
	{ "widest zone", "2026-11-22T08:59:00+23:59", true, 1795251600000000000 },
	{ "before 1970 by its zone", "1970-01-01T00:00:00+01:00", true, -3600000000000 },
	{ "blank for T", "2026-11-21 09:00:00Z", true, 1795251600000000000 },
	{ "lower case", "2026-11-21t09:00:00z", true, 1795251600000000000 },
	{ "leap second", "2016-12-31T23:59:60Z", true, 1483228800000000000 },
	{ "leap day", "2024-02-29T00:00:00Z", true, 1709164800000000000 },
	{ "leap day of 2000", "2000-02-29T00:00:00Z", true, 951782400000000000 },
	{ "last", "2261-12-31T23:59:59.999999999Z", true, 9214646399999999999 },
	{ "year 1969", "1969-12-31T23:59:59Z", false, 0 },
	{ "year 2262", "2262-01-01T00:00:00Z", false, 0 },
	{ "month 0", "2026-00-21T09:00:00Z", false, 0 },
	{ "month 13", "2026-13-21T09:00:00Z", false, 0 },
	{ "day 0", "2026-11-00T09:00:00Z", false, 0 },
	{ "day 31 of 30", "2026-11-31T09:00:00Z", false, 0 },
	{ "day 32", "2026-12-32T09:00:00Z", false, 0 },
	{ "no leap day", "2026-02-29T09:00:00Z", false, 0 },
	{ "no leap day in 2100", "2100-02-29T09:00:00Z", false, 0 },
	{ "hour 24", "2026-11-21T24:00:00Z", false, 0 },
	{ "minute 60", "2026-11-21T09:60:00Z", false, 0 },
	{ "second 61", "2026-11-21T09:00:61Z", false, 0 },
	{ "no zone", "2026-11-21T09:00:00", false, 0 },
	{ "no zone, fraction", "2026-11-21T09:00:00.000000001", false, 0 },
	{ "point without digits", "2026-11-21T09:00:00.Z", false, 0 },
	{ "ten digits", "2026-11-21T09:00:00.0000000001Z", false, 0 },
	{ "comma", "2026-11-21T09:00:00,000000001Z", false, 0 },
	{ "letter in the fraction", "2026-11-21T09:00:00.00000000aZ", false, 0 },
	{ "letter in eight digits", "2026-11-21T09:00:00.0000a0000Z", false, 0 },
	{ "colon in a digit's place", "2026-11-21T09:00:0:Z", false, 0 },
	{ "slash in a digit's place", "202/-11-21T09:00:00Z", false, 0 },
	{ "zone hour 24", "2026-11-21T09:00:00+24:00", false, 0 },
	{ "zone minute 60", "2026-11-21T09:00:00+00:60", false, 0 },
	{ "zone without colon", "2026-11-21T09:00:00+0000", false, 0 },
	{ "text behind", "2026-11-21T09:00:00Z ", false, 0 },
	{ "text behind nine digits", "2026-11-21T09:00:00.000000001Zx", false, 0 },
	{ "short year", "226-11-21T09:00:00.00Z", false, 0 },
	{ "slashes", "2026/11/21T09:00:00Z", false, 0 },
	{ "sign", "+026-11-21T09:00:00Z", false, 0 },
	{ "empty", "", false, 0 },
};

START_TEST(table)
{
	/* Of exactly its size, so that a byte read behind it is seen. */
	size_t n = strlen(cases[_i].in);
	char *copy = malloc(n ? n : 1);
	memcpy(copy, cases[_i].in, n);
	int64_t ns = 4711;
	bool got = rfc3339_parse((struct str){ copy, n }, &ns);
	ck_assert_msg(got == cases[_i].want, "%s: got %d, want %d", cases[_i].name, got, cases[_i].want);
	int64_t want = got ? cases[_i].ns : 4711;
	ck_assert_msg(ns == want, "%s: got %lld, want %lld", cases[_i].name, (long long)ns, (long long)want);
	free(copy);
}
END_TEST

/* One instant of every day from 1970 to 2261 there and back, and against libc's calendar. */
START_TEST(every_day)
{
	int64_t days = 0;
	for (; days < 292LL * 366; days++) {
		time_t seconds = (time_t)(days * 86400 + days * 7919 % 86400);
		int64_t ns = (int64_t)seconds * 1000000000 + days * 104729 % 1000000000, back;
		char at[RFC3339_ROOM], want[64];
		size_t n = rfc3339_format(ns, at);
		struct tm tm;
		gmtime_r(&seconds, &tm);
		if (tm.tm_year + 1900 > 2261)
			break;
		size_t m = strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%S.", &tm);
		ck_assert_msg(n == 30 && memcmp(at, want, m) == 0, "%lld: got %.*s, want %s", (long long)ns, (int)n, at, want);
		ck_assert_msg(rfc3339_parse((struct str){ at, n }, &back) && back == ns, "%.*s: got %lld, want %lld", (int)n, at,
			(long long)back, (long long)ns);
	}
	ck_assert_int_eq(days, 106651); /* 2262-01-01 */
}
END_TEST

/* Every combination of month and day, sensible or not, in years of all kinds: taken when timegm does not have to correct it. */
START_TEST(every_date_against_timegm)
{
	static const int years[] = { 1970, 1972, 1999, 2000, 2024, 2026, 2099, 2100, 2101, 2104, 2200, 2201, 2260, 2261 };
	for (size_t y = 0; y < COUNT_OF(years); y++) {
		for (int i = 0; i < 100 * 100; i++) {
			int month = i / 100, day = i % 100;
			char text[RFC3339_ROOM] = "0000-00-00T12:34:56Z";
			for (int k = 0, year = years[y]; k < 4; k++, year /= 10)
				text[3 - k] = (char)('0' + year % 10);
			text[5] = (char)('0' + month / 10), text[6] = (char)('0' + month % 10);
			text[8] = (char)('0' + day / 10), text[9] = (char)('0' + day % 10);
			struct tm tm = { .tm_year = years[y] - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = 12,
				.tm_min = 34, .tm_sec = 56 };
			time_t seconds = timegm(&tm);
			bool want = month >= 1 && month <= 12 && tm.tm_mon == month - 1 && tm.tm_mday == day;
			int64_t ns = 0;
			bool got = rfc3339_parse(str_of(text), &ns);
			ck_assert_msg(got == want, "%s: got %d, want %d", text, got, want);
			ck_assert_msg(!got || ns == (int64_t)seconds * 1000000000, "%s: got %lld", text, (long long)ns);
		}
	}
}
END_TEST

/* Any byte in any place: taken only where it makes an instant of the same shape. */
START_TEST(every_byte_in_every_place)
{
	static const char good[] = "2026-11-21T09:00:00.123456789Z";
	for (size_t at = 0; at < sizeof good - 1; at++) {
		for (int c = 0; c < 256; c++) {
			char text[sizeof good];
			memcpy(text, good, sizeof good);
			text[at] = (char)c;
			bool is_digit = c >= '0' && c <= '9', is_place = good[at] >= '0' && good[at] <= '9';
			bool is_marker = at == 10 ? c == 'T' || c == 't' || c == ' ' : at == 29 ? c == 'Z' ||
				c == 'z' : c == good[at];
			int64_t ns;
			bool got = rfc3339_parse((struct str){ text, sizeof good - 1 }, &ns);
			ck_assert_msg(!got || (is_place ? is_digit : is_marker), "byte %d at %zu is taken", c, at);
			if (at >= 20)
				ck_assert_msg(got == (is_place ? is_digit : is_marker), "byte %d at %zu: got %d", c, at, got);
		}
	}
}
END_TEST

START_TEST(format_of_extremes)
{
	static const struct {
		int64_t ns;
		const char *want;
	} extremes[] = { { 0, "1970-01-01T00:00:00.000000000Z" }, { -1, "1969-12-31T23:59:59.999999999Z" },
		{ INT64_MAX, "2262-04-11T23:47:16.854775807Z" },
			 { INT64_MIN, "1677-09-21T00:12:43.145224192Z" } };
	for (size_t i = 0; i < COUNT_OF(extremes); i++) {
		char at[RFC3339_ROOM];
		struct str got = { at, rfc3339_format(extremes[i].ns, at) };
		ck_assert_msg(str_eq(got, str_of(extremes[i].want)), "got " STR_FMT ", want %s", STR_ARG(got), extremes[i].want);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("rfc3339");
	TCase *t = tcase_create("rfc3339");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, table, 0, COUNT_OF(cases));
	tcase_add_test(t, every_day);
	tcase_add_test(t, every_date_against_timegm);
	tcase_add_test(t, every_byte_in_every_place);
	tcase_add_test(t, format_of_extremes);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
