/* The eleven actions, rule by rule, and the rules that cannot be. A row's labels are written `name=value,…`. */
#include <check.h>
#include <stdio.h>

#include "parsers/casemap.h"
#include "parsers/md5.h"
#include "parsers/relabel.h"

enum { SOURCES = 4, RULES = 4 };

struct row { /* NULL: the default */
	enum relabel_action action;
	const char *sources, *separator, *regex, *target, *replacement;
	uint64_t modulus;
};

static const struct {
	const char *name, *labels;
	struct row rules[RULES];
	size_t count;
	const char *want; /* NULL: dropped */
} cases[] = {
	{ "replace", "a=foo,b=bar", { { RELABEL_REPLACE, "a", NULL, "f(.*)", "d", "ch${1}-ch${1}", 0 } }, 1, "a=foo,b=bar,d=choo-choo" },
	{ "replace joins", "a=x,b=y", { { RELABEL_REPLACE, "a,b", NULL, "(.*);(.*)", "c", "$2-$1", 0 } }, 1, "a=x,b=y,c=y-x" },
	{ "replace with another separator", "a=x,b=y", { { RELABEL_REPLACE, "a,b", "--", NULL, "c", NULL, 0 } }, 1, "a=x,b=y,c=x--y" },
	{ "replace of what is missing", "a=x", { { RELABEL_REPLACE, "nope,a", NULL, NULL, "c", NULL, 0 } }, 1, "a=x,c=;x" },
	{ "replace without a match", "a=x", { { RELABEL_REPLACE, "a", NULL, "y", "c", "z", 0 } }, 1, "a=x" },
	{ "replace needs the whole", "a=xy", { { RELABEL_REPLACE, "a", NULL, "x", "c", "z", 0 } }, 1, "a=xy" },
	{ "replace with a constant", "a=x", { { RELABEL_REPLACE, NULL, NULL, NULL, "c", "z", 0 } }, 1, "a=x,c=z" },
	{ "replace with nothing", "a=x,c=y", { { RELABEL_REPLACE, "a", NULL, NULL, "c", "", 0 } }, 1, "a=x" },
	{ "replace with an empty group", "a=x,c=y", { { RELABEL_REPLACE, "a", NULL, "(x)(y)?", "c", "$2", 0 } }, 1, "a=x" },
	{ "replace, target from the text", "a=some-name-value", { { RELABEL_REPLACE, "a", NULL, "some-([^-]+)-([^,]+)", "${1}", "${2}", 0 } }, 1,
		"a=some-name-value,name=value" },
	{ "replace, target that comes to nothing", "a=x", { { RELABEL_REPLACE, "a", NULL, "(x)(y)?", "$2", "z", 0 } }, 1, "a=x" },
	{ "replace, a group called 1x", "a=x,c=y", { { RELABEL_REPLACE, "a", NULL, NULL, "c", "$1x", 0 } }, 1, "a=x" },
	{ "the address", "__address__=10.0.0.1:80,p=9100",
		{ { RELABEL_REPLACE, "__address__,p", NULL, "([^:]+)(?::\\d+)?;(\\d+)", "__address__", "$1:$2", 0 } }, 1,
		"__address__=10.0.0.1:9100,p=9100" },
	{ "keep", "a=foo", { { RELABEL_KEEP, "a", NULL, "foo|bar", NULL, NULL, 0 } }, 1, "a=foo" },
	{ "keep does not", "a=foo", { { RELABEL_KEEP, "a", NULL, "fo", NULL, NULL, 0 } }, 1, NULL },
	{ "keep of what is missing", "a=foo", { { RELABEL_KEEP, "b", NULL, ".+", NULL, NULL, 0 } }, 1, NULL },
	{ "drop", "a=foo", { { RELABEL_DROP, "a", NULL, ".*o.*", NULL, NULL, 0 } }, 1, NULL },
	{ "drop does not", "a=foo", { { RELABEL_DROP, "a", NULL, "f", NULL, NULL, 0 } }, 1, "a=foo" },
	{ "keepequal", "a=x,b=x", { { RELABEL_KEEPEQUAL, "a", NULL, NULL, "b", NULL, 0 } }, 1, "a=x,b=x" },
	{ "keepequal does not", "a=x,b=y", { { RELABEL_KEEPEQUAL, "a", NULL, NULL, "b", NULL, 0 } }, 1, NULL },
	{ "dropequal", "a=x,b=x", { { RELABEL_DROPEQUAL, "a", NULL, NULL, "b", NULL, 0 } }, 1, NULL },
	{ "dropequal does not", "a=x,b=y", { { RELABEL_DROPEQUAL, "a", NULL, NULL, "b", NULL, 0 } }, 1, "a=x,b=y" },
	{ "hashmod", "a=foo,b=bar,c=baz", { { RELABEL_HASHMOD, "c", NULL, NULL, "d", NULL, 1000 } }, 1, "a=foo,b=bar,c=baz,d=976" },
	{ "hashmod with a line feed", "a=foo\nbar", { { RELABEL_HASHMOD, "a", NULL, NULL, "b", NULL, 1000 } }, 1, "a=foo\nbar,b=734" },
	{ "labelmap", "a=foo,b1=bar,b2=baz", { { RELABEL_LABELMAP, NULL, NULL, "(b.*)", NULL, "bar_${1}", 0 } }, 1,
		"a=foo,b1=bar,b2=baz,bar_b1=bar,bar_b2=baz" },
	{ "labelmap of annotations", "__meta_x_my_bar=aaa,__meta_x_my_baz=bbb,__meta_x_other=ccc",
		{ { RELABEL_LABELMAP, NULL, NULL, "__meta_(x_my.*)", NULL, NULL, 0 } }, 1,
		"__meta_x_my_bar=aaa,__meta_x_my_baz=bbb,__meta_x_other=ccc,x_my_bar=aaa,x_my_baz=bbb" },
	{ "labelmap onto one name: what rules added comes last", "z=1",
		{ { RELABEL_REPLACE, NULL, NULL, NULL, "a", "2", 0 }, { RELABEL_LABELMAP, NULL, NULL, "[az]", NULL, "x", 0 } }, 2, "a=2,x=2,z=1" },
	{ "labeldrop", "a=1,b1=2,b2=3", { { RELABEL_LABELDROP, NULL, NULL, "b.*", NULL, NULL, 0 } }, 1, "a=1" },
	{ "labelkeep", "a=1,b1=2,b2=3", { { RELABEL_LABELKEEP, NULL, NULL, "b.*", NULL, NULL, 0 } }, 1, "b1=2,b2=3" },
	{ "lowercase", "a=FooBar", { { RELABEL_LOWERCASE, "a", NULL, NULL, "b", NULL, 0 } }, 1, "a=FooBar,b=foobar" },
	{ "uppercase", "a=FooBar", { { RELABEL_UPPERCASE, "a,a", NULL, NULL, "b", NULL, 0 } }, 1, "a=FooBar,b=FOOBAR;FOOBAR" },
	{ "uppercase beyond ASCII", "a=\xc3\xa9\xce\xb4\xc3\x9f", { { RELABEL_UPPERCASE, "a", NULL, NULL, "b", NULL, 0 } }, 1,
		"a=\xc3\xa9\xce\xb4\xc3\x9f,b=\xc3\x89\xce\x94\xc3\x9f" },
	{ "lowercase of nothing", "b=x", { { RELABEL_LOWERCASE, "a", NULL, NULL, "b", NULL, 0 } }, 1, "" },
	{ "a drop ends it", "a=x", { { RELABEL_DROP, "a", NULL, "x", NULL, NULL, 0 }, { RELABEL_REPLACE, NULL, NULL, NULL, "b", "y", 0 } }, 2, NULL },
	{ "rules see each other", "a=x",
		{ { RELABEL_REPLACE, "a", NULL, NULL, "b", "$1$1", 0 }, { RELABEL_REPLACE, "b", NULL, NULL, "c", "$1$1", 0 } }, 2, "a=x,b=xx,c=xxxx" },
};

