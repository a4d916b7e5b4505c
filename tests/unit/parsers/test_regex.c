/* RE2's syntax and meaning. What is wanted stands as `group 0|group 1|…`, "-" for a group that took no part; "!" for no match. The rows
 * were looked up in Go's package. */
#include <check.h>
#include <stdlib.h>

#include "parsers/regex/regex.h"

static const struct {
	const char *pattern, *subject, *want;
} found[] = {
	{ "", "abc", "" },
	{ "b", "abc", "b" },
	{ "a|ab", "ab", "a" },
	{ "a(b)?(c)?", "ab", "ab|b|-" },
	{ "(a+)(b*?)(b*)", "aabb", "aabb|aa||bb" },
	{ "x*", "aaa", "" },
	{ "^b", "ab", "!" },
	{ "a$", "a\n", "!" },
	{ "(?m)^b$", "a\nb\nc", "b" },
	{ "(?m)$", "a\n", "" },
	{ "a.c", "a\nc", "!" },
	{ "(?s)a.c", "a\nc", "a\nc" },
	{ "[^a]c", "a\nc", "\nc" },
	{ "(?i)straSSe", "STRASSE", "STRASSE" },
	{ "(?i)k", "\xe2\x84\xaa", "\xe2\x84\xaa" },
	{ "(?i)[k]", "\xe2\x84\xaa", "\xe2\x84\xaa" },
	{ "(?i)[^k]", "\xe2\x84\xaa", "!" },
	{ "(?i)\\w", "\xc5\xbf", "\xc5\xbf" },
	{ "(?i)\\W", "\xc5\xbf", "!" },
	{ "(?i)[\\W]", "s", "!" },
	{ "(?i)a(?-i)b", "AB", "!" },
	{ "(?i)a(?-i)b", "Ab", "Ab" },
	{ "(a(?i)b|c)d", "ACd", "Cd|C" },
	{ "(?:a(?i)b)c", "aBC", "!" },
	{ "(?i:a)b", "Ab", "Ab" },
	{ "(?U)a+", "aaa", "a" },
	{ "(?U)a+?", "aaa", "aaa" },
	{ "\\d+", "\xd9\xa3" "4", "4" },
	{ "\\w+", "\xc3\xa9x", "x" },
	{ "\\s", "\v", "!" },
	{ "[[:space:]]", "\v", "\v" },
	{ "[[:^alpha:]]", "a1", "1" },
	{ "[\\d\\-x]+", "a1-x", "1-x" },
	{ "[]a]+", "a]", "a]" },
	{ "[^]a]", "a]b", "b" },
	{ "[a-]+", "-a", "-a" },
	{ "[\\[:]+", "[:", "[:" },
	{ "\\bx\\b", "\xc3\xa9x\xc3\xa9", "x" },
	{ "\\Bx", "ax", "x" },
	{ "\\pL+", "1\xc3\xa9\xce\xb4", "\xc3\xa9\xce\xb4" },
	{ "\\p{Greek}", "a\xce\xb4", "\xce\xb4" },
	{ "\\P{L}", "a1", "1" },
	{ "\\p{^L}", "a1", "1" },
	{ "[\\p{Lu}\\d]+", "aB1", "B1" },
	{ "\\x41\\x{42}\\103", "ABC", "ABC" },
	{ "\\Qa.b\\E+", "a.bb", "a.bb" },
	{ "\\Qa.b", "a.b", "a.b" },
	{ "\\a\\f\\n\\r\\t\\v", "\a\f\n\r\t\v", "\a\f\n\r\t\v" },
	{ "\\.\\_\\-\\/", "._-/", "._-/" },
	{ "a{2}", "aaa", "aa" },
	{ "a{2,}", "aaa", "aaa" },
	{ "a{1,2}?", "aaa", "a" },
	{ "a{,2}", "a{,2}", "a{,2}" },
	{ "a{01}", "a{01}", "a{01}" },
	{ "{", "{", "{" },
	{ "a{1", "a{1", "a{1" },
	{ "(?P<n>a)(?<m>b)", "ab", "ab|a|b" },
	{ "(?P<n>a)(?P<n>b)", "ab", "ab|a|b" },
	{ "(a|b)*", "ab", "ab|b" },
	{ "^*a", "a", "a" },
	{ "(?:^)*a", "ba", "a" },
	{ "a*(?i)*", "aA", "a" },
	{ "# x", "# x", "# x" },
	{ ".", "\xff", "\xff" },
	{ "^.$", "\xe2\x82", "!" },
	{ "(.)(b)", "a\xff" "b", "\xff" "b|\xff|b" },
	{ "\xef\xbf\xbd", "\xff", "\xff" },
	{ "[^a]", "\xff", "\xff" },
	{ "\\x{d800}", "a", "!" },
	{ "[\\x{0}-\\x{10ffff}]", "a", "a" },
	{ "[^\\x{0}-\\x{10ffff}]", "a", "!" },
	{ "\\z", "ab", "" },
};

