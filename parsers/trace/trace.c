/* The choice among what a line says (rules 6 to 8). Most lines name one trace, its span right beside it: then a look at the bytes
 * between the two keys is enough. Only when candidates disagree, or stand apart, the nesting of the line is computed, once.
 * Nothing is remembered from line to line: a learned format would have to be unlearned, and the search is fast without. */
#include "parsers/trace/trace.h"

#include "parsers/trace/trace_items.h"
#include "parsers/trace/trace_text.h"

enum { GAP_MAX = 1024, RANKS = 6 };

const char *const trace_source_names[TRACE_SOURCES] = { "line", "record", "request" };
const char *const trace_result_names[TRACE_RESULTS] = { "none", "valid", "zero", "malformed" };

struct search {
	struct str line;
	struct trace_items *ids;
	struct trace_items spans; /* filled when something is missing */
	bool has_spans, has_rare_spans, ids_placed, spans_placed;
};

/* An item of an object "dd" is Datadog's, whatever its key says alone. */
static void settle_datadog(struct str line, struct trace_item *it)
{
	if (!it->key || it->family != FAMILY_GENERIC || it->path || it->object != TRACE_NO_BRACE || it->place.brace == TRACE_NO_BRACE)
		return;
	bool is_span = it->key->role == ROLE_SPAN;
	if ((!is_span && it->key->role != ROLE_TRACE) || !trace_key_is(trace_container_key(line, it->place.brace), STR("dd")))
		return;
	it->family = FAMILY_DATADOG;
	it->group = GROUP_VENDOR;
	trace_value_read(str_skip(line, it->value), is_span ? READ_SPAN_DECIMAL : READ_DATADOG, &it->v);
}

static void find_places(struct str line, struct trace_items *items)
{
	struct trace_place places[TRACE_ITEMS_MAX];
	for (size_t i = 0; i < items->n; i++)
		places[i].at = items->at[i].from;
	trace_places(line, places, items->n);
	for (size_t i = 0; i < items->n; i++) {
		items->at[i].place = places[i];
		settle_datadog(line, &items->at[i]);
	}
}

static bool same_trace(const struct trace_item *a, const struct trace_item *b)
{
	return memcmp(a->v.trace, b->v.trace, sizeof a->v.trace) == 0;
}

/* The nesting that decides between candidates of one group. */
static unsigned level_of(const struct trace_item *it)
{
	return it->place.depth + it->path + (it->object != TRACE_NO_BRACE);
}

static bool is_better(const struct trace_item *a, const struct trace_item *b)
{
	return a->group != b->group ? a->group < b->group : level_of(a) < level_of(b);
}

static const struct trace_item *choose(const struct trace_items *ids)
{
	const struct trace_item *best = NULL;
	for (size_t i = 0; i < ids->n; i++)
		if (ids->at[i].v.state == VALUE_VALID && (!best || is_better(&ids->at[i], best)))
			best = &ids->at[i];
	return best;
}

/* True when the bytes between two items show that they are members of the same object or text: no brace between them, and
 * quotes in pairs. False when that cannot be told so. */
static bool is_beside(struct str line, const struct trace_item *a, const struct trace_item *b)
{
	const struct trace_item *first = a->from < b->from ? a : b, *second = first == a ? b : a;
	size_t from = first->value + first->v.n;
	if (first->path != second->path || first->is_quoted != second->is_quoted || from > second->from || second->from - from > GAP_MAX)
		return false;
	unsigned quotes = line.p[first->value - 1] == '"'; /* the one that will close the first value */
	for (size_t i = from; i < second->from; i++) {
		char c = line.p[i];
		if (c == '{' || c == '}' || c == '[' || c == ']' || c == '\\' || c == '\'')
			return false;
		quotes += c == '"';
	}
	return quotes % 2 == 0;
}

/* The other keys of a family at that place name another trace, so they are not ours. */
static bool names_another(const struct search *k, const struct trace_item *ours, const struct trace_item *it, bool any_family)
{
	for (size_t i = 0; i < k->ids->n; i++) {
		const struct trace_item *other = &k->ids->at[i];
		if (other->v.state == VALUE_VALID && other->key && !other->v.is_form && other->place.frame == it->place.frame &&
			(any_family || other->family == it->family) && !same_trace(other, ours))
			return true;
	}
	return false;
}

