/* Why a file of a folder is read: for which job, and what its streams are called. One allocation, never changed but in its state. */
#ifndef AGENT_TAIL_WANT_H
#define AGENT_TAIL_WANT_H

#include "agent/logs/log_jobs.h"

enum want_state {
	WANT_READ,
	WANT_WAITING, /* for the pod's object: the file is opened and held, not read, its labels are not known */
	WANT_DROPPED  /* decided: nothing is read */
};
struct want {
	struct want *next;
	const struct want *origin;     /* the target of static_configs or file_sd_configs that it is a copy of; NULL: its folder's own */
	const struct log_job *job;
	enum want_state state;
	bool is_native;                /* a job without relabel_configs: labels by agent/logs/stream_labels.c */
	bool is_moved;                 /* shown under /var/log/pods, wherever the disk has it */
	bool is_frozen;                /* labels that the checkpoint keeps: made with a pod's object, which may change */
	struct str glob, exclude;      /* of the whole path; empty glob: `base` says which file, or a native one takes all of its folder */
	struct str base;               /* only the log of this name; empty: all */
	struct str shown_path;         /* the path that a link was found under; empty: the file's own */
	struct labels labels;          /* of the streams; of a native one those of its static_configs */
	uint64_t target;               /* tells it from others of its job; 0: native */
	struct str namespace_, pod, uid, container; /* of a pod's file behind a link; else empty */
	bool is_unsaved;               /* frozen, and not written down yet */
	bool is_listed;                /* by the last look at the folder; of one with `base` in a pod folder */
	int64_t since_ns;              /* WAITING: monotonic, when the log was first seen */
};
/* A copy with all that it shows. */
struct want *want_new(const struct want *like);
void want_free(struct want *w); /* not what follows it */
/* The same target: what one reads, the other need not read again. */
bool want_is_same(const struct want *a, const struct want *b);
/* A hash of labels and of the path that they are shown with: 0 never. */
uint64_t want_target(const struct labels *labels, struct str shown_path);
/* May it take the log whose live file is `base` in the folder? */
bool want_is_packed(const struct want *w); /* its job reads compressed files as logs of their own */
bool want_takes(const struct want *w, const char *folder_path, struct str base);

#endif
