/* Numbers against libc, which rounds exactly too; what is no number; and the shortest text of one. */
#include <check.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/decimal.h"

static const char *const numbers[] = {
	"0", "-0", "+0", "0.0", ".0", "0.", "00012.500", "1", "-1", "1e0", "1E+5", "1e-5", "12345678901234567890", "18446744073709551615",
	"18446744073709551616", "9007199254740992", "9007199254740993", "9007199254740994", "9007199254740995", "1e22", "1e23", "1e27", "1e28",
	"8.5e-27", "8.5e-28", "123456789012345678e27", "0.1234567890123456789", "0.30000000000000004", "1.7976931348623157e308",
	"1.7976931348623158e308", "2.2250738585072014e-308", "2.2250738585072011e-308", "4.9406564584124654e-324", "2.4703282292062328e-324",
	"2.4703282292062327e-324", "1e-400", "0e99999", "0.000000000000000000000000000000000000000000001", "5e-324", "1795251600.1234567",
	"6.02214076e23", "3.1415926535897932384626433832795028841971693993751058209749445923", "1000000000000000000000000000000000000000e-39",
	"7.8459735791271921e65", "9214843084008499", "5e-20", "8589934592.0000009", "0.00000000000000000000000000000000000000000000000000000001e56",
};

START_TEST(numbers_are_exact)
{
	double got, want = strtod(numbers[_i], NULL);
	ck_assert_msg(decimal_parse(str_of(numbers[_i]), &got), "%s is refused", numbers[_i]);
	ck_assert_msg(got == want && signbit(got) == signbit(want), "%s: got %.17g, want %.17g", numbers[_i], got, want);
}
END_TEST

START_TEST(words)
{
	static const struct { const char *text; double want; } rows[] = {
		{ "inf", INFINITY }, { "+Inf", INFINITY }, { "-INF", -INFINITY }, { "Infinity", INFINITY }, { "-infinity", -INFINITY },
	};
	double got;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		ck_assert_msg(decimal_parse(str_of(rows[i].text), &got) && got == rows[i].want, "%s", rows[i].text);
	ck_assert(decimal_parse(STR("NaN"), &got) && isnan(got));
	ck_assert(decimal_parse(STR("nan"), &got) && isnan(got));
}
END_TEST

START_TEST(what_is_no_number)
{
	static const char *const rows[] = { "", "+", "-", ".", "e5", "1e", "1e+", "1.2.3", "1 ", " 1", "1_0", "0x10", "0x1p3", "1p3", "in", "infi",
		"infinit", "nano", "+nan", "-nan", "--1", "1e5.5", "1,5", "1.8e308", "1e309", "-1e400", "1e99999999999999999999", "1\n" };
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		double got = 7;
		ck_assert_msg(!decimal_parse(str_of(rows[i]), &got) && got == 7, "\"%s\" is taken for %g", rows[i], got);
	}
	double got;
	ck_assert(!decimal_parse(STR("1\0"), &got));
}
END_TEST

static uint64_t next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Random bits as 15 to 20 digits each, and points half way between two doubles, where the last digit decides. */
START_TEST(random_numbers)
{
	uint64_t state = 88172645463325252u;
	for (int i = 0; i < 20000; i++) {
		char text[1100];
		double value, got;
		uint64_t bits = next(&state);
		memcpy(&value, &bits, sizeof value);
		if (!isfinite(value))
			continue;
		int n = i % 4 ? snprintf(text, sizeof text, "%.*e", 13 + i % 8, value) :
				snprintf(text, sizeof text, "%" PRIu64 "e%d", bits >> (i % 60), (int)(bits % 60) - 30);
		double want = strtod(text, NULL);
		bool is_taken = decimal_parse((struct str){ text, (size_t)n }, &got);
		ck_assert_msg(is_taken ? got == want : isinf(want), "%s: got %.17g, want %.17g", text, got, want);
	}
	for (int i = 0; i < 2000; i++) {
		char text[1100];
		uint64_t bits = next(&state) % UINT64_C(0x0010000000000000) | (uint64_t)(900 + i % 200) << 52;
		double low, got;
		memcpy(&low, &bits, sizeof low);
		/* long double has 11 bits more: exact */
		long double half = ((long double)low + (long double)nextafter(low, INFINITY)) / 2;
		int n = snprintf(text, sizeof text, "%.800Lf", half);
		text[n - 1] = (char)('0' + i % 2); /* a hair above, or exactly between */
		ck_assert(decimal_parse((struct str){ text, (size_t)n }, &got));
		ck_assert_msg(got == strtod(text, NULL), "%s: got %.17g", text, got);
	}
}
END_TEST

START_TEST(printed)
{
	static const struct { double value; const char *want; } rows[] = {
		{ 0, "0.0" }, { -0.0, "0.0" }, { 1, "1.0" }, { -1, "-1.0" }, { 0.5, "0.5" }, { 0.005, "0.005" }, { 0.0001, "0.0001" }, { 0.00001, "1e-05" },
		{ 2.5, "2.5" }, { 10, "10.0" }, { 100000, "100000.0" }, { 123456, "123456.0" }, { 1e6, "1e+06" }, { 1234567, "1.234567e+06" },
		{ -1.5e300, "-1.5e+300" }, { 0.1 + 0.2, "0.30000000000000004" }, { 5e-324, "5e-324" }, { 1.7976931348623157e308, "1.7976931348623157e+308" },
		{ 99.99, "99.99" }, { INFINITY, "+Inf" }, { -INFINITY, "-Inf" }, { NAN, "NaN" }, { 1048576, "1.048576e+06" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char text[DECIMAL_ROOM];
		size_t n = decimal_print(rows[i].value, text);
		ck_assert_msg(str_eq((struct str){ text, n }, str_of(rows[i].want)), "%.17g: got %.*s, want %s", rows[i].value, (int)n, text,
			rows[i].want);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("decimal");
	TCase *t = tcase_create("decimal");
	tcase_add_loop_test(t, numbers_are_exact, 0, COUNT_OF(numbers));
	tcase_add_test(t, words);
	tcase_add_test(t, what_is_no_number);
	tcase_add_test(t, random_numbers);
	tcase_add_test(t, printed);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
