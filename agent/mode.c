/* What the file says goes first, then what the environment says, then which directories have something in them; and the reason in
 * one sentence, because people will ask. */
#include "agent/mode.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/journal/journal_files.h"
#include "agent/journal/sdjournal.h"

enum { JOURNAL_AGE_MS = 7 * 3600 * 1000, JOURNAL_FIRST_AGE_MS = 10 * 60 * 1000 };
#define USUAL_PODS_PATH "/var/log/pods" /* of --path.pod-logs: another one was asked for */

static bool has_entries(const char *path)
{
	DIR *dir = opendir(path);
	bool has = false;
	for (struct dirent *e; dir && !has && (e = readdir(dir));)
		has = e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return has;
}

static struct config_label *one_label(struct arena *arena, const char *name, struct str value)
{
	struct config_label *label = arena_alloc(arena, sizeof *label);
	*label = (struct config_label){ str_of(name), value };
	return label;
}

static void add_static(struct config *c, struct config_scrape *job, size_t i, struct str path)
{
	job->statics[i] = (struct config_static){ .path = path, .labels = { one_label(&c->arena, "job", job->job_name), 1 } };
}

/* One job in place of the built-in one. */
static struct config_scrape *only_job(struct config *c, struct str name, enum log_format format, size_t statics)
{
	struct config_scrape *job = &c->logs.scrapes[0];
	*job = (struct config_scrape){ .job_name = name, .stages.format = format, .static_count = statics };
	job->statics = arena_alloc(&c->arena, statics * sizeof *job->statics);
	return job;
}

static void use_docker(struct config *c, const char *docker_path)
{
	char glob[4096];
	struct config_scrape *job = only_job(c, STR("docker"), FORMAT_DOCKER, 1);
	snprintf(glob, sizeof glob, "%s/*/*-json.log", docker_path);
	add_static(c, job, 0, arena_copy(&c->arena, str_of(glob)));
}

/* The usual text logs and no more: a whole /var/log at first start has overloaded hosts before. */
static void use_host(struct config *c)
{
	struct config_scrape *job = only_job(c, STR("varlogs"), FORMAT_RAW, 3);
	add_static(c, job, 0, STR("/var/log/*.log"));
	add_static(c, job, 1, STR("/var/log/syslog"));
	add_static(c, job, 2, STR("/var/log/messages"));
}

/* Where the journal can be read, what syslog daemons write is in it already: their files are left out. It begins ten minutes back where
 * nothing is saved yet: a first look has something to show, and no host is flooded. Names of units that are made of numbers (sessions,
 * transient ones, containers) would be streams without end. */
static void use_journal(struct config *c)
{
	static const struct {
		const char *source, *regex, *target, *replacement;
	} rules[] = {
		{ "__journal__systemd_unit", "(.*)", "unit", "$1" },
		{ "unit", "(session|run|user|libpod|docker|crio|containerd)-[cpru]?[0-9a-f]+\\.(scope|service)", "unit", "$1.$2" },
	};
	struct config_scrape *jobs = arena_alloc(&c->arena, 2 * sizeof *jobs);
	c->logs.scrapes = jobs;
	c->logs.scrape_count = 2;
	struct config_scrape *files = only_job(c, STR("varlogs"), FORMAT_RAW, 1);
	add_static(c, files, 0, STR("/var/log/*.log"));
	files->statics[0].path_exclude = STR("/var/log/{auth,cron,daemon,debug,kern,lpr,mail,news,secure,user,uucp}.log");
	jobs[1] = (struct config_scrape){ .job_name = STR("systemd-journal"), .stages.format = FORMAT_RAW };
	jobs[1].journal = (struct config_journal){ .is_there = true, .max_age_ms = JOURNAL_AGE_MS, .first_age_ms = JOURNAL_FIRST_AGE_MS,
						   .labels = { one_label(&c->arena, "job", jobs[1].job_name), 1 } };
	struct config_relabels *relabels = &jobs[1].relabel_configs;
	relabels->at = arena_alloc(&c->arena, COUNT_OF(rules) * sizeof *relabels->at);
	relabels->count = COUNT_OF(rules);
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		struct str *source = arena_alloc(&c->arena, sizeof *source);
		*source = str_of(rules[i].source);
		relabels->at[i] = (struct config_relabel){ .source_labels = { source, 1 }, .separator = STR(";"), .regex = str_of(rules[i].regex),
							   .target_label = str_of(rules[i].target), .replacement = str_of(rules[i].replacement),
							   .action = STR("replace"), .has_regex = i > 0, .has_replacement = i > 0 };
	}
}

static bool has_journal(const char *journal_path)
{
	struct journal_files files;
	char err[256];
	journal_files_look(str_of(journal_path), &files);
	struct sdjournal *library = files.files > files.forbidden + files.damaged ? sdjournal_load(err) : NULL;
	free(library);
	return library != NULL;
}

static void choose_host(struct config *c, const char *pods_path, const char *docker_path, const char *journal_path, struct mode *out)
{
	bool is_journal = has_journal(journal_path);
	out->name = "host";
	snprintf(out->why, sizeof out->why, "neither pods below %s nor containers below %s; reading %s", pods_path, docker_path,
		 is_journal ? "the systemd journal, and what syslog does not write in /var/log" : "/var/log");
	if (!is_journal) {
		use_host(c);
		return;
	}
	use_journal(c);
	if (journal_path)
		c->logs.scrapes[1].journal.path = str_of(journal_path);
}

void mode_apply(struct config *c, const char *pods_path, const char *docker_path, const char *journal_path, struct mode *out)
{
	bool is_built_in = c->logs.scrape_count == 1 && c->logs.scrapes[0].is_pods && c->logs.scrapes[0].line == 0;
	if (!c->logs.enabled) {
		out->name = "metrics";
		snprintf(out->why, sizeof out->why, "logs.enabled is false: no log is read");
	} else if (!is_built_in) {
		out->name = "file";
		snprintf(out->why, sizeof out->why, "%zu scrape_configs in the configuration file", c->logs.scrape_count);
	} else if (getenv("KUBERNETES_SERVICE_HOST")) {
		out->name = "kubernetes";
		snprintf(out->why, sizeof out->why, "KUBERNETES_SERVICE_HOST is set; reading all pods below %s", pods_path);
	} else if (strcmp(pods_path, USUAL_PODS_PATH) != 0) {
		out->name = "kubernetes";
		snprintf(out->why, sizeof out->why, "--path.pod-logs names %s; reading all pods below it", pods_path);
	} else if (has_entries(pods_path)) {
		out->name = "kubernetes";
		snprintf(out->why, sizeof out->why, "%s has pods; reading all of them", pods_path);
	} else if (has_entries(docker_path)) {
		out->name = "docker";
		snprintf(out->why, sizeof out->why, "%s has containers and %s has no pods", docker_path, pods_path);
		use_docker(c, docker_path);
	} else {
		choose_host(c, pods_path, docker_path, journal_path, out);
	}
}
