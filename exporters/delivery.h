/* Private to the destination: its state, and the parts that share it.
 *
 *   destination.c  what the agent calls: append, mark, turn, status
 *   delivery.c     one request at a time: start, read the answer, act on it
 *   refusal.c      an answer that refuses a part: who is meant, counting, taking apart
 *   throttle.c     streams that wait alone */
#ifndef EXPORTERS_DELIVERY_H
#define EXPORTERS_DELIVERY_H

#include "exporters/batch.h"
#include "exporters/credentials.h"
#include "exporters/destination.h"
#include "exporters/loki_reply.h"
#include "exporters/queue.h"
#include "exporters/tls_files.h"

enum { BARE_TENANTS_MAX = 64 }; /* beyond, nobody's lines have it */

struct reply { /* what on_reply has kept of http_reply, until the next turn acts on it */
	bool is_there;
	int status;
	int64_t retry_after_ms;
	struct buf body;
	bool is_cut; /* the body was longer than we keep */
	char error[256];
};

struct destination {
	struct destination_options options;
	struct http *http;
	struct drops *drops;
	struct destination_hooks hooks;
	struct credentials *credentials;
	struct tls_files tls_files;

	struct batch open;
	struct lot *open_lot;    /* the marks of the open batch; NULL: none yet */
	struct lot *idle_lot;    /* marks with nothing before them: settled on the next turn */
	int64_t opened_ns;       /* first line of the open batch */
	int64_t last_append_ns;
	bool has_memory;         /* the open batch holds buffers worth giving back */

	struct queue queue;
	struct piece *flying;
	int64_t sent_at_ns;      /* of what is in flight */
	struct http_call *call;
	struct reply reply;

	enum destination_state state; /* DEST_IDLE while all is well */
	int64_t retry_at_ns;     /* nothing is sent before */
	unsigned failures;       /* in a row */
	uint64_t random;
	bool has_tenants;        /* some lines are for others than the client's tenant */
	bool no_metadata;        /* the server refuses structured metadata */
	uint64_t bare[BARE_TENANTS_MAX]; /* where there are several tenants: these have it refused (queue_tenant) */
	size_t bare_count;
	bool awaits_token;       /* wake comes when it is there */
	struct destination_status status; /* counters and texts; lines_pending and the like are computed */
};

/* delivery.c */
void delivery_start(struct destination *d, int64_t now_ns);  /* when something is due and nothing is in flight */
void delivery_answer(struct destination *d, int64_t now_ns); /* when d->reply is there */
/* The piece stays and is tried again later. delay_ms: exactly so long, or -1 to back off. */
void delivery_failed(struct destination *d, struct piece *piece, enum destination_state state, int64_t delay_ms, int64_t now_ns);
void delivery_sent(struct destination *d, uint64_t lines);

/* refusal.c; each of them takes care of the piece, which may be gone afterwards. */
void refusal_drop_all(struct destination *d, struct piece *piece, enum drop_reason reason);
void refusal_split(struct destination *d, struct piece *piece, int64_t now_ns);
void refusal_sort_out(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns);
/* One row of the ring and the counter. labels and line may be empty. */
void refusal_note(struct destination *d, enum drop_reason reason, uint64_t lines, struct str labels, struct str entry);

/* The stream of the message that the server means, and how many lines it has. */
struct named_stream {
	struct str labels; /* into the message */
	uint64_t lines;
};
bool refusal_find_stream(const struct destination *d, struct str message, struct str theirs, struct named_stream *out);
/* Divides a piece's message into the stream's entries and the rest. 0 or negative. */
int refusal_peel(const struct piece *piece, struct str message, struct str labels, struct payload *stream, struct payload *rest);
/* An entry of the stream that the reason is most likely about: if any is too old, the oldest one is. */
struct str refusal_sample(const struct destination *d, struct str message, struct str labels, enum drop_reason reason);

/* throttle.c */
/* The server refuses a tenant: what is for it waits, in its order, and others pass. delay_ms as in delivery_failed. */
void throttle_tenant(struct destination *d, struct piece *piece, enum destination_state state, int64_t delay_ms, int64_t now_ns);
void throttle_answer(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns);
/* Parks the part of a fresh piece that belongs to streams which are waiting already; all of it when its tenant is. */
void throttle_divert(struct destination *d, struct piece *piece, int64_t now_ns);

#endif
