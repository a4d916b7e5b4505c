/* Values that are mappings or lists themselves: what their readers share. */
#ifndef CONFIG_COLLECTIONS_H
#define CONFIG_COLLECTIONS_H

#include "config/loader.h"

/* The place of one entry inside the value at `at`; i counts the entries of a list. */
struct place collection_entry(struct loader *r, const struct place *at, const struct node_entry *e, size_t i);
/* Copies a pair to the end; the room is the caller's. */
void collection_add(struct loader *r, struct config_labels *to, struct str name, struct str value);
/* Says what was expected when it is neither a mapping nor nothing. */
bool collection_is_map(struct loader *r, const struct place *at, const char *what);

typedef void collection_fn(struct loader *r, const struct place *at, char *field);
collection_fn collection_labels, collection_static_labels, collection_target_labels; /* collections_labels.c */
collection_fn collection_params, collection_http_headers;                           /* collections_metrics.c */
collection_fn collection_stages;                                                     /* stages.c */

#endif
