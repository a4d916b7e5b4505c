/* One log with two streams. A line's number in the input is the order of its entry, so that what stages held is told by the lines that it
 * came from. Framing that stands first in the pipeline has been taken out of it by the loader, and is done here as the reader does it. */
#include "agent/commands/trial.h"

#include <stdlib.h>

#include "agent/logs/log_jobs.h"
#include "agent/os.h"
#include "agent/settings.h"
#include "config/zoneinfo.h"
#include "parsers/bytes/utf8.h"
#include "parsers/cri.h"
#include "parsers/dockerjson.h"
#include "parsers/join.h"

enum { LINE_MOST = 64 << 20, LINE_USUAL_MOST = 256 << 10 };

struct trial {
	struct trial_options o;
	struct stages *stages; /* NULL: none */
	struct stages_state *state;
	struct join *joins[2];
	struct labels base[2], base_metadata[2], labels, metadata, shown; /* of stdout and stderr; memory that is used again */
	struct arena arena;
	struct buf unescaped, repaired;
	size_t max_line_bytes, first_number;
	uint64_t number;        /* of the line at hand */
	uint64_t joined_from[2]; /* the line that the open partial line began with */
	uint64_t order;          /* of the entry at hand */
};

static int64_t now(const struct trial *t)
{
	return t->o.now_ns ? t->o.now_ns : os_wall_ns();
}

/* ---- what comes out ---- */

static void add_origin(struct trial *t, const struct entry *e)
{
	const struct entry_origin *o = &e->origin;
	labels_reset(&t->shown);
	labels_copy(&t->shown, &e->metadata);
	if (o->trace_result == TRACE_VALID && !labels_has(&e->metadata, STR("trace_id"))) { /* what the pipeline says stands */
		labels_set(&t->shown, STR("trace_id"), (struct str){ o->trace.trace_id, sizeof o->trace.trace_id });
		if (o->trace.has_span)
			labels_set(&t->shown, STR("span_id"), (struct str){ o->trace.span_id, sizeof o->trace.span_id });
		if (o->trace.sampled >= 0)
			labels_set(&t->shown, STR("trace_flags"), o->trace.sampled ? STR("01") : STR("00"));
	}
	if (o->level != LEVEL_UNKNOWN)
		labels_set(&t->shown, STR("detected_level"), str_of(level_names[o->level]));
}

static void on_entry(void *ctx, struct entry *e)
{
	struct trial *t = ctx;
	add_origin(t, e);
	const struct trial_record r = { .first = e->origin.number, .last = e->last, .timestamp_ns = e->timestamp_ns, .line = e->line,
					.labels = &e->labels, .metadata = &t->shown, .tenant = e->tenant, .dropped = str_of(e->drop_reason),
					.is_stderr = e->origin.stream };
	t->o.on_record(t->o.ctx, &r);
}

static void on_look(void *ctx, const char *stage, const struct entry *before, const struct entry *after)
{
	struct trial *t = ctx;
	size_t at = stages_look_at(t->stages);
	if (at == 0 && t->o.stages->has_joining)
		stage = "stack_traces"; /* it stands in the file under this name, and not among the stages */
	const struct trial_step s = { .first = after->origin.number, .stage = stage, .number = t->first_number + at,
				      .depth = stages_depth(t->stages, at), .before = before, .after = after };
	t->o.on_step(t->o.ctx, &s);
}

/* ---- what goes in ---- */

static struct str clean(struct trial *t, struct str line)
{
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (utf8_valid(line) == line.n)
		return line;
	buf_reset(&t->repaired);
	utf8_repair(line, &t->repaired);
	return buf_view(&t->repaired);
}

static void take_record(struct trial *t, int64_t timestamp_ns, bool is_stderr, struct str line, uint64_t first)
{
	arena_reset(&t->arena);
	labels_copy(&t->metadata, &t->base_metadata[is_stderr]);
	labels_copy(&t->labels, &t->base[is_stderr]);
	line = clean(t, line);
	struct entry e = { .line = line, .timestamp_ns = timestamp_ns, .labels = t->labels, .metadata = t->metadata, .arena = &t->arena,
			   .first = { .order = first }, .last = t->number };
	e.origin.stream = is_stderr;
	e.origin.number = first;
	e.origin.level = level_detect(line);
	if (!t->o.config || t->o.config->trace.enabled)
		e.origin.trace_result = trace_find(line, &e.origin.trace);
	if (t->o.on_taken)
		t->o.on_taken(t->o.ctx, &e);
	if (t->stages)
		stages_run(t->stages, t->state, &e, now(t), on_entry, t);
	else
		on_entry(t, &e);
	t->labels = e.labels; /* memory that a stage may have enlarged */
	t->metadata = e.metadata;
}

static void take_piece(struct trial *t, const struct runtime_line *piece)
{
	bool is_stderr = piece->is_stderr;
	struct join *join = t->joins[is_stderr];
	struct str line;
	int64_t timestamp_ns;
	if (!join->is_open)
		t->joined_from[is_stderr] = t->number;
	if (!piece->is_partial && !join->is_open) {
		take_record(t, piece->timestamp_ns, is_stderr, piece->message, t->number);
		return;
	}
	if (join_add(join, piece, t->max_line_bytes) && join_take(join, &line, &timestamp_ns)) {
		take_record(t, timestamp_ns, is_stderr, line, t->joined_from[is_stderr]);
		join_reset(join);
	}
}

