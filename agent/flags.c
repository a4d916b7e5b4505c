/* Two tables, commands and flags; help is printed from them. Not getopt_long: it takes no single dash for long names, no
 * --no-flag, and cannot say which flag was meant. */
#include "agent/flags.h"

#include <stddef.h>
#include <stdio.h>

#include "config/nearest.h"
#include "parsers/bytes/num.h"

enum { LEAST_INTERVAL_NS = 1000000000 };

enum flag_kind { FLAG_TEXT, FLAG_ROOT, FLAG_CHOICE, FLAG_BOOL, FLAG_DURATION }; /* ROOT: a directory, kept without slashes at its end */

struct flag {
	const char *name;
	enum flag_kind kind;
	size_t offset;
	const char *argument; /* word for help; the choices of a FLAG_CHOICE */
	const char *fallback; /* NULL: not set */
	const char *group;
	const char *help;
};

#define FIELD(name) offsetof(struct flags, name)

static const struct flag flags[] = {
	{ "config.file", FLAG_TEXT, FIELD(config_file), "FILE", NULL, "Configuration",
		"configuration to run with; without it: the logs of this machine, shown on the page" },
	{ "loki.url", FLAG_TEXT, FIELD(loki_url), "URL", NULL, "Configuration",
		"ship to this Loki, without a file (.../loki/api/v1/push)" },
	{ "remote-write.url", FLAG_TEXT, FIELD(remote_write_url), "URL", NULL, "Configuration",
		"send metrics to this receiver, without a file (.../api/v1/write)" },
	{ "config.auto-reload-interval", FLAG_DURATION, FIELD(auto_reload_interval_ns), "DURATION", NULL, "Configuration",
		"look this often whether the file has changed, and take it over when it is valid, e.g. 10s (default: never)" },
	{ "state.dir", FLAG_TEXT, FIELD(state_dir), "DIR", "/var/lib/spoor", "Places",
		"where progress is kept; on a disk of the node" },
	{ "path.pod-logs", FLAG_TEXT, FIELD(path_pod_logs), "DIR", "/var/log/pods", "Places", "the kubelet's pod logs" },
	{ "path.docker", FLAG_TEXT, FIELD(path_docker), "DIR", "/var/lib/docker/containers", "Places", "Docker's json-file logs" },
	{ "path.procfs", FLAG_ROOT, FIELD(path_procfs), "DIR", "/proc", "Places", "procfs of the node" },
	{ "path.sysfs", FLAG_ROOT, FIELD(path_sysfs), "DIR", "/sys", "Places", "sysfs of the node" },
	{ "path.rootfs", FLAG_ROOT, FIELD(path_rootfs), "DIR", "/", "Places", "root directory of the node, for filesystem metrics" },
	{ "path.udev.data", FLAG_ROOT, FIELD(path_udev_data), "DIR", "/run/udev/data", "Places", "udev's data about disks" },
	{ "path.cgroupfs", FLAG_ROOT, FIELD(path_cgroupfs), "DIR", "/sys/fs/cgroup", "Places", "cgroups of the node, for container metrics" },
	{ "path.runtime-state", FLAG_ROOT, FIELD(path_runtime_state), "DIR", "/run", "Places",
		"state of the container runtimes, for the names of containers" },
	{ "web.listen-address", FLAG_TEXT, FIELD(web_listen_address), "HOST:PORT", NULL, "HTTP",
	  "page, /metrics and JSON (default: :9195 in Kubernetes, 127.0.0.1:9195 elsewhere)" },
	{ "web.config.file", FLAG_TEXT, FIELD(web_config_file), "FILE", NULL, "HTTP",
	  "TLS and users of this port, in the exporters' format (default: the file's server.web_config_file)" },
	{ "web.enable-lifecycle", FLAG_BOOL, FIELD(enable_lifecycle), "", NULL, "HTTP", "allow POST /-/reload" },
	{ "log.level", FLAG_CHOICE, FIELD(log_level), "debug|info|warn|error", NULL, "Own log",
		"least level (default: the file's, else info)" },
	{ "log.format", FLAG_CHOICE, FIELD(log_format), "logfmt|json", NULL, "Own log",
		"format (default: the file's, else logfmt)" },
	{ "job", FLAG_TEXT, FIELD(job), "NAME", NULL, "inspect", "the job whose rules lines go through" },
	{ "format", FLAG_CHOICE, FIELD(format), "raw|cri|docker", NULL, "inspect", "how lines are wrapped" },
	{ "help", FLAG_BOOL, FIELD(help), "", NULL, "", "this text" },
	{ "version", FLAG_BOOL, FIELD(version), "", NULL, "", "version of the program" },
};

