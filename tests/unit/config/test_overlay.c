/* What Promtail's flags do to a file. Each row is a file, settings, and what the printed configuration has, or the first problem. */
#include <check.h>
#include <stdlib.h>

#include "config/load.h"

enum { SETTINGS = 4 };
static const struct {
	const char *name, *file;
	struct { const char *key, *value; } settings[SETTINGS];
	const char *has[3], *problem;
} cases[] = {
	{ "nothing", "clients: [{ url: http://a/x }]\n", { { NULL, NULL } }, { "http://a/x" }, NULL },
	{ "a port, where there is none", "clients: [{ url: http://a/x }]\n", { { "server.http_listen_port", "3101" } }, { "http_listen_port: 3101" }, NULL },
	{ "a port instead of the file's", "server: { http_listen_port: 80 }\nclients: [{ url: http://a/x }]\n",
	  { { "server.http_listen_port", "3101" } }, { "http_listen_port: 3101" }, NULL },
	{ "a section that is empty", "server:\nclients: [{ url: http://a/x }]\n", { { "server.http_listen_port", "3101" } },
	  { "http_listen_port: 3101" }, NULL },
	{ "one more destination", "clients: [{ url: http://a/x }]\n",
	  { { "client.url", "http://b/y" }, { "client.tenant_id", "t" }, { "client.backoff_config.max_retries", "3" } },
	  { "http://a/x", "http://b/y", "max_retries: 3" }, NULL },
	{ "the only destination, no file", "", { { "client.url", "http://b/y" } }, { "http://b/y" }, NULL },
	{ "without a url it is none", "clients: [{ url: http://a/x }]\n", { { "client.tenant_id", "lost" } }, { "http://a/x" }, NULL },
	{ "labels for all, below their own", "clients: [{ url: http://a/x, external_labels: { env: own } }, { url: http://b/y }]\n",
	  { { "client.external_labels", "env=all,cluster=eu" } }, { "env: own", "cluster: eu", "env: all" }, NULL },
	{ "labels of the older spelling", "client: { url: http://a/x }\n", { { "client.external_labels", "cluster=eu" } }, { "cluster: eu" }, NULL },
	{ "below logs", "logs: { clients: [{ url: http://a/x }] }\n", { { "positions.filename", "/p" }, { "client.url", "http://b/y" } },
	  { "filename: /p", "http://b/y" }, NULL },
	{ "a value that is none", "clients: [{ url: http://a/x }]\n", { { "server.http_listen_port", "http" } }, { NULL },
	  "command line: server.http_listen_port: expected a whole number" },
	{ "a label that is none", "clients: [{ url: http://a/x }]\n", { { "client.external_labels", "a-b=c" } }, { NULL },
	  "command line: clients[0].external_labels.a-b: not a label name" },
	{ "an address that is none", "", { { "client.url", "loki" } }, { NULL }, "command line: clients[0].url: " },
};

START_TEST(lies_over_the_file)
{
	struct config_setting settings[SETTINGS];
	struct config_source source = { .text = str_of(cases[_i].file), .name = STR("f.yaml"), .settings = settings };
	struct config_problems problems = { 0 };
	struct buf shown;
	buf_init(&shown, 1 << 20);
	for (size_t i = 0; i < SETTINGS && cases[_i].settings[i].key; i++)
		settings[source.setting_count++] = (struct config_setting){ str_of(cases[_i].settings[i].key), str_of(cases[_i].settings[i].value) };
	struct config *c = config_load_source(&source, &problems);
	config_problems_print(&problems, source.name, &shown);
	ck_assert_msg((c != NULL) == !cases[_i].problem, "%s: %.*s", cases[_i].name, STR_ARG(buf_view(&shown)));
	if (c)
		config_print(c, &shown);
	buf_char(&shown, '\0');
	for (size_t i = 0; i < COUNT_OF(cases[_i].has) && cases[_i].has[i]; i++)
		ck_assert_msg(strstr(shown.p, cases[_i].has[i]), "%s: no \"%s\" in\n%s", cases[_i].name, cases[_i].has[i], shown.p);
	ck_assert_msg(!strstr(shown.p, "lost"), "%s:\n%s", cases[_i].name, shown.p);
	ck_assert_msg(!cases[_i].problem || strstr(shown.p, cases[_i].problem), "%s: got\n%s", cases[_i].name, shown.p);
	buf_fini(&shown);
	config_problems_fini(&problems);
	config_free(c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("overlay");
	TCase *tcase = tcase_create("files");
	tcase_add_loop_test(tcase, lies_over_the_file, 0, COUNT_OF(cases));
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
