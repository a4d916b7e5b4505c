/* A label that both the sample and the target have: with honor_labels the sample's stays (an empty one even takes the target's away),
 * else the sample's is renamed to exported_…, as often as it takes to be alone. Shorter names are renamed first, so that the outcome does
 * not depend on the order in which labels are looked at. */
#include "agent/scrape/sample_labels.h"

#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/utf8.h"
#include "parsers/exposition/exposition.h"

enum { CONFLICTS_MAX = 64, ARENA_KEPT_BYTES = 1 << 16 };

static void honor(struct sample_labels *l, const struct labels *target)
{
	for (size_t i = 0; i < target->count; i++)
		if (!labels_has(&l->exposed, target->at[i].name))
			labels_set(&l->all, target->at[i].name, target->at[i].value);
}

static struct str exported(struct arena *arena, struct str name)
{
	static const struct str prefix = STR("exported_");
	char *p = arena_alloc(arena, prefix.n + name.n);
	memcpy(p, prefix.p, prefix.n);
	memcpy(p + prefix.n, name.p, name.n);
	return (struct str){ p, prefix.n + name.n };
}

static void rename_conflict(struct sample_labels *l, const struct label *conflict)
{
	struct str name = exported(&l->arena, conflict->name);
	while (labels_get(&l->all, name).n)
		name = exported(&l->arena, name);
	labels_set(&l->all, name, conflict->value);
}

static void override(struct sample_labels *l, const struct labels *target)
{
	struct label conflicts[CONFLICTS_MAX];
	size_t n = 0;
	for (size_t i = 0; i < target->count; i++) {
		struct str old = labels_get(&l->exposed, target->at[i].name);
		if (old.n && n < CONFLICTS_MAX) {
			size_t at = n++;
			for (; at && conflicts[at - 1].name.n > target->at[i].name.n; at--)
				conflicts[at] = conflicts[at - 1];
			conflicts[at] = (struct label){ target->at[i].name, old };
		}
		labels_set(&l->all, target->at[i].name, target->at[i].value);
	}
	for (size_t i = 0; i < n; i++)
		rename_conflict(l, &conflicts[i]);
}

static bool is_text(struct str s)
{
	return utf8_valid(s) == s.n;
}

static enum sample_verdict check(const struct labels *all, char err[256])
{
	bool has_name = labels_get(all, STR("__name__")).n > 0;
	if (!has_name) {
		snprintf(err, 256, "metric name label mandatory: a sample has no name after metric_relabel_configs");
		return SAMPLE_INVALID;
	}
	for (size_t i = 0; i < all->count; i++) {
		if (is_text(all->at[i].name) && is_text(all->at[i].value))
			continue;
		snprintf(err, 256, "invalid metric name or label names: a label of " STR_FMT " is not UTF-8",
			 STR_ARG(str_take(labels_get(all, STR("__name__")), is_text(labels_get(all, STR("__name__"))) ? 100 : 0)));
		return SAMPLE_INVALID;
	}
	return SAMPLE_KEPT;
}

static enum sample_verdict check_limits(const struct labels *all, const struct ingest_rules *rules, char err[256])
{
	struct str name = str_take(labels_get(all, STR("__name__")), 50);
	if (rules->label_limit && all->count > rules->label_limit) {
		snprintf(err, 256, "label_limit exceeded (metric: " STR_FMT ", number of labels: %zu, limit: %llu)", STR_ARG(name), all->count,
			 (unsigned long long)rules->label_limit);
		return SAMPLE_OVER_LABEL_LIMIT;
	}
	for (size_t i = 0; i < all->count; i++) {
		const struct label *l = &all->at[i];
		struct str label = str_take(l->name, 50);
		if (rules->label_name_length_limit && l->name.n > rules->label_name_length_limit) {
			snprintf(err, 256, "label_name_length_limit exceeded (metric: " STR_FMT ", label name: " STR_FMT ", length: %zu, limit: %llu)",
				 STR_ARG(name), STR_ARG(label), l->name.n, (unsigned long long)rules->label_name_length_limit);
			return SAMPLE_OVER_LABEL_LIMIT;
		}
		if (rules->label_value_length_limit && l->value.n > rules->label_value_length_limit) {
			snprintf(err, 256,
				 "label_value_length_limit exceeded (metric: " STR_FMT ", label name: " STR_FMT ", value: \"" STR_FMT
				 "\", length: %zu, limit: %llu)",
				 STR_ARG(name), STR_ARG(label), STR_ARG(str_take(l->value, 50)), l->value.n, (unsigned long long)rules->label_value_length_limit);
			return SAMPLE_OVER_LABEL_LIMIT;
		}
	}
	return SAMPLE_KEPT;
}

enum sample_verdict sample_labels_make(struct sample_labels *l, const struct ingest_rules *rules, struct str series, enum metric_type type, char err[256])
{
	const char *why = "";
	labels_reset(&l->exposed);
	labels_reset(&l->all);
	if (l->arena.used_bytes > ARENA_KEPT_BYTES)
		arena_fini(&l->arena);
	if (!exposition_labels(series, &l->exposed, &l->arena, &why)) {
		snprintf(err, 256, "%s: " STR_FMT, why, STR_ARG(str_take(series, utf8_floor(series, series.n < 100 ? series.n : 100))));
		return SAMPLE_INVALID;
	}
	exposition_number_labels(type, &l->exposed, &l->arena);
	for (size_t i = 0; i < l->exposed.count; i++)
		labels_set(&l->all, l->exposed.at[i].name, l->exposed.at[i].value);
	if (rules->honor_labels)
		honor(l, rules->target);
	else
		override(l, rules->target);
	if (rules->metric_relabel && !relabel_apply(rules->metric_relabel, &l->all, &l->arena))
		return SAMPLE_DROPPED;
	if (l->all.count == 0)
		return SAMPLE_DROPPED;
	enum sample_verdict verdict = check(&l->all, err);
	return verdict == SAMPLE_KEPT ? check_limits(&l->all, rules, err) : verdict;
}

void sample_labels_add_external(struct sample_labels *l, const struct ingest_rules *rules)
{
	for (size_t i = 0; rules->external && i < rules->external->count; i++)
		if (!labels_has(&l->all, rules->external->at[i].name))
			labels_set(&l->all, rules->external->at[i].name, rules->external->at[i].value);
}

void sample_labels_fini(struct sample_labels *l)
{
	labels_fini(&l->exposed);
	labels_fini(&l->all);
	arena_fini(&l->arena);
}
