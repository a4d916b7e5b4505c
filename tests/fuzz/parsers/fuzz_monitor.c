/* Any bytes as a list, an event, and as the spec of a monitor or Service: everything stays within its bounds, and what is refused says why. */
#include <assert.h>
#include <stdint.h>

#include "parsers/kubernetes/monitor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_monitor(const struct object *o, struct arena *arena)
{
	static const struct label labels[] = { { STR("app"), STR("cart") } };
	struct monitor m;
	struct service s;
	const char *why = NULL;
	bool is_good = monitor_read(o, &m, arena, &why);
	assert(is_good == (why == NULL));
	assert(m.endpoint_count <= MONITOR_ENDPOINTS_MAX && m.selector.count <= LABEL_SELECTOR_RULES_MAX && m.namespaces.count <= MONITOR_NAMES_MAX);
	label_selector_takes(&m.selector, labels, 1);
	monitor_is_for(&m, STR("shop"));
	for (size_t i = 0; i < m.endpoint_count; i++) {
		const struct monitor_endpoint *e = &m.endpoints[i];
		assert(e->relabelings.count <= MONITOR_RULES_MAX && e->metric_relabelings.count <= MONITOR_RULES_MAX && e->param_count <= MONITOR_NAMES_MAX);
		assert(e->port_number <= 65535 && (!e->interval_ms || e->interval_ms >= MONITOR_INTERVAL_LEAST_MS));
		assert(!e->path.n || e->path.p[0] == '/' || e->problem);
	}
	why = NULL;
	assert(service_read(o, &s, arena, &why) == (why == NULL));
	assert(s.port_count <= MONITOR_NAMES_MAX && s.label_count <= LABEL_SELECTOR_RULES_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct objects list;
	const char *why = NULL;
	struct str text = { (const char *)data, size };
	bool is_json = objects_parse(text, &list, &arena, &why);
	assert(is_json || why);
	assert(list.count <= OBJECTS_MAX);
	for (size_t i = 0; i < list.count; i++) {
		assert(list.at[i].name.n);
		check_monitor(&list.at[i], &arena);
	}
	check_monitor(&(struct object){ STR("shop"), STR("cart"), { 0 }, text }, &arena);
	arena_fini(&arena);
	return 0;
}
