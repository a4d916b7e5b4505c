/* Rules for jobs: each one reads something, and what it reads can be shipped. Without relabel_configs to choose among them pods are read
 * by one job only, else each line would be shipped twice under the same labels. */
#include "config/checks/check.h"

/* How many names of `more` are neither in `base` nor in `also`. */
static size_t count_new(const struct config_labels *more, const struct config_labels *base, const struct config_labels *also)
{
	const struct config_labels *sets[] = { base, also };
	size_t fresh = 0;
	for (size_t i = 0; i < more->count; i++) {
		bool is_known = false;
		for (size_t s = 0; s < COUNT_OF(sets); s++)
			for (size_t j = 0; sets[s] && j < sets[s]->count; j++)
				is_known = is_known || str_eq(more->at[i].name, sets[s]->at[j].name);
		fresh += !is_known;
	}
	return fresh;
}

/* Labels of the file, of global and of the destination with the most of its own, each name once. */
size_t check_labels_together(const struct config *c, const struct config_labels *own)
{
	size_t most = 0;
	for (size_t i = 0; i < c->logs.client_count; i++) {
		size_t n = count_new(&c->logs.clients[i].external_labels, &c->global.external_labels, own);
		most = n > most ? n : most;
	}
	return most + count_new(&c->global.external_labels, own, NULL) + own->count;
}

static void check_static(struct loader *r, const struct config_scrape *job, struct config_static *files)
{
	const struct place *labels = loader_field(r, &files->labels), *element = loader_element(r, files);
	const struct place *path = loader_field(r, &files->path), *exclude = loader_field(r, &files->path_exclude);
	const struct place *patterns[] = { path, exclude };
	const struct str texts[] = { files->path, files->path_exclude };
	if (!path && element && element->node->kind == NODE_MAP && !job->relabel_configs.count)
		loader_key_error(r, labels ? labels : element, "__path__ is missing among the labels: which files to read");
	for (size_t i = 0; i < COUNT_OF(patterns); i++) {
		const char *why = patterns[i] && patterns[i]->node->kind == NODE_SCALAR ? check_glob(texts[i]) : NULL;
		if (why)
			loader_error(r, patterns[i], "%s", why);
	}
	if (labels && files->internal.count && !job->is_promtail)
		loader_warning(r, labels, "%.*s has no effect: labels that start with __ are for relabel_configs, of which the job has none",
			       STR_ARG(files->internal.at[0].name));
	size_t together = check_labels_together(r->config, &files->labels);
	if (labels && !job->relabel_configs.count && together > CHECK_LABELS_MOST)
		loader_warning(r, labels, "%zu labels together with the external ones: Loki takes %d on a stream, unless its max_label_names_per_series "
			       "was raised", together, CHECK_LABELS_MOST);
}

/* `spec.nodeName=NAME`, with one or two signs: what holds for all pods that are found. */
static bool is_this_node(struct str field)
{
	while (field.n) {
		struct str term = str_cut(&field, ','), key = str_cut(&term, '=');
		if (!str_eq(key, STR("spec.nodeName")) || !term.n)
			return false;
	}
	return true;
}

static void check_selector(struct loader *r, const struct config_selector *selector)
{
	const struct place *role = loader_field(r, &selector->role), *field = loader_field(r, &selector->field), *label = loader_field(r, &selector->label);
	if (role && selector->role.n && !str_eq(selector->role, STR("pod")))
		loader_error(r, role, "only the role pod has logs on the node: write role: pod");
	if (field && !is_this_node(selector->field))
		loader_error(r, field, "only spec.nodeName is known, since pods of this node are found anyway: choose among them by relabel_configs, "
			     "with __meta_kubernetes_namespace or __meta_kubernetes_pod_name");
	if (label && selector->label.n)
		loader_key_error(r, label, "is not asked for: choose by relabel_configs, with action: keep and __meta_kubernetes_pod_label_NAME");
}

static void check_discovery(struct loader *r, struct config_discovery *discovery)
{
	for (size_t i = 0; i < discovery->selector_count; i++)
		check_selector(r, &discovery->selectors[i]);
	const struct place *role = loader_field(r, &discovery->role), *element = loader_element(r, discovery);
	if (str_eq(discovery->role, STR("pod")) || !element || element->node->kind != NODE_MAP)
		return;
	if (role && discovery->role.n)
		loader_error(r, role, "only the role pod has logs on the node: write role: pod");
	else if (!role || role->node->kind == NODE_NULL)
		loader_key_error(r, element, "role is missing: write role: pod");
}

/* A list that is given and is none has its error already. */
static bool is_in_error(const struct place *list)
{
	return list && (list->node->kind == NODE_SCALAR || list->node->kind == NODE_MAP);
}

/* Whose labels? A job of pods in Promtail's own file reads nothing there when no rule makes a __path__: here it is the built-in one. */
static void know_labels(struct loader *r, struct config_scrape *job)
{
	bool is_promtails_file = str_eq(r->bare, STR("logs"));
	const struct place *pods = loader_field(r, &job->discoveries);
	job->is_pods = job->discovery_count > 0;
	job->is_promtail = job->relabel_configs.count || (is_promtails_file && !job->is_pods);
	if (is_promtails_file && !job->is_promtail && pods)
		loader_warning(r, pods, "Promtail reads nothing here, since no relabel_configs make a __path__: all pods are read, under the labels "
			       "namespace, pod, container and stream");
	if (job->stages.format == FORMAT_AUTO && (!job->is_pods || (is_promtails_file && job->is_promtail)))
		job->stages.format = FORMAT_RAW;
}

