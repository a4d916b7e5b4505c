/* Protobuf's wire format, read field by field. https://protobuf.dev/programming-guides/encoding/ */
#ifndef PARSERS_PROTOWIRE_H
#define PARSERS_PROTOWIRE_H

#include "parsers/bytes/buf.h"

enum protowire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5, WIRE_GROUP = 3 /* skipped */ };
struct protowire_field {
	uint64_t number;
	enum protowire_type type;
	uint64_t value;   /* VARINT, FIXED64, FIXED32 */
	struct str bytes; /* BYTES */
};

/* Takes the next field off *rest: 1, 0 at the end, -1 when it is damaged. */
int protowire_next(struct str *rest, struct protowire_field *out);
bool protowire_varint(struct str *rest, uint64_t *out); /* takes a bare one */
void protowire_put_varint(struct buf *out, uint64_t value);
void protowire_put_double(struct buf *out, double value); /* eight bytes, lowest first */

static inline int64_t protowire_zigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ (0 - (value & 1)));
}

#endif
