/* The text format as Prometheus reads it, with all that it lets pass; and what the formats share. */
#include <check.h>

#include "tests/unit/parsers/exposition_dump.h"

static const struct {
	const char *name, *text, *want;
} cases[] = {
	{ "nothing", "", "" },
	{ "blank lines", "\n \n\t\n", "" },
	{ "a sample", "a 1\n", "a 1\n" },
	{ "no line feed at the end", "a 1", "a 1\n" },
	{ "a timestamp", "a 1 1395066363000\n", "a 1 @1395066363000\n" },
	{ "labels", "a{b=\"c\",d=\"e\"} 1\n", "a{b=\"c\",d=\"e\"} 1\n" },
	{ "labels are sorted", "a{z=\"c\",d=\"e\"} 1\n", "a{d=\"e\",z=\"c\"} 1\n" },
	{ "a comma at the end", "a{b=\"c\",} 1\n", "a{b=\"c\"} 1\n" },
	{ "no comma between", "a{b=\"c\"d=\"e\"} 1\n", "a{b=\"c\",d=\"e\"} 1\n" },
	{ "no labels in braces", "a{} 1\n", "a 1\n" },
	{ "an empty value is kept", "a{b=\"\"} 1\n", "a{b=\"\"} 1\n" },
	{ "blanks everywhere", "a \t{ b = \"c\" , d=\"e\" } \t 1 \t 2 \t\n", "a{b=\"c\",d=\"e\"} 1 @2\n" },
	{ "a blank in front belongs to the name", " a 1\n", "{\" a\"} 1\n" },
	{ "no blank before the value", "a+1\nb.5\nc{d=\"e\"}2 3\n", "a 1\nb 0.5\nc{d=\"e\"} 2 @3\n" },
	{ "escapes", "a{b=\"\\\\ \\\" \\n \\x\"} 1\n", "a{b=\"\\\\ \\\" \\n \\\\x\"} 1\n" },
	{ "a value over two lines", "a{b=\"1\n2\"} 1\n", "a{b=\"1\\n2\"} 1\n" },
	{ "braces in a value", "a{b=\"} 7 {\"} 1\n", "a{b=\"} 7 {\"} 1\n" },
	{ "a quoted name", "{\"a b\"} 1\n{\"a b\",c=\"d\"} 2\n{c=\"d\",\"a b\"} 3\n",
		"{\"a b\"} 1\n{\"a b\",c=\"d\"} 2\n{\"a b\",c=\"d\"} 3\n" },
	{ "a quoted label", "a{\"b.c\"=\"d\"} 1\n", "a{\"b.c\"=\"d\"} 1\n" },
	{ "a quoted name with escapes", "{\"a\\\"b\"} 1\n", "{\"a\\\"b\"} 1\n" },
	{ "numbers", "a 1e3\nb -.5\nc +5.\nd 0x\n", "a 1000\nb -0.5\nc 5\n! line 4: the value is not a number that fits\n" },
	{ "words", "a NaN\nb nan\nc +Inf\nd -inf\ne Infinity\n", "a nan\nb nan\nc inf\nd -inf\ne inf\n" },
	{ "hexadecimal", "a 0x1p3\n", "! line 1: the value is not a number that fits\n" },
	{ "underscores", "a 1_000\n", "! line 1: the value is not a number that fits\n" },
	{ "too large", "a 1e400\n", "! line 1: the value is not a number that fits\n" },
	{ "too small", "a 1e-400\n", "a 0\n" },
	{ "a sign and NaN", "a -NaN\n", "! line 1: the value is not a number that fits\n" },
	{ "no value", "a\n", "! line 1: a value is expected\n" },
	{ "no value behind labels", "a{b=\"c\"}\n", "! line 1: a value is expected\n" },
	{ "CRLF", "a 1\r\n", "! line 1: the value is not a number that fits\n" },
	{ "timestamp below zero", "a 1 -1\n", "! line 1: the timestamp is not a number of milliseconds\n" },
	{ "timestamp with a fraction", "a 1 1.5\n", "! line 1: there is something behind the timestamp\n" },
	{ "timestamp too large", "a 1 9223372036854775808\n", "! line 1: the timestamp is not a number of milliseconds\n" },
	{ "largest timestamp", "a 1 9223372036854775807\n", "a 1 @9223372036854775807\n" },
	{ "third number", "a 1 2 3\n", "! line 1: there is something behind the timestamp\n" },
	{ "an exemplar", "a 1 # {b=\"c\"} 1\n", "! line 1: the timestamp is not a number of milliseconds\n" },
	{ "name with a dash", "a-b 1\n", "! line 1: the value is not a number that fits\n" },
	{ "starts with a digit", "x 1\n9a 1\n", "x 1\n! line 2: a metric name is expected\n" },
	{ "digits in names", "a0123456789{b0123456789=\"c\"} 1\n", "a0123456789{b0123456789=\"c\"} 1\n" },
	{ "name twice", "a{\"b\"} 1\n", "! line 1: the metric name stands twice\n" },
	{ "no name", "{a=\"b\"} 1\n", "! line 1: a metric name is expected\n" },
	{ "colon in a label", "a{b:c=\"d\"} 1\n", "! line 1: an equals sign is expected behind the label name\n" },
	{ "colon in a name", "a:b 1\n", "a:b 1\n" },
	{ "value without quotes", "a{b=c} 1\n", "! line 1: a quoted label value is expected\n" },
	{ "comma alone", "a{,} 1\n", "! line 1: a label name or a closing brace is expected\n" },
	{ "two commas", "a{b=\"c\",,} 1\n", "! line 1: a label name or a closing brace is expected\n" },
	{ "open brace", "a{b=\"c\" 1\n", "! line 1: a label name or a closing brace is expected\n" },
	{ "open quote", "a{b=\"c} 1\n", "! line 1: a quoted label value is expected\n" },
	{ "backslash and line feed", "a{b=\"c\\\n\"} 1\n", "! line 1: a quoted label value is expected\n" },
	{ "two braces", "a{b=\"c\"}{d=\"e\"} 1\n", "! line 1: a value is expected\n" },
	{ "label twice", "a{b=\"c\",b=\"d\"} 1\n", "? a label name stands twice 1\n" },
	{ "value not UTF-8", "a{b=\"\xff\"} 1\n", "! line 1: a label value is not UTF-8\n" },
	{ "name not UTF-8", "{\"\xff\"} 1\n", "? a name is not UTF-8 1\n" },
	{ "empty label name", "a{\"\"=\"b\"} 1\n", "? a name is empty 1\n" },
	{ "comment", "# a\n#b\n#\n# HELP\n# HELPx y\n#TYPE a counter\na 1\n", "a 1\n" },
	{ "help and type", "# HELP a b c\n# TYPE a counter\na 1\n", "= a unknown [] b c\n= a counter [] b c\na 1\n" },
	{ "help with escapes", "# HELP a \\\\ \\n \\\" \\x\n", "= a unknown [] \\ \n \\\" \\x\n" },
	{ "help with blanks", "# HELP a  b \n", "= a unknown []  b \n" },
	{ "help with nothing", "# HELP a\n# HELP b \n# HELP c  \n", "= a unknown [] \n= b unknown [] \n= c unknown [] \n" },
	{ "blanks before the name", "#\t HELP \t a b\n", "= a unknown [] b\n" },
	{ "quoted family", "# TYPE \"a b\" gauge\n", "= a b gauge [] \n" },
	{ "another family", "# HELP a b\n# TYPE c gauge\n", "= a unknown [] b\n= c gauge [] \n" },
	{ "untyped", "# TYPE a untyped\n", "= a unknown [] \n" },
	{ "type of OpenMetrics", "# TYPE a info\n", "! line 1: the type is none of counter, gauge, histogram, summary, untyped\n" },
	{ "type with a blank", "# TYPE a  gauge\n", "! line 1: the type is none of counter, gauge, histogram, summary, untyped\n" },
	{ "no type", "# TYPE a\n", "! line 1: the type is none of counter, gauge, histogram, summary, untyped\n" },
	{ "no name behind HELP", "# HELP \n", "! line 1: a metric name is expected behind HELP or TYPE\n" },
	{ "help not UTF-8", "# HELP a \xff\n", "! line 1: the help text is not UTF-8\n" },
	{ "no units", "# UNIT a seconds\n", "" },
	{ "le is written anew", "# TYPE a histogram\na_bucket{le=\"1\"} 1\na_bucket{le=\"1e3\"} 1\na_bucket{le=\"+Inf\"} 1\na_bucket{le=\"x\"} 1\n",
		"= a histogram [] \na_bucket{le=\"1.0\"} 1\na_bucket{le=\"1000.0\"} 1\na_bucket{le=\"+Inf\"} 1\na_bucket{le=\"x\"} 1\n" },
	{ "quantile is written anew", "# TYPE a summary\na{quantile=\"0\",le=\"1\"} 1\n",
		"= a summary [] \na{le=\"1\",quantile=\"0.0\"} 1\n" },
	{ "le of a gauge is not", "# TYPE a gauge\na{le=\"1\"} 1\n", "= a gauge [] \na{le=\"1\"} 1\n" },
	{ "lines are counted", "a 1\n\n# c\nb{c=\"1\n2\"} 1\n!\n", "a 1\nb{c=\"1\\n2\"} 1\n! line 6: a metric name is expected\n" },
};

