/* When the journal's places go to disk: as agent/tail/positions.c does it for files. A snapshot every sync_period when something moved,
 * written beside and synced; in between, what an answer has moved is added at the end at once. By the worker: disks take their time. */
#ifndef AGENT_JOURNAL_JOURNAL_SAVER_H
#define AGENT_JOURNAL_JOURNAL_SAVER_H

#include "agent/counters.h"
#include "agent/journal/journal_places.h"
#include "agent/loop.h"
#include "agent/worker.h"

struct journal_saver {
	struct loop *loop;
	struct worker *worker;
	struct counters *counters;
	char path[4096];             /* empty: nothing is kept */
	int64_t period_ns;
	struct journal_places places; /* of the file, and all that were added */
	bool *is_moved;              /* by row */
	struct loop_timer snapshot_timer, append_timer;
	struct buf snapshot, rows;
	bool is_dirty, is_busy, has_file;
	int error;                   /* of the last save, 0 or -errno */
};

/* path NULL: nothing is kept. 0, or -1 with err. */
int journal_saver_start(struct journal_saver *s, struct loop *loop, struct worker *worker, struct counters *counters, const char *path,
	int64_t period_ms, char err[256]);
void journal_saver_stop(struct journal_saver *s); /* saves, waits for the disk */
/* The row of the job and the destination, found or made; its number. *was_there: it came from the disk. All rows before anything moves. */
size_t journal_saver_row(struct journal_saver *s, struct str job, struct str destination, bool *was_there);
void journal_saver_move(struct journal_saver *s, size_t row, const char *cursor);

#endif
