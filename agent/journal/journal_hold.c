/* A short list, oldest first. Orders of ends ascend, and so does the lowest held line: an end that was passed is never asked for again. */
#include "agent/journal/journal_hold.h"

#include <stdlib.h>

#include "parsers/bytes/array.h"
#include "parsers/journal/journal_cursor.h"

struct journal_hold_end {
	uint64_t order; /* of the last line before it */
	char cursor[JOURNAL_CURSOR_MAX + 1];
};

void journal_hold_fini(struct journal_hold *h)
{
	free(h->ends);
	*h = (struct journal_hold){ 0 };
}

struct lane_place journal_hold_line(struct journal_hold *h)
{
	h->order++;
	return (struct lane_place){ { .order = h->order }, h->order };
}

void journal_hold_across(void *hold, const struct entry *e)
{
	struct journal_hold *h = hold;
	size_t kept = 0;
	for (size_t i = 0; i < h->count; i++)
		if (h->ends[i].order < e->first.order || h->ends[i].order >= e->last)
			h->ends[kept++] = h->ends[i];
	h->count = kept;
}

void journal_hold_end(struct journal_hold *h, const char *cursor)
{
	h->ends = array_room(h->ends, h->count, &h->room, sizeof *h->ends);
	if (!h->count || h->ends[h->count - 1].order != h->order)
		h->count++;
	struct journal_hold_end *end = &h->ends[h->count - 1];
	end->order = h->order;
	memcpy(end->cursor, cursor, strlen(cursor) + 1);
}

bool journal_hold_is_long(const struct journal_hold *h)
{
	return h->count >= JOURNAL_HOLD_ENDS;
}

const char *journal_hold_free(struct journal_hold *h, uint64_t lowest)
{
	size_t before = 0;
	while (before < h->count && h->ends[before].order < lowest)
		before++;
	if (before == 0)
		return NULL;
	memmove(h->ends, h->ends + before - 1, (h->count - before + 1) * sizeof *h->ends);
	h->count -= before - 1;
	return h->ends[0].cursor;
}
