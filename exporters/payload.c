/* Reading back what batch.c wrote. Only refusals come this way, so it is written for clarity, yet it checks every length:
 * the same walk is fuzzed with foreign bytes. Labels stand before entries in what we write, and the walk relies on it:
 * an entry before its labels is reported under empty ones. */
#include "exporters/payload.h"

#include <stdlib.h>

#include "exporters/wire.h"

void payload_set_tenant(struct payload *p, struct str tenant)
{
	p->tenant_bytes = (unsigned char)(tenant.n < LOG_TENANT_MAX ? tenant.n : LOG_TENANT_MAX);
	for (size_t i = 0; i < p->tenant_bytes; i++)
		p->tenant[i] = tenant.p[i];
}

void payload_free(struct payload *p)
{
	free(p->body);
	*p = (struct payload){ 0 };
}

int payload_open(const struct payload *p, struct buf *out)
{
	return pack_open(p->protocol->packing, (struct str){ p->body, p->n }, p->raw_bytes, out);
}

struct message_cursor message_walk(const struct log_protocol *protocol, struct str message)
{
	return (struct message_cursor){ .protocol = protocol, .rest = message };
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

static bool take_entry(struct message_cursor *c, const struct wire_field *field)
{
	if (field->type != WIRE_BYTES || field->number != 2)
		return false;
	c->field = field->whole;
	c->entry = field->bytes;
	return true;
}

/* One field of the group; true when it is an entry. */
static bool next_of_stream(struct message_cursor *c)
{
	struct wire_field field;
	if (!wire_read_field(&c->stream, &field)) {
		c->is_broken = true;
		return false;
	}
	if (field.type == WIRE_BYTES && field.number == 1)
		c->labels = field.bytes;
	if (!c->protocol->is_nested)
		return take_entry(c, &field);
	if (field.type == WIRE_BYTES && field.number == 2)
		c->scope = field.bytes;
	return false;
}

static bool next_of_scope(struct message_cursor *c)
{
	struct wire_field field;
	if (!wire_read_field(&c->scope, &field)) {
		c->is_broken = true;
		return false;
	}
	return take_entry(c, &field);
}

bool message_next(struct message_cursor *c)
{
	while (!c->is_broken) {
		if (c->scope.n) {
			if (next_of_scope(c))
				return true;
		} else if (c->stream.n) {
			if (next_of_stream(c))
				return true;
		} else if (!next_stream(c)) {
			return false;
		}
	}
	return false;
}
