/* One file of a log: live, rotated, compressed or already deleted but still held open. Each destination ("lane") has its own
 * cursor in it, so that a slow one lags alone.
 *
 *        start        acked          read            size
 *   ·······|············|··············|················|      per lane: [start, acked) is settled,
 *          └ of this life                                      [acked, read) is in batches, the rest is on disk
 */
#ifndef AGENT_TAIL_GENERATION_H
#define AGENT_TAIL_GENERATION_H

#include "agent/counters.h"
#include "agent/logs/mark.h"
#include "agent/tail/gz.h"
#include "agent/tail/identity.h"
#include "parsers/charset.h"

/* What may be unfinished: pieces of a stdout line, of a stderr line, a line over the limit whose end is not reached, lines that stages
 * hold back. */
enum { HELD_STDOUT, HELD_STDERR, HELD_LONG_LINE, HELD_STAGES, HELD_SLOTS };

struct cursor;

/* "Everything of this file up to `end` is in batches sealed no later than mine." Settled in any order; retired in the order of reading,
 * across the files of one log: a message may begin in one file and end in the next, so their positions only move together. */
struct tail_mark {
	struct mark mark; /* settled by tail_settle */
	struct tail_mark *next; /* of the same source and lane, younger */
	struct cursor *cursor;
	struct frontier end;
	int64_t oldest_ns; /* timestamp of the oldest record that it covers, 0: none */
	bool is_settled;
};

struct cursor {
	struct generation *generation;
	uint64_t start, read;
	struct frontier acked;     /* what a restart resumes from */
	struct frontier last_read; /* of `read`: the next read proves that the file is still the same */
	struct frontier held[HELD_SLOTS]; /* where something unfinished began; offset UINT64_MAX: nothing */
	size_t marks;              /* not retired yet */
	uint64_t marked;           /* end of the youngest mark */
	struct gz *gz;
	char *left;                /* gz: inflated but not consumed */
	size_t left_bytes;
	uint64_t ahead_lines;      /* read by another lane, not yet by this one */
	bool is_remembered;        /* agent/logs/reader.c: the log's memory has been about this file */
	bool is_at_end, has_tail;  /* nothing more to read now; has_tail: what remains has no line feed */
};

struct generation {
	struct generation *next;   /* the next newer one */
	struct source *source;
	uint64_t number;           /* of all that this source ever had: tells it from one that has its memory later */
	char *name;                /* in the folder, as of the last look */
	uint64_t stamp;            /* rotation stamp; UINT64_MAX: live */
	struct identity identity;
	uint64_t size_bytes;
	uint64_t limit_bytes;      /* no more than this is read: of a retired source; else UINT64_MAX */
	int64_t newer_since_ns;    /* monotonic; when a newer generation was first seen, 0: newest */
	int fd;                    /* -1: closed, opened again by name when there is something to read */
	struct generation *lru_older, *lru_newer;
	bool is_gz, is_bz2;     /* compressed; by bzip2 */
	bool is_gone;           /* name not in the folder any more */
	bool is_abandoned;      /* cut; its rest cannot be read */
	bool must_wait;         /* cannot be opened right now: newer ones wait too */
	bool starts_over;       /* what was before it was cut off: no line goes on into it */
	bool is_seen;           /* by the scan */
	bool is_cut;            /* compressed, and it ends in the middle: what is missing may be written yet */
	bool has_no_descriptor; /* it could not be opened, because all there may be are in use */
	bool is_unsaved; /* its position moved since it was written */
	enum charset_units units;  /* of its source's encoding, once are_units_known */
	bool are_units_known;
	char error[96];
	size_t lanes;
	struct cursor cursors[];   /* one per lane */
};

struct generation *generation_new(struct source *source, size_t lanes, const char *name);
void generation_free(struct generation *g);
/* A packed log, or a .bz2, cannot be unpacked now: as many as may be are being unpacked for this lane. */
bool cursor_must_wait(const struct cursor *c);
void cursor_close(struct cursor *c); /* nothing more is unpacked for it */
/* Where lines end in it. It is open. */
enum charset_units generation_units(struct generation *g);

/* Where a restart may resume: min of read and held pieces. */
struct frontier cursor_frontier(const struct cursor *c);
/* Everything read is settled and nothing more is there (call only when the generation is not the newest). */
bool cursor_is_finished(const struct cursor *c);
bool generation_is_finished(const struct generation *g);
/* Finished, and its last position is written: forgetting it earlier would make the next start take it for lost. */
bool generation_is_over(const struct generation *g);

/* Reads on at cursor->read: up to room bytes of data into to[0..room); *data views them. room > IDENTITY_FRONTIER_BYTES.
 * Returns > 0 data, 0 nothing now (is_at_end set), -EAGAIN more later in another turn (skipping through a .gz or NUL bytes),
 * -ESTALE the file is not the one that was read so far, or -errno. */
int cursor_fetch(struct cursor *c, char *to, size_t room, struct str *data, struct counters *counters);
/* The first n bytes of what cursor_fetch gave are used up. Short of all: the rest comes again. */
void cursor_consume(struct cursor *c, struct str data, size_t n, bool is_eof);
void cursor_release(struct cursor *c); /* nothing is unfinished any more */
void cursor_set_start(struct cursor *c, const struct frontier *at);

#endif
