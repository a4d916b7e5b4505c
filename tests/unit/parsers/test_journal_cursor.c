/* Cursors that libsystemd writes, others that it does not, and which of two comes first. */
#include "parsers/journal/journal_cursor.h"

#include <check.h>
#include <stdlib.h>

#define ID "eca0fe01be4e4c6f86c6d3bbdff0725a"
#define OTHER "0000000000000000000000000000000f"

START_TEST(a_cursor_of_libsystemd)
{
	struct journal_cursor c;
	ck_assert(journal_cursor_parse(STR("s=" ID ";i=2a;b=0123456789abcdef0123456789abcdef;m=3e8;t=660cc01dc61ff;x=453d757668f8a96b"), &c));
	ck_assert_mem_eq(c.id, ID, JOURNAL_ID_BYTES);
	ck_assert_uint_eq(c.sequence, 42);
	ck_assert_uint_eq(c.realtime_us, 0x660cc01dc61ff);
	ck_assert(journal_cursor_parse(STR("t=1;z=new;s=ECA0FE01BE4E4C6F86C6D3BBDFF0725A;i=1"), &c));
	ck_assert_mem_eq(c.id, ID, JOURNAL_ID_BYTES);
}
END_TEST

static const char *const bad[] = { "", ";", "s=" ID ";i=1", "i=1;t=1", "s=" ID ";t=1", "s=eca0;i=1;t=1", "s=" ID ";i=;t=1", "s=" ID ";i=1;t=g",
	"s=" ID ";i=1;t=1;x=a\nb", "s=" ID ";i=11111111111111111;t=1", "s=xca0fe01be4e4c6f86c6d3bbdff0725a;i=1;t=1", "s=" ID ";i=1;t=1 " };

START_TEST(what_is_no_cursor)
{
	struct journal_cursor c;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!journal_cursor_parse(str_of(bad[i]), &c), "\"%s\" was taken", bad[i]);
}
END_TEST

static const struct {
	const char *a, *b;
	bool want;
} pairs[] = {
	{ "s=" ID ";i=1;t=9", "s=" ID ";i=2;t=1", true }, /* the clock was set back */
	{ "s=" ID ";i=2;t=1", "s=" ID ";i=1;t=9", false },
	{ "s=" ID ";i=2;t=1", "s=" ID ";i=2;t=1", false },
	{ "s=" ID ";i=2;t=1", "s=" OTHER ";i=1;t=2", true },
	{ "s=" ID ";i=1;t=2", "s=" OTHER ";i=2;t=2", false },
};

START_TEST(which_comes_first)
{
	for (size_t i = 0; i < COUNT_OF(pairs); i++) {
		struct journal_cursor a, b;
		ck_assert(journal_cursor_parse(str_of(pairs[i].a), &a) && journal_cursor_parse(str_of(pairs[i].b), &b));
		ck_assert_msg(journal_cursor_before(&a, &b) == pairs[i].want, "%s before %s", pairs[i].a, pairs[i].b);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_cursor");
	TCase *tc = tcase_create("all");
	tcase_add_test(tc, a_cursor_of_libsystemd);
	tcase_add_test(tc, what_is_no_cursor);
	tcase_add_test(tc, which_comes_first);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
