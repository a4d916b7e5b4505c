/* Promtail expands variables everywhere when it is told to; here they are not expanded, so "url: ${LOKI_URL}" is no address. Leaving such a
 * key out would throw away what the file is about. Which value would do depends on the key, so a few are tried in turn. */
#include "config/convert/convert_parts.h"
#include "config/tree_walk.h"

static const char *const values[] = { "http://variable/api/v1/push", "1s", "1", "1KiB", "true", "/variable", "variable" };

static bool names_variable(struct str s)
{
	return str_has(s, STR("${"));
}

/* Every value of the key that reads `from` reads `to`. */
static void put(const struct node *root, struct str key, struct str from, struct str to)
{
	struct tree_walk walk;
	const struct node_entry *e;
	for (tree_walk_start(&walk, root); (e = tree_walk_next(&walk)); )
		if (e->value->kind == NODE_SCALAR && str_eq(e->key, key) && str_eq(e->value->text, from))
			e->value->text = to;
}

static struct variable *find(struct convert_work *w, const struct node_entry *e)
{
	for (size_t i = 0; i < w->variable_count; i++)
		if (str_eq(w->variables[i].key, e->key) && str_eq(w->variables[i].stand_in, e->value->text))
			return &w->variables[i];
	return NULL;
}

static struct variable *add(struct convert_work *w, const struct node_entry *e)
{
	w->variables = arena_room(w->arena, w->variables, w->variable_count, sizeof *w->variables);
	struct variable *v = &w->variables[w->variable_count++];
	*v = (struct variable){ .key = e->key, .text = e->value->text, .stand_in = e->value->text };
	return v;
}

bool convert_stand_in(struct convert_work *w, const struct node_entry *e, bool *is_new)
{
	*is_new = false;
	if (e->value->kind != NODE_SCALAR || !e->key.n)
		return false;
	struct variable *v = find(w, e);
	if (!v && names_variable(e->value->text)) {
		v = add(w, e);
		*is_new = true;
	}
	if (!v || v->tried == COUNT_OF(values))
		return false;
	struct str to = str_of(values[v->tried++]);
	put(w->root, v->key, v->stand_in, to);
	v->stand_in = to;
	return true;
}

void convert_stand_in_all(const struct convert_work *w, const struct node *root)
{
	for (size_t i = 0; i < w->variable_count; i++)
		put(root, w->variables[i].key, w->variables[i].text, w->variables[i].stand_in);
}
