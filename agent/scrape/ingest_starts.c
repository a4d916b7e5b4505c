/* When counters began. Protobuf says it with each sample; OpenMetrics has lines of their own, `foo_created{…} seconds`, for all samples of
 * the family with the same labels (le and quantile aside). Those lines are no samples: they become start timestamps and go no further.
 *
 * A start is looked for only when something is new: a line with another value, or a series that was not there before. */
#include "agent/scrape/ingest_parts.h"

#include <math.h>
#include <stdlib.h>

bool ingest_is_created(const struct exposition *x, struct str name)
{
	static const struct str suffix = STR("_created");
	bool has_start = x->family.type == METRIC_COUNTER || x->family.type == METRIC_HISTOGRAM || x->family.type == METRIC_SUMMARY;
	return has_start && name.n == x->family.name.n + suffix.n && str_starts(name, x->family.name) && str_ends(name, suffix);
}

void ingest_start(struct ingest *g, struct series *s, int64_t start_ms)
{
	if (!s->extra && start_ms == 0)
		return;
	struct series_extra *extra = series_extra(&g->memory->series, s);
	if (extra->start_ms == start_ms)
		return;
	extra->start_ms = start_ms;
	extra->start_is_new = true;
}

/* Hash of the labels as the target wrote them, without what tells the samples of one histogram or summary apart. Never 0. */
static uint64_t group_of(struct ingest *g, struct series *s)
{
	struct series_extra *extra = series_extra(&g->memory->series, s);
	const char *why;
	if (extra->group)
		return extra->group;
	struct sample_labels *l = &g->labels;
	labels_reset(&l->exposed);
	if (!exposition_labels(series_text(&g->memory->series, s), &l->exposed, &l->arena, &why))
		return 1;
	labels_reset(&l->all);
	for (size_t i = 0; i < l->exposed.count; i++) {
		struct str name = l->exposed.at[i].name;
		if (!str_eq(name, STR("__name__")) && !str_eq(name, STR("le")) && !str_eq(name, STR("quantile")))
			labels_set(&l->all, name, l->exposed.at[i].value);
	}
	extra->group = labels_hash(&l->all) | 1;
	return extra->group;
}

void ingest_created(struct ingest *g, struct series *s, const struct exposition *x, bool is_new)
{
	double seconds;
	memcpy(&seconds, &x->value_bits, 8);
	if (!(seconds > 0 && seconds < 1e11))
		return;
	int64_t start_ms = (int64_t)llround(seconds * 1000);
	struct created created = { group_of(g, s), start_ms };
	struct series_extra *extra = series_extra(&g->memory->series, s);
	g->is_created_new |= is_new || extra->start_ms != start_ms;
	extra->start_ms = start_ms;
	INGEST_MORE(g->created, g->created_count, g->created_room);
	g->created[g->created_count++] = created;
}

static int by_group(const void *a, const void *b)
{
	const struct created *x = a, *y = b;
	return x->group < y->group ? -1 : x->group > y->group;
}

void ingest_close_family(struct ingest *g)
{
	bool is_due = g->created_count && g->is_created_new;
	if (is_due)
		qsort(g->created, g->created_count, sizeof *g->created, by_group);
	for (size_t i = g->family_staged; is_due && i < g->staged_count; i++) {
		struct series *s = &g->memory->series.rows[g->staged[i].row];
		struct created key = { .group = s->family == g->family ? group_of(g, s) : 0 };
		const struct created *hit = bsearch(&key, g->created, g->created_count, sizeof *g->created, by_group);
		if (hit)
			ingest_start(g, s, hit->start_ms);
	}
	g->created_count = 0;
	g->is_created_new = false;
}
