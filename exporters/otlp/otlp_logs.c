/* One log record becomes the final bytes of one LogRecord: sizes first, then one run of writes, as loki.c does it for Loki. Nothing here
 * allocates. A text of structured metadata is mended where it is no UTF-8: a strict receiver refuses a whole request for one such string.
 *
 * Time is the entry's; before 1970 there is none on the wire, and 0 means "not known", so the first nanosecond stands for all of it. */
#include "exporters/otlp/otlp_logs.h"

#include <endian.h>

#include "exporters/otlp/otlp.h"
#include "exporters/otlp/otlp_reply.h"
#include "parsers/bytes/utf8.h"

enum {
	FIELD_TIME = 1, FIELD_SEVERITY = 2, FIELD_SEVERITY_TEXT = 3, FIELD_BODY = 5, FIELD_ATTRIBUTE = 6, FIELD_FLAGS = 8, FIELD_TRACE = 9,
	FIELD_SPAN = 10,
	TRACE_BYTES = 16, SPAN_BYTES = 8,
	LEVEL_TEXT_MAX = 8, /* "critical" */
	/* Everything but body and attributes: tags and lengths, time, severity, flags, ids. */
	RECORD_OVERHEAD = 2 * (1 + WIRE_VARINT_MAX) + 9 + 2 + 2 + LEVEL_TEXT_MAX + 1 + WIRE_VARINT_MAX + 5 + 2 + TRACE_BYTES + 2 + SPAN_BYTES
};

/* SeverityNumber (logs.proto); critical as OpenTelemetry's mapping of syslog has it. */
static const unsigned char severities[LEVELS] = {
	[LEVEL_TRACE] = 1, [LEVEL_DEBUG] = 5, [LEVEL_INFO] = 9, [LEVEL_WARN] = 13, [LEVEL_ERROR] = 17, [LEVEL_CRITICAL] = 18, [LEVEL_FATAL] = 21,
};

struct ids {
	unsigned char trace[TRACE_BYTES], span[SPAN_BYTES];
	bool has_trace, has_span, is_sampled;
	const struct label *taken[3]; /* structured metadata that became one of these: no attributes then */
};

/* otlp_id of one that is known to be good: parsers/trace/trace.c lets no other through. */
static bool pack_hex(const char *text, unsigned char *out, size_t n)
{
	unsigned any = 0;
	for (size_t i = 0; i < n; i++) {
		unsigned high = (unsigned char)text[2 * i], low = (unsigned char)text[2 * i + 1];
		unsigned byte = ((high & 15) + (high >> 6) * 9) << 4 | ((low & 15) + (low >> 6) * 9);
		out[i] = (unsigned char)byte;
		any |= byte;
	}
	return any;
}

static const struct label *find(const struct record *record, struct str name)
{
	for (size_t i = 0; i < record->metadata_count; i++)
		if (str_eq(record->metadata[i].name, name))
			return &record->metadata[i];
	return NULL;
}

/* Ids that pipeline stages brought. */
static void take_ids(const struct record *record, struct ids *ids)
{
	const struct label *trace = find(record, STR("trace_id")), *span = find(record, STR("span_id"));
	const struct label *flags = find(record, STR("trace_flags"));
	unsigned char byte[1] = { 0 };
	if (!trace || !otlp_id(trace->value, ids->trace, TRACE_BYTES))
		return;
	ids->has_trace = true;
	ids->taken[0] = trace;
	if (span && otlp_id(span->value, ids->span, SPAN_BYTES)) {
		ids->has_span = true;
		ids->taken[1] = span;
	}
	if (flags && flags->value.n == 2 && otlp_id(flags->value, byte, 1) && byte[0] == 1) {
		ids->is_sampled = true;
		ids->taken[2] = flags;
	}
}

static void ids_of(const struct record *record, struct ids *ids)
{
	const struct trace_context *t = &record->trace;
	if (record->trace_result != TRACE_VALID || !pack_hex(t->trace_id, ids->trace, TRACE_BYTES)) {
		if (record->metadata_count)
			take_ids(record, ids);
		return;
	}
	ids->has_trace = true;
	ids->has_span = t->has_span && pack_hex(t->span_id, ids->span, SPAN_BYTES);
	ids->is_sampled = t->sampled > 0;
}

static size_t ids_size(const struct ids *ids)
{
	return (ids->is_sampled ? 5 : 0) + (ids->has_trace ? 2 + TRACE_BYTES : 0) + (ids->has_span ? 2 + SPAN_BYTES : 0);
}

static char *put(char *p, const void *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

static char *ids_write(char *p, const struct ids *ids)
{
	uint32_t flags = htole32(1);
	if (ids->is_sampled)
		p = put(wire_tag(p, FIELD_FLAGS, WIRE_FIXED32), &flags, sizeof flags);
	if (ids->has_trace)
		p = wire_bytes(p, FIELD_TRACE, (struct str){ (const char *)ids->trace, TRACE_BYTES });
	if (ids->has_span)
		p = wire_bytes(p, FIELD_SPAN, (struct str){ (const char *)ids->span, SPAN_BYTES });
	return p;
}

/* ---- attributes ---- */

/* What few records have: who said which trace it is, when it was not the line; for how many lines it stands. */
struct rare { struct label at[2]; size_t count; };

static struct rare rare_of(const struct record *record)
{
	struct rare rare = { .count = 0 };
	if (record->trace_result == TRACE_VALID && record->trace.source != TRACE_FROM_LINE && record->trace.source < TRACE_SOURCES)
		rare.at[rare.count++] = (struct label){ STR("trace_id_source"), str_of(trace_source_names[record->trace.source]) };
	if (record->adjusted_count.n)
		rare.at[rare.count++] = (struct label){ STR("adjusted_count"), record->adjusted_count };
	return rare;
}

static bool is_taken(const struct ids *ids, const struct label *pair)
{
	return pair == ids->taken[0] || pair == ids->taken[1] || pair == ids->taken[2];
}

static size_t attributes_size(const struct label *pairs, size_t count, const struct ids *ids)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		if (!is_taken(ids, &pairs[i]))
			n += wire_bytes_size(otlp_attribute_size(pairs[i].name, pairs[i].value.n));
	return n;
}

