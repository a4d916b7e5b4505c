/* Upper and lower case of text, character by character (Unicode's simple mappings, as Go's strings.ToUpper has them): for relabelling. */
#ifndef PARSERS_CASEMAP_H
#define PARSERS_CASEMAP_H

#include "parsers/bytes/arena.h"

/* A copy in `arena`, or s itself when nothing changes. Bytes that are no UTF-8 become U+FFFD each, if there is any beyond ASCII. */
struct str casemap(struct str s, bool is_upper, struct arena *arena);

#endif
