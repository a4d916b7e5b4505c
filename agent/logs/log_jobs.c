/* Promtail's own discovery asks the API server for pods and then looks for files that fit. Here it is the other way round: a log folder
 * is there, and its path, with the pod's object when there is one, makes the same labels. A target that fits no file of the node is
 * nobody's loss. */
#include "agent/logs/log_jobs.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/logs/label_profile.h"
#include "agent/scrape/pod_sd.h"
#include "parsers/bytes/num.h"

static void put(struct discovered_set *set, struct discovered *d, const struct config_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		discovered_label(set, d, labels->at[i].name, labels->at[i].value);
}

/* As Promtail: one for each of `targets`, and "localhost" where there are none. They say nothing about files. */
static void discover_statics(struct log_job *job)
{
	struct str localhost = STR("localhost");
	const struct config_strings without = { &localhost, 1 };
	for (size_t i = 0; i < job->config->static_count; i++) {
		const struct config_static *from = &job->config->statics[i];
		const struct config_strings *targets = from->targets.count ? &from->targets : &without;
		for (size_t k = 0; k < targets->count; k++) {
			struct discovered *d = discovered_add(&job->statics);
			put(&job->statics, d, &from->labels);
			put(&job->statics, d, &from->internal);
			discovered_label(&job->statics, d, STR("__path__"), from->path);
			discovered_label(&job->statics, d, STR("__path_exclude__"), from->path_exclude);
			discovered_label(&job->statics, d, STR("__address__"), targets->at[k]);
		}
	}
}

static struct decoder *open_decoder(const struct config_scrape *job, char err[256])
{
	char why[256];
	struct decoder *d = decoder_new(job->charset, why);
	if (!d)
		snprintf(err, 256, "job " STR_FMT ": encoding: %.180s", STR_ARG(job->job_name), why);
	return d;
}

int log_jobs_init(struct log_jobs *jobs, const struct log_jobs_options *options, char err[256])
{
	const struct config *c = options->config;
	*jobs = (struct log_jobs){ .o = *options, .at = calloc(c->logs.scrape_count + 1, sizeof *jobs->at) };
	if (!jobs->at)
		abort();
	for (; jobs->count < c->logs.scrape_count; jobs->count++) {
		struct log_job *job = &jobs->at[jobs->count];
		job->config = &c->logs.scrapes[jobs->count];
		jobs->wants_pods |= job->config->is_pods;
		if (!log_rules_init(&job->rules, &job->config->relabel_configs, err)) {
			log_jobs_fini(jobs);
			return -1;
		}
		if (job->config->charset && !(job->decoder = open_decoder(job->config, err))) {
			log_rules_fini(&job->rules);
			log_jobs_fini(jobs);
			return -1;
		}
		discover_statics(job);
		job->files = calloc(job->config->file_count + 1, sizeof *job->files);
		if (!job->files)
			abort();
		for (size_t i = 0; i < job->config->file_count; i++)
			job->files[i] = file_sd_new(&job->config->files[i]);
	}
	return 0;
}

void log_jobs_fini(struct log_jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++) {
		struct log_job *job = &jobs->at[i];
		log_rules_fini(&job->rules);
		decoder_free(job->decoder);
		discovered_reset(&job->statics);
		for (size_t k = 0; k < job->config->file_count; k++)
			file_sd_free(job->files[k]);
		free(job->files);
	}
	free(jobs->at);
	*jobs = (struct log_jobs){ 0 };
}

bool log_job_look(struct log_job *job, int64_t now_ns)
{
	bool has_changed = false;
	for (size_t i = 0; i < job->config->file_count; i++)
		has_changed |= file_sd_look(job->files[i], now_ns);
	return has_changed;
}

/* ---- each ---- */

static void make_one(const struct log_jobs *jobs, const struct log_job *job, const struct labels *discovered, bool is_pod, struct arena *arena,
		     log_found_fn *fn, void *ctx)
{
	struct log_target_options options = { .host = jobs->o.host, .is_pod = is_pod, .pods_path = jobs->o.pods_path,
					      .docker_path = jobs->o.docker_path };
	struct log_target target;
	log_target_make(&target, &job->rules, discovered, &options, arena);
	fn(ctx, &(struct log_found){ job, discovered, &target, !job->config->is_promtail, is_pod });
	log_target_fini(&target);
	arena_reset(arena);
}

