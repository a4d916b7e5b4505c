/* Names that may be zones and names that may not; what a zone's file makes of a time. */
#include "config/zoneinfo.h"

#include <check.h>
#include <stdio.h>
#include <sys/stat.h>

static const struct { const char *name; bool is_good; } names[] = {
	{ "Europe/Berlin", true }, { "America/Argentina/Buenos_Aires", true }, { "Etc/GMT+5", true }, { "UTC", true },
	{ "Europe/Atlantis", false }, { "", false }, { "..", false }, { "../../../etc/passwd", false }, { "Europe/../UTC", false }, { "/etc/localtime", false },
	{ "Europe/", false }, { "Europe//Berlin", false }, { "Europe", false }, { "Europe/Ber lin", false },
};

START_TEST(name)
{
	struct zoneinfo z;
	struct str tzif = { 0 };
	struct stat st;
	zoneinfo_init(&z);
	bool is_there = stat("/usr/share/zoneinfo/Europe/Berlin", &st) == 0;
	bool got = zoneinfo_read(&z, str_of(names[_i].name), &tzif);
	ck_assert_msg(got == (names[_i].is_good && is_there), "%s: got %d", names[_i].name, got);
	if (got)
		ck_assert_msg(str_starts(tzif, STR("TZif")), "%s: not a zone's file", names[_i].name);
	zoneinfo_fini(&z);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zoneinfo");
	TCase *tcase = tcase_create("names");
	tcase_add_loop_test(tcase, name, 0, (int)COUNT_OF(names));
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
