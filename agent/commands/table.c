/* THE table of commands. What a command is called, takes and does stands here once. */
#include "agent/commands/table.h"

#include "agent/commands/check.h"
#include "agent/commands/convert.h"
#include "agent/commands/diagnose.h"
#include "agent/commands/explain.h"
#include "agent/commands/inspect.h"
#include "agent/commands/run.h"
#include "agent/commands/tap.h"
#include "agent/commands/tell.h"
#include "agent/commands/test.h"
#include "agent/commands/top.h"
#include "agent/commandline/completion.h"

/* How a command finds the agent. */
#define ASKED "\nThe agent is asked at --web.listen-address, else where --config.file says, else where the one agent that runs here listens."

static const struct command commands[] = {
	{ "run", "", 0, 0, command_run, "the agent, in the foreground (what happens without a command)",
		"Exit code 0 after TERM or INT, 1 when it could not start, 78 when the configuration is not valid.\n"
		"Signals: TERM delivers what was read and ends; HUP reads the configuration again." },
	{ "check", "FILE", 0, 1, command_check, "everything that is wrong with a configuration",
		"All errors and warnings at once, each with line, column and the nearest known key. Without FILE: that of --config.file.\n"
		"Exit code 0, or 78 when the file is not valid; with --strict 3 when there are only warnings." },
	{ "inspect", "", 0, 0, command_inspect, "lines on standard input to records with trace ids, and what each stage did to them",
		"With --config.file the lines go through the pipeline of a job: that of --job, else the first one. Their labels are those of the file;\n"
		"what discovery would add is not known here. In text: + is new, ~ is another value, - is gone." },
	{ "test", "FILE...", 1, FLAGS_ARGUMENTS_MOST, command_test, "expectations against a pipeline",
		"FILE names a configuration and its job, or has pipeline_stages, and lists cases: lines, and the records that must come of them.\n"
		"The clock stands still. Exit code 0; 1 when a case failed; 78 when a file is not valid. See docs/TESTING_PIPELINES.md." },
	{ "explain", "FILE[:LINE]", 1, 1, command_explain, "why a line is, or is not, in Loki",
		"LINE: its number in the file, or last. The conclusion first; then the file, the jobs that take it or not, and why, framing, trace id and level,\n"
		"what each stage made of the line, and how far each destination is. Without an agent that answers: the configuration and the saved positions.\n"
		"Reads at most a GiB of the file and changes nothing. Exit code 0 when it is in Loki, else 1." ASKED },
	{ "top", "", 0, 0, command_top, "what a running agent reads, sends and drops, live",
		"In a terminal: b, l, y, n choose what comes first, q ends. Elsewhere, and with --once: totals since the start as plain text.\n"
		"Exit code 0, or 1 when no agent answers." ASKED },
	{ "tap", "[PATTERN]", 0, 1, command_tap, "lines of a running agent as they pass",
		"PATTERN: NAMESPACE/POD, NAMESPACE/POD/CONTAINER, POD or /path/of/files, with * and ?. It ends with Ctrl-C, or after --limit lines.\n"
		"A line a line, or an object each with --format=json. Lines that come too fast are left out and counted; delivery never waits.\n"
		"The agent shows lines to its own machine only, unless it was started with --web.enable-tap. Exit code 0 or 1." ASKED },
	{ "diagnose", "", 0, 0, command_diagnose, "what stands between this node's logs and its destinations",
		"Configuration, rights, state directory, limits, kernel; for each destination credentials, name, TCP, TLS, clock and an empty request.\n"
		"Changes nothing but a file in the state directory that it removes again. Exit code 0, or 1 when something failed." ASKED },
	{ "convert", "FILE", 1, 1, command_convert, "a Promtail's or Prometheus' file as a native one, on standard output",
		"Such files run as they are; the native form holds logs and metrics in one file. Order and comments stay. What has no effect or\n"
		"cannot be taken over stays as a comment with the reason, and is reported with its line. FILE may be - for standard input.\n"
		"Exit code 0; 3 when something was lost; 78 when it is no file of theirs." },
	{ "schema", "", 0, 0, command_schema, "JSON Schema of the configuration, for editors",
		"The first line of a file tells an editor about it: # yaml-language-server: $schema=./spoor.schema.json" },
	{ "version", "", 0, 0, command_version, "version of the program", "" },
	{ "completion", COMPLETION_SHELLS, 1, 1, command_completion, "completion of commands and flags for a shell",
		"bash: source <(spoor completion bash). zsh: spoor completion zsh > a directory of $fpath/_spoor.\n"
		"fish: spoor completion fish > ~/.config/fish/completions/spoor.fish." },
	{ "man", "", 0, 0, command_man, "the manual page spoor(1), as roff", "To read it: spoor man | man -l -" },
	{ "help", "[COMMAND]", 0, 1, command_help, "flags and exit codes of a command", "" },
};

const struct command *command_at(size_t i)
{
	return i < COUNT_OF(commands) ? &commands[i] : NULL;
}

const struct command *command_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (str_eq(str_of(commands[i].name), name))
			return &commands[i];
	return NULL;
}
