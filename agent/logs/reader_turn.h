/* Private to the reader: one chunk of one source, and the parts that share it.
 *
 *   reader.c         bytes to lines: framing, pieces, the ledger, turns
 *   reader_flush.c   what was begun and does not come to its end
 *   reader_places.c  lines that stages hold back: what of the files may be acknowledged meanwhile */
#ifndef AGENT_LOGS_READER_TURN_H
#define AGENT_LOGS_READER_TURN_H

#include "agent/logs/reader.h"
#include "parsers/join.h"

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
/* The pieces that are there become a line; nothing when there are none. offset: of the last one in the cursor's file. */
void reader_finish_join(struct turn *t, bool is_stderr, uint64_t offset);
/* Behind what was read last: "when everything up to here is settled, tell the cursor". */
void reader_mark(struct turn *t);

/* The next line feed; NULL: there is none. */
static inline const char *find_feed(const struct turn *t, const char *at, const char *end)
{
	struct str rest = { at, (size_t)(end - at) };
	if (t->units == CHARSET_BYTES)
		return memchr(at, '\n', rest.n);
	size_t n = charset_feed(t->units, rest, t->c->read + (uint64_t)(at - t->data.p));
	return n < rest.n ? at + n : NULL;
}

/* Pieces of a line of this stream are held. */
static inline bool has_open_join(const struct turn *t, bool is_stderr)
{
	const struct join *join = t->s->lane[t->lane_index].join[is_stderr];
	return join && join->is_open;
}

/* At the end of a turn that leaves nothing to be read: what has waited long enough. */
void reader_flush(struct turn *t);
/* Everything at once: the file that would have held the rest was cut or is unreadable. */
void reader_give_up_pieces(struct turn *t);
/* The pod asks for something else in the middle of its log: what stages hold goes out as it is, and the lines behind it take the other way.
 * Pieces of a line that has begun go the way on which their first one came. */
void reader_restage(struct turn *t);

/* Only while t->may_hold. The place of a line or piece at this offset of the cursor's file; each has its own number. */
struct entry_place reader_places_of(struct turn *t, uint64_t offset);
/* Behind the lines of a chunk, before it is consumed, and behind a flush (no data then): holds each file of the source where a restart must
 * begin again. Files that need not be held any more get a mark of their own, the cursor's file does not. */
void reader_places_hold(struct turn *t);

#endif
