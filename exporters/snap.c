/* A snappy block is one varint (the uncompressed length) and a sequence of literals and copies. libsnappy's own compressor
 * cuts its input into fragments of 64 KiB that never refer back across their border (its 16-bit hash table could not), and
 * writes their elements one after the other. So compressing each 64 KiB by itself, dropping the varint in front of each and
 * putting one varint with the sum before the whole yields the same bytes as one call over all of it
 * (google/snappy: format_description.txt; the unit test compares the two byte for byte).
 *
 * That lets the batch gather a stream's scattered entries in a window that stays in the second-level cache instead of a second
 * buffer of a megabyte. Each fragment is compressed in place behind the one before: its varint overwrites the last bytes of
 * its predecessor, which are saved and put back. */
#include "exporters/snap.h"

#include <snappy-c.h>
#include <stdlib.h>

#include "exporters/wire.h"

bool snap_begin(struct snap *s, char *window, size_t total)
{
	/* Pages behind what is written are never touched, and snap_finish gives them back. */
	size_t fragments = total / SNAP_WINDOW_BYTES + 1;
	size_t room = WIRE_VARINT_MAX + total + total / 6 + fragments * (snappy_max_compressed_length(0) + 1);
	*s = (struct snap){ .window = window, .out = malloc(room) };
	if (!s->out)
		return false;
	s->n = (size_t)(wire_varint(s->out, total) - s->out);
	return true;
}

static void compress(struct snap *s, const char *p, size_t n)
{
	/* The head of a fragment is never longer than what stands before it: the varint of the sum, at least. */
	char saved[WIRE_VARINT_MAX];
	size_t head = wire_varint_size(n), wrote = snappy_max_compressed_length(n);
	char *at = s->out + s->n - head;
	memcpy(saved, at, head);
	if (snappy_compress(p, n, at, &wrote) != SNAPPY_OK || wrote < head) {
		s->is_broken = true;
		return;
	}
	memcpy(at, saved, head);
	s->n += wrote - head;
}

void snap_add(struct snap *s, struct str bytes)
{
	while (bytes.n) {
		if (s->used == 0 && bytes.n >= SNAP_WINDOW_BYTES) { /* nothing to gather: straight from the source */
			compress(s, bytes.p, SNAP_WINDOW_BYTES);
			bytes = str_skip(bytes, SNAP_WINDOW_BYTES);
			continue;
		}
		size_t n = SNAP_WINDOW_BYTES - s->used < bytes.n ? SNAP_WINDOW_BYTES - s->used : bytes.n;
		memcpy(s->window + s->used, bytes.p, n);
		s->used += n;
		bytes = str_skip(bytes, n);
		if (s->used == SNAP_WINDOW_BYTES) {
			compress(s, s->window, s->used);
			s->used = 0;
		}
	}
}

char *snap_finish(struct snap *s, size_t *n)
{
	if (s->used)
		compress(s, s->window, s->used);
	if (s->is_broken) {
		free(s->out);
		s->out = NULL;
		return NULL;
	}
	char *exact = realloc(s->out, s->n);
	char *block = exact ? exact : s->out;
	*n = s->n;
	*s = (struct snap){ 0 };
	return block;
}
