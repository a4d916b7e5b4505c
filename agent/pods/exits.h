/* What is counted of containers beyond their end: processes that the kernel killed for want of memory, and ends. By namespace,
 * pod and container, as long as this process lives; the number of them is bounded, the longest gone ones give way. */
#ifndef AGENT_PODS_EXITS_H
#define AGENT_PODS_EXITS_H

#include "agent/pods/cgroups.h"

enum { EXITS_MAX = 4096 };

struct exit_count {
	struct str namespace_, pod, container, image; /* owned; container is empty when only the pod is known */
	uint64_t oom_kills, exits;
	uint64_t live; /* number of the scrape that last saw such a container */
	struct str key; /* private, owned */
};
struct exits;
struct exits *exits_new(void);
void exits_free(struct exits *e);
/* Once after each cgroups_update. */
void exits_update(struct exits *e, struct cgroups *c);
/* Sorted by namespace, pod, container; until the next update. */
struct exit_count *const *exits_list(const struct exits *e, size_t *count);

#endif
