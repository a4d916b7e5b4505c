/* A process of each pod: its network is that of any of its processes, so it is read through one (network.h). */
#ifndef AGENT_PODS_POD_PIDS_H
#define AGENT_PODS_POD_PIDS_H

#include "agent/pods/cgroups.h"

enum { POD_PIDS_SCAN_S = 5, POD_PIDS_SCAN_LATER_S = 60, POD_PIDS_SCANS_FAST = 6, POD_PIDS_LOOKS_MAX = 4096 };

struct pod_pids { /* used by one thread at a time; holds no resource */
	size_t looks_max;  /* processes looked at in a scan */
	size_t looks;      /* since the beginning */
	pid_t own;         /* our own process below roots.proc, when that is another namespace of processes than ours; else 0 */
	bool is_asked;     /* whether it is */
	int64_t scan_ns;   /* no scan before */
	long place;        /* in the directory, where the scan before has stopped; 0: at its end */
};
void pod_pids_init(struct pod_pids *p);
/* For groups that are up to date: fills `process` of each pod. */
void pod_pids_update(struct pod_pids *p, struct cgroups *groups, const struct collect *scrape);

#endif
