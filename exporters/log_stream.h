/* The label set that log entries are appended under, as its owner keeps it between batches. */
#ifndef EXPORTERS_LOG_STREAM_H
#define EXPORTERS_LOG_STREAM_H

#include "parsers/bytes/str.h"

/* Owned by the caller; a batch copies `labels` when it first meets it, so it may go away at any time between calls.
 * Zero slot/batch_id before first use and whenever labels change: they are the batch's cache. */
struct log_stream {
	struct str labels;  /* rendered by loki_labels_render; unique per stream */
	uint64_t batch_id;  /* which open batch `slot` belongs to */
	uint32_t slot;
};

#endif
