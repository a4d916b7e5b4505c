/* Reading. The usual sample costs one comparison with the text that is expected and one row of staging: no hash, no allocation, no
 * labels. Labels are made when a series is met for the first time and when it is given a number (ingest_write.c).
 *
 * What counts as what follows Prometheus: `total` is every sample read, `kept` every one that relabelling left, duplicates and those
 * beyond sample_limit included, so that people see how far over a limit a target is. */
#include "agent/scrape/ingest_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/hash.h"

enum { BYTES_MAX = 256 << 20, STAGING_KEPT = 1 << 16, GONE_MANY = 16384 };

void ingest_grow(void *array, size_t *room, size_t size)
{
	void *p;
	memcpy(&p, array, sizeof p);
	*room = *room ? *room * 2 : 64;
	p = realloc(p, *room * size);
	if (!p)
		abort();
	memcpy(array, &p, sizeof p);
}

struct ingest *ingest_new(struct spool *spool)
{
	struct ingest *g = calloc(1, sizeof *g);
	if (!g)
		abort();
	g->spool = spool;
	buf_init(&g->bytes, BYTES_MAX);
	return g;
}

void ingest_free(struct ingest *g)
{
	if (!g)
		return;
	free(g->staged);
	free(g->sides);
	free(g->exemplars);
	free(g->created);
	buf_fini(&g->bytes);
	sample_labels_fini(&g->labels);
	sample_labels_fini(&g->exemplar);
	journal_fini(&g->writer);
	free(g);
}

void ingest_memory_fini(struct ingest_memory *m)
{
	series_fini(&m->series);
	metadata_fini(&m->metadata);
	*m = (struct ingest_memory){ 0 };
}

const struct ingest_counters *ingest_counters(const struct ingest *g)
{
	return &g->counters;
}

static void forget_ids(struct ingest_memory *m)
{
	series_forget_ids(&m->series);
	metadata_forget_ids(&m->metadata);
	memset(m->reports, 0, sizeof m->reports);
}

void ingest_begin(struct ingest *g, const struct ingest_rules *rules, struct ingest_memory *memory, int64_t ms)
{
	/* Each receiver keeps all series of a segment: with series that come and go it is the fresh ones that are few. */
	if (g->gone >= GONE_MANY && g->gone >= g->next_series / 2)
		spool_roll(g->spool);
	uint64_t segment = spool_segment(g->spool);
	if (segment != g->segment) {
		g->segment = segment;
		g->next_series = g->next_metadata = g->gone = 0;
		memset(g->report_metadata, 0, sizeof g->report_metadata);
	}
	if (memory->segment != segment)
		forget_ids(memory);
	memory->segment = segment;
	series_begin(&memory->series);
	g->rules = rules;
	g->memory = memory;
	g->ms = ms;
	g->spool_error = 0;
	g->defined_bytes = 0;
	g->counted = 0;
	g->is_over_limit = false;
	journal_begin(&g->writer);
}

static void stage_begin(struct ingest *g)
{
	if (g->staged_room > STAGING_KEPT) { /* one giant among the targets is no reason to keep its size */
		free(g->staged);
		g->staged = NULL;
		g->staged_room = 0;
	}
	g->staged_count = g->side_count = g->exemplar_count = g->created_count = 0;
	if (g->bytes.room > 1 << 20)
		buf_fini(&g->bytes);
	buf_reset(&g->bytes);
	g->family = 0;
	g->last_row = SERIES_NONE;
	g->family_staged = 0;
	g->is_family_open = g->is_family_new = g->is_created_new = false;
	g->memory->metadata.expected = 0;
}

/* The family's lines are complete when its first sample comes. */
static void open_family(struct ingest *g, const struct exposition *x)
{
	ingest_close_family(g);
	g->is_family_open = false;
	g->family = metadata_put(&g->memory->metadata, x->family.name, x->family.help, x->family.unit, x->family.type,
				 g->memory->series.scrape, &g->is_family_new);
	g->family_staged = g->staged_count;
}

static uint32_t family_of(const struct ingest *g, const struct exposition *x, struct str name)
{
	return g->family && exposition_belongs(name, x->family.name, x->family.type) ? g->family : 0;
}

/* A series that is met for the first time. SERIES_NONE: the scrape fails, error says why. */
static uint32_t learn(struct ingest *g, const struct exposition *x, char error[256])
{
	struct series_cache *c = &g->memory->series;
	enum sample_verdict verdict = sample_labels_make(&g->labels, g->rules, x->series, x->family.type, error);
	if (verdict == SAMPLE_INVALID || verdict == SAMPLE_OVER_LABEL_LIMIT) {
		g->counters.exceeded_label_limit += verdict == SAMPLE_OVER_LABEL_LIMIT;
		return SERIES_NONE;
	}
	uint32_t row = series_add(c, x->series);
	if (row == SERIES_NONE) {
		snprintf(error, 256, "more series than can be kept for one target: set sample_limit or drop some by metric_relabel_configs");
		return row;
	}
	struct series *s = &c->rows[row];
	struct str name = labels_get(&g->labels.exposed, STR("__name__"));
	s->family = family_of(g, x, name);
	if (g->family && ingest_is_created(x, name)) {
		s->family = g->family;
		s->flags = SERIES_CREATED;
	} else if (verdict == SAMPLE_DROPPED) {
		s->flags = SERIES_DROPPED;
	} else {
		uint32_t twin = series_identify(c, row, labels_hash(&g->labels.all));
		if (twin != SERIES_NONE) {
			s->flags = SERIES_ALIAS;
			s->id = twin;
		}
		g->is_created_new = true;
	}
	return row;
}

