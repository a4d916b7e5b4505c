/* A pod with all that it points to in one block of memory; and what it says as one number. */
#ifndef PARSERS_KUBERNETES_POD_COPY_H
#define PARSERS_KUBERNETES_POD_COPY_H

#include "parsers/kubernetes/podlist.h"

/* Bytes that pod_copy needs at `room`. */
size_t pod_copy_bytes(const struct pod *pod);
/* Fills *out; everything that it points to lies in `room` (aligned as malloc does it) and lives as long as that. */
void pod_copy(const struct pod *pod, struct pod *out, void *room);
/* Equal for pods that say the same, in whatever memory they are. */
uint64_t pod_hash(const struct pod *pod);

#endif
