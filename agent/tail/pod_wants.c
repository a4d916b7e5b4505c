/* A log that waits is opened and held, so that a rotation or the end of its container takes nothing; it is not read, and the others are.
 * How long somebody waits is agent/kubernetes/node_pods.h's to say. Who has gone without the object keeps what it got; only who was
 * dropped for want of it is judged again when it comes. */
#include "agent/tail/pod_wants.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/tail/retire.h"
#include "agent/tail/tail.h"
#include "agent/tail/targets.h"
#include "parsers/glob.h"

static const int64_t STATUS_WAIT_NS = 5 * 1000000000ll; /* the kubelet tells a pod's address a second or two after its first container runs */

static struct pod_meta_path names_of(const struct tail *t, const struct folder *f)
{
	return (struct pod_meta_path){ f->namespace_, f->pod, f->uid, f->container, t->o.host };
}

/* ---- who is asked ---- */

/* Labels that were made without anybody to ask are made of path and configuration, and come out the same every time. */
static bool is_anybody_asked(const struct tail *t)
{
	struct node_pods_status status = { .state = NODE_PODS_OFF };
	if (t->o.pods)
		node_pods_status(t->o.pods, &status);
	return status.state != NODE_PODS_OFF;
}

static enum pod_answer ask(const struct tail *t, const struct folder *f, const struct log_job *job, int64_t since_ns, const struct pod **out)
{
	int64_t now = loop_now_ns(t->o.loop);
	*out = NULL;
	if (!t->o.pods)
		return POD_NEVER;
	enum pod_answer answer = node_pods_ask(t->o.pods, f->uid, since_ns, now);
	if (answer != POD_KNOWN)
		return answer;
	*out = node_pods_find(t->o.pods, f->uid);
	bool is_without_status = job->rules.needs_status && *out && (*out)->ip.n == 0;
	return is_without_status && now < since_ns + STATUS_WAIT_NS ? POD_WAIT : POD_KNOWN;
}

static int64_t deadline_of(const struct tail *t, const struct want *w)
{
	int64_t deadline = node_pods_deadline_ns(t->o.pods, w->since_ns), status = w->since_ns + STATUS_WAIT_NS;
	return w->job->rules.needs_status && deadline < status ? status : deadline;
}

/* ---- what becomes of it ---- */

struct decision {
	struct folder *folder;
	const struct log_job *job;
	struct str base;      /* empty: for all logs of the folder */
	struct want *first, **last;
	size_t count;
	bool is_frozen;
};

/* Does the pattern reach into the folder, or name the log? */
static bool is_own(const struct decision *d, const struct log_target *target)
{
	char path[4096];
	const char *base = d->base.n ? d->base.p : "0.log";
	int n = snprintf(path, sizeof path, "%s/%.*s", d->folder->path, d->base.n ? (int)d->base.n : 5, base);
	if (n < 0 || n >= (int)sizeof path)
		return false;
	if (glob_match(target->path, (struct str){ path, (size_t)n }))
		return true;
	size_t slash = target->path.n;
	while (slash && target->path.p[slash - 1] != '/')
		slash--;
	return !d->base.n && slash > 1 && glob_match(str_take(target->path, slash - 1), str_of(d->folder->path));
}

static bool is_there(const struct want *list, const struct want *like)
{
	for (; list; list = list->next)
		if (want_is_same(list, like))
			return true;
	return false;
}

static void on_found(void *ctx, const struct log_found *found)
{
	struct decision *d = ctx;
	const struct log_target *target = found->target;
	if (target->verdict != LOG_KEPT || d->count >= CHECKPOINT_LABEL_SETS)
		return;
	struct want like = { .job = d->job, .is_native = found->is_native, .is_moved = target->is_moved, .glob = target->path,
			     .exclude = target->path_exclude, .base = d->base, .labels = target->labels, .is_frozen = d->is_frozen };
	like.target = found->is_native ? 0 : want_target(&target->labels, (struct str){ 0 });
	if (found->is_native) {
		like.glob = (struct str){ 0 }; /* all of the folder */
		like.labels = (struct labels){ 0 };
	} else {
		if (targets_is_wide(d->folder, &like))
			targets_add_wide(d->folder, &like);
		if (!is_own(d, target))
			return;
	}
	if (is_there(d->first, &like)) /* another port of the container */
		return;
	*d->last = want_new(&like);
	d->last = &(*d->last)->next;
	d->count++;
}

static void decide(struct decision *d, const struct pod *pod)
{
	struct tail *t = d->folder->tail;
	struct pod_meta_path names = names_of(t, d->folder);
	d->last = &d->first;
	log_job_each_of_pod(&t->jobs, d->job, &names, pod, on_found, d);
}

