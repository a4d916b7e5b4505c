/* Whole words as numbers of a kind, and the words of a line as an array; what agent/collectors/fields.h leaves open. */
#ifndef AGENT_COLLECTORS_WORDS_H
#define AGENT_COLLECTORS_WORDS_H

#include "agent/collectors/fields.h"

size_t words_split(struct str line, struct str *out, size_t room); /* number of words in the line, at most room */
/* Decimal integers; beyond 64 bits is false. The double is the nearest one. */
bool words_unsigned(struct str word, double *out);
bool words_signed(struct str word, double *out);
/* 0x10, 010 and 16 are the same, as in C. */
bool words_based(struct str word, uint64_t *out);
bool words_based_signed(struct str word, double *out);
/* "1.5k", "117M": k K m M g G t T p P e E are powers of 1024; whole bytes. */
bool words_bytes(struct str word, double *out);

#endif
