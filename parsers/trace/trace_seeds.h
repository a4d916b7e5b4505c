/* Where in a line trace context may be: the first step of the trace rules, which reads every byte of every line and stops rarely.
 * Internal to parsers/trace/trace*.c. */
#ifndef PARSERS_TRACE_TRACE_SEEDS_H
#define PARSERS_TRACE_TRACE_SEEDS_H

#include "parsers/bytes/str.h"

enum trace_seed {
	SEED_ID,   /* "r?c" (trace) in any case, "@", or 8 hex digits, somewhere in every run of 15 or more */
	SEED_SPAN, /* "spa", "amp", "lag" in any case: span keys and flag keys */
	SEED_RARE, /* "@sp", "nsa" (transaction), "egm" (segment), "par" (parent), "tid" in any case: for lines without a span key */
	SEED_KINDS
};

enum { TRACE_SEEDS_BLOCK = 32, TRACE_SEEDS_BLOCKS = 64 };

struct trace_seeds { /* set up by trace_seeds_init; a search through one line */
	struct str line; /* borrowed */
	enum trace_seed kind;
	size_t from, end;        /* what the bits are about */
	size_t blocks, shift;    /* block 0 begins at from, block 1 as far behind it; the last one ends where the line does */
	uint32_t seeds[TRACE_SEEDS_BLOCKS]; /* bit i: one begins at byte i of the block */
};

void trace_seeds_init(struct trace_seeds *k, enum trace_seed kind, struct str line);
/* The first seed at or after at, which never goes back; line.n: there is none. *is_hex: it is digits, of SEED_ID. */
size_t trace_seeds_next(struct trace_seeds *k, size_t at, bool *is_hex);

#endif
