/* A ring: there are rarely more than a few dozen rotated files at a time that are looked at again. */
#include "agent/tail/bz2_heads.h"

#include <stdlib.h>

enum { HEADS = 64 };

struct bz2_heads {
	size_t next;
	struct {
		uint64_t dev, ino, size_bytes;
		int64_t mtime_ns;
		size_t n;
		char bytes[IDENTITY_HEAD_BYTES];
	} at[HEADS];
};

void bz2_heads_free(struct bz2_heads *h)
{
	free(h);
}

bool bz2_heads_find(const struct bz2_heads *h, const struct os_file *file, struct str *head)
{
	for (size_t i = 0; h && i < HEADS; i++)
		if (h->at[i].ino == file->ino && h->at[i].dev == file->dev && h->at[i].size_bytes == file->size_bytes && h->at[i].mtime_ns == file->mtime_ns) {
			*head = (struct str){ h->at[i].bytes, h->at[i].n };
			return true;
		}
	return false;
}

void bz2_heads_put(struct bz2_heads **h, const struct os_file *file, struct str head)
{
	if (!*h && !(*h = calloc(1, sizeof **h)))
		abort();
	size_t i = (*h)->next++ % HEADS;
	(*h)->at[i].dev = file->dev;
	(*h)->at[i].ino = file->ino;
	(*h)->at[i].size_bytes = file->size_bytes;
	(*h)->at[i].mtime_ns = file->mtime_ns;
	(*h)->at[i].n = head.n;
	memcpy((*h)->at[i].bytes, head.p, head.n);
}
