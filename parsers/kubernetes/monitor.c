/* Each member of an endpoint is a row of a table: what reads it, or what is wrong with an endpoint that has it. Members that are not in the
 * table have no effect here (enableHttp2, followRedirects: redirects of pods are never followed) or are no members. */
#include "parsers/kubernetes/monitor.h"

#include "parsers/bytes/num.h"

struct reading {
	struct json j;
	struct arena *arena;
	struct monitor *m;
	struct monitor_endpoint *e;
	const char *why;
};

static struct str text_of(struct reading *r)
{
	struct str text = { 0 };
	json_text(&r->j, r->arena, &text);
	if (text.n > MONITOR_TEXT_MAX) {
		if (r->e)
			r->e->problem = "a text of it is longer than 1,024 bytes";
		return (struct str){ 0 };
	}
	return text;
}

static void read_names(struct reading *r, struct monitor_names *out)
{
	struct json_scope items;
	out->count = 0;
	for (json_array(&r->j, &items); json_element(&r->j, &items) && out->count < MONITOR_NAMES_MAX;) {
		struct str name = text_of(r);
		if (!name.n)
			continue;
		out->at = arena_room(r->arena, out->at, out->count, sizeof *out->at);
		out->at[out->count++] = name;
	}
}

/* ---- rules ---- */

static bool read_action(struct str word, enum relabel_action *out)
{
	for (int i = 0; i < RELABEL_ACTIONS; i++)
		if (str_ieq(word, str_of(relabel_action_names[i]))) {
			*out = (enum relabel_action)i;
			return true;
		}
	return false;
}

static void read_rule(struct reading *r, struct relabel_options *o)
{
	struct json_scope members;
	struct json *j = &r->j;
	struct monitor_names sources = { 0 };
	int64_t modulus = 0;
	for (json_object(j, &members); json_member(j, &members);) {
		if (json_is(j, "sourceLabels"))
			read_names(r, &sources);
		else if (json_is(j, "separator"))
			o->separator = text_of(r);
		else if (json_is(j, "regex"))
			o->regex = text_of(r);
		else if (json_is(j, "targetLabel"))
			o->target_label = text_of(r);
		else if (json_is(j, "replacement"))
			o->replacement = text_of(r);
		else if (json_is(j, "modulus") && json_i64(j, &modulus))
			o->modulus = modulus > 0 ? (uint64_t)modulus : 0;
		else if (json_is(j, "action") && !read_action(text_of(r), &o->action))
			r->e->problem = "a relabeling of it has an action that there is not";
	}
	o->source_labels = sources.at;
	o->source_label_count = sources.count;
	o->has_separator = !str_eq(o->separator, STR(";"));
	o->has_regex = !str_eq(o->regex, STR("(.*)"));
	o->has_replacement = !str_eq(o->replacement, STR("$1"));
	o->has_modulus = o->modulus != 0;
}

static void read_rules(struct reading *r, struct monitor_rules *out)
{
	struct json_scope items;
	out->count = 0;
	for (json_array(&r->j, &items); json_element(&r->j, &items);) {
		if (out->count == MONITOR_RULES_MAX) {
			r->e->problem = "it has more than 64 relabelings";
			return;
		}
		out->at = arena_room(r->arena, out->at, out->count, sizeof *out->at);
		out->at[out->count] = (struct relabel_options){ .separator = STR(";"), .regex = STR("(.*)"), .replacement = STR("$1") };
		read_rule(r, &out->at[out->count++]);
	}
}

/* ---- an endpoint ---- */

static void take_port(struct reading *r)
{
	r->e->port = text_of(r);
}

static void take_port_number(struct reading *r)
{
	int64_t number = 0;
	json_i64(&r->j, &number);
	r->e->port_number = number > 0 && number <= 65535 ? (uint64_t)number : 0;
}

/* A number or a name. */
static void take_target_port(struct reading *r)
{
	struct str raw = { 0 };
	uint64_t number;
	if (!json_raw(&r->j, &raw))
		return;
	if (num_u64(raw, &number))
		r->e->port_number = number <= 65535 ? number : 0;
	else
		r->e->target_port = str_take(raw, 64);
}

