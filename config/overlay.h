/* What the command line says about the configuration, put into the tree of its file: Promtail's flags win over its file. */
#ifndef CONFIG_OVERLAY_H
#define CONFIG_OVERLAY_H

#include "config/tree.h"

/* root: a mapping or nothing; it becomes a mapping. In a file with `logs` or `metrics`, Promtail's keys go below `logs`. Problems at what is
 * put in have the line PROBLEM_OF_FLAGS. */
void overlay_apply(struct node *root, const struct config_setting *settings, size_t count, struct arena *arena);

#endif
