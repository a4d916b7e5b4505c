/* Data points of OTLP (metrics.proto): NumberDataPoint{start=2, time=3, as_double=4, exemplars=5, attributes=7, flags=8},
 * HistogramDataPoint{start=2, time=3, count=4, sum=5, bucket_counts=6, explicit_bounds=7, exemplars=8, attributes=9, flags=10},
 * SummaryDataPoint{start=2, time=3, count=4, sum=5, quantile_values=6{quantile=1, value=2}, attributes=7, flags=8}; times and counts are fixed64.
 * Exemplar{filtered_attributes=7, time=2, as_double=3, span_id=4, trace_id=5}.
 *
 * A classic histogram is put together of series that lie side by side: same family, same labels but le, same time. Its counts are cumulative
 * here and one for each bucket there. Where _count is not among them (a request ends in the middle of it after a restart, or a rule has
 * dropped it) it is none, and its series go by themselves under their own names.
 *
 * A stale marker has no value but the flag NO_RECORDED_VALUE; of a histogram with its bounds and
 * a sum, so that each of its series ends. */
#include <endian.h>
#include <math.h>
#include <stdlib.h>

#include "exporters/otlp/otlp.h"
#include "exporters/otlp/otlp_metrics.h"
#include "parsers/decimal.h"

enum {
	FIELD_START = 2, FIELD_TIME = 3, FIELD_VALUE = 4, FIELD_COUNT = 4, FIELD_SUM = 5, FIELD_BUCKET_COUNTS = 6, FIELD_BOUNDS = 7,
	FIELD_QUANTILE = 6,
	NO_RECORDED_VALUE = 1,
	BUCKETS_MAX = 4096,
	FIXED_BYTES = 9,
	TRACE_BYTES = 16, SPAN_BYTES = 8
};
static const uint64_t ms_ns = 1000000;

struct bound { double at; uint64_t bits; }; /* le or quantile, and its sample */
struct whole { /* what belongs to one data point of a histogram or summary */
	struct bound *bounds;        /* sorted */
	uint32_t count_of_bounds;
	uint64_t sum_bits;
	double count;
	bool has_sum, has_count;
};

static const struct { unsigned exemplars, attributes, flags; } fields[] = {
	[OTLP_GAUGE] = { 5, 7, 8 }, [OTLP_SUM] = { 5, 7, 8 }, [OTLP_MONOTONIC] = { 5, 7, 8 }, [OTLP_HISTOGRAM] = { 8, 9, 10 }, [OTLP_SUMMARY] = { 0, 7, 8 },
};

