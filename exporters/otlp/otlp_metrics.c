/* One request from the inside out: data points are collected until the name changes, metrics until the target does, because each of the three
 * has the length of its contents in front. The buffers are those of the other versions' encoders.
 *
 * job and instance are what Prometheus calls a target and OpenTelemetry service.name and service.instance.id; they leave the data points and
 * become the resource. Receivers that speak Prometheus' language turn them back. */
#include "exporters/otlp/otlp_metrics.h"

#include "exporters/otlp/otlp.h"
#include "parsers/bytes/hash.h"

enum {
	FIELD_RESOURCE_METRICS = 1, FIELD_RESOURCE = 1, FIELD_SCOPE_METRICS = 2, FIELD_METRICS = 2,
	FIELD_NAME = 1, FIELD_DESCRIPTION = 2, FIELD_UNIT = 3, FIELD_TEMPORALITY = 2, FIELD_IS_MONOTONIC = 3, CUMULATIVE = 2
};

/* Types of journal.h. */
enum { TYPE_COUNTER = 1, TYPE_HISTOGRAM = 3, TYPE_SUMMARY = 5 };

static const struct { unsigned field; bool has_temporality, is_monotonic; } kinds[] = {
	[OTLP_GAUGE] = { 5, false, false },
	[OTLP_SUM] = { 7, true, false },
	[OTLP_MONOTONIC] = { 7, true, true },
	[OTLP_HISTOGRAM] = { 9, true, false },
	[OTLP_SUMMARY] = { 11, false, false },
};

struct run { /* the open resource and the open metric in it */
	struct str job, instance, name;
	const struct rw_family *family;
	enum otlp_kind kind;
	bool has_metric, has_resource;
};

void otlp_series_read(const struct rw_table *t, const struct rw_series *s, struct otlp_series *out)
{
	struct label label;
	*out = (struct otlp_series){ .labels = { t->labels.p + s->at, s->n } };
	for (struct str rest = out->labels; rw_label_next(&rest, &label);) {
		if (str_eq(label.name, LABELS_METRIC_NAME))
			out->name = label.value;
		else if (str_eq(label.name, STR("job")))
			out->job = label.value;
		else if (str_eq(label.name, STR("instance")))
			out->instance = label.value;
		else if (str_eq(label.name, STR("le")) || str_eq(label.name, STR("quantile")))
			out->bound = label.value;
	}
	if (s->metadata == 0 || s->metadata >= t->family_room || t->families[s->metadata].name == 0)
		return;
	out->family = &t->families[s->metadata];
	out->family_name = rw_symbol_text(t, out->family->name);
	if (out->family_name.n && str_starts(out->name, out->family_name))
		out->suffix = str_skip(out->name, out->family_name.n);
}

uint32_t otlp_series_hash(const struct rw_table *t, const struct rw_series *s)
{
	struct otlp_series series;
	struct label label;
	otlp_series_read(t, s, &series);
	bool is_grouped = series.family && (series.family->type == TYPE_HISTOGRAM || series.family->type == TYPE_SUMMARY);
	if (!is_grouped)
		return s->hash;
	uint64_t hash = hash_bytes(series.family_name);
	for (struct str rest = series.labels; rw_label_next(&rest, &label);)
		if (!str_eq(label.name, LABELS_METRIC_NAME) && label.value.p != series.bound.p)
			hash = hash_u64(hash ^ hash_bytes(label.name) ^ hash_bytes(label.value) << 1);
	return (uint32_t)hash;
}

/* A message that is complete, as a field. */
static void put_message(struct buf *to, unsigned field, const struct buf *message)
{
	char *p = buf_reserve(to, 1 + WIRE_VARINT_MAX + message->n);
	if (p)
		buf_grow(to, (size_t)(wire_bytes(p, field, buf_view(message)) - p));
}

static void put_text(struct buf *to, unsigned field, struct str text)
{
	char *p = text.n ? buf_reserve(to, 1 + WIRE_VARINT_MAX + text.n) : NULL;
	if (p)
		buf_grow(to, (size_t)(wire_bytes(p, field, text) - p));
}

static size_t text_size(struct str text)
{
	return text.n ? wire_bytes_size(text.n) : 0;
}

/* The unit in UCUM's spelling where that is known. One that the name does not end with is left out: receivers that speak Prometheus'
 * language would put it there. */
static struct str unit_of(const struct rw_table *t, const struct rw_family *family)
{
	struct str name = rw_symbol_text(t, family->name), unit = rw_symbol_text(t, family->unit);
	if (str_ends(name, STR("_total")))
		name.n -= sizeof "_total" - 1;
	if (unit.n == 0 || name.n <= unit.n || !str_ends(name, unit) || name.p[name.n - unit.n - 1] != '_')
		return (struct str){ 0 };
	return str_eq(unit, STR("seconds")) ? STR("s") : str_eq(unit, STR("bytes")) ? STR("By") : unit;
}

