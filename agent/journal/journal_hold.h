/* What of a journal may be acknowledged while stages hold lines back (multiline). A place in the journal can be saved only at the end of a
 * block that the thread has read; reading on at one of these ends must give what is held again, and nothing of what came out before in
 * another shape:
 *
 *      ───A1────B1──┊──A2──A1+A2 out──┊───B2────┊      B1 is held: only the first end lies before it, and A1+A2 goes across that one:
 *                   1                 2         3      none of the three will do, the place stays where it was
 *
 * So an end is forgotten when an entry comes out that goes across it, and of the others the last one before the first held line counts. */
#ifndef AGENT_JOURNAL_JOURNAL_HOLD_H
#define AGENT_JOURNAL_JOURNAL_HOLD_H

#include "agent/logs/lane.h"

enum { JOURNAL_HOLD_ENDS = 64 }; /* more are not waited for: everything goes out then */

struct journal_hold { /* {0} is empty */
	uint64_t order;       /* of the newest line; they are numbered for stages */
	struct journal_hold_end *ends;
	size_t count, room;
};

void journal_hold_fini(struct journal_hold *h);
struct lane_place journal_hold_line(struct journal_hold *h); /* the place of the next line */
void journal_hold_across(void *hold, const struct entry *e); /* an entry of several lines came out */
void journal_hold_end(struct journal_hold *h, const char *cursor); /* of the last entry of a block */
bool journal_hold_is_long(const struct journal_hold *h);
/* The cursor up to which may be acknowledged when `lowest` is the first line that is held (UINT64_MAX: none is); NULL: no further than before.
 * Good until the next call. */
const char *journal_hold_free(struct journal_hold *h, uint64_t lowest);

#endif
