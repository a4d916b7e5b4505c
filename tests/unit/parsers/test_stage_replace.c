/* The stage replace: groups are replaced by a template, in the line or in a value. */
#include "tests/unit/parsers/stage_cases.h"

static const struct stage_case cases[] = {
	{ "a group",
		"[{'replace': {'expression': 'password (\\\\S+)', 'replace': '****'}}]",
		{ "user=bob password secret! more" },
		"user=bob password **** more\n" },
	{ "each group of each match",
		"[{'replace': {'expression': '(\\\\d{2}.\\\\d{2}.\\\\d{2}.\\\\d{2}) - (\\\\S+)', 'replace': '{{ if eq .Va"
		"lue \\'11.11.11.11\\' }}dummy{{ else }}{{ .Value | ToUpper }}{{ end }}'}}]",
		{ "11.11.11.11 - frank 12.12.12.12 - frank" },
		"dummy - FRANK 12.12.12.12 - FRANK\n" },
	{ "no group, nothing is replaced",
		"[{'replace': {'expression': 'secret', 'replace': 'x'}}]",
		{ "a secret" },
		"a secret\n" },
	{ "a group in a group",
		"[{'replace': {'expression': '((a)b)', 'replace': '<{{ .Value }}>'}}]",
		{ "xabab",
			"abab" },
		"x<ab><ab>\n"
		"<ab><ab>\n" },
	{ "named groups become values",
		"[{'replace': {'expression': '(?P<ip>\\\\d+)', 'replace': '*{{ .Value }}*'}}]",
		{ "a 12 b 12 c 7" },
		"a *12* b *12* c *7* | ip=*12*\n" },
	{ "in a value",
		"[{'replace': {'expression': '(sh)', 'replace': '{{ .Value | ToUpper }}', 'source': 'app'}}]",
		{ "line" },
		"line | app=SHop\n" },
	{ "empty",
		"[{'replace': {'expression': '(\\\\s*x)', 'replace': ''}}]",
		{ "a x b  x" },
		"a b\n" },
	{ "values of the entry",
		"[{'replace': {'expression': '(x)', 'replace': '{{ .app }}{{ .nope }}{{ index . \\'nope\\' }}'}}]",
		{ "axb" },
		"ashop<no value>b\n" },
	{ "an error changes nothing",
		"[{'replace': {'expression': '(x)', 'replace': '{{ .nope | ToUpper }}'}}]",
		{ "axb" },
		"axb\n" },
};

START_TEST(case_of_table)
{
	case_check(&cases[_i]);
}
END_TEST

int main(void)
{
	return case_main("stage_replace", case_of_table, (int)COUNT_OF(cases));
}
