/* From bytes of a file to records of a destination: one chunk of one source at a time. The hot path of the program. */
#ifndef AGENT_LOGS_READER_H
#define AGENT_LOGS_READER_H

#include "agent/logs/lane.h"
#include "agent/tail/tail.h"

struct reader_options {
	struct tail *tail;
	struct lanes *lanes;
	void (*restage)(void *ctx, struct source *s, size_t lane); /* makes the stages of s anew: nothing is held in them any more */
	void *ctx;
};
struct reader {
	struct reader_options o;
	struct counters *counters; /* the lanes' */
	char *bytes;
	size_t room;
	struct buf unescaped; /* scratch of one line */
};

/* The bytes of the longest line that a reader hands on. */
size_t reader_line_room(size_t max_line_bytes);
void reader_init(struct reader *r, const struct reader_options *options);
void reader_fini(struct reader *r);
/* Reads one chunk for the lane. false: nothing to read, or no room at the destination. */
bool reader_turn(struct reader *r, size_t lane);
/* Queues the sources again whose streams were parked when their turn came: call a few times a second while has_waiting. */
void reader_retry_waiting(struct reader *r, size_t lane);
/* Queues the sources whose held lines have waited long enough: call when the lane's flush_at_ns (monotonic, 0: none) has come. */
void reader_flush_due(struct reader *r, size_t lane);

#endif
