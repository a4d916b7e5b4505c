/* A stack of what comes next on each level: no recursion over what a file nests. The parser refuses what is nested deeper than the stack,
 * so nothing is left out. */
#include "config/tree_walk.h"

void tree_walk_start(struct tree_walk *w, const struct node *root)
{
	w->next[0] = root->first;
	w->entry = NULL;
	w->depth = 1;
}

const struct node_entry *tree_walk_next(struct tree_walk *w)
{
	if (w->entry && w->depth < TREE_WALK_DEPTH)
		w->next[w->depth++] = w->entry->value->first;
	while (w->depth && !w->next[w->depth - 1])
		w->depth--;
	w->entry = w->depth ? w->next[w->depth - 1] : NULL;
	if (w->entry)
		w->next[w->depth - 1] = w->entry->next;
	return w->entry;
}
