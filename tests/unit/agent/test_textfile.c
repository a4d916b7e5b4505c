/* Text files of other programs: what becomes of them on the page, and which of them are refused. */
#include <check.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "agent/collectors/all.h"
#include "agent/collectors/textfile_families.h"
#include "tests/unit/agent/temp_dir.h"

#define H(name, type) "# HELP " name " Metric read from a\n# TYPE " name " " type "\n"

/* ---- one file ---- */

static const struct {
	const char *name, *text, *page; /* NULL: refused */
} files[] = {
	{ "nothing", "", "" },
	{ "blank lines and comments", "\n \t\n# a comment\n#\n# TYPE\n# HELP x\n# TYPE x\n", "" },
	{ "untyped", "a 1\n", H("a", "untyped") "a 1\n" },
	{ "typed", "# HELP a Of \\\\ and \\n \"that\"\n# TYPE a counter\na 7\n",
		"# HELP a Of \\\\ and \\n \"that\"\n# TYPE a counter\na 7\n" },
	{ "type in capitals", "# TYPE a GAUGE\na 7\n", H("a", "gauge") "a 7\n" },
	{ "much room", "  a { b = \"1\" , c=\"2\" , }\t 3\n", H("a", "untyped") "a{b=\"1\",c=\"2\"} 3\n" },
	{ "sorted", "a{z=\"1\",b=\"2\"} 3\na{b=\"1\",z=\"9\"} 4\n", H("a",
		"untyped") "a{b=\"1\",z=\"9\"} 4\na{b=\"2\",z=\"1\"} 3\n" },
	{ "missing labels", "a{x=\"1\"} 1\na{y=\"2\"} 2\na 3\n",
		H("a", "untyped") "a{x=\"\",y=\"\"} 3\na{x=\"\",y=\"2\"} 2\na{x=\"1\",y=\"\"} 1\n" },
	{ "not all in one place", "a{x=\"1\"} 1\nb 2\na{x=\"2\"} 3\n", H("a", "untyped") "a{x=\"1\"} 1\na{x=\"2\"} 3\n" H("b",
		"untyped") "b 2\n" },
	{ "the same twice", "a 1\na 2\n", H("a", "untyped") "a 1\n" },
	{ "escapes", "a{b=\"x\\\\y\\\"z\\n\"} 1\n", H("a", "untyped") "a{b=\"x\\\\y\\\"z\\n\"} 1\n" },
	{ "special values", "a NaN\nb +Inf\nc -Inf\nd 1e300\n",
		H("a", "untyped") "a NaN\n" H("b", "untyped") "b +Inf\n" H("c", "untyped") "c -Inf\n" H("d",
			"untyped") "d 1e+300\n" },
	{ "histogram in disorder",
		"# TYPE h histogram\nh_count 4\nh_bucket{le=\"+Inf\"} 4\nh_bucket{le=\"1.0\"} 2\nh_sum 3.5\nh_bucket{le=\"0.5\"} 1\n",
		H("h", "histogram") "h_bucket{le=\"0.5\"} 1\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"+Inf\"} 4\nh_sum 3.5\nh_count 4\n" },
	{ "histogram with gaps",
		"# TYPE h histogram\nh_bucket{z=\"1\",le=\"1\"} 2\nh_count{z=\"1\"} 3\nh_bucket{a=\"1\",le=\"1\"} 5\n",
		H("h", "histogram") "h_bucket{a=\"\",le=\"1\",z=\"1\"} 2\nh_bucket{a=\"\",le=\"+Inf\",z=\"1\"} 3\nh_sum{a=\"\",z=\"1\"} 0\nh_count{a=\"\",z=\"1\"} 3\n"
		"h_bucket{a=\"1\",le=\"1\",z=\"\"} 5\nh_bucket{a=\"1\",le=\"+Inf\",z=\"\"} 0\nh_sum{a=\"1\",z=\"\"} 0\nh_count{a=\"1\",z=\"\"} 0\n" },
	{ "bounds as clients print them",
		"# TYPE h histogram\nh_bucket{le=\"0.00001\"} 1\nh_bucket{le=\"0.0001\"} 2\nh_bucket{le=\"100000\"} 3\n"
		"h_bucket{le=\"1638400\"} 4\nh_bucket{le=\"1e21\"} 5\nh_count 6\n",
		H("h", "histogram") "h_bucket{le=\"1e-05\"} 1\nh_bucket{le=\"0.0001\"} 2\nh_bucket{le=\"100000\"} 3\nh_bucket{le=\"1.6384e+06\"} 4\n"
		"h_bucket{le=\"1e+21\"} 5\nh_bucket{le=\"+Inf\"} 6\nh_sum 0\nh_count 6\n" },
	{ "summary", "# TYPE s summary\ns{quantile=\"0.9\"} 2\ns{quantile=\"0.5\"} NaN\ns_sum 10\ns_count 3\n",
		H("s", "summary") "s{quantile=\"0.5\"} NaN\ns{quantile=\"0.9\"} 2\ns_sum 10\ns_count 3\n" },
	{ "summary without quantiles", "# TYPE s summary\ns_count{b=\"x\"} 3\n", H("s",
		"summary") "s_sum{b=\"x\"} 0\ns_count{b=\"x\"} 3\n" },
	{ "a bucket of no histogram", "# TYPE s summary\ns_count 1\ns_bucket{le=\"1\"} 2\n",
		H("s", "summary") "s_sum 0\ns_count 1\n" H("s_bucket", "untyped") "s_bucket{le=\"1\"} 2\n" },
	{ "le of a gauge", "# TYPE g gauge\ng{le=\"x\"} 1\n", H("g", "gauge") "g{le=\"x\"} 1\n" },

	{ "no end of line", "a 1", NULL },
	{ "comment without end of line", "a 1\n# x", NULL },
	{ "carriage return", "a 1\r\n", NULL },
	{ "no value", "a\n", NULL },
	{ "bad value", "a 0x\n", NULL },
	{ "timestamp", "a 1\nb 1 1795251600000\n", NULL },
	{ "TYPE after samples", "a 1\n# TYPE a gauge\n", NULL },
	{ "second TYPE", "# TYPE a gauge\n# TYPE a gauge\na 1\n", NULL },
	{ "second HELP", "# HELP a x\n# HELP a x\na 1\n", NULL },
	{ "unknown type", "# TYPE a guage\na 1\n", NULL },
	{ "type of OpenMetrics", "# TYPE a info\na 1\n", NULL },
	{ "bad escape in HELP", "# HELP a \\t\na 1\n", NULL },
	{ "bad escape in label", "a{b=\"\\t\"} 1\n", NULL },
	{ "bad name in HELP", "# HELP 1a x\na 1\n", NULL },
	{ "label twice", "a{b=\"1\",b=\"2\"} 1\n", NULL },
	{ "no UTF-8", "a{b=\"\xff\"} 1\n", NULL },
	{ "name of UTF-8", "{\"a.b\"} 1\n", NULL },
	{ "label of UTF-8", "a{\"b.c\"=\"1\"} 1\n", NULL },
	{ "label of ours", "a{__b=\"1\"} 1\n", NULL },
	{ "bound that is none", "# TYPE h histogram\nh_bucket{le=\"x\"} 1\n", NULL },
	{ "negative count", "# TYPE h histogram\nh_count -1\n", NULL },
	{ "spoiled at the end", "a 1\nb 2\nc{ 3\n", NULL },
};

