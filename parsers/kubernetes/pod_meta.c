/* Names that a label cannot have are mapped as Prometheus does it: every byte that does not fit becomes '_', so two annotations may
 * become one label, and the later one by name wins. */
#include "parsers/kubernetes/pod_meta.h"

#include <stdio.h>

#define META "__meta_kubernetes_"
enum { NAME_MAX_BYTES = 512 };

static void put(struct labels *to, struct arena *arena, struct str name, struct str value)
{
	if (name.n && value.n)
		labels_set(to, arena_copy(arena, name), arena_copy(arena, value));
}

static void put_mapped(struct labels *to, struct arena *arena, const char *prefix, const struct label *l, const char *present)
{
	char name[NAME_MAX_BYTES], other[NAME_MAX_BYTES + 16];
	int n = snprintf(name, sizeof name, "%s" STR_FMT, prefix, STR_ARG(l->name));
	if (n < 0 || n >= (int)sizeof name)
		return;
	for (int i = 0; i < n; i++) {
		bool is_fit = ascii_is_digit(name[i]) || ascii_is_letter(name[i]) || name[i] == '_';
		name[i] = is_fit ? name[i] : '_';
	}
	put(to, arena, str_of(name), l->value);
	snprintf(other, sizeof other, "%s%s", present, name + strlen(prefix));
	put(to, arena, str_of(other), STR("true"));
}

static struct str ready_of(const struct pod *pod)
{
	for (size_t i = 0; i < pod->condition_count; i++)
		if (str_eq(pod->conditions[i].type, STR("Ready")))
			return str_eq(pod->conditions[i].status, STR("True"))    ? STR("true")
			       : str_eq(pod->conditions[i].status, STR("False")) ? STR("false")
										 : STR("unknown");
	return STR("unknown");
}

void pod_meta_put(struct labels *to, struct arena *arena, const struct pod *pod, const struct pod_container *c)
{
	const struct label rows[] = {
		{ STR(META "namespace"), pod->namespace_ },
		{ STR(META "pod_name"), pod->name },
		{ STR(META "pod_ip"), pod->ip },
		{ STR(META "pod_uid"), pod->uid },
		{ STR(META "pod_host_ip"), pod->host_ip },
		{ STR(META "pod_node_name"), pod->node },
		{ STR(META "pod_phase"), pod->phase },
		{ STR(META "pod_ready"), ready_of(pod) },
		{ STR(META "pod_container_name"), c->name },
		{ STR(META "pod_container_image"), c->image },
		{ STR(META "pod_container_id"), c->id },
		{ STR(META "pod_container_init"), c->is_init ? STR("true") : STR("false") },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		put(to, arena, rows[i].name, rows[i].value);
	for (size_t i = 0; i < pod->owner_count; i++)
		if (pod->owners[i].is_controller) {
			put(to, arena, STR(META "pod_controller_kind"), pod->owners[i].kind);
			put(to, arena, STR(META "pod_controller_name"), pod->owners[i].name);
		}
	for (size_t i = 0; i < pod->label_count; i++)
		put_mapped(to, arena, META "pod_label_", &pod->labels[i], META "pod_labelpresent_");
	for (size_t i = 0; i < pod->annotation_count; i++)
		put_mapped(to, arena, META "pod_annotation_", &pod->annotations[i], META "pod_annotationpresent_");
}

void pod_meta_put_port(struct labels *to, struct arena *arena, const struct pod_port *port)
{
	char number[24];
	snprintf(number, sizeof number, "%llu", (unsigned long long)port->number);
	put(to, arena, STR(META "pod_container_port_number"), str_of(number));
	put(to, arena, STR(META "pod_container_port_name"), port->name);
	put(to, arena, STR(META "pod_container_port_protocol"), port->protocol.n ? port->protocol : STR("TCP"));
}

void pod_meta_put_path(struct labels *to, struct arena *arena, const struct pod_meta_path *path)
{
	put(to, arena, STR(META "namespace"), path->namespace_);
	put(to, arena, STR(META "pod_name"), path->pod);
	put(to, arena, STR(META "pod_uid"), path->uid);
	put(to, arena, STR(META "pod_container_name"), path->container);
	put(to, arena, STR(META "pod_node_name"), path->node);
}

/* ---- who needs the object ---- */

static const struct str objects_alone[] = {
	STR(META "pod_ip"), STR(META "pod_host_ip"), STR(META "pod_phase"), STR(META "pod_ready"), STR(META "pod_container_image"),
	STR(META "pod_container_id"), STR(META "pod_container_init"), STR(META "pod_container_port_"), STR(META "pod_controller_"),
	STR(META "pod_label_"), STR(META "pod_labelpresent_"), STR(META "pod_annotation_"), STR(META "pod_annotationpresent_"),
};

bool pod_meta_needs_object(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(objects_alone); i++) {
		bool is_family = str_ends(objects_alone[i], STR("_"));
		if (is_family ? str_starts(name, objects_alone[i]) : str_eq(name, objects_alone[i]))
			return true;
	}
	return false;
}

bool pod_meta_needs_status(struct str name)
{
	static const struct str names[] = { STR(META "pod_ip"), STR(META "pod_host_ip"), STR(META "pod_phase"), STR(META "pod_ready"),
					    STR(META "pod_container_id"), STR("__address__") };
	for (size_t i = 0; i < COUNT_OF(names); i++)
		if (str_eq(name, names[i]))
			return true;
	return false;
}

static bool is_one_of(char c, struct str set)
{
	return str_find(set, c) < set.n;
}

/* What every match begins with: the letters in front of the first one with a meaning. One that may be repeated no times does not count. */
static struct str literal_head(struct str regex)
{
	size_t n = 0;
	for (size_t i = 0; i < regex.n; i++)
		if (regex.p[i] == '|')
			return (struct str){ 0 };
	while (n < regex.n && !is_one_of(regex.p[n], STR("\\.+*?()[]{}^$")))
		n++;
	return str_take(regex, n < regex.n && is_one_of(regex.p[n], STR("*?{")) && n ? n - 1 : n);
}

bool pod_meta_pattern_needs_object(struct str regex)
{
	struct str head = literal_head(regex);
	for (size_t i = 0; i < COUNT_OF(objects_alone); i++)
		if (str_starts(head, objects_alone[i]) || str_starts(objects_alone[i], head))
			return true;
	return false;
}
