/* Families as text: numbers, labels, headers, and a family that comes twice. */
#include "agent/exposition/families.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

static const struct {
	const char *want;
	double value;
} numbers[] = {
	{ "0", 0 },
	{ "-0", -0.0 },
	{ "1", 1 },
	{ "-1", -1 },
	{ "0.5", 0.5 },
	{ "-0.25", -0.25 },
	{ "0.1", 0.1 },
	{ "0.000000001", 1e-9 },
	{ "1e-10", 1e-10 },
	{ "123456.789", 123456.789 },
	{ "999999.999999999", 999999.999999999 },
	{ "1000000.5", 1000000.5 },
	{ "20000012.345", 20000012.345 },
	{ "1795251600.25", 1795251600.25 },
	{ "1795251600.1234567", 1795251600.1234567 },
	{ "999999999999999", 999999999999999 },
	{ "1e+15", 1e15 },
	{ "9007199254740993", 9007199254740993.0 },
	{ "1.8446744073709552e+19", 18446744073709551615.0 },
	{ "0.3333333333333333", 1.0 / 3 },
	{ "0.30000000000000004", 0.1 + 0.2 },
	{ "2.5e-300", 2.5e-300 },
	{ "1.7976931348623157e+308", 1.7976931348623157e308 },
	{ "+Inf", INFINITY },
	{ "-Inf", -INFINITY },
	{ "NaN", NAN },
};

START_TEST(numbers_are_short_and_read_back)
{
	struct buf out;
	buf_init(&out, 100);
	families_number(&out, numbers[_i].value);
	buf_char(&out, '\0');
	double back = strtod(out.p, NULL);
	ck_assert_msg(back == numbers[_i].value || isnan(back), "%s: got %s", numbers[_i].want, out.p);
	if (fabs(numbers[_i].value) != 9007199254740993.0) /* no double: its neighbour */
		ck_assert_str_eq(out.p, numbers[_i].want);
	buf_fini(&out);
}
END_TEST

/* Cents, milliseconds and nanoseconds of any size, and doubles made of arbitrary bits. */
START_TEST(every_number_reads_back)
{
	uint64_t seed = 88172645463325252u;
	struct buf out;
	buf_init(&out, 100);
	for (int i = 0; i < 200000; i++) {
		static const double scales[] = { 1, 100, 1000, 1e6, 1e9 };
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		double value = (double)(seed >> (seed & 63)) / scales[i % 5];
		if (i % 8 == 0)
			memcpy(&value, &seed, sizeof value);
		buf_reset(&out);
		families_number(&out, value);
		buf_char(&out, '\0');
		double back = strtod(out.p, NULL);
		ck_assert_msg(back == value || (isnan(back) && isnan(value)), "%.17g was written as %s", value, out.p);
	}
	buf_fini(&out);
}
END_TEST

static void write_page(struct families *f)
{
	families_begin(f, "empty", METRIC_GAUGE, "leaves no trace");
	families_begin(f, "a_total", METRIC_COUNTER, "line\nend, back\\slash and \"quotes\"");
	families_label1(f, "l", STR("say \"hi\"\\\n"), 1);
	families_label2(f, "l", STR("caf\xc3\xa9"), "m", STR("bad\xff"), 2.5);
	families_begin(f, "odd", METRIC_COUNTER, NULL);
	families_value(f, 3);
	families_begin(f, "u", METRIC_UNKNOWN, "h");
	families_value(f, 4);
	families_begin(f, "a_total", METRIC_GAUGE, "again");
	families_value(f, 5);
	families_begin(f, "h", METRIC_HISTOGRAM, "h");
	families_sample(f, "_bucket", &(struct metric_label){ "le", STR("+Inf") }, 1, 6);
	families_sample(f, "_count", NULL, 0, 6);
	families_gauge(f, "g", "h", 7);
	families_counter(f, "c_total", "h", 8);
	families_begin(f, "e_total", METRIC_COUNTER, NULL);
	const struct metric_exemplar exemplar = { STR("4bf92f3577b34da6a3ce929d0e0e4736"), STR("00f067aa0ba902b7"), 1, 1795251600123456789 };
	families_traced(f, "", &(struct metric_label){ "l", STR("a") }, 1, 9, &exemplar);
	families_traced(f, "", &(struct metric_label){ "l", STR("b") }, 1, 10, &(struct metric_exemplar){ .value = 1 });
	families_traced(f, "", NULL, 0, 11, &(struct metric_exemplar){ exemplar.trace_id, STR(""), 0.25, -5 });
}

static const char text_page[] = "# HELP a_total line\\nend, back\\\\slash and \"quotes\"\n# TYPE a_total counter\n"
				"a_total{l=\"say \\\"hi\\\"\\\\\\n\"} 1\na_total{l=\"caf\xc3\xa9\",m=\"bad\xef\xbf\xbd\"} 2.5\n"
				"# TYPE odd counter\nodd 3\n# HELP u h\n# TYPE u untyped\nu 4\n"
				"# HELP h h\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 6\nh_count 6\n"
				"# HELP g h\n# TYPE g gauge\ng 7\n# HELP c_total h\n# TYPE c_total counter\nc_total 8\n"
				"# TYPE e_total counter\ne_total{l=\"a\"} 9\ne_total{l=\"b\"} 10\ne_total 11\n";
static const char openmetrics_page[] = "# HELP a line\\nend, back\\\\slash and \\\"quotes\\\"\n# TYPE a counter\n"
				       "a_total{l=\"say \\\"hi\\\"\\\\\\n\"} 1\na_total{l=\"caf\xc3\xa9\",m=\"bad\xef\xbf\xbd\"} 2.5\n"
				       "# TYPE odd unknown\nodd 3\n# HELP u h\n# TYPE u unknown\nu 4\n"
				       "# HELP h h\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 6\nh_count 6\n"
				       "# HELP g h\n# TYPE g gauge\ng 7\n# HELP c h\n# TYPE c counter\nc_total 8\n# TYPE e counter\n"
				       "e_total{l=\"a\"} 9 # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\",span_id=\"00f067aa0ba902b7\"} 1 "
				       "1795251600.123\ne_total{l=\"b\"} 10\ne_total 11 # {trace_id=\"4bf92f3577b34da6a3ce929d0e0e4736\"} 0.25 0\n";

START_TEST(pages)
{
	struct buf out;
	struct families f;
	buf_init(&out, 10000);
	families_init(&f, &out, _i);
	write_page(&f);
	buf_char(&out, '\0');
	ck_assert_str_eq(out.p, _i ? openmetrics_page : text_page);
	ck_assert_uint_eq(f.count, 7);
	ck_assert_uint_eq(f.dropped, 1);
	ck_assert(families_has(&f, STR("a_total")));
	ck_assert(!families_has(&f, STR("empty")));
	families_fini(&f);
	buf_fini(&out);
}
END_TEST

START_TEST(a_full_page_says_so)
{
	struct buf out;
	struct families f;
	buf_init(&out, 100);
	families_init(&f, &out, false);
	for (int i = 0; i < 100; i++)
		families_gauge(&f, i % 2 ? "x" : "y", "h", i);
	ck_assert(out.is_full);
	ck_assert_uint_le(out.n, 100);
	families_fini(&f);
	buf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("families");
	TCase *tests = tcase_create("all");
	tcase_add_loop_test(tests, numbers_are_short_and_read_back, 0, COUNT_OF(numbers));
	tcase_add_test(tests, every_number_reads_back);
	tcase_add_loop_test(tests, pages, 0, 2);
	tcase_add_test(tests, a_full_page_says_so);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
