/* For tests: a tree of logs, a configuration, pod objects that come and change, and what has been read so far out of the ring of newest
 * records; over restarts. */
#ifndef TESTS_UNIT_AGENT_LOG_RIG_H
#define TESTS_UNIT_AGENT_LOG_RIG_H

#include <sys/stat.h>

#include "agent/kubernetes/node_pods.h"
#include "agent/logs/pipeline.h"
#include "agent/tail/tail.h"
#include "config/load.h"
#include "tests/unit/agent/temp_dir.h"

enum { POD_WAIT_MS = 300, PATIENCE_MS = 20000, TEXT_MAX = 1 << 16 };

struct rig {
	struct temp_dir dir;
	struct loop *loop;
	struct worker *worker;
	struct config *config;
	struct pipeline *pipeline;
	struct node_pods *pods;
	struct arena pod_arena;
	char pods_path[256], checkpoint[256], docker[256], text[TEXT_MAX], files[TEXT_MAX];
};

/* ---- files ---- */

static inline void make_folders(const char *path)
{
	char part[512];
	for (size_t i = 1; path[i]; i++)
		if (path[i] == '/') {
			snprintf(part, sizeof part, "%.*s", (int)i, path);
			mkdir(part, 0755);
		}
}

/* Adds lines to a file below the rig's folder. */
static inline void append(struct rig *r, const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", r->dir.path, name);
	make_folders(path);
	FILE *f = fopen(path, "a");
	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static inline void replace(struct rig *r, const char *name, const char *text)
{
	char path[512];
	snprintf(path, sizeof path, "%s/%s", r->dir.path, name);
	unlink(path);
	append(r, name, text);
}

#define CRI(line) "2026-11-21T09:00:00.000000001Z stdout F " line "\n"

/* ---- life ---- */

static inline void on_stop(void *ctx)
{
	struct rig *r = ctx;
	loop_stop(r->loop);
}

static inline void pass(struct rig *r, int ms)
{
	struct loop_timer timer = { 0 };
	loop_arm(r->loop, &timer, loop_now_ns(r->loop) + ms * INT64_C(1000000), on_stop, r);
	loop_run(r->loop);
	loop_disarm(r->loop, &timer);
}

/* The configuration with every @ replaced by the rig's folder. */
static inline void start(struct rig *r, const char *yaml)
{
	struct config_problems problems = { 0 };
	struct buf text;
	char err[256] = "";
	buf_init(&text, TEXT_MAX);
	for (const char *c = yaml; *c; c++)
		if (*c == '@')
			buf_str(&text, str_of(r->dir.path));
		else
			buf_char(&text, *c);
	r->config = config_load(buf_view(&text), STR("test"), &problems);
	ck_assert_msg(r->config, "%s", problems.count ? problems.at[0].message.p : "");
	r->config->logs.positions.sync_period_ms = 20;
	r->config->logs.target_config.sync_period_ms = 200;
	struct pipeline_options options = { .config = r->config, .pods_path = r->pods_path, .docker_path = r->docker,
					    .checkpoint_path = r->checkpoint, .is_state_usable = true, .host = STR("n1"), .pods = r->pods,
					    .loop = r->loop, .worker = r->worker };
	const char *none = r->dir.path;
	options.metrics.roots = (struct roots){ none, none, none, none, none, none, none, false };
	r->pipeline = pipeline_start(&options, err);
	ck_assert_msg(r->pipeline, "%s", err);
	config_problems_fini(&problems);
	buf_fini(&text);
}

static inline int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* What was read, sorted: "{labels} line" in each line. */
static inline const char *read_so_far(struct rig *r)
{
	struct status status = { 0 };
	struct ring_entry e;
	static char rows[200][1024], *at[200];
	size_t count = 0, n = 0;
	pipeline_status(r->pipeline, &status);
	for (uint64_t cursor = 0; ring_next(status.ring, &cursor, &e) && count < 200; count++) {
		snprintf(rows[count], sizeof rows[0], STR_FMT " " STR_FMT "\n", STR_ARG(e.labels), STR_ARG(e.record.line));
		for (char *root; (root = strstr(rows[count], r->dir.path));) { /* paths as the test writes them */
			*root = '@';
			memmove(root + 1, root + strlen(r->dir.path), strlen(root + strlen(r->dir.path)) + 1);
		}
		at[count] = rows[count];
	}
	qsort(at, count, sizeof *at, by_text);
	r->text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		n += (size_t)snprintf(r->text + n, sizeof r->text - n, "%s", at[i]);
	return r->text;
}

static inline void want(struct rig *r, const char *text)
{
	for (int ms = 0; ms < PATIENCE_MS && strcmp(read_so_far(r), text) != 0; ms += 20)
		pass(r, 20);
	ck_assert_msg(strcmp(read_so_far(r), text) == 0, "got\n%swant\n%s", r->text, text);
}

/* The same, and nothing more comes. */
static inline void want_only(struct rig *r, const char *text)
{
	want(r, text);
	pass(r, 500);
	want(r, text);
}

static inline void on_file(void *ctx, const struct file_status *f)
{
	struct rig *r = ctx;
	size_t n = strlen(r->files);
	snprintf(r->files + n, sizeof r->files - n, STR_FMT " %s\n", STR_ARG(f->job), file_state_names[f->state]);
}

static inline const char *files(struct rig *r)
{
	struct status status = { 0 };
	r->files[0] = '\0';
	pipeline_status(r->pipeline, &status);
	status.each_file(status.ctx, on_file, r);
	return r->files;
}

static inline void stop(struct rig *r)
{
	pipeline_free(r->pipeline);
	config_free(r->config);
	r->pipeline = NULL;
}

static inline void make(struct rig *r)
{
	*r = (struct rig){ .dir = temp_dir_make(), .loop = loop_new() };
	r->worker = worker_new(r->loop);
	snprintf(r->pods_path, sizeof r->pods_path, "%s/pods", r->dir.path);
	snprintf(r->docker, sizeof r->docker, "%s/docker", r->dir.path);
	snprintf(r->checkpoint, sizeof r->checkpoint, "%s/positions", r->dir.path);
}

static inline void unmake(struct rig *r)
{
	stop(r);
	node_pods_free(r->pods);
	worker_free(r->worker);
	loop_free(r->loop);
	arena_fini(&r->pod_arena);
	temp_dir_remove(&r->dir);
}

static inline void put_pod(struct rig *r, const char *json)
{
	struct podlist list;
	const char *why;
	ck_assert(podlist_parse(str_of(json), &list, &r->pod_arena, &why) && list.count == 1);
	node_pods_set_state(r->pods, NODE_PODS_ASKING);
	node_pods_put(r->pods, &list.at[0]);
}

#define POD(labels)                                                                                                                 \
	"{\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"shop\",\"name\":\"cart\",\"uid\":\"u-1\",\"labels\":{" labels "}},\"spec\":{"    \
	"\"nodeName\":\"n1\",\"containers\":[{\"name\":\"web\",\"ports\":[{\"containerPort\":80},{\"containerPort\":81}]}]},"             \
	"\"status\":{\"podIP\":\"10.0.0.7\"}}"

#endif
