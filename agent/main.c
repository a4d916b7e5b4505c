/* Arguments and commands; the only exit. */
#include <stdio.h>

#include "agent/commands/table.h"
#include "agent/commands/tell.h"

int main(int argc, char **argv)
{
	struct flags flags;
	char err[256];
	if (flags_parse(argc, argv, &flags, err) < 0) {
		fprintf(stderr, "spoor: %s\n", err);
		return FLAGS_USAGE_EXIT;
	}
	if (flags.version && !flags.help)
		return command_version(&flags);
	if (flags.help)
		return tell_help(flags.command);
	return command_find(str_of(flags.command))->run(&flags);
}
