/* All collectors. A new one is a file and a row in table.c (and in one of the *_rows below, where several people add rows). */
#ifndef AGENT_COLLECTORS_TABLE_H
#define AGENT_COLLECTORS_TABLE_H

#include "agent/collectors/collector.h"

extern const struct collector *const collectors[]; /* ends with NULL; in order of name, textfile last */

#endif
