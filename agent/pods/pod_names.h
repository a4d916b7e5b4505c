/* Which pod and container a control group belongs to, without asking the API: names of the kubelet's log directories and links,
 * and the runtimes' notes in their state directories; and pod objects, for what all these do not say. What cannot be read is not known; a
 * wrong name is never given. */
#ifndef AGENT_PODS_POD_NAMES_H
#define AGENT_PODS_POD_NAMES_H

#include "agent/collectors/collector.h"
#include "agent/pods/cgroup_path.h"

enum { POD_NAMES_BUNDLE_MAX = 1 << 20 };

struct pod_name { /* texts owned; "" as an empty view: not known */
	struct str namespace_, pod, container, image, name;
	bool is_sandbox;
	bool is_complete; /* there is nothing left to find out */
};
void pod_name_fini(struct pod_name *n);
/* A pod is called what one of its containers says it is. */
void pod_name_of_container(struct pod_name *pod, const struct pod_name *container);

struct pod_names; /* what the directories list, read at most once between two pod_names_begin */
struct pod_names *pod_names_new(void);
void pod_names_free(struct pod_names *p);
/* pods: NULL, or objects that live until the next begin. */
void pod_names_begin(struct pod_names *p, const struct roots *roots, const struct podlist *pods);
/* Fills what is missing in *out for a pod's or a container's group. */
void pod_names_find(struct pod_names *p, const struct cgroup_path *path, struct pod_name *out);

#endif
