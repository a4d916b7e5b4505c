/* The manual page spoor(1), as roff with man(7)'s macros, printed from the tables of commands and flags. */
#ifndef AGENT_COMMANDLINE_MANUAL_H
#define AGENT_COMMANDLINE_MANUAL_H

#include "parsers/bytes/buf.h"

void manual_print(struct buf *out);

#endif
