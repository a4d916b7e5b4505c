/* When positions go to disk, and what is worth keeping: generations that are not finished, and the newest of each log (so that
 * older files are known to be read). A snapshot every sync_period, written beside and synced; between two of them the rows that
 * an answer has moved are added at its end at once: after a kill next to nothing is sent again, because Loki drops a repeat only
 * while the first is in the newest block of its stream. Written by the worker: a disk that takes seconds must not stop reading. */
#include <errno.h>
#include <stdio.h>

#include "agent/log.h"
#include "agent/tail/positions.h"
#include "agent/tail/tail.h"

enum { LATE_SECONDS = 3600 };
static const int64_t MS = 1000000, SECOND = 1000000000;
static const int64_t JOURNAL_DELAY_NS = 2 * 1000000; /* so that one write takes all marks of an answer */

struct checkpoint_row positions_row(const struct tail *t, const struct generation *g, int64_t now_s)
{
	struct checkpoint_row row = { .log = str_of(g->source->path),
				      .name = str_of(g->name),
				      .identity = g->identity,
				      .size_bytes = g->size_bytes,
				      .seen_s = now_s,
				      .job = g->source->job,
				      .target = g->source->target,
				      .position_count = t->o.lane_count };
	for (size_t lane = 0; lane < t->o.lane_count; lane++)
		row.positions[lane] = (struct checkpoint_position){ t->o.lanes[lane], g->cursors[lane].acked };
	return row;
}

static void put_generation(struct tail *t, struct buf *out, struct generation *g, int64_t now_s)
{
	g->is_unsaved = false;
	struct checkpoint_row row = positions_row(t, g, now_s);
	checkpoint_put(out, &row);
}

bool positions_is_worth_keeping(const struct generation *g)
{
	return (!g->is_abandoned || g->source->is_packed) && (source_is_anchor(g) || !generation_is_finished(g));
}

/* ---- frozen labels ---- */

static bool is_of(const struct want *w, const struct want *other)
{
	return other->is_frozen && other->job == w->job && str_eq(other->base, w->base);
}

static void put_want(struct buf *out, const struct folder *f, const struct want *w, int64_t now_s)
{
	char log[4096];
	struct checkpoint_labels labels = { .job = w->job->config->job_name, .rules = w->job->rules.hash, .is_moved = w->is_moved, .seen_s = now_s,
					    .at = w->labels.at, .label_count = w->labels.count };
	for (const struct want *other = f->wants; other; other = other->next) {
		labels.count += is_of(w, other);
		labels.number += other == w ? labels.count - 1 : 0;
	}
	int n = snprintf(log, sizeof log, "%s/" STR_FMT, f->path, STR_ARG(w->base));
	labels.log = (struct str){ log, n > 0 && n < (int)sizeof log ? (size_t)n : 0 };
	if (labels.log.n)
		checkpoint_put_labels(out, &labels);
}

/* All of them, or those that are not on disk; how many. Without `out` they are only counted. */
static size_t put_labels(struct tail *t, struct buf *out, bool all, int64_t now_s)
{
	size_t rows = 0;
	for (struct folder *f = t->folders; f; f = f->next)
		for (struct want *w = f->wants; w; w = w->next) {
			if (!w->is_frozen || w->state != WANT_READ || !(all || w->is_unsaved))
				continue;
			rows++;
			if (!out)
				continue;
			put_want(out, f, w, now_s);
			w->is_unsaved = false;
		}
	return rows;
}

/* Of logs that were not seen yet in this life. */
static void keep_labels(struct tail *t, int64_t now_s)
{
	struct checkpoint_labels *labels;
	for (size_t i = 0; (labels = map_next(&t->checkpoint.labels, &i));)
		for (; labels; labels = labels->next)
			if (!labels->is_used && now_s - labels->seen_s < LATE_SECONDS)
				checkpoint_put_labels(&t->save_bytes, labels);
}

/* ---- a snapshot ---- */

/* A log that was not seen yet in this life (a mount that comes late): its positions are kept for an hour, then what was not read
 * of it is counted as lost. */
static void keep_or_give_up(struct tail *t, struct checkpoint_row *row, int64_t now_s)
{
	if (now_s - row->seen_s < LATE_SECONDS) {
		checkpoint_put(&t->save_bytes, row);
		return;
	}
	if (!row->is_parked)
		t->o.counters->bytes_lost[LOST_ROTATED_WHILE_DOWN] += checkpoint_unread(row);
	row->is_adopted = true;
}

