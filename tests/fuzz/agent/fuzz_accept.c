/* Any Accept header gives a weight from 0 to 1000, and asking for a token that is not in it gives 0. */
#include <assert.h>

#include "agent/web/web_accept.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str header = { (const char *)data, size };
	assert(web_accept_quality(header, STR("gzip")) <= 1000);
	assert(web_accept_quality(header, STR("a token, which no list can hold")) == 0);
	return 0;
}
