/* The stage pack. */
#include "tests/unit/parsers/stage_cases.h"

static const struct stage_case cases[] = {
	{ "labels and values",
		"[{'pack': {'labels': ['app', 'nope'], 'ingest_timestamp': false}}]",
		{ "a \"line\" <x>\t\001" },
		"{\"app\":\"shop\",\"_entry\":\"a \\\"line\\\" \\u003cx\\u003e\\t\\u0001\"} | {src=\"{\\\"a\\\":\\\"b\\\""
		"}\"} | app=shop\n" },
	{ "nothing but the line",
		"[{'pack': {'ingest_timestamp': false}}]",
		{ "x" },
		"{\"_entry\":\"x\"}\n" },
};

START_TEST(case_of_table)
{
	case_check(&cases[_i]);
}
END_TEST

int main(void)
{
	return case_main("stage_pack", case_of_table, (int)COUNT_OF(cases));
}
