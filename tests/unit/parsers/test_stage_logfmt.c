/* The stage logfmt: pairs, quotes, and where a malformed pair ends the reading. */
#include "tests/unit/parsers/stage_cases.h"

static const struct stage_case cases[] = {
	{ "renamed and not",
		"[{'logfmt': {'mapping': {'t': 'time', 'level': ''}}}]",
		{ "time=2012 level=WARN x=1" },
		"time=2012 level=WARN x=1 | t=2012 | level=WARN\n" },
	{ "quoted",
		"[{'logfmt': {'mapping': {'msg': '', 'k': ''}}}]",
		{ "msg=\"a \\\"b\\\" \\u00e9\" k='x" },
		"msg=\"a \\\"b\\\" \\u00e9\" k='x | msg=a \"b\" \303\251 | k='x\n" },
	{ "a key alone",
		"[{'logfmt': {'mapping': {'k': '', 'j': ''}}}]",
		{ "k j= x=1" },
		"k j= x=1 | k= | j=\n" },
	{ "what stands before a bad pair stays",
		"[{'logfmt': {'mapping': {'a': '', 'b': ''}}}]",
		{ "a=1 b=\"open",
			"a=1 =\"x\" b=2",
			"a=1 b=x=y",
			"a=1 b\"=2" },
		"a=1 b=\"open | a=1\n"
		"a=1 =\"x\" b=2 | a=1\n"
		"a=1 b=x=y | a=1\n"
		"a=1 b\"=2 | a=1\n" },
	{ "the last one counts",
		"[{'logfmt': {'mapping': {'a': ''}}}]",
		{ "a=1 a=2" },
		"a=1 a=2 | a=2\n" },
	{ "blanks",
		"[{'logfmt': {'mapping': {'a': '', 'b': ''}}}]",
		{ "  a=1\tb=2  " },
		"  a=1\tb=2   | a=1 | b=2\n" },
};

START_TEST(case_of_table)
{
	case_check(&cases[_i]);
}
END_TEST

int main(void)
{
	return case_main("stage_logfmt", case_of_table, (int)COUNT_OF(cases));
}
