/* Metrics of pods and containers: from cgroups (names as cAdvisor's), from log directories and runtime bundles for the names, from
 * pod objects where they are known. Two collectors for the collection (part COLLECT_PODS): "container" and "kube_pod".
 *
 *   container          the collector: one scrape after the other
 *   cgroups            the table of control groups: finds, walks, keeps, lets go
 *   hierarchy          which directory has which controller (version 1, 2, hybrid)
 *   cgroup_path        path -> kind, uid, container id (pure)
 *   cgroup_read        a group's files, when it was made, a process in it
 *   cgroup_stats       files of either version -> struct cgroup_stats (pure)
 *   pod_names bundle   uid, id -> namespace, pod, container, image; the runtimes' config.json (pure)
 *   pod_pids           a process of each pod, also where control groups do not give its number
 *   exits              OOM kills and ends that outlive the container
 *   network disks machine   interfaces of a pod; names of devices; machine_*
 *   container_metrics  all of that -> container_* (pure)
 *   kube_pod           its collector
 *   kube_pods kube_containers kube_labels kube_row   pod objects -> kube_pod_* (pure) */
#ifndef AGENT_PODS_PODS_H
#define AGENT_PODS_PODS_H

#include "agent/collectors/collector.h"
#include "parsers/kubernetes/podlist.h"

extern const struct collector *const pod_collectors[]; /* ends with NULL */
extern const struct collector kube_pod_collector;

/* kube_pod_* of the pods given: pure, also used by tests with recorded lists. label_allow: names for kube_pod_labels, "*" for
 * all; '*' in a name stands for any bytes. */
void kube_pods_write(struct families *f, const struct podlist *pods, const struct str *label_allow, size_t label_allow_count);

#endif