static void take_path(struct reading *r)
{
	struct str path = text_of(r);
	for (size_t i = 0; i < path.n; i++)
		if ((unsigned char)path.p[i] <= 0x20 || path.p[i] == 0x7f || path.p[i] == '\\')
			r->e->problem = "its path has bytes that no path has";
	if (path.n && path.p[0] != '/')
		r->e->problem = "its path does not begin with a slash";
	r->e->path = path;
}

static void take_scheme(struct reading *r)
{
	struct str word = text_of(r);
	bool is_https = str_ieq(word, STR("https"));
	if (word.n && !is_https && !str_ieq(word, STR("http")))
		r->e->problem = "its scheme is neither http nor https";
	r->e->scheme = is_https ? STR("https") : STR("http");
}

static void take_params(struct reading *r)
{
	struct json_scope members, values;
	struct json *j = &r->j;
	struct monitor_endpoint *e = r->e;
	for (json_object(j, &members); json_member(j, &members);) {
		struct str name = json_resolve(j, r->arena);
		for (json_array(j, &values); json_element(j, &values);) {
			struct str value = text_of(r);
			if (e->param_count == MONITOR_NAMES_MAX || name.n > 64 || !labels_name_is_legacy(name, false))
				e->problem = "it has more than 64 params, or one whose name is no name of a label";
			else {
				e->params = arena_room(r->arena, e->params, e->param_count, sizeof *e->params);
				e->params[e->param_count++] = (struct label){ name, value };
			}
		}
	}
}

static int64_t duration_of(struct reading *r)
{
	struct str text = text_of(r);
	int64_t ns = 0;
	if (!text.n)
		return 0;
	bool is_good = num_duration_ns(text, &ns) && ns >= MONITOR_INTERVAL_LEAST_MS * INT64_C(1000000) &&
		       ns <= MONITOR_INTERVAL_MOST_MS * INT64_C(1000000);
	if (!is_good)
		r->e->problem = "its interval or scrapeTimeout is not between 1s and 1d";
	return is_good ? ns / 1000000 : 0;
}

static void take_interval(struct reading *r)
{
	r->e->interval_ms = duration_of(r);
}

static void take_timeout(struct reading *r)
{
	r->e->timeout_ms = duration_of(r);
}

static void take_honor_labels(struct reading *r)
{
	json_bool(&r->j, &r->e->honor_labels);
}

static void take_honor_timestamps(struct reading *r)
{
	bool honors = true;
	json_bool(&r->j, &honors);
	r->e->ignores_timestamps = !honors;
}

static void take_staleness(struct reading *r)
{
	json_bool(&r->j, &r->e->tracks_staleness);
}

static void take_filter_running(struct reading *r)
{
	bool filters = true;
	json_bool(&r->j, &filters);
	r->e->takes_ended_pods = !filters;
}

static void take_relabelings(struct reading *r)
{
	read_rules(r, &r->e->relabelings);
}

static void take_metric_relabelings(struct reading *r)
{
	read_rules(r, &r->e->metric_relabelings);
}

/* Somewhere in the value that comes next a Secret or ConfigMap is named: {"name": …, "key": …}. Empty ones are how some write nothing. */
static bool names_object(struct json *j)
{
	unsigned depth = j->depth;
	bool is_name = false, found = false;
	do {
		enum json_item item = json_next(j);
		if (item == JSON_BAD || item == JSON_DONE)
			break;
		if (item == JSON_STRING && is_name && j->raw.n)
			found = true;
		is_name = item == JSON_KEY && (json_is(j, "name") || json_is(j, "key"));
	} while (j->depth > depth);
	return found;
}

static void take_tls(struct reading *r)
{
	struct json_scope members;
	struct json *j = &r->j;
	for (json_object(j, &members); json_member(j, &members);) {
		bool is_file = json_is(j, "caFile") || json_is(j, "certFile") || json_is(j, "keyFile");
		bool is_reference = json_is(j, "ca") || json_is(j, "cert") || json_is(j, "keySecret");
		if (json_is(j, "insecureSkipVerify"))
			json_bool(j, &r->e->insecure_skip_verify);
		else if (json_is(j, "serverName"))
			r->e->server_name = text_of(r);
		else if (is_file && text_of(r).n)
			r->e->problem = "its tlsConfig names a file: no file of the agent is read for an endpoint";
		else if (is_reference && names_object(j))
			r->e->problem = "its tlsConfig needs a Secret or ConfigMap, and those are not read";
	}
}

