/* The systemd journal as a source of lines beside files: jobs with a `journal` section, each read on for each lane by itself. Reading
 * runs on a thread of its own (journal_thread.h); here, on the loop, its entries become lines, marks move the acknowledged places, and the
 * places go to disk (journal_saver.h).
 *
 * Of what one lane has read and another has not, the ledger says pending, as for files: see journal_account.h. */
#ifndef AGENT_JOURNAL_JOURNALD_H
#define AGENT_JOURNAL_JOURNALD_H

#include "agent/logs/lane.h"
#include "agent/status.h"
#include "agent/logs/stream_labels.h"
#include "agent/worker.h"

struct promtail_positions;
struct journald_options {
	const struct config *config;
	const struct label_rules *rules;    /* clients, node, stages; lives as long as this */
	struct lanes *lanes;                /* all lanes are there */
	struct str names[LANES_MAX];        /* of the destinations: keys of the places */
	struct loop *loop;
	struct worker *worker;
	struct counters *counters;
	struct coverage *coverage;
	struct line_counts *line_counts;
	const char *checkpoint_path;        /* ours is this and ".journal"; NULL: places are kept in memory only */
	const struct promtail_positions *promtail; /* jobs begin where it stopped when no place of ours is kept; NULL: none. For the start only */
	void (*readable)(void *ctx);        /* journald_turn has something to do */
	void *ctx;
};
struct journald; /* below, NULL is one that reads nothing */
/* NULL with err[0] == 0: no job reads the journal. NULL and err: it cannot run (places of a newer version). A machine without libsystemd
 * is told of and goes on: journald_problem. */
struct journald *journald_start(const struct journald_options *options, char err[256]);
/* Saves places. The destinations are gone by now: marks that they still held die here. */
void journald_stop(struct journald *j);

/* One block of each job for the lane. false: there was none, or no room. */
bool journald_turn(struct journald *j, size_t lane);
/* When some entry waits for a throttled stream or a limit: call journald_turn again at this time; INT64_MAX: nobody waits. */
int64_t journald_due_ns(const struct journald *j);

int64_t journald_lag_ns(const struct journald *j, int64_t wall_ns);
uint64_t journald_streams(const struct journald *j);
const char *journald_problem(const struct journald *j); /* what the agent works without, one sentence; NULL: nothing */
void journald_each(const struct journald *j, int64_t wall_ns, void (*fn)(void *ctx, const struct journal_status *status), void *ctx);

/* One row for each job, as of a file without a size. */
void journald_each_file(const struct journald *j, int64_t wall_ns, void (*fn)(void *ctx, const struct file_status *file), void *ctx);

#endif
