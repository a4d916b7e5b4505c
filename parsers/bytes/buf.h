/* A growable run of bytes with a ceiling. Append freely, test once at the end: the first append that would pass the
 * ceiling (or that memory refuses) is left out whole and sets `is_full`, and so do all that follow it, until buf_reset.
 * {0} is a valid empty buffer with ceiling 0: give it a ceiling with buf_init before use. The buffer owns its bytes. */
#ifndef PARSERS_BYTES_BUF_H
#define PARSERS_BYTES_BUF_H

#include "parsers/bytes/str.h"

struct buf {
	char *p;
	size_t n;         /* bytes in use */
	size_t room;      /* bytes allocated */
	size_t cap_bytes; /* never more than this */
	bool is_full;     /* something did not fit */
};

void buf_init(struct buf *b, size_t cap_bytes);
void buf_fini(struct buf *b); /* frees, leaves an empty buffer with the same ceiling */
void buf_reset(struct buf *b); /* empties, keeps the memory, clears is_full */

/* At least n writable bytes at the end, or NULL (and is_full). Says nothing about what is used: follow with buf_grow. */
char *buf_reserve(struct buf *b, size_t n);
/* Takes n bytes, written after buf_reserve, into use. */
static inline void buf_grow(struct buf *b, size_t n)
{
	b->n += n;
}

void buf_append(struct buf *b, const void *bytes, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_char(struct buf *b, char c);
void buf_u64(struct buf *b, uint64_t value);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* s as the inside of a JSON string: quotes, backslashes and control bytes escaped; other bytes as they are. */
void buf_json(struct buf *b, struct str s);

static inline struct str buf_view(const struct buf *b)
{
	return (struct str){ b->p, b->n };
}

#endif
