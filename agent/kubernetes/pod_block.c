/* One allocation for a pod: what an object needs is known before it is copied. */
#include "agent/kubernetes/pod_block.h"

#include <stdalign.h>
#include <stdlib.h>

#include "parsers/kubernetes/pod_copy.h"

struct pod_block *pod_block_new(const struct pod *pod, size_t most_bytes)
{
	size_t step = alignof(max_align_t), head = (sizeof(struct pod_block) + step - 1) / step * step;
	size_t more = pod_copy_bytes(pod);
	if (more > most_bytes || head + more > most_bytes)
		return NULL;
	struct pod_block *b = malloc(head + more);
	if (!b)
		abort();
	atomic_init(&b->holders, 1);
	b->bytes = head + more;
	b->hash = pod_hash(pod);
	pod_copy(pod, &b->pod, (char *)b + head);
	return b;
}

struct pod_block *pod_block_hold(struct pod_block *b)
{
	atomic_fetch_add_explicit(&b->holders, 1, memory_order_relaxed);
	return b;
}

void pod_block_let_go(struct pod_block *b)
{
	if (b && atomic_fetch_sub_explicit(&b->holders, 1, memory_order_acq_rel) == 1)
		free(b);
}