static double value_of(uint64_t bits)
{
	double value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

static char *put_fixed64(char *p, unsigned field, uint64_t value)
{
	value = htole64(value);
	p = wire_tag(p, field, WIRE_FIXED64);
	memcpy(p, &value, sizeof value);
	return p + sizeof value;
}

/* ---- what belongs together ---- */

static bool is_part(const struct otlp_series *s, const char *bounded)
{
	return (str_eq(s->suffix, str_of(bounded)) && s->bound.n) || str_eq(s->suffix, STR("_sum")) || str_eq(s->suffix, STR("_count"));
}

/* The same labels but name and bound, in the same order: they are sorted. */
static bool are_kin(const struct otlp_series *a, const struct otlp_series *b)
{
	struct str left = a->labels, right = b->labels;
	for (;;) {
		struct label x = { .value = { 0 } }, y = { .value = { 0 } };
		bool has_x, has_y;
		while ((has_x = rw_label_next(&left, &x)) && (str_eq(x.name, LABELS_METRIC_NAME) || x.value.p == a->bound.p))
			;
		while ((has_y = rw_label_next(&right, &y)) && (str_eq(y.name, LABELS_METRIC_NAME) || y.value.p == b->bound.p))
			;
		if (!has_x || !has_y)
			return has_x == has_y;
		if (!str_eq(x.name, y.name) || !str_eq(x.value, y.value))
			return false;
	}
}

uint32_t otlp_point_end(const struct rw_request *r, const struct otlp_series *first, uint32_t from)
{
	enum { TYPE_HISTOGRAM = 3, TYPE_SUMMARY = 5 };
	const unsigned type = first->family ? first->family->type : 0;
	const char *bounded = type == TYPE_HISTOGRAM ? "_bucket" : "";
	const bool is_stale = otlp_is_stale(&r->items[from]);
	bool has_count = false;
	uint32_t at = from;
	if (type != TYPE_HISTOGRAM && type != TYPE_SUMMARY)
		return from;
	for (; at < r->n && at - from < BUCKETS_MAX; at++) {
		const struct rw_item *item = &r->items[at];
		struct otlp_series s;
		if (item->series & RW_HISTOGRAM || item->ms != r->items[from].ms || otlp_is_stale(item) != is_stale)
			break;
		otlp_series_read(r->table, &r->table->series[item->series], &s);
		if (s.family != first->family || !is_part(&s, bounded) || !are_kin(&s, first))
			break;
		has_count |= str_eq(s.suffix, STR("_count"));
	}
	return has_count ? at : from;
}

static int by_bound(const void *a, const void *b)
{
	double x = ((const struct bound *)a)->at, y = ((const struct bound *)b)->at;
	return x < y ? -1 : x > y;
}

static void gather(const struct rw_request *r, uint32_t from, uint32_t to, struct whole *out)
{
	*out = (struct whole){ .bounds = malloc((to - from) * sizeof *out->bounds) };
	if (!out->bounds)
		abort();
	for (uint32_t i = from; i < to; i++) {
		struct otlp_series s;
		double bound;
		otlp_series_read(r->table, &r->table->series[r->items[i].series], &s);
		if (str_eq(s.suffix, STR("_sum"))) {
			out->has_sum = true;
			out->sum_bits = r->items[i].bits;
		} else if (str_eq(s.suffix, STR("_count"))) {
			out->has_count = true;
			out->count = value_of(r->items[i].bits);
		} else if (decimal_parse(s.bound, &bound) && !isnan(bound)) {
			out->bounds[out->count_of_bounds++] = (struct bound){ bound, r->items[i].bits };
		}
	}
	qsort(out->bounds, out->count_of_bounds, sizeof *out->bounds, by_bound);
}

/* A count as a target has written it: a double. */
static uint64_t count_of(double value)
{
	return value >= 1 && value < 0x1p64 ? (uint64_t)value : 0;
}

/* ---- exemplars ---- */

static bool is_id(const struct label *label, const char *name, size_t bytes, unsigned char *out)
{
	return str_eq(label->name, str_of(name)) && otlp_id(label->value, out, bytes);
}

/* prometheus.Exemplar of 1.0 as a field; a few dozen bytes, so it is written twice: to measure, and to stay. */
static void put_exemplar(struct buf *out, unsigned number, struct str exemplar)
{
	struct buf body;
	struct wire_field field;
	unsigned char trace[TRACE_BYTES], span[SPAN_BYTES];
	bool has_trace = false, has_span = false;
	uint64_t bits = 0, ms = 0;
	buf_init(&body, 4096);
	for (struct str rest = exemplar; rest.n;) {
		struct str before = rest;
		struct label label;
		if (!wire_read_field(&rest, &field))
			break;
		if (field.number == 2 && field.type == WIRE_FIXED64)
			memcpy(&bits, field.bytes.p, sizeof bits);
		else if (field.number == 3 && field.type == WIRE_VARINT)
			ms = field.value;
		else if (field.number == 1 && rw_label_next(&before, &label)) {
			has_trace |= is_id(&label, "trace_id", TRACE_BYTES, trace);
			has_span |= is_id(&label, "span_id", SPAN_BYTES, span);
		}
	}
	char *start = buf_reserve(&body, 2 * FIXED_BYTES + 4 + TRACE_BYTES + SPAN_BYTES), *p = start;
	if (ms)
		p = put_fixed64(p, 2, ms * ms_ns);
	p = put_fixed64(p, 3, le64toh(bits));
	if (has_span)
		p = wire_bytes(p, 4, (struct str){ (const char *)span, SPAN_BYTES });
	if (has_trace)
		p = wire_bytes(p, 5, (struct str){ (const char *)trace, TRACE_BYTES });
	buf_grow(&body, (size_t)(p - start));
	for (struct str rest = exemplar; rest.n;) {
		struct str before = rest;
		struct label label;
		unsigned char unused[TRACE_BYTES];
		if (!wire_read_field(&rest, &field))
			break;
		if (field.number != 1 || !rw_label_next(&before, &label) || is_id(&label, "trace_id", TRACE_BYTES, unused) ||
		    is_id(&label, "span_id", SPAN_BYTES, unused))
			continue;
		start = buf_reserve(&body, 1 + WIRE_VARINT_MAX + otlp_attribute_size(label.name, label.value.n));
		if (start)
			buf_grow(&body, (size_t)(otlp_attribute(start, 7, label.name, label.value) - start));
	}
	start = buf_reserve(out, 1 + WIRE_VARINT_MAX + body.n);
	if (start && !body.is_full)
		buf_grow(out, (size_t)(wire_bytes(start, number, buf_view(&body)) - start));
	buf_fini(&body);
}

static void put_exemplars(struct buf *out, unsigned number, const struct rw_request *r, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to && number; i++) {
		struct str places = r->items[i].exemplars ? rw_request_extra(r, r->items[i].exemplars - 1) : (struct str){ 0 };
		for (size_t k = 0; k < places.n; k += sizeof(uint32_t)) {
			uint32_t place;
			memcpy(&place, places.p + k, sizeof place);
			put_exemplar(out, number, rw_request_extra(r, place));
		}
	}
}

