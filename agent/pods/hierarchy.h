/* Where the control groups are mounted: one hierarchy (version 2), one for each controller (version 1), or both (hybrid).
 * Decided from what lies in the directory, not from the mount table, which is that of another mount namespace than the host's. */
#ifndef AGENT_PODS_HIERARCHY_H
#define AGENT_PODS_HIERARCHY_H

#include "agent/pods/cgroup_stats.h"

enum { HIERARCHIES_MAX = CGROUP_CONTROLLERS + 1, HIERARCHY_PATH = 512 };

struct hierarchy {
	char path[HIERARCHY_PATH]; /* where it is mounted */
	enum cgroup_version version;
	unsigned controllers;      /* a bit for each that is to be read here, when the control group is there */
};
struct hierarchies {
	struct hierarchy at[HIERARCHIES_MAX]; /* version 1 first: where both know a controller, version 1 has it */
	size_t count;
	size_t tree; /* the one that is walked to find control groups */
};

/* root: "/sys/fs/cgroup" or where it is seen from here. 0 or -ENOENT: none there. */
int hierarchies_find(struct hierarchies *h, const char *root);

#endif