static bool is_of_parent(struct str line, const struct trace_item *it)
{
	if (it->place.brace == TRACE_NO_BRACE)
		return false;
	struct str key = trace_container_key(line, it->place.brace);
	return trace_key_is(key, STR("parent")) || trace_key_is(key, STR("parentspan"));
}

/* How near a span or flag is to a trace key, 0 is nearest; RANKS when it belongs to something else. */
static unsigned rank_of(const struct search *k, const struct trace_item *ours, const struct trace_item *it)
{
	bool is_transaction = it->key->role == ROLE_TRANSACTION;
	bool is_member = (ours->object != TRACE_NO_BRACE && it->place.brace == ours->object) ||
		(it->object != TRACE_NO_BRACE && ours->place.brace == it->object); /* {"trace":{"id":..,"span_id":..}} and its like */
	if (it->path != ours->path && !is_member)
		return RANKS;
	if (it->place.frame == ours->place.frame || is_member) {
		if (it->family == ours->family)
			return is_transaction ? 2 : 0;
		return names_another(k, ours, it, false) ? RANKS : is_transaction ? 2 : 1;
	}
	if (it->place.depth != ours->place.depth || names_another(k, ours, it, true) || is_of_parent(k->line, it))
		return RANKS; /* an object beside ours at the same level is ours, too, when it names no trace of its own */
	return is_transaction ? 5 : it->family == ours->family ? 3 : 4;
}

static bool has_role(const struct trace_item *it, bool is_span)
{
	return it->v.state == VALUE_VALID && it->key->role != ROLE_UPPER && (it->key->role == ROLE_FLAG) != is_span;
}

static bool has_any(const struct trace_items *spans, bool is_span)
{
	for (size_t i = 0; i < spans->n; i++)
		if (spans->has_number || has_role(&spans->at[i], is_span))
			return true;
	return false;
}

/* Items are found in two passes and read in one order. */
static void sort_items(struct trace_items *items)
{
	for (size_t i = 1; i < items->n; i++)
		for (size_t j = i; j > 0 && items->at[j].from < items->at[j - 1].from; j--) {
			struct trace_item swap = items->at[j];
			items->at[j] = items->at[j - 1];
			items->at[j - 1] = swap;
		}
}

static void collect_spans(struct search *k, bool is_rare)
{
	bool *done = is_rare ? &k->has_rare_spans : &k->has_spans;
	if (*done)
		return;
	*done = true;
	size_t before = k->spans.n;
	trace_collect_spans(k->line, &k->spans, is_rare);
	if (k->spans.n == before)
		return;
	k->spans_placed = false;
	if (before)
		sort_items(&k->spans);
}

/* Datadog's numbers are the lower half of an id; the upper half may stand elsewhere in the line. */
static void add_upper_half(struct search *k)
{
	bool has_number = false;
	for (size_t i = 0; i < k->ids->n; i++)
		has_number |= k->ids->at[i].family == FAMILY_DATADOG && k->ids->at[i].v.is_decimal;
	if (!has_number)
		return;
	collect_spans(k, true);
	const struct trace_item *upper = NULL;
	for (size_t i = 0; i < k->spans.n && !upper; i++)
		if (k->spans.at[i].key->role == ROLE_UPPER)
			upper = &k->spans.at[i];
	for (size_t i = 0; upper && i < k->ids->n; i++)
		if (k->ids->at[i].family == FAMILY_DATADOG && k->ids->at[i].v.is_decimal)
			memcpy(k->ids->at[i].v.trace, upper->v.span, sizeof upper->v.span);
}

static void compute_places(struct search *k)
{
	if (!k->ids_placed)
		find_places(k->line, k->ids);
	if (!k->spans_placed)
		find_places(k->line, &k->spans);
	k->ids_placed = k->spans_placed = true;
}

/* The first of the same family stands beside the only id: no need to look at the structure. */
static const struct trace_item *obvious_partner(const struct search *k, const struct trace_item *ours, bool is_span)
{
	if (k->ids->n != 1 || k->spans.has_number || ours->object != TRACE_NO_BRACE)
		return NULL;
	for (size_t i = 0; i < k->spans.n; i++) {
		const struct trace_item *it = &k->spans.at[i];
		if (!has_role(it, is_span))
			continue;
		bool is_fit = it->family == ours->family && it->key->role != ROLE_TRANSACTION && it->object == TRACE_NO_BRACE;
		return is_fit && is_beside(k->line, ours, it) ? it : NULL;
	}
	return NULL;
}

