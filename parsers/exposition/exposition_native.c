/* The histogram of the protobuf form: classic buckets, native ones, or both. Native ones are written anew as remote-write's message,
 * which differs in its field numbers alone. Empty spans and buckets are left as they came. */
#include "parsers/exposition/exposition_proto.h"

#include <stdlib.h>

enum { SCHEMA_MIN = -4, SCHEMA_MAX = 8 };
enum { TAG_NEGATIVE_SPAN = 8 << 3 | WIRE_BYTES, TAG_POSITIVE_SPAN = 11 << 3 | WIRE_BYTES, RESET_GAUGE = 3 };

static bool read_bucket(struct proto_metric *m, struct str message)
{
	struct protowire_field f;
	int what;
	uint64_t count = 0;
	double count_float = 0;
	struct proto_pair *pair = exposition_proto_pair(m);
	while ((what = protowire_next(&message, &f)) > 0) {
		if ((f.number == 1 && f.type != WIRE_VARINT) || ((f.number == 2 || f.number == 4) && f.type != WIRE_FIXED64) ||
			(f.number == 3 && f.type != WIRE_BYTES))
			return false;
		if (f.number == 1) {
			count = f.value;
		} else if (f.number == 2) {
			pair->at = exposition_proto_double(&f);
		} else if (f.number == 3) {
			pair->exemplar = f.bytes;
			pair->has_exemplar = true;
		} else if (f.number == 4) {
			count_float = exposition_proto_double(&f);
		}
	}
	pair->value = count_float == 0 ? (double)count : count_float;
	return what == 0;
}

static bool read_span(struct proto_side *side, unsigned char tag, struct str message)
{
	struct protowire_field f;
	int what;
	uint32_t offset = 0, length = 0;
	while ((what = protowire_next(&message, &f)) > 0) {
		if (f.number <= 2 && f.type != WIRE_VARINT)
			return false;
		if (f.number == 1)
			offset = (uint32_t)f.value; /* zigzag as it is */
		else if (f.number == 2)
			length = (uint32_t)f.value;
	}
	char room[16];
	struct buf inner = { .p = room, .room = sizeof room, .cap_bytes = sizeof room };
	buf_char(&inner, 1 << 3);
	protowire_put_varint(&inner, offset);
	buf_char(&inner, 2 << 3);
	protowire_put_varint(&inner, length);
	buf_char(&side->spans, (char)tag);
	protowire_put_varint(&side->spans, inner.n);
	buf_str(&side->spans, buf_view(&inner));
	side->has_negative_offset |= side->span_count > 0 && (offset & 1);
	side->span_count++;
	side->spanned += length;
	return what == 0;
}

static void add_delta(struct proto_side *side, uint64_t zigzag)
{
	protowire_put_varint(&side->deltas, zigzag);
	side->last = (int64_t)((uint64_t)side->last + (uint64_t)protowire_zigzag(zigzag));
	side->observed += (uint64_t)side->last;
	side->has_negative_delta |= side->last < 0;
	side->delta_count++;
}

static void add_count(struct proto_side *side, double count)
{
	protowire_put_double(&side->counts, count);
	side->has_negative_count |= count < 0;
	side->count_count++;
}

/* sint64, packed or not. */
static bool read_deltas(struct proto_side *side, const struct protowire_field *f)
{
	struct str packed = f->bytes;
	uint64_t value = f->value;
	if (f->type == WIRE_VARINT) {
		add_delta(side, value);
		return true;
	}
	while (f->type == WIRE_BYTES && packed.n) {
		if (!protowire_varint(&packed, &value))
			return false;
		add_delta(side, value);
	}
	return f->type == WIRE_BYTES;
}

/* double, packed or not. */
static bool read_counts(struct proto_side *side, const struct protowire_field *f)
{
	if (f->type == WIRE_FIXED64)
		add_count(side, exposition_proto_double(f));
	else if (f->type != WIRE_BYTES || f->bytes.n % 8)
		return false;
	for (size_t i = 0; i < f->bytes.n; i += 8) {
		double count;
		memcpy(&count, f->bytes.p + i, sizeof count);
		add_count(side, count);
	}
	return true;
}

static void add_exemplar(struct proto_metric *m, struct str message)
{
	if (m->exemplar_count == m->exemplar_room) {
		m->exemplar_room = m->exemplar_room ? m->exemplar_room * 2 : 16;
		m->exemplars = realloc(m->exemplars, m->exemplar_room * sizeof *m->exemplars);
		if (!m->exemplars)
			abort();
	}
	m->exemplars[m->exemplar_count++] = message;
}