static void write_page(struct textfile_families *t, struct buf *page, const char *before)
{
	struct families out;
	buf_init(page, 1 << 20);
	families_init(&out, page, false);
	if (before)
		families_gauge(&out, before, "built in", 1);
	textfile_families_settle(t, &out);
	textfile_families_write(t, &out);
	ck_assert_uint_eq(out.dropped, 0);
	families_fini(&out);
}

START_TEST(one_file)
{
	struct textfile_families t = { .count = 0 };
	char err[256];
	const size_t n = strlen(files[_i].text);
	char *copy = malloc(n ? n : 1);
	memcpy(copy, files[_i].text, n);
	const bool got = textfile_families_add(&t, "a", (struct str){ copy, n }, err);
	free(copy);
	ck_assert_msg(got == (files[_i].page != NULL), "%s: got %d %s", files[_i].name, got, err);
	ck_assert_msg(got == (err[0] == 0) && got == !t.has_error, "%s: \"%s\"", files[_i].name, err);
	struct buf page;
	write_page(&t, &page, NULL);
	const struct str want = str_of(files[_i].page ? files[_i].page : "");
	ck_assert_msg(str_eq(buf_view(&page), want), "%s: want\n%s\ngot\n" STR_FMT, files[_i].name, want.p,
		STR_ARG(buf_view(&page)));
	buf_fini(&page);
	textfile_families_fini(&t);
}
END_TEST

/* ---- several files ---- */

