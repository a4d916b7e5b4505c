/* The operator writes all of this as relabelling rules for a server that sees every pod of the cluster. Here the pods are few, so selectors and ports are
 * compared, the labels put where discovery puts them, and only the object's own rules run as rules. */
#include "agent/scrape/monitors.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/scrape/pod_sd.h"
#include "parsers/bytes/hash.h"
#include "parsers/kubernetes/pod_meta.h"

struct search {
	const struct podlist *pods;
	const struct config_monitors *config;
	const struct object *object;
	struct monitor monitor;
	const struct monitor_endpoint *endpoint;
	const struct service *service; /* NULL: of a PodMonitor */
	struct discovered_set *out;
	void (*fn)(void *ctx, struct monitored_found *found);
	void *ctx;
	size_t found, beyond;
};

/* ---- labels ---- */

static struct str label_of(const struct label *labels, size_t count, struct str name)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(labels[i].name, name))
			return labels[i].value;
	return (struct str){ 0 };
}

/* As Prometheus makes a name of a label out of any. */
static struct str sanitized(struct arena *arena, struct str name)
{
	struct str copy = arena_copy(arena, name);
	char *at = (char *)(uintptr_t)copy.p;
	for (size_t i = 0; i < copy.n; i++) {
		bool is_good = ascii_is_letter(at[i]) || at[i] == '_' || ascii_is_digit(at[i]);
		at[i] = is_good ? at[i] : '_';
	}
	return copy;
}

static void put_chosen(struct search *s, struct discovered *d, const struct monitor_names *names, const struct label *labels, size_t count)
{
	for (size_t i = 0; i < names->count; i++)
		discovered_label(s->out, d, sanitized(&s->out->arena, names->at[i]), label_of(labels, count, names->at[i]));
}

static void put_job(struct search *s, struct discovered *d, const struct pod *pod)
{
	const struct service *service = s->service;
	char room[512];
	snprintf(room, sizeof room, STR_FMT "/" STR_FMT, STR_ARG(s->monitor.namespace_), STR_ARG(s->monitor.name));
	struct str job = service ? service->name : str_of(room);
	struct str chosen = service ? label_of(service->labels, service->label_count, s->monitor.job_label)
				    : label_of(pod->labels, pod->label_count, s->monitor.job_label);
	discovered_label(s->out, d, STR("job"), s->monitor.job_label.n && chosen.n ? chosen : job);
}

static void put_endpoint(struct search *s, struct discovered *d)
{
	const struct monitor_endpoint *e = s->endpoint;
	char number[24];
	snprintf(number, sizeof number, "%llu", (unsigned long long)e->port_number);
	discovered_label(s->out, d, STR("endpoint"), e->port.n ? e->port : e->target_port.n ? e->target_port : e->port_number ? str_of(number) : e->port);
}

static void add(struct search *s, const struct pod *pod, const struct pod_container *c, const struct pod_port *port, uint64_t number)
{
	char text[24];
	if (s->out->count >= MONITORED_TARGETS_MAX || number == 0 || number > 65535)
		return;
	snprintf(text, sizeof text, "%llu", (unsigned long long)number);
	struct discovered *d = pod_sd_add(s->out, pod, c, str_of(text));
	if (port)
		pod_meta_put_port(&d->labels, &s->out->arena, port);
	if (s->service) {
		put_chosen(s, d, &s->monitor.service_labels, s->service->labels, s->service->label_count);
		discovered_label(s->out, d, STR("service"), s->service->name);
	}
	put_chosen(s, d, &s->monitor.pod_labels, pod->labels, pod->label_count);
	discovered_label(s->out, d, STR("namespace"), pod->namespace_);
	discovered_label(s->out, d, STR("pod"), pod->name);
	discovered_label(s->out, d, STR("container"), c->name);
	put_endpoint(s, d);
	put_job(s, d, pod);
}

/* ---- ports ---- */

static bool is_asked(const struct pod_container *c, const struct pod_port *port)
{
	bool is_tcp = port->protocol.n == 0 || str_eq(port->protocol, STR("TCP"));
	return is_tcp && (!c->is_init || str_eq(c->restart_policy, STR("Always")));
}

