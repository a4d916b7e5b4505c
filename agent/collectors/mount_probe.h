/* statfs(2) with a deadline. The call hangs for as long as a file server is gone, and nothing can end it; so helper threads make it. One
 * helper serves all mounts that answer; a mount that does not answer keeps its helper, which tells when it does, and is not asked again
 * before. Used by one thread; the helpers outlive the probe when they hang. */
#ifndef AGENT_COLLECTORS_MOUNT_PROBE_H
#define AGENT_COLLECTORS_MOUNT_PROBE_H

#include <sys/statfs.h>

#include "parsers/bytes/str.h"

enum { MOUNT_PROBE_HELPERS_MAX = 64 };

struct mount_probe;
struct mount_answer {
	bool is_stuck;       /* no answer in time, now or since an earlier question */
	int error;           /* errno of statfs */
	struct statfs values;
};

typedef int mount_probe_fn(const char *path, struct statfs *out); /* statfs; tests bring their own */
struct mount_probe *mount_probe_new(mount_probe_fn *fn, int64_t patience_ns);
void mount_probe_free(struct mount_probe *p);
/* Asks for count paths at once and waits for the answers, `patience_ns` at most. The same path must not stand there twice. */
void mount_probe_ask(struct mount_probe *p, const char *const *paths, struct mount_answer *out, size_t count);

#endif
