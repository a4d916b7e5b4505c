/* Status and text of any receiver: first two bytes are the status. Every answer has an action and a reason. */
#include <assert.h>

#include "exporters/remote_write/remote_write_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	int status = data[0] << 8 | data[1];
	struct str body = { (const char *)data + 2, size - 2 };
	enum rw_action action = rw_reply_action(status);
	assert(action < RW_ACTIONS && (action == RW_ACCEPTED) == (status >= 200 && status < 300));
	assert(status < 500 || status > 599 || action == RW_RETRY);
	assert(rw_reply_reason(body) < SAMPLE_DROPS);
	assert(rw_reply_written(body) >= -1);
	return 0;
}
