/* What every source of lines and the lanes have in common: how many lanes there are at most, and a place in a source on its way through
 * a lane, "when everything before is settled, tell me". It is the first field of what the source remembers with it. */
#ifndef AGENT_MARK_H
#define AGENT_MARK_H

enum { LANES_MAX = 8 };

struct mark {
	void (*settled)(void *owner, struct mark *m); /* m is the owner's again. Not called for marks that die with their destination */
	void *owner;
};

#endif
