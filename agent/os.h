/* The door: every file and time call of the tailer, the positions and the spool, one thin function each, so that flags, retries after a
 * signal and what is made of errno stand in one place. Results are >= 0 or -errno. */
#ifndef AGENT_OS_H
#define AGENT_OS_H

#include <sys/types.h>

#include "parsers/bytes/buf.h"

struct os_file { /* what identifies a file, and its size */
	uint64_t dev, ino, size_bytes, links;
	int64_t birth_ns, mtime_ns; /* birth 0: the file system does not tell */
	bool is_regular, is_directory, is_link;
	uint64_t blocks; /* of 512 bytes: fewer than size/512 means holes */
};

int64_t os_now_ns(void);  /* monotonic */
int64_t os_wall_ns(void); /* since 1970 */
int os_open_root(const char *path); /* directory, O_PATH-like, for the *_at calls below */
/* Opens `name` below directory `dirfd` for reading: no links, not leaving dirfd (openat2 RESOLVE_BENEATH|NO_SYMLINKS|
 * NO_MAGICLINKS), non-blocking, close-on-exec. -ELOOP for a link. */
int os_open_beneath(int dirfd, const char *name);
int os_stat_fd(int fd, struct os_file *out);
int os_stat_at(int dirfd, const char *name, struct os_file *out); /* not following a link */
int os_read_link_at(int dirfd, const char *name, char *to, size_t room); /* length or -errno; always NUL-terminated */
ssize_t os_pread(int fd, void *to, size_t n, uint64_t offset);
int64_t os_next_data(int fd, uint64_t offset); /* SEEK_DATA: offset of the next data, -ENXIO at the end */
void os_close(int fd);
/* Names in a directory ("." and ".." left out), each call fn; fn returns false to stop. Opens by path below dirfd. 0 or -errno, then perhaps
 * with some of the names; -ENOENT also when the directory was removed while dirfd held it. */
int os_list(int dirfd, const char *name, bool (*fn)(void *ctx, const char *entry, unsigned char d_type), void *ctx);
int os_read_file(const char *path, size_t cap_bytes, struct buf *out); /* whole file, appended */
/* Replaces path by bytes so that after a crash the old or the new content is there, never a mixture: writes path.tmp, syncs it,
 * renames, syncs the directory; the previous content stays as path.old. */
int os_replace_file(const char *path, struct str bytes);
/* Adds bytes at the end of a file that exists. Not synced: what the process has said survives its death, not the machine's. */
int os_append_file(const char *path, struct str bytes);
int os_make_directory(const char *path); /* with parents; 0 when it exists */

/* For files that are written in place (the spool). A new or existing file below dirfd, readable and writable by us alone. */
int os_create_beneath(int dirfd, const char *name);
int os_memory_file(const char *name); /* a file without a name or a disk */
/* All of the parts, one after the other, at the offset; 0 or -errno, and then some of it may be written. At most 4 parts. */
int os_write_at(int fd, const struct str *parts, size_t count, uint64_t offset);
int os_truncate(int fd, uint64_t n);
int os_unlink_at(int dirfd, const char *name);
int os_duplicate(int fd);
int os_sync(int fd); /* blocks: data, and what is needed to find it */

#endif
