/* pipeline_stages: the tree of the file as parsers/stages wants it, and what that library finds wrong, said with our places. The stage
 * that says how lines are wrapped, cri or docker, is taken out when it stands first: the reader unwraps lines before any stage runs. */
#include "parsers/stages/stages.h"

#include <stdlib.h>

#include "config/checks/check.h"
#include "config/collections.h"
#include "config/nearest.h"
#include "config/zoneinfo.h"

struct task_row { const struct node *from; struct stage_node *to; };
struct work { struct task_row *at; size_t count, room; };

static void later(struct work *w, const struct node *from, struct stage_node *to)
{
	if (w->count == w->room) {
		w->room = w->room ? w->room * 2 : 64;
		w->at = realloc(w->at, w->room * sizeof *w->at);
		if (!w->at)
			abort();
	}
	w->at[w->count++] = (struct task_row){ from, to };
}

/* `skip`: the first element is left out. */
static void convert_one(struct arena *arena, struct work *w, const struct node *from, struct stage_node *to, bool skip)
{
	static const enum stage_node_kind kinds[] = { [NODE_NULL] = STAGE_NULL, [NODE_SCALAR] = STAGE_SCALAR, [NODE_LIST] = STAGE_LIST,
		[NODE_MAP] = STAGE_MAP };
	const struct node_entry *first = skip ? from->first->next : from->first;
	size_t count = from->count - skip, i = 0;
	*to = (struct stage_node){ .kind = kinds[from->kind], .is_quoted = from->kind == NODE_SCALAR && !from->is_plain, .line = from->line,
				   .column = from->column };
	if (from->kind == NODE_SCALAR)
		to->text = arena_copy(arena, from->text);
	if (count == 0 || (from->kind != NODE_LIST && from->kind != NODE_MAP))
		return;
	struct stage_node *items = arena_alloc(arena, count * sizeof *items);
	struct str *keys = from->kind == NODE_MAP ? arena_alloc(arena, count * sizeof *keys) : NULL;
	for (const struct node_entry *e = first; e; e = e->next, i++) {
		if (keys)
			keys[i] = arena_copy(arena, e->key);
		later(w, e->value, &items[i]);
	}
	to->items = items;
	to->keys = keys;
	to->count = count;
}

/* Aliases are written out, as often as the tree's weight has been found bearable. */
static const struct stage_node *convert(struct arena *arena, const struct node *from, bool skip)
{
	struct stage_node *root = arena_alloc(arena, sizeof *root);
	struct work w = { 0 };
	convert_one(arena, &w, from, root, skip);
	while (w.count) {
		struct task_row row = w.at[--w.count];
		convert_one(arena, &w, row.from, row.to, false);
	}
	free(w.at);
	return root;
}

/* ---- stack traces ---- */

void stages_join(struct arena *arena, const struct config_stages *stages, struct config_stages *out)
{
	/* A second is long for lines that are written in one go, and short for whoever waits for a line. */
	static const struct str keys[] = { STR("stack_traces"), STR("max_wait_time"), STR("max_lines") }, name = STR("multiline");
	static const struct stage_node values[] = { { .kind = STAGE_SCALAR, .text = STR("true") }, { .kind = STAGE_SCALAR, .text = STR("1s") },
						    { .kind = STAGE_SCALAR, .text = STR("1000") } };
	static const struct stage_node settings = { .kind = STAGE_MAP, .keys = keys, .items = values, .count = COUNT_OF(keys) };
	const size_t count = stages->list ? stages->list->count : 0;
	struct stage_node *list = arena_alloc(arena, sizeof *list), *items = arena_alloc(arena, (count + 1) * sizeof *items);
	items[0] = (struct stage_node){ .kind = STAGE_MAP, .keys = &name, .items = &settings, .count = 1 };
	if (count)
		memcpy(items + 1, stages->list->items, count * sizeof *items);
	*list = (struct stage_node){ .kind = STAGE_LIST, .items = items, .count = count + 1 };
	*out = (struct config_stages){ .format = stages->format, .list = list, .has_joining = true };
}

const struct config_stages *config_scrape_stages(const struct config_scrape *job)
{
	return job->stack_traces ? &job->joining : &job->stages;
}

struct complaint { struct loader *r; const struct place *at; };