static void show(enum regex_result result, const struct regex_groups *groups, struct buf *out)
{
	buf_reset(out);
	if (result == REGEX_NO)
		buf_char(out, '!');
	if (result == REGEX_LIMIT)
		buf_str(out, STR("limit"));
	for (size_t i = 0; result == REGEX_MATCH && i < groups->count; i++) {
		if (i)
			buf_char(out, '|');
		if (groups->at[i].p)
			buf_str(out, groups->at[i]);
		else
			buf_char(out, '-');
	}
}

static void expect(const char *pattern, unsigned flags, struct str subject, const char *want)
{
	char err[256] = "";
	struct regex_groups groups;
	struct buf got;
	struct regex *r = regex_new(str_of(pattern), flags, err);
	char *copy = malloc(subject.n ? subject.n : 1);
	memcpy(copy, subject.p, subject.n);
	buf_init(&got, 4096);
	ck_assert_msg(r != NULL, "%s: %s", pattern, err);
	show(regex_match(r, (struct str){ copy, subject.n }, 0, &groups), &groups, &got);
	ck_assert_msg(str_eq(buf_view(&got), str_of(want)), "%s: got " STR_FMT ", want %s", pattern, STR_ARG(buf_view(&got)), want);
	buf_fini(&got);
	free(copy);
	regex_free(r);
}

START_TEST(matches)
{
	expect(found[_i].pattern, 0, str_of(found[_i].subject), found[_i].want);
}
END_TEST

static const struct {
	const char *pattern, *subject, *want;
} anchored[] = {
	{ "", "", "" },
	{ "", "a", "!" },
	{ "(.*)", "a\nb", "a\nb|a\nb" },
	{ ".*", "\xff", "\xff" },
	{ ".+", "", "!" },
	{ "(.+)", "a", "a|a" },
	{ "a", "ab", "!" },
	{ "a|b|c", "b", "b" },
	{ "a|b|c", "bc", "!" },
	{ "(a|b)", "b", "b|b" },
	{ "a|", "", "" },
	{ "a\\.b", "a.b", "a.b" },
	{ "a\\.b", "axb", "!" },
	{ "foo.*", "foo", "foo" },
	{ "foo.+", "foo", "!" },
	{ "foo(.*)", "foobar", "foobar|bar" },
	{ "(foo.*)", "foobar", "foobar|foobar" },
	{ ".*foo", "barfoo", "barfoo" },
	{ "a.*a", "a", "!" },
	{ "a.*b|c", "axb", "axb" },
	{ "a(.*)b(.*)", "axbyb", "axbyb|xby|" },
	{ "ab*", "abb", "abb" },
	{ "a|b*", "bb", "bb" },
	{ "foo.*?", "foobar", "foobar" },
	{ "(a)(b)", "ab", "ab|a|b" },
	{ "__meta_kubernetes_pod_label_(.+)", "__meta_kubernetes_pod_label_app", "__meta_kubernetes_pod_label_app|app" },
	{ "([^:]+)(?::\\d+)?;(\\d+)", "10.0.0.1:80;9100", "10.0.0.1:80;9100|10.0.0.1|9100" },
	{ "(?i)a", "A", "A" },
	{ "a)|(b", "b", "b|b" }, /* put together as text, as Prometheus does */
};

START_TEST(matches_anchored)
{
	expect(anchored[_i].pattern, REGEX_ANCHORED, str_of(anchored[_i].subject), anchored[_i].want);
}
END_TEST

