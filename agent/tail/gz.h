/* A gzip-compressed generation, read forward from a logical (uncompressed) offset. Bounded memory: one inflate window and
 * one 32 KiB input buffer while open. Members that follow each other are one stream, as gzip defines. */
#ifndef AGENT_TAIL_GZ_H
#define AGENT_TAIL_GZ_H

#include <sys/types.h>

#include "parsers/bytes/str.h"

struct gz;
struct gz *gz_open(int fd); /* does not own fd */
void gz_close(struct gz *g);
uint64_t gz_offset(const struct gz *g); /* logical offset of the next byte */
/* Up to n bytes; 0 at the end; -EBADMSG when the data is damaged or cut, or -errno. Short only at the end. */
ssize_t gz_read(struct gz *g, void *to, size_t n);

#endif
