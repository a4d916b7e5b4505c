/* A pod object that several hold, on several threads: never changed, freed by the last one. */
#ifndef AGENT_KUBERNETES_POD_BLOCK_H
#define AGENT_KUBERNETES_POD_BLOCK_H

#include <stdatomic.h>

#include "parsers/kubernetes/podlist.h"

struct pod_block {
	atomic_uint holders;
	size_t bytes;     /* of the block */
	uint64_t hash;    /* pod_hash */
	struct pod pod;   /* what it points to lies behind it */
};

/* Held once. NULL: it would be larger than most_bytes. */
struct pod_block *pod_block_new(const struct pod *pod, size_t most_bytes);
struct pod_block *pod_block_hold(struct pod_block *b);
void pod_block_let_go(struct pod_block *b); /* NULL is fine */

#endif
