/* Samples in any order become families, each once. */
#include "agent/collectors/sheet.h"

#include <check.h>
#include <stdlib.h>

#include "agent/collectors/words.h"

static struct buf out;
static struct families families;

static void setup(void)
{
	buf_init(&out, 64 << 20);
	families_init(&families, &out, false);
}

static void teardown(void)
{
	families_fini(&families);
	buf_fini(&out);
}

static void check_text(const char *want)
{
	buf_char(&out, 0);
	ck_assert_str_eq(out.p, want);
}

START_TEST(test_families_of_devices_come_together)
{
	struct sheet s;
	sheet_init(&s, &families);
	sheet_add(&s, METRIC_GAUGE, "node_b", "B.", 1, { "device", STR("sdb") });
	sheet_add(&s, METRIC_COUNTER, "node_a_total", "A.", 2, { "device", STR("sdb") });
	sheet_add(&s, METRIC_GAUGE, "node_b", "B.", 3, { "device", STR("sda") });
	sheet_put(&s, METRIC_UNKNOWN, "node_c", "C.", 4, NULL, 0);
	sheet_write(&s);
	check_text("# HELP node_a_total A.\n# TYPE node_a_total counter\nnode_a_total{device=\"sdb\"} 2\n"
		"# HELP node_b B.\n# TYPE node_b gauge\nnode_b{device=\"sda\"} 3\nnode_b{device=\"sdb\"} 1\n"
		"# HELP node_c C.\n# TYPE node_c untyped\nnode_c 4\n");
}
END_TEST

START_TEST(test_labels_are_sorted_by_name)
{
	struct sheet s;
	sheet_init(&s, &families);
	sheet_add(&s, METRIC_GAUGE, "node_x", "X.", 1, { "zone", STR("1") }, { "chip", STR("2") }, { "name", STR("3") });
	sheet_write(&s);
	check_text("# HELP node_x X.\n# TYPE node_x gauge\nnode_x{chip=\"2\",name=\"3\",zone=\"1\"} 1\n");
}
END_TEST

START_TEST(test_a_repeated_sample_is_left_out)
{
	struct sheet s;
	sheet_init(&s, &families);
	sheet_add(&s, METRIC_GAUGE, "node_x", "X.", 1, { "a", STR("1") });
	sheet_add(&s, METRIC_GAUGE, "node_x", "X.", 2, { "a", STR("1") });
	sheet_add(&s, METRIC_GAUGE, "node_x", "X.", 3, { "a", STR("11") });
	sheet_write(&s);
	check_text("# HELP node_x X.\n# TYPE node_x gauge\nnode_x{a=\"1\"} 1\nnode_x{a=\"11\"} 3\n");
}
END_TEST

START_TEST(test_values_of_labels_are_kept_and_made_utf8)
{
	char text[] = "a\xff z";
	struct sheet s;
	sheet_init(&s, &families);
	sheet_add(&s, METRIC_GAUGE, "node_x", "X.", 1, { "a", str_of(text) });
	memset(text, 'x', sizeof(text) - 1);
	sheet_write(&s);
	check_text("# HELP node_x X.\n# TYPE node_x gauge\nnode_x{a=\"a\xef\xbf\xbd z\"} 1\n");
}
END_TEST

START_TEST(test_too_many_are_counted)
{
	struct sheet s;
	sheet_init(&s, &families);
	for (size_t i = 0; i < SHEET_SAMPLES_MAX + 3; i++)
		sheet_put(&s, METRIC_GAUGE, "node_x", "X.", 1, NULL, 0);
	ck_assert_uint_eq(s.dropped, 3);
	sheet_write(&s);
	check_text("# HELP node_x X.\n# TYPE node_x gauge\nnode_x 1\n");
}
END_TEST

static const struct { const char *name, *want; } metric_names[] = {
	{ "package", "node_rapl_package_total" }, { "psys-io", "node_rapl_psys_io_total" }, { "a_-_b", "node_rapl_a_b_total" },
	{ "a (b)", "node_rapl_a_b__total" }, { "-", "node_rapl___total" }, { "\xc3\xa4", "node_rapl___total" }, { "",
	  "node_rapl__total" },
	{ "A__b", "node_rapl_A__b_total" },
};

START_TEST(test_names)
{
	struct sheet s;
	sheet_init(&s, &families);
	const char *got = sheet_name(&s, "rapl_", str_of(metric_names[_i].name), "_total");
	ck_assert_msg(strcmp(got, metric_names[_i].want) == 0, "%s: got %s, want %s", metric_names[_i].name, got,
		metric_names[_i].want);
	sheet_write(&s);
	check_text("");
}
END_TEST

static const struct { const char *word; bool is_based, is_bytes; double based, bytes; } words[] = {
	{ "0x1f", true, false, 31, 0 }, { "010", true, true, 8, 10 }, { "-5", true, false, -5, 0 }, { "", false, false, 0, 0 },
	{ "1.5k", false, true, 0, 1536 }, { "2T", false, true, 0, 2199023255552 }, { "k", false, false, 0, 0 },
	{ "0xffffffffffffffff", false, false, 0, 0 }, { "12 ", false, false, 0, 0 }, { "--1", false, false, 0, 0 },
	{ "99999999999999999999", false, false, 0, 0 }, { "nan", false, false, 0, 0 },
};

START_TEST(test_words)
{
	double based = 0, bytes = 0;
	ck_assert_msg(words_based_signed(str_of(words[_i].word), &based) == words[_i].is_based, "%s", words[_i].word);
	ck_assert_msg(words_bytes(str_of(words[_i].word), &bytes) == words[_i].is_bytes, "%s: bytes", words[_i].word);
	ck_assert_double_eq(based, words[_i].based);
	ck_assert_double_eq(bytes, words[_i].bytes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sheet");
	TCase *tc = tcase_create("all");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_families_of_devices_come_together);
	tcase_add_test(tc, test_labels_are_sorted_by_name);
	tcase_add_test(tc, test_a_repeated_sample_is_left_out);
	tcase_add_test(tc, test_values_of_labels_are_kept_and_made_utf8);
	tcase_add_test(tc, test_too_many_are_counted);
	tcase_add_loop_test(tc, test_names, 0, COUNT_OF(metric_names));
	tcase_add_loop_test(tc, test_words, 0, COUNT_OF(words));
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
