/* The five variables that label values may name: ${NODE_NAME} and the like. */
#ifndef CONFIG_EXPAND_H
#define CONFIG_EXPAND_H

#include "parsers/bytes/str.h"

/* The next "${NAME}" in s at or after `from`: true, with the offsets of '$' and behind '}' and the name in between. */
bool expand_next(struct str s, size_t from, size_t *start, size_t *end, struct str *name);
bool expand_is_known(struct str name);

#endif
