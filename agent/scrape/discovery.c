/* Sets of labels with a lifetime of their own: a source makes its set anew when something has changed. */
#include "agent/scrape/discovery.h"

#include <stdlib.h>

#include "parsers/bytes/array.h"

struct discovered *discovered_add(struct discovered_set *set)
{
	set->at = array_room(set->at, set->count, &set->room, sizeof *set->at);
	set->at[set->count] = (struct discovered){ 0 };
	return &set->at[set->count++];
}

void discovered_reset(struct discovered_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		labels_fini(&set->at[i].labels);
	free(set->at);
	arena_fini(&set->arena);
	*set = (struct discovered_set){ 0 };
}

void discovered_label(struct discovered_set *set, struct discovered *d, struct str name, struct str value)
{
	if (name.n && value.n)
		labels_set(&d->labels, arena_copy(&set->arena, name), arena_copy(&set->arena, value));
}

void discovery_static(struct discovered_set *set, const struct config_target_group *groups, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < groups[i].targets.count; k++) {
			struct discovered *d = discovered_add(set);
			for (size_t l = 0; l < groups[i].labels.count; l++)
				discovered_label(set, d, groups[i].labels.at[l].name, groups[i].labels.at[l].value);
			discovered_label(set, d, STR("__address__"), groups[i].targets.at[k]);
		}
}
