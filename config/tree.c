/* libyaml's events to nodes, with a stack of fixed height instead of recursion. What libyaml leaves open is refused here:
 * more than one document, depth, the weight of aliases ("billion laughs"), an alias inside its own anchor, keys that are no
 * words, keys given twice, tags. Variables are replaced in scalars, never in the text. Merge keys (<<) are resolved, because files
 * that use anchors use them. */
#include "config/tree.h"

#include <stdlib.h>
#include <yaml.h>

#include "parsers/bytes/map.h"
#include "parsers/bytes/utf8.h"

enum { SHIELDED_MOST_BYTES = 3 * CONFIG_MOST_BYTES };

struct frame { /* an open list or map */
	struct node *node;
	struct str anchor;
	bool has_key;           /* in a map: the next node is the value of `key` */
	struct str key;
	uint64_t key_line, key_column;
	size_t key_from, from, to; /* characters before the key, before the node, and up to its last child's end */
};
struct builder {
	yaml_parser_t parser;
	struct arena *arena;
	struct config_problems *problems;
	const struct variables *variables;
	struct str text;
	struct map anchors;     /* name -> struct anchor */
	struct frame stack[TREE_MOST_DEPTH];
	size_t depth;
	struct node *root;
	size_t documents;
	bool is_broken, is_done;
};
struct anchor { struct str name; struct node *node; };

static void fail_at(struct builder *b, const yaml_mark_t *mark, const char *message)
{
	problem_add(b->problems, false, mark->line + 1, mark->column + 1, (struct str){ 0 }, "%s", message);
	b->is_broken = true;
}

static struct str text_of(const yaml_char_t *z, size_t n)
{
	return (struct str){ (const char *)z, n };
}

static void remember(struct builder *b, struct str name, struct node *node)
{
	if (!name.n)
		return;
	struct anchor *anchor = arena_alloc(b->arena, sizeof *anchor);
	*anchor = (struct anchor){ arena_copy(b->arena, name), node };
	map_put(&b->anchors, anchor->name, anchor);
}

static void push_entry(struct builder *b, struct node *parent, const struct node_entry *entry)
{
	struct node_entry *fresh = arena_alloc(b->arena, sizeof *fresh);
	*fresh = *entry;
	fresh->next = NULL;
	if (parent->last)
		parent->last->next = fresh;
	else
		parent->first = fresh;
	parent->last = fresh;
	parent->count++;
	parent->weight += entry->value->weight;
	if (parent->height < entry->value->height + 1)
		parent->height = entry->value->height + 1;
}

/* A node is complete (or, for an alias, met again): it becomes a key or a value of what is open, or the root. */
static void place(struct builder *b, struct node *node, const yaml_mark_t *mark, size_t to)
{
	struct frame *top = b->depth ? &b->stack[b->depth - 1] : NULL;
	if (!top) {
		b->root = node;
		return;
	}
	if (top->node->kind == NODE_MAP && !top->has_key) {
		if (node->kind == NODE_LIST || node->kind == NODE_MAP) {
			fail_at(b, mark, "expected a key, found a list or mapping; text in {{ }} is a template nobody "
				"filled in");
			return;
		}
		top->has_key = true;
		top->key = node->text;
		top->key_line = mark->line + 1;
		top->key_column = mark->column + 1;
		top->key_from = mark->index;
		return;
	}
	struct node_entry entry = { .line = mark->line + 1, .column = mark->column + 1, .from = mark->index, .to = to, .value = node };
	if (top->node->kind == NODE_MAP) {
		entry.key = top->key;
		entry.line = top->key_line;
		entry.column = top->key_column;
		entry.from = top->key_from;
		top->has_key = false;
	}
	push_entry(b, top->node, &entry);
	top->to = to > top->to ? to : top->to;
	if (top->node->weight > TREE_MOST_NODES)
		fail_at(b, mark, "more than 100000 values, counting each alias (*name) with all that it stands for: use fewer");
	else if (b->depth + node->height > TREE_MOST_DEPTH)
		fail_at(b, mark, "nested more than 32 levels deep");
}

static bool is_known_tag(struct str tag)
{
	static const char *const names[] = { "str", "int", "bool", "float", "null", "map", "seq" };
	struct str prefix = STR("tag:yaml.org,2002:");
	if (tag.n == 0 || str_eq(tag, STR("!")))
		return true;
	for (size_t i = 0; str_starts(tag, prefix) && i < COUNT_OF(names); i++)
		if (str_eq(str_skip(tag, prefix.n), str_of(names[i])))
			return true;
	return false;
}

static struct node *node_new(struct builder *b, enum node_kind kind, const yaml_mark_t *mark)
{
	struct node *node = arena_alloc(b->arena, sizeof *node);
	*node = (struct node){ .kind = kind, .line = mark->line + 1, .column = mark->column + 1, .weight = 1, .height = 1 };
	return node;
}

