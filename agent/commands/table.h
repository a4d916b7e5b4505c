/* The commands: one row each, from which the command line, the help, completion and the manual page are made. */
#ifndef AGENT_COMMANDS_TABLE_H
#define AGENT_COMMANDS_TABLE_H

#include "agent/commandline/flags.h"

struct command {
	const char *name;
	const char *argument; /* what stands behind it: "FILE", "bash|zsh|fish", in brackets when it may be left out; "": nothing */
	int least, most;      /* how many of them */
	int (*run)(const struct flags *flags); /* returns the exit code */
	const char *help;     /* one line, without a full stop */
	const char *more;     /* sentences for --help of the command and for the manual, exit codes among them; lines as they shall stand */
};

/* Row i; NULL behind the last. */
const struct command *command_at(size_t i);
const struct command *command_find(struct str name);

#endif
