/* What our own log says about destinations and receivers: that one takes nothing, what it says itself, and that it takes again; that lines
 * or samples were dropped. A word when it begins and when it ends, not one for each request. */
#ifndef AGENT_LOGS_DELIVERY_NEWS_H
#define AGENT_LOGS_DELIVERY_NEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "parsers/bytes/str.h"

struct delivery_news { /* of one destination; {0} at the start */
	char told[128];           /* the beginning of the error that was told last */
	uint64_t dropped;         /* seen so far */
	uint64_t dropped_untold;
	int64_t bad_since_ns;     /* 0: well */
	int64_t quiet_until_ns;
	bool is_told;             /* that it is bad */
};
struct delivery_look {
	const char *what, *unit;  /* "destination" and "lines", "remote-write" and "samples" */
	struct str name;
	const char *error;        /* of the last answer; empty since the last success */
	uint64_t dropped;         /* since the start */
};
/* Once a second is enough. Returns when to look again (the clock of now_ns) though nothing else happens; INT64_MAX: never. */
int64_t delivery_news_look(struct delivery_news *n, const struct delivery_look *look, int64_t now_ns);

#endif
