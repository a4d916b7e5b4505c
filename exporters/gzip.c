/* zlib at its fastest level: on logs it is a fifth larger than the default level and three times as fast, and whoever pays for the node's
 * processor is not who pays for the wire. The head of the member has no time and no name, so the same input is the same bytes. */
#include "exporters/gzip.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

enum { LEVEL = 1, WINDOW_BITS = 15 + 16 /* gzip's head and foot instead of zlib's */, MEMORY_LEVEL = 8 };

struct gzip {
	z_stream z;
	char *out;
	size_t room;
	bool is_broken; /* cannot happen with the room that it is given */
};

/* zlib's pointers are not const, though it does not write there. */
static Bytef *input(struct str bytes)
{
	void *p;
	memcpy(&p, &bytes.p, sizeof p);
	return p;
}

struct gzip *gzip_begin(size_t total)
{
	struct gzip *g = calloc(1, sizeof *g);
	if (!g)
		return NULL;
	if (total > UINT32_MAX / 2 || deflateInit2(&g->z, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(g);
		return NULL;
	}
	g->room = deflateBound(&g->z, (uLong)total) + 64; /* pages behind what is written are never touched */
	g->out = malloc(g->room);
	if (!g->out) {
		deflateEnd(&g->z);
		free(g);
		return NULL;
	}
	g->z.next_out = (Bytef *)g->out;
	g->z.avail_out = (uInt)g->room;
	return g;
}

void gzip_add(struct gzip *g, struct str bytes)
{
	if (bytes.n == 0)
		return;
	g->z.next_in = input(bytes);
	g->z.avail_in = (uInt)bytes.n;
	if (deflate(&g->z, Z_NO_FLUSH) != Z_OK || g->z.avail_in)
		g->is_broken = true;
}

char *gzip_finish(struct gzip *g, size_t *n)
{
	char *out = NULL;
	g->z.next_in = NULL;
	g->z.avail_in = 0;
	bool is_whole = deflate(&g->z, Z_FINISH) == Z_STREAM_END && !g->is_broken;
	*n = g->room - g->z.avail_out;
	deflateEnd(&g->z);
	if (is_whole) {
		char *exact = realloc(g->out, *n);
		out = exact ? exact : g->out;
	} else {
		free(g->out);
	}
	free(g);
	return out;
}

int gzip_open(struct str member, size_t raw_bytes, struct buf *out)
{
	z_stream z = { .next_in = input(member), .avail_in = (uInt)member.n };
	buf_init(out, raw_bytes + 1);
	char *at = buf_reserve(out, raw_bytes + 1);
	if (!at || inflateInit2(&z, WINDOW_BITS) != Z_OK)
		return -ENOMEM;
	z.next_out = (Bytef *)at;
	z.avail_out = (uInt)raw_bytes + 1; /* one more than there may be: more is noticed */
	bool is_whole = inflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out == raw_bytes && z.avail_in == 0;
	inflateEnd(&z);
	if (!is_whole)
		return -EBADMSG;
	buf_grow(out, raw_bytes);
	return 0;
}
