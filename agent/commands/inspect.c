/* Lines on standard input through a job's rules. With --stages also what each stage did: it is kept until the record comes out, because
 * stages of one entry may be far apart where lines are put together. Without a file: trace id and level alone. */
#include "agent/commands/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/commands/trial.h"
#include "agent/commands/trial_print.h"
#include "agent/settings.h"

enum { OUTPUT_MOST = 64 << 20, STEPS_MOST = 8 << 20, WAITING_MOST = 1024 };

struct waiting { uint64_t first; struct buf steps; size_t count; bool is_stderr, is_held; }; /* of an entry that has not come out yet */
struct inspection {
	const struct config_scrape *job; /* NULL: none */
	enum log_format format;
	bool has_stages, is_json, in_colour;
	struct waiting waiting[WAITING_MOST]; /* in order of their coming; the oldest goes when there are too many */
	size_t waiting_count;
	struct buf out;
};

/* ---- what each stage did ---- */

static void forget(struct inspection *in, size_t i)
{
	buf_fini(&in->waiting[i].steps);
	memmove(&in->waiting[i], &in->waiting[i + 1], (--in->waiting_count - i) * sizeof in->waiting[0]);
}

static struct waiting *find(struct inspection *in, uint64_t first)
{
	for (size_t i = 0; i < in->waiting_count; i++)
		if (in->waiting[i].first == first)
			return &in->waiting[i];
	return NULL;
}

static struct waiting *find_or_add(struct inspection *in, const struct trial_step *s)
{
	struct waiting *w = find(in, s->first);
	if (w)
		return w;
	if (in->waiting_count == WAITING_MOST)
		forget(in, 0);
	w = &in->waiting[in->waiting_count++];
	*w = (struct waiting){ .first = s->first, .is_stderr = s->after->origin.stream };
	buf_init(&w->steps, STEPS_MOST);
	if (!in->is_json) {
		trial_print_plain(s->before->line, &w->steps);
		buf_char(&w->steps, '\n');
	}
	return w;
}

/* What was done to the other lines of a block, before it was one. */
static void gather(struct inspection *in, const struct trial_step *s)
{
	for (size_t i = 0; i < in->waiting_count;) {
		struct waiting *w = &in->waiting[i], *first;
		bool is_part = w->is_held && w->first > s->first && w->first <= s->after->last && w->is_stderr == (bool)s->after->origin.stream;
		if (is_part && w->count && (first = find(in, s->first))) {
			if (in->is_json)
				buf_str(&first->steps, first->steps.n ? STR(",") : STR(""));
			else
				buf_printf(&first->steps, "line %llu: ", (unsigned long long)w->first);
			buf_str(&first->steps, buf_view(&w->steps));
		}
		if (is_part)
			forget(in, i);
		else
			i++;
	}
}

static void on_step(void *ctx, const struct trial_step *s)
{
	struct inspection *in = ctx;
	struct waiting *w = find_or_add(in, s);
	if (s->after->is_held) {
		w->is_held = true;
		return;
	}
	if (s->after->joined > s->before->joined) {
		gather(in, s);
		w = find_or_add(in, s);
	}
	w->count++;
	w->is_held = false;
	if (!in->is_json) {
		trial_print_step_text(s, in->in_colour, &w->steps);
		return;
	}
	buf_str(&w->steps, w->steps.n ? STR(",") : STR(""));
	trial_print_step_json(s, &w->steps);
}

/* ---- records ---- */

static void print_json(struct inspection *in, const struct trial_record *r, struct str steps)
{
	trial_print_json(r, &in->out);
	if (in->has_stages) {
		buf_printf(&in->out, ",\"input_lines\":[%llu,%llu],\"stages\":[", (unsigned long long)r->first, (unsigned long long)r->last);
		buf_str(&in->out, steps);
		buf_char(&in->out, ']');
	}
	buf_str(&in->out, STR("}\n"));
}

