/* The text of one generated record, a pure function of (container, sequence number): tests/e2e/oracle.py computes the same
 * independently and so knows for every record which trace id, level and stream it must come back with. */
#ifndef E2E_TEXT_H
#define E2E_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TEXT_ROOM = 65536 };

struct text {
	char at[TEXT_ROOM];
	size_t n;
	size_t piece_bytes; /* the runtime writes it in partial lines of this size; 0: one whole line */
	bool is_stderr, is_traced;
};

/* clock_ns is only shown inside the text; it is not part of what the oracle checks. */
void text_make(struct text *out, uint32_t container, uint64_t seq, int64_t clock_ns);
/* RFC 3339 in UTC as containerd writes it: trailing zeros of the fraction are cut. Returns the length, at most 30. */
size_t text_time(char out[40], int64_t ns);
uint64_t text_mix(uint64_t x); /* 64 well mixed bits */

#endif
