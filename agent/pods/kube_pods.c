/* kube_pod_* from pod objects: what kube-state-metrics says of pods, family by family and in its words. Families of opt-in kind, of
 * tolerations and of resource claims are left out: nothing in the usual dashboards asks for them. */
#include "agent/pods/kube_labels.h"
#include "agent/pods/kube_row.h"
#include "agent/pods/pods.h"

typedef void pod_rows(struct families *f, const struct pod *p);

static void row(struct families *f, const struct pod *p, double value)
{
	kube_row(f, p, NULL, 0, value);
}

static void row1(struct families *f, const struct pod *p, const char *name, struct str label, double value)
{
	const struct metric_label more = { name, label };
	kube_row(f, p, &more, 1, value);
}

static struct str truth(bool b)
{
	return b ? STR("true") : STR("false");
}

static void completion(struct families *f, const struct pod *p)
{
	int64_t last_s = 0;
	for (size_t i = 0; i < p->container_count; i++) {
		const struct pod_container *c = &p->containers[i];
		if (!c->is_init && c->state == POD_STATE_TERMINATED && c->finished_s > last_s)
			last_s = c->finished_s;
	}
	if (last_s > 0)
		row(f, p, (double)last_s);
}

static void created(struct families *f, const struct pod *p)
{
	if (p->created_s)
		row(f, p, (double)p->created_s);
}

static void deleted(struct families *f, const struct pod *p)
{
	if (p->deleted_s)
		row(f, p, (double)p->deleted_s);
}

static void started(struct families *f, const struct pod *p)
{
	if (p->started_s)
		row(f, p, (double)p->started_s);
}

static void info(struct families *f, const struct pod *p)
{
	struct pod_owner by = { 0 };
	for (size_t i = 0; i < p->owner_count && !by.is_controller; i++)
		if (p->owners[i].is_controller)
			by = p->owners[i];
	const struct metric_label labels[] = {
		{ "created_by_kind", by.kind }, { "created_by_name", by.name }, { "host_ip", p->host_ip },
		{ "host_network", truth(p->host_network) }, { "node", p->node }, { "pod_ip", p->ip },
		{ "priority_class", p->priority_class },
	};
	kube_row(f, p, labels, COUNT_OF(labels), 1);
}

static void ips(struct families *f, const struct pod *p)
{
	for (size_t i = 0; i < p->ip_count; i++) {
		bool is_six = str_find(p->ips[i], ':') < p->ips[i].n;
		const struct metric_label labels[] = { { "ip", p->ips[i] }, { "ip_family", is_six ? STR("6") : STR("4") } };
		kube_row(f, p, labels, COUNT_OF(labels), 1);
	}
}

static void owners(struct families *f, const struct pod *p)
{
	for (size_t i = 0; i < p->owner_count || i == 0; i++) {
		const struct pod_owner *o = i < p->owner_count ? &p->owners[i] : NULL;
		const struct metric_label labels[] = {
			{ "owner_is_controller", o ? truth(o->is_controller) : (struct str){ 0 } },
			{ "owner_kind", o ? o->kind : (struct str){ 0 } }, { "owner_name", o ? o->name : (struct str){ 0 } },
		};
		kube_row(f, p, labels, COUNT_OF(labels), 1);
	}
}

static void restart_policy(struct families *f, const struct pod *p)
{
	row1(f, p, "type", p->restart_policy, 1);
}

static void runtime_class(struct families *f, const struct pod *p)
{
	if (p->runtime_class.n)
		row1(f, p, "runtimeclass_name", p->runtime_class, 1);
}

static void service_account(struct families *f, const struct pod *p)
{
	row1(f, p, "service_account", p->service_account, 1);
}

static void scheduler(struct families *f, const struct pod *p)
{
	if (p->scheduler.n)
		row1(f, p, "name", p->scheduler, 1);
}

/* One row for each value that there can be. */
static void choices(struct families *f, const struct pod *p, const char *name, const struct str *all, size_t count, struct str is)
{
	for (size_t i = 0; i < count; i++)
		row1(f, p, name, all[i], str_ieq(all[i], is));
}

static void phase(struct families *f, const struct pod *p)
{
	static const struct str all[] = { { "Pending", 7 }, { "Succeeded", 9 }, { "Failed", 6 }, { "Unknown", 7 }, { "Running",
		7 } };
	if (p->phase.n)
		choices(f, p, "phase", all, COUNT_OF(all), p->phase);
}

static void qos(struct families *f, const struct pod *p)
{
	static const struct str all[] = { { "BestEffort", 10 }, { "Burstable", 9 }, { "Guaranteed", 10 } };
	if (p->qos.n)
		choices(f, p, "qos_class", all, COUNT_OF(all), p->qos);
}

static void overhead(struct families *f, const struct pod *p, struct str resource)
{
	for (size_t i = 0; i < p->overhead_count; i++)
		if (str_eq(p->overhead[i].resource, resource))
			row(f, p, p->overhead[i].value);
}

