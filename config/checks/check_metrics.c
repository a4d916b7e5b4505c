/* Rules of `metrics` but its jobs: external labels, intervals, receivers. */
#include "config/checks/check.h"

enum { EXTERNAL_LABELS_MOST = 64 };

static const struct config_label *find_label(const struct config_labels *labels, struct str name)
{
	for (size_t i = 0; i < labels->count; i++)
		if (str_eq(labels->at[i].name, name))
			return &labels->at[i];
	return NULL;
}

/* Those of `global` first, where metrics.global has none of the name. */
static void merge_external_labels(struct loader *r)
{
	const struct config_labels *all = &r->config->global.external_labels;
	struct config_labels *own = &r->config->metrics.external_labels;
	struct config_labels merged = { .at = arena_alloc(&r->config->arena, (all->count + own->count) * sizeof *own->at + 1) };
	for (size_t i = 0; i < all->count; i++)
		if (!find_label(own, all->at[i].name))
			merged.at[merged.count++] = all->at[i];
	for (size_t i = 0; i < own->count; i++)
		merged.at[merged.count++] = own->at[i];
	const struct place *at = loader_field(r, own);
	if (at && merged.count > EXTERNAL_LABELS_MOST)
		loader_key_error(r, at, "more than %d labels together with global.external_labels", EXTERNAL_LABELS_MOST);
	*own = merged;
}

/* With one of these in it no two nodes have the same. */
static bool is_of_one_node(struct str value)
{
	static const char *const names[] = { "${NODE_NAME}", "${HOSTNAME}", "${HOST_IP}", "${POD_NAME}" };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (value.n && memmem(value.p, value.n, names[i], strlen(names[i])))
			return true;
	return false;
}

/* Receivers that know high availability take one replica of a cluster at a time, and answer success to all others. */
static void warn_of_replicas(struct loader *r)
{
	static const char *const names[] = { "replica", "__replica__" };
	const struct config_labels *labels = &r->config->metrics.external_labels;
	const struct place *at = loader_field(r, &r->config->metrics.external_labels);
	at = at ? at : loader_field(r, &r->config->global.external_labels);
	const struct config_label *cluster = find_label(labels, STR("cluster"));
	if (!at || !r->config->metrics.remote_count || !cluster || is_of_one_node(cluster->value))
		return;
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (find_label(labels, str_of(names[i])))
			loader_warning(r, at, "cluster and %s together are what receivers choose one of several identical senders by: with an agent "
				"on each node they would keep one node and drop the others; remove %s, or where the receiver wants both put ${NODE_NAME} into cluster", names[i],
				names[i]);
}

static void check_global(struct loader *r)
{
	struct config *c = r->config;
	const struct place *timeout = loader_field(r, &c->metrics.scrape_timeout_ms);
	if (c->metrics.scrape_timeout_ms <= c->metrics.scrape_interval_ms)
		return;
	if (timeout && timeout->node->kind != NODE_NULL)
		loader_error(r, timeout, "a scrape must be over before the next one: not longer than scrape_interval");
	c->metrics.scrape_timeout_ms = c->metrics.scrape_interval_ms;
}

static struct destination destination_of(struct config_remote_write *w)
{
	static const struct config_labels none = { 0 };
	struct destination d = { .name = &w->name, .url = &w->url, .tenant_id = &w->tenant_id, .http = &w->http, .line = w->line,
		.labels = &none, .rules = &w->write_relabel_configs,
		.example = "http://prometheus:9090/api/v1/write", .usual = "Prometheus takes samples at /api/v1/write" };
	if (str_eq(w->protocol, STR("otlphttp"))) {
		d.example = "http://collector:4318/v1/metrics";
		d.usual = "OTLP takes metrics at /v1/metrics, and Prometheus at /api/v1/otlp/v1/metrics";
	}
	return d;
}

static void check_protocol(struct loader *r, const struct config_remote_write *w)
{
	bool is_otlp = str_eq(w->protocol, STR("otlphttp"));
	const struct place *at = loader_field(r, &w->url), *message = loader_field(r, &w->protobuf_message);
	struct str url = str_take(w->url, str_find(w->url, '?'));
	if (is_otlp && message && w->protobuf_message.n)
		loader_key_error(r, message, "is of remote-write: remove it, or protocol");
	if (at && !is_otlp && str_ends(url, STR("/v1/metrics")))
		loader_warning(r, at, "that is a path for OTLP: add `protocol: otlphttp`");
	if (at && is_otlp && str_ends(url, STR("/api/v1/write")))
		loader_warning(r, at, "that is the path of remote-write: remove protocol, or write /api/v1/otlp/v1/metrics");
}

/* In Prometheus' files the tenant is a header among others; here it tells destinations apart, so it has one place. */
static void take_tenant(struct loader *r, struct config_remote_write *w)
{
	struct config_labels *headers = &w->http.headers;
	const struct place *at = loader_field(r, headers);
	for (size_t i = 0; i < headers->count; i++) {
		if (!str_ieq(headers->at[i].name, STR("x-scope-orgid")))
			continue;
		if (w->tenant_id.n && at)
			loader_key_error(r, at, "the header X-Scope-OrgID and tenant_id are the same: keep one of them");
		w->tenant_id = headers->at[i].value;
		memmove(&headers->at[i], &headers->at[i + 1], (headers->count - i - 1) * sizeof headers->at[0]);
		headers->count--;
		return;
	}
}

static void check_remote(struct loader *r, struct config_remote_write *w)
{
	const struct place *element = loader_element(r, w);
	w->line = element ? element->line : 0;
	take_tenant(r, w);
	const struct destination d = destination_of(w);
	check_url(r, &d, element, check_http(r, &w->http, HTTP_OF_REMOTE));
	check_protocol(r, w);
	check_backoff(r, &w->queue_config.min_backoff_ms, &w->queue_config.max_backoff_ms, "min_backoff", "max_backoff");
	const struct place *least = loader_field(r, &w->queue_config.min_shards), *most = loader_field(r, &w->queue_config.max_shards);
	if (w->queue_config.min_shards > w->queue_config.max_shards && (most || least))
		loader_error(r, most ? most : least, "max_shards must not be less than min_shards");
	check_relabels(r, &w->write_relabel_configs);
}

static void check_remotes(struct loader *r)
{
	struct config_remote_write *remotes = r->config->metrics.remotes;
	for (size_t i = 0; i < r->config->metrics.remote_count; i++)
		check_remote(r, &remotes[i]);
	for (size_t i = 0; i < r->config->metrics.remote_count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct destination one = destination_of(&remotes[i]), other = destination_of(&remotes[j]);
			check_twins(r, &one, &other);
		}
}

void check_metrics(struct loader *r)
{
	merge_external_labels(r);
	warn_of_replicas(r);
	check_global(r);
	check_remotes(r);
	check_scrapes(r);
}
