/* How often a busy folder is looked at. A thousand lines a second would be a thousand inotify events a second, each with its
 * cost; so the first write makes a folder hot: writes in it are not reported any more, and its files are read by the clock.
 * A second without a new byte, and it is cold again: writes are reported, and the files are looked at once more, because one
 * may have come in between. Names that come and go are reported all the time.
 *
 *   cold --(first write: event)--> hot --(QUIET_TICKS without a byte)--> cold
 */
#include "agent/tail/tail.h"

enum { QUIET_TICKS = 4 };
static const int64_t TICK_NS = 250 * 1000000ll;
/* A renamed file is written on until the runtime reopens: milliseconds. */
static const int64_t STILL_WRITTEN_NS = 10 * 1000000000ll;

/* Files that may have grown: the newest, and those that were the newest until just now. */
static void read_again(struct tail *t, struct folder *f)
{
	int64_t now = loop_now_ns(t->o.loop);
	for (struct source *s = f->sources; s; s = s->next) {
		for (struct generation *g = s->oldest; g; g = g->next) {
			bool may_grow = !g->newer_since_ns || now - g->newer_since_ns < STILL_WRITTEN_NS;
			for (size_t lane = 0; lane < g->lanes && may_grow && !g->is_gone && !g->is_gz; lane++)
				g->cursors[lane].is_at_end = g->is_abandoned;
		}
		tail_queue_all(t, s);
	}
}

/* false: the folder is gone or watches are used up. */
static bool report_writes(struct tail *t, struct folder *f, bool is_wanted)
{
	int number = f->watch > 0 ? watch_writes(t->watch, f->path, f, is_wanted) : 0;
	if (number <= 0)
		return false;
	if (number != f->watch) { /* removed and made anew under the same name */
		watch_remove(t->watch, f->watch);
		f->watch = number;
		f->needs_scan = true;
	}
	return true;
}

static void cool(struct tail *t, struct folder *f)
{
	f->is_hot = false;
	if (!report_writes(t, f, true))
		f->is_polled = true; /* the reconciliation looks at it from now on */
	read_again(t, f);
}

static void on_tick(void *ctx)
{
	struct tail *t = ctx;
	for (struct folder **at = &t->hot, *f; (f = *at);) {
		f->quiet_ticks = f->bytes_read == f->bytes_seen ? f->quiet_ticks + 1 : 0;
		f->bytes_seen = f->bytes_read;
		if (f->quiet_ticks >= QUIET_TICKS || f->is_gone || f->watch <= 0) {
			*at = f->hot_next;
			cool(t, f);
		} else {
			read_again(t, f);
			at = &f->hot_next;
		}
	}
	if (t->hot)
		loop_arm(t->o.loop, &t->tick_timer, loop_now_ns(t->o.loop) + TICK_NS, on_tick, t);
}

void pace_heat(struct tail *t, struct folder *f)
{
	if (f->is_hot || !report_writes(t, f, false))
		return;
	f->is_hot = true;
	f->quiet_ticks = 0;
	f->bytes_seen = f->bytes_read;
	f->hot_next = t->hot;
	t->hot = f;
	if (!t->tick_timer.place)
		loop_arm(t->o.loop, &t->tick_timer, loop_now_ns(t->o.loop) + TICK_NS, on_tick, t);
}

void pace_forget(struct tail *t, struct folder *f)
{
	for (struct folder **at = &t->hot; *at; at = &(*at)->hot_next)
		if (*at == f) {
			*at = f->hot_next;
			return;
		}
}
