/* The label set that log entries are appended under, as its owner keeps it between batches. */
#ifndef EXPORTERS_LOG_STREAM_H
#define EXPORTERS_LOG_STREAM_H

#include "parsers/bytes/str.h"

enum { LOG_TENANT_MAX = 150 }; /* Loki's limit; dskit: tenant/tenant.go */

/* Owned by the caller; a batch copies `labels` when it first meets it, so it may go away at any time between calls.
 * Zero slot/batch_id before first use and whenever labels change: they are the batch's cache. */
struct log_stream {
	struct str labels;  /* rendered by loki_labels_render; unique per stream and tenant */
	uint64_t batch_id;  /* which open batch `slot` belongs to */
	uint32_t slot;
	unsigned char tenant_bytes; /* so many right in front of `labels` say for whom it is, at most LOG_TENANT_MAX; 0: the client's tenant */
};

static inline struct str log_stream_tenant(const struct log_stream *s)
{
	return (struct str){ s->labels.p - s->tenant_bytes, s->tenant_bytes };
}

/* What tells it from all others: tenant and labels in one. No tenant has the brace that labels begin with. */
static inline struct str log_stream_key(const struct log_stream *s)
{
	return (struct str){ s->labels.p - s->tenant_bytes, s->labels.n + s->tenant_bytes };
}

#endif
