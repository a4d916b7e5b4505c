/* Labels that stages change make another stream: its rendered labels are kept in a map, since a batch knows streams by them. When a job
 * makes more streams than can be kept, what is beyond goes out under the log's own labels.
 *
 * A tenant makes another stream too: it stands in front of the labels. What is for a tenant never goes to another one: where there are too
 * many, lines are dropped under a name of their own. */
#include "agent/logs/log_stages.h"

#include <stdlib.h>

#include "agent/logs/lately.h"
#include "config/zoneinfo.h"
#include "exporters/loki.h"
#include "parsers/bytes/map.h"

enum { RENDERED_MAX = 64 << 10, ARENA_KEPT_BYTES = 256 << 10 };

struct made_stream {
	struct log_stream stream;
	char key[]; /* log_stream_key */
};
struct log_stages {
	struct stages *stages;
	bool has_joining;
	struct map streams;   /* log_stream_key -> struct made_stream */
	struct map tenants;   /* each that there is a stream of */
	struct str tenant;    /* the client's */
	struct arena arena;   /* of one entry */
	struct buf rendered;
	struct labels external, all; /* `external` in `kept`; all: scratch */
	uint64_t externals;   /* how often they have changed */
	struct arena kept;
	struct labels labels, metadata; /* memory that is used again */
	size_t first_number;  /* of the first one: a cri or docker stage in front of it is the reader's */
	log_stages_look *look;
	void *look_ctx;
};
struct source_stages {
	struct log_stages *of;
	struct stages_state *state;
	bool may_hold;
	struct labels base[2];
	struct log_stream *streams, *newest; /* newest: of the entry that came out last; NULL: none did, or it was dropped */
	struct lately lately;
	uint64_t externals;   /* those of the streams in it */
	struct arena arena;
};
struct outlet { struct source_stages *s; staged_fn *fn; void *ctx; };

struct log_stages *log_stages_new(const struct config_stages *stages, const struct log_stages *first)
{
	struct log_stages *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->stages = zoneinfo_compile(stages->list, NULL, NULL);
	s->first_number = stages->format == FORMAT_AUTO ? 1 : 2;
	s->first_number -= stages->has_joining;
	s->has_joining = stages->has_joining;
	if (first)
		stages_share_metrics(s->stages, first->stages);
	buf_init(&s->rendered, RENDERED_MAX);
	return s;
}

void log_stages_free(struct log_stages *s)
{
	struct made_stream *m;
	if (!s)
		return;
	for (size_t i = 0; (m = map_next(&s->streams, &i));)
		free(m);
	map_fini(&s->streams);
	map_fini(&s->tenants);
	stages_free(s->stages);
	arena_fini(&s->arena);
	arena_fini(&s->kept);
	labels_fini(&s->external);
	labels_fini(&s->all);
	labels_fini(&s->labels);
	labels_fini(&s->metadata);
	buf_fini(&s->rendered);
	free(s);
}

static void on_look(void *ctx, const char *stage, const struct entry *before, const struct entry *after)
{
	struct log_stages *s = ctx;
	s->look(s->look_ctx, s->first_number + stages_look_at(s->stages), stage, before, after);
}

void log_stages_set_look(struct log_stages *s, log_stages_look *look, void *ctx)
{
	s->look = look;
	s->look_ctx = ctx;
	stages_set_look(s->stages, look ? on_look : NULL, s);
}

int64_t log_stages_wait_ns(const struct log_stages *s)
{
	return stages_wait_ns(s->stages);
}

void log_stages_each_metric(const struct log_stages *s, void (*fn)(void *ctx, const struct stages_metric *m), void *ctx)
{
	stages_each_metric(s->stages, fn, ctx);
}

uint64_t log_stages_regex_limits(const struct log_stages *s)
{
	return s ? stages_regex_limits(s->stages) : 0;
}

void log_stages_expire(struct log_stages *s, int64_t now_ns)
{
	stages_expire(s->stages, now_ns);
}

static struct str copy(struct arena *arena, struct str s)
{
	return s.n ? arena_copy(arena, s) : (struct str){ 0 };
}