/* The points in rw->scratch become a metric in rw->symbols. */
static void close_metric(struct remote_write *rw, struct run *run, const struct rw_table *t)
{
	if (!run->has_metric)
		return;
	run->has_metric = false;
	struct buf *points = &rw->scratch, *metrics = &rw->symbols;
	struct str description = { 0 }, unit = { 0 };
	if (run->family && rw->options.send_metadata) {
		description = rw_symbol_text(t, run->family->help);
		unit = unit_of(t, run->family);
	}
	char tail[8], *p = tail;
	if (kinds[run->kind].has_temporality)
		p = wire_varint(wire_tag(p, FIELD_TEMPORALITY, WIRE_VARINT), CUMULATIVE);
	if (kinds[run->kind].is_monotonic)
		p = wire_varint(wire_tag(p, FIELD_IS_MONOTONIC, WIRE_VARINT), 1);
	size_t data = points->n + (size_t)(p - tail);
	size_t size = text_size(run->name) + text_size(description) + text_size(unit) + wire_bytes_size(data);
	char *start = buf_reserve(metrics, 4 * (1 + WIRE_VARINT_MAX) + size), *to = start;
	if (!start)
		return;
	to = wire_varint(wire_tag(to, FIELD_METRICS, WIRE_BYTES), size);
	buf_grow(metrics, (size_t)(to - start));
	put_text(metrics, FIELD_NAME, run->name);
	put_text(metrics, FIELD_DESCRIPTION, description);
	put_text(metrics, FIELD_UNIT, unit);
	start = to = metrics->p + metrics->n; /* there is room: it was reserved above */
	to = wire_varint(wire_tag(to, kinds[run->kind].field, WIRE_BYTES), data);
	buf_grow(metrics, (size_t)(to - start));
	buf_append(metrics, points->p, points->n);
	buf_append(metrics, tail, (size_t)(p - tail));
	rw->raw.is_full |= points->is_full; /* a part is missing: none of it is sent */
	buf_reset(points);
}

/* The metrics in rw->symbols become a ResourceMetrics in rw->raw. */
static void close_resource(struct remote_write *rw, struct run *run)
{
	static const struct str service = STR("service.name"), instance = STR("service.instance.id");
	if (!run->has_resource)
		return;
	run->has_resource = false;
	struct str job = run->job.n ? run->job : STR("unknown_service");
	size_t resource = wire_bytes_size(otlp_attribute_size(service, job.n));
	resource += run->instance.n ? wire_bytes_size(otlp_attribute_size(instance, run->instance.n)) : 0;
	size_t size = wire_bytes_size(resource) + wire_bytes_size(rw->symbols.n);
	char *start = buf_reserve(&rw->raw, 3 * (1 + WIRE_VARINT_MAX) + resource), *p = start;
	if (!start)
		return;
	p = wire_varint(wire_tag(p, FIELD_RESOURCE_METRICS, WIRE_BYTES), size);
	p = wire_varint(wire_tag(p, FIELD_RESOURCE, WIRE_BYTES), resource);
	p = otlp_attribute(p, 1, service, job);
	if (run->instance.n)
		p = otlp_attribute(p, 1, instance, run->instance);
	buf_grow(&rw->raw, (size_t)(p - start));
	put_message(&rw->raw, FIELD_SCOPE_METRICS, &rw->symbols);
	rw->raw.is_full |= rw->symbols.is_full;
	buf_reset(&rw->symbols);
}

/* A series by itself. What a histogram or summary is made of is cumulative, but no counter by its name. */
static enum otlp_kind kind_of(const struct otlp_series *s)
{
	unsigned type = s->family ? s->family->type : 0;
	if (type == TYPE_COUNTER)
		return OTLP_MONOTONIC;
	return (type == TYPE_HISTOGRAM || type == TYPE_SUMMARY) && s->suffix.n ? OTLP_SUM : OTLP_GAUGE;
}

static void put_point(struct remote_write *rw, const struct rw_request *r, struct run *run, const struct otlp_series *s, uint32_t from, uint32_t to)
{
	bool is_whole = to > from;
	enum otlp_kind kind = !is_whole ? kind_of(s) : s->family->type == TYPE_HISTOGRAM ? OTLP_HISTOGRAM : OTLP_SUMMARY;
	struct str name = is_whole ? s->family_name : s->name;
	bool is_same_target = run->has_resource && str_eq(run->job, s->job) && str_eq(run->instance, s->instance);
	if (!is_same_target || !run->has_metric || run->kind != kind || run->family != s->family || !str_eq(run->name, name))
		close_metric(rw, run, r->table);
	if (!is_same_target)
		close_resource(rw, run);
	*run = (struct run){ s->job, s->instance, name, s->family, kind, true, true };
	otlp_point(&rw->scratch, r, kind, s, from, is_whole ? to : from + 1);
}

void rw_otlp_encode(struct remote_write *rw, struct rw_request *r)
{
	struct run run = { .kind = OTLP_GAUGE };
	struct otlp_series s;
	buf_reset(&rw->symbols);
	buf_reset(&rw->raw);
	buf_reset(&rw->scratch);
	r->points = 0;
	for (uint32_t i = 0; i < r->n; r->points++) {
		struct rw_series *series = &r->table->series[r->items[i].series & ~RW_HISTOGRAM];
		rw_series_to_labels(r->table, series);
		otlp_series_read(r->table, series, &s);
		uint32_t end = s.suffix.n || s.bound.n ? otlp_point_end(r, &s, i) : i;
		put_point(rw, r, &run, &s, i, end);
		i = end > i ? end : i + 1;
	}
	close_metric(rw, &run, r->table);
	close_resource(rw, &run);
}
