/* What a control group is, by its path: a pod's, a container's, or one that leads there. Pure.
 * kubernetes: pkg/kubelet/cm (cgroup names of QoS levels and pods); the runtimes add the last component.
 *   systemd:  [x.slice/][x-]kubepods.slice/[x-]kubepods-burstable.slice/[x-]kubepods-burstable-pod<uid>.slice/cri-containerd-<id>.scope
 *             (with _ for - in the uid)
 *   cgroupfs: [x/]kubepods/burstable/pod<uid>/<id>
 *   mixed up: system.slice/containerd.service/kubepods-burstable-pod<uid>.slice:cri-containerd:<id> */
#ifndef AGENT_PODS_CGROUP_PATH_H
#define AGENT_PODS_CGROUP_PATH_H

#include "parsers/bytes/str.h"

enum { CGROUP_UID_MIN = 32, CGROUP_UID_MAX = 36, CGROUP_ID_BYTES = 64 };

enum cgroup_kind {
	CGROUP_OTHER,
	CGROUP_KUBEPODS,  /* all pods are below */
	CGROUP_QOS,
	CGROUP_POD,
	CGROUP_CONTAINER, /* a container or a sandbox */
	CGROUP_IGNORED    /* mounts, conmon, CRI-O's sandbox without a scope: nothing of it is shown */
};
struct cgroup_path {
	enum cgroup_kind kind;
	struct str container_id;          /* 64 hex digits, a view into the path; empty for other kinds */
	char uid[CGROUP_UID_MAX + 1];     /* NUL-terminated, with dashes: as the API has it. "" above pods */
};

/* path: from the root of the hierarchy, "/" or "/a/b". What lies below a container of a pod is CGROUP_OTHER. */
struct cgroup_path cgroup_path_parse(struct str path);
/* A line of /proc/<pid>/cgroup ("0::/a/b", "4:memory:/a/b"): the id of the container in whose group the process is, or in one of the
 * groups that runtimes make inside of it; a view, empty when it is in none. The path begins at the group of whoever reads the file
 * ("/../../b"), so only its end is looked at. */
struct str cgroup_path_of_process(struct str line);

#endif
