/* A fast 64-bit hash of bytes: for identity and tables, not against an adversary who wants collisions in a table
 * whose size we bound anyway. The value is part of the checkpoint format: changing it is a new checkpoint version. */
#ifndef PARSERS_BYTES_HASH_H
#define PARSERS_BYTES_HASH_H

#include "parsers/bytes/str.h"

uint64_t hash_bytes(struct str s);

static inline uint64_t hash_u64(uint64_t x)
{
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	x *= 0xd6e8feb86659fd93u;
	x ^= x >> 32;
	return x;
}

#endif
