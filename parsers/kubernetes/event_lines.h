/* A stream of lines that comes in pieces: one JSON document in each, as a watch of the API server sends them. Pure.
 *
 *   event_lines_feed(&l, piece, take, ctx);   // take is called for each whole line
 *
 * A line has an end or none: what is not ended when the stream ends was cut off and is nobody's. */
#ifndef PARSERS_KUBERNETES_EVENT_LINES_H
#define PARSERS_KUBERNETES_EVENT_LINES_H

#include "parsers/bytes/buf.h"

struct event_lines {
	struct buf line;      /* the beginning of one whose end has not come */
	bool is_skipping;     /* it is longer than it may be: nothing of it is kept */
	uint64_t skipped;     /* lines that were too long, counted when they become so */
	uint64_t skipping_bytes; /* how much of the one that is being skipped has come; 0: none is */
};

void event_lines_init(struct event_lines *l, size_t most_bytes);
void event_lines_fini(struct event_lines *l);
void event_lines_reset(struct event_lines *l); /* another stream; gives the memory back, the counter stays */
/* Calls take for each line that ends in this piece, without its end ("\n" or "\r\n"); empty ones are left out. The view is valid during
 * the call. false: take said so, the rest of the piece is not looked at. */
bool event_lines_feed(struct event_lines *l, struct str piece, bool (*take)(void *ctx, struct str line), void *ctx);

#endif
