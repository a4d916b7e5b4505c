/* OpenMetrics 1.0 as Prometheus reads it: strict about blanks and lines, lax about what a counter or an exemplar's owner is. */
#include <check.h>

#include "tests/unit/parsers/exposition_dump.h"

#define EOF_LINE "# EOF\n"
#define VALUE "one blank and a number that fits are expected as the value\n"

static const struct {
	const char *name, *text, *want;
} cases[] = {
	{ "nothing but the end", EOF_LINE, "" },
	{ "no line feed behind the end", "# EOF", "" },
	{ "no end", "a 1\n", "a 1\n! line 2: the text does not end with # EOF\n" },
	{ "nothing at all", "", "! line 1: the text does not end with # EOF\n" },
	{ "something behind the end", "# EOF\na 1\n", "! line 1: there is something behind # EOF\n" },
	{ "an empty line behind the end", "# EOF\n\n", "! line 1: there is something behind # EOF\n" },
	{ "a sample", "a 1\n" EOF_LINE, "a 1\n" },
	{ "a time in seconds", "a 1 1520879607.789\n" EOF_LINE, "a 1 @1520879607789\n" },
	{ "a time below zero", "a 1 -0.5\n" EOF_LINE, "a 1 @-500\n" },
	{ "a time is cut off", "a 1 0.0019\n" EOF_LINE, "a 1 @1\n" },
	{ "a time that is no time", "a 1 NaN\n" EOF_LINE, "! line 1: the timestamp is not a number of seconds\n" },
	{ "a time without end", "a 1 +Inf\n" EOF_LINE, "! line 1: the timestamp is not a number of seconds\n" },
	{ "labels", "a{b=\"c\",d=\"e\"} 1\n" EOF_LINE, "a{b=\"c\",d=\"e\"} 1\n" },
	{ "a comma at the end", "a{b=\"c\",} 1\n" EOF_LINE, "a{b=\"c\"} 1\n" },
	{ "no comma between", "a{b=\"c\"d=\"e\"} 1\n" EOF_LINE, "! line 1: a comma or a closing brace is expected\n" },
	{ "a blank between labels", "a{b=\"c\", d=\"e\"} 1\n" EOF_LINE, "! line 1: a label name or a closing brace is expected\n" },
	{ "a blank before the brace", "a {b=\"c\"} 1\n" EOF_LINE, "! line 1: " VALUE },
	{ "two blanks", "a  1\n" EOF_LINE, "! line 1: " VALUE },
	{ "a tab", "a\t1\n" EOF_LINE, "! line 1: " VALUE },
	{ "a blank at the end", "a 1 \n" EOF_LINE, "! line 1: the timestamp is not a number of seconds\n" },
	{ "a blank in front", " a 1\n" EOF_LINE, "! line 1: a metric name is expected\n" },
	{ "an empty line", "a 1\n\n" EOF_LINE, "a 1\n! line 2: a metric name is expected\n" },
	{ "no value", "a\n" EOF_LINE, "! line 1: " VALUE },
	{ "a number that is none", "a 1_0\n" EOF_LINE, "! line 1: " VALUE },
	{ "a value over two lines", "a{b=\"1\n2\"} 1\n" EOF_LINE, "! line 1: a quoted label value is expected\n" },
	{ "a comment", "# hello\n" EOF_LINE, "! line 1: a line with # is none of HELP, TYPE, UNIT, EOF\n" },
	{ "a quoted name", "{\"a b\",c=\"d\"} 1\n{c=\"d\",\"a b\"} 2\n" EOF_LINE, "{\"a b\",c=\"d\"} 1\n{\"a b\",c=\"d\"} 2\n" },
	{ "name twice", "a{\"b\"} 1\n" EOF_LINE, "! line 1: the metric name stands twice\n" },
	{ "family", "# TYPE a_seconds gauge\n# UNIT a_seconds seconds\n# HELP a_seconds b \\\"c\\\"\n" EOF_LINE,
		"= a_seconds gauge [] \n= a_seconds gauge [seconds] \n= a_seconds gauge [seconds] b \"c\"\n" },
	{ "every type", "# TYPE a gaugehistogram\n# TYPE b info\n# TYPE c stateset\n# TYPE d unknown\n" EOF_LINE,
		"= a gaugehistogram [] \n= b info [] \n= c stateset [] \n= d unknown [] \n" },
	{ "untyped", "# TYPE a untyped\n" EOF_LINE, "! line 1: the type is none of OpenMetrics'\n" },
	{ "unit that is no suffix", "# UNIT a_b seconds\n" EOF_LINE, "! line 1: the unit is not the end of the metric name\n" },
	{ "unit that is the name", "# UNIT seconds seconds\n" EOF_LINE, "! line 1: the unit is not the end of the metric name\n" },
	{ "no unit", "# UNIT a \n" EOF_LINE, "= a unknown [] \n" },
	{ "no text behind HELP", "# HELP a\n" EOF_LINE,
		"! line 1: one blank, a text and a line feed are expected behind the metric name\n" },
	{ "a counter with and without _total", "# TYPE a counter\na_total 1\na 2\na_created 3\n" EOF_LINE,
		"= a counter [] \na_total 1\na 2\na_created 3\n" },
	{ "le is written anew", "# TYPE a histogram\na_bucket{le=\"10\"} 1\n" EOF_LINE, "= a histogram [] \na_bucket{le=\"10.0\"} 1\n" },
	{ "exemplar", "a_total 1 # {trace_id=\"x\"} 0.5\n" EOF_LINE, "a_total 1 # {trace_id=\"x\"} 0.5\n" },
	{ "exemplar with a time", "a_bucket{le=\"1\"} 1 2 # {a=\"b\",c=\"d\"} 0.5 3.25\n" EOF_LINE,
		"a_bucket{le=\"1\"} 1 @2000 # {a=\"b\",c=\"d\"} 0.5 @3250\n" },
	{ "exemplar without labels", "a 1 # {} 1\n" EOF_LINE, "a 1 # {} 1\n" },
	{ "exemplar with a quoted key", "a 1 # {\"b c\"=\"d\"} 1\n" EOF_LINE, "a 1 # {\"b c\"=\"d\"} 1\n" },
	{ "exemplar of one line only", "a 1 # {a=\"b\"} 1\nb 2\n" EOF_LINE, "a 1 # {a=\"b\"} 1\nb 2\n" },
	{ "exemplar with a name", "a 1 # {\"b\"} 1\n" EOF_LINE, "! line 1: an equals sign is expected behind the label name\n" },
	{ "exemplar without a value", "a 1 # {a=\"b\"}\n" EOF_LINE, "! line 1: the exemplar's value is not a number that fits\n" },
	{ "exemplar over two lines", "a 1 # {a=\"b\nc\"} 1\n" EOF_LINE, "! line 1: a quoted label value is expected\n" },
	{ "exemplar with two blanks", "a 1  # {a=\"b\"} 1\n" EOF_LINE, "! line 1: the timestamp is not a number of seconds\n" },
	{ "exemplar with a bad time", "a 1 # {a=\"b\"} 1 x\n" EOF_LINE, "! line 1: the exemplar's timestamp is not a number of seconds\n" },
	{ "something behind the exemplar", "a 1 # {a=\"b\"} 1 2 3\n" EOF_LINE, "! line 1: the end of the line is expected\n" },
	{ "a hash that is no exemplar", "a 1 # b\n" EOF_LINE, "! line 1: the timestamp is not a number of seconds\n" },
	{ "cut inside a line", "a 1", "! line 1: the text does not end with # EOF\n" },
};

START_TEST(openmetrics)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	dump(EXPOSITION_OPENMETRICS_1_0, str_of(cases[_i].text), false, false, &out);
	ck_assert_msg(str_eq(buf_view(&out), str_of(cases[_i].want)), "%s: got\n" STR_FMT "want\n%s", cases[_i].name,
		STR_ARG(buf_view(&out)), cases[_i].want);
	buf_fini(&out);
}
END_TEST

/* Go turns a time that does not fit into the smallest number on the machines that matter; C leaves it open. */
START_TEST(a_time_that_does_not_fit)
{
	struct exposition x;
	exposition_init(&x, EXPOSITION_OPENMETRICS_1_0, STR("a 1 1e300\n# EOF\n"));
	ck_assert_int_eq(exposition_next(&x), EXPOSITION_SAMPLE);
	ck_assert(x.timestamp_ms == INT64_MIN);
	exposition_fini(&x);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exposition_openmetrics");
	TCase *t = tcase_create("exposition_openmetrics");
	tcase_add_loop_test(t, openmetrics, 0, COUNT_OF(cases));
	tcase_add_test(t, a_time_that_does_not_fit);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
