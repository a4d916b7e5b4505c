/* Lines for a reader that may be slow: a fixed number of bytes, the oldest line makes room and is counted. */
#ifndef AGENT_LOGS_TAP_RING_H
#define AGENT_LOGS_TAP_RING_H

#include "parsers/bytes/buf.h"

struct tap_ring {
	char *bytes;
	size_t room, first, used; /* first: place of the oldest line, which begins with its length */
	uint64_t lost;            /* lines that were pushed out, or that were too long for the ring */
};

void tap_ring_init(struct tap_ring *r, size_t bytes);
void tap_ring_fini(struct tap_ring *r);
void tap_ring_put(struct tap_ring *r, struct str line);
/* Appends the oldest line to out and takes it out of the ring; false: there is none. */
bool tap_ring_take(struct tap_ring *r, struct buf *out);

#endif
