/* Objects are described by tables of fields (name, kind, place in the struct), and one loop reads all of them. What comes in
 * lists grows in the arena by doubling. Specification and status of a container are two entries far apart, in any order:
 * whichever comes first makes the row, found again by name. */
#include "parsers/podlist.h"

#include <stdlib.h>

#include "parsers/bytes/rfc3339.h"
#include "parsers/json.h"

struct parse {
	struct json j;
	struct arena *arena;
	bool is_too_long;
};

/* ---- lists that grow ---- */

/* Room for one more behind `count` things of `size` bytes, zeroed. Rooms are powers of two, so the count tells when one is full. */
static void *grow(struct parse *p, void *old, size_t count, size_t size)
{
	if (count & (count - 1))
		return old;
	char *fresh = arena_alloc(p->arena, (count ? 2 * count : 1) * size);
	if (count)
		memcpy(fresh, old, count * size);
	return fresh;
}

#define PUSH(p, list, count) ((list) = grow(p, list, count, sizeof *(list)), (count)++, &(list)[(count) - 1])

/* ---- fields by table ---- */

enum kind { TEXT, TIME, INTEGER, COUNT, BOOL };
struct field {
	const char *name;
	enum kind kind;
	size_t offset;
};

static void read_time(struct parse *p, int64_t *out)
{
	struct str text;
	int64_t ns;
	if (json_raw(&p->j, &text) && rfc3339_parse(text, &ns))
		*out = ns / 1000000000;
}

static void read_kind(struct parse *p, enum kind kind, void *at)
{
	int64_t number = 0;
	switch (kind) {
	case TEXT:
		json_text(&p->j, p->arena, at);
		break;
	case TIME:
		read_time(p, at);
		break;
	case BOOL:
		json_bool(&p->j, at);
		break;
	case INTEGER:
		json_i64(&p->j, at);
		break;
	case COUNT:
		if (json_i64(&p->j, &number) && number >= 0)
			*(uint64_t *)at = (uint64_t)number;
		break;
	}
}

/* The member that the parser stands at, when the table has it. */
static bool read_field(struct parse *p, void *object, const struct field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (json_is(&p->j, fields[i].name)) {
			read_kind(p, fields[i].kind, (char *)object + fields[i].offset);
			return true;
		}
	return false;
}

/* A whole object whose fields are all in the table. false: the value is no object. */
static bool read_object(struct parse *p, void *object, const struct field *fields, size_t count)
{
	struct json_scope s;
	bool is_object = json_object(&p->j, &s);
	while (json_member(&p->j, &s))
		read_field(p, object, fields, count);
	return is_object;
}

/* ---- maps: labels, quantities ---- */

static int compare_labels(const void *a, const void *b)
{
	const struct label *x = a, *y = b;
	int order = str_cmp(x->name, y->name);
	return order ? order : (x->name.p > y->name.p) - (x->name.p < y->name.p); /* no order of ties is promised, so they get one */
}

/* Of a name that stands twice, one stays. */
static void sort_labels(struct label *at, size_t *count)
{
	size_t kept = 0;
	if (*count)
		qsort(at, *count, sizeof *at, compare_labels);
	for (size_t i = 0; i < *count; i++) {
		if (kept && str_eq(at[kept - 1].name, at[i].name))
			kept--;
		at[kept++] = at[i];
	}
	*count = kept;
}

static void read_labels(struct parse *p, struct label **out, size_t *count)
{
	struct json_scope s;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		struct str name = json_resolve(&p->j, p->arena), value;
		if (json_text(&p->j, p->arena, &value))
			*PUSH(p, *out, *count) = (struct label){ name, value };
	}
	sort_labels(*out, count);
}

static int compare_quantities(const void *a, const void *b)
{
	const struct pod_quantity *x = a, *y = b;
	int order = str_cmp(x->resource, y->resource);
	return order ? order : (x->resource.p > y->resource.p) - (x->resource.p < y->resource.p);
}

