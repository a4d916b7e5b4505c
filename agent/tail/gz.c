/* zlib does the work. There is no seeking back: the owner keeps what it may need again. */
#include "agent/tail/gz.h"

#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "agent/os.h"

enum { INPUT_BYTES = 32 << 10, REFILLS = 128 /* in one read: members without content are free to write */ };
enum { EITHER = 32 /* gzip or zlib, by its head */ };

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
	if (!g || inflateInit2(&g->z, 15 + EITHER) != Z_OK) {
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

void gz_set_fd(struct gz *g, int fd)
{
	g->fd = fd;
}

bool gz_is_at_end(const struct gz *g)
{
	return g->is_at_end;
}

/* Inflates what input there is. 0, or the error that ends this read. */
static int step(struct gz *g)
{
	int have = refill(g);
	if (have < 0)
		return have;
	if (have == 0) { /* the end is only an end between two members: anywhere else bytes are missing */
		g->is_at_end = g->is_between_members;
		return g->is_at_end ? 0 : -ENODATA;
	}
	if (g->is_between_members && inflateReset(&g->z) != Z_OK)
		return -EBADMSG;
	g->is_between_members = false;
	int result = inflate(&g->z, Z_NO_FLUSH);
	g->is_between_members = result == Z_STREAM_END;
	return result == Z_STREAM_END || result == Z_OK || result == Z_BUF_ERROR ? 0 : -EBADMSG;
}

ssize_t gz_read(struct gz *g, void *to, size_t n)
{
	uint64_t in_most = g->in_offset + (uint64_t)REFILLS * INPUT_BYTES;
	int error = 0;
	g->z.next_out = to;
	g->z.avail_out = (unsigned)n;
	while (g->z.avail_out && !g->is_at_end && !error)
		error = g->in_offset < in_most ? step(g) : -EAGAIN;
	size_t done = n - g->z.avail_out;
	g->out_offset += done;
	return done || g->is_at_end ? (ssize_t)done : error;
}