static void on_problem(void *ctx, const struct stage_problem *p, const char *const *known)
{
	struct complaint *c = ctx;
	struct nearest nearest = { 0 };
	struct node at_node = { .line = p->line, .column = p->column };
	struct place at = { .section = c->at->section, .key = c->at->key, .line = p->line, .column = p->column, .node = &at_node };
	for (size_t i = 0; known && known[i]; i++)
		nearest_offer(&nearest, p->key, str_of(known[i]));
	struct str word = nearest_word(&nearest, p->key);
	if (word.n) {
		loader_key_error(c->r, &at, "%s; did you mean " STR_FMT "?", p->text, STR_ARG(word));
		problems_suggest(c->r->problems, word);
		return;
	}
	loader_key_error(c->r, &at, "%s", p->text);
}

static enum log_format framing_of(const struct node *list)
{
	const struct node *first = list->first ? list->first->value : NULL;
	if (!first || first->kind != NODE_MAP || first->count != 1)
		return FORMAT_AUTO;
	struct str name = first->first->key;
	return str_eq(name, STR("cri")) ? FORMAT_CRI : str_eq(name, STR("docker")) ? FORMAT_DOCKER : FORMAT_AUTO;
}

/* Each line meets a stage that always says a tenant, or none of them asks for one. */
static bool needs_default_tenant(const struct stage_node *list, const struct stages *p)
{
	bool is_always = false;
	for (size_t i = 0; i < list->count; i++) {
		const struct stage_node *item = &list->items[i];
		bool is_tenant = item->kind == STAGE_MAP && item->count == 1 && str_eq(item->keys[0], STR("tenant"));
		for (size_t k = 0; is_tenant && item->items[0].kind == STAGE_MAP && k < item->items[0].count; k++)
			is_always |= str_ieq(item->items[0].keys[k], STR("value"));
	}
	return !is_always && stages_has(p, STR("tenant"));
}

void collection_stages(struct loader *r, const struct place *at, char *field)
{
	struct config_stages *out = (struct config_stages *)(void *)field;
	struct complaint c = { r, at };
	if (at->node->kind == NODE_NULL)
		return;
	if (at->node->kind != NODE_LIST) {
		loader_expected(r, at, "a list of stages such as - cri: {}");
		return;
	}
	out->format = framing_of(at->node);
	bool has_framing = out->format != FORMAT_AUTO;
	if (at->node->count == has_framing)
		return;
	const struct stage_node *list = convert(&r->config->arena, at->node, has_framing);
	struct config_stages joining; /* so that there is room for one more */
	stages_join(&r->config->arena, &(struct config_stages){ .list = list }, &joining);
	struct stages *p = zoneinfo_compile(joining.list, on_problem, &c);
	if (p) {
		out->list = list;
		out->needs_default_tenant = needs_default_tenant(list, p);
	}
	stages_free(p);
}

/* ---- back to text ---- */

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!(ascii_is_letter(c) || ascii_is_digit(c) || c == '_' || c == '.' || c == '+'))
			return false;
	}
	return s.n > 0;
}

static void print_scalar(struct buf *out, struct str text, bool is_quoted)
{
	if (!is_quoted && is_plain(text)) {
		buf_str(out, text);
		return;
	}
	buf_char(out, '"');
	buf_json(out, text);
	buf_char(out, '"');
}

void stages_print(const struct config_stages *stages, struct buf *out)
{
	struct { const struct stage_node *node; size_t next; } stack[TREE_MOST_DEPTH + 1];
	size_t depth = 0;
	buf_char(out, '[');
	if (stages->format == FORMAT_CRI || stages->format == FORMAT_DOCKER)
		buf_str(out, stages->format == FORMAT_CRI ? STR("{cri: {}}") : STR("{docker: {}}"));
	if (stages->list && stages->list->count && out->p && out->p[out->n - 1] == '}')
		buf_str(out, STR(", "));
	if (stages->list)
		stack[depth++].node = stages->list, stack[0].next = 0;
	while (depth) {
		const struct stage_node *n = stack[depth - 1].node;
		size_t i = stack[depth - 1].next++;
		if (i == n->count) {
			if (--depth)
				buf_char(out, n->kind == STAGE_MAP ? '}' : ']');
			continue;
		}
		if (i)
			buf_str(out, STR(", "));
		if (n->kind == STAGE_MAP) {
			print_scalar(out, n->keys[i], false);
			buf_str(out, STR(": "));
		}
		const struct stage_node *item = &n->items[i];
		if (item->kind == STAGE_SCALAR)
			print_scalar(out, item->text, item->is_quoted);
		else if (item->kind == STAGE_NULL)
			buf_str(out, STR("null"));
		else if (depth <= TREE_MOST_DEPTH) {
			buf_char(out, item->kind == STAGE_MAP ? '{' : '[');
			stack[depth].node = item;
			stack[depth++].next = 0;
		}
	}
	buf_str(out, STR("]\n"));
}
