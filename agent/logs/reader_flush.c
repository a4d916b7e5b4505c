/* What was begun and does not come to its end: pieces of a line whose last one is not written, lines that stages hold for a continuation.
 * Both go out as they are, when nothing more can be read just now and they have waited long enough, or when the rest cannot come any more. */
#include "agent/logs/reader_turn.h"

static const int64_t FLUSH_RETRY_NS = 200 * 1000000, PIECE_WAIT_NS = 30 * 1000000000ll; /* a container that ended without a line feed leaves a P and no F */

/* Pieces whose end does not come: the container is gone, or has been silent for long. */
static void flush_pieces(struct turn *t)
{
	struct lane_state *state = &t->s->lane[t->lane_index];
	int64_t now = loop_now_ns(t->r->o.lanes->o.loop);
	for (int i = 0; i < 2; i++) {
		if (!has_open_join(t, i) || !t->s->newest || t->s->is_retired) /* who reads it later may get the rest */
			continue;
		if (!t->s->folder->is_gone && now - state->joined_since_ns[i] < PIECE_WAIT_NS)
			continue;
		t->c = &t->s->newest->cursors[t->lane_index];
		t->r->counters->partials_flushed++;
		reader_finish_join(t, i, t->c->read);
		reader_mark(t);
	}
}

/* Stages hold lines whose continuation does not come: when nothing more can be read just now, and they have waited long enough; or all. */
static void flush_stages(struct turn *t, bool all)
{
	struct lane_state *state = &t->s->lane[t->lane_index];
	if (!t->c && t->s->newest)
		t->c = &t->s->newest->cursors[t->lane_index];
	t->data.n = 0;
	int64_t at_ns = lane_flush(t->r->o.lanes, t->lane_index, &t->from, all, &t->outcome);
	reader_places_hold(t);
	state->flush_at_ns = at_ns == INT64_MAX ? 0 : at_ns;
	if (state->flush_at_ns && (!t->lane->flush_at_ns || state->flush_at_ns < t->lane->flush_at_ns))
		t->lane->flush_at_ns = state->flush_at_ns;
	if (t->c)
		reader_mark(t);
}

void reader_give_up_pieces(struct turn *t)
{
	for (int i = 0; i < 2; i++)
		if (has_open_join(t, i)) {
			t->r->counters->partials_flushed++;
			reader_finish_join(t, i, t->c->read);
		}
	if (t->may_hold)
		flush_stages(t, true);
}

void reader_restage(struct turn *t)
{
	struct lane_state *state = &t->s->lane[t->lane_index];
	if (has_open_join(t, false) || has_open_join(t, true) || t->s->is_retired || !t->r->o.restage)
		return;
	if (t->may_hold)
		flush_stages(t, true);
	state->must_restage = false;
	t->r->o.restage(t->r->o.ctx, t->s, t->lane_index);
	t->from.stages = state->stages;
	t->may_hold = lane_may_hold(&t->from);
}

/* There is more, which cannot be read right now: a file cannot be opened, or its last line is waited for. Not when descriptors are short:
 * deleted files are held open for what stages hold of them, and would wait for each other for good. */
static bool is_blocked(const struct source *s, size_t lane)
{
	for (const struct generation *g = s->oldest; g && !g->has_no_descriptor; g = g->next) {
		const struct cursor *c = &g->cursors[lane];
		bool is_read = c->is_at_end && (!c->has_tail || g == s->newest);
		if (!is_read || (g->must_wait && g->fd < 0 && !g->is_abandoned))
			return true;
	}
	return false;
}

void reader_flush(struct turn *t)
{
	flush_pieces(t);
	if (t->may_hold && !is_blocked(t->s, t->lane_index))
		flush_stages(t, t->s->folder->is_gone || t->s->is_retired);
}

/* One more look at the live file before what is held goes out: a line of the same block may have come. */
static void look_again(struct source *s, size_t lane)
{
	struct generation *g = s->newest;
	if (g && !g->is_gz && !g->is_abandoned && !g->is_gone && !g->error[0])
		g->cursors[lane].is_at_end = false;
}

void reader_flush_due(struct reader *r, size_t lane)
{
	int64_t now = loop_now_ns(r->o.lanes->o.loop), next = 0;
	for (struct folder *f = r->o.tail->folders; f; f = f->next)
		for (struct source *s = f->sources; s; s = s->next) {
			int64_t at = s->lane[lane].flush_at_ns;
			if (at && at <= now) { /* that turn tells when the next is due; if it does not come to it, here again */
				look_again(s, lane);
				tail_queue(r->o.tail, s, lane);
				at = now + FLUSH_RETRY_NS;
			}
			if (at && (!next || at < next))
				next = at;
		}
	r->o.lanes->at[lane].flush_at_ns = next;
}
