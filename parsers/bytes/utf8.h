/* UTF-8: is it, and if not, make it so. Loki refuses a request that holds one invalid byte. */
#ifndef PARSERS_BYTES_UTF8_H
#define PARSERS_BYTES_UTF8_H

#include "parsers/bytes/buf.h"

/* Length of the longest valid head; s.n when all of it is valid. NUL is valid UTF-8. */
size_t utf8_valid(struct str s);
/* Appends s with every maximal invalid part replaced by U+FFFD (Unicode 15, "substitution of maximal subparts").
 * Returns how many replacements were made. The result is at most three times as long as s. */
size_t utf8_repair(struct str s, struct buf *out);
/* Largest n' <= n such that s cut at n' does not split a character (valid input). */
size_t utf8_floor(struct str s, size_t n);

#endif
