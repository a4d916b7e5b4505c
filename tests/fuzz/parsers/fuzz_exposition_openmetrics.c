/* A body in this format: see exposition_fuzz.h for what must hold. */
#include "tests/fuzz/parsers/exposition_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return exposition_check(EXPOSITION_OPENMETRICS_1_0, (struct str){ (const char *)data, size });
}
