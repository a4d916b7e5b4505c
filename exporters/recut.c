/* A sealed payload is taken apart by opening it and appending its entries to batches again. That costs a decompression and a
 * compression, a few milliseconds for a megabyte, and only happens after a refusal; in return sealed batches carry no index
 * and there is one writer of the format. */
#include "exporters/recut.h"

#include <errno.h>

#include "exporters/batch.h"
#include "exporters/wire.h"

struct part {
	struct batch batch;
	struct log_stream stream; /* of the entry before: entries of a stream come together */
	struct payload *out;
};

static void part_open(struct part *part, const struct log_protocol *protocol, struct payload *out, size_t ceiling)
{
	*part = (struct part){ .out = out };
	if (out)
		*out = (struct payload){ 0 };
	batch_open(&part->batch, protocol, 1, ceiling);
}

static bool part_take(struct part *part, struct str labels, struct str field)
{
	if (!part->out)
		return true;
	if (!str_eq(part->stream.labels, labels) || part->stream.batch_id == 0)
		part->stream = (struct log_stream){ .labels = labels };
	return batch_append_field(&part->batch, &part->stream, field);
}

static bool part_seal(struct part *part, bool has_metadata)
{
	if (!part->out || part->batch.lines == 0)
		return true;
	if (!batch_seal(&part->batch, part->out))
		return false;
	part->out->has_metadata = has_metadata;
	return true;
}

int recut_divide(const struct log_protocol *protocol, struct str message, bool has_metadata, recut_choose *choose, void *ctx,
		 struct payload *yes, struct payload *no)
{
	struct part parts[2];
	uint64_t index = 0;
	int status = 0;
	part_open(&parts[0], protocol, no, message.n + 1);
	part_open(&parts[1], protocol, yes, message.n + 1);
	struct message_cursor c = message_walk(protocol, message);
	while (status == 0 && message_next(&c))
		if (!part_take(&parts[choose(ctx, c.labels, c.entry, index++)], c.labels, c.field))
			status = -ENOMEM;
	if (status == 0 && c.is_broken)
		status = -EBADMSG;
	if (status == 0 && (!part_seal(&parts[0], has_metadata) || !part_seal(&parts[1], has_metadata)))
		status = -ENOMEM;
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		batch_close(&parts[i].batch);
		if (status < 0 && parts[i].out)
			payload_free(parts[i].out);
	}
	return status;
}

static bool is_before(void *ctx, struct str labels, struct str entry, uint64_t index)
{
	(void)labels, (void)entry;
	return index < *(const uint64_t *)ctx;
}

int recut_split(const struct payload *p, uint64_t lines, struct payload *head, struct payload *tail)
{
	struct buf message;
	int status = payload_open(p, &message);
	if (status == 0)
		status = recut_divide(p->protocol, buf_view(&message), p->has_metadata, is_before, &lines, head, tail);
	buf_fini(&message);
	return status;
}

/* The entry as a field again, without EntryAdapter.structuredMetadata (3). scratch is reset. */
static bool strip_entry(struct str entry, struct buf *scratch)
{
	struct wire_field field;
	buf_reset(scratch);
	size_t kept = 0;
	for (struct str rest = entry; rest.n;) {
		if (!wire_read_field(&rest, &field))
			return false;
		kept += field.number == 3 ? 0 : field.whole.n;
	}
	char *p = buf_reserve(scratch, 1 + WIRE_VARINT_MAX + kept);
	if (!p)
		return false;
	char *start = p;
	p = wire_varint(wire_tag(p, 2, WIRE_BYTES), kept);
	for (struct str rest = entry; rest.n;) {
		if (!wire_read_field(&rest, &field))
			return false;
		if (field.number == 3)
			continue;
		memcpy(p, field.whole.p, field.whole.n);
		p += field.whole.n;
	}
	buf_grow(scratch, (size_t)(p - start));
	return true;
}

int recut_strip(const struct payload *p, struct payload *out)
{
	struct buf message, scratch;
	struct part part;
	int status = payload_open(p, &message);
	buf_init(&scratch, p->raw_bytes + 64);
	part_open(&part, p->protocol, out, p->raw_bytes + 1);
	struct message_cursor c = message_walk(p->protocol, buf_view(&message));
	while (status == 0 && message_next(&c))
		if (!strip_entry(c.entry, &scratch) || !part_take(&part, c.labels, buf_view(&scratch)))
			status = -ENOMEM;
	if (status == 0 && c.is_broken)
		status = -EBADMSG;
	if (status == 0 && !part_seal(&part, false))
		status = -ENOMEM;
	batch_close(&part.batch);
	buf_fini(&scratch);
	buf_fini(&message);
	if (status < 0)
		payload_free(out);
	return status;
}
