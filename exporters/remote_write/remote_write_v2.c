/* io.prometheus.write.v2.Request (prometheus: prompb/io/prometheus/write/v2/types.proto): texts once for each request, in the order in
 * which they are first used; number 0 is the empty text. Fields are written in the order of their numbers, so the symbols, which are
 * complete at the end only, are collected beside the series and put in front. */
#include <stdlib.h>

#include "exporters/remote_write/remote_write_state.h"
#include "exporters/wire.h"

enum {
	FIELD_SYMBOLS = 4, FIELD_TIMESERIES = 5,
	FIELD_REFS = 1, FIELD_SAMPLE = 2, FIELD_HISTOGRAM = 3, FIELD_EXEMPLAR = 4, FIELD_METADATA = 5,
	FIELD_HISTOGRAM_MS = 15, FIELD_HISTOGRAM_START = 17,
	REF_BYTES_MAX = 5
};

static uint32_t first_use(struct remote_write *rw, struct rw_table *t, struct rw_symbol *symbol)
{
	struct str text = { t->texts.p + symbol->at, symbol->n };
	char *p = buf_reserve(&rw->symbols, 1 + WIRE_VARINT_MAX + text.n);
	if (!p)
		return 0;
	symbol->stamp = t->stamp;
	symbol->ref = rw->request_symbol_count++;
	buf_grow(&rw->symbols, (size_t)(wire_bytes(p, FIELD_SYMBOLS, text) - p));
	return symbol->ref;
}

/* The text's number in this request. */
static inline uint32_t ref_of(struct remote_write *rw, struct rw_table *t, uint32_t symbol)
{
	struct rw_symbol *s = &t->symbols[symbol];
	return s->stamp == t->stamp ? s->ref : first_use(rw, t, s);
}

static char *put_refs(struct remote_write *rw, struct rw_table *t, const struct rw_series *s, char *p)
{
	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t symbol;
		memcpy(&symbol, t->refs.p + (s->at + i) * sizeof symbol, sizeof symbol);
		p = wire_varint(p, ref_of(rw, t, symbol));
	}
	return p;
}

static char *put_sample(char *p, const struct rw_item *item)
{
	uint64_t bits = htole64(item->bits);
	size_t size = 10 + wire_varint_size((uint64_t)item->ms);
	size += item->start_ms ? 1 + wire_varint_size((uint64_t)item->start_ms) : 0;
	p = wire_varint(wire_tag(p, FIELD_SAMPLE, WIRE_BYTES), size);
	p = wire_tag(p, 1, WIRE_FIXED64);
	memcpy(p, &bits, sizeof bits);
	p = wire_varint(wire_tag(p + sizeof bits, 2, WIRE_VARINT), (uint64_t)item->ms);
	return item->start_ms ? wire_varint(wire_tag(p, 3, WIRE_VARINT), (uint64_t)item->start_ms) : p;
}

static char *put_histogram(char *p, const struct rw_item *item, struct str message)
{
	size_t size = message.n + 1 + wire_varint_size((uint64_t)item->ms);
	size += item->start_ms ? 2 + wire_varint_size((uint64_t)item->start_ms) : 0;
	p = wire_varint(wire_tag(p, FIELD_HISTOGRAM, WIRE_BYTES), size);
	if (message.n)
		memcpy(p, message.p, message.n);
	p = wire_varint(wire_tag(p + message.n, FIELD_HISTOGRAM_MS, WIRE_VARINT), (uint64_t)item->ms);
	return item->start_ms ? wire_varint(wire_tag(p, FIELD_HISTOGRAM_START, WIRE_VARINT), (uint64_t)item->start_ms) : p;
}

/* A prometheus.Exemplar of 1.0 with its labels as symbols; sizes are small, so the length is put in afterwards. */
static char *put_exemplar(struct remote_write *rw, struct rw_table *t, char *p, struct str exemplar)
{
	enum { LABELS_MAX = 64 };
	struct wire_field field;
	uint32_t refs[2 * LABELS_MAX], count = 0;
	uint64_t bits = 0, ms = 0;
	while (exemplar.n) {
		struct str before = exemplar;
		struct label label;
		if (!wire_read_field(&exemplar, &field))
			break;
		if (field.number == 1 && count + 1 < COUNT_OF(refs) && rw_label_next(&before, &label)) {
			refs[count++] = ref_of(rw, t, rw_table_intern(t, label.name));
			refs[count++] = ref_of(rw, t, rw_table_intern(t, label.value));
		} else if (field.number == 2 && field.type == WIRE_FIXED64) {
			memcpy(&bits, field.bytes.p, sizeof bits);
		} else if (field.number == 3 && field.type == WIRE_VARINT) {
			ms = field.value;
		}
	}
	size_t packed = 0;
	for (uint32_t i = 0; i < count; i++)
		packed += wire_varint_size(refs[i]);
	p = wire_varint(wire_tag(p, FIELD_EXEMPLAR, WIRE_BYTES), (packed ? wire_bytes_size(packed) : 0) + 10 + wire_varint_size(ms));
	if (packed)
		p = wire_varint(wire_tag(p, 1, WIRE_BYTES), packed);
	for (uint32_t i = 0; i < count; i++)
		p = wire_varint(p, refs[i]);
	p = wire_tag(p, 2, WIRE_FIXED64);
	memcpy(p, &bits, sizeof bits);
	return wire_varint(wire_tag(p + sizeof bits, 3, WIRE_VARINT), ms);
}

