/* Status and body of any server: the first two bytes are the status. Views stay inside the body, counts are counts. */
#include <assert.h>

#include "exporters/otlp/otlp_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	int status = (data[0] << 8 | data[1]) % 1000;
	struct str body = { (const char *)data + 2, size - 2 };
	struct push_reply r = otlp_logs_reply(status, body);
	assert(r.action < REPLY_ACTIONS && r.reason < DROP_REASONS && r.stream.n == 0 && !r.has_count);
	assert(r.ignored <= INT64_MAX && (r.action == REPLY_PARTIAL || r.ignored == 0));
	assert((r.action == REPLY_PARTIAL || r.action == REPLY_ACCEPTED) == (status / 100 == 2));
	struct str text = otlp_reply_text(status, body);
	assert(text.n == 0 || (text.p >= body.p && text.p + text.n <= body.p + body.n));
	return 0;
}
