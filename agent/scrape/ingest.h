/* From what a target answered to frames in the spool: one `struct ingest` for all targets, one after the other on the loop.
 *
 *   ingest_begin(g, &rules, &memory, ms);
 *   if (fetched && ingest_body(g, format, body, &result)) … else ingest_stale(g);
 *   ingest_report(g, is_up, duration_s, &result);
 *   ingest_end(g);
 *
 * A body is read to its end before anything of it is written: an answer that breaks off, or that is over a limit, leaves nothing.
 * What it costs is one row of 16 bytes per sample in between, in memory that all targets share. */
#ifndef AGENT_SCRAPE_INGEST_H
#define AGENT_SCRAPE_INGEST_H

#include "agent/scrape/metadata.h"
#include "agent/scrape/sample_labels.h"
#include "agent/scrape/series.h"
#include "agent/spool/spool.h"
#include "parsers/exposition/exposition.h"

enum { INGEST_REPORTS = 5, INGEST_AHEAD_MS = 10 * 60 * 1000 /* samples further ahead of the clock are not taken */ };

struct ingest_counters {
	uint64_t samples_appended, exceeded_sample_limit, exceeded_label_limit, duplicate_samples, out_of_bounds, spool_errors;
	uint64_t stale_markers, exemplars_appended;
};
struct ingest_memory { /* of one target; {0} is a new one */
	struct series_cache series;
	struct metadata_cache metadata;
	uint64_t segment;                    /* that the numbers in it belong to */
	uint32_t reports[INGEST_REPORTS];    /* numbers of up and its like */
};
struct ingest_result {
	uint64_t total, kept, series_added;  /* samples read; after relabelling; series that the scrape before had not */
	char error[256];                     /* one sentence when it failed */
};

struct ingest;
struct ingest *ingest_new(struct spool *spool);
void ingest_free(struct ingest *g);
void ingest_memory_fini(struct ingest_memory *m);
const struct ingest_counters *ingest_counters(const struct ingest *g);

/* ms: the timestamp of the scrape. */
void ingest_begin(struct ingest *g, const struct ingest_rules *rules, struct ingest_memory *memory, int64_t ms);
/* false: nothing of the body was taken, all series of the target were marked as stale, result->error says why. */
bool ingest_body(struct ingest *g, enum exposition_format format, struct str body, struct ingest_result *result);
/* Everything that was there is there no more. */
void ingest_stale(struct ingest *g);
/* up, scrape_duration_seconds and the rest of the five. */
void ingest_report(struct ingest *g, bool is_up, double duration_s, const struct ingest_result *result);
void ingest_report_stale(struct ingest *g);
/* 0, or -errno of the spool: then it is as if this had not been scraped. */
int ingest_end(struct ingest *g);

#endif
