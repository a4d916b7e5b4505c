/* Variables of the environment in a text, against what Promtail makes of the same: drone/envsubst's outcome for each row was looked up in
 * its source, and tests/e2e/37_promtail asks the real one. */
#include <check.h>
#include <stdlib.h>

#include "config/load.h"

static struct str lookup(void *ctx, struct str name)
{
	static const struct { const char *name, *value; } variables[] = { { "A", "alpha" }, { "EMPTY", "" }, { "ODD", "a: [b] # ${A} $1" }, { "_x9", "x" },
		{ "LINES", "a\nb" } };
	(void)ctx;
	for (size_t i = 0; i < COUNT_OF(variables); i++)
		if (str_eq(name, str_of(variables[i].name)))
			return str_of(variables[i].value);
	return (struct str){ 0 };
}
static const struct variables variables = { lookup, NULL };

static const struct { const char *text, *want, *unset; } good[] = {
	{ "", "", "" },
	{ "plain", "plain", "" },
	{ "${A}", "alpha", "" },
	{ "<${A}${A}>", "<alphaalpha>", "" },
	{ "${_x9}", "x", "" },
	{ "a${NONE}b", "ab", "NONE" },
	{ "${EMPTY}", "", "" },
	{ "${NONE:-words here}", "words here", "" },
	{ "${EMPTY:-words}", "words", "" },
	{ "${A:-words}", "alpha", "" },
	{ "${NONE=a}${NONE:=b}${NONE:?c}${NONE:+d}", "abcd", "" },
	{ "${NONE:-}", "", "" },
	{ "${NONE:-${A}}", "alpha", "" },
	{ "${NONE:-<${NONE:-${A}>}}", "<alpha>", "" },
	{ "${A:-${NONE:-x}}y", "alphay", "" },
	{ "${ODD}", "a: [b] # ${A} $1", "" },
	{ "$A $1 $ {A}", "$A $1 $ {A}", "" },
	{ "$${A} $$1 $$$$", "${A} $1 $$", "" },
	{ "\\\\d \\d \\/ \\n", "\\d \\d / \\n", "" },
	{ "${NONE:-a\\\\b$$}", "a\\\\b$$", "" },
	{ "{{ .Value }} }", "{{ .Value }} }", "" },
	{ "$", "$", "" },
	{ "\\", "\\", "" },
};

START_TEST(replaces)
{
	struct buf out;
	struct str unset;
	char err[256] = "";
	buf_init(&out, 4096);
	ck_assert_msg(substitute(str_of(good[_i].text), &variables, &out, &unset, err), "%s: %s", good[_i].text, err);
	ck_assert_msg(str_eq(buf_view(&out), str_of(good[_i].want)), "%s: got %.*s", good[_i].text, STR_ARG(buf_view(&out)));
	ck_assert_msg(str_eq(unset, str_of(good[_i].unset)), "%s: unset %.*s", good[_i].text, STR_ARG(unset));
	buf_fini(&out);
}
END_TEST

static const struct { const char *text, *words; } bad[] = {
	{ "${}", "only ${NAME}" },        { "${A", "a } is missing" },        { "${A:-x", "a } is missing" },
	{ "${#A}", "only ${NAME}" },      { "${A^^}", "only ${NAME}" },       { "${A/a/b}", "only ${NAME}" },
	{ "${A:1:2}", "only ${NAME}" },   { "${A-x}", "only ${NAME}" },       { "${ A }", "only ${NAME}" },
	{ "${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-}}}}}}}}}", "more than 8 deep" },
};

START_TEST(refuses)
{
	struct buf out;
	struct str unset;
	char err[256] = "";
	buf_init(&out, 4096);
	ck_assert_msg(!substitute(str_of(bad[_i].text), &variables, &out, &unset, err), "%s: taken", bad[_i].text);
	ck_assert_msg(strstr(err, bad[_i].words), "%s: got \"%s\", want \"%s\"", bad[_i].text, err, bad[_i].words);
	buf_fini(&out);
}
END_TEST

START_TEST(a_file_with_variables)
{
	struct config_problems problems = { 0 };
	const struct config_source source = {
		.text = STR("clients: [{ url: 'http://${A}/x', tenant_id: \"${ODD}\", name: ${EMPTY} }] # ${#}\n"
			    "scrape_configs: [{ job_name: ${NONE:-j}, static_configs: [{ labels: { \"${A}\": '${NONE}a', __path__: /var/$$1 } }] }]\n"),
		.name = STR("f.yaml"), .variables = variables };
	struct config *c = config_load_source(&source, &problems);
	ck_assert_msg(c != NULL, "%.*s", STR_ARG(problems.at[0].message));
	ck_assert(str_eq(c->logs.clients[0].url, STR("http://alpha/x")));
	ck_assert(str_eq(c->logs.clients[0].tenant_id, STR("a: [b] # ${A} $1")));
	ck_assert(str_eq(c->logs.scrapes[0].job_name, STR("j")));
	ck_assert(str_eq(c->logs.scrapes[0].statics[0].labels.at[0].name, STR("alpha")));
	ck_assert(str_eq(c->logs.scrapes[0].statics[0].path, STR("/var/$1")));
	size_t told = 0;
	for (size_t i = 0; i < problems.count; i++)
		told += problems.at[i].line == 2 && strstr(problems.at[i].message.p, "no NONE") != NULL;
	ck_assert_uint_eq(told, 1);
	config_problems_fini(&problems);
	config_free(c);
}
END_TEST

START_TEST(a_value_is_never_a_line)
{
	struct config_problems problems = { 0 };
	const struct config_source source = { .text = STR("clients: [{ url: 'http://a/x', tenant_id: '${LINES}' }]\n"), .name = STR("f.yaml"),
					      .variables = variables };
	ck_assert_ptr_null(config_load_source(&source, &problems));
	ck_assert(strstr(problems.at[0].message.p, "line break"));
	config_problems_fini(&problems);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("substitute");
	TCase *tcase = tcase_create("texts");
	tcase_add_loop_test(tcase, replaces, 0, COUNT_OF(good));
	tcase_add_loop_test(tcase, refuses, 0, COUNT_OF(bad));
	tcase_add_test(tcase, a_file_with_variables);
	tcase_add_test(tcase, a_value_is_never_a_line);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