static void refuse_basic(struct reading *r)
{
	if (names_object(&r->j))
		r->e->problem = "its basicAuth needs a Secret, and Secrets are not read";
}

static void refuse_authorization(struct reading *r)
{
	if (names_object(&r->j))
		r->e->problem = "its authorization needs a Secret, and Secrets are not read";
}

static void refuse_bearer(struct reading *r)
{
	if (names_object(&r->j))
		r->e->problem = "its bearerTokenSecret needs a Secret, and Secrets are not read";
}

static void refuse_oauth2(struct reading *r)
{
	if (names_object(&r->j))
		r->e->problem = "its oauth2 needs a Secret, and Secrets are not read";
}

static void refuse_token_file(struct reading *r)
{
	if (text_of(r).n)
		r->e->problem = "its bearerTokenFile names a file: no file of the agent is read for an endpoint";
}

static void refuse_proxy(struct reading *r)
{
	if (text_of(r).n)
		r->e->problem = "its proxyUrl leads elsewhere than to the pod: pods are asked directly";
}

static const struct { const char *name; void (*take)(struct reading *r); } members_of_endpoint[] = {
	{ "port", take_port }, { "portNumber", take_port_number }, { "targetPort", take_target_port }, { "path", take_path },
	{ "scheme", take_scheme }, { "params", take_params }, { "interval", take_interval }, { "scrapeTimeout", take_timeout },
	{ "honorLabels", take_honor_labels }, { "honorTimestamps", take_honor_timestamps }, { "trackTimestampsStaleness", take_staleness },
	{ "filterRunning", take_filter_running }, { "relabelings", take_relabelings }, { "metricRelabelings", take_metric_relabelings },
	{ "tlsConfig", take_tls }, { "basicAuth", refuse_basic }, { "authorization", refuse_authorization },
	{ "bearerTokenSecret", refuse_bearer }, { "oauth2", refuse_oauth2 }, { "bearerTokenFile", refuse_token_file },
	{ "proxyUrl", refuse_proxy },
};

static void read_endpoint(struct reading *r)
{
	struct json_scope members;
	for (json_object(&r->j, &members); json_member(&r->j, &members);)
		for (size_t i = 0; i < COUNT_OF(members_of_endpoint); i++)
			if (json_is(&r->j, members_of_endpoint[i].name)) {
				members_of_endpoint[i].take(r);
				break;
			}
	if (r->e->timeout_ms > r->e->interval_ms && r->e->interval_ms)
		r->e->timeout_ms = r->e->interval_ms;
	r->e = NULL;
}

static void read_endpoints(struct reading *r)
{
	struct json_scope items;
	struct monitor *m = r->m;
	for (json_array(&r->j, &items); json_element(&r->j, &items);) {
		if (m->endpoint_count == MONITOR_ENDPOINTS_MAX) {
			m->left_out++;
			continue;
		}
		m->endpoints = arena_room(r->arena, m->endpoints, m->endpoint_count, sizeof *m->endpoints);
		r->e = &m->endpoints[m->endpoint_count++];
		*r->e = (struct monitor_endpoint){ 0 };
		read_endpoint(r);
	}
}

/* ---- the object ---- */

static void read_namespaces(struct reading *r)
{
	struct json_scope members;
	for (json_object(&r->j, &members); json_member(&r->j, &members);) {
		if (json_is(&r->j, "any"))
			json_bool(&r->j, &r->m->in_any_namespace);
		else if (json_is(&r->j, "matchNames"))
			read_names(r, &r->m->namespaces);
	}
}

static void read_limit(struct reading *r, uint64_t *out)
{
	int64_t limit = 0;
	if (json_i64(&r->j, &limit) && limit > 0)
		*out = (uint64_t)limit;
}

