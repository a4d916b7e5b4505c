/* The pods of the node as blocks, for whoever keeps them longer than until their next change (pod_shelf.h). */
#ifndef AGENT_KUBERNETES_NODE_PODS_BLOCKS_H
#define AGENT_KUBERNETES_NODE_PODS_BLOCKS_H

#include "agent/kubernetes/node_pods.h"
#include "agent/kubernetes/pod_block.h"

/* Those that are there, each held once more, into out, which has room for as many as node_pods_status says. How many. */
size_t node_pods_blocks(const struct node_pods *n, struct pod_block **out);

#endif