static struct str or_default(const char *text, const char *otherwise)
{
	return str_of(text ? text : otherwise);
}

static void options(const struct row *row, struct relabel_options *o, struct str sources[SOURCES])
{
	*o = (struct relabel_options){ .source_labels = sources, .separator = or_default(row->separator, ";"),
		.regex = or_default(row->regex, "(.*)"), .target_label = or_default(row->target, ""),
		.replacement = or_default(row->replacement, "$1"), .modulus = row->modulus, .action = row->action,
		.has_separator = row->separator, .has_regex = row->regex, .has_replacement = row->replacement, .has_modulus = row->modulus };
	struct str rest = str_of(row->sources);
	while (rest.n)
		sources[o->source_label_count++] = str_cut(&rest, ',');
}

static struct relabel *compile(const struct row *rows, size_t count, char err[256])
{
	struct relabel_options o[RULES];
	struct str sources[RULES][SOURCES];
	for (size_t i = 0; i < count; i++)
		options(&rows[i], &o[i], sources[i]);
	return relabel_new(o, count, err);
}

START_TEST(actions)
{
	char err[256];
	struct labels labels = { 0 };
	struct arena arena = { 0 };
	struct buf got;
	struct relabel *r = compile(cases[_i].rules, cases[_i].count, err);
	ck_assert_msg(r != NULL, "%s: %s", cases[_i].name, err);
	buf_init(&got, 4096);
	struct str rest = str_of(cases[_i].labels);
	while (rest.n) {
		struct str value = str_cut(&rest, ','), name = str_cut(&value, '=');
		labels_set(&labels, name, value);
	}
	bool is_kept = relabel_apply(r, &labels, &arena);
	relabel_free(r); /* what it wrote must outlive it */
	ck_assert_msg(is_kept == (cases[_i].want != NULL), "%s: got %d", cases[_i].name, is_kept);
	for (size_t i = 0; is_kept && i < labels.count; i++) {
		buf_printf(&got, "%s", i ? "," : "");
		buf_str(&got, labels.at[i].name);
		buf_char(&got, '=');
		buf_str(&got, labels.at[i].value);
	}
	ck_assert_msg(!is_kept || str_eq(buf_view(&got), str_of(cases[_i].want)), "%s: got " STR_FMT, cases[_i].name, STR_ARG(buf_view(&got)));
	buf_fini(&got);
	labels_fini(&labels);
	arena_fini(&arena);
}
END_TEST

