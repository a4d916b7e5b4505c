/* spoor explain FILE[:LINE]: why a line is, or is not, in Loki. */
#ifndef AGENT_COMMANDS_EXPLAIN_H
#define AGENT_COMMANDS_EXPLAIN_H

#include "agent/commandline/flags.h"
#include "parsers/bytes/str.h"

int command_explain(const struct flags *flags);
/* Takes ":812" or ":last" off the end; number 0: the last one. false: there is none. */
bool explain_cut_line(struct str *argument, uint64_t *number);

#endif