void log_stages_set_external(struct log_stages *s, const struct labels *labels)
{
	if (labels_eq(labels, &s->external))
		return;
	s->externals++;
	labels_reset(&s->external);
	arena_fini(&s->kept);
	for (size_t i = 0; i < labels->count; i++)
		labels_set(&s->external, copy(&s->kept, labels->at[i].name), copy(&s->kept, labels->at[i].value));
}

void log_stages_set_tenant(struct log_stages *s, struct str tenant)
{
	s->tenant = tenant;
}

struct source_stages *source_stages_new(struct log_stages *of, const struct labels base[2], struct log_stream *streams, bool joins)
{
	struct source_stages *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->of = of;
	s->streams = streams;
	s->state = stages_state_new(of->stages);
	if (of->has_joining && !joins)
		stages_state_skip(s->state, 1);
	s->may_hold = stages_state_may_hold(s->state);
	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < base[i].count; k++)
			labels_set(&s->base[i], copy(&s->arena, base[i].at[k].name), copy(&s->arena, base[i].at[k].value));
	return s;
}

void source_stages_free(struct source_stages *s)
{
	if (!s)
		return;
	stages_state_free(s->state);
	lately_fini(&s->lately);
	for (int i = 0; i < 2; i++)
		labels_fini(&s->base[i]);
	arena_fini(&s->arena);
	free(s);
}

/* The stream whose key is in `rendered`; a new one while there are less than `most`. */
static struct log_stream *stream_kept(struct log_stages *s, struct str tenant, size_t most)
{
	struct str key = buf_view(&s->rendered);
	if (key.n == tenant.n || s->rendered.is_full)
		return NULL;
	struct made_stream *m = map_get(&s->streams, key);
	if (m || s->streams.count >= most)
		return m ? &m->stream : NULL;
	m = malloc(sizeof *m + key.n);
	if (!m)
		abort();
	memcpy(m->key, key.p, key.n);
	m->stream = (struct log_stream){ .labels = { m->key + tenant.n, key.n - tenant.n }, .tenant_bytes = (unsigned char)tenant.n };
	map_put(&s->streams, (struct str){ m->key, key.n }, m);
	if (tenant.n && !map_get(&s->tenants, tenant))
		map_put(&s->tenants, (struct str){ m->key, tenant.n }, m);
	return &m->stream;
}

static struct log_stream *stream_of(struct log_stages *s, struct str tenant, const struct labels *labels)
{
	buf_reset(&s->rendered);
	buf_str(&s->rendered, tenant);
	if (s->external.count) {
		labels_copy(&s->all, &s->external);
		for (size_t i = 0; i < labels->count; i++)
			labels_set(&s->all, labels->at[i].name, labels->at[i].value);
		labels = &s->all;
	}
	loki_labels_render(labels->at, labels->count, &s->rendered);
	return stream_kept(s, tenant, LOG_STAGES_STREAMS_MAX);
}

/* Under the log's own labels when there are too many others. NULL, and why: there is no room for it. */
static struct log_stream *stream_of_tenant(struct log_stages *s, const struct entry *e, const struct log_stream *own, const char **why)
{
	bool is_known = s->tenants.count < LOG_STAGES_TENANTS_MAX || map_get(&s->tenants, e->tenant);
	struct log_stream *stream = is_known && e->has_changed_labels ? stream_of(s, e->tenant, &e->labels) : NULL;
	if (is_known && !stream) {
		buf_reset(&s->rendered);
		buf_str(&s->rendered, e->tenant);
		buf_str(&s->rendered, own->labels);
		stream = stream_kept(s, e->tenant, 2 * LOG_STAGES_STREAMS_MAX);
	}
	*why = stream ? NULL : is_known ? "too_many_streams" : "too_many_tenants";
	return stream;
}

static struct log_stream *stream_lately(struct source_stages *s, const struct labels *labels)
{
	if (s->externals != s->of->externals)
		lately_fini(&s->lately);
	s->externals = s->of->externals;
	struct log_stream *stream = lately_find(&s->lately, labels);
	if (stream)
		return stream;
	stream = stream_of(s->of, (struct str){ 0 }, labels);
	if (stream)
		lately_add(&s->lately, labels, stream);
	return stream;
}

