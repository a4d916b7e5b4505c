/* The labels of an entry as stages see them: its stream labels, and the tenant under the name that Promtail keeps it by among the
 * labels, __tenant_id__. A change is noted in the entry. Names and values are kept as views. */
#ifndef PARSERS_STAGES_ENTRY_LABELS_H
#define PARSERS_STAGES_ENTRY_LABELS_H

#include "parsers/stages/stage.h"

#define ENTRY_TENANT_LABEL STR("__tenant_id__")

struct str entry_labels_get(const struct entry *e, struct str name); /* empty: there is none */
void entry_labels_set(struct entry *e, struct str name, struct str value); /* an empty value removes */
void entry_labels_remove(struct entry *e, struct str name);

/* A mapping of label names to something. */
struct entry_pair { struct str name, source; };
struct entry_pairs { size_t count; struct entry_pair at[]; };
/* Each pair of the mapping goes through `take`, which fills in the pair that it is given: 1 it counts, 0 it is passed over, -1 reported. what: the
 * complaint when it is no mapping. NULL: reported. free() it. */
typedef int entry_labels_take(struct stage_compile *c, struct str name, const struct stage_node *value, struct entry_pair *out);
struct entry_pairs *entry_labels_pairs(struct stage_compile *c, const struct stage_node *config, const char *what, entry_labels_take *take);
/* The mapping "label: source" of labels and structured_metadata; an absent source is the label's own name. */
struct entry_pairs *entry_labels_compile(struct stage_compile *c, const struct stage_node *config);
/* The extracted value as something a label can have: text that is UTF-8. */
bool entry_labels_value(const struct entry *e, struct str source, struct str *out);

#endif
