/* io.prometheus.client.MetricFamily messages, each behind its length. A family is looked through twice: first for name, help,
 * type and unit, which may stand behind the metrics, then metric by metric (exposition_proto.c). A summary or histogram becomes
 * the samples that the text format has for it, with the series written as text; a histogram with native buckets becomes one item.
 * Only one metric is held in memory. */
#include "parsers/exposition/exposition_proto.h"

#include <stdlib.h>

#include "parsers/bytes/utf8.h"
#include "parsers/decimal.h"

enum { LENGTH_BYTES = 5 };

static const enum metric_type types[PROTO_TYPES] = { METRIC_COUNTER, METRIC_GAUGE, METRIC_SUMMARY, METRIC_UNKNOWN, METRIC_HISTOGRAM,
	METRIC_GAUGEHISTOGRAM };

static struct exposition_proto *state_of(struct exposition_state *s)
{
	if (s->proto)
		return s->proto;
	struct exposition_proto *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	/* What is written is at most twice what is read, and a few bytes for each field. */
	size_t cap = 4 * (size_t)(s->end - s->base) + 256;
	struct buf *bufs[] = { &p->labels, &p->exemplar_text, &p->histogram, &p->metric.positive.spans, &p->metric.positive.deltas,
		&p->metric.positive.counts, &p->metric.negative.spans, &p->metric.negative.deltas, &p->metric.negative.counts };
	for (size_t i = 0; i < COUNT_OF(bufs); i++)
		buf_init(bufs[i], cap);
	return s->proto = p;
}

static void side_fini(struct proto_side *side)
{
	buf_fini(&side->spans);
	buf_fini(&side->deltas);
	buf_fini(&side->counts);
}

void exposition_protobuf_fini(struct exposition_proto *p)
{
	if (!p)
		return;
	side_fini(&p->metric.positive);
	side_fini(&p->metric.negative);
	buf_fini(&p->labels);
	buf_fini(&p->exemplar_text);
	buf_fini(&p->histogram);
	free(p->metric.pairs);
	free(p->metric.exemplars);
	free(p->exemplars);
	free(p);
}

static void write_series(struct exposition *x, const struct exposition_proto *p, struct str suffix, struct str extra,
			 const double *bound)
{
	struct buf *made = &x->state->made;
	struct str name = x->family.name;
	char number[DECIMAL_ROOM];
	bool is_legacy = labels_name_is_legacy(name, true), has_more = p->labels.n || bound;
	buf_reset(made);
	if (!is_legacy) {
		buf_str(made, STR("{\""));
		labels_escape(name, made);
	} else {
		buf_str(made, name);
	}
	buf_str(made, suffix);
	if (!is_legacy)
		buf_char(made, '"');
	if (has_more)
		buf_char(made, is_legacy ? '{' : ',');
	buf_str(made, buf_view(&p->labels));
	if (bound) {
		if (p->labels.n)
			buf_char(made, ',');
		labels_print_one(extra, (struct str){ number, decimal_print(*bound, number) }, made);
	}
	if (has_more || !is_legacy)
		buf_char(made, '}');
	x->series = buf_view(made);
	x->is_made = true;
}

/* Exemplar { 1: label, 2: value, 3: timestamp }; its labels are written to `text`, and `raw` is set once that no longer moves. */
static bool read_exemplar(struct str message, struct buf *text, struct exemplar *out)
{
	struct protowire_field f;
	int what;
	bool is_first = true;
	*out = (struct exemplar){ .is_there = true };
	buf_char(text, '{');
	while ((what = protowire_next(&message, &f)) > 0) {
		if ((f.number == 2 && f.type != WIRE_FIXED64) || ((f.number == 1 || f.number == 3) && f.type != WIRE_BYTES))
			return false;
		if (f.number == 1) {
			if (!exposition_proto_label(f.bytes, text, is_first))
				return false;
			is_first = false;
		} else if (f.number == 2) {
			out->value = exposition_proto_double(&f);
		} else if (f.number == 3) {
			out->has_timestamp = true;
			if (!exposition_proto_time(f.bytes, &out->timestamp_ms))
				return false;
		}
	}
	buf_char(text, '}');
	return what == 0;
}

/* One that is no exemplar is left out: it takes neither its sample nor the scrape along. */
static void take_exemplar(struct exposition *x, struct exposition_proto *p, struct str message)
{
	buf_reset(&p->exemplar_text);
	if (read_exemplar(message, &p->exemplar_text, &x->exemplar))
		x->exemplar.raw = buf_view(&p->exemplar_text);
	else
		x->exemplar = (struct exemplar){ 0 };
}

/* Those with a timestamp; the buckets' when the histogram has none of its own. */
static void take_exemplars(struct exposition *x, struct exposition_proto *p)
{
	const struct proto_metric *m = &p->metric;
	size_t count = m->exemplar_count ? m->exemplar_count : m->pair_count, kept = 0, at = 0;
	buf_reset(&p->exemplar_text);
	if (count > p->exemplar_room) {
		p->exemplars = realloc(p->exemplars, count * sizeof *p->exemplars);
		if (!p->exemplars)
			abort();
		p->exemplar_room = count;
	}
	for (size_t i = 0; i < count; i++) {
		size_t before = p->exemplar_text.n;
		if (!m->exemplar_count && !m->pairs[i].has_exemplar)
			continue;
		struct exemplar *e = &p->exemplars[kept];
		struct str message = m->exemplar_count ? m->exemplars[i] : m->pairs[i].exemplar;
		bool is_kept = read_exemplar(message, &p->exemplar_text, e) && e->has_timestamp;
		if (!is_kept)
			p->exemplar_text.n = before;
		e->raw.n = p->exemplar_text.n - before;
		kept += is_kept;
	}
	for (size_t i = 0; i < kept; i++) {
		p->exemplars[i].raw.p = p->exemplar_text.p + at;
		at += p->exemplars[i].raw.n;
	}
	x->exemplars = p->exemplars;
	x->exemplar_count = kept;
}

