/* The table of flags, and reading them. Not getopt_long: it takes no single dash for long names, no --no-flag, and cannot say which flag
 * was meant. The command is looked for first, because a flag may mean something else to another one. */
#include "agent/commandline/flags.h"

#include <stddef.h>
#include <stdio.h>

#include "agent/commands/table.h"
#include "agent/commandline/flags_promtail.h"
#include "config/nearest.h"
#include "parsers/bytes/num.h"

enum { LEAST_INTERVAL_NS = 1000000000 };

#define FIELD(name) offsetof(struct flags, name)
#define ASKING "Asking the agent"
#define ASKERS "diagnose explain tap top"

static const struct flag flags[] = {
	{ "config.file", FLAG_TEXT, FIELD(config_file), "FILE", NULL, "Configuration", "run",
		"configuration to run with; without it: the logs of this machine, shown on the page" },
	{ "config.expand-env", FLAG_BOOL, FIELD(expand_env), "", NULL, "Configuration", "run check inspect " ASKERS,
		"replace ${NAME} and ${NAME:-words} in the file by variables of the environment, as Promtail does" },
	{ "loki.url", FLAG_TEXT, FIELD(loki_url), "URL", NULL, "Configuration", "run",
		"ship to this Loki, without a file (.../loki/api/v1/push)" },
	{ "remote-write.url", FLAG_TEXT, FIELD(remote_write_url), "URL", NULL, "Configuration", "run",
		"send metrics to this receiver, without a file (.../api/v1/write)" },
	{ "config.auto-reload-interval", FLAG_DURATION, FIELD(auto_reload_interval_ns), "DURATION", NULL, "Configuration", "run",
		"look this often whether the file has changed, and take it over when it is valid, e.g. 10s (default: never)" },
	{ "positions.import", FLAG_TEXT, FIELD(positions_import), "FILE", NULL, "Places", "run",
		"Promtail's positions: logs begin where it stopped (default: where the configuration says that it has them)" },
	{ "state.dir", FLAG_TEXT, FIELD(state_dir), "DIR", "/var/lib/spoor", "Places", "run",
		"where progress is kept; on a disk of the node" },
	{ "path.pod-logs", FLAG_TEXT, FIELD(path_pod_logs), "DIR", "/var/log/pods", "Places", "run", "the kubelet's pod logs" },
	{ "path.docker", FLAG_TEXT, FIELD(path_docker), "DIR", "/var/lib/docker/containers", "Places", "run",
		"Docker's json-file logs" },
	{ "path.service-account", FLAG_TEXT, FIELD(path_service_account), "DIR", "/var/run/secrets/kubernetes.io/serviceaccount", "Places", "run",
		"token and ca.crt for the Kubernetes API" },
	{ "path.procfs", FLAG_ROOT, FIELD(path_procfs), "DIR", "/proc", "Places", "run", "procfs of the node" },
	{ "path.sysfs", FLAG_ROOT, FIELD(path_sysfs), "DIR", "/sys", "Places", "run", "sysfs of the node" },
	{ "path.rootfs", FLAG_ROOT, FIELD(path_rootfs), "DIR", "/", "Places", "run",
		"root directory of the node, for filesystem metrics" },
	{ "path.udev.data", FLAG_ROOT, FIELD(path_udev_data), "DIR", "/run/udev/data", "Places", "run", "udev's data about disks" },
	{ "path.cgroupfs", FLAG_ROOT, FIELD(path_cgroupfs), "DIR", "/sys/fs/cgroup", "Places", "run",
		"cgroups of the node, for container metrics" },
	{ "path.runtime-state", FLAG_ROOT, FIELD(path_runtime_state), "DIR", "/run", "Places", "run",
		"state of the container runtimes, for the names of containers" },
	{ "web.listen-address", FLAG_TEXT, FIELD(web_listen_address), "HOST:PORT", NULL, "HTTP", "run " ASKERS,
		"page, /metrics and JSON (default: :9195 in Kubernetes, 127.0.0.1:9195 elsewhere)" },
	{ "web.config.file", FLAG_TEXT, FIELD(web_config_file), "FILE", NULL, "HTTP", "run",
		"TLS and users of this port, in the exporters' format (default: the file's server.web_config_file)" },
	{ "web.enable-lifecycle", FLAG_BOOL, FIELD(enable_lifecycle), "", NULL, "HTTP", "run", "allow POST /-/reload" },
	{ "web.enable-tap", FLAG_BOOL, FIELD(enable_tap), "", NULL, "HTTP", "run",
		"show lines as they pass (/api/v1/tap) to other machines too, not to this one alone" },
	{ "metrics.compat", FLAG_CHOICE, FIELD(metrics_compat), "promtail", NULL, "HTTP", "run",
		"show our own metrics under Promtail's names too, so that its dashboards and alerts go on" },
	{ "no-sandbox", FLAG_BOOL, FIELD(no_sandbox), "", NULL, "Limits", "run",
		"without the limits that the agent puts on itself: system calls, capabilities, writing" },
	{ "log.level", FLAG_CHOICE, FIELD(log_level), "debug|info|warn|error", NULL, "Own log", "run",
		"least level (default: the file's, else info)" },
	{ "log.format", FLAG_CHOICE, FIELD(log_format), "logfmt|json", NULL, "Own log", "run",
		"format (default: the file's, else logfmt)" },
	{ "config.file", FLAG_TEXT, FIELD(config_file), "FILE", NULL, "", "check inspect " ASKERS, "the configuration" },
	{ "job", FLAG_TEXT, FIELD(job), "NAME", NULL, "", "inspect", "the job whose rules lines go through" },
	{ "format", FLAG_CHOICE, FIELD(format), "raw|cri|docker", NULL, "", "inspect", "how lines are wrapped (default: as the job's first stage says)" },
	{ "stages", FLAG_BOOL, FIELD(stages), "", NULL, "", "inspect", "what each stage changed, before each record" },
	{ "output", FLAG_CHOICE, FIELD(output), "text|json", NULL, "", "inspect", "for people, or an object a record (default: json; with --stages text)" },
	{ "format", FLAG_CHOICE, FIELD(format), "text|json", NULL, "", "check version diagnose explain tap",
		"for people, or for programs (default: text)" },
	{ "strict", FLAG_BOOL, FIELD(strict), "", NULL, "", "check", "exit code 3 when there are warnings" },
	{ "once", FLAG_BOOL, FIELD(once), "", NULL, "", "top", "totals since the start, once, as plain text" },
	{ "sort", FLAG_CHOICE, FIELD(sort), "behind|lag|bytes|name", "behind", "", "top", "what comes first" },
	{ "stage", FLAG_TEXT, FIELD(stage), "N", NULL, "", "tap", "lines behind stage N of their pipeline; 0: as they were read (default: as they go out)" },
	{ "dropped", FLAG_BOOL, FIELD(dropped), "", NULL, "", "tap", "lines that are dropped, and why, instead" },
	{ "limit", FLAG_TEXT, FIELD(limit), "N", NULL, "", "tap", "end after N lines" },
	{ "rate", FLAG_TEXT, FIELD(rate), "N", NULL, "", "tap", "at most N lines a second; what is beyond is counted" },
	{ "destination", FLAG_TEXT, FIELD(destination), "NAME", NULL, "", "tap", "on the way to this destination (default: the first)" },
	{ "bundle", FLAG_TEXT, FIELD(bundle), "FILE", NULL, "", "diagnose",
		"also an archive of what was found and of the agent's own answers, secrets blotted out; -: standard output" },
	{ "self-test", FLAG_BOOL, FIELD(self_test), "", NULL, "", "diagnose",
		"from another pod: nothing of this machine is looked at, and the agent must answer" },
	{ "web.ca-file", FLAG_TEXT, FIELD(web_ca_file), "FILE", NULL, ASKING, ASKERS,
		"whom to trust when its port has TLS (default: its own certificate)" },
	{ "web.cert-file", FLAG_TEXT, FIELD(web_cert_file), "FILE", NULL, ASKING, ASKERS, "certificate to show it" },
	{ "web.key-file", FLAG_TEXT, FIELD(web_key_file), "FILE", NULL, ASKING, ASKERS, "key of that" },
	{ "web.user", FLAG_TEXT, FIELD(web_user), "NAME", NULL, ASKING, ASKERS, "user of its port" },
	{ "web.password-file", FLAG_TEXT, FIELD(web_password_file), "FILE", NULL, ASKING, ASKERS, "file with the user's password" },
	{ "from", FLAG_CHOICE, FIELD(from), "promtail|prometheus", NULL, "", "convert", "whose file it is (default: its keys tell)" },
	{ "report", FLAG_TEXT, FIELD(report), "FILE", NULL, "", "convert", "where to tell what was left out (default: standard error)" },
	{ "help", FLAG_BOOL, FIELD(help), "", NULL, "", "", "this text" },
	{ "version", FLAG_BOOL, FIELD(version), "", NULL, "", "", "version of the program" },
};

