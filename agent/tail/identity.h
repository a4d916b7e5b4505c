/* Is this the same file? Device and inode alone are not enough: inode numbers are reused at once. Birth time tells most of
 * the rest; where a file system has none, the bytes themselves do: the head (first KiB, or as much as there was) and the
 * frontier (the bytes just before an offset), which also unmasks a file that was cut and grew again. */
#ifndef AGENT_TAIL_IDENTITY_H
#define AGENT_TAIL_IDENTITY_H

#include "agent/os.h"

enum { IDENTITY_HEAD_BYTES = 1024, IDENTITY_FRONTIER_BYTES = 64 };

struct identity {
	uint64_t dev, ino;
	int64_t birth_ns;    /* 0: unknown */
	uint64_t head_hash;
	uint32_t head_bytes; /* how many bytes head_hash covers: grows with the file to IDENTITY_HEAD_BYTES */
};

struct frontier { /* what stood before an offset */
	uint64_t offset;
	uint64_t hash;  /* of the `bytes` bytes before offset */
	uint32_t bytes; /* min(offset, IDENTITY_FRONTIER_BYTES) */
};

/* Fills dev, ino, birth and the head as far as the file reaches. 0 or -errno. */
int identity_read(int fd, struct identity *out);
/* Same inode and, where both know it, same birth. */
bool identity_same_inode(const struct identity *a, const struct os_file *b);
/* Does `head` (the file's first bytes, as many as are there up to IDENTITY_HEAD_BYTES) begin with the head that id knows? */
bool identity_head_matches(const struct identity *id, struct str head);

/* The frontier at `offset`, given the bytes that end there (at least min(offset, IDENTITY_FRONTIER_BYTES) of them). */
struct frontier frontier_of(uint64_t offset, struct str bytes_before);
bool frontier_matches(const struct frontier *f, struct str bytes_before);
/* Reads and compares; true when offset is 0. A file that is too short does not match. */
bool frontier_check(int fd, const struct frontier *f);

#endif
