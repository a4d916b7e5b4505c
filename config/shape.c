/* Whose file is it? Our own has the sections logs and metrics. A bare Promtail or Prometheus agent's file is told by the keys that only one
 * of them has; scrape_configs alone by the keys of its jobs. When nothing tells, it is Promtail's. */
#include "config/loader.h"

#include <stdio.h>
#include <stdlib.h>

static const struct shape_default defaults[] = {
	{ "metrics", "global", "scrape_interval", "1m", NULL },
	{ "logs", "positions", "import", "/var/log/positions.yaml", "filename" },
};

static const char *const promtail_keys[] = { "clients", "client", "positions", "limits_config", "target_config", NULL };
static const char *const prometheus_keys[] = { "remote_write", "remote_read", "alerting", "rule_files", "scrape_config_files", "storage", NULL };
static const char *const global_keys[] = { "scrape_interval", "scrape_timeout", "evaluation_interval", "scrape_protocols", NULL };
static const char *const job_keys[] = { "metrics_path", "scheme", "scrape_interval", "scrape_timeout", "params", "honor_labels",
	"honor_timestamps", "metric_relabel_configs", "basic_auth", "authorization", "tls_config", "sample_limit", "http_sd_configs", NULL };

const char *const *const shape_keys[SHAPE_ROWS] = { promtail_keys, prometheus_keys, global_keys };

/* The first of the keys that the mapping has. */
static const struct node_entry *find_any(const struct node *map, const char *const *keys)
{
	for (const struct node_entry *e = map && map->kind == NODE_MAP ? map->first : NULL; e; e = e->next)
		for (size_t i = 0; keys[i]; i++)
			if (str_eq(e->key, str_of(keys[i])))
				return e;
	return NULL;
}

static bool has_path_label(const struct node *job)
{
	const struct node *statics = tree_get(job, STR("static_configs"));
	for (const struct node_entry *e = statics && statics->kind == NODE_LIST ? statics->first : NULL; e; e = e->next) {
		const struct node *labels = e->value->kind == NODE_MAP ? tree_get(e->value, STR("labels")) : NULL;
		if (labels && labels->kind == NODE_MAP && tree_get(labels, STR("__path__")))
			return true;
	}
	return false;
}

/* Does the job ask for metrics? Targets without a path of files do, and keys that only such jobs have. */
static bool is_metric_job(const struct node *job)
{
	if (job->kind != NODE_MAP || tree_get(job, STR("pipeline_stages")) || has_path_label(job))
		return false;
	const struct node *statics = tree_get(job, STR("static_configs"));
	if (find_any(job, job_keys))
		return true;
	for (const struct node_entry *e = statics && statics->kind == NODE_LIST ? statics->first : NULL; e; e = e->next)
		if (e->value->kind == NODE_MAP && tree_get(e->value, STR("targets")))
			return true;
	return false;
}

static bool has_metric_jobs(const struct node *root)
{
	const struct node *jobs = tree_get(root, STR("scrape_configs"));
	for (const struct node_entry *e = jobs && jobs->kind == NODE_LIST ? jobs->first : NULL; e; e = e->next)
		if (is_metric_job(e->value))
			return true;
	return false;
}

static bool is_prometheus(const struct node *root)
{
	return find_any(root, prometheus_keys) || has_metric_jobs(root) ||
	       find_any(tree_get(root, STR("global")), global_keys);
}

/* Two programs' files in one: neither can be taken as it is. */
static bool refuse_both(struct loader *r, const struct node_entry *e)
{
	struct place at = { .key = e->key, .line = e->line, .column = e->column, .node = e->value };
	loader_key_error(r, &at, "a Promtail file and a Prometheus agent's file in one: put the keys of Promtail below \"logs:\" and those of "
		"Prometheus below \"metrics:\"");
	return false;
}

const struct shape_default *shape_default_at(size_t i)
{
	return i < COUNT_OF(defaults) ? &defaults[i] : NULL;
}

const char *shape_section(const struct node *root)
{
	if (root->kind != NODE_MAP || tree_get(root, STR("logs")) || tree_get(root, STR("metrics")))
		return "";
	if (find_any(root, promtail_keys))
		return find_any(root, prometheus_keys) ? "" : "logs";
	return is_prometheus(root) ? "metrics" : tree_get(root, STR("scrape_configs")) ? "logs" : "";
}

/* As if the file had said them. */
static void take_defaults(struct loader *r)
{
	struct buf why;
	buf_init(&why, 256);
	for (size_t i = 0; i < COUNT_OF(defaults); i++) {
		char section[64];
		snprintf(section, sizeof section, "%s.%s", defaults[i].bare, defaults[i].section);
		const struct option *o = option_find(str_of(section), str_of(defaults[i].key));
		if (str_eq(r->bare, str_of(defaults[i].bare)) &&
		    !value_read(o, str_of(defaults[i].value), (char *)r->config + o->offset, &r->config->arena, &why))
			abort(); /* the tables contradict each other */
	}
	buf_fini(&why);
}

bool shape_know(struct loader *r, const struct node *root, const char *bare)
{
	struct place at = { .node = root, .line = root->line, .column = root->column };
	if (root->kind == NODE_NULL)
		return true;
	if (root->kind != NODE_MAP) {
		loader_expected(r, &at, "the sections logs, metrics, server, global and trace");
		return false;
	}
	const struct node_entry *prometheus = find_any(root, prometheus_keys);
	bool is_native = tree_get(root, STR("logs")) || tree_get(root, STR("metrics"));
	if (!bare && !is_native && prometheus && find_any(root, promtail_keys))
		return refuse_both(r, prometheus);
	r->bare = str_of(bare ? bare : shape_section(root));
	take_defaults(r);
	return true;
}
