/* Eight bytes a step: fold in, multiply by an odd constant, rotate; the tail is read as one padded word; the length
 * goes in at the end so that heads of different length differ. */
#include "parsers/bytes/hash.h"

static uint64_t step(uint64_t h, uint64_t word)
{
	h = (h ^ word) * 0x9fb21c651e98df25u;
	return h ^ (h >> 29);
}

uint64_t hash_bytes(struct str s)
{
	uint64_t h = 0x51ed270b0a1f39c1u, word;
	size_t i = 0;
	for (; i + 8 <= s.n; i += 8) {
		memcpy(&word, s.p + i, 8);
		h = step(h, word);
	}
	word = 0;
	if (i < s.n)
		memcpy(&word, s.p + i, s.n - i);
	return hash_u64(step(step(h, word), s.n));
}