static const struct { const char *name, *argument, *help; } commands[] = {
	{ "run", "", "the agent, in the foreground (what happens without a command)" },
	{ "check", "FILE", "everything that is wrong with a configuration; exit code 0 or 78" },
	{ "inspect", "", "lines on standard input to records with trace ids, as JSON" },
};

static struct str flag_name(const struct flag *f)
{
	return str_of(f->name);
}

static const struct flag *flag_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if (str_eq(flag_name(&flags[i]), name))
			return &flags[i];
	return str_eq(name, STR("h")) ? flag_find(STR("help")) : NULL;
}

static int unknown(char err[256], const char *what, struct str dashes, struct str name, struct str nearest)
{
	if (nearest.n)
		snprintf(err, 256, "unknown %s %.*s%.*s; did you mean %.*s%.*s? See spoor --help", what, STR_ARG(dashes),
			STR_ARG(str_take(name, 64)),
			 STR_ARG(dashes), STR_ARG(nearest));
	else
		snprintf(err, 256, "unknown %s %.*s%.*s; see spoor --help", what, STR_ARG(dashes), STR_ARG(str_take(name, 64)));
	return -1;
}

static int unknown_flag(struct str name, char err[256])
{
	struct nearest nearest = { 0 };
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		nearest_offer(&nearest, name, flag_name(&flags[i]));
	return unknown(err, "flag", STR("--"), name, nearest_word(&nearest, name));
}

static bool is_command(const char *name)
{
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return true;
	return false;
}

static int unknown_command(const char *name, char err[256])
{
	struct nearest nearest = { 0 };
	for (size_t i = 0; i < COUNT_OF(commands); i++)
		nearest_offer(&nearest, str_of(name), str_of(commands[i].name));
	return unknown(err, "command", STR(""), str_of(name), nearest_word(&nearest, str_of(name)));
}

static int set_bool(const struct flag *f, bool value, struct str text, bool has_text, struct flags *out, char err[256])
{
	if (has_text && !str_eq(text, STR("true")) && !str_eq(text, STR("false"))) {
		snprintf(err, 256, "--%s: expected true or false, found \"%.*s\"", f->name, STR_ARG(str_take(text, 64)));
		return -1;
	}
	bool set = has_text ? str_eq(text, STR("true")) == value : value;
	memcpy((char *)out + f->offset, &set, sizeof set);
	return 0;
}

static int set_duration(const struct flag *f, struct str text, struct flags *out, char err[256])
{
	int64_t ns = -1;
	if (!num_duration_ns(text, &ns) || ns < 0 || (ns > 0 && ns < LEAST_INTERVAL_NS)) {
		snprintf(err, 256, "--%s: expected a duration of at least 1s such as 10s or 1m, or 0s, found \"%.*s\"", f->name, STR_ARG(str_take(text, 64)));
		return -1;
	}
	memcpy((char *)out + f->offset, &ns, sizeof ns);
	return 0;
}

static int set_text(const struct flag *f, char *value, struct flags *out, char err[256])
{
	if (f->kind == FLAG_DURATION)
		return set_duration(f, str_of(value), out, err);
	struct str rest = str_of(f->argument);
	bool is_good = f->kind != FLAG_CHOICE && value[0] != '\0';
	while (f->kind == FLAG_CHOICE && rest.n && !is_good)
		is_good = str_eq(str_cut(&rest, '|'), str_of(value));
	if (!is_good) {
		snprintf(err, 256, "--%s: expected %s, found \"%.64s\"", f->name, f->argument, value);
		return -1;
	}
	for (size_t n = strlen(value); f->kind == FLAG_ROOT && n && value[n - 1] == '/'; n--)
		value[n - 1] = '\0';
	memcpy((char *)out + f->offset, &value, sizeof value);
	return 0;
}

/* One flag, argv[*i]; takes argv[*i + 1] too when the value stands there. */
static int take_flag(int argc, char **argv, int *i, struct flags *out, char err[256])
{
	struct str text = str_of(argv[*i]), name;
	text = str_skip(text, str_starts(text, STR("--")) ? 2 : 1);
	name = str_cut(&text, '=');
	bool has_text = argv[*i] + strlen(argv[*i]) != name.p + name.n;
	bool is_negated = !flag_find(name) && str_starts(name, STR("no-"));
	const struct flag *f = flag_find(is_negated ? str_skip(name, 3) : name);
	if (!f || (is_negated && f->kind != FLAG_BOOL))
		return unknown_flag(name, err);
	if (f->kind == FLAG_BOOL)
		return set_bool(f, !is_negated, text, has_text, out, err);
	if (has_text)
		return set_text(f, argv[*i] + (text.p - argv[*i]), out, err);
	if (*i + 1 == argc) {
		snprintf(err, 256, "--%s needs a value: --%s=%s", f->name, f->name, f->argument);
		return -1;
	}
	return set_text(f, argv[++*i], out, err);
}

