/* The names in a directory, as an array. */
#ifndef AGENT_COLLECTORS_NAMES_H
#define AGENT_COLLECTORS_NAMES_H

#include "parsers/bytes/arena.h"

enum { NAMES_MAX = 1 << 16 }; /* what a directory has beyond that is not looked at */

struct names {
	const char **at; /* sorted; in the arena, like the texts */
	size_t count;
};

/* All names in root + path, which is printf-style; 0 or -errno, and an empty list then. */
int names_read(struct names *out, struct arena *arena, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Whether name is prefix and a digit, as in the shell's prefix[0-9]*. */
bool names_is_numbered(const char *name, const char *prefix);
bool names_is_directory(const char *format, ...) __attribute__((format(printf, 1, 2))); /* or a link to one */

#endif
