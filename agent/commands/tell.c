/* What the program says about itself. */
#include "agent/commands/tell.h"

#include <stdio.h>
#include <sys/utsname.h>

#include "agent/commands/table.h"
#include "agent/commandline/completion.h"
#include "agent/commandline/manual.h"
#include "agent/commandline/usage.h"
#include "config/schema/schema.h"

enum { TEXT_MOST = 1 << 20 };

static void print(struct buf *text)
{
	fwrite(text->p ? text->p : "", 1, text->n, stdout);
	buf_fini(text);
}

int tell_help(const char *command)
{
	struct buf text;
	if (command && !command_find(str_of(command))) {
		fprintf(stderr, "spoor: %s: no such command; see spoor --help\n", command);
		return FLAGS_USAGE_EXIT;
	}
	buf_init(&text, TEXT_MOST);
	usage_print(command, &text);
	print(&text);
	return 0;
}

int command_help(const struct flags *flags)
{
	return tell_help(flags->rest_count ? flags->rest[0] : NULL);
}

int command_version(const struct flags *flags)
{
	struct buf text;
	struct utsname machine = { 0 };
	buf_init(&text, TEXT_MOST);
	if (!flags->format || strcmp(flags->format, "json") != 0) {
		buf_str(&text, STR("spoor " SPOOR_VERSION "\n"));
		print(&text);
		return 0;
	}
	uname(&machine);
	buf_str(&text, STR("{\"program\":\"spoor\",\"version\":\"" SPOOR_VERSION "\",\"compiler\":\""));
	buf_json(&text, STR(__VERSION__));
	buf_str(&text, STR("\",\"machine\":\""));
	buf_json(&text, str_of(machine.machine));
	buf_str(&text, STR("\"}\n"));
	print(&text);
	return 0;
}

int command_schema(const struct flags *flags)
{
	struct buf text;
	(void)flags;
	buf_init(&text, TEXT_MOST);
	config_schema_print(&text);
	print(&text);
	return 0;
}

int command_completion(const struct flags *flags)
{
	struct buf text;
	buf_init(&text, TEXT_MOST);
	bool is_known = completion_print(str_of(flags->rest[0]), &text);
	if (!is_known)
		fprintf(stderr, "spoor completion: %s: expected " COMPLETION_SHELLS "\n", flags->rest[0]);
	print(&text);
	return is_known ? 0 : FLAGS_USAGE_EXIT;
}

int command_man(const struct flags *flags)
{
	struct buf text;
	(void)flags;
	buf_init(&text, TEXT_MOST);
	manual_print(&text);
	print(&text);
	return 0;
}
