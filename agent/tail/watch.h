/* Inotify as a hint: one instance, directories only. What it misses, the reconciliation finds; when it is exhausted, folders
 * are polled through the same code. */
#ifndef AGENT_TAIL_WATCH_H
#define AGENT_TAIL_WATCH_H

#include <stdbool.h>
#include <stdint.h>

enum watch_change {
	WATCH_WRITTEN, /* bytes were appended to `name` */
	WATCH_LISTING, /* a name came, went or changed: look at the whole directory */
	WATCH_GONE     /* the directory itself is gone; its watch is already removed */
};
struct watch_event {
	void *owner; /* as given to watch_add */
	enum watch_change change;
	const char *name; /* "" for the directory itself */
};

struct watch;
/* NULL with errno when the kernel gives no instance (the limit is per user): poll then. */
struct watch *watch_new(void);
void watch_free(struct watch *w);
int watch_fd(const struct watch *w);

/* Watches a directory by path (links are not followed). The watch number (> 0), or -errno: -ENOSPC when watches are used up. */
int watch_add(struct watch *w, const char *path, void *owner);
/* Whether writes in the directory are reported (they are after watch_add); names always are. As watch_add otherwise. */
int watch_writes(struct watch *w, const char *path, void *owner, bool is_wanted);
void watch_remove(struct watch *w, int number);
uint64_t watch_count(const struct watch *w);

/* Reads all that is there. true: the kernel's queue overflowed, events are missing: look at everything. */
bool watch_drain(struct watch *w, void (*fn)(void *ctx, const struct watch_event *event), void *ctx);

#endif
