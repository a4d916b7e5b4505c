/* Doubling: what is copied all in all is less than twice what is there. */
#include "parsers/bytes/array.h"

#include <stdint.h>
#include <stdlib.h>

enum { FIRST_ROOM = 16 };

void *array_grow(void *at, size_t *room, size_t bytes)
{
	size_t larger = *room ? 2 * *room : FIRST_ROOM;
	void *moved = bytes && larger <= SIZE_MAX / 2 / bytes ? realloc(at, larger * bytes) : NULL;
	if (!moved)
		abort();
	*room = larger;
	return moved;
}