/* ---- points ---- */

static void put_attributes(struct buf *out, unsigned number, const struct otlp_series *s, bool is_whole)
{
	struct label label;
	for (struct str rest = s->labels; rw_label_next(&rest, &label);) {
		bool is_elsewhere = str_eq(label.name, LABELS_METRIC_NAME) || label.value.p == s->job.p || label.value.p == s->instance.p ||
				    (is_whole && label.value.p == s->bound.p);
		char *p = is_elsewhere ? NULL : buf_reserve(out, 1 + WIRE_VARINT_MAX + otlp_attribute_size(label.name, label.value.n));
		if (p)
			buf_grow(out, (size_t)(otlp_attribute(p, number, label.name, label.value) - p));
	}
}

static void put_histogram(struct buf *out, const struct whole *w, bool is_stale)
{
	uint32_t finite = w->count_of_bounds;
	while (finite && isinf(w->bounds[finite - 1].at))
		finite--;
	size_t n = ((size_t)finite + 1) * sizeof(uint64_t);
	uint64_t count = is_stale ? 0 : count_of(w->count), before = 0;
	char *start = buf_reserve(out, 2 * FIXED_BYTES + 2 * (1 + WIRE_VARINT_MAX + n)), *p = start;
	if (!start)
		return;
	if (count)
		p = put_fixed64(p, FIELD_COUNT, count);
	if (w->has_sum) /* of a stale one, too: its presence says that there is a series to end */
		p = put_fixed64(p, FIELD_SUM, is_stale ? 0 : w->sum_bits);
	p = wire_varint(wire_tag(p, FIELD_BUCKET_COUNTS, WIRE_BYTES), n);
	for (uint32_t i = 0; i <= finite; i++, p += sizeof(uint64_t)) {
		uint64_t up_to = i < finite ? count_of(value_of(w->bounds[i].bits)) : count;
		uint64_t own = htole64(is_stale || up_to < before ? 0 : up_to - before);
		memcpy(p, &own, sizeof own);
		before = up_to > before ? up_to : before;
	}
	if (finite)
		p = wire_varint(wire_tag(p, FIELD_BOUNDS, WIRE_BYTES), n - sizeof(uint64_t));
	for (uint32_t i = 0; i < finite; i++, p += sizeof(uint64_t)) {
		uint64_t bits;
		memcpy(&bits, &w->bounds[i].at, sizeof bits);
		bits = htole64(bits);
		memcpy(p, &bits, sizeof bits);
	}
	buf_grow(out, (size_t)(p - start));
}

