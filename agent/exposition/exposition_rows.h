/* Rows of families whose values stand in structs: what the parts of the self metrics share. */
#ifndef AGENT_EXPOSITION_EXPOSITION_ROWS_H
#define AGENT_EXPOSITION_EXPOSITION_ROWS_H

#include "agent/exposition/families.h"
#include "agent/status.h"

enum exposition_kind { EXPOSITION_U64, EXPOSITION_SECONDS, EXPOSITION_BOOL }; /* uint64_t; int64_t nanoseconds shown as seconds; bool */
struct exposition_row {
	const char *name, *help;
	size_t offset;
	enum metric_type type;
	enum exposition_kind kind;
};
struct exposition_labelled_row { /* an array of uint64_t counters, one label for the index */
	const char *name, *help, *label;
	const char *const *values;
	size_t count, offset;
};

void exposition_rows(struct families *f, const struct exposition_row *rows, size_t count, const void *base);
/* For each of an array of views; a view begins with the name of its destination (struct str). */
void exposition_destination_rows(struct families *f, const struct exposition_row *rows, size_t count, const void *views, size_t view_count,
				 size_t view_bytes);
/* The same for an array of counters. No views: `views` is one struct without a name. */
void exposition_labelled(struct families *f, const struct exposition_labelled_row *row, const void *views, size_t view_count, size_t view_bytes);

/* exposition_kubernetes.c: pods that are asked for. */
void exposition_kubernetes(struct families *f, const struct kubernetes *k);
/* exposition_stages.c: what `metrics` stages count. */
void exposition_stages(struct families *f, const struct status *status);
/* exposition_promtail.c: what Promtail would show, by its names. */
void exposition_promtail(struct families *f, const struct status *status);
/* exposition_metrics.c: scraping, spool, receivers. */
void exposition_metrics(struct families *f, const struct metrics *m);

#endif
