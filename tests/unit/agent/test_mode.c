/* Without jobs in the configuration: what is read where, and that jobs of a file are left alone. */
#include "agent/mode.h"

#include <stdio.h>
#include <sys/stat.h>

#include "config/relabels.h"
#include "config/load.h"
#include "tests/unit/agent/journal_rig.h"

struct rig {
	struct journal_rig j;
	struct config *config;
	struct mode mode;
	char pods[128], docker[128], journal[128];
};

static struct rig *rig_make(void)
{
	struct rig *r = calloc(1, sizeof *r);
	unsetenv("KUBERNETES_SERVICE_HOST");
	r->j = journal_rig_make();
	snprintf(r->pods, sizeof r->pods, "%s/pods", r->j.dir.path);
	snprintf(r->docker, sizeof r->docker, "%s/docker", r->j.dir.path);
	snprintf(r->journal, sizeof r->journal, "%s/journal", r->j.dir.path);
	ck_assert_int_eq(mkdir(r->journal, 0755), 0);
	r->config = config_default();
	return r;
}

static void rig_free(struct rig *r)
{
	config_free(r->config);
	journal_rig_free(&r->j);
	free(r);
}

static void apply(struct rig *r)
{
	mode_apply(r->config, "/var/log/pods", r->docker, r->journal, &r->mode);
}

START_TEST(a_host_with_a_journal)
{
	struct rig *r = rig_make();
	journal_rig_entry(&r->j, "m", "a");
	journal_rig_write(&r->j, "journal/x.journal");
	apply(r);
	ck_assert_str_eq(r->mode.name, "host");
	ck_assert_msg(strstr(r->mode.why, "the systemd journal"), "%s", r->mode.why);
	ck_assert_uint_eq(r->config->logs.scrape_count, 2);
	const struct config_scrape *files = &r->config->logs.scrapes[0], *journal = &r->config->logs.scrapes[1];
	ck_assert_uint_eq(files->static_count, 1);
	ck_assert(str_starts(files->statics[0].path_exclude, STR("/var/log/{auth,")));
	ck_assert(!files->journal.is_there && journal->journal.is_there);
	ck_assert_int_eq(journal->journal.max_age_ms, 7 * 3600 * 1000);
	ck_assert_int_eq(journal->journal.first_age_ms, 600 * 1000);
	ck_assert(str_eq(journal->journal.path, str_of(r->journal)));
	rig_free(r);
}
END_TEST

START_TEST(a_host_without_one)
{
	struct rig *r = rig_make();
	temp_write(&r->j.dir, "journal/x.journal", "no journal at all, but long enough to be sure of it: old files are not this short............", 94);
	ck_assert_int_eq(utimensat(AT_FDCWD, temp_path(&r->j.dir, "journal/x.journal"), (struct timespec[]){ { 1, 0 }, { 1, 0 } }, 0), 0);
	apply(r);
	ck_assert_str_eq(r->mode.name, "host");
	ck_assert_uint_eq(r->config->logs.scrape_count, 1);
	ck_assert_uint_eq(r->config->logs.scrapes[0].static_count, 3);
	rig_free(r);
}
END_TEST

START_TEST(docker_and_kubernetes_have_no_journal)
{
	struct rig *r = rig_make();
	journal_rig_entry(&r->j, "m", "a");
	journal_rig_write(&r->j, "journal/x.journal");
	ck_assert_int_eq(mkdir(r->docker, 0755), 0);
	temp_write(&r->j.dir, "docker/x", "", 0);
	apply(r);
	ck_assert_str_eq(r->mode.name, "docker");
	ck_assert(!r->config->logs.scrapes[0].journal.is_there);
	config_free(r->config);
	r->config = config_default();
	mode_apply(r->config, r->pods, r->docker, r->journal, &r->mode);
	ck_assert_str_eq(r->mode.name, "kubernetes");
	ck_assert(r->config->logs.scrapes[0].is_pods);
	rig_free(r);
}
END_TEST

static const struct {
	const char *unit, *want;
} units[] = {
	{ "ssh.service", "ssh.service" },
	{ "session-42.scope", "session.scope" },
	{ "session-c1.scope", "session.scope" },
	{ "run-u1234.service", "run.service" },
	{ "run-r0a1b2c3d4e5f60718293a4b5c6d7e8f9.scope", "run.scope" },
	{ "libpod-0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9.scope", "libpod.scope" },
	{ "docker-compose.service", "docker-compose.service" },
	{ "user@1000.service", "user@1000.service" },
	{ "run-docker-netns.mount", "run-docker-netns.mount" },
};

/* The rules of the built-in job, through the program's own relabelling. */
START_TEST(numbers_in_units_make_no_streams)
{
	struct rig *r = rig_make();
	char err[256];
	journal_rig_entry(&r->j, "m", "a");
	journal_rig_write(&r->j, "journal/x.journal");
	apply(r);
	struct relabel *rules = relabels_compile(&r->config->logs.scrapes[1].relabel_configs, err);
	ck_assert_msg(rules != NULL, "%s", err);
	for (size_t i = 0; i < COUNT_OF(units); i++) {
		struct labels labels = { 0 };
		struct arena arena = { 0 };
		labels_set(&labels, STR("__journal__systemd_unit"), str_of(units[i].unit));
		ck_assert(relabel_apply(rules, &labels, &arena));
		struct str got = labels_get(&labels, STR("unit"));
		ck_assert_msg(str_eq(got, str_of(units[i].want)), "%s: got " STR_FMT ", want %s", units[i].unit, STR_ARG(got), units[i].want);
		labels_fini(&labels);
		arena_fini(&arena);
	}
	relabel_free(rules);
	rig_free(r);
}
END_TEST

START_TEST(a_files_jobs_are_left_alone)
{
	struct rig *r = rig_make();
	struct config_problems problems = { 0 };
	journal_rig_entry(&r->j, "m", "a");
	journal_rig_write(&r->j, "journal/x.journal");
	config_free(r->config);
	r->config = config_load(STR("logs: {scrape_configs: [{job_name: a, static_configs: [{labels: {__path__: /x}}]}]}"), STR("t.yaml"), &problems);
	ck_assert_ptr_nonnull(r->config);
	apply(r);
	ck_assert_str_eq(r->mode.name, "file");
	ck_assert_uint_eq(r->config->logs.scrape_count, 1);
	config_problems_fini(&problems);
	rig_free(r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mode");
	TCase *tc = tcase_create("all");
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_host_with_a_journal);
	tcase_add_test(tc, a_host_without_one);
	tcase_add_test(tc, docker_and_kubernetes_have_no_journal);
	tcase_add_test(tc, numbers_in_units_make_no_streams);
	tcase_add_test(tc, a_files_jobs_are_left_alone);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
