/* Labels and annotations of pods as labels of metrics: "app.kubernetes.io/partOf" becomes label_app_kubernetes_io_part_of. Pure.
 * kube-state-metrics: internal/store/utils.go */
#ifndef AGENT_PODS_KUBE_LABELS_H
#define AGENT_PODS_KUBE_LABELS_H

#include "agent/exposition/families.h"
#include "parsers/bytes/arena.h"

/* Those of `from` (sorted by name) that the list allows: a name, a pattern with '*' for any bytes, or "*" alone for all. Names
 * begin with prefix and '_'; those that become the same get _conflict1, _conflict2 … behind them. Sorted by name; texts and
 * array in the arena. */
size_t kube_labels(struct str prefix, const struct label *from, size_t count, const struct str *allow, size_t allow_count,
	struct metric_label **out, struct arena *arena);

#endif