/* name or number, the former first; neither: every port. Returns how many were added. */
static size_t add_ports(struct search *s, const struct pod *pod, struct str name, uint64_t number)
{
	size_t before = s->out->count;
	for (size_t i = 0; i < pod->container_count; i++)
		for (size_t k = 0; k < pod->containers[i].port_count; k++) {
			const struct pod_port *port = &pod->containers[i].ports[k];
			bool is_meant = name.n ? str_eq(port->name, name) : number ? port->number == number : true;
			if (is_meant && is_asked(&pod->containers[i], port))
				add(s, pod, &pod->containers[i], port, port->number);
		}
	return s->out->count - before;
}

/* A port of the Service leads to one of the pod, which its containers need not declare when it is a number. */
static void add_service_port(struct search *s, const struct pod *pod, const struct service_port *port)
{
	if (!add_ports(s, pod, port->target, port->target_number) && port->target_number)
		add(s, pod, pod_sd_container_with(pod, port->target_number), NULL, port->target_number);
}

static void search_pod(struct search *s, const struct pod *pod)
{
	const struct monitor_endpoint *e = s->endpoint;
	if (!s->service) {
		add_ports(s, pod, e->port.n ? e->port : e->target_port, e->port_number);
		return;
	}
	for (size_t i = 0; i < s->service->port_count && e->port.n; i++)
		if (str_eq(s->service->ports[i].name, e->port))
			add_service_port(s, pod, &s->service->ports[i]);
	if (!e->port.n && (e->target_port.n || e->port_number))
		add_ports(s, pod, e->target_port, e->port_number);
}

static void search_pods(struct search *s, const struct label_selector *selector, struct str namespace_)
{
	for (size_t i = 0; i < s->pods->count; i++) {
		const struct pod *pod = &s->pods->at[i];
		bool is_there = namespace_.n ? str_eq(pod->namespace_, namespace_) : monitor_is_for(&s->monitor, pod->namespace_);
		if (is_there && label_selector_takes(selector, pod->labels, pod->label_count) &&
		    !pod_sd_is_left_out(pod, s->endpoint->takes_ended_pods, s->config->host_network))
			search_pod(s, pod);
	}
}

/* ---- objects ---- */

static bool is_wanted(const struct config_monitors *c, struct str namespace_)
{
	bool is_listed = c->namespaces.count == 0;
	for (size_t i = 0; i < c->namespaces.count; i++)
		is_listed |= str_eq(c->namespaces.at[i], namespace_);
	return is_listed;
}

struct services { struct service *at; size_t count; };

static void search_endpoint(struct search *s, size_t number, const struct services *services)
{
	struct monitored_found found = { .object = s->object, .endpoint = number, .is_service = services != NULL };
	s->out = &found.targets;
	s->endpoint = &s->monitor.endpoints[number];
	s->service = NULL;
	if (!services)
		search_pods(s, &s->monitor.selector, (struct str){ 0 });
	for (size_t i = 0; services && i < services->count; i++) {
		s->service = &services->at[i];
		if (monitor_is_for(&s->monitor, s->service->namespace_) && s->service->selector.count &&
		    label_selector_takes(&s->monitor.selector, s->service->labels, s->service->label_count))
			search_pods(s, &s->service->selector, s->service->namespace_);
	}
	bool is_beyond = s->found >= MONITORED_JOBS_MAX;
	if (found.targets.count == 0 || is_beyond) {
		s->beyond += found.targets.count > 0;
		discovered_reset(&found.targets);
		return;
	}
	s->found++;
	snprintf(found.key, sizeof found.key, "%s/" STR_FMT "/" STR_FMT "/%zu", services ? "serviceMonitor" : "podMonitor",
		 STR_ARG(str_take(s->object->namespace_, 253)), STR_ARG(str_take(s->object->name, 253)), number);
	found.hash = hash_bytes(s->object->spec) ^ number;
	s->fn(s->ctx, &found);
}

static void search_objects(struct search *s, const struct object_table *table, const struct services *services)
{
	const struct object *o;
	const char *why;
	for (size_t i = 0; (o = object_table_next(table, &i));) {
		struct arena arena = { 0 };
		s->object = o;
		if (is_wanted(s->config, o->namespace_) && monitor_read(o, &s->monitor, &arena, &why))
			for (size_t k = 0; k < s->monitor.endpoint_count; k++)
				search_endpoint(s, k, services);
		arena_fini(&arena);
	}
}

