/* Open addressing, told apart by 62 bits of the id's hash; the other two hold the flag. A slot outside of the window is as good as free for
 * whoever comes along, but it stays in its chain until the table is made anew. */
#include "parsers/trace/trace_pairs.h"

#include <stdlib.h>

#include "parsers/bytes/hash.h"

enum { ROOM_LEAST = 64 };

struct trace_pair {
	uint64_t key; /* 0: free; the lower two bits are the flag, plus one */
	uint64_t at;
	char trace_id[32];
};

static uint64_t key_of(struct str request_id)
{
	return (hash_bytes(request_id) | 4) & ~UINT64_C(3);
}

static bool is_key(const struct trace_pair *slot, uint64_t key)
{
	return (slot->key & ~UINT64_C(3)) == key;
}

static bool is_near(const struct trace_pairs *p, const struct trace_pair *slot, uint64_t at)
{
	return (slot->at < at ? at - slot->at : slot->at - at) <= p->window;
}

void trace_pairs_fini(struct trace_pairs *p)
{
	free(p->slots);
	p->slots = NULL;
	p->room = p->used = 0;
}

void trace_pairs_reset(struct trace_pairs *p)
{
	if (p->used)
		memset(p->slots, 0, p->room * sizeof *p->slots);
	p->used = 0;
}

static struct trace_pair *place_of(const struct trace_pairs *p, uint64_t key, uint64_t at)
{
	struct trace_pair *spare = NULL;
	for (size_t i = key >> 2;; i++) {
		struct trace_pair *slot = &p->slots[i & (p->room - 1)];
		if (slot->key == 0)
			return spare ? spare : slot;
		if (is_key(slot, key))
			return slot;
		if (!spare && !is_near(p, slot, at))
			spare = slot;
	}
}

static size_t count_from(const struct trace_pairs *p, uint64_t least, uint64_t at)
{
	size_t n = 0;
	for (size_t i = 0; i < p->room; i++)
		n += p->slots[i].key && p->slots[i].at >= least && is_near(p, &p->slots[i], at);
	return n;
}

/* Where the younger half begins, as well as the distance from the oldest tells it. */
static uint64_t halfway(const struct trace_pairs *p, uint64_t at)
{
	uint64_t least = at;
	for (size_t i = 0; i < p->room; i++)
		if (p->slots[i].key && p->slots[i].at < least && is_near(p, &p->slots[i], at))
			least = p->slots[i].at;
	return least + (at - least) / 2 + 1;
}

/* A new table with what is still of interest, with room for as much again. */
static void make_anew(struct trace_pairs *p, uint64_t at)
{
	struct trace_pairs old = *p;
	uint64_t least = 0;
	size_t live = count_from(&old, 0, at), room = ROOM_LEAST;
	if (live * 2 > p->most) {
		least = halfway(&old, at);
		live = count_from(&old, least, at);
	}
	if (live * 2 > p->most) { /* all at one place: none is older than another */
		trace_pairs_reset(p);
		return;
	}
	while (room < live * 2)
		room *= 2;
	p->slots = calloc(room, sizeof *p->slots);
	if (!p->slots)
		abort();
	p->room = room;
	p->used = 0;
	for (size_t i = 0; i < old.room; i++) {
		const struct trace_pair *from = &old.slots[i];
		if (!from->key || from->at < least || !is_near(&old, from, at))
			continue;
		*place_of(p, from->key & ~UINT64_C(3), at) = *from;
		p->used++;
	}
	free(old.slots);
}

void trace_pairs_put(struct trace_pairs *p, struct str request_id, const struct trace_context *trace, uint64_t at)
{
	uint64_t key = key_of(request_id);
	if (p->used * 4 >= p->room * 3)
		make_anew(p, at);
	struct trace_pair *slot = place_of(p, key, at);
	p->used += slot->key == 0;
	slot->key = key | (uint64_t)(trace->sampled + 1);
	slot->at = at;
	memcpy(slot->trace_id, trace->trace_id, sizeof slot->trace_id);
}

bool trace_pairs_get(const struct trace_pairs *p, struct str request_id, uint64_t at, struct trace_context *out)
{
	uint64_t key = key_of(request_id);
	if (p->used == 0)
		return false;
	for (size_t i = key >> 2;; i++) {
		const struct trace_pair *slot = &p->slots[i & (p->room - 1)];
		if (slot->key == 0)
			return false;
		if (!is_key(slot, key))
			continue;
		if (!is_near(p, slot, at))
			return false;
		memcpy(out->trace_id, slot->trace_id, sizeof out->trace_id);
		out->has_span = false;
		out->sampled = (signed char)((int)(slot->key & 3) - 1);
		return true;
	}
}
