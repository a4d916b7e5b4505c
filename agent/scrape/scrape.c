/* Jobs and their targets. A source of discovery makes its set of labels anew; then the job's targets are brought in line with all sets:
 * new ones begin, ones that are gone come to their end, the rest go on undisturbed.
 *
 * What a target answers is read on the loop, in one go: 2,000 samples take less than a millisecond. */
#include "agent/scrape/scrape_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/os.h"
#include "agent/scrape/pod_sd.h"
#include "config/relabels.h"
#include "parsers/bytes/array.h"
#include "parsers/bytes/hash.h"
#include "parsers/bytes/map.h"
#include "parsers/bytes/num.h"

/* Where the configuration has no limit. Far above what works well anywhere, and an end to what would take the node's memory. */
enum {
	SAMPLE_LIMIT = 500000,
	LABEL_LIMIT = 256,
	LABEL_NAME_LIMIT = 1024,
	LABEL_VALUE_LIMIT = 64 << 10,
	TARGET_LIMIT = 5000
};

static void close_job(struct job *job);

/* ---- bringing targets in line ---- */

static void add_target(struct job *job, struct target *t)
{
	job->targets = array_room(job->targets, job->count, &job->room, sizeof *job->targets);
	job->targets[job->count++] = t;
}

static void keep_dropped(struct job *job, struct target_labels *labels)
{
	if (job->dropped_count == DROPPED_KEPT) {
		target_labels_fini(labels);
		return;
	}
	job->dropped[job->dropped_count++] = *labels;
	*labels = (struct target_labels){ 0 };
}

/* One that was found: a new target, one that goes on, or none. */
static void take_found(struct job *job, struct map *known, struct map *wanted, const struct discovered *found)
{
	struct target_labels labels = { 0 };
	char err[256] = "";
	enum target_verdict verdict = target_labels_make(&labels, job->shared.config, job->shared.target_rules, found, err);
	if (verdict == TARGET_KEPT && job->monitored && labels.interval_ms < MONITOR_INTERVAL_LEAST_MS) {
		snprintf(err, sizeof err, "its relabelings make an interval below 1s");
		verdict = TARGET_INVALID;
	}
	if (verdict == TARGET_INVALID) {
		LOG_WARN("job " STR_FMT ": a target is left out: %s", STR_ARG(job->shared.config->job_name), err);
		target_labels_fini(&labels);
		return;
	}
	if (verdict == TARGET_DROPPED) {
		keep_dropped(job, &labels);
		return;
	}
	uint64_t key = target_key(&labels);
	struct str text = { (const char *)&key, sizeof key };
	struct target *t = map_get(wanted, text);
	if (t) {
		target_labels_fini(&labels); /* found twice */
		return;
	}
	t = map_get(known, text);
	if (t) {
		target_rediscovered(t, &labels);
		if (target_is_ending(t))
			target_revive(t);
	} else {
		t = target_new(&job->shared, &labels, found->pod_ip);
		add_target(job, t);
		target_start(t);
	}
	map_put(wanted, target_key_text(t), t);
}

static void take_set(struct job *job, struct map *known, struct map *wanted, const struct discovered_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		take_found(job, known, wanted, &set->at[i]);
}

static void check_target_limit(struct job *job, size_t wanted)
{
	uint64_t limit = job->shared.config->target_limit ? job->shared.config->target_limit : TARGET_LIMIT;
	bool is_over = wanted > limit;
	if (is_over && !job->shared.forced_error)
		LOG_WARN("job " STR_FMT ": %zu targets, target_limit is %llu: none of them is scraped", STR_ARG(job->shared.config->job_name), wanted,
			 (unsigned long long)limit);
	snprintf(job->forced_error, sizeof job->forced_error, "target_limit exceeded (number of targets: %zu, limit: %llu)", wanted,
		 (unsigned long long)limit);
	job->shared.forced_error = is_over ? job->forced_error : NULL;
}

static void sync_job(struct job *job)
{
	struct map known = { 0 }, wanted = { 0 };
	for (size_t i = 0; i < job->dropped_count; i++)
		target_labels_fini(&job->dropped[i]);
	job->dropped_count = 0;
	for (size_t i = 0; i < job->count; i++)
		map_put(&known, target_key_text(job->targets[i]), job->targets[i]);
	take_set(job, &known, &wanted, &job->statics);
	take_set(job, &known, &wanted, &job->pods);
	for (size_t i = 0; i < job->shared.config->file_count; i++)
		for (size_t k = 0; k < file_sd_count(job->files[i]); k++)
			take_set(job, &known, &wanted, file_sd_set(job->files[i], k));
	for (size_t i = 0; i < job->count; i++) {
		struct target *t = job->targets[i];
		if (!map_get(&wanted, target_key_text(t)) && !target_is_ending(t))
			target_end(t);
	}
	check_target_limit(job, wanted.count);
	map_fini(&known);
	map_fini(&wanted);
}