static void print_text(struct inspection *in, const struct trial_record *r, struct str steps)
{
	bool is_one = r->first == r->last;
	buf_printf(&in->out, is_one ? "line %llu: " : "lines %llu to %llu: ", (unsigned long long)r->first, (unsigned long long)r->last);
	if (!steps.n) {
		trial_print_plain(r->line, &in->out);
		buf_char(&in->out, '\n');
	}
	buf_str(&in->out, steps);
	trial_print_text(r, in->in_colour, &in->out);
	buf_char(&in->out, '\n');
}

static void on_record(void *ctx, const struct trial_record *r)
{
	struct inspection *in = ctx;
	struct waiting *w = find(in, r->first);
	struct str steps = w ? buf_view(&w->steps) : (struct str){ 0 };
	buf_reset(&in->out);
	if (in->is_json)
		print_json(in, r, steps);
	else
		print_text(in, r, steps);
	if (w)
		forget(in, (size_t)(w - in->waiting));
	fwrite(in->out.p, 1, in->out.n, stdout);
}

static void take_all(struct inspection *in, const struct config *config)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	struct trial_options options = { .config = config, .stages = in->job ? config_scrape_stages(in->job) : NULL, .format = in->format,
					 .profile = label_profile_of(config, in->job), .on_record = on_record,
					 .on_step = in->has_stages ? on_step : NULL, .ctx = in };
	struct arena arena = { 0 };
	trial_job_labels(config, in->job, &options.labels, &arena);
	struct trial *trial = trial_new(&options);
	while ((n = getline(&line, &room, stdin)) >= 0)
		trial_line(trial, (struct str){ line, (size_t)n - (n > 0 && line[n - 1] == '\n') });
	trial_end(trial);
	trial_free(trial);
	labels_fini(&options.labels);
	arena_fini(&arena);
	free(line);
	while (in->waiting_count)
		forget(in, 0);
}

/* ---- */

static bool is(const char *word, const char *wanted)
{
	return word && strcmp(word, wanted) == 0;
}

static void complain_of_job(const struct flags *flags, const struct config *c)
{
	fprintf(stderr, "--job %s: no such job%s", flags->job, c ? " in the file, which has" : ": name the file with --config.file");
	for (size_t i = 0; c && i < c->logs.scrape_count && i < 20; i++)
		fprintf(stderr, "%s " STR_FMT, i ? "," : "", STR_ARG(str_take(c->logs.scrapes[i].job_name, 100)));
	fputc('\n', stderr);
}

static int choose(const struct flags *flags, struct settings *settings, struct inspection *in)
{
	struct buf problems;
	buf_init(&problems, 1 << 20);
	int error = flags->config_file ? settings_load(flags, settings, &problems) : 0;
	if (problems.n)
		fwrite(problems.p, 1, problems.n, stderr);
	buf_fini(&problems);
	if (error < 0)
		return FLAGS_CONFIG_EXIT;
	in->job = trial_job(settings->config, flags->job);
	if (flags->job && !in->job) {
		complain_of_job(flags, flags->config_file ? settings->config : NULL);
		return FLAGS_USAGE_EXIT;
	}
	in->format = trial_format(flags->format, in->job);
	in->has_stages = flags->stages;
	in->is_json = flags->output ? is(flags->output, "json") : !flags->stages;
	in->in_colour = isatty(STDOUT_FILENO) && !getenv("NO_COLOR") && !is(getenv("TERM"), "dumb");
	return 0;
}

int command_inspect(const struct flags *flags)
{
	struct settings settings = { 0 };
	struct inspection *in = calloc(1, sizeof *in);
	if (!in)
		abort();
	int code = choose(flags, &settings, in);
	if (code == 0) {
		buf_init(&in->out, OUTPUT_MOST);
		take_all(in, settings.config);
		buf_fini(&in->out);
	}
	free(in);
	settings_fini(&settings);
	return code;
}
