/* An id that is found is well formed and not zero, and a second look says the same. */
#include <assert.h>
#include <string.h>

#include "parsers/trace/trace.h"
#include "tests/fuzz/parsers/hex_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = { (const char *)data, size };
	struct trace_context a, b;
	enum trace_result result = trace_find(line, &a);
	assert(result < TRACE_RESULTS && trace_find(line, &b) == result);
	if (result != TRACE_VALID)
		return 0;
	assert(is_lower_hex(a.trace_id, 32) && memcmp(a.trace_id, b.trace_id, 32) == 0);
	assert(a.has_span == b.has_span && (!a.has_span || is_lower_hex(a.span_id, 16)));
	assert(a.sampled >= -1 && a.sampled <= 1 && a.sampled == b.sampled);
	return 0;
}
