/* Every entry below a node, each before what it holds. An alias is entered as often as it is named; the tree's weight bounds the walk.
 *
 *	struct tree_walk walk;
 *	const struct node_entry *e;
 *	for (tree_walk_start(&walk, root); (e = tree_walk_next(&walk)); )
 *
 * What e->value holds may be changed meanwhile: it is looked at when the next entry is asked for. */
#ifndef CONFIG_TREE_WALK_H
#define CONFIG_TREE_WALK_H

#include "config/tree.h"

enum { TREE_WALK_DEPTH = TREE_MOST_DEPTH + 1 };

struct tree_walk {
	const struct node_entry *next[TREE_WALK_DEPTH]; /* on each level */
	const struct node_entry *entry;                 /* the one that was given last */
	size_t depth;                                   /* its level: 1 for the entries of the root */
};

void tree_walk_start(struct tree_walk *w, const struct node *root);
const struct node_entry *tree_walk_next(struct tree_walk *w); /* NULL at the end */

#endif
