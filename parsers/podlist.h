/* Pod objects out of JSON: a PodList of the API server or the kubelet, or one Pod (of a watch event).
 * kubernetes: staging/src/k8s.io/api/core/v1/types.go. Only what labels, discovery and kube_pod_* need. Views into the arena. */
#ifndef PARSERS_PODLIST_H
#define PARSERS_PODLIST_H

#include "parsers/bytes/arena.h"
#include "parsers/labels.h"

struct pod_port { struct str name, protocol; uint64_t number; };
struct pod_quantity { struct str resource; /* "cpu", "memory", "nvidia.com/gpu" */ double value; /* cores, bytes, pieces */ };
enum pod_container_state { POD_STATE_UNKNOWN, POD_STATE_WAITING, POD_STATE_RUNNING, POD_STATE_TERMINATED };
struct pod_container {
	struct str name, image;              /* of the spec */
	struct str status_image, image_id, id; /* of the status; id with its "containerd://" */
	struct pod_port *ports; size_t port_count;
	struct pod_quantity *requests, *limits; size_t request_count, limit_count;
	enum pod_container_state state;
	struct str reason;                   /* of waiting or terminated */
	struct str last_terminated_reason;
	int64_t exit_code, last_exit_code, started_s, finished_s; /* 0: not said */
	uint64_t restarts;
	bool is_init, is_ready, has_status;
};
struct pod_owner { struct str kind, name; bool is_controller; };
struct pod_condition { struct str type, status; int64_t since_s; };
struct pod {
	struct str namespace_, name, uid, node, host_ip, ip, phase, reason, priority_class, service_account, scheduler, qos, restart_policy;
	struct label *labels, *annotations; size_t label_count, annotation_count; /* sorted by name */
	struct pod_owner *owners; size_t owner_count;
	struct pod_container *containers; size_t container_count; /* init containers are rows with is_init */
	struct pod_condition *conditions; size_t condition_count;
	int64_t created_s, started_s, deleted_s;
	bool host_network;
};
struct podlist { struct pod *at; size_t count; struct str resource_version, continue_; };

enum { PODLIST_DEPTH_MAX = 64, PODLIST_PODS_MAX = 2000 };
/* false with *why (static sentence): not JSON, too deep, too many. Objects that are no pods are skipped; a field of the wrong type is as if
 * it were absent. */
bool podlist_parse(struct str json, struct podlist *out, struct arena *arena, const char **why);
/* "250m", "1.5", "128Mi", "1e3", "12E" -> number. false: not a quantity. */
bool pod_quantity_parse(struct str s, double *out);

#endif