static const struct {
	struct row row;
	const char *why;
} refused[] = {
	{ { RELABEL_REPLACE, "a", NULL, NULL, NULL, NULL, 0 }, "needs a target_label" },
	{ { RELABEL_REPLACE, "a", NULL, NULL, "\xff", NULL, 0 }, "not a name" },
	{ { RELABEL_REPLACE, "a", NULL, "(", "b", NULL, 0 }, "regular expression" },
	{ { RELABEL_HASHMOD, "a", NULL, NULL, "b", NULL, 0 }, "modulus" },
	{ { RELABEL_HASHMOD, "a", NULL, NULL, NULL, NULL, 8 }, "needs a target_label" },
	{ { RELABEL_LOWERCASE, "a", NULL, NULL, NULL, NULL, 0 }, "needs a target_label" },
	{ { RELABEL_UPPERCASE, "a", NULL, NULL, "b", "x", 0 }, "no replacement" },
	{ { RELABEL_KEEPEQUAL, "a", NULL, NULL, NULL, NULL, 0 }, "needs a target_label" },
	{ { RELABEL_KEEPEQUAL, "a", NULL, "x", "b", NULL, 0 }, "alone" },
	{ { RELABEL_DROPEQUAL, "a", ",", NULL, "b", NULL, 0 }, "alone" },
	{ { RELABEL_DROPEQUAL, "a", NULL, NULL, "b", "x", 0 }, "alone" },
	{ { RELABEL_LABELDROP, "a", NULL, "x", NULL, NULL, 0 }, "regex alone" },
	{ { RELABEL_LABELKEEP, NULL, NULL, "x", "b", NULL, 0 }, "regex alone" },
	{ { RELABEL_LABELKEEP, NULL, NULL, "x", NULL, "y", 0 }, "regex alone" },
	{ { RELABEL_LABELMAP, NULL, NULL, "x", NULL, "", 0 }, "replacement is not a name" },
	{ { RELABEL_ACTIONS, NULL, NULL, NULL, NULL, NULL, 0 }, "unknown" },
};

START_TEST(rules_that_cannot_be)
{
	char err[256] = "";
	struct row rows[2] = { { RELABEL_KEEP, "a", NULL, NULL, NULL, NULL, 0 }, refused[_i].row };
	struct relabel *r = compile(rows, 2, err);
	ck_assert_msg(r == NULL && strstr(err, refused[_i].why) && strstr(err, "rule 2"), "got \"%s\", want \"%s\"", err, refused[_i].why);
}
END_TEST

