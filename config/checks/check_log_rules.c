/* relabel_configs of logs, as far as the file alone tells what they come to: what they ask for and nobody supplies, and what becomes of the
 * targets that are written out. Warnings: with rules, reading nothing may be what was meant. */
#include "config/checks/check.h"
#include "config/relabels.h"
#include "parsers/kubernetes/pod_meta.h"

#define NO_OBJECTS                                                                                                                  \
	"with kubernetes.metadata none the path of a log is all there is: namespace, the pod's name and UID, container and node"

static bool is_action(const struct config_relabel *rule, enum relabel_action action)
{
	return str_eq(rule->action, str_of(relabel_action_names[action]));
}

/* What the path of a log does not tell is empty where nobody asks for pod objects. One warning for a job is enough. */
static void warn_of_missing_objects(struct loader *r, const struct config_scrape *job)
{
	if (!str_eq(r->config->kubernetes.metadata, STR("none")))
		return;
	for (size_t i = 0; i < job->relabel_configs.count; i++) {
		const struct config_relabel *rule = &job->relabel_configs.at[i];
		const struct place *sources = loader_field(r, &rule->source_labels), *regex = loader_field(r, &rule->regex);
		for (size_t k = 0; k < rule->source_labels.count && sources; k++)
			if (pod_meta_needs_object(rule->source_labels.at[k])) {
				loader_warning(r, sources, "nobody supplies %.*s: " NO_OBJECTS, STR_ARG(rule->source_labels.at[k]));
				return;
			}
		if (is_action(rule, RELABEL_LABELMAP) && regex && pod_meta_pattern_needs_object(rule->regex)) {
			loader_warning(r, regex, "nobody supplies such labels: " NO_OBJECTS);
			return;
		}
	}
}

static bool may_write(const struct config_relabel *rule, struct str name)
{
	bool by_map = is_action(rule, RELABEL_LABELMAP);
	struct str target = by_map ? rule->replacement : rule->target_label;
	return str_eq(target, name) || str_find(target, '$') < target.n;
}

/* Containers have no __path__ but the one that a rule makes. */
static void warn_of_missing_path(struct loader *r, const struct config_scrape *job)
{
	const struct place *at = loader_field(r, &job->relabel_configs);
	bool is_written = false;
	for (size_t i = 0; i < job->relabel_configs.count; i++)
		is_written |= may_write(&job->relabel_configs.at[i], STR("__path__"));
	if (at && !is_written)
		loader_warning(r, at, "no rule makes a __path__, so no pod is read: add one with source_labels [__meta_kubernetes_pod_uid, "
			       "__meta_kubernetes_pod_container_name], separator /, replacement /var/log/pods/*$1/*.log, target_label __path__");
}

/* The rules can give no tenant, in Promtail neither. */
static void warn_of_tenant(struct loader *r, const struct config_scrape *job)
{
	for (size_t i = 0; i < job->relabel_configs.count; i++) {
		const struct config_relabel *rule = &job->relabel_configs.at[i];
		const struct place *at = loader_field(r, &rule->target_label);
		if (at && str_eq(rule->target_label, STR("__tenant_id__")))
			loader_warning(r, at, "has no effect: labels that start with __ end with the rules. Write a label without them, and name it in the stage "
				       "tenant: { label: ... }");
	}
}

static void put_all(struct labels *to, const struct config_labels *from)
{
	for (size_t i = 0; i < from->count; i++)
		labels_set(to, from->at[i].name, from->at[i].value);
}

/* Labels of the stream: those without underscores, and filename. */
static size_t count_labels(struct loader *r, const struct labels *all)
{
	struct config_labels own = { arena_alloc(&r->arena, (all->count + 1) * sizeof *own.at), 0 };
	for (size_t i = 0; i < all->count; i++)
		if (!str_starts(all->at[i].name, STR("__")) && !str_eq(all->at[i].name, STR("filename")))
			own.at[own.count++] = (struct config_label){ all->at[i].name, all->at[i].value };
	own.at[own.count++] = (struct config_label){ STR("filename"), STR("x") };
	return check_labels_together(r->config, &own);
}

/* A group with one of its addresses, through the rules. */
static void try_static(struct loader *r, const struct config_scrape *job, const struct config_static *files, const struct relabel *rules)
{
	const struct place *element = loader_element(r, files);
	struct labels all = { 0 };
	struct arena arena = { 0 };
	size_t rule = 0;
	put_all(&all, &files->labels);
	put_all(&all, &files->internal);
	labels_set(&all, STR("__path__"), files->path);
	labels_set(&all, STR("__address__"), files->targets.count ? files->targets.at[0] : STR("localhost"));
	bool is_kept = relabel_explain(rules, &all, &arena, &rule);
	size_t together = is_kept ? count_labels(r, &all) : 0;
	if (element && !is_kept)
		loader_warning(r, element, "nothing is read for it: the rule in line %llu drops it", (unsigned long long)job->relabel_configs.at[rule].line);
	else if (element && !labels_has(&all, STR("__path__")))
		loader_warning(r, element, "nothing is read for it: it has no __path__, and no rule makes one");
	else if (element && together > CHECK_LABELS_MOST)
		loader_warning(r, element, "%zu labels after the rules, together with filename and the external ones: Loki takes %d on a stream, unless its "
			       "max_label_names_per_series was raised", together, CHECK_LABELS_MOST);
	labels_fini(&all);
	arena_fini(&arena);
}

void check_log_rules(struct loader *r, struct config_scrape *job)
{
	char err[256];
	if (!job->relabel_configs.count || r->problems->errors)
		return;
	warn_of_tenant(r, job);
	if (job->is_pods) {
		warn_of_missing_objects(r, job);
		warn_of_missing_path(r, job);
	}
	struct relabel *rules = relabels_compile(&job->relabel_configs, err);
	for (size_t i = 0; i < job->static_count && rules; i++)
		try_static(r, job, &job->statics[i], rules);
	relabel_free(rules);
}
