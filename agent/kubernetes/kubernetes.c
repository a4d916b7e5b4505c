/* A rollout changes every pod of a node within seconds: whoever needs the whole list gets it a moment after the first change, once. */
#include "agent/kubernetes/kubernetes.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/kubernetes/api_pods.h"
#include "agent/kubernetes/kubelet_pods.h"
#include "agent/log.h"

static const int64_t TELL_AFTER_NS = 1000000000;

#define GROUP "monitoring.coreos.com"
#define RULE(group, resources) "give its service account a ClusterRole with the rule {apiGroups: [\"" group "\"], resources: [" resources "], verbs: [list, watch]}"
const char *const kubernetes_kind_names[KUBERNETES_KINDS] = { "PodMonitors", "ServiceMonitors", "Services" };
static const struct { const char *path, *right; } kinds[KUBERNETES_KINDS] = {
	[KUBERNETES_POD_MONITORS] = { "/apis/" GROUP "/v1/podmonitors", RULE(GROUP, "podmonitors") },
	[KUBERNETES_SERVICE_MONITORS] = { "/apis/" GROUP "/v1/servicemonitors", RULE(GROUP, "servicemonitors") },
	[KUBERNETES_SERVICES] = { "/api/v1/services", RULE("", "services") },
};

struct kubernetes {
	struct kubernetes_options o;
	struct arena arena;
	struct kubernetes_where where;
	struct node_pods *pods;
	struct node_pods_listener listener;
	struct pods_client client;
	struct pods_stats stats;
	struct api_pods *api;
	struct kubelet_pods *kubelet;
	struct api_objects *objects[KUBERNETES_KINDS];
	struct loop_timer tell_timer;
	bool was_complete; /* told for the first time */
};

/* ---- handing on ---- */

static void tell(void *ctx)
{
	struct kubernetes *k = ctx;
	struct pod_shelf_list *list;
	if (!k->was_complete)
		return;
	pod_shelf_put(k->o.shelf, k->pods);
	list = pod_shelf_take(k->o.shelf);
	if (k->o.changed)
		k->o.changed(k->o.ctx, pod_shelf_pods(list));
	pod_shelf_list_let_go(list);
}

static void on_changed(void *ctx, struct str uid, const struct pod *pod, enum pod_change change)
{
	struct kubernetes *k = ctx;
	(void)uid, (void)pod, (void)change;
	if (!k->tell_timer.place)
		loop_arm(k->o.loop, &k->tell_timer, loop_now_ns(k->o.loop) + TELL_AFTER_NS, tell, k);
}

static void on_answered(void *ctx)
{
	struct kubernetes *k = ctx;
	struct node_pods_status status;
	node_pods_status(k->pods, &status);
	if (k->was_complete || status.state != NODE_PODS_COMPLETE)
		return;
	k->was_complete = true;
	loop_arm(k->o.loop, &k->tell_timer, loop_now_ns(k->o.loop), tell, k);
}

/* ---- monitors ---- */

static void on_objects(void *ctx)
{
	struct kubernetes *k = ctx;
	if (!k->tell_timer.place)
		loop_arm(k->o.loop, &k->tell_timer, loop_now_ns(k->o.loop) + TELL_AFTER_NS, tell, k);
}

static void start_objects(struct kubernetes *k)
{
	bool has_pods = k->o.config->metrics.pod_monitors.enabled, has_services = k->o.config->metrics.service_monitors.enabled;
	const bool is_wanted[KUBERNETES_KINDS] = { has_pods, has_services, has_services };
	if ((has_pods || has_services) && k->where.source != KUBERNETES_API)
		LOG_WARN("metrics.pod_monitors and service_monitors find nothing: they need kubernetes.metadata: api, and it is %s",
			 kubernetes_source_names[k->where.source]);
	for (size_t i = 0; i < KUBERNETES_KINDS && k->where.source == KUBERNETES_API; i++)
		if (is_wanted[i])
			k->objects[i] = api_objects_start(&(struct api_objects_options){ .where = &k->where, .path = kinds[i].path,
				.kind = kubernetes_kind_names[i], .right = kinds[i].right, .loop = k->o.loop, .changed = on_objects, .ctx = k });
}

const struct object_table *kubernetes_objects(const struct kubernetes *k, enum kubernetes_kind kind)
{
	return k->objects[kind] ? api_objects_table(k->objects[kind]) : NULL;
}