static void read_quantities(struct parse *p, struct pod_quantity **out, size_t *count)
{
	struct json_scope s;
	size_t kept = 0;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		struct str resource = json_resolve(&p->j, p->arena), text;
		double value;
		if (json_raw(&p->j, &text) && pod_quantity_parse(text, &value))
			*PUSH(p, *out, *count) = (struct pod_quantity){ resource, value };
	}
	if (*count)
		qsort(*out, *count, sizeof **out, compare_quantities);
	for (size_t i = 0; i < *count; i++) {
		if (kept && str_eq((*out)[kept - 1].resource, (*out)[i].resource))
			kept--;
		(*out)[kept++] = (*out)[i];
	}
	*count = kept;
}

/* ---- containers ---- */

/* The row of that name, made when there is none. NULL: no name, or too many. */
static struct pod_container *container_row(struct parse *p, struct pod *pod, struct str name, bool is_init)
{
	for (size_t i = 0; i < pod->container_count; i++)
		if (pod->containers[i].is_init == is_init && str_eq(pod->containers[i].name, name))
			return &pod->containers[i];
	if (name.n == 0 || pod->container_count == PODLIST_CONTAINERS_MAX)
		return NULL;
	struct pod_container *row = PUSH(p, pod->containers, pod->container_count);
	*row = (struct pod_container){ .name = name, .is_init = is_init };
	return row;
}

static void read_ports(struct parse *p, struct pod_container *c)
{
	static const struct field fields[] = {
		{ "name", TEXT, offsetof(struct pod_port, name) },
		{ "protocol", TEXT, offsetof(struct pod_port, protocol) },
		{ "containerPort", COUNT, offsetof(struct pod_port, number) },
	};
	struct json_scope s;
	for (json_array(&p->j, &s); json_element(&p->j, &s);) {
		struct pod_port port = { .protocol = STR("TCP") };
		if (read_object(p, &port, fields, COUNT_OF(fields)) && port.number > 0 && port.number < 65536)
			*PUSH(p, c->ports, c->port_count) = port;
	}
}

static void read_resources(struct parse *p, struct pod_container *c)
{
	struct json_scope s;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		if (json_is(&p->j, "requests"))
			read_quantities(p, &c->requests, &c->request_count);
		else if (json_is(&p->j, "limits"))
			read_quantities(p, &c->limits, &c->limit_count);
	}
}

static void take_spec(struct pod_container *row, const struct pod_container *spec)
{
	row->image = spec->image;
	row->restart_policy = spec->restart_policy;
	row->ports = spec->ports;
	row->port_count = spec->port_count;
	row->requests = spec->requests;
	row->request_count = spec->request_count;
	row->limits = spec->limits;
	row->limit_count = spec->limit_count;
}

static void read_container_spec(struct parse *p, struct pod *pod, bool is_init)
{
	static const struct field fields[] = {
		{ "name", TEXT, offsetof(struct pod_container, name) },
		{ "image", TEXT, offsetof(struct pod_container, image) },
		{ "restartPolicy", TEXT, offsetof(struct pod_container, restart_policy) },
	};
	struct pod_container spec = { 0 };
	struct json_scope s;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		if (json_is(&p->j, "ports"))
			read_ports(p, &spec);
		else if (json_is(&p->j, "resources"))
			read_resources(p, &spec);
		else
			read_field(p, &spec, fields, COUNT_OF(fields));
	}
	struct pod_container *row = container_row(p, pod, spec.name, is_init);
	if (!row)
		return;
	take_spec(row, &spec);
	row->has_spec = true;
}

