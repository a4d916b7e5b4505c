/* The open files of the tailer, least recently used first: beyond the process's limit the oldest that has nothing to read and can
 * be opened again by name is closed. */
#include <sys/resource.h>

#include "agent/tail/tail.h"

enum { RESERVED_FILES = 40 }; /* for sockets, the positions file, standard streams, and what is read beyond the limit */

void tail_lru_remove(struct tail *t, struct generation *g)
{
	*(g->lru_older ? &g->lru_older->lru_newer : &t->lru_oldest) = g->lru_newer;
	*(g->lru_newer ? &g->lru_newer->lru_older : &t->lru_newest) = g->lru_older;
	g->lru_older = g->lru_newer = NULL;
	t->open_files--;
}

static bool can_close(const struct generation *g, bool even_busy)
{
	bool is_at_end = true, is_used_up = true, is_inflating = false;
	for (size_t lane = 0; lane < g->lanes; lane++) {
		is_inflating |= g->cursors[lane].gz != NULL;
		is_at_end &= g->cursors[lane].is_at_end;
		is_used_up &= g->cursors[lane].is_at_end && !g->cursors[lane].has_tail;
	}
	/* A deleted file cannot be opened again, and a compressed one only by inflating it from the start: it stays until it is used up. */
	if (g->is_gone)
		return generation_is_over(g);
	return g->is_gz ? is_used_up || (even_busy && !is_inflating) : is_at_end || even_busy;
}

/* Closes the least recently used file that can be opened again by name: one at its end if there is one, since a file that is
 * deleted while it is closed takes its unread bytes with it. */
static bool make_room(struct tail *t, size_t spare)
{
	for (int even_busy = 0; even_busy < 2 && t->open_files >= t->open_limit; even_busy++)
		for (struct generation *g = t->lru_oldest; g; g = g->lru_newer)
			if (can_close(g, even_busy)) {
				tail_lru_remove(t, g);
				os_close(g->fd);
				g->fd = -1;
				break;
			}
	return t->open_files < t->open_limit + spare;
}

bool tail_lru_add(struct tail *t, struct generation *g, bool is_next)
{
	if (!make_room(t, is_next ? t->o.lane_count : 0))
		return false;
	g->lru_older = t->lru_newest;
	g->lru_newer = NULL;
	*(t->lru_newest ? &t->lru_newest->lru_newer : &t->lru_oldest) = g;
	t->lru_newest = g;
	t->open_files++;
	return true;
}

void tail_touch(struct tail *t, struct generation *g)
{
	if (g->fd < 0 || t->lru_newest == g)
		return;
	tail_lru_remove(t, g);
	t->open_files++;
	g->lru_older = t->lru_newest;
	t->lru_newest->lru_newer = g;
	t->lru_newest = g;
}

void tail_forget_generation(struct tail *t, struct generation *g)
{
	if (g->fd >= 0)
		tail_lru_remove(t, g);
	source_unlink(g->source, g);
	generation_free(g);
	t->generations--;
	t->is_dirty = true;
}

void tail_raise_file_limit(struct tail *t)
{
	struct rlimit limit = { 1024, 1024 };
	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	size_t files = limit.rlim_cur > 1 << 20 ? 1 << 20 : (size_t)limit.rlim_cur;
	t->open_limit = files > RESERVED_FILES + 8 ? files - RESERVED_FILES : 8;
}