static void render(struct tail *t)
{
	int64_t now_s = loop_wall_ns(t->o.loop) / SECOND;
	checkpoint_begin(&t->save_bytes);
	checkpoint_expire(&t->checkpoint, now_s - LATE_SECONDS);
	keep_labels(t, now_s);
	put_labels(t, &t->save_bytes, true, now_s);
	for (struct folder *f = t->folders; f; f = f->next)
		for (struct source *s = f->sources; s; s = s->next)
			for (struct generation *g = s->oldest; g; g = g->next)
				if (positions_is_worth_keeping(g))
					put_generation(t, &t->save_bytes, g, now_s);
				else
					g->is_unsaved = false; /* that it is not in the snapshot says it all */
	for (size_t i = 0; i < t->checkpoint.logs.room; i++)
		for (struct checkpoint_row *row = t->checkpoint.logs.slots[i].value; row; row = row->next)
			if (!row->is_adopted)
				keep_or_give_up(t, row, now_s);
}

static void save_on_worker(void *ctx)
{
	struct tail *t = ctx;
	t->save_error = os_replace_file(t->o.checkpoint_path, buf_view(&t->save_bytes));
}

static void on_saved(void *ctx)
{
	struct tail *t = ctx;
	t->is_saving = false;
	t->has_positions_file |= t->save_error >= 0;
	t->o.counters->checkpoint_writes++;
	if (t->save_error < 0) {
		t->o.counters->checkpoint_errors++;
		t->is_dirty = true;
		LOG_ERROR("%s: positions could not be saved: %s; logs go on, but a restart now would repeat lines: free space or fix the permissions",
			  t->o.checkpoint_path, strerror(-t->save_error));
	}
}

static void save(struct tail *t)
{
	if (!t->o.is_state_usable || t->is_saving || !t->is_dirty)
		return;
	t->is_dirty = t->needs_snapshot = false;
	render(t);
	t->is_saving = worker_run(t->o.worker, save_on_worker, on_saved, t);
	if (!t->is_saving)
		t->is_dirty = true;
}

/* ---- the journal ---- */

static void append_on_worker(void *ctx)
{
	struct tail *t = ctx;
	t->journal_error = os_append_file(t->o.checkpoint_path, buf_view(&t->journal_bytes));
}

static void on_appended(void *ctx)
{
	struct tail *t = ctx;
	t->is_saving = false;
	if (t->journal_error < 0)
		t->has_positions_file = false; /* the next snapshot makes it anew, or says why it cannot */
	else
		tail_forget_over(t);
}

/* Rows that have moved, into out, or only their number. */
static size_t put_unsaved(struct tail *t, struct buf *out, int64_t now_s)
{
	size_t rows = 0;
	for (struct folder *f = t->folders; f; f = f->next)
		for (struct source *s = f->sources; s; s = s->next)
			for (struct generation *g = s->oldest; g; g = g->next) {
				if (!g->is_unsaved || (g->is_abandoned && !s->is_packed))
					continue;
				rows++;
				if (out)
					put_generation(t, out, g, now_s);
			}
	return rows;
}

static void on_journal(void *ctx)
{
	struct tail *t = ctx;
	int64_t now_s = loop_wall_ns(t->o.loop) / SECOND;
	if (t->is_saving) {
		positions_changed(t);
		return;
	}
	if (!t->has_positions_file || t->needs_snapshot) {
		save(t);
		return;
	}
	buf_reset(&t->journal_bytes);
	size_t rows = put_labels(t, NULL, false, now_s) + put_unsaved(t, NULL, now_s);
	if (rows)
		checkpoint_batch(&t->journal_bytes, rows);
	put_labels(t, &t->journal_bytes, false, now_s);
	put_unsaved(t, &t->journal_bytes, now_s);
	t->is_saving = t->journal_bytes.n && worker_run(t->o.worker, append_on_worker, on_appended, t);
}

void positions_changed(struct tail *t)
{
	if (t->o.is_state_usable && !t->journal_timer.place)
		loop_arm(t->o.loop, &t->journal_timer, loop_now_ns(t->o.loop) + JOURNAL_DELAY_NS, on_journal, t);
}

static void on_save(void *ctx)
{
	struct tail *t = ctx;
	save(t);
	loop_arm(t->o.loop, &t->save_timer, loop_now_ns(t->o.loop) + t->o.config->logs.positions.sync_period_ms * MS, on_save, t);
}

void tail_save(struct tail *t)
{
	worker_wait(t->o.worker);
	t->is_dirty = true;
	save(t);
	worker_wait(t->o.worker);
}

void tail_start_saving(struct tail *t)
{
	loop_arm(t->o.loop, &t->save_timer, loop_now_ns(t->o.loop) + t->o.config->logs.positions.sync_period_ms * MS, on_save, t);
}

int tail_load_positions(struct tail *t, char err[256])
{
	int error = t->o.is_state_usable ? checkpoint_load(&t->checkpoint, t->o.checkpoint_path) : 0;
	if (error == -EPROTONOSUPPORT)
		snprintf(err, 256, "%s was written by a newer version of spoor: start that one, or move the file away (lines would be sent again)",
			 t->o.checkpoint_path);
	if (t->checkpoint.damaged)
		LOG_WARN("%s: %zu damaged entries; those logs are read again from their start", t->o.checkpoint_path, t->checkpoint.damaged);
	return error == -EPROTONOSUPPORT ? -1 : 0;
}
