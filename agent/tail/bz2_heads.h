/* What some .bz2 files begin with, unpacked: the first bytes cost a whole block, and as long as a generation is missing every look compares
 * them. Files are told by inode, size and last write; a rotation renames them. The oldest makes room. */
#ifndef AGENT_TAIL_BZ2_HEADS_H
#define AGENT_TAIL_BZ2_HEADS_H

#include "agent/tail/identity.h"

struct bz2_heads;
void bz2_heads_free(struct bz2_heads *h); /* NULL does nothing */
/* A view that holds until the next call; false: it is not known. */
bool bz2_heads_find(const struct bz2_heads *h, const struct os_file *file, struct str *head);
void bz2_heads_put(struct bz2_heads **h, const struct os_file *file, struct str head); /* makes *h where it is NULL */

#endif
