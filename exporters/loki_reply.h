/* What a push receiver's answer means: from its status and text to one action, and who in the request is meant by it.
 * The texts are Loki's (loki: pkg/validation/validate.go, pkg/ingester/stream.go, pkg/chunkenc/unordered.go, 3.7). */
#ifndef EXPORTERS_LOKI_REPLY_H
#define EXPORTERS_LOKI_REPLY_H

#include "exporters/drops.h"

enum reply_action {
	REPLY_RETRY,        /* no answer or a passing fault: the same bytes again, later */
	REPLY_ACCEPTED,     /* all of it is stored */
	REPLY_RATE_LIMITED, /* the tenant's limit: nothing is stored */
	REPLY_THROTTLED,    /* one stream's limit, see `stream`; what became of the others is not told */
	REPLY_REFUSED,      /* 400: entries or streams are refused for good, the others may be stored */
	REPLY_NO_METADATA,  /* refused because of structured metadata: send again without */
	REPLY_TOO_LARGE,    /* split it */
	REPLY_INVALID,      /* the whole request is refused for good */
	REPLY_HOLD,         /* credentials, tenant or address are wrong: keep everything, try again slowly */
	REPLY_BLOCKED,      /* ingestion is blocked by the operator: the same, slower */
	REPLY_ACTIONS
};

/* Views into the body. */
struct loki_reply {
	enum reply_action action;
	enum drop_reason reason;  /* if entries are dropped because of it */
	struct str stream;        /* labels as the server prints them, empty when it names none */
	bool has_count;           /* the next two are meant: "total ignored: N out of M for stream" */
	uint64_t ignored, total;
	uint64_t limit_bytes, tried_bytes; /* of REPLY_RATE_LIMITED: per second, and this request; 0 when not told */
};
struct loki_reply loki_reply_read(int status, struct str body);

/* One group of a distributor's 400: "N errors like: TEXT; M errors like: TEXT". */
struct loki_refusal {
	enum drop_reason reason;
	uint64_t count;      /* entries, or 1 with is_stream */
	bool is_stream;      /* all entries of the stream */
	struct str stream;   /* its labels as the server prints them */
	struct str text;
};
/* Cuts the next group off *body. 1 = one is in *out, 0 = the body is used up, -1 = not understood. */
int loki_refusal_next(struct str *body, struct loki_refusal *out);

/* The reason behind a text that names nobody. DROP_REJECTED when it is none that we know. */
enum drop_reason loki_refusal_reason(struct str body);

/* Whether the server means our stream: equal, apart from labels that the server adds (service_name, shards). */
bool loki_labels_match(struct str ours, struct str theirs);

#endif
