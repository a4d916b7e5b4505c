/* Both take bytes one by one into a block and stir it when it is full. */
#include "parsers/stages/sha.h"

enum { BLOCK_2 = 64, RATE_3 = 136 };

static uint32_t right32(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static const uint32_t words[64] = { 0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98,
	0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6,
	0x240ca1cc,
	0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351,
	0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1,
	0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
	0x391c0cb3,
	0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2 };

static void stir_2(uint32_t state[8], const unsigned char block[BLOCK_2])
{
	uint32_t w[64], v[8];
	for (size_t i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i +
		2] << 8 | block[4 * i + 3];
	for (size_t i = 16; i < 64; i++) {
		uint32_t a = w[i - 15], b = w[i - 2];
		w[i] = w[i - 16] + w[i - 7] + (right32(a, 7) ^ right32(a, 18) ^ a >> 3) + (right32(b, 17) ^ right32(b,
			19) ^ b >> 10);
	}
	memcpy(v, state, sizeof v);
	for (size_t i = 0; i < 64; i++) {
		uint32_t one = v[7] + (right32(v[4], 6) ^ right32(v[4], 11) ^ right32(v[4], 25)) +
			((v[4] & v[5]) ^ (~v[4] & v[6])) + words[i] + w[i];
		uint32_t two = (right32(v[0], 2) ^ right32(v[0], 13) ^ right32(v[0], 22)) +
			((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof *v);
		v[4] += one;
		v[0] = one + two;
	}
	for (size_t i = 0; i < 8; i++)
		state[i] += v[i];
}

void sha_2(struct str head, struct str tail, unsigned char out[SHA_BYTES])
{
	uint32_t state[8] = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 };
	unsigned char block[BLOCK_2] = { 0 };
	size_t all = head.n + tail.n, padded = (all + 9 + BLOCK_2 - 1) / BLOCK_2 * BLOCK_2;
	for (size_t i = 0; i < padded; i++) {
		size_t from_end = padded - 1 - i;
		unsigned char c = i < head.n ? (unsigned char)head.p[i] : i < all ? (unsigned char)tail.p[i - head.n] : i == all ?
			0x80 : 0;
		if (i > all && from_end < 8)
			c = (unsigned char)((uint64_t)all * 8 >> (8 * from_end));
		block[i % BLOCK_2] = c;
		if (i % BLOCK_2 == BLOCK_2 - 1)
			stir_2(state, block);
	}
	for (size_t i = 0; i < SHA_BYTES; i++)
		out[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

static uint64_t left64(uint64_t x, unsigned n)
{
	return n ? x << n | x >> (64 - n) : x;
}

static const uint64_t rounds[24] = { 0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
	0x000000000000808b,
	0x0000000080000001, 0x8000000080008081, 0x8000000000008009, 0x000000000000008a, 0x0000000000000088, 0x0000000080008009,
	0x000000008000000a, 0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002,
	0x8000000000000080, 0x000000000000800a, 0x800000008000000a, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001,
	0x8000000080008008 };

static void stir_3(uint64_t lanes[25])
{
	static const unsigned char turns[24] = { 1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61,
		20, 44 };
	static const unsigned char places[24] = { 10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9,
		6, 1 };
	for (size_t round = 0; round < 24; round++) {
		uint64_t sums[5], row[5];
		for (size_t i = 0; i < 5; i++)
			sums[i] = lanes[i] ^ lanes[i + 5] ^ lanes[i + 10] ^ lanes[i + 15] ^ lanes[i + 20];
		for (size_t i = 0; i < 25; i++)
			lanes[i] ^= sums[(i + 4) % 5] ^ left64(sums[(i + 1) % 5], 1);
		uint64_t carried = lanes[1];
		for (size_t i = 0; i < 24; i++) {
			uint64_t next = lanes[places[i]];
			lanes[places[i]] = left64(carried, turns[i]);
			carried = next;
		}
		for (size_t y = 0; y < 25; y += 5) {
			memcpy(row, lanes + y, sizeof row);
			for (size_t x = 0; x < 5; x++)
				lanes[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
		}
		lanes[0] ^= rounds[round];
	}
}

void sha_3(struct str head, struct str tail, unsigned char out[SHA_BYTES])
{
	uint64_t lanes[25] = { 0 };
	size_t all = head.n + tail.n, padded = (all / RATE_3 + 1) * RATE_3;
	for (size_t i = 0; i < padded; i++) {
		unsigned char c = i < head.n ? (unsigned char)head.p[i] : i < all ? (unsigned char)tail.p[i - head.n] : i == all ?
			0x06 : 0;
		c |= i == padded - 1 ? 0x80 : 0;
		size_t at = i % RATE_3;
		lanes[at / 8] ^= (uint64_t)c << (8 * (at % 8));
		if (at == RATE_3 - 1)
			stir_3(lanes);
	}
	for (size_t i = 0; i < SHA_BYTES; i++)
		out[i] = (unsigned char)(lanes[i / 8] >> (8 * (i % 8)));
}
