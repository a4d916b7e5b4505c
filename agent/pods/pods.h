/* Metrics of pods and containers: from cgroups (names as cAdvisor's), from log directories and runtime bundles for the names, from pod
 * objects where they are known. Two collectors for the collection (part COLLECT_PODS): rows `cgroups_pods` and `kube_pods`.
 *
 *   cgroups.c      finds the hierarchies (v1, v2, hybrid: chosen per controller) and walks kubepods
 *   cgroup_path.c  path -> uid, container id (pure)
 *   cgroup_v1.c _v2.c   files -> struct cgroup_stats (pure parse halves)
 *   names.c        uid, id -> namespace, pod, container, image: /var/log/pods, /var/log/containers, OCI config.json
 *   container_metrics.c  struct cgroup_stats -> container_* families
 *   exits.c        OOM kills and exits that outlive the container
 *   network.c      /proc/<pid>/net/dev of a pod
 *   kube_pods.c    pod objects (parsers/podlist.h) -> kube_pod_* families */
#ifndef AGENT_PODS_PODS_H
#define AGENT_PODS_PODS_H

#include "agent/collectors/collector.h"
#include "parsers/podlist.h"

extern const struct collector *const pod_collectors[]; /* ends with NULL */

/* kube_pod_* of the pods given: pure, also used by tests with recorded lists. label_allow: names for kube_pod_labels, "*" for all. */
void kube_pods_write(struct families *f, const struct podlist *pods, const struct str *label_allow, size_t label_allow_count);

#endif
