/* A line is read once, 32 bytes at a time, into a bit for each byte at which something begins; then only the bits are looked at. The
 * comparisons are written once, for vectors of the compiler, which makes of them what a machine has: one instruction each where there
 * is AVX2 (asked of the processor, as one program runs on all), two with SSE2. Only how a vector becomes a number with a bit for each
 * byte is spelled out for both. */
#include "parsers/trace/trace_seeds.h"

#include "parsers/trace/trace_text.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

enum { BLOCK = TRACE_SEEDS_BLOCK, WORD = 3, READ = BLOCK + WORD - 1, CHUNK = BLOCK * TRACE_SEEDS_BLOCKS };

#define INLINE __attribute__((always_inline)) static inline
#define VECTOR __attribute__((vector_size(BLOCK)))

struct window { /* of a block: its bytes, and each byte's followers; all but raw in lower case */
	unsigned char VECTOR raw, first, second, third;
};
struct hits { /* all bits of a byte are set, or none */
	signed char VECTOR at;
};

/* ---- one bit for each byte ---- */

#ifdef __x86_64__
INLINE uint32_t bits(const struct hits *h)
{
	__m128i low, high;
	memcpy(&low, h, sizeof low);
	memcpy(&high, (const char *)h + sizeof low, sizeof high);
	return (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
}

__attribute__((always_inline, target("avx2"))) static inline uint32_t bits_avx2(const struct hits *h)
{
	__m256i all;
	memcpy(&all, h, sizeof all);
	return (uint32_t)_mm256_movemask_epi8(all);
}
#else
INLINE uint32_t bits(const struct hits *h)
{
	uint32_t found = 0;
	for (unsigned i = 0; i < BLOCK; i++)
		found |= (uint32_t)(h->at[i] & 1) << i;
	return found;
}
#endif

/* Reads READ bytes. */
INLINE void look(const char *p, struct window *w)
{
	memcpy(&w->raw, p, BLOCK);
	memcpy(&w->second, p + 1, BLOCK);
	memcpy(&w->third, p + 2, BLOCK);
	w->first = w->raw | 0x20;
	w->second |= 0x20;
	w->third |= 0x20;
}

INLINE void find_word(const struct window *w, char a, char b, char c, struct hits *h)
{
	unsigned char x = (unsigned char)a, y = (unsigned char)b, z = (unsigned char)c;
	h->at |= (w->first == x) & (w->second == y) & (w->third == z);
}

/* '@' and '`' are one byte in lower case. */
INLINE void find_at(const struct window *w, char b, char c, struct hits *h)
{
	unsigned char y = (unsigned char)b, z = (unsigned char)c;
	h->at |= (w->raw == '@') & (w->second == y) & (w->third == z);
}

/* ---- what is looked for ---- */

/* Of eight digits only the first byte is a hit. */
INLINE void find_digits(const struct window *w, struct hits *h)
{
	unsigned char VECTOR digit = w->raw - '0', letter = w->first - 'a';
	signed char VECTOR hex = (digit <= 9) | (letter <= 5);
	static const signed char VECTOR first = { -1, 0, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0,
						-1, 0, 0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0 };
	int64_t VECTOR eights;
	memcpy(&eights, &hex, sizeof eights);
	eights = eights == -1;
	memcpy(&hex, &eights, sizeof hex);
	h->at |= hex & first;
}

INLINE uint32_t id_block(const char *p, uint32_t (*bits_of)(const struct hits *h))
{
	struct window w;
	struct hits hits = { { 0 } };
	look(p, &w);
	hits.at = ((w.first == 'r') & (w.third == 'c')) | (w.raw == '@'); /* every line comes here: the rest is looked at where they stand */
	find_digits(&w, &hits);
	return bits_of(&hits);
}

INLINE uint32_t span_block(const char *p, uint32_t (*bits_of)(const struct hits *h))
{
	struct window w;
	struct hits hits = { { 0 } };
	look(p, &w);
	find_word(&w, 's', 'p', 'a', &hits);
	find_word(&w, 'a', 'm', 'p', &hits);
	find_word(&w, 'l', 'a', 'g', &hits);
	return bits_of(&hits);
}

INLINE uint32_t rare_block(const char *p, uint32_t (*bits_of)(const struct hits *h))
{
	struct window w;
	struct hits hits = { { 0 } };
	look(p, &w);
	find_at(&w, 's', 'p', &hits);
	find_word(&w, 'n', 's', 'a', &hits);
	find_word(&w, 'e', 'g', 'm', &hits);
	find_word(&w, 'p', 'a', 'r', &hits);
	find_word(&w, 't', 'i', 'd', &hits);
	return bits_of(&hits);
}

/* ---- the search ---- */

/* n >= READ bytes from k->from on, or the first 2 KiB of more. All blocks are read whole: the second one begins within the first, so
 * that the last one ends with the line. 15 digits hold 8 of block 0 or of the others wherever they lie. */
INLINE void fill(struct trace_seeds *k, const char *p, size_t n, uint32_t (*block)(const char *, uint32_t (*)(const struct hits *)),
	uint32_t (*bits_of)(const struct hits *))
{
	size_t covered = n - (WORD - 1) < CHUNK ? n - (WORD - 1) : CHUNK;
	k->blocks = (covered + BLOCK - 1) / BLOCK;
	k->shift = covered - (k->blocks - 1) * BLOCK;
	k->end = covered == CHUNK ? k->from + CHUNK : k->line.n;
	k->seeds[0] = block(p, bits_of);
	p += k->shift;
	for (size_t i = 1; i < k->blocks; i++, p += BLOCK)
		k->seeds[i] = block(p, bits_of);
}

static void fill_id(struct trace_seeds *k, const char *p, size_t n)
{
	fill(k, p, n, id_block, bits);
}

static void fill_span(struct trace_seeds *k, const char *p, size_t n)
{
	fill(k, p, n, span_block, bits);
}

static void fill_rare(struct trace_seeds *k, const char *p, size_t n)
{
	fill(k, p, n, rare_block, bits);
}

#ifdef __x86_64__
#define WITH_AVX2 __attribute__((target("avx2")))

WITH_AVX2 static void fill_id_avx2(struct trace_seeds *k, const char *p, size_t n)
{
	fill(k, p, n, id_block, bits_avx2);
}

WITH_AVX2 static void fill_span_avx2(struct trace_seeds *k, const char *p, size_t n)
{
	fill(k, p, n, span_block, bits_avx2);
}

WITH_AVX2 static void fill_rare_avx2(struct trace_seeds *k, const char *p, size_t n)
{
	fill(k, p, n, rare_block, bits_avx2);
}
#endif

static void fill_kind(struct trace_seeds *k, const char *p, size_t n)
{
	static void (*const fills[SEED_KINDS])(struct trace_seeds *, const char *, size_t) = { fill_id, fill_span, fill_rare };
#ifdef __x86_64__
	static void (*const with_avx2[SEED_KINDS])(struct trace_seeds *, const char *, size_t) = { fill_id_avx2, fill_span_avx2, fill_rare_avx2 };
	if (__builtin_cpu_supports("avx2")) {
		with_avx2[k->kind](k, p, n);
		return;
	}
#endif
	fills[k->kind](k, p, n);
}

/* Less than a block reads. */
__attribute__((noinline)) static void fill_short(struct trace_seeds *k, struct str rest)
{
	char padded[READ] = { 0 };
	if (rest.n)
		memcpy(padded, rest.p, rest.n);
	fill_kind(k, padded, sizeof padded);
}

static void fill_from(struct trace_seeds *k, size_t from)
{
	struct str rest = str_skip(k->line, from);
	k->from = from;
	if (rest.n < READ)
		fill_short(k, rest);
	else
		fill_kind(k, rest.p, rest.n);
}

void trace_seeds_init(struct trace_seeds *k, enum trace_seed kind, struct str line)
{
	k->line = line; /* the bits are not zeroed: only what is counted is read */
	k->kind = kind;
	fill_from(k, 0);
}

size_t trace_seeds_next(struct trace_seeds *k, size_t at, bool *is_hex)
{
	while (at < k->line.n) {
		if (at >= k->end)
			fill_from(k, at);
		size_t in = at - k->from, block = in < k->shift ? 0 : 1 + (in - k->shift) / BLOCK;
		size_t base = k->from + (block ? k->shift + (block - 1) * BLOCK : 0);
		for (uint32_t behind = UINT32_MAX << (at - base); block < k->blocks; behind = UINT32_MAX) {
			uint32_t found = k->seeds[block] & behind;
			if (found) {
				at = base + (unsigned)__builtin_ctz(found);
				*is_hex = text_is(k->line.p[at], TEXT_HEX); /* no word among SEED_ID begins with a digit */
				return at;
			}
			base += block++ ? BLOCK : k->shift;
		}
		at = k->end;
	}
	return k->line.n;
}
