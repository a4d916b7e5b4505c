/* A sample is one reservation and a few copies: no printf. Numbers that are whole or have few decimals, which is nearly all of them, are
 * written with integer arithmetic and checked by dividing back; the rest takes the digits that printf and strtod agree on.
 * What would spoil a page is mended here, once for all writers: quotes and line ends in label values are escaped, bytes that are no UTF-8
 * are replaced. The header of a family waits for its first sample. */
#include "agent/exposition/families.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/arena.h"
#include "parsers/bytes/map.h"
#include "parsers/bytes/utf8.h"

enum { NUMBER_ROOM = 40, LABEL_EXTRA = 5 /* ="", and the comma or brace */, SAMPLE_EXTRA = NUMBER_ROOM + 8, EXEMPLAR_EXTRA = 64 + 2 * NUMBER_ROOM };

/* The text format knows fewer types. */
static const char *const text_types[METRIC_TYPES] = {
	[METRIC_UNKNOWN] = "untyped",
	[METRIC_COUNTER] = "counter",
	[METRIC_GAUGE] = "gauge",
	[METRIC_HISTOGRAM] = "histogram",
	[METRIC_GAUGEHISTOGRAM] = "histogram",
	[METRIC_SUMMARY] = "summary",
	[METRIC_INFO] = "gauge",
	[METRIC_STATESET] = "gauge",
};

void families_init(struct families *f, struct buf *out, bool is_openmetrics)
{
	*f = (struct families){ .out = out, .is_openmetrics = is_openmetrics, .exemplar_label = "trace_id" };
	f->seen = calloc(1, sizeof *f->seen);
	f->names = calloc(1, sizeof *f->names);
	if (!f->seen || !f->names)
		abort();
}

void families_fini(struct families *f)
{
	if (f->seen)
		map_fini(f->seen);
	if (f->names)
		arena_fini(f->names);
	free(f->seen);
	free(f->names);
	*f = (struct families){ 0 };
}

bool families_has(const struct families *f, struct str name)
{
	return map_get(f->seen, name) != NULL;
}

void families_begin(struct families *f, const char *name, enum metric_type type, const char *help)
{
	f->has_header = false;
	f->help = help;
	f->type = type;
	f->name = name;
	if (families_has(f, str_of(name))) {
		f->dropped++;
		f->name = NULL; /* and so its samples are left out */
	}
}

/* ---- numbers ---- */

static char *put(char *p, const char *bytes, size_t n)
{
	memcpy(p, bytes, n);
	return p + n;
}

static char *put_u64(char *p, uint64_t value)
{
	char digits[20];
	size_t n = 0;
	do
		digits[n++] = (char)('0' + value % 10);
	while (value /= 10);
	while (n)
		*p++ = digits[--n];
	return p;
}

/* "12.5" of 12500000000 and nine decimals. */
static char *put_decimal(char *p, uint64_t scaled, uint64_t scale, unsigned decimals)
{
	p = put_u64(p, scaled / scale);
	uint64_t fraction = scaled % scale;
	if (fraction == 0)
		return p;
	*p++ = '.';
	char *end = p + decimals;
	for (char *at = end; at > p; fraction /= 10)
		*--at = (char)('0' + fraction % 10);
	while (end[-1] == '0')
		end--;
	return end;
}

static char *put_shortest(char *p, double value)
{
	for (int digits = 15; digits <= 17; digits++) {
		int n = snprintf(p, NUMBER_ROOM, "%.*g", digits, value);
		if (digits == 17 || strtod(p, NULL) == value)
			return p + n;
	}
	return p;
}

static char *put_number(char *p, double value)
{
	/* Fifteen digits are always told apart by a double, so what divides back to the value is also its shortest text. */
	static const struct {
		double below;
		uint64_t scale;
		unsigned decimals;
	} scales[] = { { 1e6, 1000000000, 9 }, { 1e9, 1000000, 6 }, { 1e12, 1000, 3 } };
	if (isnan(value))
		return put(p, "NaN", 3);
	if (isinf(value))
		return put(p, value > 0 ? "+Inf" : "-Inf", 4);
	double size = fabs(value);
	char *start = p;
	if (signbit(value))
		*p++ = '-';
	if (size < 1e15 && size == (double)(uint64_t)size)
		return put_u64(p, (uint64_t)size);
	for (size_t i = 0; i < COUNT_OF(scales); i++) {
		if (size >= scales[i].below)
			continue;
		uint64_t scaled = (uint64_t)(size * (double)scales[i].scale + 0.5);
		if ((double)scaled / (double)scales[i].scale == size)
			return put_decimal(p, scaled, scales[i].scale, scales[i].decimals);
		break;
	}
	return put_shortest(start, value);
}

void families_number(struct buf *out, double value)
{
	char *p = buf_reserve(out, NUMBER_ROOM);
	if (p)
		buf_grow(out, (size_t)(put_number(p, value) - p));
}

/* ---- headers ---- */

static void write_help(struct families *f, struct str name)
{
	struct buf mended = { 0 };
	struct str help = str_of(f->help);
	if (help.n && utf8_valid(help) < help.n) {
		buf_init(&mended, 3 * help.n);
		utf8_repair(help, &mended);
		help = buf_view(&mended);
	}
	buf_str(f->out, STR("# HELP "));
	buf_str(f->out, name);
	buf_char(f->out, ' ');
	for (size_t i = 0, start = 0; i <= help.n; i++) {
		char c = i < help.n ? help.p[i] : '\0';
		if (i < help.n && c != '\n' && c != '\\' && !(c == '"' && f->is_openmetrics))
			continue;
		buf_append(f->out, help.p + start, i - start);
		start = i + 1;
		if (i < help.n)
			buf_str(f->out, c == '\n' ? STR("\\n") : c == '"' ? STR("\\\"") : STR("\\\\"));
	}
	buf_char(f->out, '\n');
	buf_fini(&mended);
}

