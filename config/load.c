/* From text to struct config: tree.c makes nodes, this file walks them along the table of options.c, check.c judges what no
 * single row can say. The walk is a queue of mappings, so that its depth is no concern, and it goes on after an error, so that
 * all of them are told at once. A bare Promtail or Prometheus file is the same walk with the keys of `logs` or `metrics` looked for at
 * the top; which one it is, shape.c says. */
#include "config/load.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/nearest.h"
#include "config/loader.h"
#include "config/overlay.h"
#include "parsers/bytes/hash.h"

/* `scope` is a list's path or "": are rows of this section filled when an element of the scope is made? */
static bool is_in_scope(struct str section, struct str scope)
{
	if (!str_starts(section, scope))
		return false;
	struct str rest = str_skip(section, scope.n);
	return str_find(rest, '[') == rest.n && (!rest.n || !scope.n || rest.p[0] == '.');
}

void loader_set_defaults(struct loader *r, struct str scope, char *base)
{
	struct buf why;
	buf_init(&why, 512);
	const struct option *o;
	for (size_t i = 0; (o = option_in(r->file, i)); i++) {
		if (scope.n && strncmp(o->path, scope.p, scope.n) != 0)
			continue; /* most rows, for most elements */
		if (value_is_scalar(o->kind) && o->fallback[0] && is_in_scope(option_section(o), scope) &&
		    !value_read(o, str_of(o->fallback), base + o->offset, &r->config->arena, &why))
			abort(); /* the table contradicts itself; the unit test walks it */
	}
	buf_fini(&why);
}

static void remember(struct loader *r, struct map *map, const struct place *at, const void *address)
{
	struct place *kept = arena_alloc(&r->arena, sizeof *kept);
	*kept = *at;
	kept->field = address;
	map_put(map, (struct str){ (const char *)&kept->field, sizeof kept->field }, kept);
}

static struct str shown_path(struct loader *r, const struct place *at)
{
	struct buf b;
	buf_init(&b, 4096);
	buf_str(&b, at->section);
	buf_str(&b, at->section.n ? STR(".") : STR(""));
	buf_str(&b, at->key);
	struct str path = arena_copy(&r->arena, buf_view(&b));
	buf_fini(&b);
	return path;
}

static void push(struct loader *r, struct str section, struct str shown, const struct node *node, void *base)
{
	struct task *task = arena_alloc(&r->arena, sizeof *task);
	*task = (struct task){ .section = section, .shown = shown, .node = node, .base = base };
	if (r->last)
		r->last->next = task;
	else
		r->first = task;
	r->last = task;
}

static void read_scalar(struct loader *r, const struct place *at, char *base)
{
	struct buf why, found;
	if (at->node->kind == NODE_NULL)
		return;
	buf_init(&why, 512);
	buf_init(&found, 512);
	if (at->node->kind != NODE_SCALAR) {
		char what[64];
		snprintf(what, sizeof what, "a %s", option_kind_names[at->option->kind]);
		loader_expected(r, at, what);
	} else if (!value_read(at->option, at->node->text, base + at->option->offset, &r->config->arena, &why)) {
		if (at->option->kind != OPTION_STR && at->option->kind != OPTION_TEXT && at->option->kind != OPTION_SECRET) {
			buf_str(&found, STR(", found "));
			tree_describe(at->node, &found);
		}
		loader_error(r, at, "%.*s%.*s", STR_ARG(buf_view(&why)), STR_ARG(buf_view(&found)));
	} else if (at->option->kind != OPTION_TEXT && strstr(at->node->text.n ? at->node->text.p : "", "${")) {
		const char *advice = at->option->kind == OPTION_SECRET ? ": use the key that ends in _file" : "";
		loader_warning(r, at, "variables are not expanded here%s", advice);
	}
	buf_fini(&why);
	buf_fini(&found);
}

static void read_section(struct loader *r, const struct place *at, char *base)
{
	if (at->node->kind == NODE_MAP)
		push(r, str_of(at->option->path), shown_path(r, at), at->node, base);
	else if (at->node->kind != NODE_NULL)
		loader_expected(r, at, "a mapping");
}

