/* What discovery has found, as people see it. Discovered labels are not kept for this: they are worked out anew from the path, and from
 * the pod's object as it is now. Labels that are frozen are shown as they are, whatever the object says today. */
#include <stdio.h>

#include "agent/tail/pod_gate.h"
#include "agent/tail/pod_wants.h"
#include "agent/tail/tail.h"

struct report {
	const struct tail *tail;
	const struct folder *folder; /* of a pod; else NULL */
	size_t left, nth;            /* nth: of the targets of this job and folder */
	char asks[LINE_ASKS_ROOM];   /* of the folder */
	void (*fn)(void *ctx, const struct tail_target *target);
	void *ctx;
};

static void tell(struct report *r, struct tail_target target)
{
	if (r->left == 0)
		return;
	r->left--;
	target.asks = r->folder ? r->asks : "";
	r->fn(r->ctx, &target);
}

static void find_asks(struct report *r)
{
	struct pod_wishes wishes;
	pod_gate_wishes(r->folder, &wishes);
	line_asks_describe(&wishes, r->asks);
}

static bool is_of(const struct want *w, const struct log_job *job)
{
	return w->job == job && !w->origin && w->base.n && !w->shown_path.n;
}

/* A job that asks for the pod's object has decided for each log by itself. */
static void tell_instances(struct report *r, const struct log_found *found, const char *why)
{
	char path[4096];
	for (const struct want *w = r->folder->wants; w && r->nth == 0; w = w->next) {
		if (!is_of(w, found->job))
			continue;
		snprintf(path, sizeof path, "%s/" STR_FMT, r->folder->path, STR_ARG(w->base));
		const struct tail_target target = {
			.job = found->job->config->job_name, .path = str_of(path), .discovered = found->discovered,
			.labels = w->state == WANT_READ ? &w->labels : w->state == WANT_DROPPED ? &found->target->labels : NULL,
			.is_kept = w->state == WANT_READ, .is_waiting = w->state == WANT_WAITING,
			.why = w->state == WANT_READ      ? ""
			       : w->state == WANT_WAITING ? "waiting for the object of its pod"
			       : *why                     ? why
							  : "dropped when the log was first seen; its pod has changed since",
		};
		tell(r, target);
	}
}

static void on_found(void *ctx, const struct log_found *found)
{
	struct report *r = ctx;
	char why[256];
	log_target_why(found->target, &found->job->rules, &found->job->config->relabel_configs, why);
	if (r->folder && r->folder->gate == POD_GATE_SHUT)
		snprintf(why, sizeof why, "the annotation %s of its pod asks for no logs", r->folder->shut_by);
	if (r->folder && found->job->rules.needs_pod && r->folder->gate != POD_GATE_SHUT)
		tell_instances(r, found, why);
	else
		tell(r, (struct tail_target){ .job = found->job->config->job_name, .path = found->target->path, .discovered = found->discovered,
					       .labels = &found->target->labels, .is_kept = !*why, .why = why });
	r->nth++;
}

void tail_each_target(const struct tail *t, size_t most, void (*fn)(void *ctx, const struct tail_target *target), void *ctx)
{
	struct report r = { .tail = t, .left = most, .fn = fn, .ctx = ctx };
	for (size_t i = 0; i < t->jobs.count && r.left; i++)
		log_job_each(&t->jobs, &t->jobs.at[i], on_found, &r);
	for (r.folder = t->folders; r.folder && r.left; r.folder = r.folder->next) {
		find_asks(&r);
		for (size_t i = 0; i < t->jobs.count && r.folder->is_pod; i++) {
			r.nth = 0;
			if (log_job_reads_pods(&t->jobs.at[i], r.folder->namespace_))
				pod_wants_each(t, r.folder, &t->jobs.at[i], on_found, &r);
		}
	}
}