static void append(struct folder *f, struct want *w)
{
	struct want **last = &f->wants;
	while (*last)
		last = &(*last)->next;
	*last = w;
	f->needs_scan = true;
}

/* Moves the wants of a decision into the folder. */
static void take_over(struct folder *f, struct want *first)
{
	for (struct want *w = first, *next; w; w = next) {
		next = w->next;
		w->next = NULL;
		append(f, w);
	}
}

void pod_wants_make(struct folder *f)
{
	struct tail *t = f->tail;
	for (size_t i = 0; i < t->jobs.count; i++) {
		struct decision d = { .folder = f, .job = &t->jobs.at[i] };
		if (!log_job_reads_pods(d.job, f->namespace_) || d.job->rules.needs_pod)
			continue;
		decide(&d, NULL);
		take_over(f, d.first);
	}
}

bool pod_wants_any(const struct folder *f)
{
	const struct tail *t = f->tail;
	bool is_any = f->wants || f->sources;
	for (size_t i = 0; i < t->jobs.count && !is_any; i++)
		is_any = t->jobs.at[i].rules.needs_pod && log_job_reads_pods(&t->jobs.at[i], f->namespace_);
	return is_any;
}

/* ---- one instance ---- */

/* From here on what an earlier life wrote down of it is this life's to write. */
static bool take_saved(struct folder *f, const struct log_job *job, struct str base)
{
	struct checkpoint_labels *sets[CHECKPOINT_LABEL_SETS];
	char log[4096];
	snprintf(log, sizeof log, "%s/" STR_FMT, f->path, STR_ARG(base));
	size_t count = checkpoint_label_sets(&f->tail->checkpoint, str_of(log), job->config->job_name, job->rules.hash, sets);
	for (size_t i = 0; i < count; i++) {
		struct want like = { .job = job, .is_moved = sets[i]->is_moved, .is_frozen = true, .base = base };
		for (size_t k = 0; k < sets[i]->label_count; k++)
			labels_set(&like.labels, sets[i]->at[k].name, sets[i]->at[k].value);
		like.target = want_target(&like.labels, (struct str){ 0 });
		append(f, want_new(&like));
		labels_fini(&like.labels);
	}
	checkpoint_use_labels(&f->tail->checkpoint, str_of(log), job->config->job_name);
	return count > 0;
}

static void note_frozen(struct tail *t, struct want *first)
{
	for (struct want *w = first; w; w = w->next)
		w->is_unsaved = w->is_frozen;
	if (first && first->is_frozen)
		positions_changed(t);
}

static struct want *marker(const struct log_job *job, struct str base, enum want_state state, int64_t since_ns)
{
	return want_new(&(struct want){ .job = job, .base = base, .state = state, .since_ns = since_ns });
}

static void begin(struct folder *f, const struct log_job *job, struct str base)
{
	struct tail *t = f->tail;
	const struct pod *pod;
	int64_t now = loop_now_ns(t->o.loop);
	if (take_saved(f, job, base))
		return;
	if (ask(t, f, job, now, &pod) == POD_WAIT) {
		struct want *w = marker(job, base, WANT_WAITING, now);
		append(f, w);
		node_pods_hold(t->o.pods, f->uid);
		t->waiting_logs++;
		pod_news_look_at(&t->wants_news, deadline_of(t, w));
		return;
	}
	struct decision d = { .folder = f, .job = job, .base = base, .is_frozen = is_anybody_asked(t) };
	decide(&d, pod);
	if (!d.first)
		append(f, marker(job, base, WANT_DROPPED, now));
	note_frozen(t, d.first);
	take_over(f, d.first);
}

void pod_wants_of(struct folder *f, struct str base)
{
	struct tail *t = f->tail;
	for (size_t i = 0; i < t->jobs.count; i++) {
		const struct log_job *job = &t->jobs.at[i];
		bool is_known = false;
		if (!log_job_reads_pods(job, f->namespace_) || !job->rules.needs_pod)
			continue;
		for (struct want *w = f->wants; w; w = w->next) {
			bool is_it = w->job == job && !w->origin && str_eq(w->base, base) && w->base.n && !w->shown_path.n;
			w->is_listed |= is_it;
			is_known |= is_it;
		}
		if (!is_known) {
			begin(f, job, base);
			for (struct want *w = f->wants; w; w = w->next)
				w->is_listed |= w->job == job && str_eq(w->base, base);
		}
	}
}

/* ---- later ---- */

