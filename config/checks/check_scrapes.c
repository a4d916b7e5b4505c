/* Rules of metrics.scrape_configs: each job has a name of its own, asks addresses that can be, and is through before it is due again.
 * The jobs that metrics.node, .pods and .self stand for are put in front. */
#include "config/checks/check.h"

#include <stdio.h>

/* A list that is given and is none has its error already. */
static bool is_in_error(const struct place *list)
{
	return list && (list->node->kind == NODE_SCALAR || list->node->kind == NODE_MAP);
}

/* The place of element i of a list of strings. */
static struct place element_place(const struct place *list, size_t i, char number[64])
{
	struct place at = *list;
	const struct node_entry *e = list->node->kind == NODE_LIST ? list->node->first : NULL;
	for (size_t n = i; e && n; n--)
		e = e->next;
	snprintf(number, 64, "%.40s[%zu]", list->key.p, i);
	if (!e)
		return at;
	at.key = str_of(number);
	at.line = e->line;
	at.column = e->column;
	at.node = e->value;
	return at;
}

/* NULL, or what is wrong with "host:port". */
static const char *judge_target(struct str s)
{
	if (!s.n)
		return "expected host:port, found nothing";
	for (size_t i = 0; i + 2 < s.n; i++)
		if (memcmp(s.p + i, "://", 3) == 0)
			return "expected host:port: put the protocol into scheme and the path into metrics_path";
	if (str_find(s, '/') < s.n)
		return "expected host:port: put the path into metrics_path";
	if (str_find(s, ' ') < s.n || str_find(s, '?') < s.n || str_find(s, '@') < s.n)
		return "expected host:port";
	return NULL;
}

static void check_strings(struct loader *r, const struct config_strings *strings, const char *(*judge)(struct str s))
{
	const struct place *list = loader_field(r, strings);
	char number[64];
	for (size_t i = 0; list && list->node->kind == NODE_LIST && i < strings->count; i++) {
		const char *why = judge(strings->at[i]);
		if (!why)
			continue;
		struct place at = element_place(list, i, number);
		loader_error(r, &at, "%s", why);
	}
}

static bool has_suffix(struct str path)
{
	static const char *const suffixes[] = { ".json", ".yml", ".yaml", ".JSON", ".YML", ".YAML" };
	for (size_t i = 0; i < COUNT_OF(suffixes); i++)
		if (str_ends(path, str_of(suffixes[i])))
			return true;
	return false;
}

static const char *judge_file(struct str path)
{
	size_t star = str_find(path, '*');
	if (!has_suffix(path))
		return "expected a name that ends in .json, .yml or .yaml";
	if (str_find(str_skip(path, star), '/') < path.n - star)
		return "* is for the last name of a path only";
	return NULL;
}

static const char *judge_protocol(struct str name)
{
	static const char *const names[] = { "PrometheusProto", "OpenMetricsText1.0.0", "OpenMetricsText0.0.1", "PrometheusText1.0.0",
		"PrometheusText0.0.4" };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_eq(name, str_of(names[i])))
			return NULL;
	return "expected one of PrometheusProto, OpenMetricsText1.0.0, OpenMetricsText0.0.1, PrometheusText1.0.0, PrometheusText0.0.4";
}

/* As Prometheus: names are meant from the folder of the configuration. */
static void make_absolute(struct config *c, struct str *path)
{
	size_t folder = c->path.n;
	while (folder && c->path.p[folder - 1] != '/')
		folder--;
	if (!path->n || path->p[0] == '/' || !folder)
		return;
	struct buf b;
	buf_init(&b, c->path.n + path->n);
	buf_str(&b, str_take(c->path, folder));
	buf_str(&b, *path);
	*path = arena_copy(&c->arena, buf_view(&b));
	buf_fini(&b);
}

void check_file_sd(struct loader *r, struct config_file_sd *files)
{
	const struct place *element = loader_element(r, files);
	if (element && element->node->kind == NODE_MAP && !files->files.count && !is_in_error(loader_field(r, &files->files)))
		loader_key_error(r, element, "files is missing: which files the targets stand in");
	check_strings(r, &files->files, judge_file);
	for (size_t i = 0; i < files->files.count; i++)
		make_absolute(r->config, &files->files.at[i]);
}

