/* The targets that are not bound to one container's folder: patterns of static_configs and file_sd_configs, and those of pods whose
 * __path__ leads out of their own log folder. Each is held against the folders that its pattern reaches; there it becomes a want. */
#ifndef AGENT_TAIL_TARGETS_H
#define AGENT_TAIL_TARGETS_H

#include "agent/tail/folder.h"

struct tail;

struct target {
	struct target *next;
	struct want *want;            /* what folders get a copy of */
	const struct folder *of;      /* of this container; NULL: of the configuration */
	bool is_seen;
};

/* Those of the configuration and of its files; begins to look at the files every FILE_SD_LOOK_MS. */
void targets_start(struct tail *t);
void targets_stop(struct tail *t);
/* A pod's __path__ may fit more than the folder's own logs. */
bool targets_is_wide(const struct folder *f, const struct want *w);
void targets_add_wide(struct folder *f, const struct want *w);
void targets_of_new_pod(struct folder *f); /* what others want of it */
void targets_forget(struct tail *t, const struct folder *f); /* the folder goes away, and what its container wanted elsewhere */

#endif
