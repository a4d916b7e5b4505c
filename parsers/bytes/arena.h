/* Memory with one lifetime: allocate many times, release once. {0} is a valid empty arena.
 * Bytes come zeroed and stay where they are until arena_reset or arena_fini. Running out of memory ends the process (see decision 0004). */
#ifndef PARSERS_BYTES_ARENA_H
#define PARSERS_BYTES_ARENA_H

#include "parsers/bytes/str.h"

struct arena_block;
struct arena {
	struct arena_block *newest;
	size_t used_bytes; /* of all blocks together */
};

void *arena_alloc(struct arena *a, size_t n); /* aligned for any type */
struct str arena_copy(struct arena *a, struct str s);   /* a copy that is also NUL-terminated */
/* Room for one more in an array of the arena that has `count`, each of `bytes`: it doubles, so what is asked for follows what is there, and
 * not what somebody announces. at: the array, NULL with none in it. */
void *arena_room(struct arena *a, void *at, size_t count, size_t bytes);
void arena_fini(struct arena *a);
/* Empties it for the next user and keeps memory, up to 256 KiB: what is done again and again allocates nothing after a while. */
void arena_reset(struct arena *a);

#endif
