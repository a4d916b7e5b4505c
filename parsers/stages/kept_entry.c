/* One arena for all bytes of an entry, emptied when the next one is kept: after a while nothing is allocated any more. */
#include "parsers/stages/kept_entry.h"

static void keep_labels(struct kept_entry *k, struct labels *to, const struct labels *from)
{
	labels_copy(to, from);
	for (size_t i = 0; i < to->count; i++) {
		to->at[i].name = arena_copy(&k->bytes, from->at[i].name);
		to->at[i].value = arena_copy(&k->bytes, from->at[i].value);
	}
}

static void keep_extracted(struct kept_entry *k, const struct entry *e)
{
	size_t used = 0;
	k->extracted_count = 0;
	k->extracted = e->extracted_count ? arena_alloc(&k->bytes, e->extracted_count * sizeof *k->extracted) : NULL;
	for (size_t i = 0; i < e->extracted_count; i++) {
		struct extracted x = e->extracted[i];
		if (x.kind != VALUE_STRING)
			x.text = (struct str){ 0 };
		if (x.name.n + x.text.n > KEPT_ENTRY_MAX - used)
			continue;
		used += x.name.n + x.text.n;
		x.name = arena_copy(&k->bytes, x.name);
		x.text = arena_copy(&k->bytes, x.text);
		k->extracted[k->extracted_count++] = x;
	}
}

void kept_entry_set(struct kept_entry *k, const struct entry *e)
{
	arena_reset(&k->bytes);
	keep_labels(k, &k->labels, &e->labels);
	keep_labels(k, &k->metadata, &e->metadata);
	keep_extracted(k, e);
	k->tenant = arena_copy(&k->bytes, e->tenant);
	k->timestamp_ns = e->timestamp_ns;
	k->has_changed_labels = e->has_changed_labels;
	k->is_repeat = e->is_repeat;
	k->first = e->first;
	k->last = e->last;
	k->origin = e->origin;
}

void kept_entry_join(struct kept_entry *k, const struct entry *e)
{
	k->lines += 1 + e->joined;
	if (e->first.order < k->first.order) /* what an earlier stage held comes late */
		k->first = e->first;
	k->last = e->last > k->last ? e->last : k->last;
	if (k->origin.level == LEVEL_UNKNOWN)
		k->origin.level = e->origin.level;
	if (k->origin.trace_result != TRACE_VALID && e->origin.trace_result != TRACE_NONE) {
		k->origin.trace_result = e->origin.trace_result;
		k->origin.trace = e->origin.trace;
	}
}

void kept_entry_fini(struct kept_entry *k)
{
	arena_fini(&k->bytes);
	labels_fini(&k->labels);
	labels_fini(&k->metadata);
	*k = (struct kept_entry){ 0 };
}

static void let_out(struct kept_entry *k, struct str line, bool with_metadata, const char *reason, struct stage_turn *turn)
{
	struct arena arena = { 0 };
	struct entry e = { .line = line, .timestamp_ns = k->timestamp_ns, .tenant = k->tenant, .arena = &arena,
		.has_changed_labels = k->has_changed_labels, .extracted_count = k->extracted_count,
		.extracted_room = k->extracted_count, .is_repeat = k->is_repeat, .first = k->first, .last = k->last,
		.joined = k->lines ? k->lines - 1 : 0, .origin = k->origin };
	k->lines = 0;
	labels_copy(&e.labels, &k->labels);
	if (with_metadata)
		labels_copy(&e.metadata, &k->metadata);
	if (k->extracted_count) {
		e.extracted = arena_alloc(&arena, k->extracted_count * sizeof *e.extracted);
		memcpy(e.extracted, k->extracted, k->extracted_count * sizeof *e.extracted);
	}
	if (reason)
		stage_forward_dropped(turn, &e, reason);
	else
		stage_forward(turn, &e);
	labels_fini(&e.labels);
	labels_fini(&e.metadata);
	arena_fini(&arena);
}

void kept_entry_forward(struct kept_entry *k, struct str line, bool with_metadata, struct stage_turn *turn)
{
	let_out(k, line, with_metadata, NULL, turn);
}

void kept_entry_drop(struct kept_entry *k, const char *reason, struct stage_turn *turn)
{
	let_out(k, (struct str){ 0 }, false, reason, turn);
}

void kept_entry_move_back(const struct kept_entry *k, struct entry *e)
{
	if (k->first.order < e->first.order && e->first.order <= k->last)
		e->first = k->first;
}

bool kept_entry_has_labels(const struct kept_entry *k, const struct entry *e)
{
	return labels_eq(&k->labels, &e->labels) && str_eq(k->tenant, e->tenant);
}