START_TEST(text)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	dump(EXPOSITION_TEXT_0_0_4, str_of(cases[_i].text), false, false, &out);
	ck_assert_msg(str_eq(buf_view(&out), str_of(cases[_i].want)), "%s: got\n" STR_FMT "want\n%s", cases[_i].name,
		STR_ARG(buf_view(&out)), cases[_i].want);
	buf_fini(&out);
}
END_TEST

/* A NUL is text inside a label value, and the end where a line should begin. */
START_TEST(nul)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	dump(EXPOSITION_TEXT_0_0_4, STR("a 1\n\0b 2\n"), false, false, &out);
	ck_assert(str_eq(buf_view(&out), STR("a 1\n")));
	dump(EXPOSITION_TEXT_0_0_4, STR("a{b=\"\0\"} 1\n"), false, false, &out);
	ck_assert(str_eq(buf_view(&out), STR("a{b=\"\0\"} 1\n")));
	dump(EXPOSITION_TEXT_0_0_4, STR("a\0 1\n"), false, false, &out);
	ck_assert(str_starts(buf_view(&out), STR("! line 1")));
	buf_fini(&out);
}
END_TEST

START_TEST(the_series_is_as_it_stands)
{
	struct exposition x;
	exposition_init(&x, EXPOSITION_TEXT_0_0_4, STR("a 1\nb { c = \"d\\n\" } 2 3\n"));
	ck_assert_int_eq(exposition_next(&x), EXPOSITION_SAMPLE);
	ck_assert(str_eq(x.series, STR("a")) && !x.is_made && !x.has_timestamp);
	ck_assert_int_eq(exposition_next(&x), EXPOSITION_SAMPLE);
	ck_assert(str_eq(x.series, STR("b { c = \"d\\n\" }")) && x.has_timestamp && x.timestamp_ms == 3);
	ck_assert_int_eq(exposition_next(&x), EXPOSITION_END);
	ck_assert_int_eq(exposition_next(&x), EXPOSITION_END);
	exposition_fini(&x);
}
END_TEST