/* Makes room for `count` elements of the list and returns the first of them. */
static char *make_elements(struct loader *r, const struct option *list, size_t count, char *base)
{
	char *at = arena_alloc(&r->config->arena, count * list->element_bytes);
	memcpy(base + list->offset, &at, sizeof at);
	memcpy(base + list->count_offset, &count, sizeof count);
	return at;
}

static bool has_elements(const struct option *list, const char *base)
{
	size_t count;
	memcpy(&count, base + list->count_offset, sizeof count);
	return count > 0;
}

static void read_element(struct loader *r, const struct option *list, const struct place *at, char *element)
{
	struct str section = str_of(list->path);
	remember(r, &r->elements, at, element);
	loader_set_defaults(r, section, element);
	if (at->node->kind == NODE_MAP)
		push(r, section, at->section, at->node, element);
	else
		loader_expected(r, at, "a mapping");
}

static void read_list(struct loader *r, const struct place *at, char *base)
{
	const struct option *list = at->option;
	struct str least, most;
	size_t i = 0;
	if (at->node->kind == NODE_NULL)
		return;
	if (at->node->kind != NODE_LIST) {
		loader_expected(r, at, "a list (start each element with \"- \")");
		return;
	}
	option_range(list, &least, &most);
	if (at->node->count > strtoull(most.p, NULL, 10) || has_elements(list, base)) {
		loader_error(r, at, "at most %.*s elements, and not together with the key client", STR_ARG(most));
		return;
	}
	char *first = make_elements(r, list, at->node->count, base);
	for (const struct node_entry *e = at->node->first; e; e = e->next, i++) {
		char number[32];
		snprintf(number, sizeof number, "[%zu]", i);
		struct str path = shown_path(r, at), suffix = str_of(number);
		char *shown = arena_alloc(&r->arena, path.n + suffix.n + 1);
		memcpy(shown, path.p, path.n);
		memcpy(shown + path.n, suffix.p, suffix.n);
		struct place place = { .section = { shown, path.n + suffix.n }, .line = e->line, .column = e->column,
			.node = e->value };
		read_element(r, list, &place, first + i * list->element_bytes);
	}
}

static void read_one(struct loader *r, const struct place *at, char *base)
{
	const struct option *list = NULL, *o;
	for (size_t i = 0; (o = option_in(r->file, i)); i++)
		if (strcmp(o->path, at->option->range) == 0)
			list = o;
	if (!list || at->node->kind == NODE_NULL)
		return;
	if (has_elements(list, base)) {
		loader_key_error(r, at, "not together with the key clients: make it one more element there");
		return;
	}
	struct place place = *at;
	place.section = shown_path(r, at);
	place.key = (struct str){ 0 };
	read_element(r, list, &place, make_elements(r, list, 1, base));
}

static void read_collection(struct loader *r, const struct place *at, char *base)
{
	collection_read(r, at, base + at->option->offset);
}

static void accept(struct loader *r, const struct place *at, char *base)
{
	(void)r, (void)at, (void)base;
}

static bool is_blank(const struct node *node)
{
	return node->kind == NODE_NULL || (node->kind == NODE_SCALAR ? node->text.n == 0 : node->count == 0);
}

/* Nothing, or a section of keys that hold nothing: so Promtail prints what nobody has set. */
static bool is_empty(const struct node *node)
{
	if (node->kind != NODE_MAP)
		return is_blank(node);
	for (const struct node_entry *e = node->first; e; e = e->next)
		if (!is_blank(e->value))
			return false;
	return true;
}

static bool is_what_happens(const struct place *at)
{
	struct str fallback = str_of(at->option->fallback);
	return is_empty(at->node) || (fallback.n && at->node->kind == NODE_SCALAR && str_ieq(at->node->text, fallback));
}

static void ignore(struct loader *r, const struct place *at, char *base)
{
	(void)base;
	if (is_what_happens(at))
		return;
	loader_warning(r, at, "%s", at->option->help);
	problems_cause(r->problems, PROBLEM_NO_EFFECT);
}

