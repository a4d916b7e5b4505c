/* Which jobs take a file: the same targets as the tailer's, held against one path. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/logs/log_jobs.h"
#include "parsers/glob.h"
#include "parsers/kubernetes/podpath.h"

enum { PATH_ROOM = 4096, LABEL_SETS_MAX = 1000 };

struct explanation {
	void (*fn)(void *ctx, const struct log_choice *choice);
	void *ctx;
	struct str path;               /* as the disk has it */
	bool is_native_read, lacks_pod;
	const struct log_job *job;
	uint64_t read[LABEL_SETS_MAX]; /* hashes of the labels under which this job reads it */
	size_t read_count;
};

/* The log that a rotated file belongs to is what patterns are held against. */
static bool fits(struct str pattern, struct str path)
{
	struct rotation rotation;
	if (!pattern.n)
		return false;
	if (glob_match(pattern, path))
		return true;
	size_t slash = path.n;
	while (slash && path.p[slash - 1] != '/')
		slash--;
	for (size_t n = path.n; n-- > slash + 1;) {
		struct str base = { path.p + slash, n - slash };
		if ((path.p[n] == '.' || path.p[n] == '-') && rotated_name(base, str_skip(path, slash), &rotation) && glob_match(pattern, str_take(path, n)))
			return true;
	}
	return false;
}

static bool is_read_already(struct explanation *e, const struct log_found *found)
{
	uint64_t hash = labels_hash(&found->target->labels);
	if (found->is_native && e->is_native_read)
		return true;
	e->is_native_read |= found->is_native;
	for (size_t i = 0; i < e->read_count && !found->is_native; i++)
		if (e->read[i] == hash)
			return true;
	if (e->read_count < LABEL_SETS_MAX)
		e->read[e->read_count++] = hash;
	return false;
}

static enum log_fit fit_of(struct explanation *e, const struct log_found *found)
{
	if (found->target->verdict != LOG_KEPT)
		return FIT_DROPPED;
	if (!fits(found->target->path, e->path))
		return FIT_OTHER;
	if (found->target->path_exclude.n && fits(found->target->path_exclude, e->path))
		return FIT_EXCLUDED;
	return is_read_already(e, found) ? FIT_TWICE : FIT_READ;
}

static void on_found(void *ctx, const struct log_found *found)
{
	struct explanation *e = ctx;
	e->fn(e->ctx, &(struct log_choice){ *found, fit_of(e, found), found->is_pod && e->lacks_pod });
}

/* The names in "<pods>/<namespace>_<pod>_<uid>/<container>/<log>". */
static bool read_pod_path(struct str path, struct str root, struct pod_meta_path *out)
{
	struct podpath names;
	struct podlog log;
	struct str rest = str_skip(path, root.n + 1);
	if (root.n == 0 || !str_starts(path, root) || path.n <= root.n || path.p[root.n] != '/')
		return false;
	struct str directory = str_cut(&rest, '/'), container = str_cut(&rest, '/');
	if (!podpath_directory(directory, &names) || !podpath_container(container) || !podpath_log(rest, &log))
		return false;
	*out = (struct pod_meta_path){ .namespace_ = names.namespace_, .pod = names.pod, .uid = names.uid, .container = container };
	return true;
}

void log_jobs_explain(const struct log_jobs *jobs, struct str path, const struct pod *pod,
		      void (*fn)(void *ctx, const struct log_choice *choice), void *ctx)
{
	struct explanation *e = calloc(1, sizeof *e);
	struct pod_meta_path names = { 0 };
	char moved[PATH_ROOM];
	if (!e)
		abort();
	e->fn = fn;
	e->ctx = ctx;
	e->path = path;
	/* Asked under the name that rules and labels know it by. */
	bool is_shown = str_starts(path, LOG_PODS_ROOT) && path.n > LOG_PODS_ROOT.n && path.p[LOG_PODS_ROOT.n] == '/' &&
			!str_starts(path, jobs->o.pods_path);
	if (is_shown && snprintf(moved, sizeof moved, STR_FMT STR_FMT, STR_ARG(jobs->o.pods_path), STR_ARG(str_skip(path, LOG_PODS_ROOT.n))) < PATH_ROOM)
		e->path = str_of(moved);
	bool is_pod = read_pod_path(e->path, jobs->o.pods_path, &names);
	names.node = jobs->o.host;
	for (size_t round = 0; round < 2; round++) /* pods first, as the tailer does */
		for (size_t i = 0; i < jobs->count; i++) {
			const struct log_job *job = &jobs->at[i];
			e->read_count = 0;
			e->lacks_pod = job->rules.needs_pod && !pod;
			if (round == 0 && is_pod && log_job_reads_pods(job, names.namespace_))
				log_job_each_of_pod(jobs, job, &names, pod, on_found, e);
			else if (round == 1)
				log_job_each(jobs, job, on_found, e);
		}
	free(e);
}