static void write_header(struct families *f)
{
	struct str name = arena_copy(f->names, str_of(f->name));
	map_put(f->seen, name, f->names);
	f->has_header = true;
	f->count++;
	enum metric_type type = f->type;
	if (f->is_openmetrics && type == METRIC_COUNTER) { /* there a counter's family is called without the suffix of its sample */
		if (str_ends(name, STR("_total")))
			name.n -= sizeof "_total" - 1;
		else
			type = METRIC_UNKNOWN;
	}
	if (f->help)
		write_help(f, name);
	buf_str(f->out, STR("# TYPE "));
	buf_str(f->out, name);
	buf_char(f->out, ' ');
	buf_str(f->out, str_of(f->is_openmetrics ? metric_type_names[type] : text_types[type]));
	buf_char(f->out, '\n');
}

/* ---- samples ---- */

static char *put_escaped(char *p, struct str value)
{
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		if (c == '\n')
			p = put(p, "\\n", 2);
		else if (c == '\\' || c == '"') {
			*p++ = '\\';
			*p++ = c;
		} else
			*p++ = c;
	}
	return p;
}

/* At most three times as long as the value: two bytes for one that is escaped, three for one that is no UTF-8. */
static char *put_value(char *p, struct str value)
{
	if (value.n == 0 || utf8_valid(value) == value.n)
		return put_escaped(p, value);
	struct buf mended;
	buf_init(&mended, 3 * value.n);
	utf8_repair(value, &mended);
	p = put_escaped(p, buf_view(&mended));
	buf_fini(&mended);
	return p;
}

static char *put_label(char *p, char before, const char *name, struct str value)
{
	*p++ = before;
	p = put(p, name, strlen(name));
	p = put(p, "=\"", 2);
	p = put_value(p, value);
	*p++ = '"';
	return p;
}

static size_t exemplar_room(const struct families *f, const struct metric_exemplar *e)
{
	return e ? EXEMPLAR_EXTRA + strlen(f->exemplar_label) + e->trace_id.n + e->span_id.n : 0;
}

/* ` # {trace_id="…",span_id="…"} value seconds` */
static char *put_exemplar(const struct families *f, char *p, const struct metric_exemplar *e)
{
	uint64_t ms = e->timestamp_ns > 0 ? (uint64_t)e->timestamp_ns / 1000000 : 0;
	p = put(p, " # ", 3);
	p = put_label(p, '{', f->exemplar_label, e->trace_id);
	if (e->span_id.n)
		p = put_label(p, ',', "span_id", e->span_id);
	p = put(p, "} ", 2);
	p = put_number(p, e->value);
	*p++ = ' ';
	return put_decimal(p, ms, 1000, 3);
}

static void write_sample(struct families *f, const char *suffix, const struct metric_label *labels, size_t count, double sample,
	const struct metric_exemplar *exemplar)
{
	if (!f->name)
		return;
	if (!f->has_header)
		write_header(f);
	if (!f->is_openmetrics || (exemplar && exemplar->trace_id.n == 0))
		exemplar = NULL;
	size_t name_length = strlen(f->name), suffix_length = strlen(suffix);
	size_t room = name_length + suffix_length + SAMPLE_EXTRA + exemplar_room(f, exemplar);
	for (size_t i = 0; i < count; i++)
		room += strlen(labels[i].name) + LABEL_EXTRA + 3 * labels[i].value.n;
	char *start = buf_reserve(f->out, room), *p = start;
	if (!start)
		return;
	p = put(p, f->name, name_length);
	p = put(p, suffix, suffix_length);
	for (size_t i = 0; i < count; i++)
		p = put_label(p, i ? ',' : '{', labels[i].name, labels[i].value);
	if (count)
		*p++ = '}';
	*p++ = ' ';
	p = put_number(p, sample);
	if (exemplar)
		p = put_exemplar(f, p, exemplar);
	*p++ = '\n';
	buf_grow(f->out, (size_t)(p - start));
}

void families_value(struct families *f, double value)
{
	write_sample(f, "", NULL, 0, value, NULL);
}

void families_label1(struct families *f, const char *name, struct str value, double sample)
{
	write_sample(f, "", &(struct metric_label){ name, value }, 1, sample, NULL);
}

void families_label2(struct families *f, const char *name1, struct str value1, const char *name2, struct str value2, double sample)
{
	const struct metric_label labels[] = { { name1, value1 }, { name2, value2 } };
	write_sample(f, "", labels, COUNT_OF(labels), sample, NULL);
}

void families_sample(struct families *f, const char *suffix, const struct metric_label *labels, size_t count, double sample)
{
	write_sample(f, suffix, labels, count, sample, NULL);
}

void families_traced(struct families *f, const char *suffix, const struct metric_label *labels, size_t count, double sample,
	const struct metric_exemplar *exemplar)
{
	write_sample(f, suffix, labels, count, sample, exemplar);
}

int families_compare_labels(const struct metric_label *a, size_t a_count, const struct metric_label *b, size_t b_count)
{
	for (size_t i = 0; i < a_count && i < b_count; i++) {
		int order = strcmp(a[i].name, b[i].name);
		if (order == 0)
			order = str_cmp(a[i].value, b[i].value);
		if (order != 0)
			return order;
	}
	return (a_count > b_count) - (a_count < b_count);
}

void families_gauge(struct families *f, const char *name, const char *help, double value)
{
	families_begin(f, name, METRIC_GAUGE, help);
	families_value(f, value);
}

void families_counter(struct families *f, const char *name, const char *help, double value)
{
	families_begin(f, name, METRIC_COUNTER, help);
	families_value(f, value);
}
