/* Lines, JSON objects and labels of entries: the usual ones, and those of a writer who means harm. */
#include "parsers/journal/journal_entry.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_MAX_BYTES = 100 };

static void fill(struct journal_entry *e, const char *fields) /* with | between them */
{
	struct str rest = str_of(fields);
	journal_entry_begin(e);
	while (rest.n)
		journal_entry_field(e, str_cut(&rest, '|'));
}

static const struct {
	const char *name, *fields, *want; /* NULL: there is no line */
} lines[] = {
	{ "usual", "_UID=0|MESSAGE=hello|PRIORITY=6", "hello" },
	{ "none", "_UID=0|PRIORITY=6", NULL },
	{ "empty", "MESSAGE=", "" },
	{ "twice", "MESSAGE=a|MESSAGE=b", "b" },
	{ "with =", "MESSAGE=a=b", "a=b" },
	{ "with line feeds", "MESSAGE=a\nb\n", "a\nb\n" },
	{ "not the name", "message=a|MESSAGE2=b", NULL },
	{ "no =", "MESSAGE", NULL },
};

START_TEST(the_line_is_the_message)
{
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct journal_entry e;
		struct str line;
		bool was_cut;
		journal_entry_init(&e, LINE_MAX_BYTES, false);
		fill(&e, lines[i].fields);
		bool has_line = journal_entry_line(&e, &line, &was_cut);
		ck_assert_msg(has_line == (lines[i].want != NULL), "%s", lines[i].name);
		if (has_line)
			ck_assert_msg(str_eq(line, str_of(lines[i].want)) && !was_cut, "%s: got " STR_FMT, lines[i].name, STR_ARG(line));
		journal_entry_fini(&e);
	}
}
END_TEST

static const struct {
	const char *name, *fields, *want;
} objects[] = {
	{ "none", "", "{}" },
	{ "by name", "_UID=0|MESSAGE=hello|A=1", "{\"A\":\"1\",\"MESSAGE\":\"hello\",\"_UID\":\"0\"}" },
	{ "the last one counts", "B=1|A=1|B=2|A=3|B=", "{\"A\":\"3\",\"B\":\"\"}" },
	{ "escapes", "A=\"\\\n\r\t\x01\x7f<>&", "{\"A\":\"\\\"\\\\\\n\\r\\t\\u0001\x7f\\u003c\\u003e\\u0026\"}" },
	{ "separators", "A=\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa", "{\"A\":\"\\u2028\\u2029\xe2\x80\xaa\"}" },
	{ "not UTF-8", "A=x\xff\xe2\x82y\xc3\xa4", "{\"A\":\"x\\ufffd\\ufffd\\ufffdy\xc3\xa4\"}" },
	{ "hostile names", "\xff=1|=2|a b=3", "{\"\":\"2\",\"a b\":\"3\",\"\\ufffd\":\"1\"}" },
};

START_TEST(all_fields_are_one_object)
{
	for (size_t i = 0; i < COUNT_OF(objects); i++) {
		struct journal_entry e;
		struct str line;
		bool was_cut;
		journal_entry_init(&e, LINE_MAX_BYTES, true);
		fill(&e, objects[i].fields);
		ck_assert(journal_entry_line(&e, &line, &was_cut));
		ck_assert_msg(str_eq(line, str_of(objects[i].want)) && !was_cut, "%s: got " STR_FMT, objects[i].name, STR_ARG(line));
		journal_entry_fini(&e);
	}
}
END_TEST

START_TEST(lines_are_bounded)
{
	static const struct { size_t n; bool is_json, want; } rows[] = {
		{ 100, false, false }, { 101, false, true }, { 5000, false, true }, { 86, true, false }, { 87, true, true }, { 5000, true, true },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *data = malloc(rows[i].n + 8);
		struct journal_entry e;
		struct str line;
		bool was_cut;
		memcpy(data, "MESSAGE=", 8);
		memset(data + 8, 'x', rows[i].n);
		journal_entry_init(&e, LINE_MAX_BYTES, rows[i].is_json);
		journal_entry_begin(&e);
		journal_entry_field(&e, (struct str){ data, rows[i].n + 8 });
		ck_assert(journal_entry_line(&e, &line, &was_cut));
		ck_assert_msg(was_cut == rows[i].want && line.n <= LINE_MAX_BYTES + 8 && (line.n > LINE_MAX_BYTES) == was_cut, "%zu: %zu bytes",
			      rows[i].n, line.n);
		journal_entry_fini(&e);
		free(data);
	}
}
END_TEST

static void print_labels(const struct labels *l, char *to, size_t room)
{
	to[0] = '\0';
	for (size_t i = 0, n = 0; i < l->count && n < room; i++)
		n += (size_t)snprintf(to + n, room - n, "%s" STR_FMT "=" STR_FMT, i ? " " : "", STR_ARG(l->at[i].name), STR_ARG(l->at[i].value));
}

