/* spoor tap [PATTERN]: lines of a running agent as they pass. */
#ifndef AGENT_COMMANDS_TAP_H
#define AGENT_COMMANDS_TAP_H

#include "agent/commandline/flags.h"
#include "parsers/bytes/buf.h"

int command_tap(const struct flags *flags);
/* One object of /api/v1/tap as a line for people: time, origin, level, text, ids; nothing in it moves a terminal's cursor. What is no such
 * object comes as it is. */
void tap_pretty(struct str object, struct buf *out);

#endif
