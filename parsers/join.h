/* Puts the pieces of one message together: CRI's P ... P F, Docker's 16 KiB pieces. One struct per container stream (stdout and
 * stderr mix in one file); explicit state, so that a reader can hold it, flush it and start it anew after a restart.
 * The joined record carries the timestamp of its LAST piece, like Promtail's cri stage. */
#ifndef PARSERS_JOIN_H
#define PARSERS_JOIN_H

#include "parsers/bytes/buf.h"
#include "parsers/cri.h"

/* {0} is valid and empty. */
struct join {
	struct buf piece;       /* what is kept so far */
	int64_t timestamp_ns;   /* of the newest piece */
	uint64_t dropped_bytes; /* of this message, thrown away because of the limit */
	bool is_open;           /* pieces were added and not taken */
	bool is_over;           /* the limit was passed: only the head is kept */
};

struct join *join_new(void);
void join_free(struct join *j); /* NULL is fine */

/* Adds one piece; the first limit_bytes of a message are kept, cut between characters, the rest is counted. Memory refused
 * counts as the limit. Returns whether the message is complete with it (not is_partial): take it then. */
bool join_add(struct join *j, const struct runtime_line *piece, size_t limit_bytes);
/* What there is, complete or not. The line is a view that lives until the next join_add, join_reset or join_free; dropped_bytes
 * and is_over tell about this message until then too. false: nothing was open, nothing written. */
bool join_take(struct join *j, struct str *line, int64_t *timestamp_ns);
/* Forgets everything. Gives the memory back when it is more than 16 KiB: call it when the taken line is used up. */
void join_reset(struct join *j);

#endif
