/* Pod objects out of JSON: a PodList of the API server or the kubelet, one Pod, or a watch event around one. kubernetes:
 * staging/src/k8s.io/api/core/v1/types.go. Only what labels, discovery and kube_pod_* need. Views into the input or the arena:
 * both must live as long as the list. Texts are UTF-8. */
#ifndef PARSERS_KUBERNETES_PODLIST_H
#define PARSERS_KUBERNETES_PODLIST_H

#include "parsers/bytes/arena.h"
#include "parsers/labels.h"
#include "parsers/kubernetes/pod_quantity.h"

struct pod_port { struct str name, protocol; uint64_t number; };
struct pod_quantity { struct str resource; /* "cpu", "memory", "nvidia.com/gpu" */ double value; /* cores, bytes, pieces */ };
enum pod_container_state { POD_STATE_UNKNOWN, POD_STATE_WAITING, POD_STATE_RUNNING, POD_STATE_TERMINATED };
struct pod_container {
	struct str name, image;              /* of the spec */
	struct str restart_policy;           /* of an init container: "Always" makes it a sidecar */
	struct str status_image, image_id, id; /* of the status; id with its "containerd://" */
	struct pod_port *ports; size_t port_count;
	struct pod_quantity *requests, *limits; size_t request_count, limit_count; /* sorted by resource */
	enum pod_container_state state;
	struct str reason;                   /* of waiting or terminated */
	struct str last_terminated_reason;
	int64_t exit_code, last_exit_code, started_s, finished_s, last_finished_s; /* 0: not said */
	uint64_t restarts;
	bool is_init, is_ready, has_spec, has_status, has_last_terminated;
};
struct pod_owner { struct str kind, name; bool is_controller; };
struct pod_condition { struct str type, status, reason; int64_t since_s; };
/* Those with a claim only. The claim of an ephemeral one is called after the pod and the volume: left empty here. */
struct pod_volume { struct str name, claim; bool is_ephemeral, is_read_only; };
struct pod {
	struct str namespace_, name, uid, node, host_ip, ip, phase, reason, priority_class, service_account, scheduler, qos;
	struct str restart_policy, runtime_class;
	struct str *ips; size_t ip_count;
	struct label *labels, *annotations; size_t label_count, annotation_count; /* sorted by name, each name once */
	struct pod_owner *owners; size_t owner_count;
	struct pod_container *containers; size_t container_count; /* init containers are rows with is_init; order of the spec */
	struct pod_condition *conditions; size_t condition_count;
	struct pod_quantity *overhead; size_t overhead_count;
	struct pod_volume *volumes; size_t volume_count;
	int64_t created_s, started_s, deleted_s;
	bool host_network;
};
struct podlist {
	struct pod *at; size_t count;
	struct str resource_version, continue_;
	bool is_list;                        /* it says that it is one, and has items (or null for none) */
	struct str event;                    /* of a watch event: ADDED, MODIFIED, DELETED, BOOKMARK, ERROR */
	/* Of a Status object, which is what the API server answers instead of pods, alone or in an ERROR event. 0: it is none. */
	int64_t status_code;
	struct str status_reason, status_message;
};

enum { PODLIST_DEPTH_MAX = 64, PODLIST_PODS_MAX = 2000, PODLIST_CONTAINERS_MAX = 256 /* of one pod; the rest is left out */ };
/* false with *why (static sentence): not JSON, too deep, too many. Objects that are no pods, or have no name, are skipped; a
 * field of the wrong type is as if it were absent. Of a watch event the bookmark's resource version is kept. */
bool podlist_parse(struct str json, struct podlist *out, struct arena *arena, const char **why);

/* The value of an annotation, empty when there is none. */
static inline struct str pod_annotation(const struct pod *pod, struct str name)
{
	for (size_t i = 0; i < pod->annotation_count; i++)
		if (str_eq(pod->annotations[i].name, name))
			return pod->annotations[i].value;
	return (struct str){ 0 };
}

#endif