START_TEST(nan_is_the_normal_one)
{
	struct exposition x;
	exposition_init(&x, EXPOSITION_TEXT_0_0_4, STR("a NaN\n"));
	ck_assert_int_eq(exposition_next(&x), EXPOSITION_SAMPLE);
	ck_assert_uint_eq(x.value_bits, NORMAL_NAN_BITS);
	exposition_fini(&x);
}
END_TEST

START_TEST(a_series_has_a_limit)
{
	struct buf body;
	struct exposition x;
	buf_init(&body, 4 << 20);
	buf_str(&body, STR("a{b=\""));
	char *at = buf_reserve(&body, EXPOSITION_SERIES_MAX);
	memset(at, 'x', EXPOSITION_SERIES_MAX);
	buf_grow(&body, EXPOSITION_SERIES_MAX);
	buf_str(&body, STR("\"} 1\n"));
	exposition_init(&x, EXPOSITION_TEXT_0_0_4, buf_view(&body));
	ck_assert_int_eq(exposition_next(&x), EXPOSITION_BAD);
	exposition_fini(&x);
	buf_fini(&body);
}
END_TEST

static const struct {
	const char *header;
	int want; /* -1: none */
} types[] = {
	{ "text/plain", EXPOSITION_TEXT_0_0_4 },
	{ "text/plain; version=0.0.4; charset=utf-8", EXPOSITION_TEXT_0_0_4 },
	{ "Text/Plain;version=1.0.0;escaping=allow-utf-8", EXPOSITION_TEXT_0_0_4 },
	{ " text/plain ; version=0.0.4", EXPOSITION_TEXT_0_0_4 },
	{ "application/openmetrics-text; version=1.0.0; charset=utf-8", EXPOSITION_OPENMETRICS_1_0 },
	{ "application/openmetrics-text;version=0.0.1", EXPOSITION_OPENMETRICS_1_0 },
	{ "application/openmetrics-text;version=2.0.0", -1 },
	{ "application/openmetrics-text; charset=utf-8; version=\"2.0.0\"", -1 },
	{ "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", EXPOSITION_PROTOBUF },
	{ "application/json", -1 },
	{ "text/html", -1 },
	{ "text/plainer", -1 },
	{ "", -1 },
};