static void overhead_cpu(struct families *f, const struct pod *p)
{
	overhead(f, p, STR("cpu"));
}

static void overhead_memory(struct families *f, const struct pod *p)
{
	overhead(f, p, STR("memory"));
}

/* ---- volumes ---- */

static void volume(struct families *f, const struct pod *p, const struct pod_volume *v, double value)
{
	char claim[320 + 64]; /* a pod's name and a volume's */
	size_t n = 0;
	if (v->is_ephemeral && p->name.n + v->name.n + 1 <= sizeof claim) {
		memcpy(claim, p->name.p, p->name.n);
		n = p->name.n;
		claim[n++] = '-';
		if (v->name.n)
			memcpy(claim + n, v->name.p, v->name.n);
		n += v->name.n;
	}
	const struct metric_label labels[] = {
		{ "ephemeral", truth(v->is_ephemeral) }, { "persistentvolumeclaim", v->is_ephemeral ? (struct str){ claim,
		  n } : v->claim },
		{ "volume", v->name },
	};
	kube_row(f, p, labels, COUNT_OF(labels), value);
}

static void volume_info(struct families *f, const struct pod *p)
{
	for (size_t i = 0; i < p->volume_count; i++)
		volume(f, p, &p->volumes[i], 1);
}

static void volume_read_only(struct families *f, const struct pod *p)
{
	for (size_t i = 0; i < p->volume_count; i++)
		volume(f, p, &p->volumes[i], !p->volumes[i].is_ephemeral && p->volumes[i].is_read_only);
}

/* ---- conditions ---- */

static const struct pod_condition *condition(const struct pod *p, struct str type)
{
	for (size_t i = 0; i < p->condition_count; i++)
		if (str_eq(p->conditions[i].type, type))
			return &p->conditions[i];
	return NULL;
}

static void condition_rows(struct families *f, const struct pod *p, struct str type)
{
	static const struct str all[] = { { "true", 4 }, { "false", 5 }, { "unknown", 7 } };
	const struct pod_condition *c = condition(p, type);
	if (c)
		choices(f, p, "condition", all, COUNT_OF(all), c->status);
}

/* Since when the condition is as it is, when it is that. */
static void condition_time(struct families *f, const struct pod *p, struct str type, struct str status)
{
	const struct pod_condition *c = condition(p, type);
	if (c && str_eq(c->status, status))
		row(f, p, (double)c->since_s);
}

static void ready(struct families *f, const struct pod *p)
{
	condition_rows(f, p, STR("Ready"));
}

static void scheduled(struct families *f, const struct pod *p)
{
	condition_rows(f, p, STR("PodScheduled"));
}

static void ready_time(struct families *f, const struct pod *p)
{
	condition_time(f, p, STR("Ready"), STR("True"));
}

static void initialized_time(struct families *f, const struct pod *p)
{
	condition_time(f, p, STR("Initialized"), STR("True"));
}

static void containers_ready_time(struct families *f, const struct pod *p)
{
	condition_time(f, p, STR("ContainersReady"), STR("True"));
}

static void scheduled_time(struct families *f, const struct pod *p)
{
	condition_time(f, p, STR("PodScheduled"), STR("True"));
}

static void unscheduled_time(struct families *f, const struct pod *p)
{
	condition_time(f, p, STR("PodScheduled"), STR("False"));
}

static void unschedulable(struct families *f, const struct pod *p)
{
	const struct pod_condition *c = condition(p, STR("PodScheduled"));
	if (c && str_eq(c->status, STR("False")))
		row(f, p, 1);
}

static bool is_in(const struct str *all, size_t count, struct str s)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(all[i], s))
			return true;
	return false;
}

static bool has_reason(const struct pod *p, struct str reason)
{
	bool has = str_eq(p->reason, reason);
	for (size_t i = 0; i < p->condition_count && !has; i++)
		has = str_eq(p->conditions[i].reason, reason);
	for (size_t i = 0; i < p->container_count && !has; i++)
		has = !p->containers[i].is_init && p->containers[i].state == POD_STATE_TERMINATED &&
			str_eq(p->containers[i].reason, reason);
	return has;
}

static void reasons(struct families *f, const struct pod *p)
{
	static const struct str all[] = {
		{ "Evicted", 7 }, { "NodeAffinity", 12 }, { "NodeLost", 8 }, { "PreemptionByScheduler", 21 }, { "SchedulingGated",
		  15 },
		{ "Shutdown", 8 }, { "TerminationByKubelet", 20 }, { "UnexpectedAdmissionError", 24 },
	};
	for (size_t i = 0; i < COUNT_OF(all); i++)
		if (has_reason(p, all[i]))
			row1(f, p, "reason", all[i], 1);
	if (p->reason.n && !is_in(all, COUNT_OF(all), p->reason))
		row1(f, p, "reason", STR("Other"), 1);
}

