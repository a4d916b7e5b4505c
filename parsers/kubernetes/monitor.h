/* PodMonitor and ServiceMonitor objects, and Services, out of their spec. prometheus-operator:
 * pkg/apis/monitoring/v1/{podmonitor,servicemonitor}_types.go. What an endpoint needs and does not get here is a problem of that endpoint, which then
 * is not asked: credentials and certificates out of Secrets, ConfigMaps or files, and proxies. Anyone who may make such an object writes it, so
 * everything has an end. Views into the object's JSON or the arena. */
#ifndef PARSERS_KUBERNETES_MONITOR_H
#define PARSERS_KUBERNETES_MONITOR_H

#include "parsers/kubernetes/label_selector.h"
#include "parsers/kubernetes/objects.h"
#include "parsers/relabel.h"

enum { MONITOR_ENDPOINTS_MAX = 32, MONITOR_RULES_MAX = 64, MONITOR_NAMES_MAX = 64, MONITOR_TEXT_MAX = 1024 };
enum { MONITOR_INTERVAL_LEAST_MS = 1000, MONITOR_INTERVAL_MOST_MS = 24 * 3600 * 1000 };

struct monitor_names { struct str *at; size_t count; };
struct monitor_rules { struct relabel_options *at; size_t count; };
struct monitor_endpoint {
	struct str port, path, scheme;       /* port: its name; empty: not said. path and scheme: empty: as usual */
	struct str target_port;              /* the same of the container's port */
	uint64_t port_number;                /* of the container; 0: not said */
	struct label *params; size_t param_count; /* a row for each value, names repeat */
	int64_t interval_ms, timeout_ms;     /* 0: not said */
	bool honor_labels, ignores_timestamps, tracks_staleness, takes_ended_pods;
	bool insecure_skip_verify;
	struct str server_name;
	struct monitor_rules relabelings, metric_relabelings;
	const char *problem;                 /* not NULL: it is not asked, and why */
};
struct monitor {
	struct str namespace_, name;
	struct label_selector selector;      /* of pods, or of services */
	bool in_any_namespace;
	struct monitor_names namespaces;     /* none, and not any: its own */
	struct str job_label;
	struct monitor_names pod_labels, service_labels; /* those that targets get */
	uint64_t sample_limit, label_limit, label_name_limit, label_value_limit; /* 0: not said */
	struct monitor_endpoint *endpoints; size_t endpoint_count;
	uint64_t left_out;                   /* endpoints beyond the last one that is read */
};
/* false with *why (static sentence): nothing can be made of it. */
bool monitor_read(const struct object *o, struct monitor *out, struct arena *arena, const char **why);
bool monitor_is_for(const struct monitor *m, struct str namespace_);

struct service_port { struct str name, target; uint64_t number, target_number; };
struct service {
	struct str namespace_, name;
	struct label *labels; size_t label_count;
	struct label_selector selector;      /* of pods; without rules: somebody else says where it leads */
	struct service_port *ports; size_t port_count;
};
bool service_read(const struct object *o, struct service *out, struct arena *arena, const char **why);

#endif
