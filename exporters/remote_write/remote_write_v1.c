/* prometheus.WriteRequest (prometheus: prompb/remote.proto, types.proto): one TimeSeries for each sample. A series with several samples
 * in a request stands in it as often, in the order of time, as Prometheus sends it too. */
#include <stdlib.h>

#include "exporters/remote_write/remote_write_state.h"
#include "exporters/wire.h"

enum { FIELD_TIMESERIES = 1, FIELD_METADATA = 3, FIELD_SAMPLE = 2, FIELD_EXEMPLAR = 3, FIELD_HISTOGRAM = 4, FIELD_HISTOGRAM_MS = 15 };

static size_t exemplars_size(const struct rw_request *r, struct str places)
{
	size_t n = 0;
	for (size_t i = 0; i < places.n; i += sizeof(uint32_t)) {
		uint32_t place;
		memcpy(&place, places.p + i, sizeof place);
		n += wire_bytes_size(rw_request_extra(r, place).n);
	}
	return n;
}

static char *put_exemplars(char *p, const struct rw_request *r, struct str places)
{
	for (size_t i = 0; i < places.n; i += sizeof(uint32_t)) {
		uint32_t place;
		memcpy(&place, places.p + i, sizeof place);
		p = wire_bytes(p, FIELD_EXEMPLAR, rw_request_extra(r, place));
	}
	return p;
}

static char *put_sample(char *p, size_t size, const struct rw_item *item)
{
	uint64_t bits = htole64(item->bits);
	p = wire_varint(wire_tag(p, FIELD_SAMPLE, WIRE_BYTES), size);
	p = wire_tag(p, 1, WIRE_FIXED64);
	memcpy(p, &bits, sizeof bits);
	return wire_varint(wire_tag(p + sizeof bits, 2, WIRE_VARINT), (uint64_t)item->ms);
}

static char *put_histogram(char *p, size_t size, const struct rw_item *item, struct str message)
{
	p = wire_varint(wire_tag(p, FIELD_HISTOGRAM, WIRE_BYTES), size);
	if (message.n)
		memcpy(p, message.p, message.n);
	return wire_varint(wire_tag(p + message.n, FIELD_HISTOGRAM_MS, WIRE_VARINT), (uint64_t)item->ms);
}

static void put_item(struct remote_write *rw, const struct rw_request *r, const struct rw_item *item)
{
	struct rw_series *s = &r->table->series[item->series & ~RW_HISTOGRAM];
	if (s->state == RW_SERIES_SYMBOLS)
		rw_series_to_labels(r->table, s);
	bool is_histogram = item->series & RW_HISTOGRAM;
	struct str message = is_histogram ? rw_request_extra(r, (uint32_t)item->bits) : (struct str){ 0 };
	struct str places = item->exemplars ? rw_request_extra(r, item->exemplars - 1) : (struct str){ 0 };
	size_t stamp = 1 + wire_varint_size((uint64_t)item->ms);
	size_t size = is_histogram ? message.n + stamp : 9 + stamp;
	size_t body = s->n + wire_bytes_size(size) + (places.n ? exemplars_size(r, places) : 0);
	char *start = buf_reserve(&rw->raw, 1 + WIRE_VARINT_MAX + body);
	if (!start)
		return;
	char *p = wire_varint(wire_tag(start, FIELD_TIMESERIES, WIRE_BYTES), body);
	memcpy(p, r->table->labels.p + s->at, s->n);
	p += s->n;
	p = is_histogram ? put_histogram(p, size, item, message) : put_sample(p, size, item);
	if (places.n)
		p = put_exemplars(p, r, places);
	buf_grow(&rw->raw, (size_t)(p - start));
}

void rw_v1_encode(struct remote_write *rw, struct rw_request *r)
{
	buf_reset(&rw->symbols);
	buf_reset(&rw->raw);
	for (uint32_t i = 0; i < r->n; i++)
		put_item(rw, r, &r->items[i]);
}

static void put_family(struct remote_write *rw, const struct rw_table *t, const struct rw_family *f)
{
	struct str name = rw_symbol_text(t, f->name), help = rw_symbol_text(t, f->help), unit = rw_symbol_text(t, f->unit);
	size_t body = 1 + wire_varint_size(f->type) + wire_bytes_size(name.n) + (help.n ? wire_bytes_size(help.n) : 0) +
		      (unit.n ? wire_bytes_size(unit.n) : 0);
	char *start = buf_reserve(&rw->raw, 1 + WIRE_VARINT_MAX + body);
	if (!start)
		return;
	char *p = wire_varint(wire_tag(start, FIELD_METADATA, WIRE_BYTES), body);
	p = wire_varint(wire_tag(p, 1, WIRE_VARINT), f->type);
	p = wire_bytes(p, 2, name);
	if (help.n)
		p = wire_bytes(p, 4, help);
	if (unit.n)
		p = wire_bytes(p, 5, unit);
	buf_grow(&rw->raw, (size_t)(p - start));
}

void rw_v1_encode_metadata(struct remote_write *rw, struct rw_request *r)
{
	struct rw_table *t = r->table;
	uint32_t stamp = ++t->stamp;
	buf_reset(&rw->symbols);
	buf_reset(&rw->raw);
	r->metadata_count = 0;
	for (uint32_t i = r->metadata_from; i < r->metadata_to && i < t->family_room; i++) {
		const struct rw_family *f = &t->families[i];
		if (f->name == 0 || t->symbols[f->name].stamp == stamp) /* several targets have the same families */
			continue;
		t->symbols[f->name].stamp = stamp;
		put_family(rw, t, f);
		r->metadata_count++;
	}
}
