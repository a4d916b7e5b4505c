/* The stage json: values out of a JSON object. The expressions are put together in a tree of steps, so that the document is read
 * once, from front to back, and what no expression asks for is passed over. Of a key that stands twice the last one counts, as in a
 * map. An object or array that is asked for becomes JSON text again: written anew, without blanks, in the order of the document (a
 * key that stands twice inside of it does so in the text, too). */
#include "parsers/json.h"

#include <stdlib.h>

#include "parsers/decimal.h"
#include "parsers/stages/path.h"
#include "parsers/stages/stage.h"
#include "parsers/stages/text.h"

enum { NODES_MAX = 4096, NO_NODE = UINT16_MAX };

struct node { /* a step of one or more expressions; those below it have no gaps between their numbers */
	struct path_step step;
	uint16_t first_child, next_sibling;
	bool has_negative; /* a child counts from the end */
	bool is_wanted;    /* an expression ends here: its value is in `result` */
	uint16_t parent;
	uint64_t visit;    /* number of the last visit; */
	uint64_t under;    /* and of the one of its parent at that time */
	struct extracted result;
};
struct want { struct str name; uint16_t node; };
struct json_stage {
	struct str source;
	bool drops_malformed;
	struct node *nodes;
	size_t node_count;
	struct want *wants;
	size_t want_count;
	uint64_t visits;
	struct arena texts; /* of quoted names */
	struct buf scratch;
};
struct frame { /* an object or array that is gone through */
	uint16_t node;
	bool is_array;
	int64_t index, counted; /* of the next element; how many there are, known in the second turn */
	struct json start;      /* for the second turn */
};

/* ---- compiling ---- */

static void release(void *stage)
{
	struct json_stage *s = stage;
	free(s->nodes);
	free(s->wants);
	arena_fini(&s->texts);
	buf_fini(&s->scratch);
	free(s);
}

static bool same_step(const struct path_step *a, const struct path_step *b)
{
	return a->is_index == b->is_index && (a->is_index ? a->index == b->index : str_eq(a->key, b->key));
}

static uint16_t child_of(struct json_stage *s, uint16_t parent, const struct path_step *step)
{
	for (uint16_t i = s->nodes[parent].first_child; i != NO_NODE; i = s->nodes[i].next_sibling)
		if (same_step(&s->nodes[i].step, step))
			return i;
	if (s->node_count == NODES_MAX)
		return NO_NODE;
	uint16_t fresh = (uint16_t)s->node_count++;
	s->nodes[fresh] = (struct node){ .step = *step, .first_child = NO_NODE, .next_sibling = s->nodes[parent].first_child };
	s->nodes[parent].first_child = fresh;
	s->nodes[parent].has_negative = s->nodes[parent].has_negative || (step->is_index && step->index < 0);
	return fresh;
}

static void add_expression(struct stage_compile *c, struct json_stage *s, struct str name, const struct stage_node *value)
{
	struct path path;
	char err[256];
	if (value->kind != STAGE_SCALAR && !stage_node_is_null(value)) {
		stage_complain(c, value, "the expression for " STR_FMT " must be a text", STR_ARG(name));
		return;
	}
	bool is_named_alike = stage_node_is_null(value) || value->text.n == 0;
	if (!path_parse(is_named_alike ? name : value->text, &s->texts, &path, err)) {
		stage_complain(c, value, "%s", err);
		return;
	}
	uint16_t node = 0;
	for (size_t i = 0; i < path.count && node != NO_NODE; i++)
		node = child_of(s, node, &path.at[i]);
	if (node == NO_NODE) {
		stage_complain(c, value, "the expressions have more than %d parts", NODES_MAX);
		return;
	}
	s->nodes[node].is_wanted = true;
	s->wants[s->want_count++] = (struct want){ name, node };
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	const struct stage_node *expressions = stage_key(config, "expressions");
	if (!expressions || expressions->kind != STAGE_MAP || expressions->count == 0) {
		stage_complain(c, expressions, "expressions is missing: a mapping of names to the ways into the document");
		return NULL;
	}
	struct json_stage *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	buf_init(&s->scratch, STAGE_OUTPUT_MAX);
	s->nodes = calloc(NODES_MAX, sizeof *s->nodes);
	s->wants = calloc(expressions->count, sizeof *s->wants);
	if (!s->nodes || !s->wants)
		abort();
	s->nodes[0] = (struct node){ .first_child = NO_NODE, .next_sibling = NO_NODE };
	s->node_count = 1;
	stage_read_source(c, config, &s->source);
	stage_read_bool(c, config, "drop_malformed", &s->drops_malformed);
	for (size_t i = 0; i < expressions->count; i++)
		add_expression(c, s, expressions->keys[i], &expressions->items[i]);
	struct node *nodes = realloc(s->nodes, s->node_count * sizeof *nodes);
	s->nodes = nodes ? nodes : s->nodes;
	if (!c->has_failed)
		return s;
	release(s);
	return NULL;
}

