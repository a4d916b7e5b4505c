/* Values, then whole lines: keys, heads of loggers, words, and lines that look as if they had a level. */
#include "parsers/level.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *value;
	enum level want;
} values[] = {
	{ "", LEVEL_UNKNOWN }, { "trace", LEVEL_TRACE }, { "TRC", LEVEL_TRACE }, { "trce", LEVEL_TRACE }, { "Verbose", LEVEL_TRACE },
	{ "vrb", LEVEL_TRACE }, { "finest", LEVEL_TRACE }, { "FINER", LEVEL_TRACE }, { "T", LEVEL_TRACE }, { "V", LEVEL_TRACE },
	{ "debug", LEVEL_DEBUG }, { "DBG", LEVEL_DEBUG }, { "dbug", LEVEL_DEBUG }, { "debu", LEVEL_DEBUG }, { "FINE", LEVEL_DEBUG },
	{ "D", LEVEL_DEBUG }, { "info", LEVEL_INFO }, { "INF", LEVEL_INFO }, { "Information", LEVEL_INFO },
	{ "informational", LEVEL_INFO },
	{ "NOTICE", LEVEL_INFO }, { "I", LEVEL_INFO }, { "N", LEVEL_INFO }, { "warn", LEVEL_WARN }, { "WRN", LEVEL_WARN },
	{ "warning", LEVEL_WARN }, { "Warning", LEVEL_WARN }, { "W", LEVEL_WARN }, { "error", LEVEL_ERROR }, { "Error", LEVEL_ERROR },
	{ "err", LEVEL_ERROR }, { "ERRO", LEVEL_ERROR }, { "eror", LEVEL_ERROR }, { "SEVERE", LEVEL_ERROR }, { "fail", LEVEL_ERROR },
	{ "E", LEVEL_ERROR }, { "critical", LEVEL_CRITICAL }, { "crit", LEVEL_CRITICAL }, { "C", LEVEL_CRITICAL },
	{ "alert", LEVEL_CRITICAL },
	{ "dpanic", LEVEL_CRITICAL }, { "fatal", LEVEL_FATAL }, { "FTL", LEVEL_FATAL }, { "fata", LEVEL_FATAL }, { "panic", LEVEL_FATAL },
	{ "PNC", LEVEL_FATAL }, { "emerg", LEVEL_FATAL }, { "Emergency", LEVEL_FATAL }, { "F", LEVEL_FATAL }, { "10", LEVEL_TRACE },
	{ "20", LEVEL_DEBUG }, { "30", LEVEL_INFO }, { "40", LEVEL_WARN }, { "50", LEVEL_ERROR }, { "60", LEVEL_FATAL },
	{ "5", LEVEL_UNKNOWN },
	{ "70", LEVEL_UNKNOWN }, { "99999999999999999999", LEVEL_UNKNOWN }, { "[ERROR]", LEVEL_ERROR }, { " info ", LEVEL_INFO },
	{ "infos", LEVEL_UNKNOWN }, { "errors", LEVEL_UNKNOWN }, { "high", LEVEL_UNKNOWN }, { "x", LEVEL_UNKNOWN },
};

START_TEST(values_have_levels)
{
	for (size_t i = 0; i < COUNT_OF(values); i++) {
		enum level got = level_of_value(str_of(values[i].value));
		ck_assert_msg(got == values[i].want, "\"%s\": got %s, want %s", values[i].value, level_names[got], level_names[values[i].want]);
	}
}
END_TEST