static struct source *source_with(const struct folder *f, const struct want *w)
{
	struct source *s = f->sources;
	while (s && s->want != w)
		s = s->next;
	return s;
}

static void let_go(struct tail *t, struct folder *f, const struct want *w)
{
	if (w->state != WANT_WAITING)
		return;
	t->waiting_logs--;
	node_pods_let_go(t->o.pods, f->uid);
}

void pod_wants_forget(struct folder *f, struct want *w)
{
	let_go(f->tail, f, w);
	want_free(w);
}

/* The first of the wants takes the place of the one that was there, and its source, whose files are open already. */
static void replace(struct folder *f, struct want **place, struct want *first)
{
	struct want *old = *place, *rest = first->next;
	struct source *s = source_with(f, old);
	first->next = old->next;
	first->is_listed = old->is_listed;
	*place = first;
	let_go(f->tail, f, old);
	want_free(old);
	if (s) {
		s->want = first;
		if (f->gate == POD_GATE_OPEN)
			source_resolve(f->tail, s);
	}
	take_over(f, rest);
	f->needs_scan = true;
}

static void drop(struct tail *t, struct folder *f, struct want *w)
{
	struct source *s = source_with(f, w);
	let_go(t, f, w);
	w->state = WANT_DROPPED;
	if (s)
		retire_source(t, s);
}

/* true: it still waits. */
static bool retry(struct tail *t, struct folder *f, struct want **place)
{
	const struct pod *pod;
	struct want *w = *place;
	enum pod_answer answer = ask(t, f, w->job, w->since_ns, &pod);
	if (answer == POD_WAIT || (w->state == WANT_DROPPED && answer != POD_KNOWN)) {
		if (w->state == WANT_WAITING)
			pod_news_look_at(&t->wants_news, deadline_of(t, w));
		return w->state == WANT_WAITING;
	}
	struct decision d = { .folder = f, .job = w->job, .base = w->base, .is_frozen = is_anybody_asked(t) };
	decide(&d, pod);
	note_frozen(t, d.first);
	if (d.first)
		replace(f, place, d.first);
	else
		drop(t, f, w);
	return false;
}

static void retry_folder(struct tail *t, struct folder *f)
{
	f->has_pod_news = false;
	for (struct want **at = &f->wants; *at; at = &(*at)->next)
		if (!(*at)->origin && (*at)->job->rules.needs_pod && (*at)->state != WANT_READ)
			retry(t, f, at);
}

static void on_timer(void *ctx)
{
	struct tail *t = ctx;
	int64_t now = loop_now_ns(t->o.loop);
	bool has_news = false;
	for (struct folder *f = t->folders; f; f = f->next) {
		bool is_due = f->has_pod_news;
		for (const struct want *w = f->wants; w && !is_due && t->waiting_logs; w = w->next)
			is_due = w->state == WANT_WAITING && (deadline_of(t, w) <= now || t->have_pods_answered);
		if (is_due)
			retry_folder(t, f);
		has_news |= f->needs_scan;
	}
	t->have_pods_answered = false;
	for (const struct folder *f = t->folders; f && t->waiting_logs; f = f->next)
		for (const struct want *w = f->wants; w; w = w->next)
			if (w->state == WANT_WAITING)
				pod_news_look_at(&t->wants_news, deadline_of(t, w));
	if (has_news)
		tail_look(t);
}

static void note(struct folder *f)
{
	f->has_pod_news = true;
}

static bool answered(struct tail *t)
{
	t->have_pods_answered = true;
	return t->waiting_logs > 0;
}

void pod_wants_start(struct tail *t)
{
	t->wants_news = (struct pod_news){ .tail = t, .look = on_timer, .note = note, .answered = answered };
	pod_news_start(&t->wants_news);
}

void pod_wants_stop(struct tail *t)
{
	pod_news_stop(&t->wants_news);
}

void pod_wants_sweep(struct folder *f)
{
	for (struct want **at = &f->wants, *w; (w = *at);) {
		if (!f->is_pod || !w->base.n || w->origin || w->shown_path.n || w->is_listed || source_with(f, w)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		pod_wants_forget(f, w);
	}
}

void pod_wants_each(const struct tail *t, const struct folder *f, const struct log_job *job, log_found_fn *fn, void *ctx)
{
	struct pod_meta_path names = names_of(t, f);
	const struct pod *pod = t->o.pods && job->rules.needs_pod ? node_pods_find(t->o.pods, f->uid) : NULL;
	log_job_each_of_pod(&t->jobs, job, &names, pod, fn, ctx);
}
