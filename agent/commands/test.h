/* `spoor test`: expectations against a pipeline. */
#ifndef AGENT_COMMANDS_TEST_H
#define AGENT_COMMANDS_TEST_H

#include "agent/commandline/flags.h"

/* Runs the files of the arguments: "ok" and "not ok" lines, and for each difference where the case stands, what was wanted and what came.
 * Exit code 0; 1 when a case failed; 78 when a file or its configuration is not valid. */
int command_test(const struct flags *flags);

#endif