static uint64_t exemplar_hash(const struct exemplar *e)
{
	uint64_t bits;
	memcpy(&bits, &e->value, 8);
	return hash_u64(hash_bytes(e->raw) ^ bits ^ (e->has_timestamp ? hash_u64((uint64_t)e->timestamp_ms) : 0)) | 1;
}

static void stage_exemplar(struct ingest *g, struct series *s, const struct exemplar *e, int64_t ms)
{
	uint64_t hash = exemplar_hash(e);
	struct series_extra *extra = series_extra(&g->memory->series, s);
	if (extra->exemplar == hash || (extra->exemplar && ms <= extra->exemplar_ms))
		return; /* targets show the same one until there is another */
	INGEST_MORE(g->exemplars, g->exemplar_count, g->exemplar_room);
	g->exemplars[g->exemplar_count++] = (struct staged_exemplar){ g->bytes.n, e->raw.n, e->value, ms };
	buf_str(&g->bytes, e->raw);
	extra->exemplar = hash;
	extra->exemplar_ms = ms;
}

/* Those of a native histogram come in no order, and without a timestamp they cannot be told from the ones of the last scrape. */
static void stage_exemplars(struct ingest *g, struct series *s, const struct exposition *x)
{
	struct exemplar *at = x->exemplars;
	size_t n = 0;
	for (size_t i = 0; i < x->exemplar_count; i++) {
		struct exemplar e = at[i];
		if (!e.is_there || !e.has_timestamp)
			continue;
		size_t place = n++;
		for (; place && at[place - 1].timestamp_ms > e.timestamp_ms; place--)
			at[place] = at[place - 1];
		at[place] = e;
	}
	for (size_t i = 0; i < n; i++)
		stage_exemplar(g, s, &at[i], at[i].timestamp_ms);
}

static uint32_t stage_side(struct ingest *g, struct series *s, const struct exposition *x, bool is_histogram, bool has_time, int64_t ms)
{
	struct staged_side side = { .ms = ms, .has_time = has_time, .is_histogram = is_histogram, .exemplar_at = (uint32_t)g->exemplar_count };
	if (is_histogram) {
		side.histogram_at = g->bytes.n;
		side.histogram_n = x->histogram.n;
		buf_str(&g->bytes, x->histogram);
		stage_exemplars(g, s, x);
	} else if (x->exemplar.is_there) {
		stage_exemplar(g, s, &x->exemplar, x->exemplar.has_timestamp ? x->exemplar.timestamp_ms : ms);
	}
	side.exemplar_count = (uint32_t)(g->exemplar_count - side.exemplar_at);
	if (!is_histogram && !has_time && !side.exemplar_count)
		return 0;
	INGEST_MORE(g->sides, g->side_count, g->side_room);
	g->sides[g->side_count++] = side;
	return (uint32_t)g->side_count;
}

/* Whether a sample that relabelling left is appended; else it is counted under its reason. */
static bool admit(struct ingest *g, bool is_again, int64_t ms)
{
	if (is_again) {
		g->counters.duplicate_samples++;
		return false;
	}
	if (g->rules->sample_limit && ++g->counted > g->rules->sample_limit) {
		g->is_over_limit = true;
		return false;
	}
	if (ms > g->ms + INGEST_AHEAD_MS) {
		g->counters.out_of_bounds++;
		return false;
	}
	return true;
}

static void stage(struct ingest *g, uint32_t row, const struct exposition *x, bool is_histogram, struct ingest_result *result)
{
	struct series_cache *c = &g->memory->series;
	struct series *s = &c->rows[row];
	bool has_time = x->has_timestamp && g->rules->honor_timestamps;
	int64_t ms = has_time ? x->timestamp_ms : g->ms;
	bool is_new = s->seen == 0 || s->seen < c->succeeded, is_again = s->seen == c->scrape && !has_time;
	s->seen = c->scrape;
	result->kept++;
	if (!admit(g, is_again, ms))
		return;
	result->series_added += is_new && !g->is_over_limit;
	if (x->start_ms)
		ingest_start(g, s, x->start_ms);
	uint32_t side = 0;
	if (is_histogram || has_time || x->exemplar.is_there)
		side = stage_side(g, s, x, is_histogram, has_time, ms);
	INGEST_MORE(g->staged, g->staged_count, g->staged_room);
	g->staged[g->staged_count++] = (struct staged){ row, side, x->value_bits };
}