void log_job_each(const struct log_jobs *jobs, const struct log_job *job, log_found_fn *fn, void *ctx)
{
	struct arena arena = { 0 };
	for (size_t i = 0; i < job->statics.count; i++)
		make_one(jobs, job, &job->statics.at[i].labels, false, &arena, fn, ctx);
	for (size_t i = 0; i < job->config->file_count; i++)
		for (size_t k = 0; k < file_sd_count(job->files[i]); k++) {
			const struct discovered_set *set = file_sd_set(job->files[i], k);
			for (size_t n = 0; n < set->count; n++)
				make_one(jobs, job, &set->at[n].labels, false, &arena, fn, ctx);
		}
	arena_fini(&arena);
}

bool log_job_reads_pods(const struct log_job *job, struct str namespace_)
{
	for (size_t i = 0; i < job->config->discovery_count; i++) {
		const struct config_strings *names = &job->config->discoveries[i].namespaces;
		bool is_named = names->count == 0;
		for (size_t k = 0; k < names->count; k++)
			is_named |= str_eq(names->at[k], namespace_);
		if (is_named)
			return true;
	}
	return job->config->is_pods && !job->config->discovery_count;
}

/* A job without rules reads every container, under labels that stand in no rule. */
static void native_pod(const struct log_jobs *jobs, const struct log_job *job, const struct pod_meta_path *path, log_found_fn *fn, void *ctx)
{
	struct arena arena = { 0 };
	struct labels discovered = { 0 };
	struct log_target target = { .verdict = LOG_KEPT };
	char glob[4096];
	snprintf(glob, sizeof glob, STR_FMT "/" STR_FMT "_" STR_FMT "_" STR_FMT "/" STR_FMT "/*.log", STR_ARG(jobs->o.pods_path),
		 STR_ARG(path->namespace_), STR_ARG(path->pod), STR_ARG(path->uid), STR_ARG(path->container));
	pod_meta_put_path(&discovered, &arena, path);
	target.path = str_of(glob);
	const struct log_facts facts = { { [FACT_NAMESPACE] = path->namespace_, [FACT_POD] = path->pod, [FACT_UID] = path->uid,
					   [FACT_CONTAINER] = path->container } };
	label_profile_put(label_profile_of(jobs->o.config, job->config), &facts, FACT_NAMESPACE, FACT_CONTAINER, false, &target.labels);
	fn(ctx, &(struct log_found){ job, &discovered, &target, true, true });
	log_target_fini(&target);
	labels_fini(&discovered);
	arena_fini(&arena);
}

static const struct pod_container *container_of(const struct pod *pod, struct str name)
{
	for (size_t i = 0; i < pod->container_count; i++)
		if (str_eq(pod->containers[i].name, name))
			return &pod->containers[i];
	return NULL;
}

/* One port, or none: Promtail makes a target of each, though all of them have the same files. */
static void pod_once(const struct log_jobs *jobs, const struct log_job *job, const struct pod *pod, const struct pod_container *c,
		     const struct pod_port *port, log_found_fn *fn, void *ctx)
{
	struct arena arena = { 0 }, made = { 0 };
	struct labels discovered = { 0 };
	char number[24] = "";
	pod_meta_put(&discovered, &arena, pod, c);
	if (port) {
		pod_meta_put_port(&discovered, &arena, port);
		snprintf(number, sizeof number, "%llu", (unsigned long long)port->number);
	}
	if (pod->ip.n)
		labels_set(&discovered, STR("__address__"), pod_sd_join(&arena, pod->ip, str_of(number)));
	make_one(jobs, job, &discovered, true, &made, fn, ctx);
	labels_fini(&discovered);
	arena_fini(&arena);
	arena_fini(&made);
}

static void path_alone(const struct log_jobs *jobs, const struct log_job *job, const struct pod_meta_path *path, log_found_fn *fn, void *ctx)
{
	struct arena arena = { 0 }, made = { 0 };
	struct labels discovered = { 0 };
	pod_meta_put_path(&discovered, &arena, path);
	make_one(jobs, job, &discovered, true, &made, fn, ctx);
	labels_fini(&discovered);
	arena_fini(&arena);
	arena_fini(&made);
}

void log_job_each_of_pod(const struct log_jobs *jobs, const struct log_job *job, const struct pod_meta_path *path, const struct pod *pod,
			 log_found_fn *fn, void *ctx)
{
	const struct pod_container nameless = { .name = path->container };
	if (!job->config->is_promtail) {
		native_pod(jobs, job, path, fn, ctx);
		return;
	}
	if (!pod) {
		path_alone(jobs, job, path, fn, ctx);
		return;
	}
	const struct pod_container *c = container_of(pod, path->container);
	if (!c) /* one that was added for debugging: it has a log, and no place in the spec's list */
		c = &nameless;
	for (size_t i = 0; i < c->port_count; i++)
		pod_once(jobs, job, pod, c, &c->ports[i], fn, ctx);
	if (c->port_count == 0)
		pod_once(jobs, job, pod, c, NULL, fn, ctx);
}
