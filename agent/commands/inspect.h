/* `spoor inspect`: lines on standard input as the agent would ship them, one JSON object a line. */
#ifndef AGENT_COMMANDS_INSPECT_H
#define AGENT_COMMANDS_INSPECT_H

#include "agent/commandline/flags.h"

int command_inspect(const struct flags *flags);

#endif
