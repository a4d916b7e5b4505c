/* The story of a log line, and the only file that knows every stage of it: tail -> reader -> destinations -> positions. The story of a
 * sample runs beside it (agent/metrics.h). One pipeline runs one configuration; a reload drains it and starts another. */
#ifndef AGENT_LOGS_PIPELINE_H
#define AGENT_LOGS_PIPELINE_H

#include "agent/loop.h"
#include "agent/metrics.h"
#include "agent/status.h"
#include "agent/worker.h"
#include "config/config.h"

struct node_pods;
struct pipeline;
struct pipeline_options {
	const struct config *config; /* lives as long as the pipeline */
	const char *pods_path, *docker_path, *checkpoint_path, *service_account_path;
	const char *import_path;     /* Promtail's positions; NULL: none */
	bool is_state_usable;
	struct str node_name;        /* label node_name, empty: none */
	struct str host;             /* what this machine is called: for __host__, and the node name that discovery tells */
	struct node_pods *pods;      /* objects of this node's pods; NULL: those that the section kubernetes supplies */
	struct loop *loop;           /* its before-sleep hook is taken */
	struct worker *worker;
	struct taps *taps;           /* who looks at lines as they pass; NULL: nobody can */
	/* of the metrics side; what both have in common is filled in from here */
	struct metrics_options metrics;
};

/* NULL and err (one sentence) when it cannot start. */
struct pipeline *pipeline_start(const struct pipeline_options *options, char err[256]);
/* Stops reading, sends what is read; calls done when everything is settled or at deadline_ns (monotonic). */
void pipeline_drain(struct pipeline *p, int64_t deadline_ns, loop_fn *done, void *ctx);
void pipeline_free(struct pipeline *p); /* saves positions */
/* Fills what the pipeline knows; the rest of *out is the caller's. */
void pipeline_status(struct pipeline *p, struct status *out);

/* Lives as long as the pipeline. */
struct metrics *pipeline_metrics(struct pipeline *p);

#endif
