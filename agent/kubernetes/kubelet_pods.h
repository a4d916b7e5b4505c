/* This node's pods from its kubelet, which has no watch: the whole list every now and then, and soon after somebody wants to know of a
 * pod that is not on it. Static pods are on it under the UID that their log folders have. kubernetes: pkg/kubelet/server (/pods). */
#ifndef AGENT_KUBERNETES_KUBELET_PODS_H
#define AGENT_KUBERNETES_KUBELET_PODS_H

#include "agent/kubernetes/node_pods.h"
#include "agent/kubernetes/pods_client.h"
#include "agent/kubernetes/pods_stats.h"

struct kubelet_pods;
struct kubelet_pods_options {
	struct pods_client *client;
	struct node_pods *pods;
	struct pods_stats *stats;
	int64_t interval_ms;
	struct loop *loop;
};
struct kubelet_pods *kubelet_pods_start(const struct kubelet_pods_options *options); /* asks at once */
void kubelet_pods_stop(struct kubelet_pods *k);
void kubelet_pods_retry(struct kubelet_pods *k); /* ask soon instead of later, unless it is asking */

#endif
