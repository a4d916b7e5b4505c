/* What reaches standard error, byte by byte. */
#include "agent/log.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/agent/stderr_capture.h"

static const struct shape {
	const char *name, *message, *want;
	bool is_json;
} shapes[] = {
	{ "plain", "all is well", " msg=\"all is well\"\n", false },
	{ "quotes and backslash", "a \"b\" \\c", " msg=\"a \\\"b\\\" \\\\c\"\n", false },
	{ "line feed cannot start a second line", "a\nlevel=error b", " msg=\"a\\nlevel=error b\"\n", false },
	{ "escape sequences do not reach the terminal", "\033[31mred", " msg=\"\\u001b[31mred\"\n", false },
	{ "invalid UTF-8 is repaired", "path \xff\xfe!", " msg=\"path \xef\xbf\xbd\xef\xbf\xbd!\"\n", false },
	{ "json", "a \"b\"", ",\"msg\":\"a \\\"b\\\"\"}\n", true },
};

START_TEST(shape)
{
	const struct shape *c = &shapes[_i];
	log_setup(LOG_INFO_, c->is_json);
	capture();
	LOG_WARN("%s", c->message);
	const char *got = captured();
	const char *head = c->is_json ? "{\"level\":\"warn\",\"ts\":\"20" : "level=warn ts=20";
	ck_assert_msg(strncmp(got, head, strlen(head)) == 0, "%s: got %s, want it to start with %s", c->name, got, head);
	ck_assert_msg(strstr(got, "test_log.c:") != NULL, "%s: no caller in %s", c->name, got);
	size_t n = strlen(got), want = strlen(c->want);
	ck_assert_msg(n > want && strcmp(got + n - want, c->want) == 0, "%s: got %s, want it to end with %s", c->name, got, c->want);
}
END_TEST

START_TEST(below_the_level_is_silent)
{
	log_setup(LOG_WARN_, false);
	capture();
	LOG_INFO("not wanted");
	LOG_DEBUG("not wanted");
	ck_assert_str_eq(captured(), "");
}
END_TEST

START_TEST(the_level_moves_and_the_format_stays)
{
	enum log_level level = LOG_INFO_;
	log_setup(LOG_WARN_, true);
	ck_assert(log_level_named(STR("debug"), &level) && !log_level_named(STR("loud"), &level) && level == LOG_DEBUG_);
	log_set_level(level);
	capture();
	LOG_DEBUG("wanted");
	const char *got = captured();
	ck_assert_msg(strncmp(got, "{\"level\":\"debug\"", 16) == 0, "got %s", got);
}
END_TEST

static int lines_in(const char *s)
{
	int lines = 0;
	for (; *s; s++)
		lines += *s == '\n';
	return lines;
}

START_TEST(one_site_five_times_in_ten_seconds_then_a_count)
{
	struct log_site site = { 0 };
	log_setup(LOG_INFO_, false);
	capture();
	for (int i = 0; i < 40; i++)
		log_line(&site, LOG_INFO_, "x.c", 1, "line %d", i);
	ck_assert_uint_eq(site.suppressed, 35);
	site.window_start_ns -= 10000000001; /* ten seconds later */
	log_line(&site, LOG_INFO_, "x.c", 1, "later");
	const char *got = captured();
	ck_assert_int_eq(lines_in(got), 6);
	ck_assert_msg(strstr(got, "msg=\"later\" suppressed=35\n") != NULL, "got %s", got);
	ck_assert_uint_eq(site.suppressed, 0);
}
END_TEST

START_TEST(other_sites_are_not_silenced)
{
	log_setup(LOG_INFO_, false);
	capture();
	for (int i = 0; i < 10; i++)
		LOG_INFO("first site");
	LOG_INFO("second site");
	const char *got = captured();
	ck_assert_int_eq(lines_in(got), 6);
	ck_assert_ptr_nonnull(strstr(got, "second site"));
}
END_TEST

START_TEST(a_long_message_is_cut_at_a_character)
{
	static char big[9000];
	for (size_t i = 0; i + 2 < sizeof big; i += 2)
		memcpy(big + i, "\xc3\xa9", 2); /* cut in the middle of one: 4095 is odd */
	log_setup(LOG_INFO_, false);
	capture();
	LOG_INFO("%s", big);
	const char *got = captured();
	ck_assert_int_eq(lines_in(got), 1);
	ck_assert_uint_lt(strlen(got), 4300);
	ck_assert_uint_gt(strlen(got), 4000);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");
	tcase_add_loop_test(t, shape, 0, sizeof shapes / sizeof shapes[0]);
	tcase_add_test(t, below_the_level_is_silent);
	tcase_add_test(t, the_level_moves_and_the_format_stays);
	tcase_add_test(t, one_site_five_times_in_ten_seconds_then_a_count);
	tcase_add_test(t, other_sites_are_not_silenced);
	tcase_add_test(t, a_long_message_is_cut_at_a_character);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