static void disruptions(struct families *f, const struct pod *p)
{
	static const struct str all[] = { { "PreemptionByScheduler", 21 }, { "DeletionByTaintManager", 22 },
		{ "EvictionByEvictionAPI", 21 },
					  { "DeletionByPodGC", 15 }, { "TerminationByKubelet", 20 } };
	const struct pod_condition *c = condition(p, STR("DisruptionTarget"));
	if (c)
		row1(f, p, "reason", is_in(all, COUNT_OF(all), c->reason) ? c->reason : STR("Other"), 1);
}

static const struct {
	const char *name, *help;
	pod_rows *rows;
} kinds[] = {
	{ "kube_pod_completion_time", "Completion time in unix timestamp for a pod.", completion },
	{ "kube_pod_created", "Unix creation timestamp", created },
	{ "kube_pod_deletion_timestamp", "Unix deletion timestamp", deleted },
	{ "kube_pod_info", "Information about pod.", info },
	{ "kube_pod_ips", "Pod IP addresses", ips },
	{ "kube_pod_overhead_cpu_cores", "The pod overhead in regards to cpu cores associated with running a pod.", overhead_cpu },
	{ "kube_pod_overhead_memory_bytes", "The pod overhead in regards to memory associated with running a pod.",
	  overhead_memory },
	{ "kube_pod_owner", "Information about the Pod's owner.", owners },
	{ "kube_pod_restart_policy", "Describes the restart policy in use by this pod.", restart_policy },
	{ "kube_pod_runtimeclass_name_info", "The runtimeclass associated with the pod.", runtime_class },
	{ "kube_pod_scheduler", "The scheduler for a pod.", scheduler },
	{ "kube_pod_service_account", "The service account for a pod.", service_account },
	{ "kube_pod_spec_volumes_persistentvolumeclaims_info",
	  "Information about persistentvolumeclaim and ephemeral volumes in a pod.",
	  volume_info },
	{ "kube_pod_spec_volumes_persistentvolumeclaims_readonly",
	  "Describes whether a persistentvolumeclaim is mounted read only. Ephemeral volumes always report 0 since the ephemeral volume source "
	  "does not support a read-only flag.", volume_read_only },
	{ "kube_pod_start_time", "Start time in unix timestamp for a pod.", started },
	{ "kube_pod_status_container_ready_time", "Readiness achieved time in unix timestamp for a pod containers.",
	  containers_ready_time },
	{ "kube_pod_status_disruption_reason", "The pod disruption condition reason", disruptions },
	{ "kube_pod_status_initialized_time", "Initialized time in unix timestamp for a pod.", initialized_time },
	{ "kube_pod_status_phase", "The pods current phase.", phase },
	{ "kube_pod_status_qos_class", "The pods current qosClass.", qos },
	{ "kube_pod_status_ready", "Describes whether the pod is ready to serve requests.", ready },
	{ "kube_pod_status_ready_time", "Readiness achieved time in unix timestamp for a pod.", ready_time },
	{ "kube_pod_status_reason", "The pod status reasons", reasons },
	{ "kube_pod_status_scheduled", "Describes the status of the scheduling process for the pod.", scheduled },
	{ "kube_pod_status_scheduled_time", "Unix timestamp when pod moved into scheduled status", scheduled_time },
	{ "kube_pod_status_unschedulable", "Describes the unschedulable status for the pod.", unschedulable },
	{ "kube_pod_status_unscheduled_time", "Unix timestamp when pod moved into unscheduled status", unscheduled_time },
};

/* A pod's own labels are as many as it likes, so they are put in order here and not by kube_row. */
static void write_labels(struct families *f, const struct podlist *pods, const struct str *allow, size_t allow_count)
{
	if (allow_count == 0)
		return;
	families_begin(f, "kube_pod_labels", METRIC_GAUGE, "Kubernetes labels converted to Prometheus labels.");
	for (size_t i = 0; i < pods->count; i++) {
		const struct pod *p = &pods->at[i];
		const struct metric_label own[] = { { "namespace", p->namespace_ }, { "pod", p->name }, { "uid", p->uid } };
		struct arena arena = { 0 };
		struct metric_label *more, *all;
		size_t n = kube_labels(STR("label"), p->labels, p->label_count, allow, allow_count, &more, &arena);
		all = arena_alloc(&arena, (n + COUNT_OF(own)) * sizeof *all);
		memcpy(all, more, n * sizeof *all); /* "label_…" stands before "namespace" */
		memcpy(all + n, own, sizeof own);
		families_sample(f, "", all, n + COUNT_OF(own), 1);
		arena_fini(&arena);
	}
}

void kube_pods_write(struct families *f, const struct podlist *pods, const struct str *label_allow, size_t label_allow_count)
{
	for (size_t k = 0; k < COUNT_OF(kinds); k++) {
		families_begin(f, kinds[k].name, METRIC_GAUGE, kinds[k].help);
		for (size_t i = 0; i < pods->count; i++)
			kinds[k].rows(f, &pods->at[i]);
	}
	write_labels(f, pods, label_allow, label_allow_count);
	kube_containers_write(f, pods);
}
