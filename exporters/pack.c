/* Snappy for Loki and remote-write, which take nothing else; gzip for OTLP, which every receiver of it knows and Loki's not snappy. */
#include "exporters/pack.h"

#include <errno.h>
#include <snappy-c.h>
#include <stdlib.h>

bool pack_begin(struct pack *p, enum packing packing, char **window, size_t total)
{
	*p = (struct pack){ .packing = packing };
	if (packing == PACK_GZIP) {
		p->gzip = gzip_begin(total);
		return p->gzip;
	}
	if (!*window)
		*window = malloc(SNAP_WINDOW_BYTES);
	return *window && snap_begin(&p->snap, *window, total);
}

void pack_add(struct pack *p, struct str bytes)
{
	if (p->packing == PACK_GZIP)
		gzip_add(p->gzip, bytes);
	else
		snap_add(&p->snap, bytes);
}

char *pack_finish(struct pack *p, size_t *n)
{
	return p->packing == PACK_GZIP ? gzip_finish(p->gzip, n) : snap_finish(&p->snap, n);
}

static int snappy_open(struct str body, size_t raw_bytes, struct buf *out)
{
	size_t n = 0;
	if (snappy_uncompressed_length(body.p, body.n, &n) != SNAPPY_OK || n != raw_bytes) {
		buf_init(out, 0);
		return -EBADMSG;
	}
	buf_init(out, n + 1);
	char *at = buf_reserve(out, n + 1);
	if (!at)
		return -ENOMEM;
	if (snappy_uncompress(body.p, body.n, at, &n) != SNAPPY_OK)
		return -EBADMSG;
	buf_grow(out, n);
	return 0;
}

int pack_open(enum packing packing, struct str body, size_t raw_bytes, struct buf *out)
{
	return packing == PACK_GZIP ? gzip_open(body, raw_bytes, out) : snappy_open(body, raw_bytes, out);
}
