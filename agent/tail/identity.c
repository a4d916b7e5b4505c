#include "agent/tail/identity.h"

#include <errno.h>

#include "parsers/bytes/hash.h"

int identity_read(int fd, struct identity *out)
{
	struct os_file st;
	char head[IDENTITY_HEAD_BYTES];
	int error = os_stat_fd(fd, &st);
	if (error < 0)
		return error;
	ssize_t got = os_pread(fd, head, sizeof head, 0);
	if (got < 0)
		return (int)got;
	*out = (struct identity){ .dev = st.dev, .ino = st.ino, .birth_ns = st.birth_ns, .head_bytes = (uint32_t)got };
	out->head_hash = hash_bytes((struct str){ head, (size_t)got });
	return 0;
}

bool identity_same_inode(const struct identity *a, const struct os_file *b)
{
	if (a->dev != b->dev || a->ino != b->ino)
		return false;
	return a->birth_ns == 0 || b->birth_ns == 0 || a->birth_ns == b->birth_ns;
}

bool identity_head_matches(const struct identity *id, struct str head)
{
	return head.n >= id->head_bytes && hash_bytes(str_take(head, id->head_bytes)) == id->head_hash;
}

struct frontier frontier_of(uint64_t offset, struct str bytes_before)
{
	size_t n = offset < IDENTITY_FRONTIER_BYTES ? (size_t)offset : IDENTITY_FRONTIER_BYTES;
	if (bytes_before.n < n)
		n = bytes_before.n;
	struct str last = str_skip(bytes_before, bytes_before.n - n);
	return (struct frontier){ .offset = offset, .hash = hash_bytes(last), .bytes = (uint32_t)n };
}

bool frontier_matches(const struct frontier *f, struct str bytes_before)
{
	if (f->bytes == 0) /* at the start, or just behind a hole: nothing to compare */
		return true;
	return bytes_before.n >= f->bytes && hash_bytes(str_skip(bytes_before, bytes_before.n - f->bytes)) == f->hash;
}

bool frontier_check(int fd, const struct frontier *f)
{
	char bytes[IDENTITY_FRONTIER_BYTES];
	if (f->bytes == 0)
		return true;
	if (f->bytes > sizeof bytes || f->offset < f->bytes)
		return false;
	ssize_t got = os_pread(fd, bytes, f->bytes, f->offset - f->bytes);
	return got == (ssize_t)f->bytes && frontier_matches(f, (struct str){ bytes, (size_t)got });
}
