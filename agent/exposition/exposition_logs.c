/* Metrics out of logs. For each container the levels that alerts ask for are there from its first line on, so that the first error is an
 * increase and not a new series; other levels come with their first line. */
#include "agent/exposition/exposition.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/exposition/exposition_rows.h"
#include "agent/logs/line_counts.h"

enum { EXEMPLAR_LABEL_ROOM = 80 };
static const bool is_always_shown[LEVELS] = { [LEVEL_INFO] = true, [LEVEL_WARN] = true, [LEVEL_ERROR] = true };

static void line_count(struct families *f, const struct line_row *row, enum level level)
{
	const struct line_exemplar *e = &row->exemplars[level];
	const struct metric_exemplar exemplar = {
		.trace_id = { e->trace.trace_id, e->has_trace ? sizeof e->trace.trace_id : 0 },
		.span_id = { e->trace.span_id, e->has_trace && e->trace.has_span ? sizeof e->trace.span_id : 0 },
		.value = 1, .timestamp_ns = e->timestamp_ns,
	};
	struct str name = str_of(level_names[level]);
	if (row->job.n) {
		const struct metric_label labels[] = { { "level", name }, { "log_job", row->job } };
		families_traced(f, "", labels, COUNT_OF(labels), (double)row->lines[level], &exemplar);
		return;
	}
	const struct metric_label labels[] = { { "container", row->container }, { "level", name }, { "namespace", row->namespace_ },
		{ "pod", row->pod } };
	families_traced(f, "", labels, COUNT_OF(labels), (double)row->lines[level], &exemplar);
}

static void line_counts(struct families *f, const struct line_counts *counts)
{
	const struct line_row **rows = line_counts_sorted(counts);
	families_begin(f, "log_lines_total", METRIC_COUNTER,
		"Lines that were read, by the level that they say, before any stage of a pipeline; files that are no pod's by their job.");
	for (size_t i = 0; i < counts->rows.count; i++)
		for (int level = 0; level < LEVELS; level++)
			if (rows[i]->lines[level] || is_always_shown[level])
				line_count(f, rows[i], (enum level)level);
	free(rows);
}

void exposition_logs(const struct status *status, struct buf *out, bool openmetrics)
{
	struct families families;
	char label[EXEMPLAR_LABEL_ROOM];
	families_init(&families, out, openmetrics);
	if (status->exemplar_label.n) {
		snprintf(label, sizeof label, STR_FMT, STR_ARG(status->exemplar_label));
		families.exemplar_label = label;
	}
	if (status->line_counts)
		line_counts(&families, status->line_counts);
	exposition_stages(&families, status);
	families_fini(&families);
}