/* ---- objects and arrays as text ---- */

static bool write_number(struct buf *out, struct str digits, struct arena *a)
{
	double value;
	char at[DECIMAL_ROOM];
	if (!decimal_parse(digits, &value))
		return false;
	double size = value < 0 ? -value : value;
	if (size != 0 && (size < 1e-6 || size >= 1e21))
		buf_append(out, at, decimal_print(value, at));
	else
		buf_str(out, extracted_print_number(value, a));
	return true;
}

/* The value that was just opened, to its closing bracket. */
static bool write_document(struct json *j, struct arena *a, struct buf *out)
{
	unsigned outside = j->depth - 1;
	bool needs_comma = false;
	buf_char(out, j->item == JSON_OBJECT ? '{' : '[');
	while (j->depth > outside) {
		enum json_item item = json_next(j);
		bool is_end = item == JSON_OBJECT_END || item == JSON_ARRAY_END;
		if (item == JSON_BAD || item == JSON_DONE)
			return false;
		if (needs_comma && !is_end)
			buf_char(out, ',');
		needs_comma = item != JSON_OBJECT && item != JSON_ARRAY && item != JSON_KEY;
		if (item == JSON_NUMBER && !write_number(out, j->raw, a))
			return false;
		if (item == JSON_KEY || item == JSON_STRING)
			text_json(out, json_resolve(j, a));
		static const struct str words[] = { [JSON_OBJECT] = { "{", 1 }, [JSON_OBJECT_END] = { "}", 1 },
			[JSON_ARRAY] = { "[", 1 },
			[JSON_ARRAY_END] = { "]", 1 }, [JSON_KEY] = { ":", 1 }, [JSON_TRUE] = { "true", 4 },
			[JSON_FALSE] = { "false", 5 },
			[JSON_NULL] = { "null", 4 } };
		buf_str(out, words[item]);
	}
	return true;
}

/* ---- running ---- */

static uint16_t child_by_key(const struct json_stage *s, uint16_t parent, struct str key)
{
	for (uint16_t i = s->nodes[parent].first_child; i != NO_NODE; i = s->nodes[i].next_sibling)
		if (!s->nodes[i].step.is_index && s->nodes[i].step.key.n == key.n && str_eq(s->nodes[i].step.key, key))
			return i;
	return NO_NODE;
}

static uint16_t child_by_index(const struct json_stage *s, uint16_t parent, int64_t index)
{
	for (uint16_t i = s->nodes[parent].first_child; i != NO_NODE; i = s->nodes[i].next_sibling)
		if (s->nodes[i].step.is_index && s->nodes[i].step.index == index)
			return i;
	return NO_NODE;
}

/* The value that was just read is the one of this node. false: a number too large, as Go has it an error of the document. */
static bool take(struct json_stage *s, struct json *j, struct node *node, struct arena *a)
{
	struct extracted *x = &node->result;
	*x = (struct extracted){ .kind = VALUE_NONE };
	if (!node->is_wanted)
		return true;
	switch (j->item) {
	case JSON_STRING:
		x->kind = VALUE_STRING;
		x->text = json_resolve(j, a);
		return true;
	case JSON_NUMBER:
		x->kind = VALUE_NUMBER;
		return decimal_parse(j->raw, &x->number);
	case JSON_TRUE:
	case JSON_FALSE:
		x->kind = VALUE_BOOL;
		x->truth = j->item == JSON_TRUE;
		return true;
	case JSON_OBJECT:
	case JSON_ARRAY: {
		struct json reader = *j; /* what is inside may be asked for as well */
		stage_scratch_reset(&s->scratch);
		if (!write_document(&reader, a, &s->scratch))
			return false;
		if (!s->scratch.is_full) {
			x->kind = VALUE_STRING;
			x->text = arena_copy(a, buf_view(&s->scratch));
		}
		return true;
	}
	default:
		return true;
	}
}

