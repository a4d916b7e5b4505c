/* From what was discovered to a target: the job's defaults, relabelling, checks, address. prometheus: scrape/target.go, PopulateLabels. */
#ifndef AGENT_SCRAPE_TARGET_LABELS_H
#define AGENT_SCRAPE_TARGET_LABELS_H

#include "agent/scrape/discovery.h"
#include "parsers/relabel.h"

enum target_verdict { TARGET_KEPT, TARGET_DROPPED, TARGET_INVALID };
struct target_labels { /* views into `arena` and the job's configuration */
	struct arena arena;
	struct labels discovered; /* with the job's defaults, before relabelling */
	struct labels all;        /* after it, without __meta_… */
	struct labels shown;      /* without the __…__ ones: what samples get */
	struct str url;
	int64_t interval_ms, timeout_ms;
};
/* Fills *out, which must be {0}; err (one sentence) when invalid. Free it in any case. */
enum target_verdict target_labels_make(struct target_labels *out, const struct config_metric_scrape *job, const struct relabel *rules,
				       const struct discovered *found, char err[256]);
void target_labels_fini(struct target_labels *l);
/* "1m30s", as Prometheus writes durations. */
void target_duration(struct buf *out, int64_t ms);

#endif
