/* Bytes to pointer. Open addressing; grows by doubling; removal leaves no tombstones (backward shift).
 * The map does not own keys or values: a key must live, unchanged, as long as its entry (keep it inside the value). */
#ifndef PARSERS_BYTES_MAP_H
#define PARSERS_BYTES_MAP_H

#include "parsers/bytes/str.h"

struct map_slot {
	struct str key; /* p == NULL: free */
	uint64_t hash;
	void *value;
};
struct map {
	struct map_slot *slots;
	size_t count, room; /* room is a power of two, or 0 */
};

void *map_get(const struct map *m, struct str key); /* NULL when absent */
void map_put(struct map *m, struct str key, void *value); /* replaces; value must not be NULL, key not empty */
void *map_remove(struct map *m, struct str key); /* the value that was there, or NULL */
void map_fini(struct map *m);

/* Walks all entries in no order: for (size_t i = 0; (v = map_next(&m, &i)); ) … ; no put or remove meanwhile. */
void *map_next(const struct map *m, size_t *i);

#endif
