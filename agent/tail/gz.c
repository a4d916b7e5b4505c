/* zlib and libbz2 do the work. There is no seeking back: the owner keeps what it may need again. */
#include "agent/tail/gz.h"

#include <bzlib.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <zlib.h>

#include "agent/os.h"

enum { INPUT_BYTES = 32 << 10, STEPS = 4096, SPARES = 2 /* a member's state, and its block */ };
enum { EITHER = 32 /* gzip or zlib, by its head */ };
enum result { GOES_ON, MEMBER_ENDS, DAMAGED };

struct gz {
	const struct form *form;
	z_stream z;
	bz_stream bz;
	struct piece *spare[SPARES]; /* bzip2's memory of the member before */
	int fd;
	uint64_t in_offset, out_offset;
	bool is_at_end, is_in_member, had_member, is_damaged;
	char *in, *out;         /* what is left of the input and of the room for output */
	unsigned in_n, out_n;
	char input[INPUT_BYTES];
};

static const struct form { /* the kinds of compression */
	bool (*begin)(struct gz *g); /* a member */
	enum result (*run)(struct gz *g);
	void (*end)(struct gz *g);   /* a member, in the middle or behind it */
	unsigned refills;            /* in one read: what has next to no content is free to write, and dear to read in bzip2 */
} gzip_form, bzip2_form;

/* ---- gzip and zlib ---- */

static bool begin_gzip(struct gz *g)
{
	return inflateReset(&g->z) == Z_OK;
}

static enum result run_gzip(struct gz *g)
{
	g->z.next_in = (unsigned char *)g->in;
	g->z.avail_in = g->in_n;
	g->z.next_out = (unsigned char *)g->out;
	g->z.avail_out = g->out_n;
	int result = inflate(&g->z, Z_NO_FLUSH);
	g->in += g->in_n - g->z.avail_in;
	g->in_n = g->z.avail_in;
	g->out += g->out_n - g->z.avail_out;
	g->out_n = g->z.avail_out;
	return result == Z_STREAM_END ? MEMBER_ENDS : result == Z_OK || result == Z_BUF_ERROR ? GOES_ON : DAMAGED;
}

static void end_gzip(struct gz *g)
{
	(void)g; /* the window serves the next member */
}

static const struct form gzip_form = { begin_gzip, run_gzip, end_gzip, 128 };

/* ---- bzip2 ---- */

/* Each member asks for the same memory anew, of which there may be thousands: a block knows its size, and is kept for the next one. */
struct piece { size_t n; max_align_t bytes[]; };

static void *take(void *ctx, int count, int size)
{
	struct gz *g = ctx;
	size_t n = (size_t)count * (size_t)size;
	for (size_t i = 0; i < SPARES; i++)
		if (g->spare[i] && g->spare[i]->n == n) {
			struct piece *kept = g->spare[i];
			g->spare[i] = NULL;
			return kept->bytes;
		}
	struct piece *made = malloc(sizeof *made + n);
	if (!made)
		abort();
	made->n = n;
	return made->bytes;
}

static void give(void *ctx, void *p)
{
	struct gz *g = ctx;
	size_t i = 0;
	if (!p)
		return;
	while (i + 1 < SPARES && g->spare[i])
		i++;
	free(g->spare[i]);
	g->spare[i] = (struct piece *)(void *)((char *)p - offsetof(struct piece, bytes));
}

static bool begin_bzip2(struct gz *g)
{
	g->bz = (bz_stream){ .bzalloc = take, .bzfree = give, .opaque = g };
	return BZ2_bzDecompressInit(&g->bz, 0, 0) == BZ_OK;
}

static enum result run_bzip2(struct gz *g)
{
	g->bz.next_in = g->in;
	g->bz.avail_in = g->in_n;
	g->bz.next_out = g->out;
	g->bz.avail_out = g->out_n;
	int result = BZ2_bzDecompress(&g->bz);
	g->in += g->in_n - g->bz.avail_in;
	g->in_n = g->bz.avail_in;
	g->out += g->out_n - g->bz.avail_out;
	g->out_n = g->bz.avail_out;
	return result == BZ_STREAM_END ? MEMBER_ENDS : result == BZ_OK ? GOES_ON : DAMAGED;
}

static void end_bzip2(struct gz *g)
{
	BZ2_bzDecompressEnd(&g->bz);
}

static const struct form bzip2_form = { begin_bzip2, run_bzip2, end_bzip2, 32 /* more than any block */ };

/* ---- both ---- */

struct gz *gz_open(int fd, bool is_bz2)
{
	struct gz *g = calloc(1, sizeof *g);
	if (!g || (!is_bz2 && inflateInit2(&g->z, 15 + EITHER) != Z_OK)) {
		free(g);
		return NULL;
	}
	g->form = is_bz2 ? &bzip2_form : &gzip_form;
	g->fd = fd;
	return g;
}

void gz_close(struct gz *g)
{
	if (!g)
		return;
	if (g->is_in_member)
		g->form->end(g);
	if (g->form == &gzip_form)
		inflateEnd(&g->z);
	for (size_t i = 0; i < SPARES; i++)
		free(g->spare[i]);
	free(g);
}

uint64_t gz_offset(const struct gz *g)
{
	return g->out_offset;
}

/* 1: input there, 0: end of the file, or -errno. */
static int refill(struct gz *g)
{
	if (g->in_n)
		return 1;
	ssize_t got = os_pread(g->fd, g->input, sizeof g->input, g->in_offset);
	if (got <= 0)
		return (int)got;
	g->in_offset += (uint64_t)got;
	g->in = g->input;
	g->in_n = (unsigned)got;
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

/* Unpacks what input there is, and what is still inside. 0, or the error that ends this read. */
static int step(struct gz *g)
{
	unsigned room = g->out_n;
	int have = g->is_damaged ? -EBADMSG : refill(g);
	if (have < 0)
		return have;
	if (have && !g->is_in_member && !g->form->begin(g))
		return -EBADMSG;
	g->is_in_member |= have;
	enum result result = g->is_in_member ? g->form->run(g) : GOES_ON;
	if (result == MEMBER_ENDS) {
		g->form->end(g);
		g->is_in_member = false;
		g->had_member = true;
	}
	g->is_damaged = result == DAMAGED; /* for good: libbz2 would go on behind it */
	if (g->is_damaged)
		return -EBADMSG;
	if (have || g->out_n < room)
		return 0;
	g->is_at_end = g->had_member && !g->is_in_member; /* the end is only an end between two members: anywhere else bytes are missing */
	return g->is_at_end ? 0 : -ENODATA;
}

ssize_t gz_read(struct gz *g, void *to, size_t n)
{
	uint64_t in_most = g->in_offset + (uint64_t)g->form->refills * INPUT_BYTES;
	int error = 0;
	g->out = to;
	g->out_n = (unsigned)n;
	for (int steps = 0; g->out_n && !g->is_at_end && !error; steps++)
		error = steps < STEPS && g->in_offset < in_most ? step(g) : -EAGAIN;
	size_t done = n - g->out_n;
	g->out_offset += done;
	return done || g->is_at_end ? (ssize_t)done : error;
}