static const struct {
	const char *name, *line;
	enum level want;
} lines[] = {
	{ "empty", "", LEVEL_UNKNOWN },
	{ "blanks", "  \t ", LEVEL_UNKNOWN },
	{ "json level", "{\"level\":\"info\",\"msg\":\"error opening x\"}", LEVEL_INFO },
	{ "json LEVEL", "{\"msg\":\"x\",\"LEVEL\":\"WARN\"}", LEVEL_WARN },
	{ "json Level", "{\"Level\":\"Error\"}", LEVEL_ERROR },
	{ "json log.level", "{\"@timestamp\":\"2025\",\"log.level\":\"warn\",\"message\":\"x\"}", LEVEL_WARN },
	{ "json severity", "{\"severity\":\"NOTICE\",\"message\":\"x\"}", LEVEL_INFO },
	{ "json SEVERITY", "{\"SEVERITY\":\"critical\"}", LEVEL_CRITICAL },
	{ "json Severity", "{\"Severity\":\"Debug\"}", LEVEL_DEBUG },
	{ "json SeverityText", "{\"SeverityText\":\"ERROR\"}", LEVEL_ERROR },
	{ "json severity_text", "{\"severity_text\":\"TRACE\"}", LEVEL_TRACE },
	{ "json lvl", "{\"lvl\":\"dbg\"}", LEVEL_DEBUG },
	{ "json LVL", "{\"LVL\":\"ERR\"}", LEVEL_ERROR },
	{ "json Lvl", "{\"Lvl\":\"Warn\"}", LEVEL_WARN },
	{ "json levelname", "{\"levelname\": \"WARNING\", \"message\": \"quota\"}", LEVEL_WARN },
	{ "json @l", "{\"@t\":\"2025\",\"@mt\":\"x\",\"@l\":\"Fatal\"}", LEVEL_FATAL },
	{ "json blanks around the colon", "{ \"level\" : \"error\" }", LEVEL_ERROR },
	{ "json number of pino", "{\"level\":40,\"time\":1744189200000}", LEVEL_WARN },
	{ "json colour in the value", "{\"level\":\"\\u001b[31merror\\u001b[39m\"}", LEVEL_ERROR },
	{ "json second level", "{\"log\":{\"level\":\"warn\"},\"x\":1}", LEVEL_WARN },
	{ "json outer before inner", "{\"inner\":{\"level\":\"error\"},\"level\":\"info\"}", LEVEL_INFO },
	{ "json third level is too deep", "{\"a\":{\"b\":{\"level\":\"error\"}}}", LEVEL_UNKNOWN },
	{ "json braces in a string do not count", "{\"msg\":\"{{{[[\",\"level\":\"error\"}", LEVEL_ERROR },
	{ "json key inside a string", "{\"msg\":\"\\\"level\\\":\\\"error\\\"\",\"n\":1}", LEVEL_UNKNOWN },
	{ "json other keys", "{\"levels\":\"error\",\"log_level\":\"error\",\"eventlevel\":\"error\"}", LEVEL_UNKNOWN },
	{ "json key as a value", "{\"key\":\"level\",\"value\":\"error\"}", LEVEL_UNKNOWN },
	{ "json unknown value, then a known one", "{\"level\":\"high\",\"severity\":\"error\"}", LEVEL_ERROR },
	{ "json message is not searched", "{\"msg\":\"ERROR: disk\"}", LEVEL_UNKNOWN },
	{ "json only a brace", "{", LEVEL_UNKNOWN },
	{ "clef without level", "{\"@t\":\"2025-04-09T09:00:00Z\",\"@mt\":\"Cart {Id}\",\"Id\":3}", LEVEL_INFO },
	{ "clef with rendered message", "{\"@t\":\"2025-04-09T09:00:00Z\",\"@m\":\"Cart 3\"}", LEVEL_INFO },
	{ "clef needs a message", "{\"@t\":\"2025-04-09T09:00:00Z\",\"x\":\"y\"}", LEVEL_UNKNOWN },
	{ "logfmt", "time=\"2025\" level=info msg=\"an error\"", LEVEL_INFO },
	{ "logfmt first", "level=warn ts=1", LEVEL_WARN },
	{ "logfmt quoted", "ts=1 level=\"error\" x=y", LEVEL_ERROR },
	{ "logfmt lvl", "t=2025 lvl=eror msg=x", LEVEL_ERROR },
	{ "logfmt severity", "severity=critical x", LEVEL_CRITICAL },
	{ "logfmt colour", "\x1b[36mlevel=\x1b[0mdebug x=1", LEVEL_DEBUG },
	{ "logfmt other key", "log_level=error loglevel=error x", LEVEL_UNKNOWN },
	{ "klog info", "I0409 09:00:00.000001       1 reconciler.go:77] \"error\"", LEVEL_INFO },
	{ "klog warning", "W0409 09:00:00.000001       1 x.go:77] x", LEVEL_WARN },
	{ "klog error", "E0409 09:00:00.000001       1 x.go:77] x", LEVEL_ERROR },
	{ "klog fatal", "F0409 09:00:00.000001       1 x.go:77] x", LEVEL_FATAL },
	{ "klog needs its date", "I04x9 09:00:00 x", LEVEL_UNKNOWN },
	{ "syslog emergency", "<0>kernel panic", LEVEL_FATAL },
	{ "syslog critical", "<34>1 2025-04-09T09:00:00Z host su - - x", LEVEL_CRITICAL },
	{ "syslog error", "<187>x", LEVEL_ERROR },
	{ "syslog debug", "<191>x", LEVEL_DEBUG },
	{ "syslog out of range", "<192>x", LEVEL_UNKNOWN },
	{ "python", "2025-04-09 11:22:33,444 WARNING [app] quota", LEVEL_WARN },
	{ "python basic", "DEBUG:app:started", LEVEL_DEBUG },
	{ "java", "2025-04-09T09:00:01.114Z  INFO 1 --- [mail] c.a.X : no error", LEVEL_INFO },
	{ "java in brackets", "09:00:00.000 [main] ERROR c.a.X - failed", LEVEL_ERROR },
	{ "zerolog console", "\x1b[90m7:01PM\x1b[0m \x1b[32mINF\x1b[0m ready", LEVEL_INFO },
	{ "zerolog console error", "7:01PM ERR failed", LEVEL_ERROR },
	{ "brackets", "[ERROR] x", LEVEL_ERROR },
	{ "brackets lower case", "2025/04/09 09:00:00 [warn] 7#7: x", LEVEL_WARN },
	{ "brackets with colours", "[\x1b[31mERROR\x1b[0m] x", LEVEL_ERROR },
	{ "dotnet console", "fail: Microsoft.Hosting[0]", LEVEL_ERROR },
	{ "dotnet console info", "info: Microsoft.Hosting[0]", LEVEL_INFO },
	{ "rust", "2025-04-09T09:00:00.000001Z  WARN http: app: slow", LEVEL_WARN },
	{ "monolog", "[2025-04-09T09:00:00+00:00] app.WARNING: stock low {} []", LEVEL_WARN },
	{ "trace", "TRACE cache miss", LEVEL_TRACE },
	{ "lower-case word", "failed with error 5", LEVEL_ERROR },
	{ "capitals before lower case", "no error yet INFO x", LEVEL_INFO },
	{ "part of a word", "INFORMAL ERRORS TERROR", LEVEL_UNKNOWN },
	{ "part of a name", "GET /error/page my_error error_page", LEVEL_UNKNOWN },
	{ "a class name", "java.lang.Error.foo", LEVEL_UNKNOWN },
	{ "everyday words", "all is fine, take notice, trace the parcel", LEVEL_UNKNOWN },
	{ "access log", "10.0.0.1 - - [09/Apr/2025:09:00:00 +0000] \"GET / HTTP/2.0\" 200 5", LEVEL_UNKNOWN },
};

