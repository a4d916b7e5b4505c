/* From bytes of a file to records of a destination: one chunk of one source at a time. The hot path of the program. */
#ifndef AGENT_READER_H
#define AGENT_READER_H

#include "agent/tail/tail.h"
#include "exporters/destination.h"
#include "exporters/ring.h"

struct lane { /* one destination as the reader sees it */
	struct destination *destination; /* NULL: the ring alone; everything read counts as sent */
	uint64_t ring_sent;
	uint64_t ahead_lines; /* other lanes have read them, this one not yet: pending in the ledger */
	uint64_t earlier_sent; /* read now by another lane, acknowledged by this one in an earlier life */
	bool has_waiting;     /* some source waits for its parked stream */
	uint64_t lost_lines;  /* other lanes have read them, this one never will */
	uint64_t stage_dropped_lines; /* stages dropped them */
};

struct reader_options {
	struct tail *tail;
	struct counters *counters;
	struct ring *ring;
	struct loop *loop;
	bool find_traces;
	size_t max_line_bytes;
};
struct reader {
	struct reader_options o;
	struct lane lanes[LANES_MAX];
	size_t lane_count;
	char *bytes;
	size_t room;
	struct buf unescaped, repaired; /* scratch of one line */
};

void reader_init(struct reader *r, const struct reader_options *options);
void reader_fini(struct reader *r);
/* Reads one chunk for the lane. false: nothing to read, or no room at the destination. */
bool reader_turn(struct reader *r, size_t lane);
/* Queues the sources again whose streams were parked when their turn came: call a few times a second while has_waiting. */
void reader_retry_waiting(struct reader *r, size_t lane);

#endif
