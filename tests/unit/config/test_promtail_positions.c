/* Promtail's positions: what it writes, what people and crashes have made of it, and what is none. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/promtail_positions.h"

#define LONG_PATH "/var/log/pods/a-namespace_a-pod-with-a-rather-long-name-7f9c6d5b4-x2x4z_0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0/a-container-of-a-long-name/0.log"

static const char *const written = "positions:\n"
				   "  /var/log/app.log: \"1234\"\n"
				   "  ? " LONG_PATH "\n"
				   "  : \"98765432100\"\n"
				   "  '/var/log/odd: name.log': \"0\"\n"
				   "  cursor-journal: s=1;i=2;b=3;m=4;t=5;x=6\n"
				   "  journal-older: s=9\n"
				   "  cursor-docker-abc: \"1714557600\"\n"
				   "  /bare: 17\n"
				   "  /negative: \"-1\"\n"
				   "  /words: many\n"
				   "  /list: [1]\n"
				   "  /huge: \"18446744073709551615\"\n";

static const struct { const char *key; uint64_t offset; } offsets[] = {
	{ "/var/log/app.log", 1234 }, { LONG_PATH, 98765432100 }, { "/var/log/odd: name.log", 0 }, { "/bare", 17 },
};

START_TEST(as_it_is_written)
{
	struct promtail_positions p;
	char err[256];
	ck_assert_msg(promtail_positions_parse(str_of(written), &p, err) == 0, "%s", err);
	ck_assert_uint_eq(p.files, COUNT_OF(offsets));
	ck_assert_uint_eq(p.cursors, 3);
	ck_assert_uint_eq(p.refused, 4);
	for (size_t i = 0; i < COUNT_OF(offsets); i++) {
		const struct promtail_position *at = map_get(&p.by_key, str_of(offsets[i].key));
		ck_assert_msg(at && at->is_file && at->offset == offsets[i].offset, "%s", offsets[i].key);
	}
	ck_assert(str_eq(promtail_positions_cursor(&p, STR("journal")), STR("s=1;i=2;b=3;m=4;t=5;x=6")));
	ck_assert(str_eq(promtail_positions_cursor(&p, STR("older")), STR("s=9")));
	ck_assert_uint_eq(promtail_positions_cursor(&p, STR("none")).n, 0);
	promtail_positions_fini(&p);
}
END_TEST

static const char *const empty[] = { "", "\n", "# nothing\n", "positions: {}\n", "positions:\n" };

START_TEST(nothing_in_it)
{
	struct promtail_positions p;
	char err[256];
	ck_assert_msg(promtail_positions_parse(str_of(empty[_i]), &p, err) == 0, "%s", err);
	ck_assert_uint_eq(p.files + p.cursors + p.refused, 0);
	promtail_positions_fini(&p);
}
END_TEST

static const struct { const char *text, *words; } none[] = {
	{ "spoor checkpoint 1 2b1d2c4e\n", "no mapping" },      { "clients: []\n", "no mapping" },
	{ "positions: [a]\n", "no mapping" },                    { "positions: 5\n", "no mapping" },
	{ "positions:\n  /a: \"1\n", "line 2" },                  { "\x80\x81", "line 1" },
	{ "a: &a [*a]\n", "line 1" },                            { "positions: {a: 1}\n---\nb: 2\n", "line 2" },
};

START_TEST(no_positions)
{
	struct promtail_positions p;
	char err[256];
	ck_assert_msg(promtail_positions_parse(str_of(none[_i].text), &p, err) < 0, "taken: %s", none[_i].text);
	ck_assert_msg(strstr(err, none[_i].words), "%s: got \"%s\", want \"%s\"", none[_i].text, err, none[_i].words);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("promtail_positions");
	TCase *tcase = tcase_create("files");
	tcase_add_test(tcase, as_it_is_written);
	tcase_add_loop_test(tcase, nothing_in_it, 0, COUNT_OF(empty));
	tcase_add_loop_test(tcase, no_positions, 0, COUNT_OF(none));
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
