/* The pod and what is around it: a list, an event, or nothing. Objects are read by tables of their fields (podlist_fields.c);
 * containers have a file of their own (podlist_containers.c). */
#include "parsers/kubernetes/podlist_state.h"

/* ---- the pod ---- */

static void read_containers(struct podlist_parse *p, struct pod *pod, bool is_init,
			    void (*read)(struct podlist_parse *, struct pod *, bool))
{
	struct json_scope s;
	for (json_array(&p->j, &s); json_element(&p->j, &s);)
		read(p, pod, is_init);
}

static void read_owners(struct podlist_parse *p, struct pod *pod)
{
	static const struct podlist_field fields[] = {
		{ "kind", TEXT, offsetof(struct pod_owner, kind) },
		{ "name", TEXT, offsetof(struct pod_owner, name) },
		{ "controller", BOOL, offsetof(struct pod_owner, is_controller) },
	};
	struct json_scope s;
	for (json_array(&p->j, &s); json_element(&p->j, &s);) {
		struct pod_owner owner = { 0 };
		if (podlist_read_object(p, &owner, fields, COUNT_OF(fields)))
			*PUSH(p, pod->owners, pod->owner_count) = owner;
	}
}

static void read_metadata(struct podlist_parse *p, struct pod *pod, struct podlist *list)
{
	static const struct podlist_field fields[] = {
		{ "name", TEXT, offsetof(struct pod, name) },
		{ "namespace", TEXT, offsetof(struct pod, namespace_) },
		{ "uid", TEXT, offsetof(struct pod, uid) },
		{ "creationTimestamp", TIME, offsetof(struct pod, created_s) },
		{ "deletionTimestamp", TIME, offsetof(struct pod, deleted_s) },
	};
	static const struct podlist_field list_fields[] = {
		{ "resourceVersion", TEXT, offsetof(struct podlist, resource_version) },
		{ "continue", TEXT, offsetof(struct podlist, continue_) },
	};
	struct json_scope s;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		if (json_is(&p->j, "labels"))
			podlist_read_labels(p, &pod->labels, &pod->label_count);
		else if (json_is(&p->j, "annotations"))
			podlist_read_labels(p, &pod->annotations, &pod->annotation_count);
		else if (json_is(&p->j, "ownerReferences"))
			read_owners(p, pod);
		else if (!list || !podlist_read_field(p, list, list_fields, COUNT_OF(list_fields)))
			podlist_read_field(p, pod, fields, COUNT_OF(fields));
	}
}

static void read_volumes(struct podlist_parse *p, struct pod *pod)
{
	static const struct podlist_field claim_fields[] = {
		{ "claimName", TEXT, offsetof(struct pod_volume, claim) },
		{ "readOnly", BOOL, offsetof(struct pod_volume, is_read_only) },
	};
	struct json_scope s, v;
	for (json_array(&p->j, &s); json_element(&p->j, &s);) {
		struct pod_volume volume = { 0 };
		bool has_claim = false;
		for (json_object(&p->j, &v); json_member(&p->j, &v);) {
			if (json_is(&p->j, "name"))
				json_text(&p->j, p->arena, &volume.name);
			else if (json_is(&p->j, "persistentVolumeClaim"))
				has_claim |= podlist_read_object(p, &volume, claim_fields, COUNT_OF(claim_fields));
			else if (json_is(&p->j, "ephemeral"))
				volume.is_ephemeral = podlist_read_object(p, &volume, NULL, 0);
		}
		if (has_claim || volume.is_ephemeral)
			*PUSH(p, pod->volumes, pod->volume_count) = volume;
	}
}

static void read_spec(struct podlist_parse *p, struct pod *pod)
{
	static const struct podlist_field fields[] = {
		{ "nodeName", TEXT, offsetof(struct pod, node) },
		{ "priorityClassName", TEXT, offsetof(struct pod, priority_class) },
		{ "serviceAccountName", TEXT, offsetof(struct pod, service_account) },
		{ "schedulerName", TEXT, offsetof(struct pod, scheduler) },
		{ "restartPolicy", TEXT, offsetof(struct pod, restart_policy) },
		{ "runtimeClassName", TEXT, offsetof(struct pod, runtime_class) },
		{ "hostNetwork", BOOL, offsetof(struct pod, host_network) },
	};
	struct json_scope s;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		if (json_is(&p->j, "containers"))
			read_containers(p, pod, false, podlist_read_container_spec);
		else if (json_is(&p->j, "initContainers"))
			read_containers(p, pod, true, podlist_read_container_spec);
		else if (json_is(&p->j, "volumes"))
			read_volumes(p, pod);
		else if (json_is(&p->j, "overhead"))
			podlist_read_quantities(p, &pod->overhead, &pod->overhead_count);
		else
			podlist_read_field(p, pod, fields, COUNT_OF(fields));
	}
}

static void read_conditions(struct podlist_parse *p, struct pod *pod)
{
	static const struct podlist_field fields[] = {
		{ "type", TEXT, offsetof(struct pod_condition, type) },
		{ "status", TEXT, offsetof(struct pod_condition, status) },
		{ "reason", TEXT, offsetof(struct pod_condition, reason) },
		{ "lastTransitionTime", TIME, offsetof(struct pod_condition, since_s) },
	};
	struct json_scope s;
	for (json_array(&p->j, &s); json_element(&p->j, &s);) {
		struct pod_condition condition = { 0 };
		if (podlist_read_object(p, &condition, fields, COUNT_OF(fields)))
			*PUSH(p, pod->conditions, pod->condition_count) = condition;
	}
}

