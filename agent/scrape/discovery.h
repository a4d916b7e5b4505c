/* Where targets come from: sets of labels, before relabelling. Sources: static_configs, files (file_sd.h), pods (pod_sd.h). */
#ifndef AGENT_SCRAPE_DISCOVERY_H
#define AGENT_SCRAPE_DISCOVERY_H

#include "config/config.h"
#include "parsers/bytes/arena.h"
#include "parsers/labels.h"

struct discovered {
	struct labels labels;  /* with __address__ and __meta_…; views into the set's arena */
	struct str pod_ip;     /* the only address that may be asked; empty: any */
	bool is_annotated;     /* its address, path and port come from annotations of a pod: anyone's words */
};
struct discovered_set { /* {0} is empty; owns what it shows */
	struct arena arena;
	struct discovered *at;
	size_t count, room;
};
/* A new one at the end, empty. Valid until the next one is added. */
struct discovered *discovered_add(struct discovered_set *set);
void discovered_reset(struct discovered_set *set);
/* Copies name and value into the set's memory. */
void discovered_label(struct discovered_set *set, struct discovered *d, struct str name, struct str value);
/* static_configs[] of a job. */
void discovery_static(struct discovered_set *set, const struct config_target_group *groups, size_t count);

#endif
