/* The stage static_labels: labels with values that stand in the file. One without a value is passed over. */
#include <stdlib.h>

#include "parsers/bytes/utf8.h"
#include "parsers/stages/entry_labels.h"

static const char WHAT[] = "it takes a mapping of label names to values";

static int take_value(struct stage_compile *c, struct str name, const struct stage_node *value, struct entry_pair *out)
{
	bool is_absent = stage_node_is_null(value);
	if (name.n == 0 || utf8_valid(name) != name.n || (!is_absent && value->kind != STAGE_SCALAR)) {
		stage_complain(c, value, "%s", WHAT);
		return -1;
	}
	if (is_absent || value->text.n == 0 || utf8_valid(value->text) != value->text.n)
		return 0;
	*out = (struct entry_pair){ name, value->text };
	return 1;
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	return entry_labels_pairs(c, config, WHAT, take_value);
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	const struct entry_pairs *pairs = stage;
	(void)turn;
	for (size_t i = 0; i < pairs->count; i++)
		entry_labels_set(e, pairs->at[i].name, pairs->at[i].source);
	return STAGE_NEXT;
}

const struct stage_type stage_static_labels = { .name = "static_labels", .compile = compile, .run = run, .free = free };