static void check_role(struct loader *r, const struct config_pod_sd *pods)
{
	static const struct { const char *role, *advice; } others[] = {
		{ "node", "only the role pod can be had on a node: the node's own metrics are metrics.node; for the kubelet name its address in "
			"static_configs" },
		{ "service", "only the role pod can be had on a node: probe services from one place in the cluster" },
		{ "ingress", "only the role pod can be had on a node: probe ingresses from one place in the cluster" },
		{ "endpoints", "only the role pod can be had on a node: take the pods behind it with role: pod" },
		{ "endpointslice", "only the role pod can be had on a node: take the pods behind it with role: pod" },
	};
	const struct place *role = loader_field(r, &pods->role), *element = loader_element(r, pods);
	if (str_eq(pods->role, STR("pod")) || !element || element->node->kind != NODE_MAP)
		return;
	if (!role || role->node->kind == NODE_NULL || !pods->role.n) {
		if (!role || role->node->kind == NODE_NULL || role->node->kind == NODE_SCALAR)
			loader_key_error(r, element, "role is missing: write role: pod");
		return;
	}
	for (size_t i = 0; i < COUNT_OF(others); i++)
		if (str_eq(pods->role, str_of(others[i].role))) {
			loader_error(r, role, "%s", others[i].advice);
			return;
		}
	loader_error(r, role, "only the role pod can be had on a node: write role: pod");
}

static void check_path(struct loader *r, struct config_metric_scrape *job)
{
	const struct place *at = loader_field(r, &job->metrics_path);
	if (at && str_find(job->metrics_path, '?') < job->metrics_path.n)
		loader_error(r, at, "expected a path without a query: put what follows the ? into params");
	if (!job->metrics_path.n || job->metrics_path.p[0] == '/')
		return;
	struct buf b;
	buf_init(&b, job->metrics_path.n + 1);
	buf_char(&b, '/');
	buf_str(&b, job->metrics_path);
	job->metrics_path = arena_copy(&r->config->arena, buf_view(&b));
	buf_fini(&b);
}

static void check_times(struct loader *r, struct config_metric_scrape *job)
{
	const struct config *c = r->config;
	const struct place *timeout = loader_field(r, &job->scrape_timeout_ms);
	if (!job->scrape_interval_ms)
		job->scrape_interval_ms = c->metrics.scrape_interval_ms;
	if (timeout && job->scrape_timeout_ms > job->scrape_interval_ms)
		loader_error(r, timeout, "a scrape must be over before the next one: not longer than scrape_interval");
	if (!job->scrape_timeout_ms || job->scrape_timeout_ms > job->scrape_interval_ms)
		job->scrape_timeout_ms = c->metrics.scrape_timeout_ms < job->scrape_interval_ms ? c->metrics.scrape_timeout_ms
												: job->scrape_interval_ms;
}

/* What metrics.global says, where the job says nothing. */
static void take_defaults(struct loader *r, struct config_metric_scrape *job)
{
	const struct config_metric_scrape *all = &r->config->metrics.defaults;
	uint64_t *const numbers[] = { &job->sample_limit, &job->label_limit, &job->label_name_length_limit, &job->label_value_length_limit,
		&job->target_limit, &job->body_size_limit_bytes };
	const uint64_t fallbacks[] = { all->sample_limit, all->label_limit, all->label_name_length_limit, all->label_value_length_limit,
		all->target_limit, all->body_size_limit_bytes };
	for (size_t i = 0; i < COUNT_OF(numbers); i++)
		if (!*numbers[i])
			*numbers[i] = fallbacks[i];
	if (!loader_field(r, &job->scrape_native_histograms))
		job->scrape_native_histograms = all->scrape_native_histograms;
	if (!job->scrape_protocols.count)
		job->scrape_protocols = all->scrape_protocols;
}

static void check_name(struct loader *r, struct config_metric_scrape *job, const struct place *element, struct map *names)
{
	const struct place *name = loader_field(r, &job->job_name);
	if (!job->job_name.n) {
		if (!name || name->node->kind == NODE_NULL || (name->node->kind == NODE_SCALAR && name->node->text.n == 0))
			loader_key_error(r, element, "job_name is missing");
		return;
	}
	const struct config_metric_scrape *twin = map_get(names, job->job_name);
	if (twin)
		loader_error(r, name, "the job in line %llu has the same name", (unsigned long long)twin->line);
	else
		map_put(names, job->job_name, job);
}

