/* The text of --help. */
#ifndef AGENT_COMMANDLINE_USAGE_H
#define AGENT_COMMANDLINE_USAGE_H

#include "agent/commandline/flags.h"

/* command NULL: all commands, and the flags of `run`. */
void usage_print(const char *command, struct buf *out);

#endif