static void read_ips(struct podlist_parse *p, struct pod *pod)
{
	static const struct podlist_field fields[] = { { "ip", TEXT, 0 } };
	struct json_scope s;
	for (json_array(&p->j, &s); json_element(&p->j, &s);) {
		struct str ip = { 0 };
		if (podlist_read_object(p, &ip, fields, COUNT_OF(fields)) && ip.n)
			*PUSH(p, pod->ips, pod->ip_count) = ip;
	}
}

static void read_status(struct podlist_parse *p, struct pod *pod)
{
	static const struct podlist_field fields[] = {
		{ "phase", TEXT, offsetof(struct pod, phase) },
		{ "reason", TEXT, offsetof(struct pod, reason) },
		{ "hostIP", TEXT, offsetof(struct pod, host_ip) },
		{ "podIP", TEXT, offsetof(struct pod, ip) },
		{ "qosClass", TEXT, offsetof(struct pod, qos) },
		{ "startTime", TIME, offsetof(struct pod, started_s) },
	};
	struct json_scope s;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		if (json_is(&p->j, "containerStatuses"))
			read_containers(p, pod, false, podlist_read_container_status);
		else if (json_is(&p->j, "initContainerStatuses"))
			read_containers(p, pod, true, podlist_read_container_status);
		else if (json_is(&p->j, "conditions"))
			read_conditions(p, pod);
		else if (json_is(&p->j, "podIPs"))
			read_ips(p, pod);
		else
			podlist_read_field(p, pod, fields, COUNT_OF(fields));
	}
}

/* ---- what is around pods ---- */

static void keep(struct podlist_parse *p, struct podlist *out, const struct pod *pod, struct str kind)
{
	bool is_pod = kind.n == 0 || str_eq(kind, STR("Pod")); /* items of a list carry no kind */
	if (!is_pod || pod->name.n == 0)
		return;
	if (out->count == PODLIST_PODS_MAX) {
		p->is_too_long = true;
		return;
	}
	*PUSH(p, out->at, out->count) = *pod;
}

/* A Status object says its code and reason where a pod has its parts. */
static bool read_refusal(struct podlist_parse *p, struct podlist *list)
{
	static const struct podlist_field fields[] = {
		{ "code", INTEGER, offsetof(struct podlist, status_code) },
		{ "reason", TEXT, offsetof(struct podlist, status_reason) },
		{ "message", TEXT, offsetof(struct podlist, status_message) },
	};
	return podlist_read_field(p, list, fields, COUNT_OF(fields));
}

static void forget_refusal(struct podlist *list)
{
	list->status_code = 0;
	list->status_reason = list->status_message = (struct str){ 0 };
}

/* An object that should be a pod. list: NULL, or who takes the resource version and what a Status says. */
static void read_pod(struct podlist_parse *p, struct podlist *out, struct podlist *list)
{
	struct pod pod = { 0 };
	struct str kind = { 0 };
	struct json_scope s;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		if (json_is(&p->j, "kind"))
			json_text(&p->j, p->arena, &kind);
		else if (json_is(&p->j, "metadata"))
			read_metadata(p, &pod, list);
		else if (json_is(&p->j, "spec"))
			read_spec(p, &pod);
		else if (json_is(&p->j, "status"))
			read_status(p, &pod);
		else if (list)
			read_refusal(p, list);
	}
	if (list && !str_eq(kind, STR("Status")))
		forget_refusal(list);
	keep(p, out, &pod, kind);
}

/* The document: a list, a pod, or an event with an object. Which of them, only its end tells, because members come in any order. */
static void read_document(struct podlist_parse *p, struct podlist *out)
{
	struct pod pod = { 0 };
	struct str kind = { 0 };
	struct json_scope s, items;
	bool has_items = false, has_object = false;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		if (json_is(&p->j, "kind"))
			json_text(&p->j, p->arena, &kind);
		else if (json_is(&p->j, "metadata"))
			read_metadata(p, &pod, out);
		else if (json_is(&p->j, "spec"))
			read_spec(p, &pod);
		else if (json_is(&p->j, "status"))
			read_status(p, &pod);
		else if (json_is(&p->j, "items")) {
			has_items = true;
			for (json_array(&p->j, &items); json_element(&p->j, &items);)
				read_pod(p, out, NULL);
		} else if (json_is(&p->j, "object")) {
			has_object = true;
			read_pod(p, out, out);
		} else if (json_is(&p->j, "type"))
			json_text(&p->j, p->arena, &out->event);
		else
			read_refusal(p, out);
	}
	if (!has_object && !str_eq(kind, STR("Status")))
		forget_refusal(out);
	if (has_items && kind.n && !str_eq(kind, STR("PodList")) && !str_eq(kind, STR("List")))
		out->count = 0; /* somebody else's list */
	out->is_list = has_items && str_eq(kind, STR("PodList"));
	if (!has_items && !has_object)
		keep(p, out, &pod, kind);
}

bool podlist_parse(struct str json, struct podlist *out, struct arena *arena, const char **why)
{
	struct podlist_parse p = { .arena = arena };
	struct podlist list = { 0 };
	json_init(&p.j, json);
	read_document(&p, &list);
	*why = !json_end(&p.j) ? p.j.error : p.is_too_long ? "more pods than one node can have" : NULL;
	*out = *why ? (struct podlist){ 0 } : list;
	return !*why;
}
