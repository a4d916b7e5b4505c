/* Annotations and what is made of them, for the container "app" of a pod. */
#include "parsers/kubernetes/pod_wishes.h"

#include <check.h>
#include <stdio.h>

enum { ALL = POD_WISH_EXCLUDE | POD_WISH_STACK_TRACES | POD_WISH_RATE | POD_WISH_TRACE_KEY | POD_WISH_PARSER };

#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
static const struct row {
	const char *name;
	struct { const char *name, *value; } at[4];
	unsigned allowed;
	const char *want; /* "excluded by NAME", "traces", "no traces", "parser P", "rate N", "key K", "bad N" */
} rows[] = {
	{ "nothing", { { NULL, NULL } }, ALL, "" },
	{ "somebody else's", { { "prometheus.io/scrape", "true" }, { "a", "b" } }, ALL, "" },
	{ "off", { { "spoor.io/logs", "off" } }, ALL, "excluded by spoor.io/logs " },
	{ "on", { { "spoor.io/logs", "on" } }, ALL, "" },
	{ "neither", { { "spoor.io/logs", "OFF" } }, ALL, "bad 1 " },
	{ "empty", { { "spoor.io/logs", "" } }, ALL, "bad 1 " },
	{ "off for this container", { { "spoor.io/logs-app", "off" } }, ALL, "excluded by spoor.io/logs-app " },
	{ "off for another one", { { "spoor.io/logs-sidecar", "off" } }, ALL, "" },
	{ "off but for this one", { { "spoor.io/logs", "off" }, { "spoor.io/logs-app", "on" } }, ALL, "" },
	{ "the same in another order", { { "spoor.io/logs-app", "on" }, { "spoor.io/logs", "off" } }, ALL, "" },
	{ "a container of no name", { { "spoor.io/logs-", "off" } }, ALL, "bad 1 " },
	{ "a container of a bad name", { { "spoor.io/logs-App", "off" } }, ALL, "bad 1 " },
	{ "a container of a long name", { { "spoor.io/logs-" LONG, "off" } }, ALL, "bad 1 " },
	{ "Fluent Bit", { { "fluentbit.io/exclude", "true" } }, ALL, "excluded by fluentbit.io/exclude " },
	{ "Fluent Bit, not", { { "fluentbit.io/exclude", "false" } }, ALL, "" },
	{ "Fluent Bit, a container", { { "fluentbit.io/exclude-app", "true" } }, ALL, "excluded by fluentbit.io/exclude-app " },
	{ "Fluent Bit, a stream, which is not ours to tell", { { "fluentbit.io/exclude_stderr", "true" } }, ALL, "" },
	{ "Fluent Bit's parser is not ours", { { "fluentbit.io/parser", "apache" } }, ALL, "" },
	{ "Vector", { { "vector.dev/exclude", "true" } }, ALL, "excluded by vector.dev/exclude " },
	{ "Vector, containers", { { "vector.dev/exclude-containers", "sidecar, app" } }, ALL, "excluded by vector.dev/exclude-containers " },
	{ "Vector, other containers", { { "vector.dev/exclude-containers", "sidecar,apps,ap" } }, ALL, "" },
	{ "Vector, no containers", { { "vector.dev/exclude-containers", " , ," } }, ALL, "" },
	{ "our own word counts more", { { "fluentbit.io/exclude", "true" }, { "spoor.io/logs", "on" }, { "vector.dev/exclude", "true" } }, ALL, "" },
	{ "two dialects disagree", { { "fluentbit.io/exclude", "false" }, { "vector.dev/exclude", "true" } }, ALL, "excluded by vector.dev/exclude " },
	{ "and the other way round", { { "fluentbit.io/exclude", "true" }, { "vector.dev/exclude", "false" } }, ALL, "excluded by fluentbit.io/exclude " },
	{ "but not than another's for the container", { { "spoor.io/logs", "on" }, { "fluentbit.io/exclude-app", "true" } }, ALL, "" },
	{ "bad beside good", { { "spoor.io/logs", "perhaps" }, { "fluentbit.io/exclude", "true" } }, ALL, "excluded by fluentbit.io/exclude bad 1 " },
	{ "not allowed", { { "spoor.io/logs", "off" }, { "vector.dev/exclude", "true" } }, POD_WISH_RATE, "" },
	{ "not allowed, and bad", { { "spoor.io/logs", "perhaps" } }, POD_WISH_RATE, "" },
	{ "nothing is allowed", { { "spoor.io/logs", "off" }, { "spoor.io/logs.nonsense", "x" } }, 0, "" },
	{ "an unknown option", { { "spoor.io/logs.nonsense", "x" } }, ALL, "bad 1 " },
	{ "an unknown word", { { "spoor.io/logsoff", "x" } }, ALL, "bad 1 " },
	{ "stack traces", { { "spoor.io/logs.stack_traces", "true" } }, ALL, "traces " },
	{ "stack traces, not allowed", { { "spoor.io/logs.stack_traces", "true" } }, POD_WISH_EXCLUDE, "" },
	{ "stack traces but not here", { { "spoor.io/logs.stack_traces", "true" }, { "spoor.io/logs.stack_traces-app", "false" } }, ALL, "no traces " },
	{ "stack traces of neither word", { { "spoor.io/logs.stack_traces", "yes" } }, ALL, "bad 1 " },
	{ "a parser", { { "spoor.io/logs.parser", "json" } }, ALL, "parser json " },
	{ "a parser for the container", { { "spoor.io/logs.parser-app", "none" }, { "spoor.io/logs.parser", "logfmt" } }, ALL, "parser none " },
	{ "no parser of that name", { { "spoor.io/logs.parser", "JSON" } }, ALL, "bad 1 " },
	{ "an expression is no parser", { { "spoor.io/logs.parser", "(a+)+$" } }, ALL, "bad 1 " },
	{ "a parser, not allowed", { { "spoor.io/logs.parser", "json" } }, POD_WISH_EXCLUDE, "" },
	{ "a rate", { { "spoor.io/logs.rate", "100" } }, ALL, "rate 100 " },
	{ "a rate for the container", { { "spoor.io/logs.rate-app", "5" }, { "spoor.io/logs.rate", "100" } }, ALL, "rate 5 " },
	{ "no rate", { { "spoor.io/logs.rate", "0" } }, ALL, "bad 1 " },
	{ "a negative rate", { { "spoor.io/logs.rate", "-1" } }, ALL, "bad 1 " },
	{ "too high a rate", { { "spoor.io/logs.rate", "1000001" } }, ALL, "bad 1 " },
	{ "a rate beyond numbers", { { "spoor.io/logs.rate", "99999999999999999999999" } }, ALL, "bad 1 " },
	{ "a rate with a unit", { { "spoor.io/logs.rate", "100/s" } }, ALL, "bad 1 " },
	{ "a key", { { "spoor.io/logs.trace_key", "x-Request.trace_1" } }, ALL, "key x-Request.trace_1 " },
	{ "a key with a quote", { { "spoor.io/logs.trace_key", "a\"b" } }, ALL, "bad 1 " },
	{ "no key", { { "spoor.io/logs.trace_key", "" } }, ALL, "bad 1 " },
	{ "a long key", { { "spoor.io/logs.trace_key", LONG "a" } }, ALL, "bad 1 " },
	{ "the longest key", { { "spoor.io/logs.trace_key", LONG } }, ALL, "key " LONG " " },
	{ "two bad ones", { { "spoor.io/logs.rate", "x" }, { "spoor.io/logs.y", "x" } }, ALL, "bad 2 " },
};

