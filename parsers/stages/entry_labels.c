/* Shared by the stages that touch labels. Promtail has the tenant as a label until an entry is sent, so that labelallow and
 * labeldrop take it away and match can ask for it; here it has a field of its own, and these functions make it look the same. */
#include "parsers/stages/entry_labels.h"

#include <stdlib.h>

#include "parsers/bytes/utf8.h"

struct str entry_labels_get(const struct entry *e, struct str name)
{
	return str_eq(name, ENTRY_TENANT_LABEL) ? e->tenant : labels_get(&e->labels, name);
}

void entry_labels_set(struct entry *e, struct str name, struct str value)
{
	if (str_eq(name, ENTRY_TENANT_LABEL)) {
		e->tenant = value;
		return;
	}
	if (str_eq(labels_get(&e->labels, name), value))
		return;
	labels_set(&e->labels, name, value);
	e->has_changed_labels = true;
}

void entry_labels_remove(struct entry *e, struct str name)
{
	entry_labels_set(e, name, (struct str){ 0 });
}

struct entry_pairs *entry_labels_pairs(struct stage_compile *c, const struct stage_node *config, const char *what, entry_labels_take *take)
{
	bool is_empty = stage_node_is_null(config);
	if (!is_empty && config->kind != STAGE_MAP) {
		stage_complain(c, config, "%s", what);
		return NULL;
	}
	size_t count = is_empty ? 0 : config->count;
	struct entry_pairs *pairs = calloc(1, sizeof *pairs + count * sizeof pairs->at[0]);
	if (!pairs)
		abort();
	for (size_t i = 0; i < count; i++) {
		int taken = take(c, config->keys[i], &config->items[i], &pairs->at[pairs->count]);
		if (taken < 0) {
			free(pairs);
			return NULL;
		}
		pairs->count += (size_t)taken;
	}
	return pairs;
}

static int take_source(struct stage_compile *c, struct str name, const struct stage_node *source, struct entry_pair *out)
{
	bool is_absent = stage_node_is_null(source);
	if (!is_absent && source->kind != STAGE_SCALAR) {
		stage_complain(c, source, "the value of " STR_FMT " must be the name of an extracted value, or nothing", STR_ARG(name));
		return -1;
	}
	if (!labels_name_is_legacy(name, false)) {
		stage_complain(c, source, "\"" STR_FMT "\" is no label's name: letters, digits and _, no digit first", STR_ARG(str_take(name, 60)));
		return -1;
	}
	*out = (struct entry_pair){ name, is_absent || source->text.n == 0 ? name : source->text };
	return 1;
}

struct entry_pairs *entry_labels_compile(struct stage_compile *c, const struct stage_node *config)
{
	return entry_labels_pairs(c, config, "it takes a mapping of label names to the names of extracted values", take_source);
}

bool entry_labels_value(const struct entry *e, struct str source, struct str *out)
{
	const struct extracted *x = extracted_get(e, source);
	return x && extracted_text(e, x, out) && utf8_valid(*out) == out->n;
}
