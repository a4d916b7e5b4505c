/* What the parse halves of collectors share: words of a line, and numbers as the kernel and people write them. */
#ifndef AGENT_COLLECTORS_FIELDS_H
#define AGENT_COLLECTORS_FIELDS_H

#include "parsers/bytes/str.h"

/* The next run of bytes that are not blank; empty at the end. */
static inline struct str fields_next(struct str *rest)
{
	size_t i = 0;
	while (i < rest->n && ascii_is_space(rest->p[i]))
		i++;
	size_t start = i;
	while (i < rest->n && !ascii_is_space(rest->p[i]))
		i++;
	struct str word = { rest->p + start, i - start };
	*rest = str_skip(*rest, i);
	return word;
}

/* The next word as decimal digits; false: it is none, or there is no word. */
bool fields_u64(struct str *rest, uint64_t *out);
/* The whole view: digits with sign, fraction and exponent, "inf", "nan"; no blanks. Rounds as strtod does. */
bool fields_number(struct str s, double *out);
/* "2-4,7": calls fn for each number, at most 65536 of them in all. false: not such a list. */
bool fields_ranges(struct str s, void (*fn)(void *ctx, unsigned number), void *ctx);

#endif
