/* Writing. Samples of known series become runs of eight bytes each. A series without a number gets one here, with its labels, which are
 * made out of its text for the moment of writing.
 *
 * The end of a series is told by a sample with the one NaN that means it. It is told for series whose samples carry the time of the
 * scrape; one with timestamps of its own may simply not have been updated. */
#include "agent/scrape/ingest_parts.h"

#include <stdio.h>


enum { EXEMPLAR_CHARACTERS_MAX = 128 };

void ingest_flush(struct ingest *g, size_t at_least_bytes)
{
	if (g->writer.frame.n < at_least_bytes)
		return;
	uint64_t samples = g->writer.samples;
	struct str payload = journal_end(&g->writer);
	/* What follows a frame that is lost names series that were defined in it, and would lie in a segment that does not know them. */
	if (payload.n && !g->spool_error) {
		spool_defined(g->spool, g->defined_bytes);
		g->spool_error = spool_append(g->spool, payload, samples);
		g->counters.spool_errors += g->spool_error < 0;
		g->counters.samples_appended += g->spool_error < 0 ? 0 : samples;
	}
	g->defined_bytes = 0;
	journal_begin(&g->writer);
}

static bool is_cumulative(const struct ingest_memory *m, uint32_t family)
{
	if (family == 0 || family > m->metadata.count)
		return false;
	enum metric_type type = m->metadata.rows[family - 1].type;
	return type == METRIC_COUNTER || type == METRIC_HISTOGRAM || type == METRIC_SUMMARY;
}

void ingest_define(struct ingest *g, uint32_t row)
{
	struct ingest_memory *m = g->memory;
	struct series *s = &m->series.rows[row];
	char why[256];
	if (s->id)
		return;
	/* It was kept when it was met; rules do not change while they are in use. */
	enum metric_type type = s->family && s->family <= m->metadata.count ? m->metadata.rows[s->family - 1].type : METRIC_UNKNOWN;
	if (sample_labels_make(&g->labels, g->rules, series_text(&m->series, s), type, why) == SAMPLE_DROPPED)
		return;
	sample_labels_add_external(&g->labels, g->rules);
	size_t before = g->writer.frame.n;
	uint32_t metadata = metadata_define(&m->metadata, s->family, &g->writer, &g->next_metadata);
	s->id = ++g->next_series;
	journal_series(&g->writer, s->id, metadata, &g->labels.all);
	g->defined_bytes += g->writer.frame.n - before;
	struct series_extra *extra = s->extra ? series_extra(&m->series, s) : NULL;
	int64_t start_ms = extra ? extra->start_ms : 0;
	if (!start_ms && g->rules->start_ms && is_cumulative(m, s->family))
		start_ms = g->rules->start_ms;
	if (start_ms)
		journal_start(&g->writer, s->id, start_ms);
	if (extra)
		extra->start_is_new = false;
}

static size_t characters(const struct labels *labels)
{
	size_t n = 0;
	for (size_t i = 0; i < labels->count; i++)
		for (int part = 0; part < 2; part++) {
			struct str s = part ? labels->at[i].value : labels->at[i].name;
			for (size_t k = 0; k < s.n; k++)
				n += ((unsigned char)s.p[k] & 0xc0) != 0x80;
		}
	return n;
}

static void write_exemplars(struct ingest *g, uint32_t id, const struct staged_side *side)
{
	for (uint32_t i = 0; i < side->exemplar_count; i++) {
		const struct staged_exemplar *e = &g->exemplars[side->exemplar_at + i];
		struct str raw = { g->bytes.p + e->raw_at, e->raw_n };
		const char *why;
		labels_reset(&g->exemplar.all);
		if (g->exemplar.arena.used_bytes > 1 << 16)
			arena_fini(&g->exemplar.arena);
		/* Longer ones are refused by receivers, and with them the request. */
		if (!exposition_labels(raw, &g->exemplar.all, &g->exemplar.arena, &why) ||
		    characters(&g->exemplar.all) > EXEMPLAR_CHARACTERS_MAX)
			continue;
		journal_exemplar(&g->writer, id, &g->exemplar.all, e->value, e->ms);
		g->counters.exemplars_appended++;
	}
}

/* A timestamp of its own must be newer than the last: what a target repeats until it has something new is the same sample. */
static bool is_newer(struct ingest *g, struct series *s, const struct staged_side *side)
{
	if (!side->has_time)
		return true;
	struct series_extra *extra = series_extra(&g->memory->series, s);
	if (extra->last_ms && side->ms <= extra->last_ms) {
		g->counters.duplicate_samples += side->ms == extra->last_ms;
		g->counters.out_of_bounds += side->ms < extra->last_ms;
		return false;
	}
	extra->last_ms = side->ms;
	return true;
}

