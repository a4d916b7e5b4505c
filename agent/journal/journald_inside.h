/* Private to journald: its state. journald.c does the work, journald_status.c shows it. */
#ifndef AGENT_JOURNAL_JOURNALD_INSIDE_H
#define AGENT_JOURNAL_JOURNALD_INSIDE_H

#include "agent/journal/journal_account.h"
#include "agent/journal/journal_hold.h"
#include "agent/journal/journal_saver.h"
#include "agent/journal/journal_streams.h"
#include "agent/journal/journal_thread.h"
#include "agent/journal/journald.h"

struct journal_mark { /* behind a block */
	struct mark mark;
	struct journal_mark *next;
	int64_t oldest_ns;     /* timestamp of its first line */
	bool is_settled;
	char cursor[];         /* up to here is done then; empty: no further than before */
};
struct part { /* one job in one lane */
	struct job *job;
	size_t lane, slot, row; /* slot: of the thread; row: of the saver */
	struct journal_streams streams;
	struct line_row *lines;
	struct journal_mark *oldest_mark, *youngest_mark;
	bool is_begun;         /* of the block at hand some has been taken */
	bool is_at_end, has_gap;
	int64_t begun_ns;      /* timestamp of its first line, 0: none */
	int64_t waits_until_ns; /* monotonic; 0: it does not */
	bool may_hold;         /* stages may hold lines of it back; then: */
	struct journal_hold hold;
	int64_t newest_ns, wait_ns; /* timestamp of the newest line; how long a block waits for its next one */
	int64_t flush_at_ns;   /* monotonic: when to look at what is held; 0: nothing is, or a block comes first */
	uint64_t entries, gaps;
	char cursor[JOURNAL_CURSOR_MAX + 1]; /* read up to here; empty: nothing yet */
	char problem[JOURNAL_NOTE_ROOM];
};
struct job {
	struct journald *journald;
	const struct config_scrape *scrape;
	struct journal_account account;
	struct part parts[LANES_MAX];
};
struct journald {
	struct journald_options o;
	struct sdjournal *library; /* NULL: not on this machine */
	struct journal_saver saver;
	struct journal_thread *thread;
	struct job *jobs;
	size_t job_count;
	bool is_fresh;         /* no place of any job was on disk */
	char unavailable[256]; /* why nothing is read: there is no libsystemd; empty: it is there */
};

#endif
