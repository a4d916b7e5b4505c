/* Values that are mappings or lists themselves: headers, scopes, stages; labels are in collections_labels.c, what only metrics have in
 * collections_metrics.c. */
#include "config/collections.h"

enum { PAIRS_MOST = 64, STRINGS_MOST = 10000 };

/* The place of one entry inside the value at `at`. */
struct place collection_entry(struct loader *r, const struct place *at, const struct node_entry *e, size_t i)
{
	struct buf b;
	buf_init(&b, 4096);
	buf_str(&b, at->section);
	buf_str(&b, at->section.n ? STR(".") : STR(""));
	buf_str(&b, at->key);
	if (at->node->kind == NODE_LIST)
		buf_printf(&b, "[%zu]", i);
	struct place place = { .line = e->line, .column = e->column, .node = e->value, .key = e->key, .option = at->option };
	place.section = arena_copy(&r->arena, buf_view(&b));
	buf_fini(&b);
	return place;
}

void collection_add(struct loader *r, struct config_labels *to, struct str name, struct str value)
{
	to->at[to->count++] = (struct config_label){ arena_copy(&r->config->arena, name), arena_copy(&r->config->arena, value) };
}

bool collection_is_map(struct loader *r, const struct place *at, const char *what)
{
	if (at->node->kind == NODE_MAP)
		return true;
	if (at->node->kind != NODE_NULL)
		loader_expected(r, at, what);
	return false;
}

static void read_pairs(struct loader *r, const struct place *at, char *field)
{
	struct config_labels *pairs = (void *)field;
	if (!collection_is_map(r, at, "a mapping of names to values"))
		return;
	if (at->node->count > PAIRS_MOST) {
		loader_error(r, at, "expected at most %d entries, found %zu", PAIRS_MOST, at->node->count);
		return;
	}
	pairs->at = arena_alloc(&r->config->arena, at->node->count * sizeof *pairs->at + 1);
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = collection_entry(r, at, e, 0);
		struct str value = e->value->text;
		bool is_clean = e->value->kind == NODE_SCALAR || e->value->kind == NODE_NULL;
		for (size_t i = 0; is_clean && i < value.n; i++)
			is_clean = (unsigned char)value.p[i] >= 0x20 && value.p[i] != 0x7f;
		if (is_clean)
			collection_add(r, pairs, e->key, e->value->kind == NODE_NULL ? (struct str){ 0 } : value);
		else
			loader_error(r, &place, "expected text without line breaks and control characters");
	}
}

static void read_strings(struct loader *r, const struct place *at, char *field)
{
	struct config_strings *strings = (void *)field;
	static const struct option as_text = { "", OPTION_STR, 0, "", "", "", 0, 0 };
	struct buf why;
	if (at->node->kind == NODE_NULL)
		return;
	if (at->node->kind != NODE_LIST || at->node->count > STRINGS_MOST) {
		loader_expected(r, at, "a list of strings, at most 10000");
		return;
	}
	strings->at = arena_alloc(&r->config->arena, at->node->count * sizeof *strings->at + 1);
	buf_init(&why, 512);
	size_t i = 0;
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = collection_entry(r, at, e, i++);
		buf_reset(&why);
		if (e->value->kind != NODE_SCALAR)
			loader_expected(r, &place, "a string");
		else if (value_read(&as_text, e->value->text, (char *)&strings->at[strings->count], &r->config->arena, &why))
			strings->count++;
		else
			loader_error(r, &place, "%.*s", STR_ARG(buf_view(&why)));
	}
	buf_fini(&why);
}

static void add_line(struct loader *r, struct config_strings *lines, struct str line)
{
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	lines->at[lines->count++] = arena_copy(&r->config->arena, line);
}

/* A text of lines, the last of which may lack its line feed; or a list, a line each. */
static void read_lines(struct loader *r, const struct place *at, char *field)
{
	struct config_strings *lines = (void *)field;
	size_t i = 0, count = 1;
	if (at->node->kind == NODE_NULL)
		return;
	if (at->node->kind == NODE_MAP) {
		loader_expected(r, at, "a text of lines, or a list");
		return;
	}
	for (size_t k = 0; at->node->kind == NODE_SCALAR && k < at->node->text.n; k++)
		count += at->node->text.p[k] == '\n';
	lines->at = arena_alloc(&r->config->arena, (count + at->node->count) * sizeof *lines->at);
	for (struct str rest = at->node->kind == NODE_SCALAR ? at->node->text : (struct str){ 0 }; rest.n;)
		add_line(r, lines, str_cut(&rest, '\n'));
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = collection_entry(r, at, e, i++);
		bool is_line = e->value->kind == NODE_NULL || (e->value->kind == NODE_SCALAR && str_find(e->value->text, '\n') == e->value->text.n);
		if (is_line)
			add_line(r, lines, e->value->kind == NODE_NULL ? (struct str){ 0 } : e->value->text);
		else
			loader_expected(r, &place, "one line");
	}
}

static collection_fn *const collection_fns[OPTION_KINDS] = {
	[OPTION_STRINGS] = read_strings,
	[OPTION_LABELS] = collection_labels,
	[OPTION_TARGET_LABELS] = collection_target_labels,
	[OPTION_STATIC_LABELS] = collection_static_labels,
	[OPTION_PARAMS] = collection_params,
	[OPTION_HTTP_HEADERS] = collection_http_headers,
	[OPTION_SECRET_MAP] = read_pairs,
	[OPTION_MAP] = read_pairs,
	[OPTION_LINES] = read_lines,
	[OPTION_STAGES] = collection_stages,
};

bool collection_is(enum option_kind kind)
{
	return collection_fns[kind] != NULL;
}

void collection_read(struct loader *r, const struct place *at, char *field)
{
	collection_fns[at->option->kind](r, at, field);
}
