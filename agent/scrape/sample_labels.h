/* The labels that a sample has in the end: what the target wrote, then the target's own, then relabelled.
 * prometheus: scrape/scrape.go, mutateSampleLabels. */
#ifndef AGENT_SCRAPE_SAMPLE_LABELS_H
#define AGENT_SCRAPE_SAMPLE_LABELS_H

#include "parsers/exposition/exposition.h"
#include "parsers/relabel.h"

struct ingest_rules { /* what a target's configuration says about its samples; all views outlive their user */
	const struct labels *target;            /* without the __…__ ones */
	const struct labels *external;          /* added to what lacks them; NULL: none */
	const struct relabel *metric_relabel;
	bool honor_labels, honor_timestamps, track_timestamps_staleness;
	bool no_histograms;                     /* native ones are left out */
	uint64_t sample_limit, label_limit, label_name_length_limit, label_value_length_limit; /* 0: none */
	int64_t start_ms;                       /* of counters whose own start is not known; 0: not known either */
};

enum sample_verdict { SAMPLE_KEPT, SAMPLE_DROPPED, SAMPLE_INVALID, SAMPLE_OVER_LABEL_LIMIT };
struct sample_labels { /* memory that is used again; {0} is empty */
	struct labels exposed, all;
	struct arena arena;
};
/* `all` and `exposed` of l are views into the text and l's arena, until the next call. err: one sentence, for the last two verdicts. */
enum sample_verdict sample_labels_make(struct sample_labels *l, const struct ingest_rules *rules, struct str series, enum metric_type type, char err[256]);
/* Adds the external labels, when it is about to be written. */
void sample_labels_add_external(struct sample_labels *l, const struct ingest_rules *rules);
void sample_labels_fini(struct sample_labels *l);

#endif
