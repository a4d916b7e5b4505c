/* Trace ids under a key that a pod has named, and levels where it has said how its lines are written. */
#include "parsers/trace/trace_named.h"

#include <check.h>

#include "parsers/level.h"

#define A "4bf92f3577b34da6a3ce929d0e0e4736"
#define B "0af7651916cd43dd8448eb211c80319c"
#define SPAN "00f067aa0ba902b7"

static const struct { const char *key, *line; enum trace_result result; const char *id; bool has_span; } cases[] = {
	{ "corr", "corr=" A " done", TRACE_VALID, A, false },
	{ "corr", "{\"corr\":\"" A "\"}", TRACE_VALID, A, false },
	{ "corr", "{\"corr\" : \"" A "\"}", TRACE_VALID, A, false },
	{ "corr", "{\"m\":\"{\\\"corr\\\":\\\"" A "\\\"}\"}", TRACE_VALID, A, false },
	{ "corr", "corr => '" A "'", TRACE_VALID, A, false },
	{ "corr", "[corr: " A "] x", TRACE_VALID, A, false },
	{ "my.corr-id_1", "my.corr-id_1=" A, TRACE_VALID, A, false },
	{ "corr", "corr=00-" A "-" SPAN "-01", TRACE_VALID, A, true },
	{ "corr", "corr=x corr=" A, TRACE_VALID, A, false },
	/* it counts more than what the line says otherwise, whose span is its own only for the same trace */
	{ "corr", "trace_id=" B " span_id=" SPAN " corr=" A, TRACE_VALID, A, false },
	{ "corr", "trace_id=" A " span_id=" SPAN " corr=" A, TRACE_VALID, A, true },
	{ "corr", "trace_id=" B " corr=nothing", TRACE_VALID, B, false },
	/* no key */
	{ "corr", A, TRACE_NONE, NULL, false },
	{ "corr", "corr " A, TRACE_NONE, NULL, false },
	{ "corr", "xcorr=" A, TRACE_NONE, NULL, false },
	{ "corr", "my.corr=" A, TRACE_NONE, NULL, false },
	{ "corr", "corr2=" A, TRACE_NONE, NULL, false },
	{ "corr", "Corr=" A, TRACE_NONE, NULL, false },
	{ "corr", "corr", TRACE_NONE, NULL, false },
	{ "corr", "corr=", TRACE_ZERO, NULL, false },
	/* no value */
	{ "corr", "corr=4bf92f35-77b3-4da6-a3ce-929d0e0e4736", TRACE_MALFORMED, NULL, false },
	{ "corr", "corr=12345678901234567890", TRACE_MALFORMED, NULL, false },
	{ "corr", "corr=00000000000000000000000000000000", TRACE_ZERO, NULL, false },
	{ "corr", "corr=hello", TRACE_MALFORMED, NULL, false },
};

START_TEST(named)
{
	struct trace_context t;
	enum trace_result got = trace_find_named(str_of(cases[_i].line), str_of(cases[_i].key), &t);
	ck_assert_msg(got == cases[_i].result, "%s: got %s, want %s", cases[_i].line, trace_result_names[got], trace_result_names[cases[_i].result]);
	if (!cases[_i].id)
		return;
	ck_assert_msg(memcmp(t.trace_id, cases[_i].id, 32) == 0, "%s: got %.32s", cases[_i].line, t.trace_id);
	ck_assert_msg(t.has_span == cases[_i].has_span, "%s: span %d", cases[_i].line, t.has_span);
}
END_TEST

START_TEST(a_line_of_nothing_but_the_key_is_cheap)
{
	static char line[1 << 20];
	struct trace_context t;
	for (size_t i = 0; i < sizeof line; i++)
		line[i] = "k="[i % 2];
	ck_assert_int_ne(trace_find_named((struct str){ line, sizeof line }, STR("k"), &t), TRACE_VALID);
}
END_TEST

static const struct { enum line_form form; const char *line; enum level level; } forms[] = {
	{ LINE_FORM_ANY, "ERROR it broke", LEVEL_ERROR },
	{ LINE_FORM_JSON, "ERROR it broke", LEVEL_UNKNOWN },
	{ LINE_FORM_JSON, " {\"level\":\"warn\"}", LEVEL_WARN },
	{ LINE_FORM_JSON, "level=warn", LEVEL_UNKNOWN },
	{ LINE_FORM_LOGFMT, "level=warn msg=\"ERROR in text\"", LEVEL_WARN },
	{ LINE_FORM_LOGFMT, "msg=\"ERROR in text\"", LEVEL_UNKNOWN },
	{ LINE_FORM_LOGFMT, "{\"level\":\"warn\"}", LEVEL_UNKNOWN },
	{ LINE_FORM_NONE, "level=warn", LEVEL_UNKNOWN },
	{ LINE_FORM_NONE, "", LEVEL_UNKNOWN },
	{ LINE_FORM_JSON, "", LEVEL_UNKNOWN },
};

START_TEST(levels_by_form)
{
	enum level got = level_detect_in(forms[_i].form, str_of(forms[_i].line));
	ck_assert_msg(got == forms[_i].level, "%s as %s: got %s", forms[_i].line, line_form_names[forms[_i].form], level_names[got]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trace_named");
	TCase *t = tcase_create("trace_named");
	tcase_add_loop_test(t, named, 0, (int)COUNT_OF(cases));
	tcase_add_test(t, a_line_of_nothing_but_the_key_is_cheap);
	tcase_add_loop_test(t, levels_by_form, 0, (int)COUNT_OF(forms));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
