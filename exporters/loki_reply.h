/* What an answer of Loki's push API means, from its status and text.
 * The texts are Loki's (loki: pkg/validation/validate.go, pkg/ingester/stream.go, pkg/chunkenc/unordered.go, 3.7). */
#ifndef EXPORTERS_LOKI_REPLY_H
#define EXPORTERS_LOKI_REPLY_H

#include "exporters/push_reply.h"

struct push_reply loki_reply_read(int status, struct str body);

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
