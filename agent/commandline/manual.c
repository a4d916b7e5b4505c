/* What stands in tables is printed from them; the sections that no table has are texts here. Of the collectors only how they are switched is
 * told: spoor run --help lists them. */
#include "agent/commandline/manual.h"

#include <stdio.h>

#include "agent/commands/table.h"

enum { LINE_MOST = 78 };

#define DATE "2026-11-21" /* of the last change to the texts below: a page with the day of its build would not be reproducible */

static const char description[] =
	"is one process per node. It follows the logs of containers and files, reads the trace id out of each line and ships the lines to\n"
	"Loki; it shows the node as node_exporter does and its containers as cAdvisor does, scrapes what else there is, and sends samples\n"
	"by remote-write. It reads the configuration of Promtail and of a Prometheus agent as they are.\n";

static const char files[] =
	".TP\n.I /var/lib/spoor\nProgress of every log and samples that are not sent yet\n.RB ( \\-\\-state.dir ).\n"
	".TP\n.I /etc/spoor/spoor.yaml\nThe configuration of the packaged service.\n";

static const char environment[] =
	".TP\n.BR NODE_NAME \", \" HOST_IP \", \" POD_NAME \", \" POD_NAMESPACE \", \" HOSTNAME\n"
	"May be named in label values of the configuration, as ${NODE_NAME}.\nNo other variable is read there.\n"
	".TP\n.B KUBERNETES_SERVICE_HOST\nWhere it is set the port listens on all addresses.\n";

static const char examples[] =
	"Judge a file, as text and for a pipeline:\n.PP\n.nf\n.RS\nspoor check spoor.yaml\nspoor check \\-\\-strict \\-\\-format=json spoor.yaml\n.RE\n.fi\n.PP\n"
	"What a line becomes, and what each stage does to it:\n.PP\n.nf\n.RS\nspoor inspect \\-\\-config.file=spoor.yaml \\-\\-job=pods \\-\\-stages < lines\n.RE\n.fi\n.PP\n"
	"Run without a file:\n.PP\n.nf\n.RS\nspoor \\-\\-loki.url=http://loki:3100/loki/api/v1/push\n.RE\n.fi\n";

static void print_char(char c, struct buf *out)
{
	if (c == '\\')
		buf_str(out, STR("\\e"));
	else if (c == '-')
		buf_str(out, STR("\\-"));
	else
		buf_char(out, c);
}

/* Would the word behind the blank at `at` end beyond the column where lines are broken? */
static bool must_break(struct str s, size_t at, size_t column)
{
	while (++at < s.n && s.p[at] != ' ' && s.p[at] != '\n')
		column += 1 + (s.p[at] == '-' || s.p[at] == '\\');
	return column >= LINE_MOST;
}

/* A backslash would begin an escape, '-' would become a hyphen, '.' and '\'' at the head of a line a request. */
static void print_text(struct str s, struct buf *out)
{
	size_t column = 0;
	while (column < out->n && out->p[out->n - 1 - column] != '\n')
		column++;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i] == ' ' && must_break(s, i, column + 1) ? '\n' : s.p[i];
		if (column == 0 && (c == '.' || c == '\''))
			buf_str(out, STR("\\&"));
		print_char(c, out);
		column = c == '\n' ? 0 : column + 1 + (c == '-' || c == '\\');
	}
}

static void print_z(const char *z, struct buf *out)
{
	print_text(str_of(z), out);
}

static void section(const char *name, struct buf *out)
{
	buf_printf(out, ".SH %s\n", name);
}

/* "FILE" in italics; words to choose from in bold, bars between them. */
static void print_argument(const char *argument, struct buf *out)
{
	bool is_words = strchr(argument, '|') != NULL;
	buf_str(out, is_words ? STR("\\fB") : STR("\\fI"));
	print_z(argument, out);
	buf_str(out, STR("\\fR"));
}

