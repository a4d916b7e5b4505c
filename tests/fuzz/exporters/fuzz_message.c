/* Bytes that claim to be a push request: the walk reads inside them only, and taking the message apart keeps every entry. */
#include <assert.h>

#include "exporters/recut.h"

static bool is_odd(void *ctx, struct str labels, struct str entry, uint64_t index)
{
	(void)labels, (void)entry;
	++*(uint64_t *)ctx;
	return index & 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str message = { (const char *)data, size };
	struct message_entry entry;
	uint64_t count = 0, seen = 0;
	struct message_cursor c = message_walk(&log_protocol_loki, message);
	for (; message_next(&c); count++) {
		assert(c.field.p >= message.p && c.field.p + c.field.n <= message.p + message.n && c.entry.n < c.field.n);
		if (log_protocol_loki.entry_read(c.entry, &entry) && entry.line.n)
			assert(entry.line.p >= c.entry.p && entry.line.p + entry.line.n <= c.entry.p + c.entry.n);
	}
	struct payload yes, no;
	if (recut_divide(&log_protocol_loki, message, false, is_odd, &seen, &yes, &no) == 0) {
		assert(!c.is_broken && seen == count && yes.lines + no.lines == count && yes.lines == count / 2);
		payload_free(&yes);
		payload_free(&no);
	}
	return 0;
}
