/* `spoor run`: the agent, in the foreground. */
#ifndef AGENT_COMMANDS_RUN_H
#define AGENT_COMMANDS_RUN_H

#include "agent/commandline/flags.h"

/* Exit code: 0 after SIGTERM or SIGINT, 1 when it could not start, 78 when the configuration is not valid. */
int command_run(const struct flags *flags);

#endif