static bool is_null(struct str s)
{
	return s.n == 0 || str_eq(s, STR("~")) || str_eq(s, STR("null")) || str_eq(s, STR("Null")) || str_eq(s, STR("NULL"));
}

/* The text with its variables, in the arena. */
static struct str replace_variables(struct builder *b, struct str text, const yaml_mark_t *mark)
{
	char err[256];
	struct str unset;
	struct buf out, plain;
	buf_init(&plain, SHIELDED_MOST_BYTES);
	buf_init(&out, CONFIG_MOST_BYTES);
	substitute_unshield(text, &plain);
	text = buf_view(&plain);
	uint64_t line = mark->line + 1, column = mark->column + 1;
	bool is_good = substitute(text, b->variables, &out, &unset, err);
	struct str replaced = arena_copy(b->arena, is_good ? buf_view(&out) : text);
	buf_fini(&out);
	if (!is_good)
		problem_add(b->problems, false, line, column, (struct str){ 0 }, "%s", err);
	else if (unset.n)
		problem_add(b->problems, true, line, column, (struct str){ 0 },
			    "the environment has no " STR_FMT ": nothing stands in its place; write ${" STR_FMT ":-words} for what is to stand there",
			    STR_ARG(unset), STR_ARG(unset));
	if (str_find(replaced, '\n') < replaced.n && str_find(text, '\n') == text.n)
		problem_add(b->problems, false, line, column, (struct str){ 0 }, "a variable of the environment that stands here has a line break");
	buf_fini(&plain);
	return replaced;
}

static void on_scalar(struct builder *b, const yaml_event_t *event)
{
	struct str text = text_of(event->data.scalar.value, event->data.scalar.length);
	if (b->variables && b->variables->lookup && (str_find(text, '$') < text.n || str_find(text, '\\') < text.n))
		text = replace_variables(b, text, &event->start_mark);
	bool is_plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	struct node *node = node_new(b, is_plain && is_null(text) ? NODE_NULL : NODE_SCALAR, &event->start_mark);
	node->text = arena_copy(b->arena, text);
	node->is_plain = is_plain;
	if (event->data.scalar.tag && !is_known_tag(str_of((const char *)event->data.scalar.tag)))
		fail_at(b, &event->start_mark, "tags (!name) have no meaning here: remove it");
	if (event->data.scalar.anchor)
		remember(b, str_of((const char *)event->data.scalar.anchor), node);
	place(b, node, &event->start_mark, event->end_mark.index);
}

static void on_alias(struct builder *b, const yaml_event_t *event)
{
	struct str name = str_of((const char *)event->data.alias.anchor);
	struct anchor *anchor = map_get(&b->anchors, name);
	if (anchor)
		place(b, anchor->node, &event->start_mark, event->end_mark.index);
	else
		fail_at(b, &event->start_mark, "this alias has no anchor (&name) that is complete before it");
}

static void open_frame(struct builder *b, const yaml_event_t *event, enum node_kind kind, bool is_flow, const yaml_char_t *anchor,
	const yaml_char_t *tag)
{
	if (b->depth == TREE_MOST_DEPTH) {
		fail_at(b, &event->start_mark, "nested more than 32 levels deep");
		return;
	}
	if (tag && !is_known_tag(str_of((const char *)tag)))
		fail_at(b, &event->start_mark, "tags (!name) have no meaning here: remove it");
	struct str name = anchor ? arena_copy(b->arena, str_of((const char *)anchor)) : (struct str){ 0 };
	b->stack[b->depth++] = (struct frame){ .node = node_new(b, kind, &event->start_mark), .anchor = name, .from = event->start_mark.index,
					       .to = event->start_mark.index };
	b->stack[b->depth - 1].node->is_flow = is_flow;
}

static void on_list(struct builder *b, const yaml_event_t *event)
{
	bool is_flow = event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	open_frame(b, event, NODE_LIST, is_flow, event->data.sequence_start.anchor, event->data.sequence_start.tag);
}

static void on_map(struct builder *b, const yaml_event_t *event)
{
	bool is_flow = event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	open_frame(b, event, NODE_MAP, is_flow, event->data.mapping_start.anchor, event->data.mapping_start.tag);
}

/* Adds to `map` what `from` has and it has not: the meaning of <<. */
static void merge(struct builder *b, struct node *map, struct map *seen, const struct node *from)
{
	for (struct node_entry *e = from->first; e; e = e->next) {
		if (!e->key.n || map_get(seen, e->key))
			continue;
		push_entry(b, map, e);
		map_put(seen, e->key, map->last);
	}
}

