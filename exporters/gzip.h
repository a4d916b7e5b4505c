/* Bytes in pieces -> one gzip member (RFC 1952), without ever holding them uncompressed in one place; and back. */
#ifndef EXPORTERS_GZIP_H
#define EXPORTERS_GZIP_H

#include "parsers/bytes/buf.h"

struct gzip; /* a deflate state of about 260 KB and the room for the result */

/* total = exactly how many bytes gzip_add will bring. NULL: no memory. */
struct gzip *gzip_begin(size_t total);
void gzip_add(struct gzip *g, struct str bytes);
/* Hands over the member (free() it), cut to its size, and frees g. NULL when it did not work out. */
char *gzip_finish(struct gzip *g, size_t *n);

/* A member that holds exactly raw_bytes into out (its ceiling is set here; buf_fini it). 0, -ENOMEM, or -EBADMSG. */
int gzip_open(struct str member, size_t raw_bytes, struct buf *out);

#endif