/* proto3 leaves out a zero, which is not minus zero. */
static char *put_double(char *p, unsigned field, uint64_t bits)
{
	return bits ? put_fixed64(p, field, bits) : p;
}

static void put_summary(struct buf *out, const struct whole *w, bool is_stale)
{
	uint64_t count = is_stale ? 0 : count_of(w->count);
	char *start = buf_reserve(out, 2 * FIXED_BYTES + w->count_of_bounds * (2 + 2 * (size_t)FIXED_BYTES)), *p = start;
	if (!start)
		return;
	if (count)
		p = put_fixed64(p, FIELD_COUNT, count);
	if (w->has_sum && !is_stale)
		p = put_double(p, FIELD_SUM, w->sum_bits);
	for (uint32_t i = 0; i < w->count_of_bounds; i++) {
		uint64_t at, value = is_stale ? 0 : w->bounds[i].bits;
		memcpy(&at, &w->bounds[i].at, sizeof at);
		p = wire_varint(wire_tag(p, FIELD_QUANTILE, WIRE_BYTES), (size_t)FIXED_BYTES * ((at != 0) + (value != 0)));
		p = put_double(put_double(p, 1, at), 2, value);
	}
	buf_grow(out, (size_t)(p - start));
}

static void put_times(struct buf *out, const struct rw_item *item)
{
	char room[2 * FIXED_BYTES], *p = room;
	if (item->start_ms > 0)
		p = put_fixed64(p, FIELD_START, (uint64_t)item->start_ms * ms_ns);
	p = put_fixed64(p, FIELD_TIME, item->ms > 0 ? (uint64_t)item->ms * ms_ns : 1);
	buf_append(out, room, (size_t)(p - room));
}

void otlp_point(struct buf *out, const struct rw_request *r, enum otlp_kind kind, const struct otlp_series *series, uint32_t from, uint32_t to)
{
	const struct rw_item *item = &r->items[from];
	const bool is_whole = kind == OTLP_HISTOGRAM || kind == OTLP_SUMMARY, is_stale = otlp_is_stale(item);
	/* The length comes first and is known last: five bytes are kept for it, as few as it needs are used. */
	enum { HEAD = 6 };
	char *start = buf_reserve(out, HEAD);
	size_t at = out->n;
	if (!start)
		return;
	buf_grow(out, HEAD);
	put_times(out, item);
	if (is_whole) {
		struct whole whole;
		gather(r, from, to, &whole);
		(kind == OTLP_HISTOGRAM ? put_histogram : put_summary)(out, &whole, is_stale);
		free(whole.bounds);
	} else if (!is_stale) {
		char value[FIXED_BYTES];
		buf_append(out, value, (size_t)(put_fixed64(value, FIELD_VALUE, item->bits) - value));
	}
	put_exemplars(out, fields[kind].exemplars, r, from, to);
	put_attributes(out, fields[kind].attributes, series, is_whole);
	if (is_stale)
		buf_append(out, (char[]){ (char)(fields[kind].flags << 3 | WIRE_VARINT), NO_RECORDED_VALUE }, 2);
	if (out->is_full)
		return;
	size_t n = out->n - at - HEAD;
	char head[1 + WIRE_VARINT_MAX], *end = wire_varint(wire_tag(head, 1, WIRE_BYTES), n);
	memmove(out->p + at + (end - head), out->p + at + HEAD, n);
	memcpy(out->p + at, head, (size_t)(end - head));
	out->n = at + (size_t)(end - head) + n;
}
