/* The agent's link to Kubernetes: chooses whom to ask for this node's pods, has them asked, and hands them on.
 *
 *   kubernetes    the choice, one table, one status
 *   where         configuration and surroundings -> address and credentials (pure)
 *   pods_client   requests, what answers mean, waiting, complaining
 *   api_pods      list and watch at the API server
 *   kubelet_pods  polls the kubelet
 *   api_objects   list and watch of other kinds: monitors and Services; object_table: their texts
 *   node_pods     the table of pods by UID; pod_block: a pod in one piece
 *   pod_shelf     the same for other threads
 *
 * Nothing waits for it but what asks node_pods_ask. Without it, pods are known by the paths of their logs. */
#ifndef AGENT_KUBERNETES_KUBERNETES_H
#define AGENT_KUBERNETES_KUBERNETES_H

#include "agent/kubernetes/api_objects.h"
#include "agent/kubernetes/node_pods.h"
#include "agent/kubernetes/pod_shelf.h"
#include "agent/kubernetes/pods_client.h"
#include "agent/kubernetes/pods_stats.h"

struct kubernetes_options {
	const struct config *config;     /* lives as long as it */
	const char *service_account;     /* folder with token and ca.crt; need not be there */
	struct loop *loop;
	struct pod_shelf *shelf;         /* NULL: none; gets every new list */
	/* All pods, in the order of namespace and name: when the first list is there, and then at most once a second; also when other kinds have
	 * changed. May be NULL. */
	void (*changed)(void *ctx, const struct podlist *pods);
	void *ctx;
};
struct kubernetes_status {
	enum kubernetes_source source;
	const char *url, *why, *error;   /* "" where there is none; why: one sentence on the choice */
	int64_t error_wall_ns;
	struct node_pods_status pods;
	struct pods_stats stats;
	uint64_t requests[PODS_CODES];
};

enum kubernetes_kind { KUBERNETES_POD_MONITORS, KUBERNETES_SERVICE_MONITORS, KUBERNETES_SERVICES, KUBERNETES_KINDS };
extern const char *const kubernetes_kind_names[KUBERNETES_KINDS]; /* "PodMonitors" */

struct kubernetes;
struct kubernetes *kubernetes_start(const struct kubernetes_options *options);
void kubernetes_stop(struct kubernetes *k); /* NULL is fine */
struct node_pods *kubernetes_pods(struct kubernetes *k); /* lives as long as k, also when nobody is asked */
/* NULL: this kind is not asked for. */
const struct object_table *kubernetes_objects(const struct kubernetes *k, enum kubernetes_kind kind);
bool kubernetes_objects_status(const struct kubernetes *k, enum kubernetes_kind kind, struct api_objects_status *out);
void kubernetes_status(const struct kubernetes *k, struct kubernetes_status *out); /* views until the next turn */

#endif
