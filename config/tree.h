/* A YAML document as a small tree with places. Anchors are resolved: an alias is the node that it names, so nodes may have
 * several parents; `weight` counts what a walk would meet. */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include "config/problems.h"
#include "config/substitute.h"

enum { TREE_MOST_DEPTH = 32, TREE_MOST_NODES = 100000 };

enum node_kind { NODE_NULL, NODE_SCALAR, NODE_LIST, NODE_MAP };
struct node;
struct node_entry { /* of a map or a list, in order */
	struct str key; /* empty in a list */
	uint64_t line, column; /* of the key; of the value in a list */
	size_t from, to;       /* characters of the text before the key (in a list: the value), and to the end of the value */
	struct node *value;
	struct node_entry *next;
};
struct node {
	enum node_kind kind;
	bool is_plain;    /* a scalar without quotes */
	bool is_flow;     /* a list or map in brackets */
	struct str text;  /* of a scalar */
	uint64_t line, column; /* from 1, columns in characters */
	struct node_entry *first, *last;
	size_t count, weight, height; /* entries; nodes below and with it; levels below and with it */
};

/* The document in text, or NULL after adding at least one error. An empty text is a NODE_NULL. Duplicate keys are errors
 * too, but the tree is still returned, with the first value. Everything lives in the arena. */
struct node *tree_parse(struct str text, struct arena *arena, struct config_problems *problems);
/* The same with variables replaced in keys and values, which stay keys and values whatever is in a variable. NULL: none. */
struct node *tree_parse_with(struct str text, const struct variables *variables, struct arena *arena, struct config_problems *problems);
/* The value of key in a map, or NULL. */
const struct node *tree_get(const struct node *map, struct str key);
/* For "found ...": a mapping, a list, nothing, "12", in at most 64 bytes of the text. */
void tree_describe(const struct node *node, struct buf *out);

#endif