static void join_traces(const struct loader *r, struct config_scrape *job)
{
	const struct place *own = loader_field(r, &job->stack_traces);
	if (!own || own->node->kind == NODE_NULL)
		job->stack_traces = r->config->logs.stack_traces;
	stages_join(&r->config->arena, &job->stages, &job->joining);
}

/* A source that is refused has its error already, which says what to do with the job. */
static bool has_refused_source(const struct node *job)
{
	static const char *const others[] = { "syslog", "loki_push_api", "windows_events", "gcplog", "azure_event_hubs", "kafka", "gelf", "cloudflare", "heroku_drain" };
	for (const struct node_entry *e = job->first; e; e = e->next) {
		bool is_ours = str_eq(e->key, STR("kubernetes_sd_configs")) || str_eq(e->key, STR("file_sd_configs"));
		bool is_other = !is_ours && str_ends(e->key, STR("_sd_configs"));
		for (size_t i = 0; i < COUNT_OF(others); i++)
			is_other = is_other || str_eq(e->key, str_of(others[i]));
		if (is_other && e->value->kind != NODE_NULL)
			return true;
	}
	return false;
}

static void check_job(struct loader *r, struct config_scrape *job, struct map *names)
{
	const struct place *element = loader_element(r, job), *name = loader_field(r, &job->job_name);
	job->line = element ? element->line : 0;
	check_relabels(r, &job->relabel_configs);
	know_labels(r, job);
	join_traces(r, job);
	for (size_t i = 0; i < job->static_count; i++)
		check_static(r, job, &job->statics[i]);
	for (size_t i = 0; i < job->file_count; i++)
		check_file_sd(r, &job->files[i]);
	check_log_rules(r, job);
	for (size_t i = 0; i < job->discovery_count; i++)
		check_discovery(r, &job->discoveries[i]);
	check_journal(r, job);
	check_files(r, job);
	if (!element || element->node->kind != NODE_MAP)
		return;
	if (!job->is_pods && !has_refused_source(element->node) && !job->static_count && !job->file_count && !job->journal.is_there &&
	    !is_in_error(loader_field(r, &job->statics)) && !is_in_error(loader_field(r, &job->files)) && !is_in_error(loader_field(r, &job->discoveries)))
		loader_key_error(r, element, "the job reads nothing: add static_configs with __path__, kubernetes_sd_configs with role: pod, "
			"or journal");
	if (!job->job_name.n) {
		if (!name || name->node->kind == NODE_NULL || name->node->text.n == 0)
			loader_key_error(r, element, "job_name is missing");
		return;
	}
	const struct config_scrape *twin = map_get(names, job->job_name);
	if (twin)
		loader_error(r, name, "the job in line %llu has the same name", (unsigned long long)twin->line);
	else
		map_put(names, job->job_name, job);
}

static void check_pods_once(struct loader *r)
{
	const struct config_scrape *before = NULL;
	for (size_t i = 0; i < r->config->logs.scrape_count; i++) {
		struct config_scrape *job = &r->config->logs.scrapes[i];
		const struct place *at = loader_field(r, &job->discoveries);
		if (job->is_promtail)
			continue;
		if (before && job->is_pods && at)
			loader_key_error(r, at, "the job in line %llu reads all pods already: each line would be shipped twice",
					 (unsigned long long)before->line);
		before = !before && job->is_pods ? job : before;
	}
}

/* A profile that no job has a use for: somebody expects labels that will not come. */
static void check_profile(struct loader *r)
{
	const struct config *c = r->config;
	const struct place *at = loader_field(r, &c->logs.label_profile);
	bool is_used = c->logs.scrape_count == 0;
	for (size_t i = 0; i < c->logs.scrape_count && !is_used; i++) {
		const struct config_scrape *job = &c->logs.scrapes[i];
		is_used = !job->is_promtail && (job->is_pods || job->static_count || job->file_count);
	}
	if (at && !is_used && !str_eq(c->logs.label_profile, STR("default")))
		loader_warning(r, at, "has no effect: it names the labels of files and pods in jobs without relabel_configs, and here is none");
}

static void add_built_in_job(struct config *c)
{
	c->logs.scrapes = arena_alloc(&c->arena, sizeof *c->logs.scrapes);
	c->logs.scrapes[0] = (struct config_scrape){ .job_name = STR("kubernetes-pods"), .is_pods = true, .stack_traces = c->logs.stack_traces };
	stages_join(&c->arena, &c->logs.scrapes[0].stages, &c->logs.scrapes[0].joining);
	c->logs.scrapes[0].discoveries = arena_alloc(&c->arena, sizeof *c->logs.scrapes[0].discoveries);
	c->logs.scrapes[0].discoveries[0] = (struct config_discovery){ .role = STR("pod") };
	c->logs.scrapes[0].discovery_count = 1;
	c->logs.scrape_count = 1;
}

void check_jobs(struct loader *r)
{
	struct config *c = r->config;
	struct map names = { 0 };
	for (size_t i = 0; i < c->logs.scrape_count; i++)
		check_job(r, &c->logs.scrapes[i], &names);
	map_fini(&names);
	check_pods_once(r);
	check_profile(r);
	if (!c->logs.enabled)
		c->logs.scrape_count = 0;
	else if (!c->logs.scrape_count)
		add_built_in_job(c);
}