const struct flag *flag_at(size_t i)
{
	return i < COUNT_OF(flags) ? &flags[i] : NULL;
}

static bool has_word(const char *words, const char *word)
{
	for (struct str rest = str_of(words); rest.n;)
		if (str_eq(str_cut(&rest, ' '), str_of(word)))
			return true;
	return false;
}

bool flag_is_of(const struct flag *f, const char *command)
{
	return !*f->commands || has_word(f->commands, command);
}

/* The row that the command has for the name, else the one of `run`; *other: a row of that name that is for other commands. */
static const struct flag *flag_find(struct str name, const char *command, const struct flag **other)
{
	const struct flag *found = NULL;
	*other = NULL;
	if (str_eq(name, STR("h")))
		name = STR("help");
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		if (!str_eq(str_of(flags[i].name), name))
			continue;
		if (flag_is_of(&flags[i], command))
			return &flags[i];
		*other = &flags[i];
		found = flag_is_of(&flags[i], "run") ? &flags[i] : found;
	}
	return found;
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

static int unknown_flag(struct str name, const char *command, char err[256])
{
	struct nearest nearest = { 0 };
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		if (flag_is_of(&flags[i], command) || flag_is_of(&flags[i], "run"))
			nearest_offer(&nearest, name, str_of(flags[i].name));
	return unknown(err, "flag", STR("--"), name, nearest_word(&nearest, name));
}

