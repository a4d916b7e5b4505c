/* Four bytes of length and the line, one behind the other, around the end of the memory where they must. */
#include "agent/logs/tap_ring.h"

#include <stdlib.h>

enum { LENGTH_BYTES = 4 };

void tap_ring_init(struct tap_ring *r, size_t bytes)
{
	*r = (struct tap_ring){ .bytes = malloc(bytes), .room = bytes };
	if (!r->bytes)
		abort();
}

void tap_ring_fini(struct tap_ring *r)
{
	free(r->bytes);
	*r = (struct tap_ring){ 0 };
}

/* The n bytes from `at` on, in one or two parts. */
static void copy_in(struct tap_ring *r, size_t at, const void *from, size_t n)
{
	size_t place = at % r->room, head = n < r->room - place ? n : r->room - place;
	memcpy(r->bytes + place, from, head);
	memcpy(r->bytes, (const char *)from + head, n - head);
}

static uint32_t length_at(const struct tap_ring *r, size_t at)
{
	char bytes[LENGTH_BYTES];
	uint32_t length;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = r->bytes[(at + i) % r->room];
	memcpy(&length, bytes, sizeof length);
	return length;
}

static void drop_first(struct tap_ring *r)
{
	size_t n = LENGTH_BYTES + length_at(r, r->first);
	r->first = (r->first + n) % r->room;
	r->used -= n;
}

void tap_ring_put(struct tap_ring *r, struct str line)
{
	uint32_t length = (uint32_t)line.n;
	if (line.n > r->room - LENGTH_BYTES || line.n > UINT32_MAX) {
		r->lost++;
		return;
	}
	while (r->room - r->used < LENGTH_BYTES + line.n) {
		drop_first(r);
		r->lost++;
	}
	copy_in(r, r->first + r->used, &length, LENGTH_BYTES);
	if (line.n)
		copy_in(r, r->first + r->used + LENGTH_BYTES, line.p, line.n);
	r->used += LENGTH_BYTES + line.n;
}

bool tap_ring_take(struct tap_ring *r, struct buf *out)
{
	if (r->used == 0)
		return false;
	size_t n = length_at(r, r->first), place = (r->first + LENGTH_BYTES) % r->room, head = n < r->room - place ? n : r->room - place;
	buf_append(out, r->bytes + place, head);
	buf_append(out, r->bytes, n - head);
	drop_first(r);
	return true;
}