static void refuse(struct loader *r, const struct place *at, char *base)
{
	(void)base;
	if (is_what_happens(at))
		return;
	loader_key_error(r, at, "%s", at->option->help);
	problems_cause(r->problems, PROBLEM_REFUSED);
}

typedef void kind_fn(struct loader *r, const struct place *at, char *base);
static kind_fn *const kind_fns[OPTION_KINDS] = {
	[OPTION_STR] = read_scalar,
	[OPTION_SECRET] = read_scalar,
	[OPTION_TEXT] = read_scalar,
	[OPTION_CHOICE] = read_scalar,
	[OPTION_BOOL] = read_scalar,
	[OPTION_INT] = read_scalar,
	[OPTION_COUNT] = read_scalar,
	[OPTION_DURATION] = read_scalar,
	[OPTION_BYTES] = read_scalar,
	[OPTION_BASE2] = read_scalar,
	[OPTION_STRINGS] = read_collection,
	[OPTION_LABELS] = read_collection,
	[OPTION_TARGET_LABELS] = read_collection,
	[OPTION_STATIC_LABELS] = read_collection,
	[OPTION_PARAMS] = read_collection,
	[OPTION_HTTP_HEADERS] = read_collection,
	[OPTION_SECRET_MAP] = read_collection,
	[OPTION_MAP] = read_collection,
	[OPTION_LINES] = read_collection,
	[OPTION_STAGES] = read_collection,
	[OPTION_SECTION] = read_section,
	[OPTION_LIST] = read_list,
	[OPTION_ONE] = read_one,
	[OPTION_ACCEPTED] = accept,
	[OPTION_IGNORED] = ignore,
	[OPTION_REFUSED] = refuse,
};

/* The same key in another section: "belongs under ...". */
static const struct option *find_elsewhere(const struct loader *r, struct str key)
{
	const struct option *found = NULL, *o;
	for (size_t i = 0; (o = option_in(r->file, i)); i++) {
		if (!str_eq(option_key(o), key) || o->kind == OPTION_IGNORED || o->kind == OPTION_REFUSED)
			continue;
		if (found)
			return NULL; /* in more than one: no advice is better than the wrong one */
		found = o;
	}
	return found;
}

static void list_keys(const struct loader *r, struct str section, struct buf *out)
{
	const struct option *o;
	for (size_t i = 0; (o = option_in(r->file, i)); i++) {
		if (!str_eq(option_section(o), section) || o->kind == OPTION_IGNORED || o->kind == OPTION_REFUSED)
			continue;
		buf_str(out, out->n ? STR(", ") : STR(""));
		buf_str(out, option_key(o));
	}
}

static void unknown_key(struct loader *r, const struct task *task, const struct place *at)
{
	struct nearest nearest = { 0 }, below = { 0 };
	if (r->problems->count == PROBLEMS_MOST) { /* counted, not shown: advice would cost time for nobody */
		loader_key_error(r, at, "unknown key");
		return;
	}
	const struct option *o;
	for (size_t i = 0; (o = option_in(r->file, i)); i++) {
		struct str in = option_section(o);
		if (str_eq(in, task->section) || (r->bare.n && !task->section.n && str_eq(in, r->bare)))
			nearest_offer(&nearest, at->key, option_key(o));
		else if (task->section.n && str_starts(in, task->section))
			nearest_offer(&below, at->key, option_key(o));
	}
	const struct option *elsewhere = find_elsewhere(r, at->key);
	struct str word = nearest_word(&nearest, at->key), section;
	if (elsewhere) {
		section = option_section(elsewhere);
		const char *where = section.n ? "under " : "at the top of the file";
		loader_key_error(r, at, "not a key of this section: it belongs %s%.*s", where, STR_ARG(section));
	} else if (word.n) {
		loader_key_error(r, at, "unknown key; did you mean %.*s?", STR_ARG(word));
		problems_suggest(r->problems, word);
	} else if ((word = nearest_word(&below, at->key)).n) {
		loader_key_error(r, at, "unknown key; did you mean %.*s, in a section below this one?", STR_ARG(word));
		problems_suggest(r->problems, word);
	} else {
		struct buf known;
		buf_init(&known, 1024);
		list_keys(r, r->bare.n && !task->section.n ? r->bare : task->section, &known);
		loader_key_error(r, at, "unknown key; known here: %.*s", STR_ARG(buf_view(&known)));
		buf_fini(&known);
	}
}

