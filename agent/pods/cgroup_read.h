/* One control group, read. Which hierarchy has a controller is asked for each group anew: on hybrid hosts that differs. */
#ifndef AGENT_PODS_CGROUP_READ_H
#define AGENT_PODS_CGROUP_READ_H

#include <sys/types.h>

#include "agent/pods/hierarchy.h"

enum { CGROUP_FILE_MAX = 64 << 10 }; /* larger files are cut at a line */

struct cgroup_reader { /* used by one thread at a time */
	char *bytes;
	struct cgroup_io io; /* of the last read */
};
void cgroup_reader_init(struct cgroup_reader *r);
void cgroup_reader_fini(struct cgroup_reader *r);

/* path: "/" or "/a/b". with_spec: limits too; else those in *stats stay. 0 or -errno: the group is nowhere (it may have ended
 * just now). */
int cgroup_read(struct cgroup_reader *r, const struct hierarchies *h, const char *path, bool with_spec, struct cgroup_stats *stats);
/* When it was made, in seconds; 0: not known. Making groups below touches the directory, not the file; both are asked. */
int64_t cgroup_started_s(const struct hierarchies *h, const char *path);
/* A process in it, or in the first of the groups that runtimes make inside of a container's; 0: none; -1: there is one, but it has
 * no number in our namespace of processes (version 2 writes 0; version 1 leaves it out). */
pid_t cgroup_first_pid(struct cgroup_reader *r, const struct hierarchies *h, const char *path);

#endif
