/* Log lines as OTLP: the bytes of one LogRecord, and what is read out of it again.
 * opentelemetry-proto: opentelemetry/proto/logs/v1/logs.proto — LogRecord{time_unix_nano=1 fixed64, severity_number=2, severity_text=3,
 * body=5 AnyValue, attributes=6, flags=8 fixed32, trace_id=9 bytes, span_id=10 bytes, observed_time_unix_nano=11}. */
#ifndef EXPORTERS_OTLP_OTLP_LOGS_H
#define EXPORTERS_OTLP_OTLP_LOGS_H

#include "exporters/log_protocol.h"

/* Appends one LogRecord as field 2 of ScopeLogs. Its bytes depend on the record alone: observed_time_unix_nano is left out, so a line that is
 * sent once more is the same. with_metadata: severity, ids and attributes. Ids are 16 and 8 raw bytes; those of structured metadata too,
 * where the line has none of its own and they are ids, else they stay attributes. */
void otlp_log_record(struct buf *out, const struct record *record, bool with_metadata);
/* Its time and its body. false: it is none. */
bool otlp_log_record_read(struct str record, struct message_entry *out);

#endif
