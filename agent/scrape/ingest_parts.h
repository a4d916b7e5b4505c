/* Private to ingest*.c: the machine itself. */
#ifndef AGENT_SCRAPE_INGEST_PARTS_H
#define AGENT_SCRAPE_INGEST_PARTS_H

#include "agent/scrape/ingest.h"

struct staged { /* a sample between reading and writing */
	uint32_t row;
	uint32_t side; /* place in the sides, plus one; 0: none */
	uint64_t value_bits;
};
struct staged_exemplar { size_t raw_at, raw_n; double value; int64_t ms; };
struct staged_side { /* what few samples have */
	int64_t ms;
	size_t histogram_at, histogram_n;
	uint32_t exemplar_at, exemplar_count;
	bool has_time, is_histogram;
};
struct created { uint64_t group; int64_t start_ms; }; /* a `_created` line */

struct ingest {
	struct spool *spool;
	struct ingest_counters counters;
	struct journal_writer writer;
	uint64_t segment;
	uint32_t next_series, next_metadata;      /* last numbers given in it */
	uint32_t report_metadata[INGEST_REPORTS];
	uint32_t gone;                            /* series that were let go while it was written: their numbers are of no use */
	uint64_t defined_bytes;                   /* definitions in the frame so far */
	struct sample_labels labels, exemplar;    /* scratch */

	/* the scrape in progress */
	const struct ingest_rules *rules;
	struct ingest_memory *memory;
	int64_t ms;
	int spool_error;
	uint64_t counted;                         /* against sample_limit */
	bool is_over_limit;

	/* staging; emptied at each body, memory kept */
	struct staged *staged; size_t staged_count, staged_room;
	struct staged_side *sides; size_t side_count, side_room;
	struct staged_exemplar *exemplars; size_t exemplar_count, exemplar_room;
	struct buf bytes;                         /* of exemplars and histograms */

	/* the family that is being read */
	uint32_t family, last_row;
	bool is_family_open, is_family_new;
	size_t family_staged;                     /* its first sample */
	struct created *created; size_t created_count, created_room;
	bool is_created_new;                      /* a start or a series that the last scrape had not */
};

/* Makes room for one more. */
#define INGEST_MORE(array, count, room) ((count) == (room) ? ingest_grow(&(array), &(room), sizeof *(array)) : (void)0)
void ingest_grow(void *array, size_t *room, size_t size);

/* ingest_write.c */
void ingest_write(struct ingest *g);                   /* what is staged */
void ingest_define(struct ingest *g, uint32_t row);    /* gives it a number in the segment, if it has none */
void ingest_mark_stale(struct ingest *g);              /* all with an end to be told that this scrape has not seen */
void ingest_flush(struct ingest *g, size_t at_least_bytes);

/* ingest_starts.c: `_created` lines and start timestamps */
bool ingest_is_created(const struct exposition *x, struct str name);
void ingest_created(struct ingest *g, struct series *s, const struct exposition *x, bool is_new);
void ingest_start(struct ingest *g, struct series *s, int64_t start_ms);
void ingest_close_family(struct ingest *g);

#endif