/* The row is there, but for other commands: all that have a row of this name are told. */
static int other_commands_flag(const struct flag *f, const char *command, char err[256])
{
	struct buf owners;
	buf_init(&owners, 128);
	for (size_t i = 0; i < COUNT_OF(flags); i++)
		for (struct str rest = str_of(strcmp(flags[i].name, f->name) == 0 ? flags[i].commands : ""); rest.n;) {
			buf_str(&owners, owners.n ? STR(", ") : STR(""));
			buf_str(&owners, str_cut(&rest, ' '));
		}
	snprintf(err, 256, "--%s is no flag of spoor %s, but of %.*s; see spoor %s --help", f->name, command, STR_ARG(buf_view(&owners)), command);
	buf_fini(&owners);
	return -1;
}

static int unknown_command(const char *name, char err[256])
{
	struct nearest nearest = { 0 };
	const struct command *c;
	for (size_t i = 0; (c = command_at(i)); i++)
		nearest_offer(&nearest, str_of(name), str_of(c->name));
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

/* "--no-x=y": "x", "y" behind the '='; is_negated. */
struct spelling { struct str name; const char *value; /* NULL: none stands there */ };

static struct spelling spell(const char *argument)
{
	struct str text = str_of(argument);
	text = str_skip(text, str_starts(text, STR("--")) ? 2 : 1);
	struct str name = str_cut(&text, '=');
	return (struct spelling){ name, name.p + name.n == argument + strlen(argument) ? NULL : text.p };
}

/* Promtail's flag in the arguments of a DaemonSet that has got another image. */
static int take_promtail_flag(const struct promtail_flag *f, struct str value, struct flags *out, char err[256])
{
	bool is_off = f->is_bool && str_eq(value, STR("false"));
	if (f->kind == PROMTAIL_REFUSED && !is_off) {
		snprintf(err, 256, "--%s is not supported: %s", f->name, f->words);
		return -1;
	}
	if (f->is_bool && !is_off && !str_eq(value, STR("true"))) {
		snprintf(err, 256, "--%s: expected true or false, found \"%.*s\"", f->name, STR_ARG(str_take(value, 64)));
		return -1;
	}
	if (f->kind == PROMTAIL_IGNORED && !is_off && out->without_effect_count < FLAGS_SETTINGS_MOST)
		out->without_effect[out->without_effect_count++] = f->name;
	if (f->kind == PROMTAIL_SETTING && out->setting_count == FLAGS_SETTINGS_MOST) {
		snprintf(err, 256, "--%s: more than %d flags of Promtail: write them into the file", f->name, FLAGS_SETTINGS_MOST);
		return -1;
	}
	if (f->kind == PROMTAIL_SETTING)
		out->settings[out->setting_count++] = (struct config_setting){ str_of(f->words), value };
	return 0;
}

/* One flag, argv[*i]; takes argv[*i + 1] too when the value stands there. */
static int take_flag(int argc, char **argv, int *i, struct flags *out, char err[256])
{
	const struct flag *other;
	struct spelling s = spell(argv[*i]);
	const struct flag *f = flag_find(s.name, out->command, &other);
	bool is_negated = !f && !other && str_starts(s.name, STR("no-"));
	if (is_negated)
		f = flag_find(str_skip(s.name, 3), out->command, &other);
	const struct promtail_flag *theirs = f || other ? NULL : promtail_flag_find(s.name);
	if (theirs && (theirs->is_bool || s.value))
		return take_promtail_flag(theirs, s.value ? str_of(s.value) : STR("true"), out, err);
	if (theirs && *i + 1 < argc)
		return take_promtail_flag(theirs, str_of(argv[++*i]), out, err);
	if (theirs) {
		snprintf(err, 256, "--%s needs a value", theirs->name);
		return -1;
	}
	if (!f && other)
		return other_commands_flag(other, out->command, err);
	if (!f || (is_negated && f->kind != FLAG_BOOL))
		return unknown_flag(s.name, out->command, err);
	if (f->kind == FLAG_BOOL)
		return set_bool(f, !is_negated, str_of(s.value), s.value != NULL, out, err);
	if (s.value)
		return set_text(f, argv[*i] + (s.value - argv[*i]), out, err);
	if (*i + 1 == argc) {
		snprintf(err, 256, "--%s needs a value: --%s=%s", f->name, f->name, f->argument);
		return -1;
	}
	return set_text(f, argv[++*i], out, err);
}

static bool is_flag(const char *argument)
{
	return argument[0] == '-' && argument[1] != '\0';
}

/* The first argument that is neither a flag nor a flag's value: the command; NULL when there is none. */
static const char *find_command(int argc, char **argv, int first)
{
	const struct flag *other;
	for (int i = first; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1 < argc ? argv[i + 1] : NULL;
		if (!is_flag(argv[i]))
			return argv[i];
		struct spelling s = spell(argv[i]);
		const struct flag *f = flag_find(s.name, "run", &other);
		f = f ? f : other;
		const struct promtail_flag *theirs = f ? NULL : promtail_flag_find(s.name);
		i += ((f && f->kind != FLAG_BOOL) || (theirs && !theirs->is_bool)) && !s.value;
	}
	return NULL;
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

static int judge_rest(const struct command *c, struct flags *out, char err[256])
{
	if (out->rest_count > c->most) {
		snprintf(err, 256, "spoor %s takes %s%s, found \"%.64s\" as well; see spoor %s --help", c->name,
			 c->most ? "" : "no arguments besides flags", c->argument, out->rest[c->most], c->name);
		return -1;
	}
	if (out->rest_count < c->least) {
		snprintf(err, 256, "what is missing: spoor %s %s; see spoor %s --help", c->name, c->argument, c->name);
		return -1;
	}
	return 0;
}

static int judge_together(const struct flags *out, char err[256])
{
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

/* What is left besides flags: a command and its arguments. */
static int take_command(struct flags *out, char err[256])
{
	const char *word = out->rest_count ? out->rest[0] : NULL;
	if (word) {
		out->rest++;
		out->rest_count--;
	}
	const struct command *c = command_find(str_of(word ? word : "run"));
	if (out->help || out->version) {
		out->command = word && c ? c->name : NULL;
		return 0;
	}
	if (!c)
		return unknown_command(word, err);
	out->command = c->name;
	return judge_rest(c, out, err) < 0 ? -1 : judge_together(out, err);
}

int flags_parse(int argc, char **argv, struct flags *out, char err[256])
{
	bool is_end = false;
	set_fallbacks(out);
	err[0] = '\0';
	int first = 1 + sort_out(argc, argv);
	out->collector_flags = (const char **)(void *)(argv + 1);
	out->collector_flag_count = first - 1;
	const char *word = find_command(argc, argv, first);
	out->command = word && command_find(str_of(word)) ? word : "run";
	out->rest = argv + first;
	for (int i = first; i < argc; i++) {
		if (is_end || !is_flag(argv[i]))
			out->rest[out->rest_count++] = argv[i];
		else if (strcmp(argv[i], "--") == 0)
			is_end = true;
		else if (take_flag(argc, argv, &i, out, err) < 0)
			return -1;
	}
	if (argc > 0)
		out->rest[out->rest_count] = NULL; /* never beyond argv[argc], which is NULL already */
	return take_command(out, err);
}

static bool is_inherited(const struct flag *f)
{
	static const char *const groups[] = { "Configuration", "Places", "HTTP" };
	for (size_t i = 0; i < COUNT_OF(groups); i++)
		if ((f->kind == FLAG_TEXT || f->kind == FLAG_ROOT) && strcmp(f->group, groups[i]) == 0)
			return true;
	return false;
}

void flags_inherit(struct flags *own, const struct flags *from)
{
	struct flags unset;
	const char *value, *nothing;
	set_fallbacks(&unset);
	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		if (!is_inherited(&flags[i]))
			continue;
		memcpy(&value, (const char *)own + flags[i].offset, sizeof value);
		memcpy(&nothing, (const char *)&unset + flags[i].offset, sizeof nothing);
		bool is_unset = value == nothing || (value && nothing && strcmp(value, nothing) == 0);
		memcpy(&value, (const char *)from + flags[i].offset, sizeof value);
		if (is_unset)
			memcpy((char *)own + flags[i].offset, &value, sizeof value);
	}
}
