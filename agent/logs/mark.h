/* What every source of lines and the lanes have in common: how many lanes there are at most, and a place in a source on its way through
 * a lane, "when everything before is settled, tell me". It is the first field of what the source remembers with it. */
#ifndef AGENT_LOGS_MARK_H
#define AGENT_LOGS_MARK_H

#include <stdint.h>

enum { LANES_MAX = 8 };

struct lane;
struct mark {
	void (*settled)(void *owner, struct mark *m); /* m is the owner's again. Not called for marks that die with their destination */
	void *owner;
	struct lane *lane; /* set when it is handed on; */
	uint64_t joined;   /* lines that went into entries of other lines, since the mark before */
};

#endif