/* ---- targets at their end ---- */

/* A target that is gone wrote series that another one writes now (the same labels at another address): their story goes on. */
static bool has_successor(const struct job *job, const struct target *gone)
{
	for (size_t i = 0; i < job->count; i++) {
		const struct target *t = job->targets[i];
		if (t != gone && !target_is_ending(t) && target_last_ms(t) >= target_ending_ms(gone) && target_last_ms(t) &&
		    labels_eq(target_shown(t), target_shown(gone)))
			return true;
	}
	return false;
}

static bool is_succeeded(const struct target_job *shared, const struct target *gone)
{
	const struct job *job = (const struct job *)(const void *)shared;
	const struct scrape *s = job->scrape;
	bool is_found = has_successor(job, gone);
	for (size_t i = 0; i < s->monitored_count && job->monitored && !is_found; i++) /* a monitor that was edited is another job */
		is_found = strcmp(s->monitored[i]->monitored->key, job->monitored->key) == 0 && has_successor(s->monitored[i], gone);
	return is_found;
}

static void bury(struct job *job)
{
	for (size_t i = 0; i < job->count;) {
		struct target *t = job->targets[i];
		if (target_is_over(t)) {
			target_free(t);
			job->targets[i] = job->targets[--job->count];
		} else {
			i++;
		}
	}
}

/* Whether there is a reason to look: files, or targets that come to their end. */
static bool has_more(const struct scrape *s)
{
	for (size_t i = 0; i < job_total(s); i++) {
		const struct job *job = job_at(s, i);
		if (job->shared.config->file_count || job->is_gone)
			return true;
		for (size_t k = 0; k < job->count; k++)
			if (target_is_ending(job->targets[k]))
				return true;
	}
	return false;
}

static void bury_jobs(struct scrape *s)
{
	for (size_t i = 0; i < s->monitored_count;) {
		struct job *job = s->monitored[i];
		if (job->is_gone && job->count == 0) {
			close_job(job);
			free(job);
			s->monitored[i] = s->monitored[--s->monitored_count];
		} else {
			i++;
		}
	}
}

static void on_look(void *ctx)
{
	struct scrape *s = ctx;
	int64_t now_ns = loop_now_ns(s->o.loop);
	for (size_t i = 0; i < job_total(s); i++) {
		struct job *job = job_at(s, i);
		bool has_changed = false;
		for (size_t k = 0; k < job->shared.config->file_count; k++)
			has_changed |= file_sd_look(job->files[k], now_ns);
		if (has_changed)
			sync_job(job);
		bury(job);
	}
	bury_jobs(s);
	if (has_more(s))
		loop_arm(s->o.loop, &s->look, now_ns + FILE_SD_LOOK_MS * INT64_C(1000000), on_look, s);
}

/* ---- setting up ---- */

static void on_token(void *ctx)
{
	struct job *job = ctx;
	for (size_t i = 0; i < job->count; i++)
		target_wake(job->targets[i]);
}

static int64_t clock_ms(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return t.tv_sec * 1000ll + t.tv_nsec / 1000000;
}

/* When the machine was started, in whole seconds. */
static int64_t boot_ms(void)
{
	return (clock_ms(CLOCK_REALTIME) - clock_ms(CLOCK_BOOTTIME)) / 1000 * 1000;
}

/* When this process was started; 0: /proc does not say. */
static int64_t process_ms(void)
{
	struct buf stat;
	uint64_t ticks = 0;
	buf_init(&stat, 2 * 4096);
	if (os_read_file("/proc/self/stat", 4096, &stat) >= 0) {
		struct str rest = buf_view(&stat);
		while (str_find(rest, ')') < rest.n) /* a name may hold blanks and brackets */
			str_cut(&rest, ')');
		for (int i = 0; i < 20; i++)
			str_cut(&rest, ' ');
		num_u64(str_cut(&rest, ' '), &ticks);
	}
	buf_fini(&stat);
	return ticks ? boot_ms() + (int64_t)(ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK)) : 0;
}

static uint64_t limit_of(uint64_t configured, uint64_t otherwise)
{
	return configured ? configured : otherwise;
}

