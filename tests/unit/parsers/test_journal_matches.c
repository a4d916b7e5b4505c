/* Words, alternatives, and each way in which a text is refused. */
#include "parsers/journal/journal_matches.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	const char *text, *want; /* words, with | between them */
} good[] = {
	{ "", "" },
	{ "   \t ", "" },
	{ "_SYSTEMD_UNIT=foo.service", "_SYSTEMD_UNIT=foo.service" },
	{ " PRIORITY=6  _TRANSPORT=kernel\n", "PRIORITY=6|_TRANSPORT=kernel" },
	{ "A=1 A=2", "A=1|A=2" },
	{ "A=1 + B=2", "A=1|+|B=2" },
	{ "A=1 C=3 + B=2 + D=", "A=1|C=3|+|B=2|+|D=" },
	{ "_CMDLINE=a=b", "_CMDLINE=a=b" },
	{ "A=+", "A=+" },
};
static const struct {
	const char *text, *why;
} bad[] = {
	{ "ssh.service", "\"ssh.service\" is not FIELD=value: write _SYSTEMD_UNIT=ssh.service, say" },
	{ "A=1 b=2", "\"b=2\": names of fields are upper-case letters, digits and _" },
	{ "=2", "\"=2\": names of fields are upper-case letters, digits and _" },
	{ "A-B=2", "\"A-B=2\": names of fields are upper-case letters, digits and _" },
	{ "__CURSOR=x", "\"__CURSOR=x\": names that start with __ are addresses of entries and cannot be matched" },
	{ "+", "a + needs FIELD=value on both sides" },
	{ "A=1 +", "a + needs FIELD=value on both sides" },
	{ "+ A=1", "a + needs FIELD=value on both sides" },
	{ "A=1 + + B=2", "a + needs FIELD=value on both sides" },
	{ "A=1+B=2 C", "\"C\" is not FIELD=value: write _SYSTEMD_UNIT=ssh.service, say" },
};

START_TEST(good_texts)
{
	for (size_t i = 0; i < COUNT_OF(good); i++) {
		char why[256], got[512] = "";
		struct str rest = str_of(good[i].text), word;
		ck_assert_msg(!journal_matches_problem(rest, why), "\"%s\": got %s", good[i].text, why);
		while (journal_matches_next(&rest, &word) != JOURNAL_MATCH_END) {
			if (got[0])
				strncat(got, "|", sizeof got - 1);
			strncat(got, word.p, word.n);
		}
		ck_assert_msg(strcmp(got, good[i].want) == 0, "\"%s\": got %s, want %s", good[i].text, got, good[i].want);
	}
}
END_TEST

START_TEST(bad_texts)
{
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		char why[256];
		const char *got = journal_matches_problem(str_of(bad[i].text), why);
		ck_assert_msg(got && strcmp(got, bad[i].why) == 0, "\"%s\": got %s, want %s", bad[i].text, got ? got : "nothing", bad[i].why);
	}
}
END_TEST

START_TEST(a_lone_plus_is_an_alternative)
{
	struct str rest = STR("A=1 + B=2"), word;
	ck_assert_int_eq(journal_matches_next(&rest, &word), JOURNAL_MATCH_FIELD);
	ck_assert_int_eq(journal_matches_next(&rest, &word), JOURNAL_MATCH_OR);
	ck_assert_int_eq(journal_matches_next(&rest, &word), JOURNAL_MATCH_FIELD);
	ck_assert_int_eq(journal_matches_next(&rest, &word), JOURNAL_MATCH_END);
}
END_TEST

START_TEST(words_have_a_limit)
{
	char text[4 * (JOURNAL_MATCHES_MAX + 1) + 1] = "", why[256];
	for (int i = 0; i < JOURNAL_MATCHES_MAX; i++)
		strncat(text, "A=1 ", sizeof text - 1);
	ck_assert(!journal_matches_problem(str_of(text), why));
	strncat(text, "A=1 ", sizeof text - 1);
	ck_assert_str_eq(journal_matches_problem(str_of(text), why), "at most 64 words are taken");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_matches");
	TCase *tc = tcase_create("all");
	tcase_add_test(tc, good_texts);
	tcase_add_test(tc, bad_texts);
	tcase_add_test(tc, a_lone_plus_is_an_alternative);
	tcase_add_test(tc, words_have_a_limit);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
