/* Sealed batches on their way, in pieces. A sealed batch is a lot; it starts as one piece, and becomes several when a server
 * refuses a part of it. A lot is settled when its last piece is done. */
#ifndef EXPORTERS_QUEUE_H
#define EXPORTERS_QUEUE_H

#include "exporters/payload.h"

struct lot {
	struct lot *next;        /* in the list of settled ones */
	void **marks;
	size_t mark_count, mark_room;
	size_t pieces;           /* not done yet */
	size_t in_line;          /* of these: not parked. While there is one, the lot takes a place of the queue */
	unsigned bisects, peels; /* extra requests that refusals have cost */
};

struct piece {
	struct piece *next;
	struct lot *lot;
	struct payload payload;
	uint64_t stream_hash;   /* parked for this stream or tenant alone (queue_stream, queue_tenant); 0: for several */
	int64_t retry_at_ns;    /* parked: not before */
	unsigned attempts;      /* that failed */
	bool is_parked;         /* waits for its own time, others pass */
	bool is_behind;         /* parked behind an earlier piece of the same stream or tenant */
	bool was_sent;
};

struct queue { /* {0} is empty */
	struct piece *first;    /* in order of arrival, parts in the order of their entries */
	struct lot *newest;     /* last one added, while it is not settled */
	struct lot *settled, **settled_end;
	size_t lots_in_line;
	size_t piece_count, parked_count, parked_bytes;
	uint64_t lines;
};

void marks_add(struct lot *lot, void *mark);

/* By what pieces are parked: never 0. */
uint64_t queue_stream(struct str tenant, struct str labels);
uint64_t queue_tenant(struct str tenant);

/* A piece at the end, the first one of a new lot or one more of the newest. The payload is taken over, and the lot. */
struct piece *queue_add(struct queue *q, struct payload *payload, struct lot *lot);
/* A part of `of`, for the same tenant, behind it, parked as it is. The payload is taken over; one without lines is ignored (NULL). */
struct piece *queue_add_part(struct queue *q, struct piece *of, struct payload *payload);
/* Takes a piece out of the line until retry_at_ns. */
void queue_park(struct queue *q, struct piece *piece, uint64_t stream_hash, int64_t retry_at_ns);
/* Forgets a piece; its lot is settled with its last one. */
void queue_done(struct queue *q, struct piece *piece);

/* What to send now: a parked piece that is due, else the first in line; NULL: nothing. */
struct piece *queue_next(const struct queue *q, int64_t now_ns);
/* When queue_next has something: INT64_MIN now, INT64_MAX never. */
int64_t queue_due_ns(const struct queue *q);
bool queue_holds_stream(const struct queue *q, uint64_t stream_hash); /* parked */

struct lot *queue_take_settled(struct queue *q); /* oldest first; lot_free it. NULL: none */
void lot_free(struct lot *lot);
void queue_fini(struct queue *q); /* forgets everything */

#endif