/* The value at j (just read) belongs to `at`, a child of `parent`. true: it is to be gone into. */
static bool visit(struct json_stage *s, struct json *j, uint16_t at, uint16_t parent, struct arena *a)
{
	struct node *node = &s->nodes[at];
	node->parent = parent;
	node->under = s->nodes[parent].visit;
	node->visit = ++s->visits;
	bool is_open = j->item == JSON_OBJECT || j->item == JSON_ARRAY;
	if (!take(s, j, node, a) && !j->error)
		j->error = "a value that cannot be taken";
	if (is_open && node->first_child != NO_NODE)
		return true;
	if (is_open)
		json_skip(j);
	return false;
}

static void enter(struct json_stage *s, struct json *j, uint16_t node, struct frame *out)
{
	*out = (struct frame){ .node = node, .is_array = j->item == JSON_ARRAY };
	if (out->is_array && s->nodes[node].has_negative)
		out->start = *j;
}

/* At the end of an array whose elements are asked for from its end: once more, now that their number is known. */
static bool again(struct json_stage *s, struct json *j, struct frame *f)
{
	if (!f->is_array || !s->nodes[f->node].has_negative || f->counted || f->index == 0)
		return false;
	f->counted = f->index;
	f->index = 0;
	*j = f->start;
	return true;
}

/* The next key or element of the frame: its node, or NO_NODE; the value has been read. false: the frame ends. */
static bool advance(struct json_stage *s, struct json *j, struct frame *f, struct arena *a, uint16_t *out)
{
	enum json_item item = json_next(j);
	if (item == JSON_BAD || item == JSON_DONE || item == JSON_OBJECT_END || item == JSON_ARRAY_END)
		return false;
	if (f->is_array) {
		*out = child_by_index(s, f->node, f->index++ - f->counted);
		return true;
	}
	*out = child_by_key(s, f->node, j->is_plain ? j->raw : json_resolve(j, a));
	if (*out == NO_NODE)
		json_skip(j);
	else
		json_next(j);
	return true;
}

/* Reads the document; whether it was one, and an object. */
static bool read_document(struct json_stage *s, struct str text, struct arena *a)
{
	struct json j;
	struct frame frames[JSON_DEPTH_MAX];
	size_t depth = 0;
	json_init(&j, text);
	j.is_lenient = true;
	s->nodes[0].visit = ++s->visits;
	enum json_item item = json_next(&j);
	if (item == JSON_OBJECT) {
		if (!take(s, &j, &s->nodes[0], a))
			return false;
		enter(s, &j, 0, &frames[depth++]);
	} else if (item != JSON_NULL) {
		return false;
	} else if (s->nodes[0].is_wanted) { /* to Go an object without members, which it writes so */
		s->nodes[0].result = (struct extracted){ .kind = VALUE_STRING, .text = STR("null") };
	}
	while (depth > 0 && !j.error) {
		struct frame *f = &frames[depth - 1];
		uint16_t node = NO_NODE;
		if (!advance(s, &j, f, a, &node)) {
			if (j.error || !again(s, &j, f))
				depth--;
			continue;
		}
		if (node != NO_NODE && visit(s, &j, node, f->node, a) && depth < COUNT_OF(frames))
			enter(s, &j, node, &frames[depth++]);
		else if (node == NO_NODE && f->is_array && (j.item == JSON_OBJECT || j.item == JSON_ARRAY))
			json_skip(&j);
	}
	return json_end(&j);
}

/* What was found at the node, if all of the way to it is of this document and of the last of keys that stand twice. */
static struct extracted found(const struct json_stage *s, uint16_t at)
{
	for (uint16_t i = at; i != 0; i = s->nodes[i].parent)
		if (s->nodes[i].visit == 0 || s->nodes[i].under != s->nodes[s->nodes[i].parent].visit)
			return (struct extracted){ .kind = VALUE_NONE };
	return s->nodes[at].result;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	struct json_stage *s = stage;
	(void)turn;
	struct str text;
	if (!extracted_source(e, s->source, &text))
		return STAGE_NEXT;
	s->nodes[0].result = (struct extracted){ .kind = VALUE_NONE };
	if (!read_document(s, text, e->arena))
		return s->drops_malformed ? stage_drop(e, "malformed_json") : STAGE_NEXT;
	for (size_t i = 0; i < s->want_count; i++) {
		struct extracted x = found(s, s->wants[i].node);
		x.name = s->wants[i].name;
		extracted_set(e, x);
	}
	return STAGE_NEXT;
}

static const char *const keys[] = { "expressions", "source", "drop_malformed", NULL };
const struct stage_type stage_json = { .name = "json", .keys = keys, .compile = compile, .run = run, .free = release };
