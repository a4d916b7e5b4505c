/* Two mappings that only scraping has: names to lists. Both become rows of name and value, names repeated. */
#include "config/collections.h"

enum { VALUES_MOST = 256, VALUE_MOST = 8192 };

static bool is_clean(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return s.n <= VALUE_MOST;
}

/* Adds each element of the list at `at` under `name`. */
static void add_values(struct loader *r, struct config_labels *to, const struct place *at, struct str name)
{
	if (at->node->kind == NODE_NULL)
		return;
	if (at->node->kind != NODE_LIST) {
		loader_expected(r, at, "a list of values");
		return;
	}
	size_t i = 0;
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = collection_entry(r, at, e, i++);
		bool is_good = e->value->kind == NODE_NULL || (e->value->kind == NODE_SCALAR && is_clean(e->value->text));
		if (to->count == VALUES_MOST) {
			loader_error(r, at, "expected at most %d values in all", VALUES_MOST);
			return;
		}
		if (is_good)
			collection_add(r, to, name, e->value->kind == NODE_NULL ? (struct str){ 0 } : e->value->text);
		else
			loader_error(r, &place, "expected text without line breaks and control characters, at most %d bytes", VALUE_MOST);
	}
}

static struct config_labels *make_room(struct loader *r, char *field)
{
	struct config_labels *pairs = (void *)field;
	pairs->at = arena_alloc(&r->config->arena, VALUES_MOST * sizeof *pairs->at);
	return pairs;
}

void collection_params(struct loader *r, const struct place *at, char *field)
{
	if (!collection_is_map(r, at, "a mapping of names to lists of values"))
		return;
	struct config_labels *params = make_room(r, field);
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = collection_entry(r, at, e, 0);
		add_values(r, params, &place, e->key);
	}
}

static void read_header(struct loader *r, const struct place *at, struct config_labels *headers)
{
	if (!collection_is_map(r, at, "values or secrets, with a list of values"))
		return;
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = collection_entry(r, at, e, 0);
		if (str_eq(e->key, STR("values")) || str_eq(e->key, STR("secrets")))
			add_values(r, headers, &place, at->key);
		else if (str_eq(e->key, STR("files")))
			loader_key_error(r, &place, "header values out of files are not supported: write them under secrets");
		else
			loader_key_error(r, &place, "unknown key; known here: values, secrets");
	}
}

void collection_http_headers(struct loader *r, const struct place *at, char *field)
{
	if (!collection_is_map(r, at, "a mapping of header names to values or secrets"))
		return;
	struct config_labels *headers = make_room(r, field);
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = collection_entry(r, at, e, 0);
		read_header(r, &place, headers);
	}
}
