/* The embedded default sink: the newest records in a bounded ring, for the page, `tap` and the search by trace id.
 * Fixed memory; the oldest record makes room. */
#ifndef EXPORTERS_RING_H
#define EXPORTERS_RING_H

#include "parsers/record.h"

struct ring;
struct ring_entry { /* views into the ring, valid until the next ring_add */
	uint64_t seq;   /* counts from 1, never reused: pass the last one seen to get what is newer */
	struct str labels; /* as sent to Loki: {a="b", ...} */
	struct record record;
};

struct ring *ring_new(size_t bytes); /* default 1 MiB */
void ring_free(struct ring *r);
/* Copies labels and line (cut at 8 KiB for the ring). Cheap: one or two memcpy, no allocation. */
void ring_add(struct ring *r, struct str labels, const struct record *record);
/* Newest first: start with *cursor = 0, each call gives the next older entry, false when there is none. */
bool ring_next(const struct ring *r, uint64_t *cursor, struct ring_entry *out);

#endif
