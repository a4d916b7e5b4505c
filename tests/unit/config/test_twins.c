/* Several destinations at one address: what makes them different, and their names; headers in two forms. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/load.h"

static struct config *load(const char *text)
{
	struct config_problems problems = { 0 };
	struct config *c = config_load(str_of(text), STR("t.yaml"), &problems);
	struct buf shown;
	buf_init(&shown, 1 << 20);
	config_problems_print(&problems, STR("t.yaml"), &shown);
	ck_assert_msg(c != NULL, "%.*s", STR_ARG(buf_view(&shown)));
	buf_fini(&shown);
	config_problems_fini(&problems);
	return c;
}

#define ASSERT_STR(got, want) ck_assert_msg(str_eq(got, str_of(want)), "got %.*s, want %s", STR_ARG(got), want)

/* As one Grafana Cloud address with two users. The names go by what the file says of each, wherever it stands. */
START_TEST(one_url_with_two_users_or_labels_gets_names_that_stay)
{
	static const char *const first = "{ url: http://a:1/x, basic_auth: { username: '7', password: hunter2 } }";
	static const char *const second = "{ url: http://a:1/x, basic_auth: { username: '8', password: hunter2 } }";
	static const char *const third = "{ url: http://a:1/x, external_labels: { a: b } }";
	char text[2][512];
	snprintf(text[0], sizeof text[0], "clients: [%s, %s, %s]", first, second, third);
	snprintf(text[1], sizeof text[1], "clients: [%s, %s, %s]", third, second, first);
	struct config *c = load(text[0]), *turned = load(text[1]);
	ck_assert(str_starts(c->logs.clients[0].name, STR("a:1/7/")) && str_starts(c->logs.clients[1].name, STR("a:1/8/")));
	for (size_t i = 0; i < 3; i++) {
		ck_assert(str_eq(c->logs.clients[i].name, turned->logs.clients[2 - i].name));
		ck_assert(i == 0 || !str_eq(c->logs.clients[i].name, c->logs.clients[i - 1].name));
	}
	config_free(c);
	config_free(turned);
}
END_TEST

START_TEST(receivers_of_one_url_differ_by_their_rules)
{
	struct config *c = load("remote_write: [{ url: http://p/x, write_relabel_configs: [{ action: keep, source_labels: [a], regex: b }] }, "
				"{ url: http://p/x, write_relabel_configs: [{ action: drop, source_labels: [a], regex: b }] }]");
	ck_assert(!str_eq(c->metrics.remotes[0].name, c->metrics.remotes[1].name));
	config_free(c);
}
END_TEST

START_TEST(headers_of_a_client_have_two_forms)
{
	struct config *c = load("clients: [{ url: http://a:1/x, http_headers: { X-B: { values: [c, d] } }, headers: { X-A: b } }]");
	const struct config_http *http = &c->logs.clients[0].http;
	ck_assert_uint_eq(http->headers.count, 3);
	ck_assert_uint_eq(http->http_headers.count, 0);
	ASSERT_STR(http->headers.at[0].name, "X-A");
	ASSERT_STR(http->headers.at[2].value, "d");
	config_free(c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config twins");
	TCase *tcase = tcase_create("twins");
	tcase_add_test(tcase, one_url_with_two_users_or_labels_gets_names_that_stay);
	tcase_add_test(tcase, receivers_of_one_url_differ_by_their_rules);
	tcase_add_test(tcase, headers_of_a_client_have_two_forms);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
