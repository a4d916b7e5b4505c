/* Scraping: targets are found, relabelled, fetched on time, and what they say goes into the spool.
 *
 *   scrape.c        the manager: jobs, discovery turns, who scrapes when
 *   discovery.c     static_configs, file_sd_configs, annotated pods -> label sets
 *   target.c        one target: timer, request, deadline, result, health
 *   fetch.c         HTTP with limits: body size decoded, one deadline for all, TLS and credentials; addresses that annotations may not reach
 *   series.c        the series cache of a target: text -> number in the segment, relabelled once; who was here last time
 *   ingest.c        a body -> journal frames: limits, honor_*, report series, stale markers
 *
 * prometheus: scrape/scrape.go, discovery/file. Semantics: docs/METRICS.md. */
#ifndef AGENT_SCRAPE_SCRAPE_H
#define AGENT_SCRAPE_SCRAPE_H

#include "agent/collectors/collection.h"
#include "agent/spool/spool.h"
#include "config/config.h"
#include "agent/scrape/monitors.h"
#include "exporters/http.h"
#include "parsers/kubernetes/podlist.h"

enum target_health { TARGET_UNKNOWN, TARGET_UP, TARGET_DOWN };
struct target_status { /* a row of /targets and /api/v1/targets; views until the callback returns */
	struct str job, scrape_url, last_error;      /* url with secrets masked; error "" when well */
	const struct labels *labels, *discovered;
	enum target_health health;
	int64_t last_scrape_wall_ns, last_duration_ns, interval_ms, timeout_ms;
	uint64_t samples, samples_after_relabelling, series_added;
	bool is_dropped;                              /* by relabelling: only `discovered` is of interest */
};
struct scrape_status {
	uint64_t targets, targets_up, scrapes, scrapes_failed, scrapes_skipped_late, samples_appended, series;
	uint64_t exceeded_sample_limit, exceeded_label_limit, exceeded_body_size_limit, duplicate_samples, out_of_bounds, spool_errors;
	uint64_t stale_markers, exemplars_appended;
};

struct scrape_options {
	const struct config *config;         /* config->metrics; lives as long as the manager */
	struct str node_name;                /* label instance of the built-in jobs; empty: host name */
	struct loop *loop;
	struct http *http;                   /* shared with nobody: scrapes have their own multi handle */
	struct spool *spool;
	struct collection *collection;       /* built-in jobs node and pods */
	/* Built-in jobs self and logs: our own metrics, or those out of logs, as OpenMetrics text with # EOF. */
	void (*own)(void *ctx, enum scrape_builtin which, struct buf *out);
	void *own_ctx;
	void (*appended)(void *ctx);         /* something new is in the spool */
	void *appended_ctx;
};
struct scrape;
struct scrape *scrape_new(const struct scrape_options *options, char err[256]);
/* No stale markers are written: a restart is no reason for a gap. */
void scrape_free(struct scrape *s);
/* Pod objects for discovery, and the monitors that choose among them; copied as far as needed. NULL: not known (none). */
void scrape_set_pods(struct scrape *s, const struct podlist *pods, const struct monitor_tables *monitors);
void scrape_status(const struct scrape *s, struct scrape_status *out);
void scrape_each_target(const struct scrape *s, void (*fn)(void *ctx, const struct target_status *target), void *ctx);

#endif
