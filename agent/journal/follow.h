/* One reader of the journal: one job's entries for one lane, in order, from a place on. It lives on the journal's thread (every call may
 * wait for the disk) and owns all that it uses. */
#ifndef AGENT_JOURNAL_FOLLOW_H
#define AGENT_JOURNAL_FOLLOW_H

#include "agent/journal/journal_block.h"
#include "agent/journal/sdjournal.h"
#include "config/config.h"

struct journal_place { /* from where on: behind an entry, or from a time on */
	char cursor[JOURNAL_CURSOR_MAX + 1]; /* empty: since_us counts */
	struct journal_cursor at;            /* the same, taken apart */
	uint64_t since_us;                   /* wall clock */
};

struct follow_options {
	const struct sdjournal *library;     /* all that is given is copied: the thread may outlive the configuration */
	const struct config_journal *journal;
	const struct config_relabels *rules; /* NULL: none */
	size_t line_max_bytes;
	size_t lane, lane_count;
	struct journal_place places[LANES_MAX]; /* of all lanes */
	/* Where this lane's saved place is, when it is before the time in places[lane]: for telling what is left out. Else empty. */
	char left_out_from[JOURNAL_CURSOR_MAX + 1];
};
struct follow;
/* NULL and err: a rule cannot be compiled, or a match cannot be. */
struct follow *follow_new(const struct follow_options *options, char err[256]);
void follow_free(struct follow *f);

/* Reads on into the block (reset before): until it is full, nothing is left, or there is something to tell. */
void follow_fill(struct follow *f, struct journal_block *b, int64_t now_ns);
/* Whether fill has something to do now. */
bool follow_is_due(const struct follow *f, int64_t now_ns);
int64_t follow_due_ns(const struct follow *f); /* when it has the next time, unless the descriptor tells before */
int follow_fd(const struct follow *f);         /* readable when the journal has changed; -1: there is none, or nobody is to wake up for it */
void follow_woken(struct follow *f);           /* the descriptor was readable */

#endif