/* {"running": {"startedAt": …}} or the like: at most one of the three is there. */
static void read_state(struct parse *p, struct pod_container *c)
{
	static const struct field fields[] = {
		{ "reason", TEXT, offsetof(struct pod_container, reason) },
		{ "startedAt", TIME, offsetof(struct pod_container, started_s) },
		{ "finishedAt", TIME, offsetof(struct pod_container, finished_s) },
		{ "exitCode", INTEGER, offsetof(struct pod_container, exit_code) },
	};
	static const char *const names[] = { "", "waiting", "running", "terminated" };
	struct json_scope s;
	for (json_object(&p->j, &s); json_member(&p->j, &s);)
		for (unsigned i = POD_STATE_WAITING; i < COUNT_OF(names); i++)
			if (json_is(&p->j, names[i])) {
				if (read_object(p, c, fields, COUNT_OF(fields)))
					c->state = (enum pod_container_state)i;
				break;
			}
}

static void read_container_status(struct parse *p, struct pod *pod, bool is_init)
{
	static const struct field fields[] = {
		{ "name", TEXT, offsetof(struct pod_container, name) },
		{ "image", TEXT, offsetof(struct pod_container, status_image) },
		{ "imageID", TEXT, offsetof(struct pod_container, image_id) },
		{ "containerID", TEXT, offsetof(struct pod_container, id) },
		{ "restartCount", COUNT, offsetof(struct pod_container, restarts) },
		{ "ready", BOOL, offsetof(struct pod_container, is_ready) },
	};
	struct pod_container status = { 0 }, last = { 0 };
	struct json_scope s;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		if (json_is(&p->j, "state"))
			read_state(p, &status);
		else if (json_is(&p->j, "lastState"))
			read_state(p, &last);
		else
			read_field(p, &status, fields, COUNT_OF(fields));
	}
	struct pod_container *row = container_row(p, pod, status.name, is_init);
	if (!row)
		return;
	struct pod_container spec = *row;
	*row = status;
	row->is_init = is_init;
	row->has_status = true;
	row->has_last_terminated = last.state == POD_STATE_TERMINATED;
	row->last_terminated_reason = row->has_last_terminated ? last.reason : (struct str){ 0 };
	row->last_exit_code = last.exit_code;
	row->last_finished_s = last.finished_s;
	row->has_spec = spec.has_spec;
	take_spec(row, &spec);
}

static void read_containers(struct parse *p, struct pod *pod, bool is_init, void (*read)(struct parse *, struct pod *, bool))
{
	struct json_scope s;
	for (json_array(&p->j, &s); json_element(&p->j, &s);)
		read(p, pod, is_init);
}

/* ---- the pod ---- */

static void read_owners(struct parse *p, struct pod *pod)
{
	static const struct field fields[] = {
		{ "kind", TEXT, offsetof(struct pod_owner, kind) },
		{ "name", TEXT, offsetof(struct pod_owner, name) },
		{ "controller", BOOL, offsetof(struct pod_owner, is_controller) },
	};
	struct json_scope s;
	for (json_array(&p->j, &s); json_element(&p->j, &s);) {
		struct pod_owner owner = { 0 };
		if (read_object(p, &owner, fields, COUNT_OF(fields)))
			*PUSH(p, pod->owners, pod->owner_count) = owner;
	}
}

static void read_metadata(struct parse *p, struct pod *pod, struct podlist *list)
{
	static const struct field fields[] = {
		{ "name", TEXT, offsetof(struct pod, name) },
		{ "namespace", TEXT, offsetof(struct pod, namespace_) },
		{ "uid", TEXT, offsetof(struct pod, uid) },
		{ "creationTimestamp", TIME, offsetof(struct pod, created_s) },
		{ "deletionTimestamp", TIME, offsetof(struct pod, deleted_s) },
	};
	static const struct field list_fields[] = {
		{ "resourceVersion", TEXT, offsetof(struct podlist, resource_version) },
		{ "continue", TEXT, offsetof(struct podlist, continue_) },
	};
	struct json_scope s;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		if (json_is(&p->j, "labels"))
			read_labels(p, &pod->labels, &pod->label_count);
		else if (json_is(&p->j, "annotations"))
			read_labels(p, &pod->annotations, &pod->annotation_count);
		else if (json_is(&p->j, "ownerReferences"))
			read_owners(p, pod);
		else if (!list || !read_field(p, list, list_fields, COUNT_OF(list_fields)))
			read_field(p, pod, fields, COUNT_OF(fields));
	}
}