/* The span or flag key that belongs to a trace key, or NULL. */
static const struct trace_item *partner(struct search *k, const struct trace_item *ours, bool is_span)
{
	const struct trace_item *best = obvious_partner(k, ours, is_span);
	if (best || !has_any(&k->spans, is_span))
		return best;
	compute_places(k);
	unsigned best_rank = RANKS;
	for (size_t i = 0; i < k->spans.n; i++) {
		const struct trace_item *it = &k->spans.at[i];
		unsigned rank = has_role(it, is_span) ? rank_of(k, ours, it) : RANKS;
		if (rank < best_rank) {
			best = it;
			best_rank = rank;
		}
	}
	return best;
}

static bool is_complete(const struct trace_context *out)
{
	return out->has_span && out->sampled >= 0;
}

static void take_own(const struct trace_item *it, struct trace_context *out)
{
	if (!out->has_span && it->v.has_span) {
		memcpy(out->span_id, it->v.span, sizeof out->span_id);
		out->has_span = true;
	}
	if (out->sampled < 0)
		out->sampled = it->key && it->key->is_unsampled ? 0 : it->v.sampled;
}

/* What the keys at the level of a trace key add. The rare span keys are searched when the frequent ones give nothing. */
static void take_partners(struct search *k, const struct trace_item *ours, struct trace_context *out)
{
	if (!ours->key)
		return;
	collect_spans(k, false);
	const struct trace_item *span = out->has_span ? NULL : partner(k, ours, true);
	if (!span && !out->has_span) {
		collect_spans(k, true);
		span = partner(k, ours, true);
	}
	if (span) {
		memcpy(out->span_id, span->v.span, sizeof out->span_id);
		out->has_span = true;
	}
	const struct trace_item *flag = out->sampled >= 0 ? NULL : partner(k, ours, false);
	if (flag)
		out->sampled = flag->v.sampled;
}

static enum trace_result miss(const struct trace_items *ids)
{
	return ids->has_malformed ? TRACE_MALFORMED : ids->has_zero ? TRACE_ZERO : TRACE_NONE;
}

static enum trace_result resolve(struct search *k, struct trace_context *out)
{
	if (k->ids->has_number || k->ids->n > 1) {
		find_places(k->line, k->ids);
		k->ids_placed = true;
	}
	add_upper_half(k);
	const struct trace_item *best = choose(k->ids);
	if (!best)
		return miss(k->ids);
	memcpy(out->trace_id, best->v.trace, sizeof out->trace_id);
	out->has_span = false;
	out->sampled = -1;
	out->source = TRACE_FROM_LINE;
	take_own(best, out);
	if (!is_complete(out))
		take_partners(k, best, out);
	for (size_t i = 0; i < k->ids->n && !is_complete(out); i++) {
		const struct trace_item *other = &k->ids->at[i];
		if (other == best || other->v.state != VALUE_VALID || !same_trace(other, best))
			continue;
		take_own(other, out);
		if (!is_complete(out))
			take_partners(k, other, out);
	}
	return TRACE_VALID;
}

/* Lines without an id pay neither for the room of spans nor for touching it. */
__attribute__((noinline)) static enum trace_result resolve_in(struct str line, struct trace_items *ids, struct trace_context *out)
{
	struct search k; /* not zeroed: only what the counters cover is read */
	k.line = line;
	k.ids = ids;
	k.spans.n = k.spans.objects = 0;
	k.spans.has_number = k.spans.has_zero = k.spans.has_malformed = false;
	k.has_spans = k.has_rare_spans = k.ids_placed = k.spans_placed = false;
	return resolve(&k, out);
}

enum trace_result trace_find(struct str line, struct trace_context *out)
{
	struct trace_items ids;
	ids.n = ids.objects = 0;
	ids.has_number = ids.has_zero = ids.has_malformed = false;
	trace_collect_ids(line, &ids);
	return ids.n ? resolve_in(line, &ids, out) : miss(&ids);
}
