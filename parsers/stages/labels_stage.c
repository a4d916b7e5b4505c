/* The stage labels: extracted values become stream labels. */
#include <stdlib.h>

#include "parsers/stages/entry_labels.h"

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	return entry_labels_compile(c, config);
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	const struct entry_pairs *pairs = stage;
	(void)turn;
	for (size_t i = 0; i < pairs->count; i++) {
		struct str value;
		if (entry_labels_value(e, pairs->at[i].source, &value))
			entry_labels_set(e, pairs->at[i].name, value);
	}
	return STAGE_NEXT;
}

const struct stage_type stage_labels = { .name = "labels", .compile = compile, .run = run, .free = free };