START_TEST(defaults_that_are_written_are_no_fault)
{
	char err[256] = "";
	struct row rows[2] = { { RELABEL_KEEPEQUAL, "a", ";", "(.*)", "b", "$1", 0 }, { RELABEL_LABELDROP, NULL, ";", "x", NULL, "$1", 0 } };
	struct relabel *r = compile(rows, 2, err);
	ck_assert_msg(r != NULL, "%s", err);
	relabel_free(r);
}
END_TEST

START_TEST(no_rules)
{
	char err[256] = "x";
	struct labels labels = { 0 };
	struct arena arena = { 0 };
	ck_assert(relabel_new(NULL, 0, err) == NULL && err[0] == 0);
	ck_assert(relabel_apply(NULL, &labels, &arena) && relabel_limits_hit(NULL) == 0);
	relabel_free(NULL);
}
END_TEST

START_TEST(limits_are_counted)
{
	char err[256], value[2000];
	struct row row = { RELABEL_DROP, "a", NULL, "(a|aa)+b", NULL, NULL, 0 };
	struct relabel *r = compile(&row, 1, err);
	struct labels labels = { 0 };
	struct arena arena = { 0 };
	memset(value, 'a', sizeof value);
	value[sizeof value - 2] = 'b';
	labels_set(&labels, STR("a"), (struct str){ value, sizeof value });
	ck_assert(relabel_apply(r, &labels, &arena)); /* does not match */
	ck_assert_uint_eq(relabel_limits_hit(r), 1);
	relabel_free(r);
	labels_fini(&labels);
	arena_fini(&arena);
}
END_TEST

/* RFC 1321, A.5 */
START_TEST(md5_sums)
{
	static const struct { const char *text, *want; } rows[] = {
		{ "", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "a", "0cc175b9c0f1b6a831c399e269772661" },
		{ "abc", "900150983cd24fb0d6963f7d28e17f72" },
		{ "message digest", "f96b697d7cb7938d525a2f31aaf161d0" },
		{ "abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "d174ab98d277d9f5a5611c2c9f419d9f" },
		{ "12345678901234567890123456789012345678901234567890123456789012345678901234567890", "57edf4a22be3c955ac49da2e2107b67a" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		unsigned char sum[MD5_BYTES];
		char text[2 * MD5_BYTES + 1];
		md5(str_of(rows[i].text), sum);
		for (size_t k = 0; k < MD5_BYTES; k++)
			snprintf(text + 2 * k, 3, "%02x", sum[k]);
		ck_assert_str_eq(text, rows[i].want);
	}
}
END_TEST

START_TEST(cases_of_letters)
{
	static const struct { const char *text, *upper, *lower; } rows[] = {
		{ "", "", "" }, { "aZ09_", "AZ09_", "az09_" }, { "\xc3\xa9\xc3\x89", "\xc3\x89\xc3\x89", "\xc3\xa9\xc3\xa9" },
		{ "\xc4\xb0", "\xc4\xb0", "i" } /* I with a dot */, { "\xc7\x85", "\xc7\x84", "\xc7\x86" } /* a title case letter */,
		{ "\xf0\x90\x90\xa8", "\xf0\x90\x90\x80", "\xf0\x90\x90\xa8" }, { "a\xff", "A\xef\xbf\xbd", "a\xef\xbf\xbd" },
		{ "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\xe2\x82\xac", "\xe2\x82\xac", "\xe2\x82\xac" }, { "\xc9\x90", "\xe2\xb1\xaf", "\xc9\x90" } /* two bytes to three */,
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct arena arena = { 0 };
		struct str upper = casemap(str_of(rows[i].text), true, &arena), lower = casemap(str_of(rows[i].text), false, &arena);
		ck_assert_msg(str_eq(upper, str_of(rows[i].upper)), "row %zu: upper " STR_FMT, i, STR_ARG(upper));
		ck_assert_msg(str_eq(lower, str_of(rows[i].lower)), "row %zu: lower " STR_FMT, i, STR_ARG(lower));
		arena_fini(&arena);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("relabel");
	TCase *t = tcase_create("relabel");
	tcase_add_loop_test(t, actions, 0, COUNT_OF(cases));
	tcase_add_loop_test(t, rules_that_cannot_be, 0, COUNT_OF(refused));
	tcase_add_test(t, defaults_that_are_written_are_no_fault);
	tcase_add_test(t, no_rules);
	tcase_add_test(t, limits_are_counted);
	tcase_add_test(t, md5_sums);
	tcase_add_test(t, cases_of_letters);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
