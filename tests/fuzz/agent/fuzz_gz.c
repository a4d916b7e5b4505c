/* Compressed files: read in pieces and in one go they are the same, an error stays one, nothing is read beyond what was asked for. The first byte says
 * which form (bit 0) and how large the pieces are. */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/tail/gz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 1 << 20, CALLS = 4096 };

/* What is in it, up to MOST bytes; the answer of the last call. */
static ssize_t read_all(int fd, bool is_bz2, size_t piece, char *to, size_t *n)
{
	struct gz *g = gz_open(fd, is_bz2);
	ssize_t got = 1;
	if (!g)
		abort();
	*n = 0;
	for (int calls = 0; calls < CALLS && *n < MOST && (got > 0 || got == -EAGAIN); calls++) {
		size_t want = piece < MOST - *n ? piece : MOST - *n;
		got = gz_read(g, to + *n, want);
		if (got > (ssize_t)want || (got == 0 && !gz_is_at_end(g)))
			abort();
		*n += got > 0 ? (size_t)got : 0;
		if (gz_offset(g) != *n)
			abort();
	}
	if (got == -EBADMSG && gz_read(g, to, piece) != -EBADMSG)
		abort();
	gz_close(g);
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;
	int fd = memfd_create("gz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
		abort();
	char *whole = malloc(MOST), *pieces = malloc(MOST);
	size_t n, n_in_pieces;
	if (!whole || !pieces)
		abort();
	bool is_bz2 = data[0] & 1;
	ssize_t end = read_all(fd, is_bz2, MOST, whole, &n), end_in_pieces = read_all(fd, is_bz2, 1 + (size_t)(data[0] >> 1) * 16, pieces, &n_in_pieces);
	size_t both = n < n_in_pieces ? n : n_in_pieces;
	if (memcmp(whole, pieces, both) != 0)
		abort();
	bool are_ended = end <= 0 && end_in_pieces <= 0 && end != -EAGAIN && end_in_pieces != -EAGAIN;
	if (are_ended && (end != end_in_pieces || (n != n_in_pieces && end != -EBADMSG))) /* of a damaged block of bzip2 more comes out in pieces */
		abort();
	free(whole);
	free(pieces);
	close(fd);
	return 0;
}
