/* Files of config/test_file.h, each case through a trial of its own: nothing that a stage remembers goes from one case to the next. */
#include "agent/commands/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/commands/test_compare.h"
#include "agent/os.h"

enum { PROBLEMS_TEXT_MOST = 4 << 20 };

struct tally { size_t passed, failed; };

static bool read_text(const char *path, struct buf *out)
{
	buf_init(out, (size_t)CONFIG_MOST_BYTES + 8192); /* os_read_file reserves ahead */
	int why = os_read_file(path, (size_t)CONFIG_MOST_BYTES + 1, out);
	if (why < 0)
		fprintf(stderr, "spoor test: %s cannot be read: %s\n", path, strerror(-why));
	return why >= 0;
}

static void print_problems(const struct config_problems *problems, const char *path)
{
	struct buf out;
	buf_init(&out, PROBLEMS_TEXT_MOST);
	config_problems_print(problems, str_of(path), &out);
	fwrite(out.p ? out.p : "", 1, out.n, stderr);
	buf_fini(&out);
}

/* The path of a configuration beside the test file. Owned by the caller. */
static char *path_beside(const char *test_path, struct str name)
{
	struct str folder = str_of(test_path);
	while (folder.n && folder.p[folder.n - 1] != '/')
		folder.n--;
	if (name.n && name.p[0] == '/')
		folder.n = 0;
	char *path = malloc(folder.n + name.n + 1);
	if (!path)
		abort();
	memcpy(path, folder.p ? folder.p : "", folder.n);
	memcpy(path + folder.n, name.p, name.n);
	path[folder.n + name.n] = '\0';
	return path;
}

static struct config *load_config(const char *test_path, struct str name)
{
	struct config_problems problems = { 0 };
	struct config *c = NULL;
	struct buf text;
	char *path = path_beside(test_path, name);
	if (read_text(path, &text))
		c = config_load(buf_view(&text), str_of(path), &problems);
	if (!c)
		print_problems(&problems, path);
	buf_fini(&text);
	config_problems_fini(&problems);
	free(path);
	return c;
}

static struct test_file *load_file(const char *path)
{
	struct config_problems problems = { 0 };
	struct test_file *t = NULL;
	struct buf text;
	if (read_text(path, &text))
		t = test_file_load(buf_view(&text), str_of(path), &problems);
	print_problems(&problems, path);
	buf_fini(&text);
	config_problems_fini(&problems);
	return t;
}

static const char *word_of(const struct test_file *t, const struct test_case *c)
{
	struct str word = c->format.n ? c->format : t->format;
	return word.n ? word.p : NULL; /* values of a configuration are NUL-terminated */
}

static void run_case(const struct test_file *t, const struct config *config, const struct config_scrape *job, const struct test_case *c,
		     struct comparison *cmp)
{
	struct trial_options options = { .config = config, .stages = job ? config_scrape_stages(job) : &t->stages, .now_ns = t->now_ns,
					 .profile = label_profile_of(config, job),
					 .on_record = comparison_record, .ctx = cmp };
	const struct config_scrape inlined = { .stages = t->stages };
	options.format = trial_format(word_of(t, c), job ? job : &inlined);
	struct arena arena = { 0 };
	trial_job_labels(config, job, &options.labels, &arena);
	trial_add_labels(&options.labels, &t->labels);
	trial_add_labels(&options.labels, &c->labels);
	struct trial *trial = trial_new(&options);
	for (size_t i = 0; i < c->input.count; i++)
		trial_line(trial, c->input.at[i]);
	trial_end(trial);
	comparison_end(cmp, trial);
	trial_free(trial);
	labels_fini(&options.labels);
	arena_fini(&arena);
}

static void run_cases(const char *path, const struct test_file *t, const struct config *config, const struct config_scrape *job,
		      struct tally *tally)
{
	struct comparison cmp;
	for (size_t i = 0; i < t->case_count; i++) {
		const struct test_case *c = &t->cases[i];
		comparison_begin(&cmp, path, c);
		run_case(t, config, job, c, &cmp);
		bool is_good = cmp.differences == 0;
		tally->passed += is_good;
		tally->failed += !is_good;
		printf("%s %zu - " STR_FMT "\n", is_good ? "ok" : "not ok", tally->passed + tally->failed, STR_ARG(c->name));
		fwrite(cmp.out.p ? cmp.out.p : "", 1, cmp.out.n, stdout);
		comparison_fini(&cmp);
	}
}

static int run_file(const char *path, struct tally *tally)
{
	struct test_file *t = load_file(path);
	struct config *config = t && t->config.n ? load_config(path, t->config) : NULL;
	bool is_loaded = t && (config || !t->config.n);
	const struct config_scrape *job = config ? trial_job(config, t->job.n ? t->job.p : NULL) : NULL;
	if (is_loaded && config && !job)
		fprintf(stderr, "%s: " STR_FMT " has no job " STR_FMT "\n", path, STR_ARG(t->config), STR_ARG(t->job));
	bool is_good = is_loaded && (!config || job);
	if (is_good)
		run_cases(path, t, config, job, tally);
	config_free(config);
	test_file_free(t);
	return is_good ? 0 : FLAGS_CONFIG_EXIT;
}

int command_test(const struct flags *flags)
{
	struct tally tally = { 0 };
	int code = 0;
	for (int i = 0; i < flags->rest_count; i++) {
		int of_file = run_file(flags->rest[i], &tally);
		code = of_file ? of_file : code;
	}
	printf("%zu passed, %zu failed\n", tally.passed, tally.failed);
	return code ? code : tally.failed ? FLAGS_FAILED_EXIT : 0;
}
