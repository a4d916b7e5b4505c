/* An exposition as lines of text, to be compared with what is wanted: `name{a="b"} value @ms >start # {exemplar} value @ms` for a
 * sample, `= name type unit help` for a family, `! error` for the end of a bad one. The body is copied to memory of its size. */
#ifndef TEST_EXPOSITION_DUMP_H
#define TEST_EXPOSITION_DUMP_H

#include <stdlib.h>

#include "parsers/exposition/exposition.h"

static double dump_double(uint64_t bits)
{
	double value;
	memcpy(&value, &bits, sizeof value);
	return value;
}

static void dump_exemplar(const struct exemplar *e, struct buf *out)
{
	buf_printf(out, " # " STR_FMT " %.17g", STR_ARG(e->raw), e->value);
	if (e->has_timestamp)
		buf_printf(out, " @%lld", (long long)e->timestamp_ms);
}

static void dump_labels(struct exposition *x, struct buf *out)
{
	struct labels labels = { 0 };
	struct arena arena = { 0 };
	const char *why;
	if (exposition_item_labels(x, &labels, &arena, &why))
		labels_print(&labels, out);
	else
		buf_printf(out, "? %s", why);
	labels_fini(&labels);
	arena_fini(&arena);
}

static void dump_item(struct exposition *x, enum exposition_item item, struct buf *out)
{
	if (item == EXPOSITION_FAMILY) {
		buf_printf(out, "= " STR_FMT " %s [" STR_FMT "] " STR_FMT "\n", STR_ARG(x->family.name), metric_type_names[x->family.type],
			STR_ARG(x->family.unit), STR_ARG(x->family.help));
		return;
	}
	dump_labels(x, out);
	if (item == EXPOSITION_HISTOGRAM)
		for (size_t i = 0; i < x->histogram.n; i++)
			buf_printf(out, "%s%02x", i ? "" : " ", (unsigned char)x->histogram.p[i]);
	else
		buf_printf(out, " %.17g", dump_double(x->value_bits));
	if (x->has_timestamp)
		buf_printf(out, " @%lld", (long long)x->timestamp_ms);
	if (x->start_ms)
		buf_printf(out, " >%lld", (long long)x->start_ms);
	if (x->exemplar.is_there)
		dump_exemplar(&x->exemplar, out);
	for (size_t i = 0; i < x->exemplar_count; i++)
		dump_exemplar(&x->exemplars[i], out);
	buf_char(out, '\n');
}

static void dump(enum exposition_format format, struct str body, bool keeps_classic, bool ignores_native, struct buf *out)
{
	struct exposition x;
	enum exposition_item item;
	char *copy = malloc(body.n ? body.n : 1);
	memcpy(copy, body.n ? body.p : "", body.n);
	buf_reset(out);
	exposition_init(&x, format, (struct str){ copy, body.n });
	x.keeps_classic = keeps_classic;
	x.ignores_native = ignores_native;
	while ((item = exposition_next(&x)) > EXPOSITION_END)
		dump_item(&x, item, out);
	if (item == EXPOSITION_BAD)
		buf_printf(out, "! %s\n", x.error);
	exposition_fini(&x);
	free(copy);
}

#endif
