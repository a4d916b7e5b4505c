/* `spoor check FILE`. */
#ifndef AGENT_COMMANDS_CHECK_H
#define AGENT_COMMANDS_CHECK_H

#include "agent/commandline/flags.h"

/* Judges the file of the argument, else of --config.file, and says so on standard output, with --format=json as one object. Returns the
 * exit code: 0 valid (warnings may have been printed; with --strict they make it 3), 78 not, 2 when no file was named. */
int command_check(const struct flags *flags);

#endif