void trial_line(struct trial *t, struct str line)
{
	struct runtime_line piece;
	t->number++;
	bool is_framed = t->o.format == FORMAT_CRI      ? cri_parse(line, &piece)
			 : t->o.format == FORMAT_DOCKER ? dockerjson_parse(line, &t->unescaped, &piece)
							: false;
	if (is_framed)
		take_piece(t, &piece);
	else
		take_record(t, now(t), false, line, t->number);
}

void trial_end(struct trial *t)
{
	for (int i = 0; i < 2; i++) { /* what never got its last piece is shipped too */
		struct str rest;
		int64_t timestamp_ns;
		if (join_take(t->joins[i], &rest, &timestamp_ns))
			take_record(t, timestamp_ns, i, rest, t->joined_from[i]);
		join_reset(t->joins[i]);
	}
	if (t->stages)
		stages_flush(t->stages, t->state, now(t), true, on_entry, t);
}

/* ---- */

struct trial *trial_new(const struct trial_options *options)
{
	struct trial *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	t->o = *options;
	t->max_line_bytes = t->o.config ? t->o.config->logs.limits_config.max_line_size_bytes : LINE_USUAL_MOST;
	bool is_framed = t->o.format == FORMAT_CRI || t->o.format == FORMAT_DOCKER;
	for (int i = 0; i < 2; i++) {
		t->joins[i] = join_new();
		labels_copy(&t->base[i], &t->o.labels);
		labels_copy(&t->base_metadata[i], &t->o.metadata);
		const struct log_facts facts = { { [FACT_STREAM] = i ? STR("stderr") : STR("stdout") } };
		if (!is_framed)
			continue;
		label_profile_put(t->o.profile, &facts, FACT_STREAM, FACT_STREAM, false, &t->base[i]);
		label_profile_put(t->o.profile, &facts, FACT_STREAM, FACT_STREAM, true, &t->base_metadata[i]);
	}
	buf_init(&t->unescaped, LINE_MOST);
	buf_init(&t->repaired, LINE_MOST);
	if (!t->o.stages || !t->o.stages->list)
		return t;
	t->first_number = t->o.stages->format == FORMAT_CRI || t->o.stages->format == FORMAT_DOCKER ? 2 : 1;
	t->first_number -= t->o.stages->has_joining;
	t->stages = zoneinfo_compile(t->o.stages->list, NULL, NULL);
	t->state = stages_state_new(t->stages);
	if (t->o.on_step)
		stages_set_look(t->stages, on_look, t);
	return t;
}

void trial_free(struct trial *t)
{
	if (!t)
		return;
	stages_state_free(t->state);
	stages_free(t->stages);
	for (int i = 0; i < 2; i++) {
		join_free(t->joins[i]);
		labels_fini(&t->base[i]);
		labels_fini(&t->base_metadata[i]);
	}
	labels_fini(&t->labels);
	labels_fini(&t->metadata);
	labels_fini(&t->shown);
	arena_fini(&t->arena);
	buf_fini(&t->unescaped);
	buf_fini(&t->repaired);
	free(t);
}

void trial_each_metric(const struct trial *t, void (*fn)(void *ctx, const struct stages_metric *m), void *ctx)
{
	if (t->stages)
		stages_each_metric(t->stages, fn, ctx);
}

void trial_add_labels(struct labels *to, const struct config_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		labels_set(to, labels->at[i].name, labels->at[i].value);
}

struct first_target { struct labels *out; struct arena *arena; bool is_found; };

static void on_target(void *ctx, const struct log_found *found)
{
	struct first_target *first = ctx;
	const struct labels *l = &found->target->labels;
	if (first->is_found || found->target->verdict != LOG_KEPT)
		return;
	first->is_found = true;
	for (size_t i = 0; i < l->count; i++)
		labels_set(first->out, arena_copy(first->arena, l->at[i].name), arena_copy(first->arena, l->at[i].value));
}

static void relabelled(const struct config *c, const struct config_scrape *job, struct labels *out, struct arena *arena)
{
	struct log_jobs jobs;
	struct first_target first = { out, arena, false };
	char err[256], host[256];
	if (log_jobs_init(&jobs, &(struct log_jobs_options){ .config = c, .host = settings_host_name(host) }, err) < 0)
		return;
	for (size_t i = 0; i < jobs.count; i++)
		if (jobs.at[i].config == job) {
			log_job_look(&jobs.at[i], os_now_ns());
			log_job_each(&jobs, &jobs.at[i], on_target, &first);
		}
	log_jobs_fini(&jobs);
}

void trial_job_labels(const struct config *c, const struct config_scrape *job, struct labels *out, struct arena *arena)
{
	if (c)
		trial_add_labels(out, &c->global.external_labels);
	if (job && job->static_count && !job->is_promtail)
		trial_add_labels(out, &job->statics[0].labels);
	if (c && job && job->is_promtail)
		relabelled(c, job, out, arena);
}

const struct config_scrape *trial_job(const struct config *c, const char *name)
{
	for (size_t i = 0; c && i < c->logs.scrape_count; i++)
		if (!name || str_eq(c->logs.scrapes[i].job_name, str_of(name)))
			return &c->logs.scrapes[i];
	return NULL;
}

enum log_format trial_format(const char *word, const struct config_scrape *job)
{
	static const struct { const char *name; enum log_format format; } formats[] = { { "raw", FORMAT_RAW }, { "cri", FORMAT_CRI },
		{ "docker", FORMAT_DOCKER } };
	for (size_t i = 0; word && i < COUNT_OF(formats); i++)
		if (strcmp(word, formats[i].name) == 0)
			return formats[i].format;
	return job && job->stages.format != FORMAT_AUTO ? job->stages.format : FORMAT_RAW;
}
