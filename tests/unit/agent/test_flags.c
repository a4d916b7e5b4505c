/* The command line: what is taken, what is refused and with which advice, and the help that is made of the same table. */
#include "agent/commandline/flags.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "agent/commandline/usage.h"
#include "agent/commands/table.h"

enum { ARGUMENTS_MOST = 8 };

static int parse(const char *const *arguments, struct flags *out, char err[256])
{
	static char program[] = "spoor", storage[ARGUMENTS_MOST][256];
	static char *argv[ARGUMENTS_MOST + 2];
	int argc = 1;
	argv[0] = program;
	for (; arguments[argc - 1]; argc++) {
		size_t n = strlen(arguments[argc - 1]);
		memcpy(storage[argc - 1], arguments[argc - 1], n + 1);
		argv[argc] = storage[argc - 1];
	}
	argv[argc] = NULL;
	return flags_parse(argc, argv, out, err);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static const struct {
	const char *name;
	const char *arguments[ARGUMENTS_MOST];
	const char *command, *config_file, *state_dir, *rest;
	bool enable_lifecycle;
} good[] = {
	{ "nothing means run", { NULL }, "run", NULL, "/var/lib/spoor", NULL, false },
	{ "run by its name", { "run", NULL }, "run", NULL, "/var/lib/spoor", NULL, false },
	{ "two dashes and =", { "--config.file=f", NULL }, "run", "f", "/var/lib/spoor", NULL, false },
	{ "one dash and a blank", { "-config.file", "f", NULL }, "run", "f", "/var/lib/spoor", NULL, false },
	{ "a value with = in it", { "--config.file=a=b", NULL }, "run", "a=b", "/var/lib/spoor", NULL, false },
	{ "flags before and behind the command", { "--state.dir", "d", "check", "x", "--config.file=f" , NULL }, "check", "f",
		"d", "x", false },
	{ "a switch", { "--web.enable-lifecycle", NULL }, "run", NULL, "/var/lib/spoor", NULL, true },
	{ "a switch turned off again", { "--web.enable-lifecycle", "--no-web.enable-lifecycle", NULL }, "run", NULL,
		"/var/lib/spoor", NULL, false },
	{ "a switch with a value", { "--web.enable-lifecycle=true", NULL }, "run", NULL, "/var/lib/spoor", NULL, true },
	{ "a switch takes no word", { "--web.enable-lifecycle", "run", NULL }, "run", NULL, "/var/lib/spoor", NULL, true },
	{ "the last one wins", { "--config.file=a", "--config.file=b", NULL }, "run", "b", "/var/lib/spoor", NULL, false },
	{ "a file that looks like a flag", { "check", "--", "--x", NULL }, "check", NULL, "/var/lib/spoor", "--x", false },
	{ "collectors' flags anywhere", { "--collector.cpu.info", "check", "-no-collector.wifi", "x", "--collector.netdev.device-exclude=^lo$",
		"--state.dir=d", NULL }, "check", NULL, "d", "x", false },
	{ "a flag of the command before it", { "--format", "json", "check", "x", NULL }, "check", NULL, "/var/lib/spoor", "x", false },
	{ "run's flags fit every command", { "check", "--web.listen-address=:1", "--path.procfs", "/p", "x", NULL }, "check", NULL, "/var/lib/spoor",
		"x", false },
	{ "a value that is called as a command", { "--config.file", "check", "run", NULL }, "run", "check", "/var/lib/spoor", NULL, false },
	{ "a dash is a file", { "check", "-", NULL }, "check", NULL, "/var/lib/spoor", "-", false },
};

START_TEST(good_line)
{
	struct flags flags;
	char err[256];
	int result = parse(good[_i].arguments, &flags, err);
	ck_assert_msg(result == 0, "%s: %s", good[_i].name, err);
	ck_assert_msg(same(flags.command, good[_i].command), "%s: got command %s, want %s", good[_i].name, flags.command,
		good[_i].command);
	ck_assert_msg(same(flags.config_file, good[_i].config_file), "%s: got file %s", good[_i].name, flags.config_file);
	ck_assert_msg(same(flags.state_dir, good[_i].state_dir), "%s: got state %s", good[_i].name, flags.state_dir);
	ck_assert_msg(same(flags.rest[0], good[_i].rest), "%s: got argument %s", good[_i].name, flags.rest[0]);
	ck_assert_msg(flags.enable_lifecycle == good[_i].enable_lifecycle, "%s: got %d", good[_i].name, flags.enable_lifecycle);
}
END_TEST

static const struct { const char *name, *arguments[ARGUMENTS_MOST], *want; } bad[] = {
	{ "a slip", { "--config.fiel=x", NULL }, "unknown flag --config.fiel; did you mean --config.file?" },
	{ "nothing near", { "--frobnicate", NULL }, "unknown flag --frobnicate; see spoor --help" },
	{ "a value missing", { "--config.file", NULL }, "--config.file needs a value: --config.file=FILE" },
	{ "an empty value", { "--config.file=", NULL }, "--config.file: expected FILE, found \"\"" },
	{ "a word that is not one of the choices", { "--log.level=loud", NULL },
		"--log.level: expected debug|info|warn|error, found \"loud\"" },
	{ "a switch that is neither", { "--web.enable-lifecycle=maybe", NULL }, "--web.enable-lifecycle: expected true or false" },
	{ "no- before what is no switch", { "--no-config.file", NULL }, "unknown flag --no-config.file" },
	{ "an unknown command", { "chekc", NULL }, "unknown command chekc; did you mean check?" },
	{ "two files", { "check", "a", "b", NULL }, "spoor check takes FILE, found \"b\" as well; see spoor check --help" },
	{ "an argument of run", { "run", "a", NULL }, "spoor run takes no arguments besides flags, found \"a\"" },
	{ "a flag of another command", { "run", "--strict", NULL }, "--strict is no flag of spoor run, but of check; see spoor run --help" },
	{ "the flag before the command", { "--job", "check", "check", "f", NULL }, "--job is no flag of spoor check, but of inspect" },
	{ "a word that only another command knows", { "check", "--format=cri", NULL }, "--format: expected text|json, found \"cri\"" },
	{ "the same flag, the other command", { "inspect", "--format", "json", NULL }, "--format: expected raw|cri|docker, found \"json\"" },
	{ "a slip, of a flag of the command", { "check", "--strct", NULL }, "unknown flag --strct; did you mean --strict?" },
	{ "a flag of no command given", { "--format=json", NULL }, "--format is no flag of spoor run, but of inspect, check, version" },
	{ "a file and a receiver", { "--config.file=a", "--remote-write.url=http://x", NULL }, "--remote-write.url is for running without" },
	{ "Promtail's, with what to use", { "-dry-run", NULL }, "--dry-run is not supported: to see what becomes of lines: spoor inspect" },
	{ "Promtail's check", { "-config.file=a", "-check-syntax", NULL }, "--check-syntax is not supported: spoor check FILE" },
	{ "Promtail's switch that is neither", { "-limit.readline-rate-enabled=maybe", NULL }, "--limit.readline-rate-enabled: expected true or false" },
	{ "Promtail's without its value", { "-client.url", NULL }, "--client.url needs a value" },
	{ "a file and a url", { "--config.file=a", "--loki.url=http://x", NULL }, "--loki.url is for running without a file" },
};

START_TEST(bad_line)
{
	struct flags flags;
	char err[256];
	ck_assert_msg(parse(bad[_i].arguments, &flags, err) == -1, "%s: accepted", bad[_i].name);
	ck_assert_msg(strstr(err, bad[_i].want) != NULL, "%s: got \"%s\", want \"%s\"", bad[_i].name, err, bad[_i].want);
}
END_TEST

START_TEST(defaults)
{
	static const char *const none[] = { NULL };
	struct flags flags;
	char err[256];
	ck_assert_int_eq(parse(none, &flags, err), 0);
	ck_assert_str_eq(flags.path_pod_logs, "/var/log/pods");
	ck_assert_str_eq(flags.path_rootfs, "");
	ck_assert_str_eq(flags.path_docker, "/var/lib/docker/containers");
	ck_assert(!flags.web_listen_address && !flags.log_level && !flags.log_format && !flags.loki_url);
	ck_assert_int_eq(flags.rest_count, 0);
}
END_TEST

START_TEST(promtails_flags_are_settings)
{
	static const char *const line[] = { "-config.file=f", "-config.expand-env=true", "-client.external-labels", "a=b,c=d", "-print-config-stderr",
		"--server.http-listen-port=3101", "-limit.readline-rate-enabled", "-stdin=false", NULL };
	struct flags flags;
	char err[256];
	ck_assert_msg(parse(line, &flags, err) == 0, "%s", err);
	ck_assert_str_eq(flags.command, "run");
	ck_assert(flags.expand_env);
	ck_assert_uint_eq(flags.setting_count, 3);
	ck_assert(str_eq(flags.settings[0].key, STR("client.external_labels")) && str_eq(flags.settings[0].value, STR("a=b,c=d")));
	ck_assert(str_eq(flags.settings[1].key, STR("server.http_listen_port")) && str_eq(flags.settings[1].value, STR("3101")));
	ck_assert(str_eq(flags.settings[2].key, STR("limits_config.readline_rate_enabled")) && str_eq(flags.settings[2].value, STR("true")));
	ck_assert_uint_eq(flags.without_effect_count, 1);
	ck_assert_str_eq(flags.without_effect[0], "print-config-stderr");
}
END_TEST

START_TEST(collectors_flags_are_handed_on)
{
	static const char *const line[] = { "--collector.cpu", "check", "-no-collector.wifi", "f", "--collector.netdev.device-exclude=^lo$", "--",
		"--collector.x", NULL };
	struct flags flags;
	char err[256];
	ck_assert_int_eq(parse(line, &flags, err), -1); /* check takes one file: what stands behind -- is no flag */
	ck_assert_int_eq(flags.collector_flag_count, 3);
	ck_assert_str_eq(flags.collector_flags[0], "collector.cpu");
	ck_assert_str_eq(flags.collector_flags[1], "no-collector.wifi");
	ck_assert_str_eq(flags.collector_flags[2], "collector.netdev.device-exclude=^lo$");
	ck_assert_int_eq(flags.rest_count, 2);
	ck_assert_str_eq(flags.rest[1], "--collector.x");
}
END_TEST

START_TEST(places_have_no_slash_at_the_end)
{
	static const char *const line[] = { "--path.procfs=/host/proc//", "--path.rootfs", "/", "--web.config.file=w", NULL };
	struct flags flags;
	char err[256];
	ck_assert_int_eq(parse(line, &flags, err), 0);
	ck_assert_str_eq(flags.path_procfs, "/host/proc");
	ck_assert_str_eq(flags.path_rootfs, "");
	ck_assert_str_eq(flags.path_sysfs, "/sys");
	ck_assert_str_eq(flags.path_cgroupfs, "/sys/fs/cgroup");
	ck_assert_str_eq(flags.web_config_file, "w");
}
END_TEST

START_TEST(help_needs_nothing_else)
{
	static const char *const line[] = { "whatever", "-h", NULL };
	struct flags flags;
	char err[256];
	ck_assert_int_eq(parse(line, &flags, err), 0);
	ck_assert(flags.help && !flags.command);
}
END_TEST

static const struct { const char *command, *words[8], *not_there[4]; } helps[] = {
	{ NULL, { "--config.file=FILE", "--path.pod-logs=DIR", "(default: /var/log/pods)", "check FILE", "--version", "--[no-]collector.NAME",
		"HUP reads" }, { "--strict", "raw|cri" } },
	{ "run", { "Usage: spoor run [FLAGS]", "--path.pod-logs=DIR", "Exit code 0 after TERM" }, { "--strict", "check FILE" } },
	{ "check", { "Usage: spoor check FILE [FLAGS]", "--strict", "--format=text|json", "--config.file", "Exit code 0, or 78" },
		{ "--state.dir", "raw|cri|docker", "collector" } },
	{ "inspect", { "--format=raw|cri|docker", "--job=NAME", "--output=text|json" }, { "--strict", "--format=text" } },
};

START_TEST(help)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	usage_print(helps[_i].command, &out);
	buf_char(&out, '\0');
	for (size_t i = 0; helps[_i].words[i]; i++)
		ck_assert_msg(strstr(out.p, helps[_i].words[i]) != NULL, "--help does not say %s:\n%s", helps[_i].words[i], out.p);
	for (size_t i = 0; helps[_i].not_there[i]; i++)
		ck_assert_msg(strstr(out.p, helps[_i].not_there[i]) == NULL, "--help says %s:\n%s", helps[_i].not_there[i], out.p);
	buf_fini(&out);
}
END_TEST