static void set_fallbacks(struct flags *out)
{
	*out = (struct flags){ 0 };
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if (flags[i].fallback) {
			const char *value = strcmp(flags[i].fallback, "/") == 0 ? "" : flags[i].fallback;
			memcpy((char *)out + flags[i].offset, &value, sizeof value);
		}
}

/* "--collector.x" without its dashes, NULL: another flag, or none. */
static char *collector_flag(char *argument)
{
	if (argument[0] != '-')
		return NULL;
	char *name = argument + (argument[1] == '-' ? 2 : 1);
	bool is_ours = str_starts(str_of(name), STR("collector.")) || str_starts(str_of(name), STR("no-collector."));
	return is_ours ? name : NULL;
}

/* Brings the collectors' flags to the front, in order. Returns how many there are. */
static int sort_out(int argc, char **argv)
{
	int count = 0;
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		char *name = collector_flag(argv[i]);
		if (!name)
			continue;
		memmove(&argv[2 + count], &argv[1 + count], (size_t)(i - 1 - count) * sizeof *argv);
		argv[1 + count++] = name;
	}
	return count;
}

/* What is left besides flags: a command and its arguments. */
static int take_command(struct flags *out, char err[256])
{
	out->command = "run";
	if (out->rest_count && !out->help && !out->version) {
		if (!is_command(out->rest[0]))
			return unknown_command(out->rest[0], err);
		out->command = out->rest[0];
	}
	if (out->rest_count) {
		out->rest++;
		out->rest_count--;
	}
	if (out->help || out->version)
		return 0;
	int most = strcmp(out->command, "check") == 0 ? 1 : 0;
	if (out->rest_count > most) {
		snprintf(err, 256, "spoor %s takes %s, found \"%.64s\" as well; see spoor --help", out->command,
			 most ? "one file" : "no arguments besides flags", out->rest[most]);
		return -1;
	}
	if (out->config_file && out->loki_url) {
		snprintf(err, 256, "--loki.url is for running without a file: with --config.file put the url into logs.clients");
		return -1;
	}
	if (out->config_file && out->remote_write_url) {
		snprintf(err, 256, "--remote-write.url is for running without a file: with --config.file put the url into metrics.remote_write");
		return -1;
	}
	return 0;
}

int flags_parse(int argc, char **argv, struct flags *out, char err[256])
{
	bool is_end = false;
	set_fallbacks(out);
	err[0] = '\0';
	int first = 1 + sort_out(argc, argv);
	out->collector_flags = (const char **)(void *)(argv + 1);
	out->collector_flag_count = first - 1;
	out->rest = argv + first;
	for (int i = first; i < argc; i++) {
		bool is_flag = argv[i][0] == '-' && argv[i][1] != '\0' && !is_end;
		if (is_flag && strcmp(argv[i], "--") == 0)
			is_end = true;
		else if (!is_flag)
			out->rest[out->rest_count++] = argv[i];
		else if (take_flag(argc, argv, &i, out, err) < 0)
			return -1;
	}
	if (argc > 0)
		out->rest[out->rest_count] = NULL; /* never beyond argv[argc], which is NULL already */
	return take_command(out, err);
}

static void print_left(struct buf *out, const char *dashes, const char *name, const char *argument)
{
	size_t from = out->n;
	buf_printf(out, "  %s%s%s%s", dashes, name, *argument ? (*dashes ? "=" : " ") : "", argument);
	while (out->n - from < 40)
		buf_char(out, ' ');
}

void flags_help(struct buf *out)
{
	const char *group = NULL;
	buf_str(out, STR("spoor: container logs to Loki, with the trace id of every line; node, pod and scraped metrics to remote-write\n\nUsage: spoor [COMMAND] "
		"[FLAGS]\n\nCommands\n"));
	for (size_t i = 0; i < COUNT_OF(commands); i++) {
		print_left(out, "", commands[i].name, commands[i].argument);
		buf_printf(out, "%s\n", commands[i].help);
	}
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		const struct flag *f = &flags[i];
		if (!group || strcmp(group, f->group) != 0)
			buf_printf(out, "\n%s\n", *f->group ? f->group : "Else");
		group = f->group;
		print_left(out, "--", f->name, f->argument);
		buf_printf(out, f->fallback ? "%s (default: %s)\n" : "%s\n", f->help, f->fallback);
	}
	buf_str(out, STR("\nNode metrics\n  --[no-]collector.NAME                 a collector on or off, names and options as node_exporter's:\n"
			 "                                        --collector.NAME.OPTION=VALUE, --collector.disable-defaults\n"));
	buf_str(out, STR("\nSignals: TERM delivers what was read and ends; HUP reads the configuration again.\n"
			 "All keys of the file: docs/CONFIGURATION.md\n"));
}

void flags_version(struct buf *out)
{
	buf_str(out, STR("spoor " SPOOR_VERSION "\n"));
}
