/* The stage static_labels: labels with values that stand in the file. One without a value is passed over. */
#include <stdlib.h>

#include "parsers/bytes/utf8.h"
#include "parsers/stages/entry_labels.h"

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	bool is_empty = stage_node_is_null(config);
	if (!is_empty && config->kind != STAGE_MAP) {
		stage_complain(c, config, "it takes a mapping of label names to values");
		return NULL;
	}
	size_t count = is_empty ? 0 : config->count;
	struct entry_pairs *pairs = calloc(1, sizeof *pairs + count * sizeof pairs->at[0]);
	if (!pairs)
		abort();
	for (size_t i = 0; i < count; i++) {
		const struct stage_node *value = &config->items[i];
		struct str name = config->keys[i];
		if (name.n == 0 || utf8_valid(name) != name.n || (!stage_node_is_null(value) && value->kind != STAGE_SCALAR)) {
			stage_complain(c, value, "it takes a mapping of label names to values");
			free(pairs);
			return NULL;
		}
		if (stage_node_is_null(value) || value->text.n == 0 || utf8_valid(value->text) != value->text.n)
			continue;
		pairs->at[pairs->count++] = (struct entry_pair){ name, value->text };
	}
	return pairs;
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
