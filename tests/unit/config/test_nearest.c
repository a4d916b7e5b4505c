/* Slips of the hand and the key that was meant; and words that are near nothing. */
#include "config/nearest.h"

#include <check.h>
#include <stdlib.h>

static const struct { const char *name, *wanted, *want; } cases[] = {
	{ "a letter too many", "batchsizee", "batchsize" },
	{ "a letter missing", "batchsiz", "batchsize" },
	{ "two letters swapped", "batchszie", "batchsize" },
	{ "another case", "BatchSize", "batchsize" },
	{ "an underscore too many", "batch_size", "batchsize" },
	{ "the ending forgotten", "tenant", "tenant_id" },
	{ "the nearer of two", "batchwai", "batchwait" },
	{ "short words forgive one slip", "ulr", "url" },
	{ "nothing near", "destination", "" },
	{ "a short word that is something else", "usr1", "" },
	{ "an empty word", "", "" },
};

START_TEST(nearest_case)
{
	static const char *const known[] = { "url", "batchsize", "batchwait", "tenant_id" };
	struct nearest nearest = { 0 };
	struct str wanted = str_of(cases[_i].wanted);
	for (size_t i = 0; i < COUNT_OF(known); i++)
		nearest_offer(&nearest, wanted, str_of(known[i]));
	struct str got = nearest_word(&nearest, wanted);
	ck_assert_msg(str_eq(got, str_of(cases[_i].want)), "%s: %s: got %.*s, want %s", cases[_i].name, cases[_i].wanted,
		STR_ARG(got), cases[_i].want);
}
END_TEST

START_TEST(very_long_words_are_nobodys_neighbours)
{
	static char wanted[4096];
	struct nearest nearest = { 0 };
	memset(wanted, 'a', sizeof wanted);
	nearest_offer(&nearest, (struct str){ wanted, sizeof wanted }, STR("url"));
	ck_assert_uint_eq(nearest_word(&nearest, (struct str){ wanted, sizeof wanted }).n, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nearest");
	TCase *tcase = tcase_create("nearest");
	tcase_add_loop_test(tcase, nearest_case, 0, (int)COUNT_OF(cases));
	tcase_add_test(tcase, very_long_words_are_nobodys_neighbours);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
