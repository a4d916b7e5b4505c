/* The stage regex: named groups become values. */
#include "tests/unit/parsers/stage_cases.h"

static const struct stage_case cases[] = {
	{ "named groups",
		"[{'regex': {'expression': '^(?s)(?P<time>\\\\S+?) (?P<stream>stdout|stderr) (?P<flags>\\\\S+?) (?P<conte"
		"nt>.*)$'}}]",
		{ "2019-01-01T01:00:00Z stderr P i'm a log message!",
			"nothing" },
		"2019-01-01T01:00:00Z stderr P i'm a log message! | time=2019-01-01T01:00:00Z | stream=stderr | flags=P |"
		" content=i'm a log message!\n"
		"nothing\n" },
	{ "a group without part is empty",
		"[{'regex': {'expression': '(?P<a>x)?(?P<b>y)(z)?'}}]",
		{ "y" },
		"y | a= | b=y\n" },
	{ "out of a value",
		"[{'regex': {'expression': '^(?P<w>\\\\w+)', 'source': 'app'}}]",
		{ "line" },
		"line | w=shop\n" },
	{ "out of a value that is not there",
		"[{'regex': {'expression': '(?P<w>\\\\w+)', 'source': 'nope'}}]",
		{ "line" },
		"line\n" },
};

START_TEST(case_of_table)
{
	case_check(&cases[_i]);
}
END_TEST

int main(void)
{
	return case_main("stage_regex", case_of_table, (int)COUNT_OF(cases));
}
