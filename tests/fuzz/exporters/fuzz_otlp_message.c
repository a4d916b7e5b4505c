/* Bytes that claim to be an OTLP request: the walk reads inside them only, taking the message apart keeps every record, heads can be shown. The
 * same bytes as labels of a stream make a resource that reads back. */
#include <assert.h>

#include "exporters/otlp/otlp.h"
#include "exporters/recut.h"

static bool is_odd(void *ctx, struct str labels, struct str entry, uint64_t index)
{
	(void)labels, (void)entry;
	++*(uint64_t *)ctx;
	return index & 1;
}

static void as_labels(struct str labels)
{
	struct buf resource;
	struct wire_field field;
	struct label label;
	buf_init(&resource, 1 << 20);
	otlp_resource(labels, &resource);
	for (struct str rest = buf_view(&resource); rest.n;) {
		assert(wire_read_field(&rest, &field) && field.number == 1);
		assert(otlp_attribute_read(field.bytes, &label) && label.value.n);
	}
	buf_fini(&resource);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str message = { (const char *)data, size };
	struct message_entry entry;
	struct buf text;
	uint64_t count = 0, seen = 0;
	struct message_cursor c = message_walk(&log_protocol_otlp, message);
	for (; message_next(&c); count++) {
		assert(c.field.p >= message.p && c.field.p + c.field.n <= message.p + message.n && c.entry.n < c.field.n);
		if (log_protocol_otlp.entry_read(c.entry, &entry) && entry.line.n)
			assert(entry.line.p >= c.entry.p && entry.line.p + entry.line.n <= c.entry.p + c.entry.n);
		buf_init(&text, 1 << 20);
		otlp_resource_text(c.labels, &text);
		buf_fini(&text);
	}
	struct payload yes, no;
	if (recut_divide(&log_protocol_otlp, message, false, is_odd, &seen, &yes, &no) == 0) {
		assert(!c.is_broken && seen == count && yes.lines + no.lines == count && yes.lines == count / 2);
		payload_free(&yes);
		payload_free(&no);
	}
	as_labels(message);
	return 0;
}