bool monitor_read(const struct object *o, struct monitor *out, struct arena *arena, const char **why)
{
	struct reading r = { .arena = arena, .m = out };
	struct json_scope members;
	struct json *j = &r.j;
	*out = (struct monitor){ .namespace_ = o->namespace_, .name = o->name };
	json_init(j, o->spec);
	for (json_object(j, &members); json_member(j, &members);) {
		const struct { const char *name; uint64_t *to; } limits[] = {
			{ "sampleLimit", &out->sample_limit }, { "labelLimit", &out->label_limit },
			{ "labelNameLengthLimit", &out->label_name_limit }, { "labelValueLengthLimit", &out->label_value_limit },
		};
		if (json_is(j, "selector"))
			label_selector_read(j, arena, &out->selector);
		else if (json_is(j, "namespaceSelector"))
			read_namespaces(&r);
		else if (json_is(j, "podMetricsEndpoints") || json_is(j, "endpoints"))
			read_endpoints(&r);
		else if (json_is(j, "jobLabel"))
			out->job_label = text_of(&r);
		else if (json_is(j, "podTargetLabels"))
			read_names(&r, &out->pod_labels);
		else if (json_is(j, "targetLabels"))
			read_names(&r, &out->service_labels);
		else
			for (size_t i = 0; i < COUNT_OF(limits); i++)
				if (json_is(j, limits[i].name)) {
					read_limit(&r, limits[i].to);
					break;
				}
	}
	*why = !json_end(j) ? "its spec is no JSON object" : out->selector.problem ? out->selector.problem : NULL;
	return !*why;
}

bool monitor_is_for(const struct monitor *m, struct str namespace_)
{
	bool is_listed = false;
	for (size_t i = 0; i < m->namespaces.count; i++)
		is_listed |= str_eq(m->namespaces.at[i], namespace_);
	return m->in_any_namespace || is_listed || (m->namespaces.count == 0 && str_eq(m->namespace_, namespace_));
}

/* ---- services ---- */

static void read_service_port(struct json *j, struct arena *arena, struct service_port *out)
{
	struct json_scope members;
	struct str raw = { 0 };
	*out = (struct service_port){ 0 };
	for (json_object(j, &members); json_member(j, &members);) {
		int64_t number = 0;
		if (json_is(j, "name"))
			json_text(j, arena, &out->name);
		else if (json_is(j, "port") && json_i64(j, &number))
			out->number = number > 0 && number <= 65535 ? (uint64_t)number : 0;
		else if (json_is(j, "targetPort"))
			json_raw(j, &raw);
	}
	if (!num_u64(raw, &out->target_number)) {
		out->target = raw;
		out->target_number = raw.n ? 0 : out->number;
	}
}

static void read_service_ports(struct json *j, struct arena *arena, struct service *out)
{
	struct json_scope items;
	for (json_array(j, &items); json_element(j, &items) && out->port_count < MONITOR_NAMES_MAX;) {
		out->ports = arena_room(arena, out->ports, out->port_count, sizeof *out->ports);
		read_service_port(j, arena, &out->ports[out->port_count++]);
	}
}

static void read_labels(struct str text, struct arena *arena, struct service *out)
{
	struct json j;
	struct json_scope members;
	json_init(&j, text);
	for (json_object(&j, &members); json_member(&j, &members) && out->label_count < LABEL_SELECTOR_RULES_MAX;) {
		struct label l = { .name = json_resolve(&j, arena) };
		if (!json_text(&j, arena, &l.value))
			continue;
		out->labels = arena_room(arena, out->labels, out->label_count, sizeof *out->labels);
		out->labels[out->label_count++] = l;
	}
}

bool service_read(const struct object *o, struct service *out, struct arena *arena, const char **why)
{
	struct json j;
	struct json_scope members;
	*out = (struct service){ .namespace_ = o->namespace_, .name = o->name };
	if (o->labels.n)
		read_labels(o->labels, arena, out);
	json_init(&j, o->spec);
	for (json_object(&j, &members); json_member(&j, &members);) {
		if (json_is(&j, "selector"))
			label_selector_read_labels(&j, arena, &out->selector);
		else if (json_is(&j, "ports"))
			read_service_ports(&j, arena, out);
	}
	*why = !json_end(&j) ? "its spec is no JSON object" : out->selector.problem;
	return !*why;
}
