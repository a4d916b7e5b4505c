/* Loki's push API in protobuf: bytes of one stream and one entry.
 * loki: pkg/push/push.proto — PushRequest{streams=1}, StreamAdapter{labels=1, entries=2}, EntryAdapter{timestamp=1,
 * line=2, structuredMetadata=3}, LabelPairAdapter{name=1, value=2}; Timestamp{seconds=1, nanos=2}. */
#ifndef EXPORTERS_LOKI_H
#define EXPORTERS_LOKI_H

#include "exporters/log_protocol.h"
#include "parsers/labels.h"

/* {a="b", c="d"}: names sorted (the array is sorted in place), values Go-quoted (strconv.Quote), invalid UTF-8 repaired,
 * labels with an empty value left out, a name given twice: the later one wins. Names must match [a-zA-Z_][a-zA-Z0-9_]*. */
void loki_labels_render(struct label *labels, size_t count, struct buf *out);

/* Appends one entry as field 2 of StreamAdapter: tag, length, EntryAdapter. Structured metadata (when with_metadata):
 * trace_id, span_id, trace_flags ("01"/"00") as the record has them, and detected_level unless unknown. */
void loki_entry(struct buf *out, const struct record *record, bool with_metadata);

#endif
