/* Lengths are compared with what is left before anything is looked at. Groups, which nobody has written for twenty years, are skipped
 * with a count of open ones. */
#include "parsers/protowire.h"

enum { GROUP_END = 4, FIELD_MAX = (1 << 29) - 1, VARINT_BYTES = 10 };

bool protowire_varint(struct str *rest, uint64_t *out)
{
	uint64_t value = 0;
	for (size_t i = 0; i < rest->n && i < VARINT_BYTES; i++) {
		unsigned char c = (unsigned char)rest->p[i];
		value |= (uint64_t)(c & 0x7f) << (7 * i);
		if (c < 0x80) {
			*rest = str_skip(*rest, i + 1);
			*out = value;
			return true;
		}
	}
	return false;
}

static bool fixed(struct str *rest, size_t n, uint64_t *out)
{
	if (rest->n < n)
		return false;
	*out = 0;
	for (size_t i = 0; i < n; i++)
		*out |= (uint64_t)(unsigned char)rest->p[i] << (8 * i);
	*rest = str_skip(*rest, n);
	return true;
}

/* One field, without regard to groups. */
static bool take(struct str *rest, struct protowire_field *out, unsigned *type)
{
	uint64_t key, n;
	*out = (struct protowire_field){ 0 };
	if (!protowire_varint(rest, &key) || key >> 3 == 0 || key >> 3 > FIELD_MAX)
		return false;
	*type = key & 7;
	out->number = key >> 3;
	out->type = (enum protowire_type)*type;
	switch (*type) {
	case WIRE_VARINT:
		return protowire_varint(rest, &out->value);
	case WIRE_FIXED64:
		return fixed(rest, 8, &out->value);
	case WIRE_FIXED32:
		return fixed(rest, 4, &out->value);
	case WIRE_BYTES:
		if (!protowire_varint(rest, &n) || n > rest->n)
			return false;
		out->bytes = str_take(*rest, (size_t)n);
		*rest = str_skip(*rest, (size_t)n);
		return true;
	default:
		return *type == WIRE_GROUP || *type == GROUP_END;
	}
}

int protowire_next(struct str *rest, struct protowire_field *out)
{
	unsigned type;
	if (rest->n == 0)
		return 0;
	if (!take(rest, out, &type) || type == GROUP_END)
		return -1;
	if (type != WIRE_GROUP)
		return 1;
	struct protowire_field inner;
	for (size_t open = 1; open;) {
		if (!take(rest, &inner, &type))
			return -1;
		open += type == WIRE_GROUP;
		open -= type == GROUP_END;
	}
	return 1;
}

void protowire_put_varint(struct buf *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		buf_char(out, (char)(value | 0x80));
	buf_char(out, (char)value);
}

void protowire_put_double(struct buf *out, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof bits);
	for (size_t i = 0; i < 8; i++)
		buf_char(out, (char)(bits >> (8 * i)));
}
