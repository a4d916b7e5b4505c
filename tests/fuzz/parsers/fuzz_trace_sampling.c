/* What is found in a line as randomness stands in it as it was read, behind an entry's beginning. */
#include <assert.h>
#include <stdio.h>

#include "parsers/trace/trace_sampling.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = { (const char *)data, size };
	uint64_t randomness;
	char text[32];
	if (!trace_randomness_in(line, &randomness))
		return 0;
	assert(randomness < TRACE_SAMPLING_RANGE);
	int n = snprintf(text, sizeof text, "rv:%014llx", (unsigned long long)randomness);
	const char *hit = memmem(line.p, line.n, text, (size_t)n);
	assert(hit && memmem(line.p, (size_t)(hit - line.p), "ot=", 3));
	return 0;
}
