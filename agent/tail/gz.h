/* A compressed file, gzip or zlib by its first bytes, or bzip2, read forward from a logical (uncompressed) offset. Bounded memory while open: one
 * 32 KiB input buffer, and a window of 32 KiB or, of bzip2, blocks of 4 MiB. Members that follow each other are one stream, as gzip and bzip2
 * define. */
#ifndef AGENT_TAIL_GZ_H
#define AGENT_TAIL_GZ_H

#include <sys/types.h>

#include "parsers/bytes/str.h"

struct gz;
struct gz *gz_open(int fd, bool is_bz2); /* does not own fd */
void gz_close(struct gz *g);
uint64_t gz_offset(const struct gz *g); /* logical offset of the next byte */
void gz_set_fd(struct gz *g, int fd);    /* the same file, opened anew */
bool gz_is_at_end(const struct gz *g);   /* a read met the end, behind a whole member */
/* Up to n bytes; 0 at the end; -EBADMSG when the data is damaged; -ENODATA when it is cut: a file that grows may be read on; -EAGAIN when a lot
 * of it held next to nothing: call again; or -errno. What can be unpacked before is given first, so it may be short anywhere. */
ssize_t gz_read(struct gz *g, void *to, size_t n);

#endif