/* Bytes that are no UTF-8 become question marks where they stand: the length has been said already. */
static void mend(char *p, size_t n)
{
	for (size_t at = 0; (at += utf8_valid((struct str){ p + at, n - at })) < n; at++)
		p[at] = '?';
}

/* Names that a label profile spells as Loki would make them of the conventions' names (agent/logs/label_profile.c). */
static const struct { struct str label, attribute; } dotted[] = {
	{ STR("k8s_node_name"), STR("k8s.node.name") },
	{ STR("host_name"), STR("host.name") },
	{ STR("log_file_path"), STR("log.file.path") },
	{ STR("log_iostream"), STR("log.iostream") },
};

static struct str attribute_name(struct str label)
{
	for (size_t i = 0; i < COUNT_OF(dotted); i++)
		if (str_eq(label, dotted[i].label))
			return dotted[i].attribute; /* of the same length: sizes were added up with the other one */
	return label;
}

static char *attributes_write(char *p, const struct label *pairs, size_t count, const struct ids *ids)
{
	for (size_t i = 0; i < count; i++) {
		if (is_taken(ids, &pairs[i]))
			continue;
		p = otlp_attribute(p, FIELD_ATTRIBUTE, attribute_name(pairs[i].name), pairs[i].value);
		mend(p - pairs[i].value.n, pairs[i].value.n);
	}
	return p;
}

/* ---- the record ---- */

struct parts { /* of one record, beside its line */
	struct ids ids;
	struct rare rare;
	struct str level;
	unsigned severity;
	size_t attributes;
};

static struct parts parts_of(const struct record *record, bool with_metadata)
{
	struct parts parts = { .severity = 0 };
	if (!with_metadata)
		return parts;
	ids_of(record, &parts.ids);
	parts.rare = rare_of(record);
	if (record->level > LEVEL_UNKNOWN && record->level < LEVELS) {
		parts.severity = severities[record->level];
		parts.level = str_take(str_of(level_names[record->level]), LEVEL_TEXT_MAX);
	}
	parts.attributes = attributes_size(record->metadata, record->metadata_count, &parts.ids) +
			   attributes_size(parts.rare.at, parts.rare.count, &parts.ids);
	return parts;
}

void otlp_log_record(struct buf *out, const struct record *record, bool with_metadata)
{
	const struct parts parts = parts_of(record, with_metadata);
	uint64_t ns = htole64(record->timestamp_ns > 0 ? (uint64_t)record->timestamp_ns : 1);
	size_t body = wire_bytes_size(record->line.n);
	size_t size = 9 + (parts.severity ? 2 + 2 + parts.level.n : 0) + wire_bytes_size(body) + parts.attributes + ids_size(&parts.ids);
	char *start = buf_reserve(out, record->line.n + parts.attributes + RECORD_OVERHEAD), *p = start;
	if (!p)
		return;
	p = wire_varint(wire_tag(p, 2, WIRE_BYTES), size); /* ScopeLogs.log_records */
	p = put(wire_tag(p, FIELD_TIME, WIRE_FIXED64), &ns, sizeof ns);
	if (parts.severity) {
		p = wire_varint(wire_tag(p, FIELD_SEVERITY, WIRE_VARINT), parts.severity);
		p = wire_bytes(p, FIELD_SEVERITY_TEXT, parts.level);
	}
	p = wire_varint(wire_tag(p, FIELD_BODY, WIRE_BYTES), body);
	p = wire_bytes(p, 1, record->line);
	if (parts.attributes) {
		p = attributes_write(p, record->metadata, record->metadata_count, &parts.ids);
		p = attributes_write(p, parts.rare.at, parts.rare.count, &parts.ids);
	}
	p = ids_write(p, &parts.ids);
	buf_grow(out, (size_t)(p - start));
}

bool otlp_log_record_read(struct str record, struct message_entry *out)
{
	struct wire_field field, value;
	uint64_t ns;
	*out = (struct message_entry){ 0 };
	while (record.n) {
		if (!wire_read_field(&record, &field))
			return false;
		if (field.number == FIELD_TIME && field.type == WIRE_FIXED64) {
			memcpy(&ns, field.bytes.p, sizeof ns);
			out->timestamp_ns = (int64_t)le64toh(ns);
		}
		struct str body = field.number == FIELD_BODY && field.type == WIRE_BYTES ? field.bytes : (struct str){ 0 };
		if (body.n && wire_read_field(&body, &value) && value.number == 1 && value.type == WIRE_BYTES)
			out->line = value.bytes;
	}
	return true;
}

const struct log_protocol log_protocol_otlp = {
	.name = "otlphttp",
	.content_type = STR("Content-Type: application/x-protobuf"),
	.content_encoding = STR("Content-Encoding: gzip"),
	.nothing = STR(""),
	.not_found = STR("the path is not one for OTLP logs, which is /v1/logs as a rule, and /otlp/v1/logs at Loki"),
	.packing = PACK_GZIP,
	.is_nested = true,
	.learns_size = true,
	.entry = otlp_log_record,
	.head = otlp_resource,
	.entry_read = otlp_log_record_read,
	.head_text = otlp_resource_text,
	.reply = otlp_logs_reply,
	.reply_text = otlp_reply_text,
};
