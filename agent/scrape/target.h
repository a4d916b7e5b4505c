/* One target: its clock, the scrape in flight, how it went, and its end.
 *
 * Scrapes are due at a fixed beat; the first one comes within one interval, at a place that the target's hash chooses, so that a node's
 * targets are spread over the interval and keep their places over restarts. */
#ifndef AGENT_SCRAPE_TARGET_H
#define AGENT_SCRAPE_TARGET_H

#include "agent/loop.h"
#include "agent/scrape/fetch.h"
#include "agent/scrape/ingest.h"
#include "agent/scrape/scrape.h"
#include "agent/scrape/target_labels.h"

struct target_host { /* what all targets share */
	struct loop *loop;
	struct ingest *ingest;
	struct collection *collection;
	void (*own)(void *ctx, enum scrape_builtin which, struct buf *out);
	void *own_ctx;
	void (*appended)(void *ctx);
	void *appended_ctx;
	struct scrape_status *status;  /* what targets count */
	uint64_t seed;                 /* of the node: the same target on two nodes has two places */
};
struct target;
struct target_job { /* what the targets of a job share */
	const struct target_host *host;
	const struct config_metric_scrape *config;
	struct fetch *fetch;           /* NULL: built in */
	struct relabel *target_rules, *metric_rules;
	struct labels external;
	struct ingest_rules rules;     /* without the target's labels */
	const char *forced_error;      /* not NULL: no target of the job is asked */
	/* Another target writes the series of this one now, which is gone: nothing is to be told of their end. */
	bool (*is_succeeded)(const struct target_job *job, const struct target *gone);
};

/* Takes over the labels. pod_ip: see fetch.h. */
struct target *target_new(const struct target_job *job, struct target_labels *labels, struct str pod_ip);
void target_free(struct target *t);
/* Labels and address: two targets with the same key are one. */
uint64_t target_key(const struct target_labels *labels);
struct str target_key_text(const struct target *t); /* eight bytes, as long as the target lives */
void target_start(struct target *t);
/* It is gone. When it has not come back after two beats and a tenth, its series are marked as stale, at the time of the first scrape that
 * did not take place, and target_is_over is true. */
void target_end(struct target *t);
void target_revive(struct target *t);
bool target_is_ending(const struct target *t);
bool target_is_over(const struct target *t);
/* The same target, found with other labels that relabelling does not leave. Takes them over. */
void target_rediscovered(struct target *t, struct target_labels *labels);
void target_wake(struct target *t); /* a token has come */
void target_status(const struct target *t, struct target_status *out);
const struct labels *target_shown(const struct target *t);
int64_t target_last_ms(const struct target *t); /* timestamp of the last scrape, 0: none */
int64_t target_ending_ms(const struct target *t); /* of the first that did not take place, 0: none yet */
uint64_t target_series(const struct target *t);

#endif
