/* The stages labeldrop and labelallow: labels that go, labels that alone stay. */
#include <stdlib.h>

#include "parsers/stages/entry_labels.h"

struct names { size_t count; struct str at[]; };

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	if (stage_node_is_null(config) || config->kind != STAGE_LIST || config->count == 0) {
		stage_complain(c, config, "it takes a list of label names, at least one");
		return NULL;
	}
	struct names *names = calloc(1, sizeof *names + config->count * sizeof names->at[0]);
	if (!names)
		abort();
	for (size_t i = 0; i < config->count; i++) {
		if (config->items[i].kind != STAGE_SCALAR) {
			stage_complain(c, &config->items[i], "a label's name is expected here");
			free(names);
			return NULL;
		}
		names->at[names->count++] = config->items[i].text;
	}
	return names;
}

static bool has(const struct names *names, struct str name)
{
	for (size_t i = 0; i < names->count; i++)
		if (str_eq(names->at[i], name))
			return true;
	return false;
}

static enum stage_verdict run_drop(void *stage, struct stage_turn *turn, struct entry *e)
{
	const struct names *names = stage;
	(void)turn;
	for (size_t i = 0; i < names->count; i++)
		entry_labels_remove(e, names->at[i]);
	return STAGE_NEXT;
}

static enum stage_verdict run_allow(void *stage, struct stage_turn *turn, struct entry *e)
{
	const struct names *names = stage;
	(void)turn;
	size_t kept = 0;
	for (size_t i = 0; i < e->labels.count; i++)
		if (has(names, e->labels.at[i].name))
			e->labels.at[kept++] = e->labels.at[i];
	e->has_changed_labels = e->has_changed_labels || kept != e->labels.count;
	e->labels.count = kept;
	if (!has(names, ENTRY_TENANT_LABEL))
		e->tenant = (struct str){ 0 };
	return STAGE_NEXT;
}

const struct stage_type stage_labeldrop = { .name = "labeldrop", .compile = compile, .run = run_drop, .free = free };
const struct stage_type stage_labelallow = { .name = "labelallow", .compile = compile, .run = run_allow, .free = free };
