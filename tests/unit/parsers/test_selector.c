/* Selectors and line filters: what matches, what is refused and where. */
#include "parsers/stages/selector.h"

#include <check.h>
#include <stdio.h>

static struct str label(const void *ctx, struct str name)
{
	return labels_get(ctx, name);
}

START_TEST(matches)
{
	static const struct { const char *selector, *line; bool want; } cases[] = { /* with app="front" level="info" */
		{ "{app=\"front\"}", "", true }, { "{app=\"fron\"}", "", false }, { "{app!=\"front\"}", "", false }, { "{app!=\"x\"}", "", true },
		{ "{app=~\"fr.*\"}", "", true }, { "{app=~\"ron\"}", "", false }, { "{app!~\"ron\"}", "", true }, { "{app!~\".*\"}", "", false },
		{ "{gone=\"\"}", "", true }, { "{gone!=\"\"}", "", false }, { "{gone=~\".*\"}", "", true }, { "{gone=~\".+\"}", "", false },
		{ "{app=\"front\",level=\"info\"}", "", true }, { "{app=\"front\",level=\"warn\"}", "", false },
		{ "{app=~\"f.*\",app!=\"front\"}", "", false },
		{ " { app = \"front\" , level =~ \"info|warn\" } ", "", true }, { "// why\n{app/* which */=\"front\"} // behind", "", true },
		{ "{app=\"front\"} |= \"b\"", "abc", true }, { "{app=\"front\"} |= \"x\"", "abc", false }, { "{app=\"front\"}|=\"\"", "", true },
		{ "{app=\"front\"} != \"x\"", "abc", true }, { "{app=\"front\"} != \"c\"", "abc", false }, { "{app=\"front\"} != \"\"", "abc", false },
		{ "{app=\"front\"} |~ \"^a.c$\"", "abc", true }, { "{app=\"front\"} |~ \"b\"", "abc", true }, { "{app=\"front\"} !~ \"[x-z]\"", "abc", true },
		{ "{app=\"front\"} |= \"a\" != \"b\" |~ \"c\" !~ \"d\"", "ac", true }, { "{app=\"front\"} |= \"a\" != \"b\" |~ \"c\" !~ \"d\"", "abc", false },
		{ "{app=\"front\"} |= \"a\" |= \"a\" !~ \"c$\"", "abc", false },
		{ "{app=\"x\"} |= \"a\"", "abc", false },
		{ "{app=\"\\x66\\162ont\"}", "", true }, { "{app=\"front\"} |= \"\\\"q\\\"\"", "a \"q\"", true }, { "{app=\"front\"} |= \"\\t\"", "a\tb", true },
		{ "{app=\"front\"} |= \"\\u20ac\"", "\xe2\x82\xac", true }, { "{app=\"front\"} |= \"\\U0001F600\"", "\xf0\x9f\x98\x80", true },
		{ "{app=\"front\"} |= \"\\xff\"", "\xff", true }, { "{app=\"front\"} |~ \"\\\\d+\"", "n 12", true },
		{ "{app=`front`} |~ `\\d+`", "n 12", true }, { "{a_b1=\"\"}", "", true }, { "{5=\"\"}", "", true },
		{ "{app=~\"f.*t\"}", "", true }, { "{app=~\"\"}", "", false },
	};
	struct labels labels = { 0 };
	labels_set(&labels, STR("app"), STR("front"));
	labels_set(&labels, STR("level"), STR("info"));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char err[256] = "";
		struct selector *s = selector_new(str_of(cases[i].selector), err);
		ck_assert_msg(s != NULL, "%s: %s", cases[i].selector, err);
		bool got = selector_matches(s, label, &labels, str_of(cases[i].line));
		ck_assert_msg(got == cases[i].want, "%s on \"%s\": got %d", cases[i].selector, cases[i].line, got);
		selector_free(s);
	}
	labels_fini(&labels);
}
END_TEST

START_TEST(refusals)
{
	static const struct { const char *selector; size_t column; } cases[] = {
		{ "", 1 }, { "{}", 2 }, { "app=\"x\"", 1 }, { "{app}", 5 }, { "{app=}", 6 }, { "{app=x}", 6 }, { "{app==\"x\"}", 6 }, { "{app=\"x\"", 9 },
		{ "{app=\"x\",}", 10 }, { "{app=\"x\" b=\"y\"}", 10 }, { "{app=\"x\"} |", 11 }, { "{app=\"x\"} | json", 11 }, { "{app=\"x\"} |=", 13 },
		{ "{app=\"x\"} = \"y\"", 11 }, { "{app=\"x\"} =~ \"y\"", 11 }, { "{app=\"x\"} |= y", 14 }, { "{app=\"x\"} \"y\"", 11 }, { "{app|=\"x\"}", 5 },
		{ "{app=\"x}", 6 }, { "{app=\"x\ny\"}", 6 }, { "{app=\"\\d\"}", 6 }, { "{app=\"\\xg0\"}", 6 }, { "{app=\"\\400\"}", 6 }, { "{app=\"\\ud800\"}", 6 },
		{ "{app=\"\\", 6 }, { "{app=`x}", 6 }, { "{app=\"x\"} /* ", 14 }, { "{a.b=\"x\"}", 3 }, { "{app=~\"(\"}", 7 }, { "{app=\"x\"} |~ \"[\"", 14 },
		{ "{app =~ \"(?=x)\"}", 9 }, { "{app= ~\"x\"}", 7 }, { "{app=\"\xff\"}", 0 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char err[256] = "", want[32];
		struct selector *s = selector_new(str_of(cases[i].selector), err);
		ck_assert_msg(s == NULL, "taken: %s", cases[i].selector);
		snprintf(want, sizeof want, "column %zu: ", cases[i].column);
		ck_assert_msg(cases[i].column == 0 ? err[0] != 0 : strncmp(err, want, strlen(want)) == 0, "%s: %s", cases[i].selector, err);
		selector_free(s);
	}
}
END_TEST

START_TEST(many_terms)
{
	struct buf text;
	char err[256];
	buf_init(&text, SELECTOR_TEXT_MAX + 100);
	buf_str(&text, STR("{a=\"\""));
	for (int i = 1; i < SELECTOR_TERMS_MAX; i++)
		buf_str(&text, STR(",a=\"\""));
	buf_char(&text, '}');
	struct selector *s = selector_new(buf_view(&text), err);
	ck_assert(s != NULL && selector_term_count(s) == SELECTOR_TERMS_MAX);
	selector_free(s);
	buf_str(&text, STR("|=\"x\""));
	ck_assert(!selector_new(buf_view(&text), err));
	buf_reset(&text);
	while (text.n <= SELECTOR_TEXT_MAX)
		buf_str(&text, STR("                "));
	ck_assert(!selector_new(buf_view(&text), err));
	buf_fini(&text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("selector");
	TCase *t = tcase_create("selector");
	tcase_add_test(t, matches);
	tcase_add_test(t, refusals);
	tcase_add_test(t, many_terms);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