static void write_one(struct ingest *g, const struct staged *staged)
{
	const struct staged_side *side = staged->side ? &g->sides[staged->side - 1] : NULL;
	struct series *s = &g->memory->series.rows[staged->row];
	if (side && !is_newer(g, s, side)) {
		if (s->live && g->rules->track_timestamps_staleness)
			series_track(&g->memory->series, s);
		return;
	}
	if (!s->id)
		ingest_define(g, staged->row);
	if (!s->id)
		return;
	if (s->extra && g->memory->series.extras[s->extra - 1].start_is_new) {
		struct series_extra *extra = series_extra(&g->memory->series, s);
		journal_start(&g->writer, s->id, extra->start_ms);
		extra->start_is_new = false;
	}
	journal_time(&g->writer, side ? side->ms : g->ms);
	if (side)
		write_exemplars(g, s->id, side);
	if (side && side->is_histogram)
		journal_histogram(&g->writer, s->id, (struct str){ g->bytes.p + side->histogram_at, side->histogram_n });
	else
		journal_sample(&g->writer, s->id, staged->value_bits);
	if (!side || !side->has_time || g->rules->track_timestamps_staleness)
		series_track(&g->memory->series, s);
}

void ingest_write(struct ingest *g)
{
	for (size_t i = 0; i < g->staged_count; i++) {
		write_one(g, &g->staged[i]);
		ingest_flush(g, JOURNAL_FRAME_BYTES);
	}
}

void ingest_mark_stale(struct ingest *g)
{
	struct series_cache *c = &g->memory->series;
	for (uint32_t row = 0; c->live > c->tracked && row < c->count; row++) {
		struct series *s = &c->rows[row];
		if (!s->live || s->live == c->scrape)
			continue;
		s->live = 0;
		c->live--;
		if (s->extra && series_extra(c, s)->last_ms >= g->ms)
			continue; /* it is ahead of the clock: nothing can be said of it yet */
		ingest_define(g, row);
		if (!s->id)
			continue;
		journal_time(&g->writer, g->ms);
		journal_sample(&g->writer, s->id, STALE_NAN_BITS);
		g->counters.stale_markers++;
		ingest_flush(g, JOURNAL_FRAME_BYTES);
	}
}

/* ---- up and its like ---- */

static const struct report {
	struct str name, help, unit;
} reports[INGEST_REPORTS] = {
	{ STR("up"), STR("Health of the scrape target. 1 means the target is healthy, 0 if the scrape failed."), STR("targets") },
	{ STR("scrape_duration_seconds"), STR("Duration of the last scrape in seconds."), STR("seconds") },
	{ STR("scrape_samples_scraped"), STR("Number of samples last scraped."), STR("samples") },
	{ STR("scrape_samples_post_metric_relabeling"), STR("Number of samples remaining after metric relabeling was applied."), STR("samples") },
	{ STR("scrape_series_added"), STR("Number of series in the last scrape."), STR("series") },
};

static void define_report(struct ingest *g, size_t i)
{
	struct labels *all = &g->labels.all;
	if (g->memory->reports[i])
		return;
	if (!g->report_metadata[i]) {
		g->report_metadata[i] = ++g->next_metadata;
		journal_metadata(&g->writer, g->report_metadata[i], METRIC_GAUGE, reports[i].name, reports[i].help, reports[i].unit);
	}
	labels_reset(all);
	labels_set(all, STR("__name__"), reports[i].name);
	for (size_t k = 0; k < g->rules->target->count; k++)
		labels_set(all, g->rules->target->at[k].name, g->rules->target->at[k].value);
	sample_labels_add_external(&g->labels, g->rules);
	g->memory->reports[i] = ++g->next_series;
	journal_series(&g->writer, g->memory->reports[i], g->report_metadata[i], all);
}

static void write_reports(struct ingest *g, const uint64_t values[INGEST_REPORTS])
{
	for (size_t i = 0; i < INGEST_REPORTS; i++)
		define_report(g, i);
	journal_time(&g->writer, g->ms);
	for (size_t i = 0; i < INGEST_REPORTS; i++)
		journal_sample(&g->writer, g->memory->reports[i], values[i]);
}

void ingest_report(struct ingest *g, bool is_up, double duration_s, const struct ingest_result *result)
{
	const double values[INGEST_REPORTS] = { is_up ? 1 : 0, duration_s, (double)result->total, (double)result->kept,
						(double)result->series_added };
	uint64_t bits[INGEST_REPORTS];
	memcpy(bits, values, sizeof bits);
	write_reports(g, bits);
}

void ingest_report_stale(struct ingest *g)
{
	uint64_t bits[INGEST_REPORTS];
	for (size_t i = 0; i < INGEST_REPORTS; i++)
		bits[i] = STALE_NAN_BITS;
	write_reports(g, bits);
	g->counters.stale_markers += INGEST_REPORTS;
}
