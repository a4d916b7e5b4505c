/* Tells when the configuration file says something new: a ConfigMap that was edited, a file that a tool replaced. By the clock, not by
 * inotify: a mounted ConfigMap changes by a swapped link two levels up, editors replace files, and a hash of the bytes sees all of it. */
#ifndef AGENT_CONFIG_WATCH_H
#define AGENT_CONFIG_WATCH_H

#include "agent/loop.h"

struct config_watch { /* stays where it is while started; {0} is stopped */
	struct loop *loop;
	struct loop_timer timer;
	const char *path;
	int64_t interval_ns;
	uint64_t judged;  /* hash of what was last told, or was there at the start */
	uint64_t seen;    /* hash of the last look */
	void (*changed)(void *ctx, uint64_t hash); /* the hash as in struct config */
	void *ctx;
};
/* path and ctx outlive the watch. hash: of the file in force. The same bytes are told once, however wrong they are; a file that is still being
 * written is not told until two looks find the same. A file that cannot be read is as if it had not changed. */
void config_watch_start(struct config_watch *w, struct loop *loop, const char *path, int64_t interval_ns, uint64_t hash);
void config_watch_stop(struct config_watch *w);

#endif
