/* Each script looks for the command on the line and offers that command's flags, or run's when there is none. What follows a flag is a
 * word of a list, a file or a directory: that is in its row. The scripts need nothing but the shell itself. */
#include "agent/commandline/completion.h"

#include <stdio.h>

#include "agent/collectors/table.h"
#include "agent/commands/table.h"
#include "agent/pods/pods.h"

enum argument { ARGUMENT_NONE, ARGUMENT_WORDS, ARGUMENT_FILE, ARGUMENT_FOLDER, ARGUMENT_ANY };

static enum argument argument_of(const char *argument)
{
	static const struct { const char *name; enum argument kind; } kinds[] = { { "", ARGUMENT_NONE }, { "FILE", ARGUMENT_FILE },
		{ "DIR", ARGUMENT_FOLDER } };
	for (size_t i = 0; i < COUNT_OF(kinds); i++)
		if (strcmp(argument, kinds[i].name) == 0)
			return kinds[i].kind;
	if (strncmp(argument, "FILE", 4) == 0 || strncmp(argument, "[FILE", 5) == 0)
		return ARGUMENT_FILE;
	return strchr(argument, '|') ? ARGUMENT_WORDS : ARGUMENT_ANY;
}

static void print_words(const char *argument, struct buf *out)
{
	for (struct str rest = str_of(argument); rest.n;) {
		buf_str(out, str_cut(&rest, '|'));
		buf_str(out, rest.n ? STR(" ") : STR(""));
	}
}

static void print_commands(const char *between, struct buf *out)
{
	const struct command *c;
	for (size_t i = 0; (c = command_at(i)); i++)
		buf_printf(out, "%s%s", i ? between : "", c->name);
}

/* Text for inside of '...', where a quote ends it; `also` gets a backslash. */
static void print_quoted(struct str s, const char *also, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'') {
			buf_str(out, STR("'\\''"));
			continue;
		}
		if (strchr(also, s.p[i]))
			buf_char(out, '\\');
		buf_char(out, s.p[i]);
	}
}

static bool is_switch(const struct collector_option *o)
{
	return strcmp(o->fallback, "true") == 0 || strcmp(o->fallback, "false") == 0;
}

typedef void collector_fn(const struct collector *c, struct buf *out);

static void each_collector(collector_fn *fn, struct buf *out)
{
	for (size_t i = 0; collectors[i]; i++)
		fn(collectors[i], out);
	for (size_t i = 0; pod_collectors[i]; i++)
		fn(pod_collectors[i], out);
}

/* ---- bash ---- */

static void bash_collector(const struct collector *c, struct buf *out)
{
	buf_printf(out, " --collector.%s --no-collector.%s", c->name, c->name);
	for (const struct collector_option *o = c->options; o && o->name; o++)
		buf_printf(out, " --collector.%s.%s%s", c->name, o->name, is_switch(o) ? "" : "=");
}

static void bash_flags(const char *command, struct buf *out)
{
	const struct flag *f;
	for (size_t i = 0; (f = flag_at(i)); i++)
		if (flag_is_of(f, command))
			buf_printf(out, " --%s%s", f->name, f->kind == FLAG_BOOL ? "" : "=");
	if (strcmp(command, "run") == 0) {
		buf_str(out, STR(" --collector.disable-defaults"));
		each_collector(bash_collector, out);
	}
}

static void bash_reply(const char *argument, struct buf *out)
{
	switch (argument_of(argument)) {
	case ARGUMENT_WORDS:
		buf_str(out, STR("COMPREPLY=($(compgen -W '"));
		print_words(argument, out);
		buf_str(out, STR("' -- \"$cur\")) ;;\n"));
		return;
	case ARGUMENT_FILE:
		buf_str(out, STR("compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"));
		return;
	case ARGUMENT_FOLDER:
		buf_str(out, STR("compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- \"$cur\")) ;;\n"));
		return;
	case ARGUMENT_ANY:
	case ARGUMENT_NONE:
	default:
		buf_str(out, STR("COMPREPLY=() ;;\n"));
	}
}