static void fill_rules(struct job *job)
{
	const struct config_metric_scrape *c = job->shared.config;
	job->shared.rules = (struct ingest_rules){
		.external = &job->shared.external, .metric_relabel = job->shared.metric_rules, .honor_labels = c->honor_labels,
		.honor_timestamps = c->honor_timestamps, .track_timestamps_staleness = c->track_timestamps_staleness,
		.no_histograms = !c->scrape_native_histograms, .sample_limit = limit_of(c->sample_limit, SAMPLE_LIMIT),
		.label_limit = limit_of(c->label_limit, LABEL_LIMIT),
		.label_name_length_limit = limit_of(c->label_name_length_limit, LABEL_NAME_LIMIT),
		.label_value_length_limit = limit_of(c->label_value_length_limit, LABEL_VALUE_LIMIT),
		.start_ms = c->builtin == BUILTIN_NODE ? boot_ms() : c->builtin == BUILTIN_SELF ? process_ms() : 0,
	};
}

/* The one target of a built-in job: this node. */
static void discover_builtin(struct job *job)
{
	const struct config_metric_scrape *c = job->shared.config;
	struct discovered *d = discovered_add(&job->statics);
	for (size_t i = 0; i < c->static_count; i++)
		for (size_t k = 0; k < c->statics[i].labels.count; k++)
			discovered_label(&job->statics, d, c->statics[i].labels.at[k].name, c->statics[i].labels.at[k].value);
	discovered_label(&job->statics, d, STR("__address__"), str_of(job->scrape->node_name));
}

static void begin_job(struct job *job, struct scrape *s, const struct config_metric_scrape *c)
{
	job->scrape = s;
	job->shared.is_succeeded = is_succeeded;
	job->shared.host = &s->host;
	job->shared.config = c;
}

static bool open_job(struct job *job, char err[256])
{
	const struct config_metric_scrape *c = job->shared.config;
	char why[256] = "";
	const struct monitored *m = job->monitored;
	job->shared.target_rules = m ? relabel_new(m->relabelings.at, m->relabelings.count, why) : relabels_compile(&c->relabel_configs, why);
	if (!why[0])
		job->shared.metric_rules = m ? relabel_new(m->metric_relabelings.at, m->metric_relabelings.count, why)
					     : relabels_compile(&c->metric_relabel_configs, why);
	if (!why[0] && !c->builtin)
		job->shared.fetch = fetch_new(c, job->scrape->o.http, on_token, job, why);
	if (why[0]) {
		snprintf(err, 256, "job " STR_FMT ": %.150s", STR_ARG(str_take(c->job_name, 64)), why);
		return false;
	}
	const struct config_labels *external = &job->scrape->o.config->metrics.external_labels;
	for (size_t i = 0; i < external->count; i++)
		labels_set(&job->shared.external, external->at[i].name, external->at[i].value);
	fill_rules(job);
	job->files = calloc(c->file_count + 1, sizeof *job->files);
	if (!job->files)
		abort();
	for (size_t i = 0; i < c->file_count; i++)
		job->files[i] = file_sd_new(&c->files[i]);
	if (c->builtin)
		discover_builtin(job);
	else
		discovery_static(&job->statics, c->statics, c->static_count);
	return true;
}

static void close_job(struct job *job)
{
	for (size_t i = 0; i < job->count; i++)
		target_free(job->targets[i]);
	free(job->targets);
	for (size_t i = 0; i < job->dropped_count; i++)
		target_labels_fini(&job->dropped[i]);
	for (size_t i = 0; job->files && i < job->shared.config->file_count; i++)
		file_sd_free(job->files[i]);
	free(job->files);
	discovered_reset(&job->statics);
	discovered_reset(&job->pods);
	fetch_free(job->shared.fetch);
	relabel_free(job->shared.target_rules);
	relabel_free(job->shared.metric_rules);
	labels_fini(&job->shared.external);
	monitored_free(job->monitored);
}

static bool can_run(const struct scrape *s, const struct config_metric_scrape *c)
{
	bool is_own = c->builtin == BUILTIN_SELF || c->builtin == BUILTIN_LOGS;
	return c->builtin == BUILTIN_NONE || (is_own ? s->o.own != NULL : s->o.collection != NULL);
}