START_TEST(row)
{
	const struct row *r = &rows[_i];
	struct label at[COUNT_OF(r->at)];
	struct pod_wishes w;
	char got[512];
	size_t count = 0;
	for (; count < COUNT_OF(r->at) && r->at[count].name; count++)
		at[count] = (struct label){ str_of(r->at[count].name), str_of(r->at[count].value) };
	pod_wishes_read(&w, at, count, STR("app"), r->allowed);
	int n = 0;
	got[0] = '\0';
	if (w.is_excluded)
		n += snprintf(got + n, sizeof got - (size_t)n, "excluded by " STR_FMT " ", STR_ARG(w.excluded_by));
	if (w.has_stack_traces)
		n += snprintf(got + n, sizeof got - (size_t)n, "%straces ", w.joins_stack_traces ? "" : "no ");
	if (w.form)
		n += snprintf(got + n, sizeof got - (size_t)n, "parser %s ", line_form_names[w.form]);
	if (w.lines_per_second)
		n += snprintf(got + n, sizeof got - (size_t)n, "rate %llu ", (unsigned long long)w.lines_per_second);
	if (w.trace_key.n)
		n += snprintf(got + n, sizeof got - (size_t)n, "key " STR_FMT " ", STR_ARG(w.trace_key));
	if (w.bad_count)
		snprintf(got + n, sizeof got - (size_t)n, "bad %zu ", w.bad_count);
	ck_assert_msg(strcmp(got, r->want) == 0, "%s: got \"%s\", want \"%s\"", r->name, got, r->want);
}
END_TEST

START_TEST(words_of_the_configuration)
{
	ck_assert_uint_eq(pod_wish_of(STR("exclude")), POD_WISH_EXCLUDE);
	ck_assert_uint_eq(pod_wish_of(STR("stack_traces")), POD_WISH_STACK_TRACES);
	ck_assert_uint_eq(pod_wish_of(STR("parser")), POD_WISH_PARSER);
	ck_assert_uint_eq(pod_wish_of(STR("rate")), POD_WISH_RATE);
	ck_assert_uint_eq(pod_wish_of(STR("trace_key")), POD_WISH_TRACE_KEY);
	ck_assert_uint_eq(pod_wish_of(STR("Exclude")), 0);
	ck_assert_uint_eq(pod_wish_of(STR("")), 0);
}
END_TEST

START_TEST(a_megabyte)
{
	static char large[1 << 20];
	memset(large, 'a', sizeof large);
	struct label at[] = { { STR("spoor.io/logs"), { large, sizeof large } }, { STR("vector.dev/exclude-containers"), { large, sizeof large } },
			      { { large, sizeof large }, STR("x") } };
	struct pod_wishes w;
	pod_wishes_read(&w, at, COUNT_OF(at), STR("app"), ALL);
	ck_assert(!w.is_excluded && w.bad_count == 2);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pod_wishes");
	TCase *t = tcase_create("pod_wishes");
	tcase_add_loop_test(t, row, 0, (int)COUNT_OF(rows));
	tcase_add_test(t, words_of_the_configuration);
	tcase_add_test(t, a_megabyte);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
