/* Rows of jobs and destinations that the configuration does not name now are kept for a month: somebody may have taken a destination out
 * for an afternoon. */
#include "agent/journal/journal_saver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/log.h"
#include "agent/os.h"

enum { FILE_CAP_BYTES = 16 << 20 };
static const int64_t MS = 1000000, SECOND = 1000000000, FOREIGN_S = 30 * 86400;
static const int64_t APPEND_DELAY_NS = 2 * 1000000; /* so that one write takes all marks of an answer */

static void on_append(void *ctx);

static void render(struct journal_saver *s)
{
	int64_t now_s = loop_wall_ns(s->loop) / SECOND;
	journal_places_begin(&s->snapshot);
	for (size_t i = 0; i < s->places.count; i++) {
		struct journal_place_row *row = &s->places.rows[i];
		s->is_moved[i] = false;
		if (row->is_taken)
			row->seen_s = now_s;
		if (now_s - row->seen_s < FOREIGN_S)
			journal_places_put(&s->snapshot, row);
	}
}

static void save_on_worker(void *ctx)
{
	struct journal_saver *s = ctx;
	s->error = os_replace_file(s->path, buf_view(&s->snapshot));
}

static void on_saved(void *ctx)
{
	struct journal_saver *s = ctx;
	s->is_busy = false;
	s->has_file |= s->error >= 0;
	s->counters->checkpoint_writes++;
	if (s->error >= 0)
		return;
	s->counters->checkpoint_errors++;
	s->is_dirty = true;
	LOG_ERROR("%s: the journal's positions could not be saved: %s; reading goes on, but a restart now would repeat lines: free space or fix the "
		  "permissions", s->path, strerror(-s->error));
}

static void save(struct journal_saver *s)
{
	if (!s->path[0] || s->is_busy || !s->is_dirty)
		return;
	s->is_dirty = false;
	render(s);
	s->is_busy = worker_run(s->worker, save_on_worker, on_saved, s);
	if (!s->is_busy)
		s->is_dirty = true;
}

static void append_on_worker(void *ctx)
{
	struct journal_saver *s = ctx;
	s->error = os_append_file(s->path, buf_view(&s->rows));
}

static void on_appended(void *ctx)
{
	struct journal_saver *s = ctx;
	s->is_busy = false;
	if (s->error < 0)
		s->has_file = false; /* the next snapshot makes it anew, or says why it cannot */
}

static void append_soon(struct journal_saver *s)
{
	if (s->path[0] && !s->append_timer.place)
		loop_arm(s->loop, &s->append_timer, loop_now_ns(s->loop) + APPEND_DELAY_NS, on_append, s);
}

static void on_append(void *ctx)
{
	struct journal_saver *s = ctx;
	if (s->is_busy) {
		append_soon(s);
		return;
	}
	if (!s->has_file) {
		save(s);
		if (!s->is_busy) /* the worker is at something else */
			append_soon(s);
		return;
	}
	buf_reset(&s->rows);
	for (size_t i = 0; i < s->places.count; i++)
		if (s->is_moved[i])
			journal_places_put(&s->rows, &s->places.rows[i]);
	s->is_busy = s->rows.n && worker_run(s->worker, append_on_worker, on_appended, s);
	for (size_t i = 0; s->is_busy && i < s->places.count; i++)
		s->is_moved[i] = false;
	if (s->rows.n && !s->is_busy)
		append_soon(s);
}

static void on_snapshot(void *ctx)
{
	struct journal_saver *s = ctx;
	save(s);
	loop_arm(s->loop, &s->snapshot_timer, loop_now_ns(s->loop) + s->period_ns, on_snapshot, s);
}

int journal_saver_start(struct journal_saver *s, struct loop *loop, struct worker *worker, struct counters *counters, const char *path,
	int64_t period_ms, char err[256])
{
	*s = (struct journal_saver){ .loop = loop, .worker = worker, .counters = counters, .period_ns = period_ms * MS };
	buf_init(&s->snapshot, FILE_CAP_BYTES);
	buf_init(&s->rows, FILE_CAP_BYTES);
	if (path && snprintf(s->path, sizeof s->path, "%s", path) >= (int)sizeof s->path) {
		snprintf(err, 256, "the name of the journal's positions file is too long: %.100s...", path);
		return -1;
	}
	int error = s->path[0] ? journal_places_load(&s->places, s->path) : 0;
	if (error == -EPROTONOSUPPORT) {
		snprintf(err, 256, "%.100s was written by a newer version of spoor: start that one, or move the file away (lines would be sent again)",
			 s->path);
		s->path[0] = '\0';
		return -1;
	}
	if (s->places.damaged)
		LOG_WARN("%s: %zu damaged entries; those jobs begin again at max_age", s->path, s->places.damaged);
	if (s->path[0])
		loop_arm(loop, &s->snapshot_timer, loop_now_ns(loop) + s->period_ns, on_snapshot, s);
	return 0;
}

void journal_saver_stop(struct journal_saver *s)
{
	if (!s->loop)
		return;
	worker_wait(s->worker);
	save(s);
	worker_wait(s->worker);
	loop_disarm(s->loop, &s->snapshot_timer);
	loop_disarm(s->loop, &s->append_timer);
	journal_places_fini(&s->places);
	free(s->is_moved);
	buf_fini(&s->snapshot);
	buf_fini(&s->rows);
	*s = (struct journal_saver){ 0 };
}

size_t journal_saver_row(struct journal_saver *s, struct str job, struct str destination, bool *was_there)
{
	struct journal_place_row row = { .job = job, .destination = destination }, *found = journal_places_find(&s->places, job, destination);
	*was_there = found != NULL;
	if (!found)
		found = journal_places_add(&s->places, &row);
	found->is_taken = true;
	s->is_moved = realloc(s->is_moved, s->places.count * sizeof *s->is_moved);
	if (!s->is_moved)
		abort();
	memset(s->is_moved, 0, s->places.count * sizeof *s->is_moved);
	s->is_dirty = true;
	append_soon(s);
	return (size_t)(found - s->places.rows);
}

void journal_saver_move(struct journal_saver *s, size_t row, const char *cursor)
{
	snprintf(s->places.rows[row].cursor, sizeof s->places.rows[row].cursor, "%s", cursor);
	s->places.rows[row].seen_s = loop_wall_ns(s->loop) / SECOND;
	s->is_moved[row] = s->is_dirty = true;
	append_soon(s);
}
