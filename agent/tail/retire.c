/* A log that nobody wants any more, because a target went away while its files stay: what was written up to now is read and delivered, as
 * if the files were deleted at this moment, and its progress is parked in the checkpoint. When the same target comes back, or its job has
 * another label for it, reading goes on there. A new reader of the same job waits until the old one has parked. */
#include "agent/tail/retire.h"

#include <stdlib.h>

#include "agent/tail/positions.h"
#include "agent/tail/tail.h"

static const int64_t LOOK_NS = 500 * 1000000ll;

static void on_retire_timer(void *ctx);

void retire_soon(struct tail *t)
{
	if (!t->retire_timer.place)
		loop_arm(t->o.loop, &t->retire_timer, loop_now_ns(t->o.loop), on_retire_timer, t);
}

/* Reading goes to where the file ends now. What cannot be opened has no more to say. */
static void set_limit(struct tail *t, struct generation *g)
{
	struct os_file st;
	if (g->fd < 0 && !g->is_abandoned && !generation_is_finished(g) && folder_open(g, false) < 0)
		tail_abandon(t, g, LOST_DELETED_UNREAD, 0);
	g->limit_bytes = g->fd >= 0 && os_stat_fd(g->fd, &st) >= 0 ? st.size_bytes : 0;
	for (size_t lane = 0; lane < g->lanes; lane++) {
		struct cursor *c = &g->cursors[lane];
		g->limit_bytes = c->read > g->limit_bytes ? c->read : g->limit_bytes;
		c->is_at_end = g->is_abandoned || g->fd < 0;
	}
	if (g->is_gz)
		g->limit_bytes = UINT64_MAX; /* it is what it is, and its size counts other bytes */
	g->is_gone = true;
	g->must_wait = g->is_seen = false;
}

/* Takes it out of everything and frees it. */
static void remove_source(struct tail *t, struct source *s)
{
	struct folder *f = s->folder;
	while (s->oldest)
		tail_forget_generation(t, s->oldest);
	for (size_t lane = 0; lane < s->lanes; lane++)
		tail_unqueue(t, s, lane);
	source_leave(s);
	struct source **at = &f->sources;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	source_free(s);
	t->sources--;
	t->is_dirty = true;
	f->needs_scan = true; /* another reader may have waited for it */
}

void retire_source(struct tail *t, struct source *s)
{
	if (s->is_retired)
		return;
	if (s->is_waiting) { /* not a byte was read */
		remove_source(t, s);
		return;
	}
	s->is_retired = true;
	s->is_listed = false;
	s->want = NULL;
	if (!s->folder->is_pod)
		s->namespace_ = s->pod = s->container = (struct str){ 0 };
	for (struct generation *g = s->oldest; g; g = g->next)
		set_limit(t, g);
	tail_queue_all(t, s);
	t->o.readable(t->o.ctx);
	retire_soon(t);
}

static bool is_drained(const struct source *s)
{
	if (source_is_holding(s)) /* it goes out at the next turn */
		return false;
	for (const struct generation *g = s->oldest; g; g = g->next)
		for (size_t lane = 0; lane < g->lanes; lane++)
			if (!g->is_abandoned && (!g->cursors[lane].is_at_end || g->cursors[lane].marks))
				return false;
			else if (g->cursors[lane].marks)
				return false;
	return true;
}

static void park(struct tail *t, struct source *s)
{
	for (struct generation *g = s->oldest; g; g = g->next) {
		struct checkpoint_row row = positions_row(t, g, loop_wall_ns(t->o.loop) / 1000000000);
		if (positions_is_worth_keeping(g))
			checkpoint_park(&t->checkpoint, &row);
		/* Pieces of a line that will not be ended here: the other lanes may have counted more of them. */
		for (size_t lane = 0; lane < g->lanes; lane++) {
			if (g->cursors[lane].ahead_lines)
				t->o.lines_lost(t->o.ctx, lane, g->cursors[lane].ahead_lines);
			g->cursors[lane].ahead_lines = 0;
		}
	}
}

static bool retire_in(struct tail *t, struct folder *f)
{
	bool is_left = false;
	for (struct source *s = f->sources, *next; s; s = next) {
		next = s->next;
		if (!s->is_retired)
			continue;
		if (!is_drained(s)) {
			is_left = true;
			if (source_is_holding(s)) /* perhaps all that is left: nothing else would give it a turn */
				tail_queue_all(t, s);
			continue;
		}
		park(t, s);
		remove_source(t, s);
	}
	return is_left;
}

static void on_retire_timer(void *ctx)
{
	struct tail *t = ctx;
	bool is_left = false, is_freed = false;
	for (struct folder *f = t->folders; f; f = f->next) {
		is_left |= retire_in(t, f);
		is_freed |= f->needs_scan;
	}
	if (is_freed)
		tail_look(t);
	if (is_left)
		t->o.readable(t->o.ctx);
	if (is_left)
		loop_arm(t->o.loop, &t->retire_timer, loop_now_ns(t->o.loop) + LOOK_NS, on_retire_timer, t);
}