static void merge_all(struct builder *b, struct node *map, struct map *seen, const struct node_entry *entry)
{
	const struct node *value = entry->value;
	bool is_good = value->kind == NODE_MAP || value->kind == NODE_LIST;
	if (value->kind == NODE_MAP)
		merge(b, map, seen, value);
	for (struct node_entry *e = value->kind == NODE_LIST ? value->first : NULL; e; e = e->next) {
		is_good = is_good && e->value->kind == NODE_MAP;
		if (e->value->kind == NODE_MAP)
			merge(b, map, seen, e->value);
	}
	if (!is_good)
		problem_add(b->problems, false, entry->line, entry->column, STR("<<"), "expected an alias of a mapping");
}

/* Keys once each, merge keys replaced by what they bring. */
static void settle_map(struct builder *b, struct node *map)
{
	struct node_entry *next, *merges = NULL, **last_merge = &merges, *e = map->first;
	struct map seen = { 0 };
	map->first = map->last = NULL;
	map->count = 0;
	map->weight = map->height = 1;
	for (; e; e = next) {
		next = e->next;
		struct node_entry *twin = e->key.n ? map_get(&seen, e->key) : NULL;
		if (!e->key.n) {
			problem_add(b->problems, false, e->line, e->column, (struct str){ 0 }, "expected a key, found nothing");
		} else if (str_eq(e->key, STR("<<"))) {
			e->next = NULL;
			*last_merge = e;
			last_merge = &e->next;
		} else if (twin) {
			problem_add(b->problems, false, e->line, e->column, e->key, "given twice: the first one is in line %llu",
				    (unsigned long long)twin->line);
		} else {
			push_entry(b, map, e);
			map_put(&seen, e->key, map->last);
		}
	}
	for (e = merges; e; e = e->next)
		merge_all(b, map, &seen, e);
	map_fini(&seen);
}

/* The end of what is in brackets is told; that of what is indented is only known by what comes next, so it is its last child's. */
static void on_end(struct builder *b, const yaml_event_t *event)
{
	struct frame top = b->stack[--b->depth];
	if (top.node->kind == NODE_MAP)
		settle_map(b, top.node);
	remember(b, top.anchor, top.node);
	yaml_mark_t mark = { .index = top.from, .line = top.node->line - 1, .column = top.node->column - 1 };
	place(b, top.node, &mark, top.node->is_flow ? event->end_mark.index : top.to);
}

static void on_document(struct builder *b, const yaml_event_t *event)
{
	if (b->documents++)
		fail_at(b, &event->start_mark, "a second document starts here: remove the --- and put everything into one");
}

static void on_stream_end(struct builder *b, const yaml_event_t *event)
{
	(void)event;
	b->is_done = true;
}

typedef void event_fn(struct builder *b, const yaml_event_t *event);
static event_fn *const event_fns[] = {
	[YAML_STREAM_END_EVENT] = on_stream_end,
	[YAML_DOCUMENT_START_EVENT] = on_document,
	[YAML_ALIAS_EVENT] = on_alias,
	[YAML_SCALAR_EVENT] = on_scalar,
	[YAML_SEQUENCE_START_EVENT] = on_list,
	[YAML_SEQUENCE_END_EVENT] = on_end,
	[YAML_MAPPING_START_EVENT] = on_map,
	[YAML_MAPPING_END_EVENT] = on_end,
};

/* Place of a byte offset: for what libyaml's reader refuses before it counts lines. */
static void place_of(struct str text, size_t offset, uint64_t *line, uint64_t *column)
{
	struct str rest = text;
	*line = 1;
	for (;;) {
		struct str here = problems_next_line(&rest);
		size_t start = (size_t)(here.p - text.p), next = text.n - rest.n;
		if (rest.n == 0 || offset < next) {
			size_t n = offset > start ? offset - start : 0;
			*column = 1;
			for (size_t i = 0; i < n && i < here.n; i++)
				*column += ((unsigned char)here.p[i] & 0xc0) != 0x80;
			return;
		}
		++*line;
	}
}

/* libyaml's words that need another sentence. */
static const struct { const char *theirs, *ours; } sayings[] = {
	{ "found character that cannot start any token", "this character cannot start a value: put the value into quotes" },
	{ "mapping values are not allowed in this context",
	  "a ':' is not expected here: is the line indented as its neighbours, or does a value that holds ': ' lack its quotes?" },
	{ "found unknown escape character", "in double quotes a backslash begins an escape: put the value into single quotes" },
	{ "did not find expected node content", "expected a value here: is a bracket or a brace before it without its end?" },
	{ "did not find expected key", "expected a key here: is the line indented as its neighbours?" },
	{ "did not find expected '-' indicator", "expected '- ' here: is the line indented as the other elements of the list?" },
	{ "could not find expected ':'", "expected ':' and a blank after the key" },
	{ "found unexpected end of stream", "the text ends inside quotes: the closing quote is missing" },
	{ "did not find expected ',' or ']'", "expected ',' or ']': the list was opened with '['" },
	{ "did not find expected ',' or '}'", "expected ',' or '}': the mapping was opened with '{'" },
	{ "did not find expected <document start>", "text before or after the document: is the first line indented as the "
		"others?" },
	{ "found duplicate %YAML directive", "the %YAML line is there twice" },
};