/* Words behind a flag: the rows of a command are told from another's of the same name by the pattern COMMAND:FLAG. */
static void bash_values(struct buf *out)
{
	const struct flag *f;
	for (size_t i = 0; (f = flag_at(i)); i++) {
		if (f->kind == FLAG_BOOL)
			continue;
		buf_str(out, STR("\t"));
		if (!*f->commands || flag_is_of(f, "run"))
			buf_printf(out, "*:--%s", f->name);
		for (struct str rest = str_of(flag_is_of(f, "run") ? "" : f->commands); rest.n;) {
			buf_str(out, str_cut(&rest, ' '));
			buf_printf(out, ":--%s%s", f->name, rest.n ? "|" : "");
		}
		buf_str(out, STR(") "));
		bash_reply(f->argument, out);
	}
}

static void bash_arguments(struct buf *out)
{
	const struct command *c;
	for (size_t i = 0; (c = command_at(i)); i++) {
		if (!*c->argument)
			continue;
		buf_printf(out, "\t%s) ", c->name);
		if (strstr(c->argument, "COMMAND")) {
			buf_str(out, STR("COMPREPLY=($(compgen -W '"));
			print_commands(" ", out);
			buf_str(out, STR("' -- \"$cur\")) ;;\n"));
		} else {
			bash_reply(c->argument, out);
		}
	}
}

static void print_bash(struct buf *out)
{
	const struct command *c;
	buf_str(out, STR("# bash completion for spoor: source it, or put it into /usr/share/bash-completion/completions/spoor\n"
			 "_spoor() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= flag= flags= i\n"
			 "\tCOMPREPLY=()\n\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\tcase ${COMP_WORDS[i]} in\n\t\t"));
	print_commands("|", out);
	buf_str(out, STR(") command=${COMP_WORDS[i]}; break ;;\n\t\tesac\n\tdone\n"
			 "\t# --flag=word comes in three pieces\n"
			 "\tif [[ $cur == = ]]; then flag=$prev cur=\n"
			 "\telif [[ $prev == = ]]; then flag=${COMP_WORDS[COMP_CWORD-2]}\n"
			 "\telif [[ $prev == -* && $cur != -* ]]; then flag=$prev; fi\n"
			 "\t[[ $flag != -* || $flag == --* ]] || flag=-$flag\n"
			 "\tcase ${command:-run}:$flag in\n"));
	bash_values(out);
	buf_str(out, STR("\t*) flag= ;;\n\tesac\n\t[[ -z $flag ]] || return 0\n"
			 "\tif [[ $cur != -* ]]; then\n\tcase $command in\n\t'') COMPREPLY=($(compgen -W '"));
	print_commands(" ", out);
	buf_str(out, STR("' -- \"$cur\")) ;;\n"));
	bash_arguments(out);
	buf_str(out, STR("\tesac\n\treturn 0\n\tfi\n\tcase ${command:-run} in\n"));
	for (size_t i = 0; (c = command_at(i)); i++) {
		buf_printf(out, "\t%s) flags='", c->name);
		bash_flags(c->name, out);
		buf_str(out, STR("' ;;\n"));
	}
	buf_str(out, STR("\tesac\n\tCOMPREPLY=($(compgen -W \"$flags\" -- \"$cur\"))\n"
			 "\t[[ ${#COMPREPLY[@]} != 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null\n"
			 "\treturn 0\n}\ncomplete -F _spoor spoor\n"));
}

/* ---- zsh ---- */

/* What follows the name in a spec of _arguments: ":message:action". */
static void zsh_action(const char *argument, struct buf *out)
{
	static const char *const actions[] = { [ARGUMENT_NONE] = "", [ARGUMENT_WORDS] = ":word:(", [ARGUMENT_FILE] = ":file:_files",
		[ARGUMENT_FOLDER] = ":directory:_files -/", [ARGUMENT_ANY] = ":value: " };
	enum argument kind = argument_of(argument);
	buf_str(out, str_of(actions[kind]));
	if (kind != ARGUMENT_WORDS)
		return;
	print_words(argument, out);
	buf_char(out, ')');
}

