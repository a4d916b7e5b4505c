/* Sets of labels: always sorted, each name once, and printed so that they can be read again. */
#include <check.h>

#include "parsers/labels.h"

static const struct {
	const char *name;
	const char *set[6][2]; /* in this order */
	const char *want;
} cases[] = {
	{ "nothing", { { NULL } }, "{}" },
	{ "one", { { "a", "b" } }, "{a=\"b\"}" },
	{ "sorted", { { "c", "1" }, { "a", "2" }, { "b", "3" } }, "{a=\"2\",b=\"3\",c=\"1\"}" },
	{ "replaced", { { "a", "1" }, { "a", "2" } }, "{a=\"2\"}" },
	{ "empty value", { { "a", "1" }, { "b", "2" }, { "a", "" } }, "{b=\"2\"}" },
	{ "empty value of nothing", { { "a", "" } }, "{}" },
	{ "by bytes, not by length", { { "aa", "1" }, { "b", "2" }, { "a", "3" }, { "A", "4" } }, "{A=\"4\",a=\"3\",aa=\"1\",b=\"2\"}" },
	{ "metric name", { { "__name__", "m:x" }, { "a", "1" } }, "m:x{a=\"1\"}" },
	{ "metric name alone", { { "__name__", "m" } }, "m" },
	{ "capitals before the metric name", { { "A", "1" }, { "__name__", "m" } }, "m{A=\"1\"}" },
	{ "quoted metric name", { { "__name__", "m x" }, { "a", "1" } }, "{\"m x\",a=\"1\"}" },
	{ "quoted metric name alone", { { "__name__", "9" } }, "{\"9\"}" },
	{ "quoted label name", { { "a.b", "1" }, { "c:d", "2" } }, "{\"a.b\"=\"1\",\"c:d\"=\"2\"}" },
	{ "escapes", { { "a", "\\ \" \n \t" }, { "b\"", "1" } }, "{a=\"\\\\ \\\" \\n \t\",\"b\\\"\"=\"1\"}" },
};

static void fill(struct labels *l, const char *const (*set)[2])
{
	for (size_t i = 0; i < 6 && set[i][0]; i++)
		labels_set(l, str_of(set[i][0]), str_of(set[i][1]));
}

START_TEST(sets)
{
	struct labels l = { 0 }, copy = { 0 };
	struct buf text;
	buf_init(&text, 4096);
	fill(&l, cases[_i].set);
	labels_print(&l, &text);
	ck_assert_msg(str_eq(buf_view(&text), str_of(cases[_i].want)), "%s: got " STR_FMT, cases[_i].name, STR_ARG(buf_view(&text)));
	labels_copy(&copy, &l);
	ck_assert(labels_eq(&copy, &l) && labels_hash(&copy) == labels_hash(&l));
	labels_set(&copy, STR("zz"), STR("1"));
	ck_assert(!labels_eq(&copy, &l) && labels_hash(&copy) != labels_hash(&l));
	labels_fini(&l);
	labels_fini(&copy);
	buf_fini(&text);
}
END_TEST

START_TEST(get_and_has)
{
	struct labels l = { 0 };
	ck_assert(!labels_has(&l, STR("a")) && labels_get(&l, STR("a")).n == 0);
	labels_set(&l, STR("b"), STR("1"));
	ck_assert(labels_has(&l, STR("b")) && !labels_has(&l, STR("a")) && !labels_has(&l, STR("c")) && !labels_has(&l, STR("")));
	ck_assert(str_eq(labels_get(&l, STR("b")), STR("1")));
	labels_reset(&l);
	ck_assert(!labels_has(&l, STR("b")) && l.count == 0);
	labels_fini(&l);
}
END_TEST

START_TEST(many_at_once)
{
	struct labels l = { 0 };
	for (int i = 0; i < 100; i++)
		labels_append(&l, str_take(STR("zyxwvutsrqponmlkjihgfedcbazyxwvutsrqponmlkjihgfedcbazyxwvutsrqponmlkjihgfedcba" "zyxwvutsrqponmlkjihgfedcba"),
			(size_t)(100 - i)), i % 2 ? STR("v") : STR(""));
	ck_assert(labels_sort(&l));
	for (size_t i = 0; i < l.count; i++)
		ck_assert_uint_eq(l.at[i].name.n, i + 1);
	labels_append(&l, l.at[3].name, STR("again"));
	ck_assert(!labels_sort(&l));
	labels_fini(&l);
}
END_TEST

/* Where a name ends and its value starts counts, and so does which is which. */
START_TEST(hashes_tell_apart)
{
	static const char *const rows[][6][2] = { { { "a", "b" } }, { { "ab", "c" } }, { { "a", "bc" } }, { { "b", "a" } },
		{ { "a", "b" }, { "c", "d" } }, { { "a", "bcd" } }, { { NULL } } };
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		for (size_t k = 0; k < COUNT_OF(rows); k++) {
			struct labels a = { 0 }, b = { 0 };
			fill(&a, rows[i]);
			fill(&b, rows[k]);
			ck_assert_msg((labels_hash(&a) == labels_hash(&b)) == (i == k), "%zu and %zu", i, k);
			ck_assert_msg(labels_eq(&a, &b) == (i == k), "%zu and %zu", i, k);
			labels_fini(&a);
			labels_fini(&b);
		}
	}
}
END_TEST

/* FNV-1a over "a" 0xff "b" 0xff, from a calculation by hand: shards must not move between versions. */
START_TEST(the_hash_is_stable)
{
	struct labels l = { 0 };
	ck_assert_uint_eq(labels_hash(&l), UINT64_C(14695981039346656037));
	labels_set(&l, STR("a"), STR("b"));
	uint64_t want = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < 4; i++)
		want = (want ^ (unsigned char)"a\xff" "b\xff"[i]) * UINT64_C(1099511628211);
	ck_assert_uint_eq(labels_hash(&l), want);
	labels_fini(&l);
}
END_TEST

START_TEST(legacy_names)
{
	static const struct { const char *name; bool is_label, is_metric; } rows[] = {
		{ "a", true, true }, { "_", true, true }, { "aB9_", true, true }, { "a:b", false, true }, { ":", false, true }, { "9a", false, false },
		{ "", false, false }, { "a b", false, false }, { "a.b", false, false }, { "\xc3\xa9", false, false },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		ck_assert_msg(labels_name_is_legacy(str_of(rows[i].name), false) == rows[i].is_label, "%s", rows[i].name);
		ck_assert_msg(labels_name_is_legacy(str_of(rows[i].name), true) == rows[i].is_metric, "%s", rows[i].name);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("labels");
	TCase *t = tcase_create("labels");
	tcase_add_loop_test(t, sets, 0, COUNT_OF(cases));
	tcase_add_test(t, get_and_has);
	tcase_add_test(t, many_at_once);
	tcase_add_test(t, hashes_tell_apart);
	tcase_add_test(t, the_hash_is_stable);
	tcase_add_test(t, legacy_names);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
