/* What the page, the metrics and the API say of jobs and targets, those that nobody asks included. */
#include "agent/scrape/scrape_inside.h"

void scrape_status(const struct scrape *s, struct scrape_status *out)
{
	const struct ingest_counters *c = ingest_counters(s->host.ingest);
	*out = s->status;
	out->samples_appended = c->samples_appended;
	out->exceeded_sample_limit = c->exceeded_sample_limit;
	out->exceeded_label_limit = c->exceeded_label_limit;
	out->duplicate_samples = c->duplicate_samples;
	out->out_of_bounds = c->out_of_bounds;
	out->spool_errors = c->spool_errors;
	out->stale_markers = c->stale_markers;
	out->exemplars_appended = c->exemplars_appended;
	for (size_t i = 0; i < job_total(s); i++) {
		const struct job *job = job_at(s, i);
		for (size_t k = 0; k < job->count; k++) {
			struct target_status t;
			target_status(job->targets[k], &t);
			out->series += target_series(job->targets[k]);
			out->targets += !target_is_ending(job->targets[k]);
			out->targets_up += !target_is_ending(job->targets[k]) && t.health == TARGET_UP;
		}
	}
}

/* Its targets as they were found, with the reason why nobody asks them. */
static void show_refused(const struct job *job, void (*fn)(void *ctx, const struct target_status *target), void *ctx)
{
	for (size_t i = 0; i < job->pods.count; i++) {
		const struct labels *found = &job->pods.at[i].labels;
		struct labels shown = { 0 };
		for (size_t k = 0; k < found->count; k++)
			if (!str_starts(found->at[k].name, STR("__")))
				labels_set(&shown, found->at[k].name, found->at[k].value);
		fn(ctx, &(struct target_status){ .job = str_of(job->monitored->key), .last_error = str_of(job->monitored->problem), .labels = &shown,
						 .discovered = found, .health = TARGET_DOWN,
						 .interval_ms = job->monitored->config.scrape_interval_ms,
						 .timeout_ms = job->monitored->config.scrape_timeout_ms });
		labels_fini(&shown);
	}
}

void scrape_each_target(const struct scrape *s, void (*fn)(void *ctx, const struct target_status *target), void *ctx)
{
	for (size_t i = 0; i < job_total(s); i++) {
		const struct job *job = job_at(s, i);
		if (job->monitored && job->monitored->problem[0])
			show_refused(job, fn, ctx);
		for (size_t k = 0; k < job->count; k++) {
			struct target_status t;
			target_status(job->targets[k], &t);
			if (!target_is_ending(job->targets[k]))
				fn(ctx, &t);
		}
		for (size_t k = 0; k < job->dropped_count; k++)
			fn(ctx, &(struct target_status){ .job = job->shared.config->job_name, .discovered = &job->dropped[k].discovered,
							 .labels = &job->dropped[k].shown, .is_dropped = true });
	}
}
