/* --help, printed from the tables of commands, flags and collectors. The flags of `run` are taken by all commands, but shown with run
 * alone: another command shows what it heeds. */
#include "agent/commandline/usage.h"

#include "agent/collectors/collection.h"
#include "agent/commands/table.h"

enum { COLUMN = 40 };

static void print_left(struct buf *out, const char *dashes, const char *name, const char *argument)
{
	size_t from = out->n;
	buf_printf(out, "  %s%s%s%s", dashes, name, *argument ? (*dashes ? "=" : " ") : "", argument);
	if (out->n - from >= COLUMN) { /* what is said of it begins in the next line */
		buf_char(out, '\n');
		from = out->n;
	}
	while (out->n - from < COLUMN)
		buf_char(out, ' ');
}

static void print_flag(const struct flag *f, struct buf *out)
{
	print_left(out, "--", f->name, f->argument);
	buf_printf(out, f->fallback ? "%s (default: %s)\n" : "%s\n", f->help, f->fallback);
}

/* Flags with a heading of their own come first, those without one last. */
static void print_flags(const char *command, struct buf *out)
{
	const char *group = "";
	const struct flag *f;
	for (size_t i = 0; (f = flag_at(i)); i++) {
		if (!*f->group || !flag_is_of(f, command))
			continue;
		if (strcmp(group, f->group) != 0)
			buf_printf(out, "\n%s\n", f->group);
		group = f->group;
		print_flag(f, out);
	}
	buf_str(out, STR("\nFlags\n"));
	for (size_t i = 0; (f = flag_at(i)); i++)
		if (!*f->group && flag_is_of(f, command))
			print_flag(f, out);
}

static void print_commands(struct buf *out)
{
	const struct command *c;
	buf_str(out, STR("\nCommands (spoor COMMAND --help for the flags of one)\n"));
	for (size_t i = 0; (c = command_at(i)); i++) {
		print_left(out, "", c->name, c->argument);
		buf_printf(out, "%s\n", c->help);
	}
}

static void print_more(const struct command *c, struct buf *out)
{
	if (*c->more)
		buf_printf(out, "\n%s\n", c->more);
}

static void print_collectors(struct buf *out)
{
	buf_str(out, STR("\nNode metrics\n  --[no-]collector.NAME                 a collector on or off, names and options as node_exporter's:\n"
			 "                                        --collector.NAME.OPTION=VALUE, --collector.disable-defaults\n"));
}

void usage_print(const char *command, struct buf *out)
{
	const struct command *c = command_find(str_of(command ? command : "run"));
	bool is_run = strcmp(c->name, "run") == 0;
	if (!command)
		buf_str(out, STR("spoor: container logs to Loki, with the trace id of every line; node, pod and scraped metrics to "
				 "remote-write\n\nUsage: spoor [COMMAND] [FLAGS]\n"));
	else
		buf_printf(out, "spoor %s: %s\n\nUsage: spoor %s%s%s [FLAGS]\n", c->name, c->help, c->name, *c->argument ? " " : "", c->argument);
	if (command)
		print_more(c, out);
	else
		print_commands(out);
	print_flags(c->name, out);
	if (is_run)
		print_collectors(out);
	if (!command)
		print_more(c, out);
	buf_str(out, STR("\nAll keys of the file: docs/CONFIGURATION.md\n"));
	if (!is_run)
		return;
	buf_str(out, STR("\nCollectors:\n"));
	collection_help(out);
}
