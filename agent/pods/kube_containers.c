/* kube_pod_container_* and kube_pod_init_container_*: the same families twice, with texts of their own. A family is a row: which
 * containers it takes, the value, and sometimes a label. Resources come under names and units that the resource decides. */
#include <math.h>

#include "agent/pods/kube_row.h"

enum { TEXT_ROOM = 256 };

/* Whether the container has that value; a reason, where the family has such a label. */
typedef bool container_value(const struct pod_container *c, double *value, struct str *reason);

static bool is_waiting(const struct pod_container *c, double *value, struct str *reason)
{
	(void)reason;
	*value = c->state == POD_STATE_WAITING;
	return true;
}

static bool is_running(const struct pod_container *c, double *value, struct str *reason)
{
	(void)reason;
	*value = c->state == POD_STATE_RUNNING;
	return true;
}

static bool is_terminated(const struct pod_container *c, double *value, struct str *reason)
{
	(void)reason;
	*value = c->state == POD_STATE_TERMINATED;
	return true;
}

static bool is_ready(const struct pod_container *c, double *value, struct str *reason)
{
	(void)reason;
	*value = c->is_ready;
	return true;
}

static bool restarts(const struct pod_container *c, double *value, struct str *reason)
{
	(void)reason;
	*value = (double)c->restarts;
	return true;
}

static bool started(const struct pod_container *c, double *value, struct str *reason)
{
	(void)reason;
	*value = (double)c->started_s;
	return c->state == POD_STATE_RUNNING || c->state == POD_STATE_TERMINATED;
}

static bool waiting_reason(const struct pod_container *c, double *value, struct str *reason)
{
	*value = 1;
	*reason = c->reason;
	return c->state == POD_STATE_WAITING;
}

static bool terminated_reason(const struct pod_container *c, double *value, struct str *reason)
{
	*value = 1;
	*reason = c->reason;
	return c->state == POD_STATE_TERMINATED;
}

static bool last_reason(const struct pod_container *c, double *value, struct str *reason)
{
	*value = 1;
	*reason = c->last_terminated_reason;
	return c->has_last_terminated;
}

static bool last_exit_code(const struct pod_container *c, double *value, struct str *reason)
{
	(void)reason;
	*value = (double)c->last_exit_code;
	return c->has_last_terminated;
}

static bool last_finished(const struct pod_container *c, double *value, struct str *reason)
{
	(void)reason;
	*value = (double)c->last_finished_s;
	return c->has_last_terminated;
}

struct family {
	const char *name[2], *help[2]; /* of containers, of init containers */
	enum metric_type type;
	container_value *value;
	bool has_reason;
};

#define NAMES(rest) { "kube_pod_container_" rest, "kube_pod_init_container_" rest }
static const struct family families[] = {
	{ NAMES("state_started"),
	  { "Start time in unix timestamp for a pod container.", "Start time in unix timestamp for a pod init container." },
	  METRIC_GAUGE, started, false },
	{ NAMES("status_last_terminated_exitcode"),
	  { "Describes the exit code for the last container in terminated state.",
	    "Describes the exit code for the last init container in terminated state." },
	  METRIC_GAUGE, last_exit_code, false },
	{ NAMES("status_last_terminated_reason"),
	  { "Describes the last reason the container was in terminated state.",
	    "Describes the last reason the init container was in terminated state." },
	  METRIC_GAUGE, last_reason, true },
	{ NAMES("status_last_terminated_timestamp"),
	  { "Last terminated time for a pod container in unix timestamp.",
	  "Last terminated time for a pod init container in unix timestamp." },
	  METRIC_GAUGE, last_finished, false },
	{ NAMES("status_ready"),
	  { "Describes whether the containers readiness check succeeded.",
	  "Describes whether the init containers readiness check succeeded." },
	  METRIC_GAUGE, is_ready, false },
	{ NAMES("status_restarts_total"),
	  { "The number of container restarts per container.", "The number of restarts for the init container." },
	  METRIC_COUNTER, restarts, false },
	{ NAMES("status_running"),
	  { "Describes whether the container is currently in running state.",
	  "Describes whether the init container is currently in running state." },
	  METRIC_GAUGE, is_running, false },
	{ NAMES("status_terminated"),
	  { "Describes whether the container is currently in terminated state.",
	    "Describes whether the init container is currently in terminated state." },
	  METRIC_GAUGE, is_terminated, false },
	{ NAMES("status_terminated_reason"),
	  { "Describes the reason the container is currently in terminated state.",
	    "Describes the reason the init container is currently in terminated state." },
	  METRIC_GAUGE, terminated_reason, true },
	{ NAMES("status_waiting"),
	  { "Describes whether the container is currently in waiting state.",
	  "Describes whether the init container is currently in waiting state." },
	  METRIC_GAUGE, is_waiting, false },
	{ NAMES("status_waiting_reason"),
	  { "Describes the reason the container is currently in waiting state.",
	    "Describes the reason the init container is currently in waiting state." },
	  METRIC_GAUGE, waiting_reason, true },
};

