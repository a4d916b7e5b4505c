/* One sample of a kube_pod_* family: the labels that every one has, and its own. Internal to agent/pods/kube_*.c. */
#ifndef AGENT_PODS_KUBE_ROW_H
#define AGENT_PODS_KUBE_ROW_H

#include "agent/exposition/families.h"
#include "parsers/kubernetes/podlist.h"

enum { KUBE_LABELS_MAX = 8 };

/* more: sorted by name; not more than KUBE_LABELS_MAX. */
void kube_row(struct families *f, const struct pod *pod, const struct metric_label *more, size_t count, double value);
/* All families of containers and of init containers. */
void kube_containers_write(struct families *f, const struct podlist *pods);

#endif
