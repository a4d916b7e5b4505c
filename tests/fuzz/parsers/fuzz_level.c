/* Any bytes have a level, and the same one twice. */
#include <assert.h>

#include "parsers/level.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = { (const char *)data, size };
	enum level found = level_detect(line);
	assert(found < LEVELS && level_detect(line) == found);
	assert(level_of_value(line) < LEVELS);
	return 0;
}
