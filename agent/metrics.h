/* The story of a sample, and the only file that knows every stage of it: collection and scrape -> spool -> remote-write.
 * One of it runs one configuration; a reload drains it and starts another. */
#ifndef AGENT_METRICS_H
#define AGENT_METRICS_H

#include "agent/scrape/scrape.h"
#include "agent/worker.h"
#include "exporters/remote_write/remote_write.h"

struct metrics;
struct metrics_options {
	const struct config *config;
	const char *spool_path;      /* NULL: the state directory cannot be written, keep samples in memory */
	struct str node_name;
	struct roots roots;
	const char *const *collector_flags;
	size_t collector_flag_count;
	struct loop *loop;
	struct pod_shelf *shelf;     /* objects of pods for collectors; NULL: none */
	struct worker *worker;
	void (*own)(void *ctx, enum scrape_builtin which, struct buf *out); /* as of struct scrape_options */
	void *own_ctx;
};
struct metrics *metrics_start(const struct metrics_options *options, char err[256]);
/* Called by the pipeline before the loop sleeps. Next monotonic deadline, INT64_MAX: none. */
int64_t metrics_turn(struct metrics *m, int64_t now_ns, int64_t now_wall_ns);
/* Stops scraping and sends what is there: `metrics_is_drained` when every receiver has everything, or holds nothing that can be sent now. */
void metrics_drain(struct metrics *m);
bool metrics_is_drained(const struct metrics *m, bool is_patience_over);
void metrics_free(struct metrics *m);

/* Pod objects for discovery; copied as far as needed. NULL: not known. */
void metrics_set_pods(struct metrics *m, const struct podlist *pods, const struct monitor_tables *monitors);

struct collection *metrics_collection(struct metrics *m); /* for /metrics/node and /metrics/pods */
struct metrics_status {
	struct scrape_status scrape;
	struct spool_status spool;
	size_t receiver_count;
};
void metrics_status(const struct metrics *m, struct metrics_status *out);
const struct drops *metrics_drops(const struct metrics *m); /* the newest that receivers refused */
void metrics_receiver(const struct metrics *m, size_t i, struct remote_write_status *out);
void metrics_each_target(const struct metrics *m, void (*fn)(void *ctx, const struct target_status *target), void *ctx);

#endif
