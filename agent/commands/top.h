/* spoor top: what a running agent reads, sends and drops, live in a terminal, or once as a table. */
#ifndef AGENT_COMMANDS_TOP_H
#define AGENT_COMMANDS_TOP_H

#include "agent/commandline/flags.h"

int command_top(const struct flags *flags);

#endif
