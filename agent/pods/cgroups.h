/* The control groups of this node that are shown, with what they say now: the root, what leads to the pods, pods and containers.
 * One table, brought up to date once per scrape; what has ended is handed out once more and then forgotten. */
#ifndef AGENT_PODS_CGROUPS_H
#define AGENT_PODS_CGROUPS_H

#include "agent/collectors/collector.h"
#include "agent/pods/cgroup_read.h"
#include "agent/pods/pod_names.h"

enum { CGROUPS_MAX = 20000 };

struct cgroup;
struct pod_process { /* of a pod; agent/pods/pod_pids.c finds it */
	pid_t pid;                  /* below roots.proc; 0: none is known */
	const struct cgroup *group; /* for whom it speaks: the sandbox, or the pod where there is none; until the next update */
	/* private */
	char container_id[CGROUP_ID_BYTES]; /* where it was found */
	bool is_sought;
	unsigned scans;             /* that have not found one */
	int64_t scan_ns;            /* when to look again */
};
struct cgroup {
	struct str path;              /* the label `id`; NUL-terminated, owned */
	struct cgroup_path is;        /* views into path */
	struct pod_name name;
	struct cgroup_stats stats;
	struct cgroup_device *devices; /* owned */
	size_t device_count, device_room;
	int64_t started_s;            /* 0: not known */
	/* what agent/pods/exits.c has made of it */
	uint64_t oom_kills_seen;
	bool is_counted;
	struct pod_process process;
	/* private */
	uint64_t seen;                /* number of the scrape that found it last */
	uint64_t first_seen;
	int64_t spec_ns, name_ns;     /* when to look again */
	unsigned name_tries;
};
struct cgroups {
	struct cgroup **at;           /* sorted by path: a pod stands before its containers */
	size_t count;
	struct cgroup **gone;         /* ended since the update before; until the next one */
	size_t gone_count;
	uint64_t scrape;              /* number of updates so far */
	bool is_incomplete;           /* there were more than CGROUPS_MAX */
	struct hierarchies hierarchies;
	struct cgroup_reader reader;
	struct cgroups_state *state;  /* private */
};

void cgroups_init(struct cgroups *c);
void cgroups_fini(struct cgroups *c);
/* 0, or -ENODATA: no control groups are mounted there. */
int cgroups_update(struct cgroups *c, const struct collect *scrape);

#endif
