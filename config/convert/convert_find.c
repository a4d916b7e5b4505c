/* From a problem's line and column to what is to be left out. Mostly that is the key that is complained of. Where leaving out a key would
 * turn a rule into another rule, it is the whole rule: of relabelling, of discovery, and a stage. */
#include "config/convert/convert_parts.h"
#include "config/tree_walk.h"

struct step { /* an open node on the way down */
	const struct node *node;
	const struct node_entry *unit; /* the rule that everything below belongs to; NULL: none */
	const struct node *unit_parent;
	size_t block_from, unit_block_from;
	bool is_rules;                 /* its elements are rules */
};
struct wanted {
	size_t at;
	struct str key;  /* as the problem names it: "logs.clients[0].url" */
	bool by_rule;
};
enum rank { RANK_NONE, RANK_INSIDE, RANK_NAMED, RANK_RULE };
struct found {
	const struct node_entry *entry;
	const struct node *parent;
	size_t block_from;
	enum rank rank;
	size_t size;
};

static bool holds_rules(struct str key)
{
	return str_eq(key, STR("pipeline_stages")) || str_eq(key, STR("stages")) || str_ends(key, STR("relabel_configs")) ||
	       str_ends(key, STR("_sd_configs"));
}

/* What the entry is to the problem: the key that it names is at the place of its value, which is that of the first key inside. */
static enum rank rank_of(const struct step *s, const struct node_entry *e, const struct wanted *w, bool has_unit)
{
	if (e->from > w->at || w->at > e->to)
		return RANK_NONE;
	if (w->by_rule && has_unit)
		return RANK_RULE;
	bool is_item = s->node->kind == NODE_LIST;
	bool is_named = str_ends(w->key, STR("]")) ? is_item : !is_item && e->key.n && str_ends(w->key, e->key);
	return is_named ? RANK_NAMED : RANK_INSIDE;
}

static void visit(struct step *s, const struct node_entry *e, const struct wanted *w, struct found *found, struct step *below)
{
	bool is_own_line = !s->node->is_flow || s->block_from == SIZE_MAX; /* also of a file that is all in braces */
	size_t block_from = is_own_line ? e->from : s->block_from;
	bool is_rule = s->is_rules && s->node->kind == NODE_LIST;
	*below = (struct step){ .node = e->value, .unit = is_rule ? e : s->unit,
				.unit_parent = is_rule ? s->node : s->unit_parent, .block_from = block_from,
				.unit_block_from = is_rule ? block_from : s->unit_block_from, .is_rules = holds_rules(e->key) };
	enum rank rank = rank_of(s, e, w, below->unit != NULL);
	size_t size = e->to - e->from;
	if (rank == RANK_NONE || rank < found->rank || (rank == found->rank && size >= found->size))
		return;
	if (rank == RANK_RULE)
		*found = (struct found){ below->unit, below->unit_parent, below->unit_block_from, rank, size };
	else
		*found = (struct found){ e, s->node, block_from, rank, size };
}

static struct found find(const struct node *root, const struct wanted *w)
{
	struct step steps[TREE_WALK_DEPTH + 1] = { { .node = root, .block_from = SIZE_MAX } };
	struct found found = { 0 };
	struct tree_walk walk;
	const struct node_entry *e;
	for (tree_walk_start(&walk, root); (e = tree_walk_next(&walk)); )
		visit(&steps[walk.depth - 1], e, w, &found, &steps[walk.depth]);
	return found;
}

/* Takes every entry out that stands at this place of the text: merge keys have made copies of it. An element of a list may begin where its
 * first key does. */
static void unlink_entry(struct node *node, size_t from, enum node_kind parent)
{
	struct node_entry **link = &node->first;
	if (node->kind != parent)
		return;
	node->last = NULL;
	while (*link) {
		if ((*link)->from == from) {
			*link = (*link)->next;
			node->count--;
			continue;
		}
		node->last = *link;
		link = &(*link)->next;
	}
}

static void unlink_all(struct node *root, size_t from, enum node_kind parent)
{
	struct tree_walk walk;
	const struct node_entry *e;
	unlink_entry(root, from, parent);
	for (tree_walk_start(&walk, root); (e = tree_walk_next(&walk)); )
		unlink_entry(e->value, from, parent);
}

static struct cut *add_cut(struct convert_work *w)
{
	w->cuts = arena_room(w->arena, w->cuts, w->cut_count, sizeof *w->cuts);
	w->cuts[w->cut_count] = (struct cut){ 0 };
	return &w->cuts[w->cut_count++];
}

/* Merge keys and aliases make one text a problem in several places. */
static bool is_out(const struct convert_work *w, const struct wanted *wanted)
{
	for (size_t i = 0; i < w->cut_count; i++) {
		const struct cut *cut = &w->cuts[i];
		if (!cut->stays && cut->from <= wanted->at && wanted->at <= cut->to && (!cut->key.n || str_ends(wanted->key, cut->key)))
			return true;
	}
	return false;
}

static void note_cut(struct convert_work *w, const struct found *found, const struct config_problem *problem, bool is_lost, bool stays)
{
	static const struct str advice = STR("variables are not expanded here: put the value in its place");
	*add_cut(w) = (struct cut){ .from = found->entry->from, .to = found->entry->to, .block_from = found->block_from,
				    .is_flow = found->parent->is_flow, .parent = found->parent, .key = found->entry->key, .is_lost = is_lost,
				    .stays = stays, .message = arena_copy(w->arena, stays ? advice : problem->message) };
}

enum convert_step convert_leave_out(struct convert_work *w, const struct config_problem *problem)
{
	const struct wanted wanted = { convert_index(w, problem->line, problem->column), problem->key, problem->cause != PROBLEM_NO_EFFECT };
	struct found found = { 0 };
	bool is_new;
	if (!is_out(w, &wanted))
		found = find(w->root, &wanted);
	if (!found.entry)
		return CONVERT_NOTHING;
	if (wanted.by_rule && found.rank != RANK_RULE && convert_stand_in(w, found.entry, &is_new)) {
		if (is_new)
			note_cut(w, &found, problem, true, true);
		return is_new ? CONVERT_STAYS : CONVERT_AGAIN;
	}
	note_cut(w, &found, problem, wanted.by_rule, false);
	unlink_all((struct node *)(uintptr_t)w->root, found.entry->from, found.parent->kind);
	return CONVERT_OUT;
}
