/* Arguments and subcommands; the only exit. */
#include <stdio.h>
#include <string.h>

#include "agent/collectors/collection.h"
#include "agent/commands/check.h"
#include "agent/commands/inspect.h"
#include "agent/commands/run.h"
#include "agent/flags.h"

static const struct {
	const char *name;
	int (*run)(const struct flags *flags);
} commands[] = {
	{ "run", command_run },
	{ "check", command_check },
	{ "inspect", command_inspect },
};

static int print(void (*what)(struct buf *out))
{
	struct buf text;
	buf_init(&text, 1 << 20);
	what(&text);
	fwrite(text.p, 1, text.n, stdout);
	buf_fini(&text);
	return 0;
}

static void help(struct buf *out)
{
	flags_help(out);
	buf_str(out, STR("\nCollectors:\n"));
	collection_help(out);
}

int main(int argc, char **argv)
{
	struct flags flags;
	char err[256];
	if (flags_parse(argc, argv, &flags, err) < 0) {
		fprintf(stderr, "spoor: %s\n", err);
		return FLAGS_USAGE_EXIT;
	}
	if (flags.help)
		return print(help);
	if (flags.version)
		return print(flags_version);
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (strcmp(flags.command, commands[i].name) == 0)
			return commands[i].run(&flags);
	fprintf(stderr, "spoor: %s: no such command; see spoor --help\n", flags.command);
	return FLAGS_USAGE_EXIT;
}