static void check_job(struct loader *r, struct config_metric_scrape *job, struct map *names)
{
	const struct place *element = loader_element(r, job);
	job->line = element ? element->line : 0;
	check_http(r, &job->http, HTTP_OF_SCRAPE);
	check_times(r, job);
	check_path(r, job);
	check_strings(r, &job->scrape_protocols, judge_protocol);
	take_defaults(r, job);
	for (size_t i = 0; i < job->static_count; i++)
		check_strings(r, &job->statics[i].targets, judge_target);
	for (size_t i = 0; i < job->file_count; i++)
		check_file_sd(r, &job->files[i]);
	for (size_t i = 0; i < job->pod_count; i++)
		check_role(r, &job->pods[i]);
	const struct place *pods = loader_field(r, &job->pods);
	if (pods && job->pod_count && str_eq(r->config->kubernetes.metadata, STR("none")))
		loader_warning(r, pods, "finds no targets: kubernetes.metadata is none, so nobody is asked for pods");
	check_relabels(r, &job->relabel_configs);
	check_relabels(r, &job->metric_relabel_configs);
	if (!element || element->node->kind != NODE_MAP)
		return;
	check_name(r, job, element, names);
	if (!job->static_count && !job->file_count && !job->pod_count && !is_in_error(loader_field(r, &job->statics)) &&
	    !is_in_error(loader_field(r, &job->files)) && !is_in_error(loader_field(r, &job->pods)))
		loader_warning(r, element, "the job has no targets: add static_configs, file_sd_configs or kubernetes_sd_configs");
}

/* The built-in jobs. One target each, which the scraper knows: the group says what its labels are. */
static void add_builtins(struct config *c)
{
	const struct { enum scrape_builtin kind; const struct config_builtin *from; } all[] = {
		{ BUILTIN_NODE, &c->metrics.node }, { BUILTIN_PODS, &c->metrics.pods }, { BUILTIN_LOGS, &c->metrics.logs },
		{ BUILTIN_SELF, &c->metrics.self },
	};
	struct config_metric_scrape *jobs = arena_alloc(&c->arena, (c->metrics.scrape_count + COUNT_OF(all)) * sizeof *jobs);
	size_t n = 0;
	for (size_t i = 0; i < COUNT_OF(all); i++) {
		const struct config_builtin *from = all[i].from;
		bool is_on = str_eq(from->enabled, STR("true")) || (str_eq(from->enabled, STR("auto")) && !c->metrics.scrape_count);
		if (!is_on)
			continue;
		struct config_metric_scrape *job = &jobs[n++];
		*job = (struct config_metric_scrape){ .job_name = from->job, .builtin = all[i].kind, .scrape_interval_ms = from->scrape_interval_ms,
			.metrics_path = STR("/metrics"), .scheme = STR("http"), .honor_timestamps = true, .static_count = 1 };
		if (!job->scrape_interval_ms)
			job->scrape_interval_ms = c->metrics.scrape_interval_ms;
		job->scrape_timeout_ms = c->metrics.scrape_timeout_ms < job->scrape_interval_ms ? c->metrics.scrape_timeout_ms
												: job->scrape_interval_ms;
		job->statics = arena_alloc(&c->arena, sizeof *job->statics);
		job->statics[0].labels = from->labels;
	}
	if (c->metrics.scrape_count)
		memcpy(&jobs[n], c->metrics.scrapes, c->metrics.scrape_count * sizeof *jobs);
	c->metrics.scrapes = jobs;
	c->metrics.scrape_count += n;
}

void check_scrapes(struct loader *r)
{
	struct config *c = r->config;
	struct map names = { 0 };
	check_strings(r, &c->metrics.defaults.scrape_protocols, judge_protocol);
	for (size_t i = 0; i < c->metrics.scrape_count; i++)
		check_job(r, &c->metrics.scrapes[i], &names);
	map_fini(&names);
	if (!r->problems->errors)
		add_builtins(c);
}
