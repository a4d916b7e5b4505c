/* Stages hold lines back (multiline). A restart must begin before the first of them, and nowhere in the middle of an entry that came out
 * meanwhile: the lowest place that is held, with what goes across it, is kept by parsers/stages. Here it becomes positions:
 *
 *      0.log.1   ······|····lowest·········|      held there
 *      0.log     |·························|      newer than the lowest: held where it was when its first line came
 *
 * A place is a line's number, and notes: the number of its file, its offset, and what stood before it. The latter is found out only
 * for lines that are still held when their chunk ends, not for each one. */
#include "agent/logs/reader_turn.h"

enum { NOTE_FILE, NOTE_OFFSET, NOTE_HASH, NOTE_BYTES };
#define FRONTIER_KNOWN (UINT64_C(1) << 32) /* in NOTE_BYTES */

struct lowest {
	struct turn *t;
	struct entry_place place; /* order UINT64_MAX: nothing is held */
};

struct entry_place reader_places_of(struct turn *t, uint64_t offset)
{
	struct lane_state *state = &t->s->lane[t->lane_index];
	return (struct entry_place){ ++state->order, { [NOTE_FILE] = t->c->generation->number, [NOTE_OFFSET] = offset } };
}

static struct frontier frontier_of_place(const struct entry_place *p)
{
	return (struct frontier){ p->notes[NOTE_OFFSET], p->notes[NOTE_HASH], (uint32_t)p->notes[NOTE_BYTES] };
}

static void find_frontier(const struct turn *t, struct entry_place *p)
{
	uint64_t offset = p->notes[NOTE_OFFSET], from = t->c ? t->c->read : 0;
	if ((p->notes[NOTE_BYTES] & FRONTIER_KNOWN) || !t->c || p->notes[NOTE_FILE] != t->c->generation->number)
		return;
	if (offset < from || offset - from >= t->data.n)
		return;
	const struct frontier f = offset == from ? t->c->last_read : reader_frontier_at(t, t->data.p + (offset - from));
	p->notes[NOTE_HASH] = f.hash;
	p->notes[NOTE_BYTES] = f.bytes | FRONTIER_KNOWN;
}

static void look(void *ctx, struct entry_place *p)
{
	struct lowest *l = ctx;
	find_frontier(l->t, p);
	if (p->order < l->place.order)
		l->place = *p;
}

static bool has_file(const struct source *s, uint64_t number)
{
	const struct generation *g = s->oldest;
	while (g && g->number != number)
		g = g->next;
	return g != NULL;
}

static void hold_at(struct turn *t, struct cursor *c, struct frontier at)
{
	struct frontier *held = &c->held[HELD_STAGES];
	bool has_moved = held->offset != UINT64_MAX && held->offset != at.offset;
	*held = at;
	if (has_moved && c != t->c)
		lane_mark(t->lane, tail_mark(t->r->o.tail, c, t->last_ns));
}

void reader_places_hold(struct turn *t)
{
	static const struct frontier nowhere = { .offset = UINT64_MAX };
	struct lane_state *state = &t->s->lane[t->lane_index];
	struct lowest lowest = { t, { .order = UINT64_MAX } };
	lane_each_place(&t->from, look, &lowest);
	for (int i = 0; i < 2; i++)
		if (state->joined_from[i].order)
			look(&lowest, &state->joined_from[i]);
	bool is_held = lowest.place.order != UINT64_MAX;
	uint64_t file = lowest.place.notes[NOTE_FILE];
	/* A file that was given up may be gone by now: what is held of it was read, and everything newer stays. */
	bool is_behind = is_held && !has_file(t->s, file);
	for (struct generation *g = t->s->oldest, *next; g; g = next) {
		struct cursor *c = &g->cursors[t->lane_index];
		next = g->next; /* settling may have been all that g waited for */
		if (is_held && g->number == file)
			hold_at(t, c, frontier_of_place(&lowest.place));
		else if (!is_behind)
			hold_at(t, c, nowhere);
		else if (c == t->c && c->held[HELD_STAGES].offset == UINT64_MAX)
			hold_at(t, c, c->last_read);
		is_behind |= is_held && g->number == file;
	}
}
