/* tests/fixtures/convert: x.yaml becomes x.native and is told about as in x.report, but for the words of the reasons, which are the loader's (to
 * make them anew: spoor convert x.yaml in that folder). What comes out of every file that converts without loss means what the file means. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/convert/convert.h"

enum { FILES_MOST = 200, TEXT_MOST = 4 << 20 };

static char converted[FILES_MOST][256], good[FILES_MOST][256];
static int converted_count, good_count;

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int list(const char *folder, char files[FILES_MOST][256])
{
	DIR *d = opendir(folder);
	int n = 0;
	for (struct dirent *e; d && (e = readdir(d));)
		if (str_ends(str_of(e->d_name), STR(".yaml")) && n < FILES_MOST)
			snprintf(files[n++], 256, "%s", e->d_name);
	if (d)
		closedir(d);
	qsort(files, (size_t)n, 256, by_name);
	return n;
}

static void slurp(struct buf *out, const char *folder, const char *name, const char *ending)
{
	char path[4096], bytes[4096];
	snprintf(path, sizeof path, "%s/%.*s%s", folder, (int)(strlen(name) - strlen(".yaml")), name, ending);
	FILE *f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "%s cannot be opened", path);
	buf_init(out, TEXT_MOST);
	for (size_t n; (n = fread(bytes, 1, sizeof bytes, f)) > 0;)
		buf_append(out, bytes, n);
	fclose(f);
}

static size_t find(struct str line, struct str part)
{
	size_t at = 0;
	while (at < line.n && !str_starts(str_skip(line, at), part))
		at++;
	return at;
}

/* Lines up to where the loader speaks: in a report behind the key, in a file behind the mark of a comment. */
static struct buf without_words(struct str text, bool is_report)
{
	struct buf out;
	buf_init(&out, TEXT_MOST);
	while (text.n) {
		struct str line = str_cut(&text, '\n');
		size_t end = find(line, STR("NOT CONVERTED: ")) + strlen("NOT CONVERTED: ");
		if (!is_report && find(line, STR("has no effect")) < end)
			end = find(line, STR("has no effect"));
		for (int i = 0, at = 0; is_report && i < 3; i++)
			end = (size_t)(at += (int)find(str_skip(line, (size_t)at), STR(": ")) + 2);
		buf_str(&out, str_take(line, end));
		buf_char(&out, '\n');
	}
	return out;
}

static void compare(const char *name, struct str got, struct str want, bool is_report)
{
	struct buf a = without_words(got, is_report), b = without_words(want, is_report);
	bool is_same = str_eq(buf_view(&a), buf_view(&b));
	buf_char(&a, '\0');
	buf_char(&b, '\0');
	ck_assert_msg(is_same, "%s: got\n%.900s\nwant\n%.900s", name, a.p, b.p);
	buf_fini(&a);
	buf_fini(&b);
}

static void print(struct str text, const char *name, struct buf *out)
{
	struct config_problems problems = { 0 };
	struct config *c = config_load(text, str_of(name), &problems);
	buf_init(out, TEXT_MOST);
	if (c)
		config_print(c, out);
	else
		config_problems_print(&problems, str_of(name), out);
	ck_assert_msg(c != NULL, "%s: what came out is refused:\n%.*s\n%.*s", name, STR_ARG(buf_view(out)), STR_ARG(text));
	config_free(c);
	config_problems_fini(&problems);
}

START_TEST(fixture)
{
	static const char folder[] = FIXTURES "/convert";
	const char *name = converted[_i];
	struct config_problems problems = { 0 };
	struct conversion c;
	struct buf text, native, report, got;
	slurp(&text, folder, name, ".yaml");
	slurp(&native, folder, name, ".native");
	slurp(&report, folder, name, ".report");
	buf_init(&got, TEXT_MOST);
	ck_assert_msg(config_convert(buf_view(&text), str_of(name), NULL, &c, &problems), "%s: not converted", name);
	compare(name, buf_view(&c.text), buf_view(&native), false);
	conversion_report(&c, str_of(name), &got);
	compare(name, buf_view(&got), buf_view(&report), true);
	conversion_fini(&c);
	config_problems_fini(&problems);
	buf_fini(&text);
	buf_fini(&native);
	buf_fini(&report);
	buf_fini(&got);
}
END_TEST

/* The good files of the loader's tests that are another program's. */
START_TEST(means_the_same)
{
	const char *name = good[_i];
	struct config_problems problems = { 0 };
	struct conversion c;
	struct buf text, before, after;
	slurp(&text, FIXTURES "/config/good", name, ".yaml");
	bool is_bare = strncmp(name, "prom", 4) == 0;
	ck_assert_msg(config_convert(buf_view(&text), str_of(name), NULL, &c, &problems) == is_bare, "%s: converted: %d", name, !is_bare);
	if (is_bare) {
		print(buf_view(&text), name, &before);
		print(buf_view(&c.text), name, &after);
		ck_assert_uint_eq(c.lost, 0);
		ck_assert_msg(str_eq(buf_view(&before), buf_view(&after)), "%s: before\n%.*s\nafter\n%.*s", name, STR_ARG(buf_view(&before)),
			      STR_ARG(buf_view(&after)));
		buf_fini(&before);
		buf_fini(&after);
	}
	conversion_fini(&c);
	config_problems_fini(&problems);
	buf_fini(&text);
}
END_TEST

static const struct { const char *name, *from, *text, *want; } refused[] = {
	{ "native already", NULL, "logs: { clients: [{ url: http://a/x }] }", "not a Promtail's or Prometheus' file" },
	{ "nobody's", NULL, "server: { log_level: info }", "not a Promtail's or Prometheus' file" },
	{ "empty", NULL, "", "not a Promtail's or Prometheus' file" },
	{ "both", NULL, "clients: [{ url: http://a/x }]\nremote_write: [{ url: http://a/x }]", "not a Promtail's or Prometheus' file" },
	{ "the other program's", "promtail", "remote_write: [{ url: http://a/x }]", "spoor convert --from=prometheus" },
	{ "the other program's, too", "prometheus", "clients: [{ url: http://a/x }]", "spoor convert --from=promtail" },
	{ "no YAML", NULL, "clients: [", "is a bracket or a brace before it without its end?" },
	{ "a key twice", NULL, "clients: [{ url: http://a/x }]\nclients: []", "given twice" },
};

START_TEST(is_refused)
{
	struct config_problems problems = { 0 };
	struct conversion c;
	struct buf shown;
	buf_init(&shown, TEXT_MOST);
	ck_assert_msg(!config_convert(str_of(refused[_i].text), STR("x"), refused[_i].from, &c, &problems), "%s: converted", refused[_i].name);
	config_problems_print(&problems, STR("x"), &shown);
	buf_char(&shown, '\0');
	ck_assert_msg(strstr(shown.p, refused[_i].want) != NULL, "%s: got %s", refused[_i].name, shown.p);
	buf_fini(&shown);
	conversion_fini(&c);
	config_problems_fini(&problems);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("convert");
	TCase *tcase = tcase_create("convert");
	converted_count = list(FIXTURES "/convert", converted);
	good_count = list(FIXTURES "/config/good", good);
	if (converted_count < 8 || good_count < 10)
		return EXIT_FAILURE;
	tcase_add_loop_test(tcase, fixture, 0, converted_count);
	tcase_add_loop_test(tcase, means_the_same, 0, good_count);
	tcase_add_loop_test(tcase, is_refused, 0, (int)COUNT_OF(refused));
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
