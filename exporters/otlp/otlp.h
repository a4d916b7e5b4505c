/* What OTLP's logs and metrics have in common: attributes, and resources made of labels.
 * opentelemetry-proto: opentelemetry/proto/common/v1/common.proto — KeyValue{key=1, value=2}, AnyValue{string_value=1};
 * opentelemetry/proto/resource/v1/resource.proto — Resource{attributes=1}. Names of attributes: OpenTelemetry's semantic conventions. */
#ifndef EXPORTERS_OTLP_OTLP_H
#define EXPORTERS_OTLP_OTLP_H

#include "exporters/wire.h"
#include "parsers/labels.h"

/* KeyValue with a text, without its own tag and length. */
static inline size_t otlp_attribute_size(struct str key, size_t value_bytes)
{
	return wire_bytes_size(key.n) + wire_bytes_size(wire_bytes_size(value_bytes));
}

/* The whole field: tag, length, KeyValue. Room for otlp_attribute_size and 1 + WIRE_VARINT_MAX bytes is needed. */
static inline char *otlp_attribute(char *p, unsigned field, struct str key, struct str value)
{
	p = wire_varint(wire_tag(p, field, WIRE_BYTES), otlp_attribute_size(key, value.n));
	p = wire_bytes(p, 1, key);
	p = wire_varint(wire_tag(p, 2, WIRE_BYTES), wire_bytes_size(value.n));
	return wire_bytes(p, 1, value);
}

/* An id: 2 * n hexadecimal digits to n bytes, which are not all zero. false: it is none. */
bool otlp_id(struct str text, unsigned char *out, size_t n);

/* Reads a KeyValue; a value that is no text is empty. false: it is none. */
bool otlp_attribute_read(struct str bytes, struct label *out);

/* Resource{attributes} out of the labels of a stream as loki_labels_render writes them: {a="b", c="d"}. Always the same bytes for the same
 * labels. docs/OTLP.md says what becomes of each label. */
void otlp_resource(struct str labels, struct buf *out);
/* The attributes of a Resource as {a="b", c="d"}, for people. */
void otlp_resource_text(struct str resource, struct buf *out);

#endif
