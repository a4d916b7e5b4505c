/* Reading on where somebody else stopped: nothing that was on the way is skipped, no message is torn. Each want is the text that comes
 * again. */
#include <check.h>
#include <stdlib.h>

#include "parsers/cri_resume.h"

#define AT "2024-05-01T10:00:0"
#define SINCE_NS (1714557600ll * 1000000000)

static const struct {
	const char *name, *text;
	int since_s; /* of the minute of AT */
	const char *again;
} cases[] = {
	{ "nothing", "", 0, "" },
	{ "all of it is older", AT "1Z stdout F a\n" AT "2Z stdout F b\n", 5, "" },
	{ "from a time on", AT "1Z stdout F a\n" AT "2Z stdout F b\n" AT "3Z stdout F c\n", 2, AT "2Z stdout F b\n" AT "3Z stdout F c\n" },
	{ "all of it is younger", AT "1Z stdout F a\n", 0, AT "1Z stdout F a\n" },
	{ "the middle of a line", AT "1Z stdout F a\n" AT "2Z stdout F hal", 5, AT "2Z stdout F hal" },
	{ "a message that has not ended", AT "1Z stdout F a\n" AT "2Z stdout P one\n" AT "3Z stdout P two\n", 5,
	  AT "2Z stdout P one\n" AT "3Z stdout P two\n" },
	{ "one that has", AT "1Z stdout P one\n" AT "2Z stdout F two\n", 5, "" },
	{ "of one stream, while the other goes on", AT "1Z stderr P one\n" AT "2Z stdout F a\n" AT "3Z stdout P x\n" AT "4Z stdout F y\n", 5,
	  AT "1Z stderr P one\n" AT "2Z stdout F a\n" AT "3Z stdout P x\n" AT "4Z stdout F y\n" },
	{ "the time falls into a message", AT "1Z stdout P one\n" AT "3Z stdout F two\n", 2, AT "1Z stdout P one\n" AT "3Z stdout F two\n" },
	{ "lines of nobody are passed over", AT "1Z stdout F a\nwhat\n\n", 5, "" },
	{ "lines of nobody behind the time", "what\n" AT "3Z stdout F a\n", 2, AT "3Z stdout F a\n" },
	{ "no line feed at all", "half", 0, "half" },
};

START_TEST(resumes)
{
	struct str text = str_of(cases[_i].text);
	size_t n = cri_resume(text, SINCE_NS + cases[_i].since_s * 1000000000ll);
	ck_assert_msg(n <= text.n && str_eq(str_skip(text, n), str_of(cases[_i].again)), "%s: got \"%s\", want \"%s\"", cases[_i].name,
		      text.p + n, cases[_i].again);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cri_resume");
	TCase *tcase = tcase_create("places");
	tcase_add_loop_test(tcase, resumes, 0, COUNT_OF(cases));
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
