/* One source of node metrics: the contract. A collector is one file: `parse` halves that are pure (bytes in, numbers out, fuzzed
 * and tested with fixtures) and one `update` that reads files and writes families. Names, types, help and labels are
 * node_exporter 1.12's, exactly. A line or a file that is not understood is left out; a collector fails (< 0) only when it has
 * nothing at all to say. Collectors run on the thread of the collection, never on the loop, and touch nothing but their state and
 * what `collect` lends. */
#ifndef AGENT_COLLECTORS_COLLECTOR_H
#define AGENT_COLLECTORS_COLLECTOR_H

#include <errno.h>

#include "agent/collectors/files.h"
#include "agent/exposition/families.h"
#include "parsers/regex/regex.h"

struct roots { /* without a slash at the end; "" would be "/" */
	const char *proc, *sys, *rootfs, *udev_data, *cgroup, *pod_logs, *runtime_state;
	/* Process 1 of proc lives in another network than we do, as on a node whose agent has a pod network of its own: what the
	 * kernel shows per network is read below proc/1/net (files.h does it), and netlink, which knows only our own, is not
	 * asked. Set by round.c. */
	bool is_net_foreign;
};

/* An option of a collector: --collector.NAME.OPTION=VALUE, or --collector.NAME.OPTION for booleans. */
struct collector_option {
	const char *name;     /* "mount-points-exclude" */
	const char *fallback; /* "true"/"false" makes it a boolean */
	const char *help;
};

struct podlist;
struct collect { /* one scrape, lent to each collector in turn */
	const struct roots *roots;
	struct files *files;
	struct families *out;
	struct buf *scratch;          /* empty at the beginning of each update; for texts made on the way */
	int64_t now_wall_ns, now_ns;  /* wall clock and monotonic */
	const struct podlist *pods;   /* objects of this node's pods, sorted by namespace and name; NULL: not known */
};

struct collector {
	const char *name;             /* the label `collector` and the flag */
	bool is_default;              /* on without being asked, as in node_exporter on Linux */
	const struct collector_option *options; /* ends with a row of NULLs; NULL: none */
	/* values[i] belongs to options[i]. NULL and err: cannot be configured so. May be NULL when there is no state: state is
	 * NULL then. */
	void *(*open)(const char *const *values, const struct roots *roots, char err[256]);
	/* 0; -ENODATA: this host has no such thing (node_scrape_collector_success 0, not logged); other -errno: failed, logged at
	 * debug. */
	int (*update)(void *state, struct collect *c);
	void (*close)(void *state);
};

/* A pair of --collector.X.foo-include / -exclude regexes, the usual filter. */
struct device_filter { struct regex *include, *exclude; };
/* Empty patterns filter nothing. -1 and err: a pattern is bad, or both are given. */
int device_filter_init(struct device_filter *f, const char *include, const char *exclude, char err[256]);
bool device_filter_ignores(const struct device_filter *f, struct str name);
void device_filter_fini(struct device_filter *f);
/* For a collector whose whole state is one such filter: the end of its `open`, and its `close` (which takes NULL). NULL and err: as
 * above. */
struct device_filter *device_filter_new(const char *include, const char *exclude, char err[256]);
void device_filter_free(void *filter);

/* The number in a file below /proc as a gauge without labels. 0, -errno of the reading, -EINVAL: no number in it. */
int collect_gauge(struct collect *c, const char *path, const char *name, const char *help);

#endif
