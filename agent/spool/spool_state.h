/* Private to the spool: its state, and the parts that share it.
 *
 *   spool.c         what the others call: append, read, acknowledge, status
 *   spool_disk.c    segments and the acked file: found at the start, created, shed, deleted
 *   spool_format.c  bytes
 *
 * Places are compared by segment and offset. Sequences only count: the samples between two places are the difference. */
#ifndef AGENT_SPOOL_SPOOL_STATE_H
#define AGENT_SPOOL_SPOOL_STATE_H

#include <pthread.h>

#include "agent/spool/spool_format.h"

enum { SPOOL_SEGMENTS_MAX = 1024, SPOOL_GAPS_MAX = 32, SPOOL_UNSYNCED_MAX = 4 };

struct segment {
	uint64_t number;
	uint64_t bytes;                  /* head included; what lies behind was never acknowledged to anyone */
	uint64_t sequence, end_sequence; /* before its first sample, behind its last one */
	int fd;                          /* the newest one, and all of them in memory; else -1 */
};

/* Samples that a destination will not get: they are not pending, although acknowledgements have not come so far yet. */
struct gap { uint64_t from, to; bool is_shed; /* the segment is gone; else it was damaged */ };

struct reader {
	uint64_t name_hash;
	struct journal_mark acked;
	struct journal_mark at;          /* the next frame */
	int fd;                          /* of the segment `at` lies in, -1: not open; borrowed in memory */
	uint64_t samples_shed, samples_found;
	struct gap gaps[SPOOL_GAPS_MAX]; /* behind acked, in order */
	size_t gap_count;
};

struct spool {
	char *directory;
	int root, acked_fd;              /* -1 in memory */
	bool is_memory;
	uint64_t cap_bytes, segment_bytes, segment_bytes_most; /* a segment is rolled over at the first, or when it defines much at the second */
	struct segment segments[SPOOL_SEGMENTS_MAX]; /* oldest first; the newest is written to when is_open */
	size_t segment_count;
	bool is_open;                    /* false: the next append begins a segment */
	uint64_t next_number, sequence;  /* of that segment; samples ever written */
	uint64_t bytes;                  /* of all segments */
	uint64_t defined_bytes;          /* of the newest one: definitions, those of the next frame included */
	uint64_t acked_generation;
	struct reader readers[SPOOL_DESTINATIONS_MAX];
	size_t reader_count;
	struct buf payload;
	uint64_t frames_written, samples_written, write_errors, corrupt_frames, bytes_skipped;
	/* Shared with the worker that syncs: descriptors change only under the lock. */
	pthread_mutex_t lock;
	int unsynced[SPOOL_UNSYNCED_MAX]; /* closed segments that have not been synced yet */
	size_t unsynced_count;
	bool has_new_names;
};

/* spool_disk.c */
int spool_disk_open(struct spool *s, const struct spool_options *options); /* 0 or -errno: then use memory */
void spool_disk_close(struct spool *s);
int spool_disk_begin(struct spool *s);              /* a segment for the next frame; 0 or -errno */
void spool_disk_end(struct spool *s);               /* no more frames for the newest one */
void spool_disk_delete_oldest(struct spool *s);
void spool_disk_save_acked(struct spool *s);
int spool_disk_open_for_reading(struct spool *s, const struct segment *segment);

/* spool.c */
struct segment *spool_find(struct spool *s, uint64_t number); /* the first with this number or a higher one; NULL */

static inline bool mark_is_before(const struct journal_mark *a, const struct journal_mark *b)
{
	return a->segment != b->segment ? a->segment < b->segment : a->offset < b->offset;
}

#endif
