/* container_*: names, types, help and labels as cAdvisor has them (metrics/prometheus.go) and the kubelet serves them. Pure. */
#ifndef AGENT_PODS_CONTAINER_METRICS_H
#define AGENT_PODS_CONTAINER_METRICS_H

#include "agent/pods/cgroups.h"
#include "agent/pods/disks.h"
#include "agent/pods/exits.h"
#include "agent/pods/network.h"

struct pod_network {
	const struct cgroup *group; /* the sandbox, or the pod where there is none; "/" for the host's */
	const struct network_interface *at;
	size_t count;
};
struct container_view {
	struct cgroup *const *groups;
	size_t group_count;
	const struct pod_network *networks;
	size_t network_count;
	struct exit_count *const *exits;
	size_t exit_count;
	struct disks disks;
	int64_t now_s;
	bool is_incomplete;
};

/* Families stand in order of how much dashboards need them: when the page has no room for a whole family any more, it is left
 * out and container_scrape_error is 1. */
void container_metrics_write(struct families *f, const struct container_view *v);

#endif
