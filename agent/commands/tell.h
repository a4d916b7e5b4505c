/* Commands that tell about the program itself, out of its tables: what it is called with, which version it is. */
#ifndef AGENT_COMMANDS_TELL_H
#define AGENT_COMMANDS_TELL_H

#include "agent/commandline/flags.h"

int command_help(const struct flags *flags);    /* of the command that is its argument, else of all */
int command_version(const struct flags *flags); /* --format=json: with what it was built from */
int command_schema(const struct flags *flags);  /* JSON Schema of the file */
int command_completion(const struct flags *flags);
int command_man(const struct flags *flags);
int tell_help(const char *command);             /* the same as command_help; NULL: of all */

#endif
