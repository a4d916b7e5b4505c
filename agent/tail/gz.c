/* zlib does the work. There is no seeking back: the owner keeps what it may need again. */
#include "agent/tail/gz.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "agent/os.h"

enum { INPUT_BYTES = 32 << 10 };

struct gz {
	z_stream z;
	int fd;
	uint64_t in_offset, out_offset;
	bool is_at_end, is_between_members;
	unsigned char input[INPUT_BYTES];
};

struct gz *gz_open(int fd)
{
	struct gz *g = calloc(1, sizeof *g);
	if (!g || inflateInit2(&g->z, 15 + 16) != Z_OK) {
		free(g);
		return NULL;
	}
	g->fd = fd;
	return g;
}

void gz_close(struct gz *g)
{
	if (!g)
		return;
	inflateEnd(&g->z);
	free(g);
}

uint64_t gz_offset(const struct gz *g)
{
	return g->out_offset;
}

/* 1: input there, 0: end of the file, or -errno. */
static int refill(struct gz *g)
{
	if (g->z.avail_in)
		return 1;
	ssize_t got = os_pread(g->fd, g->input, sizeof g->input, g->in_offset);
	if (got <= 0)
		return (int)got;
	g->in_offset += (uint64_t)got;
	g->z.next_in = g->input;
	g->z.avail_in = (unsigned)got;
	return 1;
}

ssize_t gz_read(struct gz *g, void *to, size_t n)
{
	g->z.next_out = to;
	g->z.avail_out = (unsigned)n;
	while (g->z.avail_out && !g->is_at_end) {
		int have = refill(g);
		if (have < 0)
			return have;
		if (have == 0) {
			/* The end is only an end between two members: anywhere else bytes are missing. */
			if (!g->is_between_members)
				return -EBADMSG;
			g->is_at_end = true;
			break;
		}
		if (g->is_between_members && inflateReset(&g->z) != Z_OK)
			return -EBADMSG;
		g->is_between_members = false;
		int result = inflate(&g->z, Z_NO_FLUSH);
		if (result == Z_STREAM_END)
			g->is_between_members = true;
		else if (result != Z_OK && result != Z_BUF_ERROR)
			return -EBADMSG;
	}
	size_t done = n - g->z.avail_out;
	g->out_offset += done;
	return (ssize_t)done;
}