static const struct {
	const char *name, *texts[3], *before, *page;
	bool has_error;
} sets[] = {
	{ "same HELP", { "# HELP m x\nm{f=\"a\"} 1\n", "# HELP m x\nm{f=\"b\"} 2\n" }, NULL,
		"# HELP m x\n# TYPE m untyped\nm{f=\"a\"} 1\nm{f=\"b\"} 2\n", false },
	{ "no HELP", { "m{f=\"a\"} 1\n", "m{f=\"b\"} 2\n" }, NULL,
		"# HELP m Metric read from a, b\n# TYPE m untyped\nm{f=\"a\"} 1\nm{f=\"b\"} 2\n", false },
	{ "empty HELP", { "# HELP m\nm{f=\"a\"} 1\n", "# HELP m \nm{f=\"b\"} 2\n" }, NULL,
		"# HELP m Metric read from a, b\n# TYPE m untyped\nm{f=\"a\"} 1\nm{f=\"b\"} 2\n", false },
	{ "other HELP", { "# HELP m x\nm{f=\"a\"} 1\n", "# HELP m y\nm{f=\"b\"} 2\n" }, NULL,
		"# HELP m x\n# TYPE m untyped\nm{f=\"a\"} 1\n", true },
	{ "nothing after another HELP", { "# HELP m x\nm{f=\"a\"} 1\n", "# HELP m y\nm{f=\"b\"} 2\n",
		"# HELP m x\nm{f=\"c\"} 3\n" }, NULL,
		"# HELP m x\n# TYPE m untyped\nm{f=\"a\"} 1\n", true },
	{ "HELP in the first", { "# HELP m x\nm{f=\"a\"} 1\n", "m{f=\"b\"} 2\n" }, NULL,
		"# HELP m x\n# TYPE m untyped\nm{f=\"a\"} 1\n", false },
	{ "HELP in the second", { "m{f=\"a\"} 1\n", "# HELP m x\nm{f=\"b\"} 2\n" }, NULL,
		"# HELP m Metric read from a, b\n# TYPE m untyped\nm{f=\"a\"} 1\n", false },
	{ "other TYPE", { "# TYPE m gauge\nm{f=\"a\"} 1\n", "# TYPE m counter\nm{f=\"b\"} 2\n" }, NULL,
		"# HELP m Metric read from a, b\n# TYPE m gauge\nm{f=\"a\"} 1\n", false },
	{ "same sample", { "m 1\n", "m 2\n" }, NULL, "# HELP m Metric read from a, b\n# TYPE m untyped\nm 1\n", false },
	{ "labels are filled by file", { "m{x=\"1\"} 1\n", "m{y=\"2\"} 2\nm 3\n" }, NULL,
		"# HELP m Metric read from a, b\n# TYPE m untyped\nm{x=\"1\"} 1\nm{y=\"\"} 3\nm{y=\"2\"} 2\n", false },
	{ "one of them spoiled", { "m 1\n", "n {\n", "o 3\n" }, NULL, "# HELP m Metric read from a\n# TYPE m untyped\nm 1\n"
		"# HELP o Metric read from c\n# TYPE o untyped\no 3\n", true },
	{ "a built-in family", { "node_load1 1\nn 2\n" }, "node_load1", "# HELP n Metric read from a\n# TYPE n untyped\nn 2\n",
		true },
	{ "a family of the round", { "node_scrape_collector_success{collector=\"cpu\"} 0\nnode_textfile_scrape_error 0\nn 2\n" },
		NULL,
		"# HELP n Metric read from a\n# TYPE n untyped\nn 2\n", true },
	{ "count of a histogram", { "# TYPE h histogram\nh_count 1\n", "h_count 3\n" }, NULL,
		"# HELP h Metric read from a\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 0\nh_count 1\n", true },
	{ "histogram over a built-in family", { "# TYPE node_x histogram\nnode_x_sum 1\n" }, "node_x_sum", "", true },
};

START_TEST(several_files)
{
	struct textfile_families t = { .count = 0 };
	char err[256];
	for (size_t i = 0; i < 3 && sets[_i].texts[i]; i++)
		textfile_families_add(&t, (const char[]){ (char)('a' + i), 0 }, str_of(sets[_i].texts[i]), err);
	struct buf page;
	write_page(&t, &page, sets[_i].before);
	struct str got = buf_view(&page);
	for (int i = 0; sets[_i].before && i < 3; i++) /* its HELP, TYPE and sample */
		str_cut(&got, '\n');
	ck_assert_msg(str_eq(got, str_of(sets[_i].page)), "%s: got\n" STR_FMT, sets[_i].name, STR_ARG(got));
	ck_assert_msg(t.has_error == sets[_i].has_error, "%s: error %d", sets[_i].name, t.has_error);
	buf_fini(&page);
	textfile_families_fini(&t);
}
END_TEST

