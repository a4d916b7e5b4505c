/* What the file says goes first, then what the environment says, then which directories have something in them; and the reason in
 * one sentence, because people will ask. */
#include "agent/mode.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

void mode_apply(struct config *c, const char *pods_path, const char *docker_path, struct mode *out)
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
		out->name = "host";
		snprintf(out->why, sizeof out->why, "neither pods below %s nor containers below %s; reading /var/log", pods_path, docker_path);
		use_host(c);
	}
}