bool kubernetes_objects_status(const struct kubernetes *k, enum kubernetes_kind kind, struct api_objects_status *out)
{
	if (k->objects[kind])
		api_objects_status(k->objects[kind], out);
	return k->objects[kind] != NULL;
}

/* ---- whom to ask ---- */

static void on_retry(void *ctx)
{
	struct kubernetes *k = ctx;
	if (k->api)
		api_pods_retry(k->api);
	if (k->kubelet)
		kubelet_pods_retry(k->kubelet);
}

/* The file when it is there to be read. */
static struct str file_of(struct kubernetes *k, const char *name)
{
	char path[4096];
	int n = snprintf(path, sizeof path, "%s/%s", k->o.service_account ? k->o.service_account : "", name);
	bool is_there = k->o.service_account && n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0;
	return is_there ? arena_copy(&k->arena, str_of(path)) : (struct str){ 0 };
}

static void choose(struct kubernetes *k)
{
	const struct kubernetes_around around = {
		.service_host = str_of(getenv("KUBERNETES_SERVICE_HOST")), .service_port = str_of(getenv("KUBERNETES_SERVICE_PORT")),
		.host_ip = str_of(getenv("HOST_IP")), .node_name = str_of(getenv("NODE_NAME")), .token_file = file_of(k, "token"),
		.ca_file = file_of(k, "ca.crt"),
	};
	char err[256];
	kubernetes_where(&k->o.config->kubernetes, &around, &k->arena, &k->where);
	if (k->where.is_problem)
		LOG_WARN("pod objects are not asked for: %s", k->where.why);
	if (k->where.source == KUBERNETES_NONE)
		return;
	if (pods_client_init(&k->client, &k->where, k->o.loop, on_retry, k, err) < 0) {
		LOG_WARN("pod objects are not asked for: the address " STR_FMT ": %s", STR_ARG(k->where.url), err);
		k->where.source = KUBERNETES_NONE;
		return;
	}
	LOG_INFO("pod objects of this node are asked for at %s: %s", k->client.url, k->where.why);
	if (k->where.source == KUBERNETES_API)
		k->api = api_pods_start(&(struct api_pods_options){ .client = &k->client, .pods = k->pods, .stats = &k->stats,
								    .node_name = around.node_name, .loop = k->o.loop });
	else
		k->kubelet = kubelet_pods_start(&(struct kubelet_pods_options){ .client = &k->client, .pods = k->pods, .stats = &k->stats,
			.interval_ms = k->o.config->kubernetes.poll_interval_ms, .loop = k->o.loop });
}

struct kubernetes *kubernetes_start(const struct kubernetes_options *options)
{
	struct kubernetes *k = calloc(1, sizeof *k);
	if (!k)
		abort();
	k->o = *options;
	k->o.shelf = options->shelf ? pod_shelf_hold(options->shelf) : pod_shelf_new();
	k->pods = node_pods_new(options->config->kubernetes.metadata_wait_ms);
	k->listener = (struct node_pods_listener){ .changed = on_changed, .answered = on_answered, .ctx = k };
	node_pods_listen(k->pods, &k->listener);
	choose(k);
	start_objects(k);
	return k;
}

void kubernetes_stop(struct kubernetes *k)
{
	if (!k)
		return;
	for (size_t i = 0; i < KUBERNETES_KINDS; i++)
		api_objects_stop(k->objects[i]);
	api_pods_stop(k->api);
	kubelet_pods_stop(k->kubelet);
	pods_client_fini(&k->client);
	loop_disarm(k->o.loop, &k->tell_timer);
	node_pods_free(k->pods);
	pod_shelf_let_go(k->o.shelf);
	arena_fini(&k->arena);
	free(k);
}

struct node_pods *kubernetes_pods(struct kubernetes *k)
{
	return k->pods;
}

void kubernetes_status(const struct kubernetes *k, struct kubernetes_status *out)
{
	*out = (struct kubernetes_status){ .source = k->where.source, .url = k->client.url, .why = k->where.why, .error = k->client.error,
					   .error_wall_ns = k->client.error_wall_ns, .stats = k->stats };
	node_pods_status(k->pods, &out->pods);
	memcpy(out->requests, k->client.requests, sizeof out->requests);
}