static void read_services(const struct object_table *table, struct services *out, struct arena *arena)
{
	const struct object *o;
	const char *why;
	out->at = arena_alloc(arena, (table->by_name.count + 1) * sizeof *out->at);
	for (size_t i = 0; (o = object_table_next(table, &i));)
		out->count += service_read(o, &out->at[out->count], arena, &why);
}

size_t monitors_each(const struct monitor_tables *tables, const struct podlist *pods, const struct config *config,
		     void (*fn)(void *ctx, struct monitored_found *found), void *ctx)
{
	struct search s = { .pods = pods, .fn = fn, .ctx = ctx };
	struct services services = { 0 };
	struct arena arena = { 0 };
	s.config = &config->metrics.pod_monitors;
	if (tables->pod_monitors && pods->count)
		search_objects(&s, tables->pod_monitors, NULL);
	s.config = &config->metrics.service_monitors;
	if (tables->service_monitors && tables->services && pods->count) {
		read_services(tables->services, &services, &arena);
		search_objects(&s, tables->service_monitors, &services);
	}
	arena_fini(&arena);
	return s.beyond;
}

/* ---- a job ---- */

static uint64_t lower_of(uint64_t a, uint64_t b)
{
	return !a ? b : !b ? a : a < b ? a : b;
}

static void fill(struct monitored *m, const struct monitor *monitor, const struct monitor_endpoint *e, const struct config *config)
{
	const struct config_metric_scrape *all = &config->metrics.defaults;
	int64_t interval_ms = e->interval_ms ? e->interval_ms : config->metrics.scrape_interval_ms;
	int64_t timeout_ms = e->timeout_ms ? e->timeout_ms : config->metrics.scrape_timeout_ms;
	m->config = (struct config_metric_scrape){
		.job_name = str_of(m->key), .metrics_path = e->path.n ? e->path : STR("/metrics"), .scheme = e->scheme.n ? e->scheme : STR("http"),
		.scrape_interval_ms = interval_ms, .scrape_timeout_ms = timeout_ms < interval_ms ? timeout_ms : interval_ms,
		.honor_labels = e->honor_labels, .honor_timestamps = !e->ignores_timestamps, .track_timestamps_staleness = e->tracks_staleness,
		.enable_compression = true, .scrape_native_histograms = all->scrape_native_histograms, .scrape_protocols = all->scrape_protocols,
		.sample_limit = lower_of(monitor->sample_limit, all->sample_limit), .label_limit = lower_of(monitor->label_limit, all->label_limit),
		.label_name_length_limit = lower_of(monitor->label_name_limit, all->label_name_length_limit),
		.label_value_length_limit = lower_of(monitor->label_value_limit, all->label_value_length_limit),
		.target_limit = all->target_limit, .body_size_limit_bytes = all->body_size_limit_bytes,
	};
	m->config.http.tls_config = (struct config_tls){ .insecure_skip_verify = e->insecure_skip_verify, .server_name = e->server_name };
	m->config.http.authorization_type = STR("Bearer");
	m->config.params.at = arena_alloc(&m->arena, (e->param_count + 1) * sizeof *m->config.params.at);
	for (size_t i = 0; i < e->param_count; i++)
		m->config.params.at[m->config.params.count++] = (struct config_label){ e->params[i].name, e->params[i].value };
	m->relabelings = e->relabelings;
	m->metric_relabelings = e->metric_relabelings;
	if (e->problem)
		snprintf(m->problem, sizeof m->problem, "refused: %s", e->problem);
}

struct monitored *monitored_new(const struct monitored_found *found, const struct config *config)
{
	struct monitored *m = calloc(1, sizeof *m);
	struct monitor monitor;
	const char *why = NULL;
	if (!m)
		abort();
	memcpy(m->key, found->key, sizeof m->key);
	m->hash = found->hash;
	const struct object own = { .namespace_ = arena_copy(&m->arena, found->object->namespace_), .name = arena_copy(&m->arena, found->object->name),
				    .spec = arena_copy(&m->arena, found->object->spec) };
	if (monitor_read(&own, &monitor, &m->arena, &why) && found->endpoint < monitor.endpoint_count)
		fill(m, &monitor, &monitor.endpoints[found->endpoint], config);
	else
		snprintf(m->problem, sizeof m->problem, "refused: %s", why ? why : "it is gone");
	return m;
}

void monitored_free(struct monitored *m)
{
	if (!m)
		return;
	arena_fini(&m->arena);
	free(m);
}