static bool has_field(enum option_kind kind)
{
	return value_is_scalar(kind) || collection_is(kind) || kind == OPTION_LIST;
}

static void read_map(struct loader *r, const struct task *task)
{
	for (const struct node_entry *e = task->node->first; e; e = e->next) {
		struct place at = { task->shown, e->key, e->line, e->column, e->value, NULL, NULL };
		if (r->bare.n && !task->section.n)
			at.option = option_find_in(r->file, r->bare, e->key);
		if (!at.option)
			at.option = option_find_in(r->file, task->section, e->key);
		if (!at.option) {
			unknown_key(r, task, &at);
			continue;
		}
		if (has_field(at.option->kind))
			remember(r, &r->fields, &at, task->base + at.option->offset);
		kind_fns[at.option->kind](r, &at, task->base);
	}
}

static struct config *config_new(struct str name)
{
	struct config *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	c->path = arena_copy(&c->arena, name);
	return c;
}

void loader_fini(struct loader *r)
{
	map_fini(&r->fields);
	map_fini(&r->elements);
	arena_fini(&r->arena);
}

void loader_walk(struct loader *r, const struct node *root, char *base)
{
	push(r, (struct str){ 0 }, (struct str){ 0 }, root, base);
	for (struct task *task = r->first; task; task = task->next)
		read_map(r, task);
}

struct config *config_load_tree(const struct node *root, const char *bare, struct str name, struct config_problems *problems)
{
	struct loader r = { .config = config_new(name), .problems = problems };
	loader_set_defaults(&r, (struct str){ 0 }, (char *)r.config);
	if (root && shape_know(&r, root, bare)) {
		loader_walk(&r, root, (char *)r.config);
		check_config(&r);
	}
	loader_fini(&r);
	if (!problems->errors)
		return r.config;
	config_free(r.config);
	return NULL;
}

struct config *config_load_source(const struct config_source *source, struct config_problems *problems)
{
	struct str text = source->text;
	struct arena arena = { 0 };
	struct node *root = NULL;
	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_skip(text, 3);
	if (text.n > CONFIG_MOST_BYTES)
		problem_add(problems, false, 1, 1, (struct str){ 0 }, "the file has %zu bytes, at most %d are read", text.n,
			CONFIG_MOST_BYTES);
	else
		root = tree_parse_with(text, &source->variables, &arena, problems);
	if (root)
		overlay_apply(root, source->settings, source->setting_count, &arena);
	struct config *c = config_load_tree(root, NULL, source->name, problems);
	problems_finish(problems, text);
	arena_fini(&arena);
	if (c)
		c->hash = hash_bytes(source->text);
	return c;
}

struct config *config_load(struct str text, struct str name, struct config_problems *problems)
{
	const struct config_source source = { .text = text, .name = name };
	return config_load_source(&source, problems);
}

/* One destination each, in flow style, so that a problem's line shows what was given. */
struct config *config_load_urls(struct str loki, struct str remote_write, struct config_problems *problems)
{
	struct buf text;
	buf_init(&text, CONFIG_MOST_BYTES);
	if (loki.n) {
		buf_str(&text, STR("logs: { clients: [ { url: \""));
		buf_json(&text, loki);
		buf_str(&text, STR("\" } ] }\n"));
	}
	if (remote_write.n) {
		buf_str(&text, STR("metrics: { remote_write: [ { url: \""));
		buf_json(&text, remote_write);
		buf_str(&text, STR("\" } ] }\n"));
	}
	struct config *c = config_load(buf_view(&text), STR("command line"), problems);
	buf_fini(&text);
	return c;
}

struct config *config_default(void)
{
	struct config_problems none = { 0 };
	struct config *c = config_load((struct str){ 0 }, (struct str){ 0 }, &none);
	config_problems_fini(&none);
	if (!c)
		abort();
	return c;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	arena_fini(&c->arena);
	free(c);
}
