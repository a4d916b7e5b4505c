/* tests/fixtures/config: every file of bad/ has its errors in its last lines ("# expect 4:7: text"), every file of good/ its
 * warnings ("# warn ..."); tests/fixtures/promtail: files that Promtail runs, which must be good too. All of them, in order, and no others. Nothing that is secret ("hunter2") is ever shown. */
#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/load.h"

enum { FILES_MOST = 200, TEXT_MOST = 2 << 20 };

static char bad_files[FILES_MOST][256], good_files[FILES_MOST][256], promtail_files[FILES_MOST][256];
static int bad_count, good_count, promtail_count;

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

static int list(const char *folder, char files[FILES_MOST][256])
{
	DIR *d = opendir(folder);
	int n = 0;
	for (struct dirent *e; d && (e = readdir(d));)
		if (strstr(e->d_name, ".yaml") && n < FILES_MOST)
			snprintf(files[n++], 256, "%s", e->d_name);
	if (d)
		closedir(d);
	qsort(files, (size_t)n, 256, by_name);
	return n;
}

static void slurp(const char *folder, const char *name, struct buf *out)
{
	char path[4096], bytes[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "%s cannot be opened", path);
	buf_init(out, TEXT_MOST);
	for (size_t n; (n = fread(bytes, 1, sizeof bytes, f)) > 0;)
		buf_append(out, bytes, n);
	fclose(f);
}

static bool contains(struct str s, struct str part)
{
	for (size_t at = 0; at + part.n <= s.n; at++)
		if (str_eq(str_take(str_skip(s, at), part.n), part))
			return true;
	return false;
}

/* The next "MARK..." line of *rest, without the mark. */
static bool next_expectation(struct str *rest, struct str mark, struct str *out)
{
	while (rest->n) {
		struct str line = str_cut(rest, '\n');
		if (str_starts(line, mark)) {
			*out = str_skip(line, mark.n);
			return true;
		}
	}
	return false;
}

static void compare(const char *name, struct str text, struct str mark, bool is_warning, const struct config_problems *problems)
{
	struct str rest = text, want;
	size_t i = 0;
	for (; next_expectation(&rest, mark, &want); i++) {
		while (i < problems->count && problems->at[i].is_warning != is_warning)
			i++;
		ck_assert_msg(i < problems->count, "%s: not told: %.*s", name, STR_ARG(want));
		const struct config_problem *got = &problems->at[i];
		char place[64];
		snprintf(place, sizeof place, "%llu:%llu: ", (unsigned long long)got->line, (unsigned long long)got->column);
		ck_assert_msg(str_starts(want, str_of(place)) && contains(got->message, str_skip(want, strlen(place))),
			      "%s: want %.*s\n got %s%.*s: %.*s", name, STR_ARG(want), place, STR_ARG(got->key),
			      STR_ARG(got->message));
	}
	for (; i < problems->count; i++)
		ck_assert_msg(problems->at[i].is_warning != is_warning, "%s: not expected: %llu:%llu: %.*s: %.*s", name,
			      (unsigned long long)problems->at[i].line, (unsigned long long)problems->at[i].column,
			      STR_ARG(problems->at[i].key), STR_ARG(problems->at[i].message));
}

static void no_secret(const char *name, const struct config *c, const struct config_problems *problems)
{
	struct buf shown;
	buf_init(&shown, TEXT_MOST);
	config_problems_print(problems, str_of(name), &shown);
	if (c)
		config_print(c, &shown);
	ck_assert_msg(!contains(buf_view(&shown), STR("hunter2")), "%s: a secret is shown:\n%.*s", name, STR_ARG(buf_view(&shown)));
	buf_fini(&shown);
}

START_TEST(bad_file)
{
	struct config_problems problems = { 0 };
	const char *name = bad_files[_i];
	struct buf text;
	slurp(FIXTURES "/config/bad", name, &text);
	struct config *c = config_load(buf_view(&text), str_of(name), &problems);
	ck_assert_msg(c == NULL && problems.errors > 0, "%s: accepted", name);
	compare(name, buf_view(&text), STR("# expect "), false, &problems);
	no_secret(name, c, &problems);
	config_problems_fini(&problems);
	buf_fini(&text);
}
END_TEST

static void check_good(const char *folder, const char *name)
{
	struct config_problems problems = { 0 };
	struct buf text, shown, again;
	slurp(folder, name, &text);
	struct config *c = config_load(buf_view(&text), str_of(name), &problems);
	compare(name, buf_view(&text), STR("# expect "), false, &problems);
	compare(name, buf_view(&text), STR("# warn "), true, &problems);
	ck_assert_msg(c != NULL, "%s: refused", name);
	no_secret(name, c, &problems);
	config_problems_fini(&problems);
	buf_init(&shown, TEXT_MOST);
	buf_init(&again, TEXT_MOST);
	config_print(c, &shown);
	config_free(c);
	c = config_load(buf_view(&shown), STR("printed"), &problems);
	ck_assert_msg(c != NULL, "%s: what it prints is refused:\n%.*s", name, STR_ARG(buf_view(&shown)));
	config_print(c, &again);
	ck_assert_msg(str_eq(buf_view(&shown), buf_view(&again)), "%s: printed once:\n%.*s\ntwice:\n%.*s", name,
		STR_ARG(buf_view(&shown)),
		      STR_ARG(buf_view(&again)));
	config_free(c);
	config_problems_fini(&problems);
	buf_fini(&shown);
	buf_fini(&again);
	buf_fini(&text);
}

START_TEST(good_file)
{
	check_good(FIXTURES "/config/good", good_files[_i]);
}
END_TEST

START_TEST(promtail_file)
{
	check_good(FIXTURES "/promtail", promtail_files[_i]);
}
END_TEST

START_TEST(there_are_files)
{
	ck_assert_msg(bad_count >= 60 && good_count >= 10 && promtail_count >= 40, "found %d bad and %d good files, %d of Promtail",
		bad_count, good_count, promtail_count);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("config fixtures");
	TCase *tcase = tcase_create("files");
	bad_count = list(FIXTURES "/config/bad", bad_files);
	good_count = list(FIXTURES "/config/good", good_files);
	promtail_count = list(FIXTURES "/promtail", promtail_files);
	tcase_add_test(tcase, there_are_files);
	tcase_add_loop_test(tcase, bad_file, 0, bad_count);
	tcase_add_loop_test(tcase, good_file, 0, good_count);
	tcase_add_loop_test(tcase, promtail_file, 0, promtail_count);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
