/* The ledger of one job's journal over all lanes. An entry counts as read when the first lane reads it; for lanes that have not read it
 * yet it is pending, for one that acknowledged it in an earlier life it is sent. How entries of different lanes are the same ones nobody
 * needs to know: each lane has a running total of what it has behind it, read is the largest of them, and what a lane lacks is pending. */
#ifndef AGENT_JOURNAL_JOURNAL_ACCOUNT_H
#define AGENT_JOURNAL_JOURNAL_ACCOUNT_H

#include "agent/logs/lane.h"

struct journal_account {
	uint64_t read;             /* the largest total */
	uint64_t total[LANES_MAX]; /* of each lane: read, acknowledged in an earlier life, lost */
};

/* The lane has read this many entries, which those of `acknowledged` (bits) have had in an earlier life. */
void journal_account_read(struct journal_account *a, struct lanes *lanes, size_t lane, uint64_t entries, unsigned acknowledged);
/* Two lanes stand at the same entry: what one of them lacks it will never read. It was deleted before it came to it (is_lost), or went
 * out inside other lines. */
void journal_account_meet(struct journal_account *a, struct lanes *lanes, size_t lane, size_t other, bool is_lost);

#endif