START_TEST(content_types)
{
	enum exposition_format format = EXPOSITION_FORMATS;
	bool got = exposition_format_of(str_of(types[_i].header), &format);
	ck_assert_msg(got == (types[_i].want >= 0) && (!got || (int)format == types[_i].want), "%s: got %d, %d", types[_i].header, got,
		(int)format);
}
END_TEST

static const struct {
	const char *name, *family;
	enum metric_type type;
	bool want;
} members[] = {
	{ "a", "a", METRIC_GAUGE, true },
	{ "a_total", "a", METRIC_COUNTER, true },
	{ "a_total", "a", METRIC_GAUGE, false },
	{ "a_created", "a", METRIC_SUMMARY, true },
	{ "a_bucket", "a", METRIC_HISTOGRAM, true },
	{ "a_bucket", "a", METRIC_SUMMARY, false },
	{ "a_sum", "a", METRIC_SUMMARY, true },
	{ "a_count", "a", METRIC_HISTOGRAM, true },
	{ "a_gsum", "a", METRIC_GAUGEHISTOGRAM, true },
	{ "a_info", "a", METRIC_INFO, true },
	{ "a_x", "a", METRIC_COUNTER, false },
	{ "ab", "a", METRIC_GAUGE, false },
	{ "a", "", METRIC_UNKNOWN, false },
};

START_TEST(belonging)
{
	bool got = exposition_belongs(str_of(members[_i].name), str_of(members[_i].family), members[_i].type);
	ck_assert_msg(got == members[_i].want, "%s of %s (%s): got %d", members[_i].name, members[_i].family,
		metric_type_names[members[_i].type], got);
}
END_TEST

/* Every way to cut a body short ends somewhere, and never beyond it. */
START_TEST(every_cut)
{
	static const char body[] = "# HELP a \\\\b\n# TYPE \"a\" histogram\n{\"a\",le=\"1\\n\",} 1.5e1 17\n a { c=\"\xc3\xa9\" } NaN\n";
	struct buf out;
	buf_init(&out, 1 << 20);
	for (size_t n = 0; n < sizeof body; n++) {
		dump(EXPOSITION_TEXT_0_0_4, (struct str){ body, n }, false, false, &out);
		dump(EXPOSITION_OPENMETRICS_1_0, (struct str){ body, n }, false, false, &out);
		ck_assert(out.n > 0); /* without # EOF it is bad */
	}
	buf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exposition");
	TCase *t = tcase_create("exposition");
	tcase_add_loop_test(t, text, 0, COUNT_OF(cases));
	tcase_add_test(t, nul);
	tcase_add_test(t, the_series_is_as_it_stands);
	tcase_add_test(t, nan_is_the_normal_one);
	tcase_add_test(t, a_series_has_a_limit);
	tcase_add_loop_test(t, content_types, 0, COUNT_OF(types));
	tcase_add_loop_test(t, belonging, 0, COUNT_OF(members));
	tcase_add_test(t, every_cut);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
