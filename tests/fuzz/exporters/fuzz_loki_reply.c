/* Status and text of any server: first two bytes are the status. Views stay inside the body, lists come to an end. */
#include <assert.h>

#include "exporters/loki_reply.h"

static bool is_inside(struct str part, struct str whole)
{
	return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct str body = { (const char *)data + 2, size - 2 }, rest = body;
	struct push_reply r = loki_reply_read(data[0] << 8 | data[1], body);
	assert(r.action < REPLY_ACTIONS && r.reason < DROP_REASONS && is_inside(r.stream, body));
	assert(!r.has_count || r.ignored <= r.total);
	struct loki_refusal refusal;
	for (size_t n = body.n; loki_refusal_next(&rest, &refusal) > 0; n = rest.n) {
		assert(rest.n < n && refusal.count > 0 && refusal.stream.n > 0);
		assert(is_inside(refusal.stream, body) && is_inside(refusal.text, body));
		assert(loki_labels_match(refusal.stream, refusal.stream));
		loki_labels_match(refusal.stream, r.stream);
	}
	loki_labels_match(body, r.stream);
	return 0;
}
