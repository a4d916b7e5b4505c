/* Linear probing, at most three quarters full. Removal moves later entries of the run into the hole, so that a search never has
 * to pass a tombstone, however many came and went. */
#include "parsers/bytes/map.h"

#include <stdlib.h>

#include "parsers/bytes/hash.h"

static size_t find(const struct map *m, struct str key, uint64_t hash)
{
	size_t mask = m->room - 1, i = hash & mask;
	while (m->slots[i].key.p && (m->slots[i].hash != hash || !str_eq(m->slots[i].key, key)))
		i = (i + 1) & mask;
	return i;
}

static void widen(struct map *m)
{
	struct map old = *m;
	m->room = old.room ? old.room * 2 : 16;
	m->slots = calloc(m->room, sizeof *m->slots);
	if (!m->slots)
		abort();
	for (size_t i = 0; i < old.room; i++)
		if (old.slots[i].key.p)
			m->slots[find(m, old.slots[i].key, old.slots[i].hash)] = old.slots[i];
	free(old.slots);
}

void *map_get(const struct map *m, struct str key)
{
	return m->room ? m->slots[find(m, key, hash_bytes(key))].value : NULL;
}

void map_put(struct map *m, struct str key, void *value)
{
	if ((m->count + 1) * 4 > m->room * 3)
		widen(m);
	uint64_t hash = hash_bytes(key);
	struct map_slot *slot = &m->slots[find(m, key, hash)];
	m->count += slot->key.p == NULL;
	*slot = (struct map_slot){ key, hash, value };
}

void *map_remove(struct map *m, struct str key)
{
	if (!m->room)
		return NULL;
	size_t mask = m->room - 1, hole = find(m, key, hash_bytes(key));
	void *value = m->slots[hole].value;
	if (!m->slots[hole].key.p)
		return NULL;
	m->count--;
	/* Pull later entries of the same run into the hole, unless their home lies behind it. */
	for (size_t i = (hole + 1) & mask; m->slots[i].key.p; i = (i + 1) & mask) {
		size_t home = m->slots[i].hash & mask;
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			m->slots[hole] = m->slots[i];
			hole = i;
		}
	}
	m->slots[hole] = (struct map_slot){ 0 };
	return value;
}

void map_fini(struct map *m)
{
	free(m->slots);
	*m = (struct map){ 0 };
}

void *map_next(const struct map *m, size_t *i)
{
	while (*i < m->room) {
		const struct map_slot *slot = &m->slots[(*i)++];
		if (slot->key.p)
			return slot->value;
	}
	return NULL;
}