static void print_flag(const struct flag *f, struct buf *out)
{
	buf_str(out, STR(".TP\n\\fB\\-\\-"));
	print_z(f->name, out);
	buf_str(out, STR("\\fR"));
	if (*f->argument) {
		buf_char(out, '=');
		print_argument(f->argument, out);
	}
	buf_char(out, '\n');
	char text[512];
	snprintf(text, sizeof text, f->fallback ? "%s (default: %s)" : "%s", f->help, f->fallback);
	print_z(text, out);
	buf_char(out, '\n');
}

/* "all": also those that every command has. */
static void print_flags(const char *command, bool all, struct buf *out)
{
	const struct flag *f;
	for (size_t i = 0; (f = flag_at(i)); i++)
		if (flag_is_of(f, command) && (all || *f->commands))
			print_flag(f, out);
}

/* Lines of the text stay lines. */
static void print_lines(const char *text, struct buf *out)
{
	size_t count = 0;
	for (struct str rest = str_of(text); rest.n;) {
		buf_str(out, count++ ? STR(".br\n") : STR(""));
		print_text(str_cut(&rest, '\n'), out);
		buf_char(out, '\n');
	}
}

static void print_command(const struct command *c, struct buf *out)
{
	buf_printf(out, ".SS spoor %s%s%s", c->name, *c->argument ? " " : "", c->argument);
	buf_char(out, '\n');
	print_z(c->help, out);
	buf_str(out, STR(".\n"));
	if (*c->more) {
		buf_str(out, STR(".PP\n"));
		print_lines(c->more, out);
	}
	if (strcmp(c->name, "run") != 0)
		print_flags(c->name, false, out);
}

static void print_commands(struct buf *out)
{
	const struct command *c;
	section("COMMANDS", out);
	buf_str(out, STR("Without a command it is\n.BR run .\nThe flags of\n.B run\nare taken by all commands; those that a command heeds are "
			 "below it.\n"));
	for (size_t i = 0; (c = command_at(i)); i++)
		print_command(c, out);
}

static void print_options(struct buf *out)
{
	section("OPTIONS", out);
	buf_str(out, STR("One dash does as well as two, and a blank as well as the equals sign.\nA switch is turned off by\n.BR \\-\\-no\\-NAME .\n"));
	print_flags("run", true, out);
	buf_str(out, STR(".TP\n\\fB\\-\\-collector.\\fINAME\\fR, \\fB\\-\\-no\\-collector.\\fINAME\\fR, "
			 "\\fB\\-\\-collector.\\fINAME\\fB.\\fIOPTION\\fR=\\fIVALUE\\fR\n"
			 "A collector of node metrics on, off, or how it works;\nnames and options as node_exporter's.\n"
			 ".B spoor run \\-\\-help\nlists them.\n"));
}

void manual_print(struct buf *out)
{
	buf_str(out, STR(".TH SPOOR 1 \"" DATE "\" \"spoor " SPOOR_VERSION "\" \"User Commands\"\n"));
	section("NAME", out);
	buf_str(out, STR("spoor \\- logs with trace ids and metrics of a node, to Loki and remote\\-write\n"));
	section("SYNOPSIS", out);
	buf_str(out, STR(".B spoor\n.RI [ COMMAND ]\n.RI [ FLAGS ]\n"));
	section("DESCRIPTION", out);
	buf_str(out, STR(".B spoor\n"));
	print_text(str_of(description), out);
	print_commands(out);
	print_options(out);
	section("FILES", out);
	buf_str(out, str_of(files));
	section("ENVIRONMENT", out);
	buf_str(out, str_of(environment));
	section("EXAMPLES", out);
	buf_str(out, str_of(examples));
	section("SEE ALSO", out);
	buf_str(out, STR("All keys of the configuration:\n.I docs/CONFIGURATION.md\nof the source, or\n.BR \"spoor schema\" .\n"));
}
