/* A request's body, compressed as its protocol wants it: one interface over snap.h and gzip.h. */
#ifndef EXPORTERS_PACK_H
#define EXPORTERS_PACK_H

#include "exporters/gzip.h"
#include "exporters/snap.h"

enum packing { PACK_SNAPPY, PACK_GZIP };

struct pack {
	enum packing packing;
	struct snap snap;
	struct gzip *gzip;
};

/* *window: NULL or SNAP_WINDOW_BYTES for snappy, the caller's: made here when it is needed, kept for the next time and freed by the
 * caller. total = exactly how many bytes pack_add will bring. false: no memory. */
bool pack_begin(struct pack *p, enum packing packing, char **window, size_t total);
void pack_add(struct pack *p, struct str bytes);
/* Hands over the body (free() it). NULL when it did not work out. */
char *pack_finish(struct pack *p, size_t *n);
/* The uncompressed bytes, of which there are raw_bytes, into out (its ceiling is set here; buf_fini it). 0, -ENOMEM, or -EBADMSG. */
int pack_open(enum packing packing, struct str body, size_t raw_bytes, struct buf *out);

#endif