START_TEST(refused)
{
	static const struct { const char *pattern, *why; } rows[] = {
		{ "(", "a group is not closed" }, { ")", "no opening one" }, { "a)", "byte 1" }, { "*", "nothing to repeat" }, { "a|*", "nothing to repeat" },
		{ "(*)", "nothing to repeat" }, { "a**", "follows a quantifier" }, { "a*+", "follows a quantifier" }, { "a{2}{3}", "follows a quantifier" },
		{ "a???", "follows a quantifier" }, { "a{1001}", "above 1000" }, { "a{2,1}", "wrong way round" }, { "(a{100}){11}", "multiply" },
		{ "\\1", "backreferences" }, { "(?=a)", "lookahead" }, { "(?!a)", "lookahead" }, { "(?<=a)", "lookbehind" }, { "(?<!a)", "lookbehind" },
		{ "(?>a)", "atomic" }, { "(?P=n)", "'(?'" }, { "(?P>n)", "'(?'" }, { "(?R)", "'(?'" }, { "(?x)a", "'(?'" }, { "(?#a)", "'(?'" },
		{ "(?i-)", "'(?'" }, { "(?P<n>a", "not closed" }, { "(?P<>a)", "name" }, { "(?P<n a>b)", "name" }, { "\\C", "no meaning" },
		{ "\\K", "no meaning" }, { "\\R", "no meaning" }, { "\\Z", "no meaning" }, { "\\G", "no meaning" }, { "\\X", "no meaning" },
		{ "\\h", "no meaning" }, { "\\8", "backreferences" }, { "\\", "at the end" }, { "[", "not closed" }, { "[a", "not closed" },
		{ "[]", "not closed" }, { "[z-a]", "wrong way round" }, { "[a-\\d]", "no meaning" }, { "[[:foo:]]", "no class has this name" },
		{ "\\pQ", "no general category" }, { "\\p{Nope}", "refused" }, { "\\p{", "no general category" }, { "\\x", "hexadecimal" },
		{ "\\x{110000}", "hexadecimal" }, { "\\x{}", "hexadecimal" }, { "\xff", "not UTF-8" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char err[256] = "";
		struct regex *r = regex_new(str_of(rows[i].pattern), 0, err);
		ck_assert_msg(r == NULL && strstr(err, rows[i].why), "%s: got \"%s\", want \"%s\"", rows[i].pattern, err, rows[i].why);
	}
}
END_TEST

START_TEST(bounds_of_patterns)
{
	char err[256], *many = malloc(REGEX_PATTERN_MAX + 2);
	memset(many, 'a', REGEX_PATTERN_MAX + 2);
	ck_assert(regex_new((struct str){ many, REGEX_PATTERN_MAX + 1 }, 0, err) == NULL && strstr(err, "longer"));
	memset(many, '(', 300);
	memset(many + 300, ')', 300);
	ck_assert(regex_new((struct str){ many, 600 }, 0, err) == NULL);
	for (int i = 0; i < 64; i++)
		memcpy(many + 2 * i, "()", 2);
	ck_assert(regex_new((struct str){ many, 128 }, 0, err) == NULL && strstr(err, "63"));
	struct regex *r = regex_new((struct str){ many, 126 }, 0, err);
	ck_assert(r && regex_group_count(r) == 64);
	regex_free(r);
	ck_assert(regex_new(STR("(?:(?:abc|def)ghi){1000}(?:(?:abc|def)ghi){1000}(?:(?:abc|def)ghi){1000}"), 0, err) == NULL);
	free(many);
}
END_TEST

/* Exponential for a backtracker without a budget. It is the result that is wanted, and that the test ends. */
START_TEST(time_is_bounded)
{
	static const char *const patterns[] = { "(a+)+$", "(a|aa)+$", "(a|a)*$", "(\\w+\\s*)+:$", "(.*)(.*)(.*)(.*)(.*)(.*)[^a!]$", "(?:a?){60}a{60}$" };
	enum { LENGTH = 5000 };
	char *subject = malloc(LENGTH), err[256];
	memset(subject, 'a', LENGTH);
	subject[LENGTH - 1] = '!';
	for (size_t i = 0; i < COUNT_OF(patterns); i++) {
		for (unsigned flags = 0; flags <= REGEX_ANCHORED; flags++) {
			struct regex *r = regex_new(str_of(patterns[i]), flags, err);
			ck_assert_msg(r != NULL, "%s", err);
			ck_assert_msg(regex_match(r, (struct str){ subject, LENGTH }, 0, NULL) != REGEX_MATCH, "%s matches", patterns[i]);
			regex_free(r);
		}
	}
	struct regex *r = regex_new(STR("(a|aa)+$"), 0, err);
	ck_assert_int_eq(regex_match(r, (struct str){ subject, 100 }, 0, NULL), REGEX_MATCH);
	ck_assert_int_eq(regex_match(r, (struct str){ subject, LENGTH }, 0, NULL), REGEX_LIMIT);
	ck_assert_int_eq(regex_match(r, (struct str){ subject, 100 }, 0, NULL), REGEX_MATCH); /* nothing is left of it */
	char *huge = calloc(1, REGEX_SUBJECT_MAX + 1);
	ck_assert_int_eq(regex_match(r, (struct str){ huge, REGEX_SUBJECT_MAX + 1 }, 0, NULL), REGEX_LIMIT);
	free(huge);
	regex_free(r);
	free(subject);
}
END_TEST

/* A start that needs many steps makes the search begin again as one attempt; the leftmost match is found all the same. */
START_TEST(the_second_program_finds_the_same)
{
	enum { LENGTH = 3000 };
	char *subject = malloc(LENGTH), err[256];
	struct regex_groups groups;
	memset(subject, 'a', LENGTH);
	memcpy(subject + LENGTH - 5, "  b= ", 5);
	struct regex *r = regex_new(STR("(\\w+)=( ?)"), 0, err);
	int result = regex_match(r, (struct str){ subject, LENGTH }, 0, &groups);
	ck_assert(result == REGEX_LIMIT || (result == REGEX_MATCH && groups.at[1].p == subject + LENGTH - 3 && groups.at[2].n == 1));
	ck_assert_int_eq(regex_match(r, (struct str){ subject + LENGTH - 600, 600 }, 0, &groups), REGEX_MATCH);
	ck_assert(str_eq(groups.at[0], STR("b= ")) && groups.at[1].p == subject + LENGTH - 3);
	regex_free(r);
	free(subject);
}
END_TEST

START_TEST(a_search_goes_on)
{
	char err[256];
	struct regex_groups groups;
	struct regex *r = regex_new(STR("\\ba"), 0, err);
	struct str subject = STR("a \xff" "a ba");
	ck_assert(regex_match(r, subject, 0, &groups) == REGEX_MATCH && groups.at[0].p == subject.p);
	ck_assert(regex_match(r, subject, 1, &groups) == REGEX_MATCH && groups.at[0].p == subject.p + 3);
	ck_assert(regex_match(r, subject, 4, &groups) == REGEX_NO);
	ck_assert(regex_match(r, subject, 7, &groups) == REGEX_NO);
	ck_assert(regex_match(r, subject, 8, &groups) == REGEX_NO);
	regex_free(r);
	r = regex_new(STR("^a"), 0, err);
	ck_assert(regex_match(r, STR("aa"), 1, &groups) == REGEX_NO); /* ^ sees what stands before */
	regex_free(r);
}
END_TEST

START_TEST(names_and_expansion)
{
	static const struct { const char *template_, *want; } rows[] = {
		{ "$1-$2", "a-b" }, { "${1}x", "ax" }, { "$1x", "" }, { "$first ${second}", "a b" }, { "$$1", "$1" }, { "$", "$" }, { "x$", "x$" }, { "$ 1", "$ 1" },
		{ "${1", "${1" }, { "${}", "${}" }, { "$0", "ab" }, { "$9", "" }, { "$01", "" }, { "${nope}", "" }, { "$99999999999", "" }, { "$1$2$1", "aba" },
		{ "${first}_${first}", "a_a" }, { "", "" }, { "\xc3\xa9$1", "\xc3\xa9" "a" },
	};
	char err[256];
	struct regex_groups groups;
	struct regex *r = regex_new(STR("(?P<first>a)(?<second>b)(c)?"), REGEX_ANCHORED, err);
	ck_assert_int_eq(regex_match(r, STR("ab"), 0, &groups), REGEX_MATCH);
	ck_assert_uint_eq(regex_group_count(r), 4);
	ck_assert(str_eq(regex_group_name(r, 1), STR("first")) && str_eq(regex_group_name(r, 2), STR("second")) && regex_group_name(r, 3).n == 0 && regex_group_name(r, 99).n == 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buf got;
		buf_init(&got, 256);
		regex_expand(r, str_of(rows[i].template_), &groups, &got);
		ck_assert_msg(str_eq(buf_view(&got), str_of(rows[i].want)), "%s: got " STR_FMT, rows[i].template_, STR_ARG(buf_view(&got)));
		buf_fini(&got);
	}
	regex_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("regex");
	TCase *t = tcase_create("regex");
	tcase_add_loop_test(t, matches, 0, COUNT_OF(found));
	tcase_add_loop_test(t, matches_anchored, 0, COUNT_OF(anchored));
	tcase_add_test(t, refused);
	tcase_add_test(t, bounds_of_patterns);
	tcase_add_test(t, time_is_bounded);
	tcase_add_test(t, the_second_program_finds_the_same);
	tcase_add_test(t, a_search_goes_on);
	tcase_add_test(t, names_and_expansion);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
