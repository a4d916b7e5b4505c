/* What of a generation goes to disk. */
#ifndef AGENT_TAIL_POSITIONS_H
#define AGENT_TAIL_POSITIONS_H

#include "agent/tail/source.h"

struct tail;

struct checkpoint_row positions_row(const struct tail *t, const struct generation *g, int64_t now_s); /* views */
bool positions_is_worth_keeping(const struct generation *g);

#endif
