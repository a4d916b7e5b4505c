/* Private to the reader: one chunk of one source, and the parts that share it.
 *
 *   reader.c         bytes to lines: framing, pieces, the ledger, turns
 *   reader_places.c  lines that stages hold back: what of the files may be acknowledged meanwhile */
#ifndef AGENT_LOGS_READER_TURN_H
#define AGENT_LOGS_READER_TURN_H

#include "agent/logs/reader.h"

struct turn {
	struct reader *r;
	struct lane *lane;
	size_t lane_index;
	struct source *s;
	struct lane_source from;
	bool may_hold;           /* stages may hold lines of this source back */
	struct cursor *c;
	enum charset_units units; /* where lines end in its file */
	const char *buffer;      /* first readable byte: data, preceded by its frontier */
	struct str data;
	bool is_clean;           /* the whole chunk is UTF-8 without NULs */
	struct lane_outcome outcome;
	bool is_long;            /* the line at hand, with its framing */
	bool is_joined;          /* or of pieces */
	bool is_near_end;        /* what is read now is among the newest: the ring keeps it */
	int64_t oldest_ns, last_ns;
};

/* What stands before `at`, which lies in t->data. */
struct frontier reader_frontier_at(const struct turn *t, const char *at);

/* The next line feed; NULL: there is none. */
static inline const char *find_feed(const struct turn *t, const char *at, const char *end)
{
	struct str rest = { at, (size_t)(end - at) };
	if (t->units == CHARSET_BYTES)
		return memchr(at, '\n', rest.n);
	size_t n = charset_feed(t->units, rest, t->c->read + (uint64_t)(at - t->data.p));
	return n < rest.n ? at + n : NULL;
}

/* Only while t->may_hold. The place of a line or piece at this offset of the cursor's file; each has its own number. */
struct entry_place reader_places_of(struct turn *t, uint64_t offset);
/* Behind the lines of a chunk, before it is consumed, and behind a flush (no data then): holds each file of the source where a restart must
 * begin again. Files that need not be held any more get a mark of their own, the cursor's file does not. */
void reader_places_hold(struct turn *t);

#endif