static void zsh_flag(const char *name, const char *help, const char *argument, struct buf *out)
{
	buf_printf(out, " \\\n\t\t\t'--%s%s[", name, *argument ? "=" : "");
	print_quoted(str_of(help), "[]:\\", out);
	buf_char(out, ']');
	zsh_action(argument, out);
	buf_char(out, '\'');
}

static void zsh_collector(const struct collector *c, struct buf *out)
{
	char name[128];
	snprintf(name, sizeof name, "collector.%s", c->name);
	zsh_flag(name, "collector on", "", out);
	snprintf(name, sizeof name, "no-collector.%s", c->name);
	zsh_flag(name, "collector off", "", out);
	for (const struct collector_option *o = c->options; o && o->name; o++) {
		snprintf(name, sizeof name, "collector.%s.%s", c->name, o->name);
		zsh_flag(name, o->help ? o->help : "", is_switch(o) ? "" : "VALUE", out);
	}
}

static void zsh_flags(const char *command, struct buf *out)
{
	const struct flag *f;
	buf_printf(out, "\t(%s) flags=(", command);
	for (size_t i = 0; (f = flag_at(i)); i++)
		if (flag_is_of(f, command))
			zsh_flag(f->name, f->help, f->kind == FLAG_BOOL ? "" : f->argument, out);
	if (strcmp(command, "run") == 0) {
		zsh_flag("collector.disable-defaults", "only the collectors that are named", "", out);
		each_collector(zsh_collector, out);
	}
	buf_str(out, STR(") ;;\n"));
}

static void zsh_argument(const struct command *c, struct buf *out)
{
	buf_printf(out, "\t(%s) flags+=('*", c->name);
	if (strstr(c->argument, "COMMAND")) {
		buf_str(out, STR(":command:("));
		print_commands(" ", out);
		buf_char(out, ')');
	} else {
		zsh_action(c->argument, out);
	}
	buf_str(out, STR("') ;;\n"));
}

static void print_zsh(struct buf *out)
{
	const struct command *c;
	buf_str(out, STR("#compdef spoor\n# zsh completion for spoor: source it, or put it as _spoor into a directory of $fpath\n"
			 "_spoor() {\n\tlocal command= i\n\tlocal -a commands flags\n\tcommands=("));
	for (size_t i = 0; (c = command_at(i)); i++) {
		buf_printf(out, "\n\t\t'%s:", c->name);
		print_quoted(str_of(c->help), ":\\", out);
		buf_char(out, '\'');
	}
	buf_str(out, STR(")\n\tfor ((i = 2; i < CURRENT; i++)); do\n\t\tcase ${words[i]} in\n\t\t("));
	print_commands("|", out);
	buf_str(out, STR(") command=${words[i]}; break ;;\n\t\tesac\n\tdone\n\tcase ${command:-run} in\n"));
	for (size_t i = 0; (c = command_at(i)); i++)
		zsh_flags(c->name, out);
	buf_str(out, STR("\tesac\n\tif [[ -z $command ]]; then\n\t\tif [[ ${words[CURRENT]} == -* ]]; then _arguments -S $flags\n"
			 "\t\telse _describe command commands; fi\n\t\treturn\n\tfi\n\tflags+=(\"1:command:($command)\")\n\tcase $command in\n"));
	for (size_t i = 0; (c = command_at(i)); i++)
		if (*c->argument)
			zsh_argument(c, out);
	buf_str(out, STR("\tesac\n\t_arguments -S $flags\n}\n"
			 "if [ \"$funcstack[1]\" = _spoor ]; then _spoor \"$@\"; else compdef _spoor spoor; fi\n"));
}

/* ---- fish ---- */

