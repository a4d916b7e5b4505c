/* The stage decolorize. */
#include "tests/unit/parsers/stage_cases.h"

static const struct stage_case cases[] = {
	{ "colours",
		"[{'decolorize': {}}]",
		{ "\033[31mred\033[0m and \033[1;38;5;12mbold",
			"plain",
			"\033",
			"\303\251\302\2331mx" },
		"red and bold\n"
		"plain\n"
		"\033\n"
		"\303\251x\n" },
};

START_TEST(case_of_table)
{
	case_check(&cases[_i]);
}
END_TEST

int main(void)
{
	return case_main("stage_decolorize", case_of_table, (int)COUNT_OF(cases));
}
