/* Input: pieces of "<flag><length><bytes>". The join keeps the head of each message up to the limit and accounts for the rest. */
#include <assert.h>

#include "parsers/join.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { PARTIAL = 1, TAKE = 2, RESET = 4 };
	struct join j = { 0 };
	size_t limit = size ? data[0] : 0, added = 0;
	for (size_t at = 1; at + 2 <= size;) {
		unsigned flags = data[at];
		size_t n = data[at + 1] < size - at - 2 ? data[at + 1] : size - at - 2;
		struct runtime_line piece = { .timestamp_ns = (int64_t)at, .message = { (const char *)data + at + 2, n },
			.is_partial = flags & PARTIAL };
		bool is_complete = join_add(&j, &piece, limit);
		added += n;
		assert(is_complete == !piece.is_partial && j.is_open);
		if (is_complete || flags & TAKE) {
			struct str line;
			int64_t ns;
			assert(join_take(&j, &line, &ns) && ns == (int64_t)at);
			assert(line.n <= limit && line.n + j.dropped_bytes == added && j.is_over == (j.dropped_bytes > 0));
			added = 0;
		}
		if (flags & RESET) {
			join_reset(&j);
			added = 0;
		}
		at += 2 + n;
	}
	buf_fini(&j.piece);
	return 0;
}