static char *put_exemplars(struct remote_write *rw, const struct rw_request *r, char *p, struct str places)
{
	for (size_t i = 0; i < places.n; i += sizeof(uint32_t)) {
		uint32_t place;
		memcpy(&place, places.p + i, sizeof place);
		p = put_exemplar(rw, r->table, p, rw_request_extra(r, place));
	}
	return p;
}

static char *put_metadata(struct remote_write *rw, struct rw_table *t, uint32_t family, char *p)
{
	if (family == 0 || family >= t->family_room || t->families[family].name == 0)
		return p;
	const struct rw_family f = t->families[family];
	uint32_t help = ref_of(rw, t, f.help), unit = ref_of(rw, t, f.unit);
	size_t size = 1 + wire_varint_size(f.type);
	size += (help ? 1 + wire_varint_size(help) : 0) + (unit ? 1 + wire_varint_size(unit) : 0);
	p = wire_varint(wire_tag(p, FIELD_METADATA, WIRE_BYTES), size);
	p = wire_varint(wire_tag(p, 1, WIRE_VARINT), f.type);
	if (help)
		p = wire_varint(wire_tag(p, 3, WIRE_VARINT), help);
	return unit ? wire_varint(wire_tag(p, 4, WIRE_VARINT), unit) : p;
}

/* An upper bound of what the item takes in rw->scratch. */
static size_t bound(const struct rw_request *r, const struct rw_series *s, struct str message, struct str places)
{
	size_t n = 128 + (size_t)s->n * REF_BYTES_MAX + message.n;
	for (size_t i = 0; i < places.n; i += sizeof(uint32_t)) {
		uint32_t place;
		memcpy(&place, places.p + i, sizeof place);
		n += 64 + 5 * rw_request_extra(r, place).n; /* a label of 4 bytes may become two numbers of 5 */
	}
	return n;
}

static void put_item(struct remote_write *rw, const struct rw_request *r, const struct rw_item *item)
{
	struct rw_table *t = r->table;
	struct rw_series *s = &t->series[item->series & ~RW_HISTOGRAM];
	if (s->state == RW_SERIES_LABELS)
		rw_series_to_symbols(t, s);
	bool is_histogram = item->series & RW_HISTOGRAM;
	struct str message = is_histogram ? rw_request_extra(r, (uint32_t)item->bits) : (struct str){ 0 };
	struct str places = item->exemplars ? rw_request_extra(r, item->exemplars - 1) : (struct str){ 0 };
	buf_reset(&rw->scratch);
	char *start = buf_reserve(&rw->scratch, bound(r, s, message, places));
	if (!start)
		return;
	/* The refs' own length is put in front of them when it is known: one byte as a rule, moved if it is more. */
	char *refs = wire_tag(start, FIELD_REFS, WIRE_BYTES) + 1, *p = put_refs(rw, t, s, refs);
	size_t packed = (size_t)(p - refs), extra = wire_varint_size(packed) - 1;
	if (extra)
		memmove(refs + extra, refs, packed);
	wire_varint(refs - 1, packed);
	p += extra;
	p = is_histogram ? put_histogram(p, item, message) : put_sample(p, item);
	if (places.n)
		p = put_exemplars(rw, r, p, places);
	if (rw->options.send_metadata)
		p = put_metadata(rw, t, s->metadata, p);
	size_t body = (size_t)(p - start);
	char *to = buf_reserve(&rw->raw, 1 + WIRE_VARINT_MAX + body);
	if (to)
		buf_grow(&rw->raw, (size_t)(wire_bytes(to, FIELD_TIMESERIES, (struct str){ start, body }) - to));
}

void rw_v2_encode(struct remote_write *rw, struct rw_request *r)
{
	buf_reset(&rw->symbols);
	buf_reset(&rw->raw);
	r->table->stamp++;
	rw->request_symbol_count = 0;
	ref_of(rw, r->table, 0);
	for (uint32_t i = 0; i < r->n; i++)
		put_item(rw, r, &r->items[i]);
}
