/* A Metric message taken apart: labels as text, the value that belongs to the family's type, and what is to be given of it.
 * Exemplars stay messages until their sample is given; the native half of a histogram is exposition_native.c's. */
#include "parsers/exposition/exposition_proto.h"

#include <stdlib.h>

#include "parsers/bytes/array.h"
#include "parsers/bytes/utf8.h"

double exposition_proto_double(const struct protowire_field *f)
{
	double value;
	memcpy(&value, &f->value, sizeof value);
	return value;
}

bool exposition_proto_time(struct str message, int64_t *out_ms)
{
	struct protowire_field f;
	int what;
	int64_t seconds = 0;
	int32_t nanos = 0;
	while ((what = protowire_next(&message, &f)) > 0) {
		if (f.number <= 2 && f.type != WIRE_VARINT)
			return false;
		if (f.number == 1)
			seconds = (int64_t)f.value;
		else if (f.number == 2)
			nanos = (int32_t)(uint32_t)f.value;
	}
	*out_ms = (int64_t)((uint64_t)seconds * 1000 + (uint64_t)(int64_t)(nanos / 1000000)); /* wraps as Go's does */
	return what == 0;
}

struct proto_pair *exposition_proto_pair(struct proto_metric *m)
{
	m->pairs = array_room(m->pairs, m->pair_count, &m->pair_room, sizeof *m->pairs);
	m->pairs[m->pair_count] = (struct proto_pair){ 0 };
	return &m->pairs[m->pair_count++];
}

static void side_reset(struct proto_side *side)
{
	buf_reset(&side->spans);
	buf_reset(&side->deltas);
	buf_reset(&side->counts);
	*side = (struct proto_side){ .spans = side->spans, .deltas = side->deltas, .counts = side->counts };
}

static void metric_reset(struct proto_metric *m)
{
	struct proto_metric empty = { .pairs = m->pairs, .pair_room = m->pair_room, .exemplars = m->exemplars,
		.exemplar_room = m->exemplar_room, .positive = m->positive, .negative = m->negative };
	*m = empty;
	side_reset(&m->positive);
	side_reset(&m->negative);
}

bool exposition_proto_label(struct str message, struct buf *out, bool is_first)
{
	struct protowire_field f;
	int what;
	struct str name = { 0 }, value = { 0 };
	while ((what = protowire_next(&message, &f)) > 0) {
		if (f.number <= 2 && f.type != WIRE_BYTES)
			return false;
		if (f.number == 1)
			name = f.bytes;
		else if (f.number == 2)
			value = f.bytes;
	}
	if (what < 0 || name.n == 0 || utf8_valid(name) != name.n || utf8_valid(value) != value.n)
		return false;
	if (!is_first)
		buf_char(out, ',');
	labels_print_one(name, value, out);
	return true;
}

/* Gauge, Untyped: { 1: value }. Counter: { 1: value, 2: exemplar, 3: start }. */
static bool read_simple(struct proto_metric *m, struct str message, bool is_counter)
{
	struct protowire_field f;
	int what;
	while ((what = protowire_next(&message, &f)) > 0) {
		if ((f.number == 1 && f.type != WIRE_FIXED64) || (is_counter && (f.number == 2 || f.number == 3) && f.type != WIRE_BYTES))
			return false;
		if (f.number == 1) {
			m->value = exposition_proto_double(&f);
		} else if (is_counter && f.number == 2) {
			m->exemplar = f.bytes;
			m->has_exemplar = true;
		} else if (is_counter && f.number == 3 && !exposition_proto_time(f.bytes, &m->start_ms)) {
			return false;
		}
	}
	return what == 0;
}

static bool read_quantile(struct proto_metric *m, struct str message)
{
	struct protowire_field f;
	int what;
	struct proto_pair *pair = exposition_proto_pair(m);
	while ((what = protowire_next(&message, &f)) > 0) {
		if (f.number <= 2 && f.type != WIRE_FIXED64)
			return false;
		if (f.number == 1)
			pair->at = exposition_proto_double(&f);
		else if (f.number == 2)
			pair->value = exposition_proto_double(&f);
	}
	return what == 0;
}

static bool read_summary(struct proto_metric *m, struct str message)
{
	static const enum protowire_type wanted[5] = { 0, WIRE_VARINT, WIRE_FIXED64, WIRE_BYTES, WIRE_BYTES };
	struct protowire_field f;
	int what;
	while ((what = protowire_next(&message, &f)) > 0) {
		if (f.number >= COUNT_OF(wanted))
			continue;
		if (f.type != wanted[f.number])
			return false;
		if (f.number == 1)
			m->count = f.value;
		else if (f.number == 2)
			m->sum = exposition_proto_double(&f);
		else if (f.number == 3 ? !read_quantile(m, f.bytes) : !exposition_proto_time(f.bytes, &m->start_ms))
			return false;
	}
	return what == 0;
}

/* Which field of Metric belongs to the family's type: the others are looked at no further. */
static bool read_value(struct exposition_proto *p, const struct protowire_field *f)
{
	static const unsigned char field_of[PROTO_TYPES] = { 3, 2, 4, 5, 7, 7 };
	if (f->number != field_of[p->type])
		return true;
	if (p->type == PROTO_SUMMARY)
		return read_summary(&p->metric, f->bytes);
	if (f->number == 7)
		return exposition_native_read(&p->metric, f->bytes);
	return read_simple(&p->metric, f->bytes, p->type == PROTO_COUNTER);
}

const char *exposition_proto_metric(struct exposition *x, struct exposition_proto *p, struct str message)
{
	struct protowire_field f;
	int what;
	bool has_labels = false;
	x->timestamp_ms = 0;
	buf_reset(&p->labels);
	metric_reset(&p->metric);
	while ((what = protowire_next(&message, &f)) > 0) {
		if (f.number <= 7 && f.type != (f.number == 6 ? WIRE_VARINT : WIRE_BYTES))
			return "a metric has a field of the wrong type";
		if (f.number == 1) {
			if (!exposition_proto_label(f.bytes, &p->labels, !has_labels))
				return "a label is damaged, has no name or is not UTF-8";
			has_labels = true;
		} else if (f.number == 6) {
			x->timestamp_ms = (int64_t)f.value;
		} else if (f.number <= 7 && !read_value(p, &f)) {
			return "a metric's value is damaged";
		}
	}
	x->has_timestamp = x->timestamp_ms != 0;
	x->start_ms = p->metric.start_ms;
	p->position = p->type == PROTO_SUMMARY || p->type >= PROTO_HISTOGRAM ? POSITION_COUNT : 0;
	p->is_native_due = p->type >= PROTO_HISTOGRAM && !x->ignores_native && exposition_native_is(&p->metric);
	p->is_classic_due = !p->is_native_due || (x->keeps_classic && p->metric.pair_count);
	p->has_metric = true;
	if (what < 0)
		return "a metric is damaged";
	return p->is_native_due ? exposition_native_problem(&p->metric) : NULL;
}
