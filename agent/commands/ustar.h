/* A tar archive as every tar reads it: POSIX.1-1988 ("ustar"), plain files only. Pure. */
#ifndef AGENT_COMMANDS_USTAR_H
#define AGENT_COMMANDS_USTAR_H

#include "parsers/bytes/buf.h"

enum { USTAR_BLOCK = 512, USTAR_NAME_MAX = 100 };

/* Appends one file (mode 0600, owner 0). false, and nothing is appended: the name is empty or longer than USTAR_NAME_MAX, or the archive is full. */
bool ustar_file(struct buf *out, struct str name, struct str content, int64_t mtime_s);
void ustar_end(struct buf *out); /* two blocks of zeroes */

#endif
