/* The protobuf wire format, as much of it as we use: varints and length-delimited fields, written and read in place.
 * https://protobuf.dev/programming-guides/encoding/ — a tag is (field number << 3) | wire type; wire type 0 is a varint,
 * 2 is a length and that many bytes. Writers need room at `p` and return where they stopped; readers cut what they read off
 * *rest and answer false, with *rest unspecified, when the bytes do not hold together. */
#ifndef EXPORTERS_WIRE_H
#define EXPORTERS_WIRE_H

#include "parsers/bytes/str.h"

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5, WIRE_VARINT_MAX = 10 };

/* Bytes that a varint takes: one for each 7 bits begun. The division by 7 is a multiplication by 9/64, exact up to 64 bits. */
static inline size_t wire_varint_size(uint64_t v)
{
	return (size_t)((63 - __builtin_clzll(v | 1)) * 9 + 73) / 64;
}

static inline char *wire_varint(char *p, uint64_t v)
{
	while (v >= 0x80) {
		*p++ = (char)(v | 0x80);
		v >>= 7;
	}
	*p++ = (char)v;
	return p;
}

static inline char *wire_tag(char *p, unsigned field, unsigned type)
{
	return wire_varint(p, (uint64_t)field << 3 | type);
}

/* Size of a field of n bytes with a field number below 16. */
static inline size_t wire_bytes_size(size_t n)
{
	return 1 + wire_varint_size(n) + n;
}

static inline char *wire_bytes(char *p, unsigned field, struct str s)
{
	p = wire_varint(wire_tag(p, field, WIRE_BYTES), s.n);
	if (s.n)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

static inline bool wire_read_varint(struct str *rest, uint64_t *out)
{
	uint64_t v = 0;
	for (size_t i = 0; i < rest->n && i < WIRE_VARINT_MAX; i++) {
		unsigned char c = (unsigned char)rest->p[i];
		v |= (uint64_t)(c & 0x7f) << (7 * i);
		if (c < 0x80) {
			*out = v;
			*rest = str_skip(*rest, i + 1);
			return true;
		}
	}
	return false;
}

struct wire_field {
	unsigned number, type;
	uint64_t value;   /* WIRE_VARINT */
	struct str bytes; /* WIRE_BYTES, WIRE_FIXED64, WIRE_FIXED32 */
	struct str whole; /* tag included */
};

static inline bool wire_read_field(struct str *rest, struct wire_field *out)
{
	struct str start = *rest;
	uint64_t tag, n;
	if (!wire_read_varint(rest, &tag) || tag >> 3 == 0 || tag >> 3 > 0x1fffffff)
		return false;
	*out = (struct wire_field){ .number = (unsigned)(tag >> 3), .type = (unsigned)(tag & 7) };
	if (out->type == WIRE_VARINT) {
		if (!wire_read_varint(rest, &out->value))
			return false;
	} else {
		if (out->type == WIRE_FIXED64)
			n = 8;
		else if (out->type == WIRE_FIXED32)
			n = 4;
		else if (out->type != WIRE_BYTES || !wire_read_varint(rest, &n))
			return false;
		if (n > rest->n)
			return false;
		out->bytes = str_take(*rest, (size_t)n);
		*rest = str_skip(*rest, (size_t)n);
	}
	out->whole = str_take(start, start.n - rest->n);
	return true;
}

#endif
