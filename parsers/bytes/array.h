/* Arrays on the heap that grow by doubling: the array, how many are in it and how many fit are the owner's; {NULL, 0, 0} is a valid empty one.
 *
 *	l->at = array_room(l->at, l->count, &l->room, sizeof *l->at);
 *	l->at[l->count++] = one;
 *
 * The owner bounds the count, and frees the array with free(). Running out of memory ends the process (see decision 0004). */
#ifndef PARSERS_BYTES_ARRAY_H
#define PARSERS_BYTES_ARRAY_H

#include <stddef.h>

void *array_grow(void *at, size_t *room, size_t bytes);

/* Room for one more of `bytes` beside the `count` that are there; returns where the array is now. *room: how many fit. */
static inline void *array_room(void *at, size_t count, size_t *room, size_t bytes)
{
	return count < *room ? at : array_grow(at, room, bytes);
}

#endif
