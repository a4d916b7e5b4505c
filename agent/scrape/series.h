/* What is remembered of a target's series between two scrapes: the text of each as the target writes it, its number in the spool's
 * segment, and when it was last there. Labels are not kept: they come out of the text again when a segment begins.
 *
 * One block of memory for the texts, one for the rows, two tables of 32-bit indexes. For each row 48 bytes, its text, and 12 to 24 bytes
 * in the tables; 40 more for those that carry exemplars, timestamps of their own or start timestamps. */
#ifndef AGENT_SCRAPE_SERIES_H
#define AGENT_SCRAPE_SERIES_H

#include "parsers/bytes/buf.h"

enum { SERIES_NONE = UINT32_MAX, SERIES_TEXT_BYTES_MAX = 1 << 30, SERIES_ROWS_MAX = 1 << 24 };
enum series_flags {
	SERIES_DROPPED = 1, /* by relabelling */
	SERIES_CREATED = 2, /* a `_created` line: says when others began */
	SERIES_ALIAS = 4,   /* the same labels as another row have in the end; `id` is that row */
};
struct series {
	uint32_t text_at, text_n, hash;
	uint32_t id;     /* in the segment; 0: not defined there yet */
	uint32_t next;   /* who came after it last time */
	uint32_t seen;   /* number of the scrape that it was last in */
	uint32_t live;   /* number of the scrape that it was last appended in, when its end is to be marked; 0: is not, or was marked */
	uint32_t family; /* row in the families, plus one */
	uint32_t extra;  /* row in the extras, plus one */
	uint32_t flags;
	uint64_t identity; /* hash of the labels that it has in the end */
};
struct series_extra {
	uint64_t group;           /* hash of the labels without le and quantile: what a `_created` line goes by; 0: not asked yet */
	int64_t start_ms;         /* 0: not known */
	int64_t last_ms;          /* of a sample with a timestamp of its own */
	int64_t exemplar_ms;
	uint64_t exemplar;        /* hash of what it says; 0: none yet */
	bool start_is_new;        /* not in the journal yet */
};
struct series_cache { /* {0} is empty */
	char *text;
	size_t text_n, text_room;
	struct series *rows;
	uint32_t count, room, live, successful;  /* live: rows with `live`; successful: rows after the last good scrape */
	uint32_t *by_text, *by_identity; /* row plus one; room is a power of two */
	uint32_t table_room;
	struct series_extra *extras;
	uint32_t extra_count, extra_room;
	uint32_t scrape;         /* number of the current one */
	uint32_t tracked;        /* rows whose `live` is this scrape */
	uint32_t succeeded;      /* number of the last good one */
};

void series_fini(struct series_cache *c);
static inline struct str series_text(const struct series_cache *c, const struct series *s)
{
	return (struct str){ c->text + s->text_at, s->text_n };
}
/* The next scrape. */
static inline void series_begin(struct series_cache *c)
{
	c->scrape++;
	c->tracked = 0;
}
/* The row is there, and its end is to be told when it is not any more. */
static inline void series_track(struct series_cache *c, struct series *s)
{
	c->live += s->live == 0;
	c->tracked += s->live != c->scrape;
	s->live = c->scrape;
}
/* The row of a text. `expected` is tried first: who came after the one before, last time. SERIES_NONE: not known. */
uint32_t series_find_slow(const struct series_cache *c, struct str text);
static inline uint32_t series_find(const struct series_cache *c, struct str text, uint32_t expected)
{
	if (expected < c->count) {
		const struct series *s = &c->rows[expected];
		if (s->text_n == text.n && memcmp(c->text + s->text_at, text.p, text.n) == 0)
			return expected;
	}
	return series_find_slow(c, text);
}
/* A new row, not in the table of identities yet. SERIES_NONE: too many. */
uint32_t series_add(struct series_cache *c, struct str text);
/* Another row with this identity that stands for its labels, or SERIES_NONE; then `row` is the one from now on. */
uint32_t series_identify(struct series_cache *c, uint32_t row, uint64_t identity);
struct series_extra *series_extra(struct series_cache *c, struct series *s); /* found or made */
/* Numbers of another segment: nobody has one any more. */
void series_forget_ids(struct series_cache *c);
/* After a scrape: rows that were not in it go when they are many. `good`: all rows that were seen came in order and are to stay. */
void series_settle(struct series_cache *c, bool good);
size_t series_bytes(const struct series_cache *c);

#endif
