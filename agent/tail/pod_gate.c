/* Of each folder one word: open, shut, or waiting. It lies beside what discovery wants (pod_wants.c) and knows nothing of it: a shut folder
 * gets no sources, sources in a waiting one wait. */
#include "agent/tail/pod_gate.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/log.h"
#include "agent/tail/retire.h"
#include "agent/tail/tail.h"

static bool may_ask(const struct tail *t)
{
	return t->o.pods && t->o.config->kubernetes.pod_wishes;
}

void pod_gate_wishes(const struct folder *f, struct pod_wishes *out)
{
	const struct tail *t = f->tail;
	const struct pod *pod = may_ask(t) && f->is_pod ? node_pods_find(t->o.pods, f->uid) : NULL;
	*out = (struct pod_wishes){ 0 };
	if (pod)
		pod_wishes_read(out, pod->annotations, pod->annotation_count, f->container, t->o.config->kubernetes.pod_wishes);
}

static void tell(struct folder *f, const struct pod_wishes *w)
{
	if (w->bad_count && !f->were_wishes_bad)
		f->tail->o.counters->annotations_ignored += w->bad_count;
	if (w->bad_count && !f->were_wishes_bad)
		LOG_WARN("pod " STR_FMT "/" STR_FMT ": annotation " STR_FMT " is not understood, it has no effect", STR_ARG(f->namespace_),
			 STR_ARG(f->pod), STR_ARG(str_take(w->bad, 128)));
	f->were_wishes_bad = w->bad_count > 0;
}

static enum pod_gate judge(struct folder *f)
{
	struct tail *t = f->tail;
	struct pod_wishes wishes;
	enum pod_answer answer = node_pods_ask_politely(t->o.pods, f->uid, f->gate_since_ns, loop_now_ns(t->o.loop));
	if (answer == POD_WAIT)
		return POD_GATE_WAITING;
	pod_gate_wishes(f, &wishes);
	if (answer == POD_KNOWN)
		tell(f, &wishes);
	snprintf(f->shut_by, sizeof f->shut_by, STR_FMT, STR_ARG(wishes.excluded_by));
	return wishes.is_excluded ? POD_GATE_SHUT : POD_GATE_OPEN;
}

static void hold(struct folder *f, bool is_held)
{
	if (is_held && !f->is_gate_held)
		node_pods_hold(f->tail->o.pods, f->uid);
	if (!is_held && f->is_gate_held)
		node_pods_let_go(f->tail->o.pods, f->uid);
	f->is_gate_held = is_held;
}

static void open_all(struct folder *f)
{
	for (struct source *s = f->sources; s; s = s->next)
		if (s->is_waiting && s->want && s->want->state == WANT_READ)
			source_resolve(f->tail, s);
	f->needs_scan = true;
}

static void shut_all(struct folder *f)
{
	for (struct source *s = f->sources, *next; s; s = next) {
		next = s->next;
		retire_source(f->tail, s);
	}
	LOG_INFO("logs of " STR_FMT "/" STR_FMT "/" STR_FMT " are not read: the annotation %s of the pod asks for it", STR_ARG(f->namespace_),
		 STR_ARG(f->pod), STR_ARG(f->container), f->shut_by);
}

/* Of a folder that was open and stays so. */
static void ask_again(struct folder *f)
{
	const struct tail_options *o = &f->tail->o;
	for (struct source *s = f->sources; s && o->asked; s = s->next)
		if (!s->is_waiting && !s->is_retired)
			o->asked(o->ctx, s);
}

static void set(struct folder *f, enum pod_gate gate)
{
	struct tail *t = f->tail;
	enum pod_gate before = f->gate;
	f->gate = gate;
	t->shut_folders += (gate == POD_GATE_SHUT) - (before == POD_GATE_SHUT);
	hold(f, gate == POD_GATE_WAITING);
	if (gate == POD_GATE_WAITING)
		pod_news_look_at(&t->gate_news, node_pods_polite_deadline_ns(t->o.pods, f->gate_since_ns));
	if (gate == POD_GATE_OPEN && before == POD_GATE_OPEN)
		ask_again(f);
	if (gate == POD_GATE_OPEN && before != POD_GATE_OPEN)
		open_all(f);
	if (gate == POD_GATE_SHUT && before != POD_GATE_SHUT)
		shut_all(f);
}

void pod_gate_make(struct folder *f)
{
	if (!may_ask(f->tail))
		return;
	f->gate_since_ns = loop_now_ns(f->tail->o.loop);
	set(f, judge(f));
}

void pod_gate_forget(struct folder *f)
{
	f->tail->shut_folders -= f->gate == POD_GATE_SHUT;
	hold(f, false);
}

/* ---- later ---- */

static void on_timer(void *ctx)
{
	struct tail *t = ctx;
	bool has_news = false;
	for (struct folder *f = t->folders; f; f = f->next) {
		if (!f->has_gate_news && f->gate != POD_GATE_WAITING)
			continue;
		f->has_gate_news = false;
		set(f, judge(f));
		has_news |= f->needs_scan;
	}
	if (has_news)
		tail_look(t);
}

static void note(struct folder *f)
{
	f->has_gate_news = true;
}

static bool answered(struct tail *t)
{
	(void)t;
	return true;
}

void pod_gate_start(struct tail *t)
{
	t->gate_news = (struct pod_news){ .tail = t, .look = on_timer, .note = note, .answered = answered };
	if (may_ask(t))
		pod_news_start(&t->gate_news);
}

void pod_gate_stop(struct tail *t)
{
	pod_news_stop(&t->gate_news);
}
