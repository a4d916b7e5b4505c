/* `spoor convert`: a Promtail's or a Prometheus' file as a native one. */
#ifndef AGENT_COMMANDS_CONVERT_H
#define AGENT_COMMANDS_CONVERT_H

#include "agent/commandline/flags.h"

/* The native file on standard output, the report on standard error or in --report. Exit code 0; 3: something could not be taken over; 78: no
 * file of theirs; 1: the report cannot be written. */
int command_convert(const struct flags *flags);

#endif
