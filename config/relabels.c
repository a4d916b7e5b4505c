/* config/ keeps rules as they were written, parsers/ wants them with actions as numbers. */
#include "config/relabels.h"

#include <stdio.h>
#include <stdlib.h>

static enum relabel_action action_of(struct str name)
{
	for (int i = 0; i < RELABEL_ACTIONS; i++)
		if (str_ieq(name, str_of(relabel_action_names[i])))
			return (enum relabel_action)i;
	return RELABEL_REPLACE;
}

struct relabel *relabels_compile(const struct config_relabels *rules, char err[256])
{
	err[0] = '\0';
	if (rules->count == 0)
		return NULL;
	struct relabel_options *options = calloc(rules->count, sizeof *options);
	if (!options)
		abort();
	for (size_t i = 0; i < rules->count; i++) {
		const struct config_relabel *r = &rules->at[i];
		options[i] = (struct relabel_options){ .source_labels = r->source_labels.at, .source_label_count = r->source_labels.count,
						       .separator = r->separator, .regex = r->regex, .target_label = r->target_label,
						       .replacement = r->replacement, .modulus = r->modulus, .action = action_of(r->action),
						       .has_separator = r->has_separator, .has_regex = r->has_regex,
						       .has_replacement = r->has_replacement, .has_modulus = r->has_modulus };
	}
	struct relabel *compiled = relabel_new(options, rules->count, err);
	free(options);
	return compiled;
}
