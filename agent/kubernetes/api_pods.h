/* This node's pods from the API server: one list, then one watch that goes on where it ended, over and over. A list again only when the
 * server says that it has forgotten where we were, or when it sent what could not be read.
 *
 *   LIST  ──────────> WATCH ──(its time is over, the connection breaks)──> WATCH from the last resource version
 *    ^                  │
 *    └──── 410, junk ───┘         every failure waits longer than the one before, with jitter
 *
 * kubernetes: API concepts, "Efficient detection of changes". */
#ifndef AGENT_KUBERNETES_API_PODS_H
#define AGENT_KUBERNETES_API_PODS_H

#include "agent/kubernetes/node_pods.h"
#include "agent/kubernetes/pods_client.h"
#include "agent/kubernetes/pods_stats.h"

struct api_pods;
struct api_pods_options {
	struct pods_client *client;
	struct node_pods *pods;
	struct pods_stats *stats;
	struct str node_name;  /* lives as long as it */
	struct loop *loop;
};
struct api_pods *api_pods_start(const struct api_pods_options *options); /* asks at once */
void api_pods_stop(struct api_pods *a);
void api_pods_retry(struct api_pods *a); /* ask now instead of later, unless it is asking */

#endif
