/* How deep places of a line lie in its structure, for lines whose candidates disagree. Internal to parsers/trace/trace*.c. */
#ifndef PARSERS_TRACE_TRACE_STRUCTURE_H
#define PARSERS_TRACE_TRACE_STRUCTURE_H

#include "parsers/bytes/str.h"

#define TRACE_NO_BRACE ((size_t)-1)

struct trace_place {
	size_t at;      /* in: offset in the line */
	unsigned depth; /* objects, arrays and quoted texts around it */
	unsigned frame; /* the innermost of them; 0 is the line itself */
	size_t brace;   /* offset of the innermost opening brace, when no quoted text begins behind it; else TRACE_NO_BRACE */
};

/* Fills the places, which come in ascending order. One pass over the line. */
void trace_places(struct str s, struct trace_place *places, size_t n);

#endif
