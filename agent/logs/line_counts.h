/* log_lines_total: lines by container and level, each with the trace of the newest one that increased it. A row for each container, or for
 * each job of logs that are no pod's. Its users keep a pointer to it, so counting looks nothing up.
 *
 * Bounded: beyond LINE_ROWS_MAX rows, further containers count together in one row "__overflow__". A row that nobody uses any more is
 * shown for LINE_ROW_KEPT_NS, so that its last count is scraped, and then forgotten; if its container comes back before that, it
 * goes on where it was. A row with users never becomes less. */
#ifndef AGENT_LOGS_LINE_COUNTS_H
#define AGENT_LOGS_LINE_COUNTS_H

#include "parsers/bytes/map.h"
#include "parsers/record.h"

enum { LINE_ROWS_MAX = 2000 };
#define LINE_ROW_KEPT_NS (INT64_C(600) * 1000000000)

struct line_exemplar { /* has_trace false: none yet */
	struct trace_context trace;
	int64_t timestamp_ns;
	bool has_trace;
};
struct line_row {
	struct str key;
	struct str namespace_, pod, container, job; /* job: of logs that are no pod's, the others are empty then */
	uint64_t lines[LEVELS];
	uint64_t dropped;        /* by stages, on the way to the first destination; not shown as a metric */
	struct line_exemplar exemplars[LEVELS];
	size_t users;
	int64_t unused_since_ns; /* 0: used, or not looked at since */
};
struct line_counts { /* {0} is empty */
	struct map rows;
	struct line_row *overflow; /* among the rows */
};

void line_counts_fini(struct line_counts *c); /* no row is used any more */
/* The row of a container, or of a job when pod is empty: found or made, never NULL, the caller is one more user of it. */
struct line_row *line_counts_use(struct line_counts *c, struct str namespace_, struct str pod, struct str container, struct str job,
	int64_t now_ns);
void line_row_leave(struct line_row *row); /* NULL does nothing */
/* Forgets what nobody has used for long enough; the clock is the caller's, the same as above. */
void line_counts_expire(struct line_counts *c, int64_t now_ns);
/* All rows, sorted by name; to be freed by the caller. */
const struct line_row **line_counts_sorted(const struct line_counts *c);

/* One line. trace: NULL when it has none or is known not to be sampled. */
static inline void line_row_count(struct line_row *row, enum level level, const struct trace_context *trace, int64_t timestamp_ns)
{
	row->lines[level]++;
	if (!trace)
		return;
	struct line_exemplar *e = &row->exemplars[level];
	if (e->has_trace && timestamp_ns < e->timestamp_ns)
		return; /* two instances of a container are read by turns */
	*e = (struct line_exemplar){ *trace, timestamp_ns, true };
}

#endif
