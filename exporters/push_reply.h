/* What an answer to pushed log lines means: one action, and who in the request is meant by it. Each protocol reads its own answers
 * (loki_reply.h, otlp_reply.h); delivery.c acts on them by table. */
#ifndef EXPORTERS_PUSH_REPLY_H
#define EXPORTERS_PUSH_REPLY_H

#include "exporters/drops.h"

enum reply_action {
	REPLY_RETRY,        /* no answer or a passing fault: the same bytes again, later */
	REPLY_ACCEPTED,     /* all of it is stored */
	REPLY_PARTIAL,      /* stored but for `ignored` lines, which are refused for good; which ones is not told */
	REPLY_RATE_LIMITED, /* the tenant's limit: nothing is stored */
	REPLY_THROTTLED,    /* one stream's limit, see `stream`; what became of the others is not told */
	REPLY_REFUSED,      /* 400: entries or streams are refused for good, the others may be stored */
	REPLY_DOUBTFUL,     /* refused for good, says the protocol, though it sounds like a passing fault: REPLY_REFUSED after some patience */
	REPLY_NO_METADATA,  /* refused because of structured metadata: send again without */
	REPLY_TOO_LARGE,    /* split it */
	REPLY_INVALID,      /* the whole request is refused for good */
	REPLY_HOLD,         /* credentials, tenant or address are wrong: keep everything, try again slowly */
	REPLY_BLOCKED,      /* ingestion is blocked by the operator: the same, slower */
	REPLY_ACTIONS
};

/* Attempts before a doubtful refusal is believed: some eight minutes with the usual backoff. */
enum { REPLY_DOUBTS_MAX = 10 };

/* Views into the body. */
struct push_reply {
	enum reply_action action;
	enum drop_reason reason;  /* if entries are dropped because of it */
	struct str stream;        /* labels as the server prints them, empty when it names none */
	bool has_count;           /* the next two are meant: "total ignored: N out of M for stream" */
	uint64_t ignored, total;
	uint64_t limit_bytes, tried_bytes; /* of REPLY_RATE_LIMITED: per second, and this request; 0 when not told */
};

/* A protocol's answers are a table of these: the first match wins, the last row matches everything. */
struct push_rule {
	int from, to;    /* status */
	struct str text; /* that the body has; empty: any */
	enum reply_action action;
	enum drop_reason reason;
};
/* Action and reason of the row. */
struct push_reply push_rule_apply(const struct push_rule *rules, size_t count, int status, struct str body);

#endif
