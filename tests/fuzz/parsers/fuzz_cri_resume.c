/* Any bytes: the place is a beginning of a line, and never behind the last line feed. A later time never begins earlier than all. */
#include <assert.h>

#include "parsers/cri_resume.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	static const int64_t times[] = { INT64_MIN, 0, 1714557600000000000, INT64_MAX };
	for (size_t i = 0, before = 0; i < COUNT_OF(times); i++) {
		size_t n = cri_resume(text, times[i]);
		assert(n >= before && n <= size && (n == 0 || text.p[n - 1] == '\n'));
		before = n;
	}
	return 0;
}
