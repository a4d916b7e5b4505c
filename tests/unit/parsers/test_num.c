/* Numbers at their limits, sizes, durations; what is refused leaves the output alone. */
#include "parsers/bytes/num.h"

#include <check.h>

#define SECOND 1000000000ll

START_TEST(unsigned_and_signed)
{
	static const struct {
		const char *in;
		bool is_u64, is_i64;
		uint64_t u64;
		int64_t i64;
	} cases[] = {
		{ "0", true, true, 0, 0 },
		{ "007", true, true, 7, 7 },
		{ "9223372036854775807", true, true, INT64_MAX, INT64_MAX },
		{ "9223372036854775808", true, false, 9223372036854775808u, 0 },
		{ "18446744073709551615", true, false, UINT64_MAX, 0 },
		{ "18446744073709551616", false, false, 0, 0 },
		{ "99999999999999999999999999", false, false, 0, 0 },
		{ "-1", false, true, 0, -1 },
		{ "-0", false, true, 0, 0 },
		{ "-9223372036854775808", false, true, 0, INT64_MIN },
		{ "-9223372036854775809", false, false, 0, 0 },
		{ "", false, false, 0, 0 },
		{ "-", false, false, 0, 0 },
		{ "--1", false, false, 0, 0 },
		{ "+1", false, false, 0, 0 },
		{ " 1", false, false, 0, 0 },
		{ "1 ", false, false, 0, 0 },
		{ "1.0", false, false, 0, 0 },
		{ "1e3", false, false, 0, 0 },
		{ "0x1", false, false, 0, 0 },
		{ "/", false, false, 0, 0 },
		{ ":", false, false, 0, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t u = 4711;
		int64_t n = 4711;
		ck_assert_msg(num_u64(str_of(cases[i].in), &u) == cases[i].is_u64, "\"%s\" as u64", cases[i].in);
		ck_assert_msg(u == (cases[i].is_u64 ? cases[i].u64 : 4711), "\"%s\": got %llu", cases[i].in, (unsigned long long)u);
		ck_assert_msg(num_i64(str_of(cases[i].in), &n) == cases[i].is_i64, "\"%s\" as i64", cases[i].in);
		ck_assert_msg(n == (cases[i].is_i64 ? cases[i].i64 : 4711), "\"%s\": got %lld", cases[i].in, (long long)n);
	}
}
END_TEST

START_TEST(as_go_reads_integers)
{
	static const struct { const char *in; bool want; int64_t value; } cases[] = {
		{ "12", true, 12 }, { "+12", true, 12 }, { "-12", true, -12 }, { "+-12", false, 0 }, { "-+12", false, 0 }, { "++12", false, 0 },
		{ "+", false, 0 }, { "", false, 0 }, { "+9223372036854775808", false, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t got = 4711;
		ck_assert_msg(num_atoi(str_of(cases[i].in), &got) == cases[i].want, "\"%s\": want %d", cases[i].in, cases[i].want);
		ck_assert_msg(got == (cases[i].want ? cases[i].value : 4711), "\"%s\": got %lld", cases[i].in, (long long)got);
	}
}
END_TEST

START_TEST(digits_in_front)
{
	static const struct { const char *in; size_t want; } cases[] = { { "", 0 }, { "x1", 0 }, { "1", 1 }, { "0190x", 4 }, { "12/", 2 }, { "12:", 2 } };
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		ck_assert_msg(num_digits(str_of(cases[i].in)) == cases[i].want, "\"%s\": got %zu", cases[i].in, num_digits(str_of(cases[i].in)));
}
END_TEST

START_TEST(hex)
{
	static const struct {
		const char *in;
		bool want;
		uint64_t value;
	} cases[] = { { "0", true, 0 }, { "fF", true, 255 }, { "0123456789abcdef", true, 0x0123456789abcdef },
		{ "ffffffffffffffff", true, UINT64_MAX },
		      { "0ffffffffffffffff", false, 0 }, { "", false, 0 }, { "g", false, 0 }, { "0x1", false, 0 },
		      { "-1", false, 0 }, { "@", false, 0 }, { "`", false, 0 } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t got = 4711;
		ck_assert_msg(num_hex64(str_of(cases[i].in), &got) == cases[i].want, "\"%s\": want %d", cases[i].in, cases[i].want);
		ck_assert_msg(got == (cases[i].want ? cases[i].value : 4711), "\"%s\": got %llx", cases[i].in,
			(unsigned long long)got);
	}
	for (int c = 0; c < 256; c++) {
		static const char digits[] = "0123456789abcdef";
		const char *hit = c ? strchr(digits, ascii_lower((char)c)) : NULL;
		ck_assert_msg(hex_value((char)c) == (hit ? (int)(hit - digits) : -1), "byte %d: got %d", c, hex_value((char)c));
	}
}
END_TEST

START_TEST(bytes)
{
	static const struct {
		const char *in;
		bool want;
		uint64_t value;
	} cases[] = { { "0", true, 0 }, { "4096", true, 4096 }, { "1B", true, 1 }, { "64KiB", true, 65536 },
		{ "1MiB", true, 1048576 }, { "2GiB", true, 2147483648 },
		      { "1KB", true, 1000 }, { "1MB", true, 1000000 }, { "2GB", true, 2000000000 }, { "1k", true, 1024 },
		      { "1m", true, 1048576 }, { "1g", true, 1073741824 },
		      { "64kib", true, 65536 }, { "17179869183GiB", true, 18446744072635809792u }, { "17179869184GiB", false, 0 },
		      { "", false, 0 }, { "KiB", false, 0 },
		      { "1 KiB", false, 0 }, { "-1", false, 0 }, { "1.5MiB", false, 0 }, { "1TiB", false, 0 },
		      { "1KiBx", false, 0 } };
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint64_t got = 4711;
		ck_assert_msg(num_bytes(str_of(cases[i].in), &got) == cases[i].want, "\"%s\": want %d", cases[i].in, cases[i].want);
		ck_assert_msg(got == (cases[i].want ? cases[i].value : 4711), "\"%s\": got %llu", cases[i].in,
			(unsigned long long)got);
	}
}
END_TEST

START_TEST(durations)
{
	static const struct {
		const char *in;
		bool want;
		int64_t value;
	} cases[] = {
		{ "0", true, 0 }, { "0s", true, 0 }, { "1ns", true, 1 }, { "1us", true, 1000 }, { "1\xc2\xb5s", true, 1000 },
		{ "1\xce\xbcs", true, 1000 },
		{ "500ms", true, SECOND / 2 }, { "1.5s", true, 3 * SECOND / 2 }, { ".5s", true, SECOND / 2 },
		{ "0.29ms", true, 290000 }, { "0.1s", true, SECOND / 10 },
		{ "1m30s", true, 90 * SECOND }, { "1h", true, 3600 * SECOND }, { "1.5h", true, 5400 * SECOND },
		{ "2d", true, 172800 * SECOND }, { "1w", true, 604800 * SECOND },
		{ "1y", true, 31536000 * SECOND }, { "1h2m3s4ms5us6ns", true, 3723 * SECOND + 4005006 },
		{ "0.123456789s", true, 123456789 }, { "0.999999999y", true, 31535999968464000 },
		{ "292y", true, 9208512000000000000 }, { "9223372036854775807ns", true, INT64_MAX },
		{ "9223372036854775808ns", false, 0 }, { "293y", false, 0 },
		{ "292y292y", false, 0 }, { "1", false, 0 }, { "", false, 0 }, { "s", false, 0 }, { "-1s", false, 0 },
		{ "1S", false, 0 }, { "1M", false, 0 }, { "1.s", false, 0 },
		{ "1.2.3s", false, 0 }, { ".s", false, 0 }, { "1s ", false, 0 }, { "1 s", false, 0 }, { "1x", false, 0 },
		{ "1m30", false, 0 }, { "0.1234567890s", false, 0 },
		{ "99999999999999999999s", false, 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t got = 4711;
		ck_assert_msg(num_duration_ns(str_of(cases[i].in), &got) == cases[i].want, "\"%s\": want %d", cases[i].in,
			cases[i].want);
		ck_assert_msg(got == (cases[i].want ? cases[i].value : 4711), "\"%s\": got %lld", cases[i].in, (long long)got);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("num");
	TCase *t = tcase_create("num");
	tcase_add_test(t, unsigned_and_signed);
	tcase_add_test(t, as_go_reads_integers);
	tcase_add_test(t, digits_in_front);
	tcase_add_test(t, hex);
	tcase_add_test(t, bytes);
	tcase_add_test(t, durations);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