/* Exact memory: a byte read outside the line is found by AddressSanitizer. */
static enum level detect_exactly(const char *bytes, size_t n)
{
	char *exact = malloc(n ? n : 1);
	ck_assert_ptr_nonnull(exact);
	memcpy(exact, bytes, n);
	enum level found = level_detect((struct str){ exact, n });
	free(exact);
	return found;
}

START_TEST(lines_have_levels)
{
	unsigned wrong = 0;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		enum level got = detect_exactly(lines[i].line, strlen(lines[i].line));
		if (got == lines[i].want)
			continue;
		wrong++;
		fprintf(stderr, "%s: got %s, want %s: %s\n", lines[i].name, level_names[got], level_names[lines[i].want], lines[i].line);
	}
	ck_assert_msg(wrong == 0, "%u of %zu lines are wrong", wrong, COUNT_OF(lines));
}
END_TEST

/* The word search goes by masks of 64 bytes, the key search by blocks of 16. */
START_TEST(a_level_is_found_at_every_offset)
{
	char line[256];
	for (size_t before = 0; before < 200; before++)
		for (size_t behind = 0; behind < 20; behind++) {
			memset(line, '~', sizeof line); /* blanks at the beginning would be skipped */
			memset(line + before, ' ', 32);
			if (before)
				line[before - 1] = ' ';
			memcpy(line + before, "ERROR", 5);
			enum level got = detect_exactly(line, before + 5 + behind);
			ck_assert_msg(got == LEVEL_ERROR, "word behind %zu bytes, before %zu blanks: %s", before, behind, level_names[got]);
			memcpy(line + before, "level=warn", 10);
			got = detect_exactly(line, before + 10 + behind);
			ck_assert_msg(got == LEVEL_WARN, "key behind %zu bytes, before %zu blanks: %s", before, behind, level_names[got]);
		}
}
END_TEST

START_TEST(far_away_counts_for_nothing)
{
	static char line[4096];
	memset(line, '~', sizeof line);
	memcpy(line + 299, " ERROR ", 7);
	ck_assert_int_eq(level_detect((struct str){ line, sizeof line }), LEVEL_UNKNOWN);
	memcpy(line + 2099, " level=error ", 13);
	ck_assert_int_eq(level_detect((struct str){ line, sizeof line }), LEVEL_UNKNOWN);
	memcpy(line + 1999, " level=error ", 13);
	ck_assert_int_eq(level_detect((struct str){ line, sizeof line }), LEVEL_ERROR);
}
END_TEST

START_TEST(a_line_may_be_cut_anywhere)
{
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		for (size_t n = 0; n <= strlen(lines[i].line); n++)
			ck_assert_int_lt(detect_exactly(lines[i].line, n), LEVELS);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("level");
	TCase *cases = tcase_create("level");
	tcase_add_test(cases, values_have_levels);
	tcase_add_test(cases, lines_have_levels);
	tcase_add_test(cases, a_level_is_found_at_every_offset);
	tcase_add_test(cases, far_away_counts_for_nothing);
	tcase_add_test(cases, a_line_may_be_cut_anywhere);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