/* ---- bounds ---- */

static bool add_repeated(struct textfile_families *t, const char *line, size_t bytes)
{
	const size_t n = strlen(line);
	char err[256], *text = malloc(bytes);
	size_t used = 0;
	for (; used + n <= bytes; used += n)
		memcpy(text + used, line, n);
	const bool got = textfile_families_add(t, "x", (struct str){ text, used }, err);
	free(text);
	return got;
}

START_TEST(bounds)
{
	struct textfile_families t = { .count = 0 };
	ck_assert(!add_repeated(&t, "# comment\n", TEXTFILE_FILE_BYTES + 20));
	ck_assert(add_repeated(&t, "# comment\n", TEXTFILE_FILE_BYTES));
	ck_assert(add_repeated(&t, "# comment\n", TEXTFILE_TOTAL_BYTES - TEXTFILE_FILE_BYTES));
	ck_assert(!add_repeated(&t, "# comment\n", 1000));
	textfile_families_fini(&t);
	ck_assert(add_repeated(&t, "m 1\n", 4 * TEXTFILE_SAMPLES_MAX));
	ck_assert(!add_repeated(&t, "m 1\n", 8));
	textfile_families_fini(&t);

	struct buf text;
	buf_init(&text, 1 << 20);
	buf_str(&text, STR("m{"));
	for (int i = 0; i <= TEXTFILE_LABELS_MAX; i++)
		buf_printf(&text, "l%d=\"\xc3\xa4\",", i);
	buf_str(&text, STR("} 1\n"));
	char err[256];
	ck_assert(!textfile_families_add(&t, "x", buf_view(&text), err));
	ck_assert_ptr_nonnull(strstr(err, "label"));
	buf_fini(&text);
	textfile_families_fini(&t);
}
END_TEST

/* Few bytes that would become many: each of many samples is given the labels of one of them. */
START_TEST(output_is_bounded)
{
	struct textfile_families t = { .count = 0 };
	struct buf text, page;
	char err[256];
	buf_init(&text, TEXTFILE_FILE_BYTES);
	buf_str(&text, STR("small 1\nm{"));
	for (int i = 0; i < TEXTFILE_LABELS_MAX - 1; i++)
		buf_printf(&text, "l%d=\"x\",", i);
	buf_str(&text, STR("} 1\n"));
	for (int i = 0; i < 50000; i++)
		buf_printf(&text, "m{a=\"%d\"} 1\n", i);
	ck_assert_msg(textfile_families_add(&t, "x", buf_view(&text), err), "%s", err);
	write_page(&t, &page, NULL);
	ck_assert(str_eq(buf_view(&page), STR("# HELP small Metric read from x\n# TYPE small untyped\nsmall 1\n")));
	ck_assert(t.has_error);
	buf_fini(&text);
	buf_fini(&page);
	textfile_families_fini(&t);
}
END_TEST

/* ---- directories ---- */

static void replace_all(struct buf *out, struct str text, const char *from, const char *to)
{
	while (text.n > 0) {
		const bool is_here = str_starts(text, str_of(from));
		buf_append(out, is_here ? to : text.p, is_here ? strlen(to) : 1);
		text = str_skip(text, is_here ? strlen(from) : 1);
	}
}

/* The page, with D in place of the directory. */
static struct buf collect(const struct temp_dir *d, const char *directories)
{
	struct buf page, shown, option;
	struct families out;
	char err[256] = "";
	buf_init(&page, 1 << 20);
	buf_init(&shown, 1 << 20);
	buf_init(&option, 1 << 16);
	replace_all(&option, str_of(directories), "D", d->path);
	buf_char(&option, 0);
	void *state = collector_textfile.open((const char *const[]){ option.p }, NULL, err);
	ck_assert_msg(state, "%s", err);
	families_init(&out, &page, false);
	ck_assert_int_eq(collector_textfile.update(state, &(struct collect){ .out = &out }), 0);
	families_fini(&out);
	collector_textfile.close(state);
	replace_all(&shown, buf_view(&page), d->path, "D");
	buf_char(&shown, 0);
	buf_fini(&page);
	buf_fini(&option);
	return shown;
}

static void put(struct temp_dir *d, const char *name, const char *text)
{
	temp_write(d, name, text, strlen(text));
	const struct timespec times[] = { { .tv_sec = 1795251600 }, { .tv_sec = 1795251600, .tv_nsec = 999999999 } };
	ck_assert_int_eq(utimensat(AT_FDCWD, temp_path(d, name), times, 0), 0);
}

