/* The stage structured_metadata, formerly non_indexed_labels: extracted values, or labels, become structured metadata. A label
 * whose value went there is no stream label any more, and that is decided by the name of the source, not of the result. */
#include <stdlib.h>

#include "parsers/stages/entry_labels.h"

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	return entry_labels_compile(c, config);
}

/* The value under the source: of what was extracted if it is there, else of the labels. */
static bool value_of(const struct entry *e, struct str source, struct str *out)
{
	if (entry_labels_value(e, source, out))
		return true;
	*out = entry_labels_get(e, source);
	return out->n > 0;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	const struct entry_pairs *pairs = stage;
	(void)turn;
	for (size_t i = 0; i < pairs->count; i++) {
		struct str value;
		if (value_of(e, pairs->at[i].source, &value))
			labels_set(&e->metadata, pairs->at[i].name, value);
	}
	/* Only now: two results may have one source. */
	for (size_t i = 0; i < pairs->count; i++) {
		struct str value;
		if (value_of(e, pairs->at[i].source, &value) && str_eq(entry_labels_get(e, pairs->at[i].source), value))
			entry_labels_remove(e, pairs->at[i].source);
	}
	return STAGE_NEXT;
}

const struct stage_type stage_structured_metadata = { .name = "structured_metadata", .compile = compile, .run = run, .free = free };
const struct stage_type stage_non_indexed_labels = { .name = "non_indexed_labels", .compile = compile, .run = run, .free = free };