static enum exposition_item give(struct exposition *x, double value)
{
	memcpy(&x->value_bits, &value, sizeof value);
	return EXPOSITION_SAMPLE;
}

static enum exposition_item next_native(struct exposition *x, struct exposition_proto *p)
{
	p->is_native_due = false;
	p->has_metric = p->is_classic_due;
	x->exemplar = (struct exemplar){ 0 };
	take_exemplars(x, p);
	write_series(x, p, STR(""), STR(""), NULL);
	exposition_native_write(&p->metric, p->type == PROTO_GAUGE_HISTOGRAM, &p->histogram);
	x->histogram = buf_view(&p->histogram);
	return EXPOSITION_HISTOGRAM;
}

/* The next sample of the current metric; p->has_metric falls with the last one. */
static enum exposition_item next_sample(struct exposition *x, struct exposition_proto *p)
{
	static const double infinity = __builtin_inf();
	const struct proto_metric *m = &p->metric;
	bool is_summary = p->type == PROTO_SUMMARY;
	struct str extra = is_summary ? STR("quantile") : STR("le");
	double count = m->count_float == 0 ? (double)m->count : m->count_float;
	long at = p->position++;
	x->exemplars = NULL;
	x->exemplar_count = 0;
	x->exemplar = (struct exemplar){ 0 };
	if (p->type != PROTO_SUMMARY && p->type < PROTO_HISTOGRAM) {
		p->has_metric = false;
		write_series(x, p, STR(""), extra, NULL);
		if (m->has_exemplar)
			take_exemplar(x, p, m->exemplar);
		return give(x, m->value);
	}
	if (at == POSITION_COUNT) {
		write_series(x, p, STR("_count"), extra, NULL);
		return give(x, count);
	}
	if (at == POSITION_SUM) {
		p->has_metric = !is_summary || m->pair_count;
		write_series(x, p, STR("_sum"), extra, NULL);
		return give(x, m->sum);
	}
	if ((size_t)at >= m->pair_count) { /* the bucket that may be left out on the wire */
		p->has_metric = false;
		write_series(x, p, STR("_bucket"), extra, &infinity);
		return give(x, count);
	}
	const struct proto_pair *pair = &m->pairs[at];
	p->has_metric = is_summary ? (size_t)at + 1 < m->pair_count : pair->at != infinity;
	write_series(x, p, is_summary ? STR("") : STR("_bucket"), extra, &pair->at);
	if (pair->has_exemplar)
		take_exemplar(x, p, pair->exemplar);
	return give(x, pair->value);
}

/* Name, help, type and unit of p->family; whether it has metrics. */
static const char *read_family(struct exposition *x, struct exposition_proto *p, bool *has_metrics)
{
	struct str rest = p->family;
	struct protowire_field f;
	int what;
	uint64_t type = 0;
	memset(&x->family, 0, sizeof x->family);
	*has_metrics = false;
	while ((what = protowire_next(&rest, &f)) > 0) {
		if (f.number <= 5 && f.type != (f.number == 3 ? WIRE_VARINT : WIRE_BYTES))
			return "a family has a field of the wrong type";
		if (f.number == 1)
			x->family.name = f.bytes;
		else if (f.number == 2)
			x->family.help = f.bytes;
		else if (f.number == 3)
			type = (uint32_t)f.value;
		else if (f.number == 4)
			*has_metrics = true;
		else if (f.number == 5)
			x->family.unit = f.bytes;
	}
	if (what < 0)
		return "a family is damaged";
	if (!*has_metrics)
		return NULL;
	if (x->family.name.n == 0 || utf8_valid(x->family.name) != x->family.name.n)
		return "a family has no name, or one that is not UTF-8";
	if (utf8_valid(x->family.help) != x->family.help.n)
		return "a help text is not UTF-8";
	if (type >= PROTO_TYPES)
		return "a family has an unknown type";
	p->type = (enum proto_type)type;
	x->family.type = x->state->last_type = types[type];
	return NULL;
}

/* The next family with metrics. */
static enum exposition_item next_family(struct exposition *x, struct exposition_proto *p)
{
	struct exposition_state *s = x->state;
	for (;;) {
		struct str rest = { s->at, (size_t)(s->end - s->at) }, body = rest;
		uint64_t n;
		bool has_metrics;
		if (rest.n == 0)
			return EXPOSITION_END;
		if (!protowire_varint(&body, &n) || body.p - rest.p > LENGTH_BYTES || n > body.n)
			return exposition_bad(x, s->at, "a family is longer than what is there");
		p->family = str_take(body, (size_t)n);
		const char *wrong = read_family(x, p, &has_metrics);
		if (wrong)
			return exposition_bad(x, s->at, wrong);
		s->at = body.p + n;
		p->metrics = p->family;
		if (has_metrics)
			return EXPOSITION_FAMILY;
	}
}

enum exposition_item exposition_protobuf_next(struct exposition *x)
{
	struct exposition_proto *p = state_of(x->state);
	while (!p->has_metric) {
		struct protowire_field f;
		if (protowire_next(&p->metrics, &f) <= 0)
			return next_family(x, p);
		if (f.number != 4)
			continue;
		const char *wrong = exposition_proto_metric(x, p, f.bytes);
		if (wrong)
			return exposition_bad(x, f.bytes.p, wrong);
	}
	return p->is_native_due ? next_native(x, p) : next_sample(x, p);
}
