/* Patterns of __path__. Where the Go package has a table of its own, the same cases give the same answers. */
#include "parsers/glob.h"

#include <check.h>
#include <stdlib.h>
#include <time.h>

#include "parsers/bytes/buf.h"

static const struct {
	const char *pattern, *path;
	bool want;
} cases[] = {
	{ "", "", true }, { "", "a", false }, { "abc", "abc", true }, { "abc", "abd", false }, { "abc", "ab", false },
	{ "ab", "abc", false },
	{ "*", "", true }, { "*", "abc", true }, { "*", "/", false }, { "*", ".hidden", true }, { "/*", "/", true },
	{ "/*", "/a/", false },
	{ "*c", "abc", true }, { "a*", "a", true }, { "a*", "ab/c", false }, { "a*/b", "abc/b", true }, { "a*/b", "a/c/b", false },
	{ "a*b*c*d*e*/f", "axbxcxdxexxx/f", true }, { "a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false },
	{ "a*b?c*x", "abxbbxdbxebxczzx", true },
	{ "a*b?c*x", "abxbbxdbxebxczzy", false }, { "/var/log/*.log", "/var/log/app.log", true },
	{ "/var/log/*.log", "/var/log/app.log.1", false },
	{ "/var/log/*.log", "/var/log/a/app.log", false }, { "/var/log/*/*.log", "/var/log/a/app.log", true },
	/* one character */
	{ "a?b", "axb", true }, { "a?b", "ab", false }, { "a?b", "a/b", false }, { "a?b", "a\xe2\x98\xba" "b", true },
	{ "a???b", "a\xe2\x98\xba" "b", false },
	{ "a?b", "a\xff" "b", true }, { "a??b", "a\xe2\x98" "b", true }, { "\xff", "\xff", true }, { "\xff", "\xfe", false },
	{ "a\xe2\x98", "a\xe2\x98\xba", false },
	/* classes */
	{ "ab[c]", "abc", true }, { "ab[b-d]", "abc", true }, { "ab[e-g]", "abc", false }, { "ab[^c]", "abc", false },
	{ "ab[!c]", "abd", true },
	{ "ab[^e-g]", "abc", true }, { "[a-\xce\xb6]*", "\xce\xb1", true }, { "a[!a]b", "a\xe2\x98\xba" "b", true },
	{ "a[!x]b", "a/b", false },
	{ "a[/]b", "a/b", false }, { "a[.-0]b", "a/b", false }, { "[\\]a]", "]", true }, { "[x\\-z]", "y", false },
	{ "[x\\-z]", "-", true }, { "[a-]", "-", true }, { "[-a]", "-", true },
	{ "[]a]", "a", false }, { "[", "[", false }, { "[a", "a", false }, { "[!", "!", false }, { "[]", "]", false },
	{ "[a-z0-9]", "7", true }, { "[z-a]", "m", false },
	{ "[a\\]", "a", false }, { "]", "]", true },
	/* escapes */
	{ "a\\*b", "a*b", true }, { "a\\*b", "axb", false }, { "\\{a,b\\}", "{a,b}", true }, { "\\\\", "\\", true },
	{ "a\\", "a", false }, { "a\\", "a\\", false }, { "\\a", "a", true },
	/* whole directories */
	{ "**", "", true }, { "**", "a", true }, { "**", "a/b/c", true }, { "**", "/a/b", true }, { "a/**", "a", true },
	{ "a/**/", "a", true }, { "a/**", "a/", true }, { "a/**/", "a/", true },
	{ "a/**", "a/b", true }, { "a/**", "a/b/c", true }, { "a/**", "ab", false }, { "a/**", "b", false }, { "**/c", "c", true },
	{ "**/c", "b/c", true }, { "**/c", "a/b/c", true },
	{ "**/c", "/c", true }, { "**/c", "a/b", false }, { "**/c", "abcd", false }, { "**/c", "a/abc", false },
	{ "a/**/b", "a/b", true }, { "a/**/c", "a/b/c", true },
	{ "a/**/d", "a/b/c/d", true }, { "a/**/d", "a/b/cd", false }, { "a/\\**", "a/b/c", false }, { "abc**", "abc/b", false },
	{ "abc**", "abcd", true }, { "a/b**/c", "a/bx/y/c", false },
	{ "a/**b", "a/xb", true }, { "a/**b", "a/x/b", false }, { "a/***/c", "a/b/c", true }, { "a/***/c", "a/b/d/c", false },
	{ "a/***/c", "a/c", false }, { "**/**/c", "a/b/c", true },
	{ "**/a/**/b/**/c", "x/a/y/b/z/c", true }, { "**/a/**/b/**/c", "a/b/c", true }, { "**/a/**/b/**/c", "b/a/c", false },
	{ "/var/log/**/*.log", "/var/log/a.log", true },
	{ "/var/log/**/*.log", "/var/log/a/b/c.log", true }, { "/var/log/**/*.log", "/var/lib/c.log", false },
	{ "a/**/*", "a", false }, { "a/**/*/", "a/b/", true },
	/* alternatives */
	{ "{a,b}", "a", true }, { "{a,b}", "b", true }, { "{a,b}", "c", false }, { "{a,b}", "{a,b}", false },
	{ "x{a,bc,}y", "xy", true }, { "x{a,bc,}y", "xbcy", true },
	{ "x{a,bc,}y", "xaby", false }, { "{}", "", true }, { "{a}", "a", true }, { "{a,{b,{c,d}}}e", "de", true },
	{ "{a,{b,{c,d}}}e", "be", true }, { "{a,{b,{c,d}}}e", "e", false },
	{ "/var/log/{nginx,app}/*.{log,txt}", "/var/log/app/x.txt", true },
	{ "/var/log/{nginx,app}/*.{log,txt}", "/var/log/other/x.txt", false },
	{ "{a/b,c}/d", "a/b/d", true }, { "{a/b,c}/d", "c/d", true }, { "{a/b,c}/d", "a/d", false }, { "{*,x}y", "aay", true },
	{ "{a,b", "a", false }, { "a}", "a}", true }, { "a,b", "a,b", true },
	{ "{a\\,b,c}", "a,b", true }, { "{\\},c}", "}", true }, { "{[,],x}", ",", true }, { "**/{a,b}", "a/b", true },
	{ "{**/,}x", "a/b/x", true }, { "{**/,}x", "x", true },
	{ "/a/{b/**,c/**}", "/a/c/d/e", true }, { "/a/{b/**,c/**}", "/a/d/e", false }, { "/a/{b/**,c}", "/a/b", true },
	{ "/a/{b/**,c}d", "/a/b", false }, { "/a/{b/**,c}/z", "/a/b/x/y/z", true }, { "{a,b}/**", "a", true },
	{ "{a,b}/**", "b/x/y", true },
	{ "x{a,**}/c", "xy/c", true }, { "x{a,**}/c", "xy/z/c", false }, { "{a,b}{c,d}{e,f}", "bce", true },
	{ "{a,b}{c,d}{e,f}", "bec", false }, { "{{{{a}}}}", "a", true },
};

START_TEST(match)
{
	struct str path = str_of(cases[_i].path), pattern = str_of(cases[_i].pattern);
	bool got = glob_match(pattern, path);
	ck_assert_msg(got == cases[_i].want, "\"%s\" on \"%s\": got %d, want %d", pattern.p, path.p, got, cases[_i].want);
}
END_TEST

START_TEST(root)
{
	static const char *const roots[][2] = {
		{ "/var/log/app*.log", "/var/log" }, { "/var/log/app.log", "/var/log" }, { "/var/log/*/x.log", "/var/log" },
		{ "/var/**/x", "/var" },
		{ "/*", "/" }, { "/a", "/" }, { "/", "/" }, { "*", "" }, { "a", "" }, { "a/b*", "a" },
		{ "/var/{log,lib}/x", "/var" }, { "/var/l[o]g/x", "/var" },
		{ "/var/lo?/x", "/var" }, { "/var/l\\*g/x", "/var" }, { "/var/log/", "/var/log" }, { "", "" }, { "//a", "/" },
	};
	for (size_t i = 0; i < COUNT_OF(roots); i++) {
		struct str got = glob_root(str_of(roots[i][0]));
		ck_assert_msg(str_eq(got, str_of(roots[i][1])), "%s: got \"" STR_FMT "\", want \"%s\"", roots[i][0], STR_ARG(got),
			roots[i][1]);
	}
}
END_TEST

START_TEST(valid)
{
	static const char *const good[] = { "", "a", "{a,{b,c}}", "[!a]", "a}", "{{{{{{{{{{{{{{{{a}}}}}}}}}}}}}}}}" };
	static const char *const bad[] = { "{", "{a", "[", "[a", "[]", "\\", "{{{{{{{{{{{{{{{{{a}}}}}}}}}}}}}}}}}" };
	for (size_t i = 0; i < COUNT_OF(good); i++)
		ck_assert_msg(glob_is_valid(str_of(good[i])), "%s is refused", good[i]);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		ck_assert_msg(!glob_is_valid(str_of(bad[i])), "%s is taken", bad[i]);
	char longest[GLOB_PATTERN_BYTES + 1];
	memset(longest, 'a', sizeof longest);
	ck_assert(glob_match((struct str){ longest, GLOB_PATTERN_BYTES }, (struct str){ longest, GLOB_PATTERN_BYTES }));
	ck_assert(!glob_match((struct str){ longest, GLOB_PATTERN_BYTES + 1 }, (struct str){ longest, GLOB_PATTERN_BYTES + 1 }));
}
END_TEST

/* Patterns that take a backtracking matcher until the end of days. Each fills its 1 KiB; the path has 4 KiB. */
START_TEST(hostile_patterns_end)
{
	static const char *const parts[] = { "*a", "**/", "{a,b}", "{*,a}", "{a,aa}", "{,a}", "?*", "[a]*", "{a,{a,{a,a}}}",
		"{**/,a}" };
	char path[4096];
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		struct buf pattern;
		buf_init(&pattern, GLOB_PATTERN_BYTES);
		while (pattern.n + strlen(parts[i]) + 1 <= GLOB_PATTERN_BYTES)
			buf_str(&pattern, str_of(parts[i]));
		buf_char(&pattern, 'z');
		for (size_t k = 0; k < sizeof path; k++)
			path[k] = parts[i][0] == '*' && parts[i][1] == '*' && k % 2 ? '/' : 'a';
		struct timespec from, to;
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		ck_assert_msg(!glob_match(buf_view(&pattern), (struct str){ path, sizeof path }), "%s... matches", parts[i]);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		double seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
		ck_assert_msg(seconds < 2, "%s...: took %.1f s", parts[i], seconds); /* 2^200 steps would not be back at all */
		buf_fini(&pattern);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("glob");
	TCase *t = tcase_create("glob");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, match, 0, COUNT_OF(cases));
	tcase_add_test(t, root);
	tcase_add_test(t, valid);
	tcase_add_test(t, hostile_patterns_end);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
