/* What is found is a part of the line, of the width and the letters that ids have, and stands behind a key. */
#include <assert.h>

#include "parsers/trace/request_id.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = { (const char *)data, size }, id;
	if (!request_id_find(line, &id))
		return 0;
	assert(id.p >= line.p + 6 && id.p + id.n <= line.p + line.n && id.n >= 16 && id.n <= 128);
	assert(memchr(line.p, 'q', (size_t)(id.p - line.p)));
	for (size_t i = 0; i < id.n; i++)
		assert(id.p[i] > ' ' && id.p[i] < 127 && id.p[i] != '"');
	/* The same when the line ends behind it. */
	struct str again;
	assert(request_id_find(str_take(line, (size_t)(id.p + id.n - line.p)), &again) && str_eq(id, again));
	return 0;
}
