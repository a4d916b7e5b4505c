/* The YAML is read by the reader of the configuration, which bounds depth and aliases; keys are up to what was in the file system then, so
 * nothing is taken for granted about them. Keys longer than 128 bytes stand there as "? key" and ": value" in lines of their own. */
#include "config/promtail_positions.h"

#include <stdio.h>

#include "config/tree.h"
#include "parsers/bytes/num.h"

static const char *const cursor_prefixes[] = { "cursor-", "journal-" };

static bool is_cursor(struct str key)
{
	for (size_t i = 0; i < COUNT_OF(cursor_prefixes); i++)
		if (str_starts(key, str_of(cursor_prefixes[i])))
			return true;
	return false;
}

static void add(struct promtail_positions *p, struct promtail_position ***last, const struct node_entry *e)
{
	struct promtail_position *position = arena_alloc(&p->arena, sizeof *position);
	*position = (struct promtail_position){ .key = e->key, .value = e->value->text };
	bool is_good = e->value->kind == NODE_SCALAR && (is_cursor(e->key) || num_u64(e->value->text, &position->offset));
	if (!is_good || position->offset > INT64_MAX) {
		p->refused++;
		return;
	}
	position->is_file = !is_cursor(e->key);
	*(position->is_file ? &p->files : &p->cursors) += 1;
	map_put(&p->by_key, position->key, position);
	**last = position;
	*last = &position->next;
}

/* The mapping of positions; NULL: there is none, and err says why when that is wrong. */
static const struct node *read_rows(struct str text, struct arena *arena, char err[256])
{
	struct config_problems problems = { 0 };
	const struct node *root = tree_parse(text, arena, &problems), *rows = root ? tree_get(root, STR("positions")) : NULL;
	err[0] = '\0';
	if (problems.errors)
		snprintf(err, 256, "not Promtail's positions: line %llu: " STR_FMT, (unsigned long long)problems.at[0].line,
			 STR_ARG(str_take(problems.at[0].message, 128)));
	else if (root->kind != NODE_NULL && (!rows || (rows->kind != NODE_MAP && rows->kind != NODE_NULL)))
		snprintf(err, 256, "not Promtail's positions: there is no mapping \"positions\" in it");
	config_problems_fini(&problems);
	return rows && rows->kind == NODE_MAP && !err[0] ? rows : NULL;
}

int promtail_positions_parse(struct str text, struct promtail_positions *out, char err[256])
{
	struct promtail_position **last = &out->first;
	*out = (struct promtail_positions){ 0 };
	const struct node *rows = read_rows(text, &out->arena, err);
	if (err[0]) {
		promtail_positions_fini(out);
		return -1;
	}
	for (const struct node_entry *e = rows ? rows->first : NULL; e; e = e->next)
		add(out, &last, e);
	return 0;
}

void promtail_positions_fini(struct promtail_positions *p)
{
	map_fini(&p->by_key);
	arena_fini(&p->arena);
	*p = (struct promtail_positions){ 0 };
}

struct str promtail_positions_cursor(const struct promtail_positions *p, struct str job)
{
	for (const struct promtail_position *at = p->first; at; at = at->next)
		for (size_t i = 0; i < COUNT_OF(cursor_prefixes); i++) {
			struct str prefix = str_of(cursor_prefixes[i]);
			if (!at->is_file && str_starts(at->key, prefix) && str_eq(str_skip(at->key, prefix.n), job))
				return at->value;
		}
	return (struct str){ 0 };
}
