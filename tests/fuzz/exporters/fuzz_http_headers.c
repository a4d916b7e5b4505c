/* Header lines of any server, and lines that we are asked to send. */
#include <assert.h>

#include "exporters/http_headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = { (const char *)data, size }, value = { 0 };
	if (http_header_value(line, STR("Retry-After"), &value))
		assert(value.n < line.n && value.p >= line.p && value.p + value.n <= line.p + line.n);
	int64_t ms = http_retry_after_ms(value.n ? value : line, 1700000000);
	assert(ms >= -1 && ms <= HTTP_RETRY_AFTER_MAX_MS);
	if (http_header_is_safe(line))
		assert(!memchr(line.p, '\n', line.n) && !memchr(line.p, '\r', line.n) && !memchr(line.p, '\0', line.n) &&
			memchr(line.p, ':', line.n));
	return 0;
}