static const struct {
	const char *name, *fields, *wanted, *want; /* wanted: "*" for all */
} labels[] = {
	{ "nothing asked", "MESSAGE=x|_UID=0", "", "" },
	{ "one", "MESSAGE=x|_UID=0|_SYSTEMD_UNIT=a.service", "__journal__systemd_unit", "__journal__systemd_unit=a.service" },
	{ "all", "MESSAGE=x|_UID=0", "*", "__journal__uid=0 __journal_message=x" },
	{ "keyword", "PRIORITY=3", "*", "__journal_priority=3 __journal_priority_keyword=error" },
	{ "keyword alone", "PRIORITY=4", "__journal_priority_keyword", "__journal_priority=4 __journal_priority_keyword=warning" },
	{ "no priority", "PRIORITY=8|SYSLOG_FACILITY=3", "*", "__journal_priority=8 __journal_priority_keyword=8 __journal_syslog_facility=3" },
	{ "twice", "A=1|A=2", "*", "__journal_a=2" },
	{ "empty is none", "A=|B=1|B=", "*", "" },
	{ "not UTF-8", "A=x\xff|\xff=1", "*", "__journal_a=x\xef\xbf\xbd" },
	{ "hostile names", "a\"b=1|A B=2|=3", "*", "__journal_a b=2 __journal_a\"b=1" },
	{ "not ours", "JOB=1", "job", "" },
};

START_TEST(fields_are_labels)
{
	for (size_t i = 0; i < COUNT_OF(labels); i++)
		for (int is_json = 0; is_json < 2; is_json++) {
			struct journal_entry e;
			struct labels got = { 0 };
			char shown[1024];
			journal_entry_init(&e, LINE_MAX_BYTES, is_json);
			if (strcmp(labels[i].wanted, "*") == 0)
				journal_entry_want_all(&e);
			else
				journal_entry_want(&e, str_of(labels[i].wanted));
			fill(&e, labels[i].fields);
			journal_entry_labels(&e, &got);
			print_labels(&got, shown, sizeof shown);
			ck_assert_msg(strcmp(shown, labels[i].want) == 0, "%s: got %s", labels[i].name, shown);
			labels_fini(&got);
			journal_entry_fini(&e);
		}
}
END_TEST

START_TEST(keywords_of_all_priorities)
{
	static const char *const want[] = { "emerg", "alert", "crit", "error", "warning", "notice", "info", "debug" };
	static const enum level levels[] = { LEVEL_FATAL, LEVEL_CRITICAL, LEVEL_CRITICAL, LEVEL_ERROR, LEVEL_WARN, LEVEL_INFO, LEVEL_INFO, LEVEL_DEBUG };
	struct journal_entry e;
	struct labels got = { 0 };
	journal_entry_init(&e, LINE_MAX_BYTES, false);
	journal_entry_want_all(&e);
	for (int i = 0; i < 8; i++) {
		char field[32];
		snprintf(field, sizeof field, "PRIORITY=%d", i);
		fill(&e, field);
		journal_entry_labels(&e, &got);
		ck_assert(str_eq(labels_get(&got, STR("__journal_priority_keyword")), str_of(want[i])));
		ck_assert_int_eq(journal_entry_level(&e), levels[i]);
	}
	fill(&e, "PRIORITY=9");
	ck_assert_int_eq(journal_entry_level(&e), LEVEL_UNKNOWN);
	fill(&e, "MESSAGE=x");
	ck_assert_int_eq(journal_entry_level(&e), LEVEL_UNKNOWN);
	labels_fini(&got);
	journal_entry_fini(&e);
}
END_TEST

START_TEST(a_thousand_fields_of_bad_bytes)
{
	struct journal_entry e;
	struct labels got = { 0 };
	struct str line;
	bool was_cut;
	journal_entry_init(&e, 4096, true);
	journal_entry_want_all(&e);
	journal_entry_begin(&e);
	for (int i = 0; i < 2000; i++) {
		char field[1000];
		int n = snprintf(field, sizeof field, "F%d=", 5000 - i);
		memset(field + n, 0xff, sizeof field - (size_t)n);
		journal_entry_field(&e, (struct str){ field, sizeof field });
	}
	ck_assert(journal_entry_line(&e, &line, &was_cut) && was_cut && line.n < 4200);
	journal_entry_labels(&e, &got);
	ck_assert_uint_eq(got.count, JOURNAL_FIELDS_MAX);
	ck_assert(str_starts(got.at[0].value, STR("\xef\xbf\xbd")));
	labels_fini(&got);
	journal_entry_fini(&e);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("journal_entry");
	TCase *tc = tcase_create("all");
	tcase_add_test(tc, the_line_is_the_message);
	tcase_add_test(tc, all_fields_are_one_object);
	tcase_add_test(tc, lines_are_bounded);
	tcase_add_test(tc, fields_are_labels);
	tcase_add_test(tc, keywords_of_all_priorities);
	tcase_add_test(tc, a_thousand_fields_of_bad_bytes);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
