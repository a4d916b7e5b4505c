/* Specification and status of a container are two entries far apart, in any order: whichever comes first makes the row, found again
 * by name. Each fills in its half and leaves the other one as it is. */
#include "parsers/kubernetes/podlist_state.h"

/* The row of that name, made when there is none. NULL: no name, or too many. */
static struct pod_container *container_row(struct podlist_parse *p, struct pod *pod, struct str name, bool is_init)
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

static void read_ports(struct podlist_parse *p, struct pod_container *c)
{
	static const struct podlist_field fields[] = {
		{ "name", TEXT, offsetof(struct pod_port, name) },
		{ "protocol", TEXT, offsetof(struct pod_port, protocol) },
		{ "containerPort", COUNT, offsetof(struct pod_port, number) },
	};
	struct json_scope s;
	for (json_array(&p->j, &s); json_element(&p->j, &s);) {
		struct pod_port port = { .protocol = STR("TCP") };
		if (podlist_read_object(p, &port, fields, COUNT_OF(fields)) && port.number > 0 && port.number < 65536)
			*PUSH(p, c->ports, c->port_count) = port;
	}
}

static void read_resources(struct podlist_parse *p, struct pod_container *c)
{
	struct json_scope s;
	for (json_object(&p->j, &s); json_member(&p->j, &s);) {
		if (json_is(&p->j, "requests"))
			podlist_read_quantities(p, &c->requests, &c->request_count);
		else if (json_is(&p->j, "limits"))
			podlist_read_quantities(p, &c->limits, &c->limit_count);
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

void podlist_read_container_spec(struct podlist_parse *p, struct pod *pod, bool is_init)
{
	static const struct podlist_field fields[] = {
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
			podlist_read_field(p, &spec, fields, COUNT_OF(fields));
	}
	struct pod_container *row = container_row(p, pod, spec.name, is_init);
	if (!row)
		return;
	take_spec(row, &spec);
	row->has_spec = true;
}

/* {"running": {"startedAt": …}} or the like: at most one of the three is there. */
static void read_state(struct podlist_parse *p, struct pod_container *c)
{
	static const struct podlist_field fields[] = {
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
				if (podlist_read_object(p, c, fields, COUNT_OF(fields)))
					c->state = (enum pod_container_state)i;
				break;
			}
}

void podlist_read_container_status(struct podlist_parse *p, struct pod *pod, bool is_init)
{
	static const struct podlist_field fields[] = {
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
			podlist_read_field(p, &status, fields, COUNT_OF(fields));
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
