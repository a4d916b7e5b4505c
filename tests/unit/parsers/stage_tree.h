/* For tests of stages: a configuration, written as JSON (which YAML contains), as the tree that stages are compiled from; and what
 * comes out of a pipeline as text. */
#ifndef TESTS_STAGE_TREE_H
#define TESTS_STAGE_TREE_H

#include "parsers/json.h"
#include "parsers/stages/stages.h"

#define TREE_TIME_NS INT64_C(1700000000000000000)
enum { TREE_ITEMS_MAX = 64, TREE_DEPTH_MAX = 40 };

struct tree_level { struct stage_node *node, *items; struct str *keys; };

/* Reads one document; what does not fit is left out. Strings are quoted scalars, all else is plain. */
static inline struct stage_node tree_read(struct str text, struct arena *a)
{
	struct stage_node root = { .kind = STAGE_NULL };
	struct tree_level levels[TREE_DEPTH_MAX];
	size_t depth = 0;
	struct json j;
	json_init(&j, text);
	struct str key = { 0 };
	for (enum json_item item; (item = json_next(&j)) != JSON_BAD && item != JSON_DONE;) {
		if (item == JSON_KEY) {
			key = json_resolve(&j, a);
			continue;
		}
		if (item == JSON_OBJECT_END || item == JSON_ARRAY_END) {
			depth--;
			continue;
		}
		struct tree_level *level = depth ? &levels[depth - 1] : NULL;
		bool fits = !level || level->node->count < TREE_ITEMS_MAX;
		bool opens = item == JSON_OBJECT || item == JSON_ARRAY;
		if (!fits || (opens && depth == TREE_DEPTH_MAX)) {
			if (opens)
				json_skip(&j);
			continue;
		}
		struct stage_node *node = &root;
		if (level) {
			level->keys[level->node->count] = key;
			node = &level->items[level->node->count++];
		}
		*node = (struct stage_node){ .kind = STAGE_SCALAR, .line = 1, .column = j.at };
		if (item == JSON_STRING) {
			node->text = json_resolve(&j, a);
			node->is_quoted = true;
		} else if (item == JSON_NULL) {
			node->kind = STAGE_NULL;
		} else if (!opens) {
			node->text = item == JSON_NUMBER ? j.raw : item == JSON_TRUE ? STR("true") : STR("false");
		} else {
			node->kind = item == JSON_OBJECT ? STAGE_MAP : STAGE_LIST;
			levels[depth].items = arena_alloc(a, TREE_ITEMS_MAX * sizeof *levels->items);
			levels[depth].keys = arena_alloc(a, TREE_ITEMS_MAX * sizeof *levels->keys);
			node->items = levels[depth].items;
			node->keys = levels[depth].keys;
			levels[depth++].node = node;
		}
	}
	return root;
}

static inline void tree_print_value(const struct extracted *x, struct buf *out)
{
	buf_str(out, x->name);
	buf_char(out, '=');
	if (x->kind == VALUE_NONE)
		buf_str(out, STR("nil"));
	else if (x->kind == VALUE_BOOL)
		buf_printf(out, "?%s", x->truth ? "true" : "false");
	else if (x->kind == VALUE_NUMBER)
		buf_printf(out, "#%.17g", x->number);
	else
		buf_str(out, x->text);
}

/* "line | timestamp | {labels} | value=… | value=…" or "dropped: reason", a line each. What is as it was stays out: the timestamp
 * TREE_TIME_NS, labels that are the log's own, values that are labels. */
static inline void tree_print_entry(void *ctx, struct entry *e)
{
	struct buf *out = ctx;
	if (e->drop_reason) {
		buf_printf(out, "dropped: %s\n", e->drop_reason);
		return;
	}
	buf_str(out, e->line);
	if (e->timestamp_ns != TREE_TIME_NS)
		buf_printf(out, " | %lld", (long long)e->timestamp_ns);
	if (e->has_changed_labels) {
		buf_str(out, STR(" | "));
		labels_print(&e->labels, out);
	}
	for (size_t i = 0; i < e->extracted_count; i++) {
		const struct extracted *x = &e->extracted[i];
		if (x->kind == VALUE_STRING && labels_has(&e->labels, x->name) && str_eq(labels_get(&e->labels, x->name), x->text))
			continue;
		buf_str(out, STR(" | "));
		tree_print_value(x, out);
	}
	buf_char(out, '\n');
}

static inline void tree_first_problem(void *ctx, const struct stage_problem *problem, const char *const *known)
{
	char *text = ctx;
	(void)known;
	if (text[0] == '\0')
		memcpy(text, problem->text, sizeof problem->text);
}

#endif
