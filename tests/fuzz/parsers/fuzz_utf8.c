/* The repaired text is valid and at most three times as long; valid text stays as it is; a floor never splits a character. */
#include <assert.h>

#include "parsers/bytes/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct buf out;
	buf_init(&out, 3 * size);
	size_t valid = utf8_valid(text), replaced = utf8_repair(text, &out);
	assert(valid <= size && !out.is_full && out.n <= 3 * size);
	assert(utf8_valid(buf_view(&out)) == out.n);
	assert((valid == size) == (replaced == 0));
	assert(valid == 0 || memcmp(out.p, data, valid) == 0);
	for (size_t n = 0; n <= valid && n < 64; n++)
		assert(utf8_valid(str_take(text, utf8_floor(str_take(text, valid), n))) <= n);
	buf_fini(&out);
	return 0;
}
