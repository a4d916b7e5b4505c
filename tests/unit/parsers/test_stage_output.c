/* The stage output: values of each kind as a line. */
#include "tests/unit/parsers/stage_cases.h"

static const struct stage_case cases[] = {
	{ "a value",
		"[{'json': {'expressions': {'m': '', 'n': '', 'z': ''}}}, {'output': {'source': 'm'}}]",
		{ "{\"m\":\"text\"}",
			"{\"m\":1.50}",
			"{\"m\":true}",
			"{\"m\":null}",
			"{\"n\":1}",
			"" },
		"text | m=text | n=nil | z=nil\n"
		"1.5 | m=#1.5 | n=nil | z=nil\n"
		"true | m=?true | n=nil | z=nil\n"
		"{\"m\":null} | m=nil | n=nil | z=nil\n"
		"{\"n\":1} | m=nil | n=#1 | z=nil\n"
		"\n" },
};

START_TEST(case_of_table)
{
	case_check(&cases[_i]);
}
END_TEST

int main(void)
{
	return case_main("stage_output", case_of_table, (int)COUNT_OF(cases));
}
