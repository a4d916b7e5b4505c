/* Open addressing by hash; slots are never removed one by one, so there are no tombstones. A key that is found in the old
 * generation moves to the young one, with its bucket and its count. */
#include "parsers/stages/token_table.h"

#include <stdlib.h>

#include "parsers/bytes/hash.h"

enum { FIRST_ROOM = 64 };

static void generation_fini(struct token_generation *g)
{
	for (size_t i = 0; i < g->room; i++)
		free(g->slots[i].key);
	free(g->slots);
	*g = (struct token_generation){ 0 };
}

/* Where the hash is, or where it would go; NULL: no room at all. */
static struct token_slot *find(const struct token_generation *g, uint64_t hash)
{
	if (!g->room)
		return NULL;
	size_t mask = g->room - 1, i = hash & mask;
	while (g->slots[i].hash && g->slots[i].hash != hash)
		i = (i + 1) & mask;
	return &g->slots[i];
}

static void widen(struct token_generation *g)
{
	struct token_generation wide = { .count = g->count, .room = g->room ? g->room * 2 : FIRST_ROOM };
	wide.slots = calloc(wide.room, sizeof *wide.slots);
	if (!wide.slots)
		abort();
	for (size_t i = 0; i < g->room; i++)
		if (g->slots[i].hash)
			*find(&wide, g->slots[i].hash) = g->slots[i];
	free(g->slots);
	*g = wide;
}

static void forget_refused(struct token_generation *g)
{
	for (size_t i = 0; i < g->room; i++) {
		free(g->slots[i].key);
		g->slots[i].key = NULL;
		g->slots[i].refused = 0;
	}
}

void token_table_init(struct token_table *t, size_t max)
{
	*t = (struct token_table){ .max = max };
}

void token_table_fini(struct token_table *t)
{
	generation_fini(&t->young);
	generation_fini(&t->old);
}

static struct token_slot *get_or_make(struct token_table *t, const struct token_rate *r, uint64_t hash)
{
	struct token_slot *slot = find(&t->young, hash), *older = find(&t->old, hash);
	if (slot && slot->hash)
		return slot;
	if ((t->young.count + 1) * 4 > t->young.room * 3)
		widen(&t->young);
	slot = find(&t->young, hash);
	if (older && older->hash) {
		*slot = *older;
		older->key = NULL;
		older->refused = 0;
	} else {
		slot->hash = hash;
		token_bucket_init(&slot->bucket, r);
	}
	if (++t->young.count < t->max)
		return slot;
	generation_fini(&t->old);
	t->old = t->young;
	t->young = (struct token_generation){ 0 };
	forget_refused(&t->old);
	return slot; /* the slots themselves did not move */
}

bool token_table_allow(struct token_table *t, const struct token_rate *r, struct str key, int64_t now_ns)
{
	uint64_t hash = hash_bytes(key);
	struct token_slot *slot = get_or_make(t, r, hash ? hash : 1);
	if (token_bucket_allow(&slot->bucket, r, now_ns))
		return true;
	if (!slot->key) {
		struct str shown = str_take(key, TOKEN_TABLE_KEY_SHOWN);
		slot->key = calloc(1, shown.n + 1);
		if (!slot->key)
			abort();
		memcpy(slot->key, shown.p, shown.n);
	}
	slot->refused++;
	return false;
}

static void each(const struct token_generation *g, void (*fn)(void *ctx, const struct token_slot *slot), void *ctx)
{
	for (size_t i = 0; i < g->room; i++)
		if (g->slots[i].refused)
			fn(ctx, &g->slots[i]);
}

void token_table_each_refused(const struct token_table *t, void (*fn)(void *ctx, const struct token_slot *slot), void *ctx)
{
	each(&t->young, fn, ctx);
	each(&t->old, fn, ctx);
}
