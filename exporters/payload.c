/* Reading back what batch.c wrote. Only refusals come this way, so it is written for clarity, yet it checks every length:
 * the same walk is fuzzed with foreign bytes. Labels stand before entries in what we write, and the walk relies on it:
 * an entry before its labels is reported under empty ones. */
#include "exporters/payload.h"

#include <errno.h>
#include <snappy-c.h>
#include <stdlib.h>

#include "exporters/wire.h"

void payload_free(struct payload *p)
{
	free(p->body);
	*p = (struct payload){ 0 };
}

int payload_open(const struct payload *p, struct buf *out)
{
	size_t n = 0;
	if (snappy_uncompressed_length(p->body, p->n, &n) != SNAPPY_OK || n != p->raw_bytes) {
		buf_init(out, 0);
		return -EBADMSG;
	}
	buf_init(out, n + 1);
	char *at = buf_reserve(out, n + 1);
	if (!at)
		return -ENOMEM;
	if (snappy_uncompress(p->body, p->n, at, &n) != SNAPPY_OK)
		return -EBADMSG;
	buf_grow(out, n);
	return 0;
}

struct message_cursor message_walk(struct str message)
{
	return (struct message_cursor){ .rest = message };
}

/* On to the next stream of the request. */
static bool next_stream(struct message_cursor *c)
{
	struct wire_field field;
	if (c->rest.n == 0)
		return false;
	if (!wire_read_field(&c->rest, &field)) {
		c->is_broken = true;
		return false;
	}
	if (field.number == 1 && field.type == WIRE_BYTES) {
		c->stream = field.bytes;
		c->labels = (struct str){ 0 };
	}
	return true;
}

bool message_next(struct message_cursor *c)
{
	while (c->stream.n || next_stream(c)) {
		struct wire_field field;
		if (c->stream.n == 0)
			continue;
		if (!wire_read_field(&c->stream, &field)) {
			c->is_broken = true;
			return false;
		}
		if (field.type == WIRE_BYTES && field.number == 1)
			c->labels = field.bytes;
		if (field.type == WIRE_BYTES && field.number == 2) {
			c->field = field.whole;
			c->entry = field.bytes;
			return true;
		}
	}
	return false;
}

static bool timestamp_read(struct str bytes, int64_t *ns)
{
	struct wire_field field;
	uint64_t seconds = 0, nanos = 0;
	while (bytes.n) {
		if (!wire_read_field(&bytes, &field))
			return false;
		if (field.type == WIRE_VARINT && field.number == 1)
			seconds = field.value;
		if (field.type == WIRE_VARINT && field.number == 2)
			nanos = field.value;
	}
	*ns = (int64_t)(seconds * 1000000000u + nanos); /* modulo 2^64: our own values always fit */
	return true;
}

bool message_entry_read(struct str entry, struct message_entry *out)
{
	struct wire_field field;
	*out = (struct message_entry){ 0 };
	while (entry.n) {
		if (!wire_read_field(&entry, &field))
			return false;
		if (field.type != WIRE_BYTES)
			continue;
		if (field.number == 1 && !timestamp_read(field.bytes, &out->timestamp_ns))
			return false;
		if (field.number == 2)
			out->line = field.bytes;
	}
	return true;
}
