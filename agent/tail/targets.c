/* When a file of file_sd_configs changes, what it says now is laid beside what it said: a target that is new is looked for at once, one
 * that is gone is taken out of every folder, and the logs that were read for it alone are retired. */
#include "agent/tail/targets.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/log.h"
#include "agent/tail/pod_wants.h"
#include "agent/tail/retire.h"
#include "agent/tail/tail.h"
#include "parsers/glob.h"

enum { TARGETS_MAX = 10000, WIDE_MAX = 2000, WIDE_OF_FOLDER_MAX = 100 };
static const int64_t MS = 1000000;

static void add(struct tail *t, const struct want *like, const struct folder *of)
{
	struct target *target = calloc(1, sizeof *target);
	if (!target)
		abort();
	target->want = want_new(like);
	target->of = of;
	target->is_seen = true;
	t->target_count++;
	struct target **last = &t->targets; /* in the order of the configuration: of two native ones the first reads */
	while (*last)
		last = &(*last)->next;
	*last = target;
	t->needs_discovery = true;
}

static struct target *find(const struct tail *t, const struct want *like, const struct folder *of)
{
	struct target *target = t->targets;
	while (target && !(target->of == of && want_is_same(target->want, like)))
		target = target->next;
	return target;
}

/* Its copies go; logs that were read for it and for nobody else are retired. */
static void take_out(struct tail *t, const struct want *origin)
{
	for (struct folder *f = t->folders; f; f = f->next)
		for (struct want **at = &f->wants, *w; (w = *at);) {
			if (w->origin != origin) {
				at = &w->next;
				continue;
			}
			for (struct source *s = f->sources, *next; s; s = next) {
				next = s->next;
				if (s->want == w)
					retire_source(t, s);
			}
			*at = w->next;
			pod_wants_forget(f, w);
			f->needs_scan = true;
		}
}

static void remove_at(struct tail *t, struct target **at)
{
	struct target *target = *at;
	take_out(t, target->want);
	t->wide_targets -= target->of != NULL;
	t->target_count--;
	*at = target->next;
	want_free(target->want);
	free(target);
}

/* ---- the configuration's ---- */

static void on_found(void *ctx, const struct log_found *found)
{
	struct tail *t = ctx;
	const struct log_target *target = found->target;
	if (target->verdict != LOG_KEPT)
		return;
	struct want like = { .job = found->job, .is_native = found->is_native, .glob = target->path, .exclude = target->path_exclude,
			     .labels = target->labels };
	like.target = found->is_native ? 0 : want_target(&target->labels, (struct str){ 0 });
	struct target *known = find(t, &like, NULL);
	if (known)
		known->is_seen = true;
	else if (t->target_count < TARGETS_MAX)
		add(t, &like, NULL);
	else
		tail_refuse(t, "file_sd_configs", "more than 10000 targets of logs; the rest is not read");
}

static void sync_job(struct tail *t, const struct log_job *job)
{
	for (struct target *target = t->targets; target; target = target->next)
		target->is_seen = target->of || target->want->job != job;
	log_job_each(&t->jobs, job, on_found, t);
	for (struct target **at = &t->targets; *at;)
		if ((*at)->is_seen)
			at = &(*at)->next;
		else
			remove_at(t, at);
}

static void on_files_timer(void *ctx)
{
	struct tail *t = ctx;
	int64_t now = loop_now_ns(t->o.loop);
	bool has_changed = false;
	for (size_t i = 0; i < t->jobs.count; i++) {
		if (!log_job_look(&t->jobs.at[i], now))
			continue;
		has_changed = true;
		sync_job(t, &t->jobs.at[i]);
	}
	loop_arm(t->o.loop, &t->files_timer, now + FILE_SD_LOOK_MS * MS, on_files_timer, t);
	if (has_changed && t->is_discovered)
		tail_look(t);
}

void targets_start(struct tail *t)
{
	bool has_files = false;
	for (size_t i = 0; i < t->jobs.count; i++) {
		has_files |= t->jobs.at[i].config->file_count > 0;
		log_job_look(&t->jobs.at[i], loop_now_ns(t->o.loop));
		sync_job(t, &t->jobs.at[i]);
	}
	if (has_files)
		loop_arm(t->o.loop, &t->files_timer, loop_now_ns(t->o.loop) + FILE_SD_LOOK_MS * MS, on_files_timer, t);
}

void targets_stop(struct tail *t)
{
	loop_disarm(t->o.loop, &t->files_timer);
	for (struct target *target = t->targets, *next; target; target = next) {
		next = target->next;
		want_free(target->want);
		free(target);
	}
	t->targets = NULL;
}

/* ---- pods' ---- */

bool targets_is_wide(const struct folder *f, const struct want *w)
{
	const char *slash = strrchr(f->path, '/'); /* "/<container>" */
	struct str container = str_of(slash ? slash : "");
	bool names_container = false;
	for (struct str rest = w->glob; container.n && str_has(rest, container) && !names_container;) {
		const char *at = memmem(rest.p, rest.n, container.p, container.n);
		rest = str_skip(rest, (size_t)(at - rest.p) + container.n);
		names_container = rest.n && rest.p[0] == '/';
	}
	return !names_container || !f->uid.n || !str_has(w->glob, f->uid) || !str_starts(w->glob, str_of(f->tail->o.pods_path));
}

/* Its pattern, held against a pod's folder. */
static bool reaches(const struct want *w, const struct folder *f)
{
	char path[4096];
	if (snprintf(path, sizeof path, "%s/0.log", f->path) >= (int)sizeof path)
		return false;
	size_t slash = w->glob.n;
	while (slash && w->glob.p[slash - 1] != '/')
		slash--;
	return glob_match(w->glob, str_of(path)) || (slash > 1 && glob_match(str_take(w->glob, slash - 1), str_of(f->path)));
}

static void offer(struct tail *t, const struct target *target, struct folder *f)
{
	if (!f->is_pod || f == target->of || !reaches(target->want, f))
		return;
	size_t others = 0;
	for (const struct want *w = f->wants; w; w = w->next)
		others += w->origin != NULL;
	if (others >= WIDE_OF_FOLDER_MAX) {
		tail_refuse(t, f->path, "the __path__ that relabel_configs make for too many other containers reaches it, and it is not read for "
				"all of them: let it name the pod's UID and the container");
		return;
	}
	folder_want(f, target->want, target->want);
}

void targets_add_wide(struct folder *f, const struct want *w)
{
	struct tail *t = f->tail;
	struct want like = *w;
	like.base = (struct str){ 0 };
	like.is_frozen = false;
	if (find(t, &like, f))
		return;
	if (t->wide_targets >= WIDE_MAX) {
		tail_refuse(t, "relabel_configs", "the __path__ of too many pods leads out of their own log folders; some are not read there");
		return;
	}
	t->wide_targets++;
	add(t, &like, f);
	for (const struct target *target = t->targets; target; target = target->next)
		for (struct folder *other = t->folders; other && !target->next; other = other->next)
			offer(t, target, other);
}

void targets_of_new_pod(struct folder *f)
{
	for (const struct target *target = f->tail->targets; target; target = target->next)
		if (target->of)
			offer(f->tail, target, f);
}

void targets_forget(struct tail *t, const struct folder *f)
{
	for (struct target **at = &t->targets; *at;)
		if ((*at)->of == f)
			remove_at(t, at);
		else
			at = &(*at)->next;
}
