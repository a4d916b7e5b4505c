/* The text of --help. */
#ifndef AGENT_USAGE_H
#define AGENT_USAGE_H

#include "agent/flags.h"

/* command NULL: all commands, and the flags of `run`. */
void usage_print(const char *command, struct buf *out);

#endif