static void read_volumes(struct parse *p, struct pod *pod)
{
	static const struct field claim_fields[] = {
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
				has_claim |= read_object(p, &volume, claim_fields, COUNT_OF(claim_fields));
			else if (json_is(&p->j, "ephemeral"))
				volume.is_ephemeral = read_object(p, &volume, NULL, 0);
		}
		if (has_claim || volume.is_ephemeral)
			*PUSH(p, pod->volumes, pod->volume_count) = volume;
	}
}

static void read_spec(struct parse *p, struct pod *pod)
{
	static const struct field fields[] = {
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
			read_containers(p, pod, false, read_container_spec);
		else if (json_is(&p->j, "initContainers"))
			read_containers(p, pod, true, read_container_spec);
		else if (json_is(&p->j, "volumes"))
			read_volumes(p, pod);
		else if (json_is(&p->j, "overhead"))
			read_quantities(p, &pod->overhead, &pod->overhead_count);
		else
			read_field(p, pod, fields, COUNT_OF(fields));
	}
}

static void read_conditions(struct parse *p, struct pod *pod)
{
	static const struct field fields[] = {
		{ "type", TEXT, offsetof(struct pod_condition, type) },
		{ "status", TEXT, offsetof(struct pod_condition, status) },
		{ "reason", TEXT, offsetof(struct pod_condition, reason) },
		{ "lastTransitionTime", TIME, offsetof(struct pod_condition, since_s) },
	};
	struct json_scope s;
	for (json_array(&p->j, &s); json_element(&p->j, &s);) {
		struct pod_condition condition = { 0 };
		if (read_object(p, &condition, fields, COUNT_OF(fields)))
			*PUSH(p, pod->conditions, pod->condition_count) = condition;
	}
}

static void read_ips(struct parse *p, struct pod *pod)
{
	static const struct field fields[] = { { "ip", TEXT, 0 } };
	struct json_scope s;
	for (json_array(&p->j, &s); json_element(&p->j, &s);) {
		struct str ip = { 0 };
		if (read_object(p, &ip, fields, COUNT_OF(fields)) && ip.n)
			*PUSH(p, pod->ips, pod->ip_count) = ip;
	}
}

static void read_status(struct parse *p, struct pod *pod)
{
	static const struct field fields[] = {
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
			read_containers(p, pod, false, read_container_status);
		else if (json_is(&p->j, "initContainerStatuses"))
			read_containers(p, pod, true, read_container_status);
		else if (json_is(&p->j, "conditions"))
			read_conditions(p, pod);
		else if (json_is(&p->j, "podIPs"))
			read_ips(p, pod);
		else
			read_field(p, pod, fields, COUNT_OF(fields));
	}
}

/* ---- what is around pods ---- */

static void keep(struct parse *p, struct podlist *out, const struct pod *pod, struct str kind)
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

/* An object that should be a pod. list: NULL, or who takes the resource version. */
static void read_pod(struct parse *p, struct podlist *out, struct podlist *list)
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
	}
	keep(p, out, &pod, kind);
}

/* The document: a list, a pod, or an event with an object. Which of them, only its end tells, because members come in any order. */
static void read_document(struct parse *p, struct podlist *out)
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
		}
	}
	if (has_items && kind.n && !str_eq(kind, STR("PodList")) && !str_eq(kind, STR("List")))
		out->count = 0; /* somebody else's list */
	if (!has_items && !has_object)
		keep(p, out, &pod, kind);
}

bool podlist_parse(struct str json, struct podlist *out, struct arena *arena, const char **why)
{
	struct parse p = { .arena = arena };
	struct podlist list = { 0 };
	json_init(&p.j, json);
	read_document(&p, &list);
	*why = !json_end(&p.j) ? p.j.error : p.is_too_long ? "more pods than one node can have" : NULL;
	*out = *why ? (struct podlist){ 0 } : list;
	return !*why;
}
