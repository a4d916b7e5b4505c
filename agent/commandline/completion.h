/* Scripts that have a shell complete commands, flags and their words: printed from the tables of commands, flags and collectors. */
#ifndef AGENT_COMMANDLINE_COMPLETION_H
#define AGENT_COMMANDLINE_COMPLETION_H

#include "parsers/bytes/buf.h"

#define COMPLETION_SHELLS "bash|zsh|fish"

/* false: there is no such shell. */
bool completion_print(struct str shell, struct buf *out);

#endif