static bool read_field(struct proto_metric *m, const struct protowire_field *f)
{
	switch (f->number) {
	case 1:
		m->count = f->value;
		return true;
	case 2:
		m->sum = exposition_proto_double(f);
		return true;
	case 3:
		return read_bucket(m, f->bytes);
	case 4:
		m->count_float = exposition_proto_double(f);
		return true;
	case 5:
		m->schema = (int32_t)protowire_zigzag((uint32_t)f->value);
		return true;
	case 6:
		m->zero_threshold = exposition_proto_double(f);
		return true;
	case 7:
		m->zero_count = f->value;
		return true;
	case 8:
		m->zero_count_float = exposition_proto_double(f);
		return true;
	case 9:
		return read_span(&m->negative, TAG_NEGATIVE_SPAN, f->bytes);
	case 10:
		return read_deltas(&m->negative, f);
	case 11:
		return read_counts(&m->negative, f);
	case 12:
		return read_span(&m->positive, TAG_POSITIVE_SPAN, f->bytes);
	case 13:
		return read_deltas(&m->positive, f);
	case 14:
		return read_counts(&m->positive, f);
	case 15:
		return exposition_proto_time(f->bytes, &m->start_ms);
	default:
		add_exemplar(m, f->bytes);
		return true;
	}
}

bool exposition_native_read(struct proto_metric *m, struct str message)
{
	enum { ANY = -1 };
	static const signed char types[17] = { [1] = WIRE_VARINT, [2] = WIRE_FIXED64, [3] = WIRE_BYTES, [4] = WIRE_FIXED64, [5] = WIRE_VARINT,
		[6] = WIRE_FIXED64, [7] = WIRE_VARINT, [8] = WIRE_FIXED64, [9] = WIRE_BYTES, [10] = ANY, [11] = ANY, [12] = WIRE_BYTES,
		[13] = ANY, [14] = ANY, [15] = WIRE_BYTES, [16] = WIRE_BYTES };
	struct protowire_field f;
	int what;
	while ((what = protowire_next(&message, &f)) > 0) {
		if (f.number >= COUNT_OF(types))
			continue;
		if (types[f.number] != ANY && types[f.number] != (signed char)f.type)
			return false;
		if (!read_field(m, &f))
			return false;
	}
	return what == 0;
}

bool exposition_native_is(const struct proto_metric *m)
{
	return m->positive.span_count || m->negative.span_count || m->zero_threshold > 0 || m->zero_count > 0;
}

bool exposition_native_is_float(const struct proto_metric *m)
{
	return m->count_float > 0 || m->zero_count_float > 0;
}

static const char *side_problem(const struct proto_side *side, bool is_float)
{
	if (side->spanned != (is_float ? side->count_count : side->delta_count))
		return "a native histogram has another number of buckets than its spans say";
	if (side->has_negative_offset)
		return "a native histogram's spans overlap";
	if (is_float ? side->has_negative_count : side->has_negative_delta)
		return "a native histogram's bucket has less than nothing in it";
	return NULL;
}

const char *exposition_native_problem(const struct proto_metric *m)
{
	bool is_float = exposition_native_is_float(m);
	const char *problem = side_problem(&m->positive, is_float);
	uint64_t observed = m->positive.observed + m->negative.observed + m->zero_count;
	if (!problem)
		problem = side_problem(&m->negative, is_float);
	if (problem)
		return problem;
	if (m->schema < SCHEMA_MIN || m->schema > SCHEMA_MAX)
		return "a native histogram's schema is not one of -4 to 8";
	if (is_float)
		return m->zero_count_float < 0 || m->count_float < 0 ? "a native histogram counts less than nothing" : NULL;
	/* Observations of NaN are counted, but in no bucket; the sum is NaN then. */
	bool has_nan = m->sum != m->sum;
	if (has_nan ? observed > m->count : observed != m->count)
		return "a native histogram counts other than its buckets";
	return NULL;
}

static void put_u64(struct buf *out, unsigned number, uint64_t value)
{
	protowire_put_varint(out, (uint64_t)number << 3 | WIRE_VARINT);
	protowire_put_varint(out, value);
}

static void put_double(struct buf *out, unsigned number, double value)
{
	protowire_put_varint(out, (uint64_t)number << 3 | WIRE_FIXED64);
	protowire_put_double(out, value);
}

static void put_bytes(struct buf *out, unsigned number, struct str bytes)
{
	if (bytes.n == 0)
		return;
	protowire_put_varint(out, (uint64_t)number << 3 | WIRE_BYTES);
	protowire_put_varint(out, bytes.n);
	buf_str(out, bytes);
}

void exposition_native_write(const struct proto_metric *m, bool is_gauge, struct buf *out)
{
	bool is_float = exposition_native_is_float(m);
	buf_reset(out);
	if (is_float)
		put_double(out, 2, m->count_float);
	else
		put_u64(out, 1, m->count);
	put_double(out, 3, m->sum);
	put_u64(out, 4, (uint32_t)((uint32_t)m->schema << 1 ^ (m->schema < 0 ? UINT32_MAX : 0)));
	put_double(out, 5, m->zero_threshold);
	if (is_float)
		put_double(out, 7, m->zero_count_float);
	else
		put_u64(out, 6, m->zero_count);
	buf_str(out, buf_view(&m->negative.spans));
	put_bytes(out, is_float ? 10 : 9, buf_view(is_float ? &m->negative.counts : &m->negative.deltas));
	buf_str(out, buf_view(&m->positive.spans));
	put_bytes(out, is_float ? 13 : 12, buf_view(is_float ? &m->positive.counts : &m->positive.deltas));
	if (is_gauge)
		put_u64(out, 14, RESET_GAUGE);
}