#define MTIME "# HELP node_textfile_mtime_seconds Unixtime mtime of textfiles successfully read.\n# TYPE node_textfile_mtime_seconds gauge\n"
#define MTIME_OF(file) "node_textfile_mtime_seconds{file=\"D/" file "\"} 1795251600\n"
#define ERROR_IS(n) \
	"# HELP node_textfile_scrape_error 1 if there was an error opening or reading a file, 0 otherwise\n" \
	"# TYPE node_textfile_scrape_error gauge\nnode_textfile_scrape_error " n "\n"
#define FAMILY(name, file) "# HELP " name " Metric read from D/" file "\n# TYPE " name " untyped\n" name " 1\n"

static const struct { const char *directories, *page; } walks[] = {
	{ "", ERROR_IS("0") },
	{ "D/none", ERROR_IS("1") },
	{ "D/empty", ERROR_IS("0") },
	{ "D/one", MTIME MTIME_OF("one/a.prom") ERROR_IS("0") FAMILY("a", "one/a.prom") },
	{ "D//./empty/../one/", MTIME MTIME_OF("one/a.prom") ERROR_IS("0") FAMILY("a", "one/a.prom") },
	{ "D/one\nD/two", MTIME MTIME_OF("one/a.prom") MTIME_OF("two/b.prom") ERROR_IS("0") FAMILY("a", "one/a.prom") FAMILY("b",
		"two/b.prom") },
	{ "D/[ot][nw][eo]", MTIME MTIME_OF("one/a.prom") MTIME_OF("two/b.prom") ERROR_IS("0") FAMILY("a", "one/a.prom") FAMILY("b",
		"two/b.prom") },
	{ "D/?hid*", MTIME MTIME_OF(".hidden/h.prom") ERROR_IS("0") FAMILY("h", ".hidden/h.prom") },
	{ "D/nothing*", ERROR_IS("1") },
	{ "D/[", ERROR_IS("1") },
	{ "D/one\nD/none", MTIME MTIME_OF("one/a.prom") ERROR_IS("1") FAMILY("a", "one/a.prom") },
	{ "D/links", MTIME MTIME_OF("links/good.prom") ERROR_IS("1") FAMILY("a", "links/good.prom") },
	{ "D/odd", MTIME MTIME_OF("odd/x.prom") ERROR_IS("1") FAMILY("x", "odd/x.prom") },
};

START_TEST(directories)
{
	static const char *const made[] = { "empty", "one", "two", "links", "odd", ".hidden", "odd/directory.prom" };
	struct temp_dir d = temp_dir_make();
	for (size_t i = 0; i < COUNT_OF(made); i++)
		ck_assert_int_eq(mkdir(temp_path(&d, made[i]), 0755), 0);
	put(&d, "one/a.prom", "a 1\n");
	put(&d, "one/a.prom.tmp", "b 1\n");
	put(&d, "two/b.prom", "b 1\n");
	put(&d, ".hidden/h.prom", "h 1\n");
	put(&d, "odd/x.prom", "x 1\n");
	put(&d, "odd/bad.prom", "x 1 2 3\n");
	ck_assert_int_eq(mkfifo(temp_path(&d, "odd/pipe.prom"), 0644), 0); /* nobody will ever write into it */
	ck_assert_int_eq(symlink("../one/a.prom", temp_path(&d, "links/good.prom")), 0);
	ck_assert_int_eq(symlink("nowhere", temp_path(&d, "links/broken.prom")), 0);
	ck_assert_int_eq(symlink("round.prom", temp_path(&d, "links/round.prom")), 0);
	ck_assert_int_eq(symlink("/dev/zero", temp_path(&d, "links/zero.prom")), 0);
	struct buf page = collect(&d, walks[_i].directories);
	ck_assert_msg(strcmp(page.p, walks[_i].page) == 0, "%s: want\n%s\ngot\n%s", walks[_i].directories, walks[_i].page, page.p);
	buf_fini(&page);
	temp_dir_remove(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("textfile");
	TCase *t = tcase_create("textfile");
	tcase_add_loop_test(t, one_file, 0, (int)COUNT_OF(files));
	tcase_add_loop_test(t, several_files, 0, (int)COUNT_OF(sets));
	tcase_add_test(t, bounds);
	tcase_add_test(t, output_is_bounded);
	tcase_add_loop_test(t, directories, 0, (int)COUNT_OF(walks));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
