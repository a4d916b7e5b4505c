/* What `metrics` stages count. Several pipelines may have a metric of the same name, and a family must stand in one piece: so each family
 * is written into a text of its own, and these follow each other in the order in which their names were met. A series that stands there
 * already is left out, and so is what would make the page too large. */
#include <stdlib.h>

#include "agent/exposition/exposition_rows.h"
#include "parsers/bytes/arena.h"
#include "parsers/bytes/hash.h"
#include "parsers/bytes/map.h"
#include "parsers/stages/stages.h"

enum { TEXTS_MAX_BYTES = 4 << 20, LABELS_MOST = 64 };

struct family {
	struct family *next;
	struct buf text;
	struct families families;
};
struct page {
	struct families *out;
	struct arena arena;
	struct map by_name, series;
	struct family *first, *last;
	size_t bytes;
	uint64_t left_out;
};

static enum metric_type type_of(const char *type)
{
	static const enum metric_type types[] = { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (strcmp(type, metric_type_names[types[i]]) == 0)
			return types[i];
	return METRIC_UNKNOWN;
}

static struct family *family_of(struct page *p, const struct stages_metric *m)
{
	struct family *f = map_get(&p->by_name, m->family);
	if (f)
		return f;
	f = calloc(1, sizeof *f);
	if (!f)
		abort();
	struct str name = arena_copy(&p->arena, m->family);
	buf_init(&f->text, TEXTS_MAX_BYTES);
	families_init(&f->families, &f->text, p->out->is_openmetrics);
	f->families.exemplar_label = p->out->exemplar_label;
	families_begin(&f->families, name.p, type_of(m->type), m->help.n ? arena_copy(&p->arena, m->help).p : "A metric out of logs");
	map_put(&p->by_name, name, f);
	if (p->last)
		p->last->next = f;
	else
		p->first = f;
	p->last = f;
	return f;
}

static bool is_known(struct page *p, const struct stages_metric *m)
{
	uint64_t hash = labels_hash(&m->labels) ^ hash_u64(hash_bytes(m->family) + hash_bytes(m->suffix));
	struct str key = { (const char *)&hash, sizeof hash };
	if (map_get(&p->series, key))
		return true;
	map_put(&p->series, arena_copy(&p->arena, key), p);
	return false;
}

/* Letters, digits and '_' are what a label's name has in these formats. */
static const char *name_of(struct page *p, struct str name)
{
	char *z = arena_alloc(&p->arena, name.n + 1);
	memcpy(z, name.p, name.n);
	for (size_t i = 0; i < name.n; i++)
		if (!labels_name_is_legacy((struct str){ z + i, 1 }, false) && (i == 0 || !ascii_is_digit(z[i])))
			z[i] = '_';
	return z;
}

/* OpenMetrics wants le as a number with a point. */
static struct str value_of(struct page *p, const struct stages_metric *m, const struct label *l)
{
	bool is_whole = p->out->is_openmetrics && str_eq(m->suffix, STR("_bucket")) && str_eq(l->name, STR("le"));
	for (size_t i = 0; i < l->value.n && is_whole; i++)
		is_whole = l->value.p[i] == '-' || ascii_is_digit(l->value.p[i]);
	if (!is_whole)
		return l->value;
	char *z = arena_alloc(&p->arena, l->value.n + 2);
	memcpy(z, l->value.p, l->value.n);
	memcpy(z + l->value.n, ".0", 2);
	return (struct str){ z, l->value.n + 2 };
}

static void add(void *ctx, const struct stages_metric *m)
{
	struct page *p = ctx;
	struct metric_label labels[LABELS_MOST];
	size_t count = m->labels.count < LABELS_MOST ? m->labels.count : LABELS_MOST;
	if (families_has(p->out, m->family) || is_known(p, m) || p->bytes > TEXTS_MAX_BYTES) {
		p->left_out++;
		return;
	}
	struct family *f = family_of(p, m);
	size_t before = f->text.n;
	for (size_t i = 0; i < count; i++)
		labels[i] = (struct metric_label){ name_of(p, m->labels.at[i].name), value_of(p, m, &m->labels.at[i]) };
	struct metric_exemplar exemplar = { 0 };
	if (m->exemplar)
		exemplar = (struct metric_exemplar){ m->exemplar->trace_id, m->exemplar->span_id, m->exemplar->value, m->exemplar->timestamp_ns };
	families_traced(&f->families, arena_copy(&p->arena, m->suffix).p, labels, count, m->value, &exemplar);
	p->bytes += f->text.n - before;
}

void exposition_stages(struct families *out, const struct status *status)
{
	struct page page = { .out = out };
	if (status->each_log_metric)
		status->each_log_metric(status->ctx, add, &page);
	for (struct family *f = page.first, *next; f; f = next) {
		next = f->next;
		buf_str(out->out, buf_view(&f->text));
		families_fini(&f->families);
		buf_fini(&f->text);
		free(f);
	}
	families_gauge(out, "spoor_pipeline_samples_left_out", "Samples of metrics stages that are not shown: too many, or their series stands twice.",
		(double)page.left_out);
	families_counter(out, "spoor_pipeline_regex_given_up_total", "Matches in stages that would have taken too long and counted as none.",
		(double)status->regexes_given_up);
	map_fini(&page.by_name);
	map_fini(&page.series);
	arena_fini(&page.arena);
}
