/* What the log path has counted since start (or reload). Plain fields: one writer, the loop. agent/exposition/exposition.c turns them into
 * samples; the table there is the only other place to touch for a new counter. */
#ifndef AGENT_COUNTERS_H
#define AGENT_COUNTERS_H

#include "parsers/bytes/map.h"
#include "parsers/trace/trace.h"

enum lost_reason { /* bytes that were written but never read */
	LOST_DELETED_UNREAD,      /* held file let go by the cap before it was read to its end */
	LOST_ROTATED_WHILE_DOWN,  /* saved file is gone at start */
	LOST_TRUNCATED,           /* copytruncate took what was not read yet */
	LOST_UNREADABLE,          /* a .gz or .bz2 that does not decompress, or EIO that did not go away */
	LOST_REASONS
};
extern const char *const lost_reason_names[LOST_REASONS];

enum journal_gap { /* times that entries of the systemd journal were not read; how many entries nobody knows */
	JOURNAL_GAP_VACUUMED,     /* the journal was shortened before they were read */
	JOURNAL_GAP_TOO_OLD,      /* at start: older than the job's max_age */
	JOURNAL_GAP_DAMAGED,      /* a file does not hold together */
	JOURNAL_GAPS
};
extern const char *const journal_gap_names[JOURNAL_GAPS];

struct counters {
	uint64_t lines_read, bytes_read;
	uint64_t bytes_lost[LOST_REASONS];
	uint64_t lines_truncated, bytes_truncated, lines_utf8_repaired, lines_parse_errors, partials_flushed, nul_bytes_skipped;
	uint64_t lines_correlated[TRACE_SOURCES]; /* by whose id they got */
	uint64_t files_opened, files_rotated, files_truncated, files_refused; /* refused: FIFO, link out of the tree, not regular */
	uint64_t annotations_ignored; /* of pods, about their logs: not understood; told once for each time that there are some */
	uint64_t inotify_overflows, reconciles, checkpoint_writes, checkpoint_errors, read_errors;
	uint64_t journal_entries, journal_gaps[JOURNAL_GAPS], journal_damaged_entries;
};

/* Lines by namespace and trace result; at most 512 namespaces, the rest under "__overflow__". Plain files count under "". */
struct coverage_row {
	char name[64];
	uint64_t lines[TRACE_RESULTS];
};
struct coverage {
	struct map rows; /* name -> struct coverage_row */
};
struct coverage_row *coverage_row(struct coverage *c, struct str namespace_); /* found or made; never NULL */
void coverage_fini(struct coverage *c);

#endif
