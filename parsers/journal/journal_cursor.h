/* The address of one entry of the systemd journal, as libsystemd writes it:
 *   s=<file's id>;i=<sequence number>;b=<boot>;m=<monotonic>;t=<realtime, µs>;x=<hash>    all in hex, in any order.
 * systemd: sd_journal_get_cursor(3) calls it opaque; what we read of it is only used to compare and to show. */
#ifndef PARSERS_JOURNAL_JOURNAL_CURSOR_H
#define PARSERS_JOURNAL_JOURNAL_CURSOR_H

#include "parsers/bytes/str.h"

enum { JOURNAL_CURSOR_MAX = 512, JOURNAL_ID_BYTES = 32 };

struct journal_cursor {
	char id[JOURNAL_ID_BYTES]; /* whose sequence numbers they are; hex digits, lower case */
	uint64_t sequence, realtime_us;
};
/* false: not a cursor. */
bool journal_cursor_parse(struct str text, struct journal_cursor *out);
/* Does a come before b? Sequence numbers say so where they are of the same writer, else the clock. */
bool journal_cursor_before(const struct journal_cursor *a, const struct journal_cursor *b);

#endif