static void write_family(struct families *f, const struct podlist *pods, const struct family *family, bool is_init)
{
	families_begin(f, family->name[is_init], family->type, family->help[is_init]);
	for (size_t i = 0; i < pods->count; i++)
		for (size_t k = 0; k < pods->at[i].container_count; k++) {
			const struct pod_container *c = &pods->at[i].containers[k];
			double value;
			struct str reason = { 0 };
			if (c->is_init != is_init || !c->has_status || !family->value(c, &value, &reason))
				continue;
			const struct metric_label labels[] = { { "container", c->name }, { "reason", reason } };
			kube_row(f, &pods->at[i], labels, family->has_reason ? 2 : 1, value);
		}
}

static void write_info(struct families *f, const struct podlist *pods, bool is_init)
{
	families_begin(f, is_init ? "kube_pod_init_container_info" : "kube_pod_container_info", METRIC_GAUGE,
		is_init ? "Information about an init container in a pod." : "Information about a container in a pod.");
	for (size_t i = 0; i < pods->count; i++)
		for (size_t k = 0; k < pods->at[i].container_count; k++) {
			const struct pod_container *c = &pods->at[i].containers[k];
			if (c->is_init != is_init || !c->has_spec || !c->has_status)
				continue;
			const struct metric_label labels[] = {
				{ "container", c->name }, { "container_id", c->id }, { "image", c->status_image },
				{ "image_id", c->image_id }, { "image_spec", c->image }, { "restart_policy", c->restart_policy },
			};
			kube_row(f, &pods->at[i], labels, COUNT_OF(labels) - !is_init, 1);
		}
}

/* ---- resources ---- */

/* kube-state-metrics: a processor's share in thousandths, all else in whole pieces; both rounded up. Sums of powers of ten are
 * not exact in binary, so what is a hair above a whole number is that number. */
static double round_up(double value, double steps)
{
	double scaled = value * steps;
	return ceil(scaled - fabs(scaled) * 1e-12) / steps;
}

/* Which unit the resource is in; NULL: not shown. */
static const char *unit_of(struct str resource)
{
	if (str_eq(resource, STR("cpu")))
		return "core";
	if (str_eq(resource, STR("memory")) || str_eq(resource, STR("storage")) || str_eq(resource, STR("ephemeral-storage")) ||
		str_starts(resource, STR("hugepages-")) || str_starts(resource, STR("attachable-volumes-")))
		return "byte";
	bool is_extended = str_find(resource, '/') < resource.n && !memmem(resource.p, resource.n, "kubernetes.io/", 14) &&
		!str_starts(resource, STR("requests."));
	return is_extended ? "integer" : NULL;
}

static void write_quantity(struct families *f, const struct pod *pod, const struct pod_container *c, const struct pod_quantity *q)
{
	char resource[TEXT_ROOM];
	const char *unit = unit_of(q->resource);
	if (!unit || q->resource.n > sizeof resource)
		return;
	for (size_t i = 0; i < q->resource.n; i++) {
		char x = q->resource.p[i];
		resource[i] = ascii_is_letter(x) || ascii_is_digit(x) ? x : '_';
	}
	const struct metric_label labels[] = {
		{ "container", c->name }, { "node", pod->node }, { "resource", { resource, q->resource.n } }, { "unit",
		  str_of(unit) },
	};
	kube_row(f, pod, labels, COUNT_OF(labels), round_up(q->value, unit[0] == 'c' ? 1000 : 1));
}

static void write_resources(struct families *f, const struct podlist *pods, bool is_init, bool is_limit)
{
	static const char *const names[2][2] = {
		{ "kube_pod_container_resource_requests", "kube_pod_container_resource_limits" },
		{ "kube_pod_init_container_resource_requests", "kube_pod_init_container_resource_limits" },
	};
	static const char *const helps[2][2] = {
		{ "The number of requested request resource by a container. It is recommended to use the kube_pod_resource_requests metric "
		  "exposed by kube-scheduler instead, as it is more precise.",
		  "The number of requested limit resource by a container. It is recommended to use the kube_pod_resource_limits metric "
		  "exposed by kube-scheduler instead, as it is more precise." },
		{ "The number of requested request resource by an init container.",
		  "The number of requested limit resource by an init container." },
	};
	families_begin(f, names[is_init][is_limit], METRIC_GAUGE, helps[is_init][is_limit]);
	for (size_t i = 0; i < pods->count; i++)
		for (size_t k = 0; k < pods->at[i].container_count; k++) {
			const struct pod_container *c = &pods->at[i].containers[k];
			const struct pod_quantity *list = is_limit ? c->limits : c->requests;
			size_t count = is_limit ? c->limit_count : c->request_count;
			for (size_t q = 0; q < count && c->is_init == is_init; q++)
				write_quantity(f, &pods->at[i], c, &list[q]);
		}
}

void kube_containers_write(struct families *f, const struct podlist *pods)
{
	for (int is_init = 0; is_init < 2; is_init++) {
		write_info(f, pods, is_init);
		write_resources(f, pods, is_init, true);
		write_resources(f, pods, is_init, false);
		for (size_t i = 0; i < COUNT_OF(families); i++)
			write_family(f, pods, &families[i], is_init);
	}
}