/* NULL: it is dropped, for that reason. */
static struct log_stream *choose_stream(struct source_stages *s, const struct entry *e, const char **drop_reason)
{
	struct log_stream *own = &s->streams[e->origin.stream], *other = NULL;
	bool has_tenant = e->tenant.n && !str_eq(e->tenant, s->of->tenant);
	if (*drop_reason)
		return NULL;
	if (has_tenant)
		return stream_of_tenant(s->of, e, own, drop_reason);
	if (e->has_changed_labels)
		other = stream_lately(s, &e->labels);
	return other ? other : own;
}

static void on_entry(void *ctx, struct entry *e)
{
	const struct outlet *o = ctx;
	struct record record = { .line = e->line, .timestamp_ns = e->timestamp_ns, .level = e->origin.level, .metadata = e->metadata.at,
				 .metadata_count = e->metadata.count, .adjusted_count = e->origin.adjusted_count };
	record.trace_result = e->origin.trace_result;
	if (record.trace_result == TRACE_VALID)
		record.trace = e->origin.trace;
	if (labels_has(&e->metadata, STR("trace_id")))
		record.trace_result = TRACE_NONE; /* what the pipeline says stands */
	struct staged out = { .record = &record, .labels = &e->labels, .drop_reason = e->drop_reason, .entry = e };
	o->s->newest = choose_stream(o->s, e, &out.drop_reason);
	out.stream = o->s->newest ? o->s->newest : &o->s->streams[e->origin.stream];
	o->fn(o->ctx, &out);
}

void source_stages_run(struct source_stages *s, const struct staged_line *line, int64_t now_ns, staged_fn *fn, void *ctx)
{
	struct log_stages *of = s->of;
	const struct record *r = line->record;
	struct outlet outlet = { s, fn, ctx };
	if (of->arena.used_bytes > ARENA_KEPT_BYTES)
		arena_fini(&of->arena);
	else
		arena_reset(&of->arena);
	labels_copy(&of->labels, &s->base[line->is_stderr]);
	labels_reset(&of->metadata);
	for (size_t i = 0; i < r->metadata_count; i++)
		labels_set(&of->metadata, r->metadata[i].name, r->metadata[i].value);
	struct entry entry = { .line = r->line, .timestamp_ns = r->timestamp_ns, .labels = of->labels, .metadata = of->metadata,
			       .arena = &of->arena, .is_repeat = line->is_repeat, .first = line->first, .last = line->last };
	entry.origin.level = r->level;
	entry.origin.adjusted_count = r->adjusted_count;
	entry.origin.stream = line->is_stderr;
	entry.origin.trace_result = r->trace_result;
	if (r->trace_result == TRACE_VALID)
		entry.origin.trace = r->trace;
	stages_run(of->stages, s->state, &entry, now_ns, on_entry, &outlet);
	of->labels = entry.labels; /* memory that a stage may have enlarged */
	of->metadata = entry.metadata;
}

int64_t source_stages_flush(struct source_stages *s, int64_t now_ns, bool all, staged_fn *fn, void *ctx)
{
	struct outlet outlet = { s, fn, ctx };
	return stages_flush(s->of->stages, s->state, now_ns, all, on_entry, &outlet);
}

void source_stages_each_place(struct source_stages *s, void (*fn)(void *ctx, struct entry_place *place), void *ctx)
{
	if (s->may_hold)
		stages_each_place(s->state, fn, ctx);
}

bool source_stages_is_holding(const struct source_stages *s)
{
	return stages_is_holding(s->state);
}

bool source_stages_may_hold(const struct source_stages *s)
{
	return s->may_hold;
}

int64_t source_stages_not_before(const struct source_stages *s)
{
	return stages_not_before(s->state);
}

bool source_stages_made(const struct source_stages *s, const struct log_stream **stream)
{
	*stream = s->newest;
	return s->newest && s->newest != &s->streams[0] && s->newest != &s->streams[1];
}
