/* The reference of the configuration. It says what the program does because it is the table that the program reads; the few
 * words around it are here. Keys that are refused or have no effect get tables of their own: people look for them too. */
#include "config/schema/reference.h"

#include "config/options/options.h"

static const char head[] =
	"# Configuration reference\n"
	"\n"
	"This page is printed from the option table behind `config/options/options.h`; do not edit it. The annotated file to start from is\n"
	"[`config/spoor.yaml`](../config/spoor.yaml).\n"
	"\n"
	"The file is YAML, at most 1 MiB, one document. `spoor check FILE` tells all that is wrong with it at once, each with "
	"line,\n"
	"column and the nearest known key. Unknown keys and keys given twice are errors. Anchors, aliases and merge keys (`<<`) "
	"work.\n"
	"A Promtail file, with `clients` and `scrape_configs` at the top, is taken as it is: its keys are those of `logs` here. So is a\n"
	"Prometheus agent's file, with `remote_write` at the top: its keys are those of `metrics`, with Prometheus' interval of 1m.\n"
	"\n"
	"## Types\n"
	"\n"
	"| type | written as |\n"
	"|---|---|\n"
	"| string | text on one line, in quotes or not |\n"
	"| secret | a string that is never shown, neither on `/config` nor in messages; better keep it in a file and name that |\n"
	"| choice | one of the words listed |\n"
	"| boolean | `true` or `false` |\n"
	"| integer | a whole number |\n"
	"| duration | `500ms`, `5s`, `1m30s`, `2h`, `7d` |\n"
	"| size | bytes: `4096`, `64KiB`, `1MiB` (1024s), `64KB`, `1MB` (1000s) |\n"
	"| size in 1024s | the same, with `1MB` being `1MiB`, as Prometheus has it |\n"
	"| labels | a mapping of label names to values. Values may name `${NODE_NAME}`, `${HOSTNAME}`, `${HOST_IP}`, `${POD_NAME}` "
	"and "
	"`${POD_NAMESPACE}`, which are taken from the environment; an unset one is an error at start. Nothing else is expanded "
	"anywhere |\n"
	"\n";

/* '|' would end a cell. */
static void cell(struct str s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '|')
			buf_char(out, '\\');
		buf_char(out, s.p[i]);
	}
}

/* "`text`", or nothing for an empty text. */
static void code(struct str s, struct buf *out)
{
	if (!s.n)
		return;
	buf_char(out, '`');
	cell(s, out);
	buf_char(out, '`');
}

static void print_range(const struct option *o, struct buf *out)
{
	struct str least, most;
	option_range(o, &least, &most);
	if (o->kind == OPTION_CHOICE) {
		buf_str(out, STR(": "));
		for (struct str rest = str_of(o->range); rest.n;) {
			code(str_cut(&rest, '|'), out);
			buf_str(out, rest.n ? STR(", ") : STR(""));
		}
	} else if (o->kind == OPTION_LIST) {
		buf_printf(out, ", at most %.*s", STR_ARG(most));
	} else if (least.n) {
		buf_printf(out, ", %.*s to %.*s", STR_ARG(least), STR_ARG(most));
	}
}

static void anchor(const struct option *o, struct buf *out)
{
	struct str path = str_of(o->path);
	buf_str(out, STR("#"));
	for (size_t i = 0; i < path.n; i++)
		if (path.p[i] != '.' && path.p[i] != '[' && path.p[i] != ']')
			buf_char(out, path.p[i]);
}

static bool is_heading(const struct option *o)
{
	return (o->kind == OPTION_SECTION || o->kind == OPTION_LIST) && option_has_effect(o);
}

static void print_row(const struct option *o, struct buf *out)
{
	buf_str(out, STR("| "));
	if (is_heading(o)) {
		buf_str(out, STR("["));
		code(option_key(o), out);
		buf_str(out, STR("]("));
		anchor(o, out);
		buf_str(out, STR(")"));
	} else {
		code(option_key(o), out);
	}
	buf_str(out, STR(" | "));
	buf_str(out, str_of(option_kind_names[o->kind]));
	print_range(o, out);
	buf_str(out, STR(" | "));
	code(str_of(o->fallback), out);
	buf_str(out, STR(" | "));
	cell(str_of(o->help), out);
	buf_str(out, STR(" |\n"));
}

static void print_section(const struct option *section, struct buf *out)
{
	struct str path = section ? str_of(section->path) : (struct str){ 0 };
	if (section)
		buf_printf(out, "## %s\n\n%s\n\n", section->path, section->help);
	else
		buf_str(out, STR("## The top of the file\n\n"));
	buf_str(out, STR("| key | type | default | |\n|---|---|---|---|\n"));
	const struct option *o;
	for (size_t i = 0; (o = option_at(i)); i++)
		if (str_eq(option_section(o), path) && option_has_effect(o))
			print_row(o, out);
	buf_char(out, '\n');
}

static void print_without_effect(enum option_kind kind, const char *title, const char *words, struct buf *out)
{
	buf_printf(out, "## %s\n\n%s\n\n| key | |\n|---|---|\n", title, words);
	const struct option *o;
	for (size_t i = 0; (o = option_at(i)); i++) {
		if (o->kind != kind)
			continue;
		buf_str(out, STR("| "));
		code(str_of(o->path), out);
		buf_str(out, STR(" | "));
		cell(str_of(o->help), out);
		buf_str(out, STR(" |\n"));
	}
}

void config_reference_print(struct buf *out)
{
	buf_str(out, str_of(head));
	print_section(NULL, out);
	const struct option *o;
	for (size_t i = 0; (o = option_at(i)); i++)
		if (is_heading(o))
			print_section(o, out);
	print_without_effect(OPTION_IGNORED, "Keys without effect",
			     "Promtail's and Prometheus' files have them; they are taken with a warning, and without one where their value says "
			     "what happens anyway.", out);
	buf_char(out, '\n');
	print_without_effect(OPTION_REFUSED, "Keys that are refused",
			     "Going on without them would do something else than the file says, so they are errors unless they are "
			     "empty.", out);
}
