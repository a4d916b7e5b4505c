/* Bytes in pieces -> one snappy block, without ever holding them uncompressed in one place. */
#ifndef EXPORTERS_SNAP_H
#define EXPORTERS_SNAP_H

#include "parsers/bytes/str.h"

enum { SNAP_WINDOW_BYTES = 64 * 1024 };

struct snap {
	char *window;  /* SNAP_WINDOW_BYTES, the caller's */
	size_t used;   /* of the window */
	char *out;     /* owned until snap_finish */
	size_t n;      /* compressed so far */
	bool is_broken; /* the library refused: cannot happen with the room that we give it */
};

/* total = exactly how many bytes snap_add will bring. false: no memory. */
bool snap_begin(struct snap *s, char *window, size_t total);
void snap_add(struct snap *s, struct str bytes);
/* Hands over the block (free() it), cut to its size. NULL when it did not work out. */
char *snap_finish(struct snap *s, size_t *n);

#endif
