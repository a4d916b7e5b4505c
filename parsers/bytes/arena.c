/* Blocks in a list, the newest first. What does not fit opens a block of its own size or the usual one, and the rest of the block
 * before stays unused: single things are never given back, so nothing has to be found again. */
#include "parsers/bytes/arena.h"

#include <stdalign.h>
#include <stdlib.h>

enum { BLOCK_BYTES = 4096, KEPT_BYTES = 256 << 10 };

struct arena_block {
	struct arena_block *older;
	size_t used, room;
	alignas(max_align_t) char bytes[];
};

static struct arena_block *block_new(size_t n)
{
	size_t room = n > BLOCK_BYTES ? n : BLOCK_BYTES;
	struct arena_block *block = calloc(1, sizeof *block + room);
	if (!block)
		abort();
	block->room = room;
	return block;
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t step = alignof(max_align_t);
	if (n > SIZE_MAX - sizeof(struct arena_block) - step)
		abort();
	n = (n + step - 1) / step * step;
	struct arena_block *block = a->newest;
	if (!block || block->room - block->used < n) {
		struct arena_block *fresh = block_new(n);
		fresh->older = block;
		a->newest = block = fresh;
	}
	void *at = block->bytes + block->used;
	block->used += n;
	a->used_bytes += n;
	return at;
}

struct str arena_copy(struct arena *a, struct str s)
{
	char *at = arena_alloc(a, s.n + 1);
	if (s.n)
		memcpy(at, s.p, s.n);
	return (struct str){ at, s.n };
}

void *arena_room(struct arena *a, void *at, size_t count, size_t bytes)
{
	if (count == 0)
		return arena_alloc(a, 2 * bytes);
	if (count < 2 || (count & (count - 1)))
		return at;
	void *larger = arena_alloc(a, 2 * count * bytes);
	return memcpy(larger, at, count * bytes);
}

void arena_fini(struct arena *a)
{
	for (struct arena_block *block = a->newest, *older; block; block = older) {
		older = block->older;
		free(block);
	}
	*a = (struct arena){ 0 };
}

void arena_reset(struct arena *a)
{
	struct arena_block *newest = a->newest;
	if (!newest)
		return;
	if (newest->older || newest->room > KEPT_BYTES) { /* one block that would have been enough takes their place */
		size_t all = 0;
		for (const struct arena_block *block = newest; block; block = block->older)
			all += block->room;
		arena_fini(a);
		a->newest = block_new(all < KEPT_BYTES ? all : KEPT_BYTES);
		return;
	}
	memset(newest->bytes, 0, newest->used);
	newest->used = 0;
	a->used_bytes = 0;
}