static const char *in_our_words(const char *theirs)
{
	for (size_t i = 0; theirs && i < COUNT_OF(sayings); i++)
		if (strcmp(theirs, sayings[i].theirs) == 0)
			return sayings[i].ours;
	return theirs ? theirs : "not understood";
}

/* The tab that indents line `number`, as a column; 0 when there is none. */
static uint64_t tab_in(struct str text, uint64_t number)
{
	struct str line = { 0 };
	for (uint64_t i = 0; i < number; i++)
		line = problems_next_line(&text);
	for (size_t i = 0; i < line.n && (line.p[i] == ' ' || line.p[i] == '\t'); i++)
		if (line.p[i] == '\t')
			return i + 1;
	return 0;
}

static void tell_error(struct builder *b)
{
	const yaml_parser_t *parser = &b->parser;
	uint64_t line = parser->problem_mark.line + 1, column = parser->problem_mark.column + 1;
	const struct str none = { 0 };
	b->is_broken = true;
	if (parser->error == YAML_MEMORY_ERROR)
		abort();
	if (parser->error == YAML_READER_ERROR) {
		place_of(b->text, parser->problem_offset, &line, &column);
		bool is_utf8 = strstr(parser->problem, "control") == NULL;
		const char *ours = is_utf8 ? "not UTF-8 here" : "a control character stands here";
		problem_add(b->problems, false, line, column, none, "%s (%s)", ours, parser->problem);
		return;
	}
	uint64_t tab = tab_in(b->text, line);
	if (tab) {
		problem_add(b->problems, false, line, tab, none, "indented with a tab: YAML takes blanks only");
		return;
	}
	const char *ours = in_our_words(parser->problem);
	if (parser->context && parser->context_mark.line + 1 < line)
		problem_add(b->problems, false, line, column, none, "%s (%s that starts in line %llu)", ours, parser->context,
			    (unsigned long long)parser->context_mark.line + 1);
	else
		problem_add(b->problems, false, line, column, none, "%s", ours);
}

struct node *tree_parse(struct str text, struct arena *arena, struct config_problems *problems)
{
	return tree_parse_with(text, NULL, arena, problems);
}

struct node *tree_parse_with(struct str text, const struct variables *variables, struct arena *arena, struct config_problems *problems)
{
	struct builder b = { .arena = arena, .problems = problems, .variables = variables, .text = text };
	struct buf shielded;
	buf_init(&shielded, SHIELDED_MOST_BYTES);
	if (variables && variables->lookup) {
		substitute_shield(text, &shielded);
		b.text = text = buf_view(&shielded);
	}
	if (!yaml_parser_initialize(&b.parser))
		abort();
	yaml_parser_set_input_string(&b.parser, (const unsigned char *)(text.n ? text.p : ""), text.n);
	yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
	while (!b.is_broken && !b.is_done) {
		yaml_event_t event;
		if (!yaml_parser_parse(&b.parser, &event)) {
			tell_error(&b);
			break;
		}
		if (event.type < COUNT_OF(event_fns) && event_fns[event.type])
			event_fns[event.type](&b, &event);
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&b.parser);
	map_fini(&b.anchors);
	buf_fini(&shielded);
	if (b.is_broken)
		return NULL;
	return b.root ? b.root : node_new(&b, NODE_NULL, &(yaml_mark_t){ 0 });
}

const struct node *tree_get(const struct node *map, struct str key)
{
	for (const struct node_entry *e = map->kind == NODE_MAP ? map->first : NULL; e; e = e->next)
		if (str_eq(e->key, key))
			return e->value;
	return NULL;
}

void tree_describe(const struct node *node, struct buf *out)
{
	static const char *const names[] = { [NODE_NULL] = "nothing", [NODE_LIST] = "a list", [NODE_MAP] = "a mapping" };
	if (node->kind != NODE_SCALAR) {
		buf_str(out, str_of(names[node->kind]));
		return;
	}
	buf_char(out, '"');
	buf_json(out, str_take(node->text, utf8_floor(node->text, node->text.n < 64 ? node->text.n : 64)));
	buf_str(out, node->text.n > 64 ? STR("...\"") : STR("\""));
}
