/* Character encodings by their names in the IANA registry, as Promtail takes them (Go package ianaindex), and where a line ends in them. What
 * turns text of one into UTF-8 is agent/logs/decoder.c. */
#ifndef PARSERS_CHARSET_H
#define PARSERS_CHARSET_H

#include "parsers/bytes/str.h"

enum charset_units {
	CHARSET_BYTES,       /* a line feed is the byte 0x0A, and that byte is nothing else */
	CHARSET_PAIRS_BE,    /* a line feed is the pair 00 0A at an even offset of the file; */
	CHARSET_PAIRS_LE,    /* 0A 00 */
	CHARSET_PAIRS_MARKED /* as the file's first two bytes say, FF FE or FE FF; without them BE */
};
struct charset {
	const char *names;   /* between blanks, in small letters; the first is the one to show */
	const char *iconv;   /* what iconv calls it; NULL: UTF-8, nothing is to be done */
	enum charset_units units;
	bool is_ascii;       /* bytes below 0x80 are ASCII */
	const char *refused; /* why it is not read, NULL: it is */
};

/* NULL: no such name. Case and blanks around it do not matter. "" is UTF-8. */
const struct charset *charset_find(struct str name);
/* All of them, NULL behind the last. */
const struct charset *charset_at(size_t i);

/* What the file's first bytes (two, if it has them) make of the units: never PAIRS_MARKED. */
enum charset_units charset_resolve(enum charset_units units, struct str head);
static inline size_t charset_feed_bytes(enum charset_units units)
{
	return units == CHARSET_BYTES ? 1 : 2;
}
/* Where in s, which begins at this offset of the file, the first line feed begins; s.n: nowhere, or it is not all there. */
size_t charset_feed(enum charset_units units, struct str s, uint64_t offset);

#endif