static void fish_line(const char *condition, const char *name, const char *help, const char *argument, struct buf *out)
{
	enum argument kind = argument_of(argument);
	buf_printf(out, "complete -c spoor -n '%s' -l %s", condition, name);
	if (kind == ARGUMENT_WORDS) {
		buf_str(out, STR(" -x -a '"));
		print_words(argument, out);
		buf_char(out, '\'');
	} else if (kind == ARGUMENT_FOLDER) {
		buf_str(out, STR(" -x -a '(__fish_complete_directories)'"));
	} else if (kind != ARGUMENT_NONE) {
		buf_str(out, kind == ARGUMENT_FILE ? STR(" -r -F") : STR(" -x"));
	}
	buf_str(out, STR(" -d '"));
	print_quoted(str_of(help), "\\", out);
	buf_str(out, STR("'\n"));
}

#define OF_RUN "__spoor_is run"

static void fish_collector(const struct collector *c, struct buf *out)
{
	char name[128];
	snprintf(name, sizeof name, "collector.%s", c->name);
	fish_line(OF_RUN, name, "collector on", "", out);
	snprintf(name, sizeof name, "no-collector.%s", c->name);
	fish_line(OF_RUN, name, "collector off", "", out);
	for (const struct collector_option *o = c->options; o && o->name; o++) {
		snprintf(name, sizeof name, "collector.%s.%s", c->name, o->name);
		fish_line(OF_RUN, name, o->help ? o->help : "", is_switch(o) ? "" : "VALUE", out);
	}
}

static void fish_argument(const struct command *c, struct buf *out)
{
	enum argument kind = argument_of(c->argument);
	if (kind == ARGUMENT_FILE) {
		buf_printf(out, "complete -c spoor -n '__spoor_is %s' -F\n", c->name);
		return;
	}
	buf_printf(out, "complete -c spoor -n '__spoor_is %s' -a '", c->name);
	if (strstr(c->argument, "COMMAND"))
		print_commands(" ", out);
	else if (kind == ARGUMENT_WORDS)
		print_words(c->argument, out);
	buf_str(out, STR("'\n"));
}

static void print_fish(struct buf *out)
{
	const struct command *c;
	const struct flag *f;
	buf_str(out, STR("# fish completion for spoor: put it into ~/.config/fish/completions/spoor.fish\n"
			 "function __spoor_is -d 'is the command on the line one of these; run, when there is none'\n"
			 "\tfor word in (commandline -opc)[2..-1]\n\t\tswitch $word\n\t\tcase "));
	print_commands(" ", out);
	buf_str(out, STR("\n\t\t\tcontains -- $word $argv\n\t\t\treturn\n\t\tend\n\tend\n\tcontains -- run $argv\nend\n"
			 "complete -c spoor -f\n"));
	for (size_t i = 0; (c = command_at(i)); i++) {
		buf_printf(out, "complete -c spoor -n __fish_use_subcommand -a %s -d '", c->name);
		print_quoted(str_of(c->help), "\\", out);
		buf_str(out, STR("'\n"));
		if (*c->argument)
			fish_argument(c, out);
	}
	for (size_t i = 0; (f = flag_at(i)); i++) {
		char condition[256];
		snprintf(condition, sizeof condition, "__spoor_is %s", f->commands);
		fish_line(*f->commands ? condition : "true", f->name, f->help, f->kind == FLAG_BOOL ? "" : f->argument, out);
	}
	fish_line(OF_RUN, "collector.disable-defaults", "only the collectors that are named", "", out);
	each_collector(fish_collector, out);
}

/* ---- */

static const struct { const char *name; void (*print)(struct buf *out); } shells[] = {
	{ "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish },
};

bool completion_print(struct str shell, struct buf *out)
{
	for (size_t i = 0; i < COUNT_OF(shells); i++)
		if (str_eq(shell, str_of(shells[i].name))) {
			shells[i].print(out);
			return true;
		}
	return false;
}
