/* Runs collectors: once per scrape, on a thread of its own, so that nothing in /proc, /sys or a dead mount ever holds up the logs.
 * Scrapes that come while one runs wait for the next run and share it when they ask for the same. */
#ifndef AGENT_COLLECTORS_COLLECTION_H
#define AGENT_COLLECTORS_COLLECTION_H

#include "agent/collectors/collector.h"
#include "agent/loop.h"

enum collection_part { COLLECT_NODE = 1, COLLECT_PODS = 2 };

struct collection_options {
	struct roots roots;
	/* "--collector.NAME", "--no-collector.NAME", "--collector.NAME.OPTION=VALUE", "--collector.disable-defaults" as they stood on the
	 * command line, without the dashes in front; in order, the last one wins. */
	const char *const *flags;
	size_t flag_count;
	struct loop *loop;
	struct pod_shelf *shelf; /* agent/kubernetes/pod_shelf.h: objects of pods, for who knows what to do with them. NULL: none */
};
struct collect_request {
	unsigned parts;                 /* of enum collection_part */
	bool is_openmetrics;
	const struct str *only, *except; /* collect[] and exclude[]; copied */
	size_t only_count, except_count;
};
/* On the loop. text: the families, without "# EOF"; valid during the call. error: NULL or one sentence (unknown collector, over time). */
typedef void collect_done(void *ctx, struct str text, const char *error);

struct collection;
/* NULL and err: an unknown collector or option (with the nearest name), a bad pattern. */
struct collection *collection_new(const struct collection_options *options, char err[256]);
void collection_free(struct collection *c); /* requests in progress end without their callback */
/* done is called exactly once, from the loop, never from here. deadline_ns: monotonic; then it is called with an error. */
void collection_run(struct collection *c, const struct collect_request *request, int64_t deadline_ns, collect_done *done, void *ctx);
void collection_cancel(struct collection *c, void *ctx); /* no callback for this ctx any more */
bool collection_has(const struct collection *c, struct str collector); /* known by name */
/* For --help and docs: each collector's flags. */
void collection_help(struct buf *out);

#endif
