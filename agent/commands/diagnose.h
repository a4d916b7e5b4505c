/* spoor diagnose: what stands between this node's logs and its destinations. */
#ifndef AGENT_COMMANDS_DIAGNOSE_H
#define AGENT_COMMANDS_DIAGNOSE_H

#include "agent/commandline/flags.h"

int command_diagnose(const struct flags *flags);

#endif
