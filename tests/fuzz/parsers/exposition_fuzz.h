/* What holds for every body in every format: an end is reached, what is given stays inside its bounds, and the labels of a series read
 * back from what labels_print writes. Input that fails is no finding. */
#ifndef FUZZ_EXPOSITION_H
#define FUZZ_EXPOSITION_H

#include <assert.h>

#include "parsers/exposition/exposition.h"

static void exposition_check_labels(const struct exposition *x)
{
	struct labels first = { 0 }, second = { 0 };
	struct arena arena = { 0 };
	struct buf text;
	const char *why;
	buf_init(&text, 8 << 20);
	if (exposition_item_labels(x, &first, &arena, &why)) {
		for (size_t i = 1; i < first.count; i++)
			assert(str_cmp(first.at[i - 1].name, first.at[i].name) < 0);
		assert(labels_get(&first, LABELS_METRIC_NAME).n > 0);
		labels_print(&first, &text);
		assert(!text.is_full);
		assert(exposition_labels(buf_view(&text), &second, &arena, &why));
		assert(labels_eq(&first, &second) && labels_hash(&first) == labels_hash(&second));
	}
	labels_fini(&first);
	labels_fini(&second);
	arena_fini(&arena);
	buf_fini(&text);
}

static int exposition_check(enum exposition_format format, struct str body)
{
	struct exposition x;
	enum exposition_item item;
	size_t items = 0;
	exposition_init(&x, format, body);
	x.keeps_classic = body.n & 1;
	while ((item = exposition_next(&x)) > EXPOSITION_END) {
		items++;
		/* Prometheus' own form of a bucket without anything in it is the most that few bytes can become. */
		assert(items <= 4 * body.n + 4);
		assert(x.family.type < METRIC_TYPES);
		if (item == EXPOSITION_FAMILY)
			continue;
		assert(x.series.n > 0 && x.series.n <= EXPOSITION_SERIES_MAX);
		if (!x.is_made)
			assert(x.series.p >= body.p && x.series.p + x.series.n <= body.p + body.n);
		assert(item != EXPOSITION_HISTOGRAM || x.histogram.n > 0);
		exposition_check_labels(&x);
	}
	assert((item == EXPOSITION_BAD) == (x.error[0] != 0));
	assert(exposition_next(&x) == item);
	exposition_fini(&x);
	return 0;
}

#endif
