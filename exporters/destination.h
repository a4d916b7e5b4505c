/* One place where log lines go: an open batch, a bounded queue of sealed ones, and the rules of delivery.
 *
 * The caller appends records and, between them, marks ("when everything up to here is settled, tell me"). A batch is
 * settled when each of its lines was accepted or dropped under a named reason; then `settled` is called for each of its
 * marks. Batches may be settled out of order (a stream that Loki throttles is parked alone): the caller keeps order per file.
 *
 * Ledger: lines_appended == lines_sent + sum(lines_dropped) + lines_pending after every call, exactly. */
#ifndef EXPORTERS_DESTINATION_H
#define EXPORTERS_DESTINATION_H

#include "exporters/drops.h"
#include "exporters/endpoint.h"
#include "exporters/log_protocol.h"
#include "exporters/log_stream.h"
#include "exporters/request_times.h"
#include "parsers/record.h"

struct destination;

struct destination_options { /* all views live as long as the destination (config arena) */
	struct endpoint_options endpoint;
	const struct log_protocol *protocol; /* NULL: Loki's */
	int64_t batch_wait_ms;
	uint64_t batch_bytes;         /* seal at this many uncompressed bytes; at most 3 MiB */
	int64_t max_retries;          /* 0: never give up (the default, unlike Promtail) */
	bool drop_rate_limited_batches, send_structured_metadata;
	size_t queue_batches;         /* sealed batches kept, in flight included (default 4): then the reader waits */
};

struct destination_hooks {
	void *ctx;
	void (*settled)(void *ctx, void *mark);
	void (*wake)(void *ctx); /* there is room again, or the timer must be looked at: call destination_turn soon */
};

enum destination_state { DEST_IDLE, DEST_SENDING, DEST_BACKOFF, DEST_HOLD_AUTH, DEST_HOLD_BLOCKED, DEST_STATES };
extern const char *const destination_state_names[DEST_STATES]; /* "ok" "sending" "backoff" "unauthorized" "blocked" */

struct destination_status { /* for /metrics and the page; a snapshot */
	struct str name, url;           /* url without user-info and query */
	enum destination_state state;
	char last_error[512];           /* verbatim, control bytes escaped; "" since the last success */
	int last_status;
	int64_t last_success_ns, last_error_ns, retry_at_ns; /* wall clock, 0: never */
	uint64_t lines_appended, lines_sent, lines_pending, lines_dropped[DROP_REASONS];
	uint64_t requests, retries, wire_bytes, raw_bytes, splits;
	uint64_t requests_by_class[6];  /* [0] no answer, [2] 2xx … [5] 5xx */
	uint64_t batches_queued, streams_parked;
	struct str tenant;              /* of the options; may be empty */
	uint64_t encoded_bytes, accepted_bytes; /* of request bodies, compressed: each once, however often it was sent */
	uint64_t dropped_bytes[DROP_REASONS];   /* compressed where a whole body was given up; else of the entry that stands for the others */
	struct request_times times;
};

/* NULL and err filled (one sentence) when the options cannot work. drops may be shared by several destinations. */
struct destination *destination_new(const struct destination_options *options, struct http *http, struct drops *drops,
				    const struct destination_hooks *hooks, char err[256]);
void destination_free(struct destination *d); /* what is pending is forgotten: it is read again from the files */

/* The reader may append as long as this is true: the open batch is below batch_bytes and the queue has a free place. */
bool destination_has_room(const struct destination *d);
/* Encodes the record into the open batch. Lines longer than the server may take must be cut by the caller before.
 * Always succeeds when destination_has_room was true before the first append of a turn and a turn appends at most
 * 512 KiB or one record. The batch may pass batch_bytes by that much. */
void destination_append(struct destination *d, struct log_stream *stream, const struct record *record, int64_t now_ns);
/* false while the server throttles this stream alone: reading its file can wait without holding up the others. What is
 * appended nevertheless waits behind the stream's earlier lines. */
bool destination_takes(const struct destination *d, const struct log_stream *stream);
/* Puts a mark into the open batch. With nothing open and nothing pending it is settled on the next destination_turn. */
void destination_mark(struct destination *d, void *mark);
/* Seals when the batch is large or old enough (or `force`), starts what may start, settles what is done.
 * now_ns is monotonic. Returns the monotonic time of its next deadline, INT64_MAX when it has none. */
int64_t destination_turn(struct destination *d, int64_t now_ns, bool force);
bool destination_is_empty(const struct destination *d); /* nothing open, queued, parked or in flight */
void destination_status(const struct destination *d, struct destination_status *out);

#endif