/* The family of a known series says something else now, or is known now: it is defined once more. */
static void adopt_family(struct ingest *g, struct series *s, const struct exposition *x)
{
	struct str name = str_take(x->series, str_find(x->series, '{'));
	uint32_t family = family_of(g, x, name);
	if (!family)
		return;
	s->family = family;
	if (!(s->flags & SERIES_ALIAS))
		s->id = 0;
}

/* Beyond the limit the rest is only counted: what is not appended needs no memory. */
static bool count_only(struct ingest *g, const struct exposition *x, struct ingest_result *result)
{
	enum sample_verdict verdict = sample_labels_make(&g->labels, g->rules, x->series, x->family.type, result->error);
	result->total++;
	result->kept += verdict == SAMPLE_KEPT;
	return verdict == SAMPLE_KEPT || verdict == SAMPLE_DROPPED;
}

static bool take(struct ingest *g, const struct exposition *x, bool is_histogram, struct ingest_result *result)
{
	struct series_cache *c = &g->memory->series;
	uint32_t expected = g->last_row == SERIES_NONE ? 0 : c->rows[g->last_row].next;
	uint32_t row = series_find(c, x->series, expected);
	bool is_new = row == SERIES_NONE;
	if (is_new && g->is_over_limit)
		return count_only(g, x, result);
	if (is_new)
		row = learn(g, x, result->error);
	if (row == SERIES_NONE) {
		result->total++;
		return false;
	}
	if (row != expected && g->last_row != SERIES_NONE)
		c->rows[g->last_row].next = row;
	g->last_row = row;
	struct series *s = &c->rows[row];
	if (g->is_family_new && !is_new)
		adopt_family(g, s, x);
	if (s->flags & SERIES_CREATED) {
		s->seen = c->scrape;
		ingest_created(g, s, x, is_new);
		return true;
	}
	if (is_histogram && g->rules->no_histograms)
		return true;
	result->total++;
	if (s->flags & SERIES_DROPPED) {
		s->seen = c->scrape;
		return true;
	}
	if (s->flags & SERIES_ALIAS) {
		s->seen = c->scrape;
		row = s->id;
	}
	stage(g, row, x, is_histogram, result);
	return true;
}

static bool read_all(struct ingest *g, enum exposition_format format, struct str body, struct ingest_result *result)
{
	struct exposition x;
	enum exposition_item item;
	bool is_good = true;
	exposition_init(&x, format, body);
	while (is_good && (item = exposition_next(&x)) > EXPOSITION_END) {
		if (item == EXPOSITION_FAMILY) {
			g->is_family_open = true;
			continue;
		}
		if (g->is_family_open)
			open_family(g, &x);
		is_good = take(g, &x, item == EXPOSITION_HISTOGRAM, result);
	}
	if (is_good && item == EXPOSITION_BAD) {
		snprintf(result->error, sizeof result->error, "%s", x.error);
		is_good = false;
	}
	exposition_fini(&x);
	ingest_close_family(g);
	if (is_good && g->is_over_limit) {
		g->counters.exceeded_sample_limit++;
		snprintf(result->error, sizeof result->error, "sample limit exceeded (limit: %llu)", (unsigned long long)g->rules->sample_limit);
		is_good = false;
	}
	if (is_good && g->bytes.is_full) {
		snprintf(result->error, sizeof result->error, "histograms and exemplars of more than 256 MiB");
		is_good = false;
	}
	return is_good;
}

/* Families that come and go: the table is begun again, and series learn from the next scrape what they belong to. */
static void settle_metadata(struct ingest *g)
{
	struct ingest_memory *m = g->memory;
	if (!metadata_is_stale(&m->metadata, m->series.scrape))
		return;
	metadata_fini(&m->metadata);
	for (uint32_t i = 0; i < m->series.count; i++)
		m->series.rows[i].family = 0;
}

bool ingest_body(struct ingest *g, enum exposition_format format, struct str body, struct ingest_result *result)
{
	struct series_cache *c = &g->memory->series;
	stage_begin(g);
	bool is_good = read_all(g, format, body, result);
	if (!is_good) {
		settle_metadata(g); /* texts that differ at each scrape which then fails would fill the memory */
		ingest_stale(g);
		return false;
	}
	ingest_write(g);
	ingest_mark_stale(g);
	uint32_t before = c->count;
	series_settle(c, true);
	g->gone += before - c->count;
	settle_metadata(g);
	return true;
}

void ingest_stale(struct ingest *g)
{
	series_begin(&g->memory->series); /* a scrape that nobody is in */
	ingest_mark_stale(g);
	series_settle(&g->memory->series, false);
}

int ingest_end(struct ingest *g)
{
	ingest_flush(g, 1);
	if (g->spool_error) { /* definitions may have been lost with the frame, those of everybody's reports among them */
		forget_ids(g->memory);
		g->segment = 0;
	}
	return g->spool_error;
}