START_TEST(help_of_a_command)
{
	static const char *const line[] = { "--format", "check", "--help", NULL };
	struct flags flags;
	char err[256];
	ck_assert_int_eq(parse(line, &flags, err), -1); /* --format takes its word */
	static const char *const other[] = { "check", "--help", NULL };
	ck_assert_int_eq(parse(other, &flags, err), 0);
	ck_assert_str_eq(flags.command, "check");
}
END_TEST

/* What a row names is there: a flag of a command that does not exist would never be taken. */
START_TEST(rows_agree)
{
	const struct flag *f;
	for (size_t i = 0; (f = flag_at(i)); i++) {
		ck_assert_msg(*f->help && strlen(f->help) < 160, "--%s: help", f->name);
		for (struct str rest = str_of(f->commands); rest.n;) {
			struct str command = str_cut(&rest, ' ');
			ck_assert_msg(command_find(command) != NULL, "--%s is of %.*s, which is no command", f->name, STR_ARG(command));
		}
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flags");
	TCase *tcase = tcase_create("flags");
	tcase_add_loop_test(tcase, good_line, 0, (int)COUNT_OF(good));
	tcase_add_loop_test(tcase, bad_line, 0, (int)COUNT_OF(bad));
	tcase_add_test(tcase, defaults);
	tcase_add_test(tcase, promtails_flags_are_settings);
	tcase_add_test(tcase, collectors_flags_are_handed_on);
	tcase_add_test(tcase, places_have_no_slash_at_the_end);
	tcase_add_test(tcase, help_needs_nothing_else);
	tcase_add_loop_test(tcase, help, 0, (int)COUNT_OF(helps));
	tcase_add_test(tcase, help_of_a_command);
	tcase_add_test(tcase, rows_agree);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