struct scrape *scrape_new(const struct scrape_options *options, char err[256])
{
	struct scrape *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->o = *options;
	snprintf(s->node_name, sizeof s->node_name, STR_FMT, STR_ARG(options->node_name));
	if (!options->node_name.n && gethostname(s->node_name, sizeof s->node_name - 1) < 0)
		snprintf(s->node_name, sizeof s->node_name, "localhost");
	s->host = (struct target_host){ .loop = options->loop, .ingest = ingest_new(options->spool), .collection = options->collection,
					.own = options->own, .own_ctx = options->own_ctx, .appended = options->appended,
					.appended_ctx = options->appended_ctx, .status = &s->status, .seed = hash_bytes(str_of(s->node_name)) };
	size_t count = options->config->metrics.scrape_count;
	s->jobs = calloc(count + 1, sizeof *s->jobs);
	if (!s->jobs)
		abort();
	for (size_t i = 0; i < count; i++) {
		const struct config_metric_scrape *c = &options->config->metrics.scrapes[i];
		if (!can_run(s, c))
			continue;
		struct job *job = &s->jobs[s->job_count++];
		begin_job(job, s, c);
		if (!open_job(job, err)) {
			scrape_free(s);
			return NULL;
		}
	}
	for (size_t i = 0; i < s->job_count; i++)
		sync_job(&s->jobs[i]);
	on_look(s);
	return s;
}

void scrape_free(struct scrape *s)
{
	if (!s)
		return;
	loop_disarm(s->o.loop, &s->look);
	for (size_t i = 0; i < job_total(s); i++)
		close_job(job_at(s, i));
	for (size_t i = 0; i < s->monitored_count; i++)
		free(s->monitored[i]);
	free(s->monitored);
	free(s->jobs);
	ingest_free(s->host.ingest);
	free(s);
}

/* ---- monitors ---- */

static struct job *monitored_job(const struct scrape *s, const struct monitored_found *found)
{
	for (size_t i = 0; i < s->monitored_count; i++) {
		const struct monitored *m = s->monitored[i]->monitored;
		if (m->hash == found->hash && strcmp(m->key, found->key) == 0)
			return s->monitored[i];
	}
	return NULL;
}

/* An endpoint that is refused is a job with targets that are shown and not asked. */
static struct job *new_monitored(struct scrape *s, const struct monitored_found *found)
{
	char err[256] = "";
	struct job *job = calloc(1, sizeof *job);
	if (!job)
		abort();
	s->monitored = array_room(s->monitored, s->monitored_count, &s->monitored_room, sizeof(struct job *));
	s->monitored[s->monitored_count++] = job;
	job->monitored = monitored_new(found, s->o.config);
	begin_job(job, s, &job->monitored->config);
	if (!job->monitored->problem[0] && !open_job(job, err))
		snprintf(job->monitored->problem, sizeof job->monitored->problem, "refused: %.200s", err);
	if (job->monitored->problem[0])
		LOG_WARN("%s: %s", found->key, job->monitored->problem);
	return job;
}

static void on_monitored(void *ctx, struct monitored_found *found)
{
	struct scrape *s = ctx;
	struct job *job = monitored_job(s, found);
	if (!job)
		job = new_monitored(s, found);
	discovered_reset(&job->pods);
	job->pods = found->targets;
	job->is_gone = false;
}

static void set_monitors(struct scrape *s, const struct podlist *pods, const struct monitor_tables *tables)
{
	static const struct podlist none;
	for (size_t i = 0; i < s->monitored_count; i++) {
		discovered_reset(&s->monitored[i]->pods);
		s->monitored[i]->is_gone = true;
	}
	size_t beyond = monitors_each(tables, pods ? pods : &none, s->o.config, on_monitored, s);
	if (beyond && !s->is_beyond_told)
		LOG_WARN("monitors: %zu endpoints are left out: at most %d have targets on one node", beyond, MONITORED_JOBS_MAX);
	s->is_beyond_told = beyond > 0;
	for (size_t i = 0; i < s->monitored_count; i++)
		if (!s->monitored[i]->monitored->problem[0])
			sync_job(s->monitored[i]);
}

void scrape_set_pods(struct scrape *s, const struct podlist *pods, const struct monitor_tables *monitors)
{
	if (monitors)
		set_monitors(s, pods, monitors);
	for (size_t i = 0; i < s->job_count; i++) {
		struct job *job = &s->jobs[i];
		const struct config_metric_scrape *c = job->shared.config;
		bool decides_itself = c->relabel_configs.count > 0;
		const struct pod_sd_options options = { .by_annotation = !decides_itself, .allow_host_network = decides_itself };
		if (!c->pod_count)
			continue;
		discovered_reset(&job->pods);
		if (pods)
			pod_sd_list(pods, &options, &job->pods);
		sync_job(job);
	}
	if (has_more(s) && !s->look.place)
		loop_arm(s->o.loop, &s->look, loop_now_ns(s->o.loop) + FILE_SD_LOOK_MS * INT64_C(1000000), on_look, s);
}
