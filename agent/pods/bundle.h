/* What a runtime noted about a container when it made it: annotations of the OCI config.json in its state directory. Pure.
 * containerd: internal/cri/annotations; CRI-O: pkg/annotations; kubernetes: pkg/kubelet/types/labels.go */
#ifndef AGENT_PODS_BUNDLE_H
#define AGENT_PODS_BUNDLE_H

#include "parsers/bytes/arena.h"

struct bundle { /* empty: not said; UTF-8 */
	struct str namespace_, pod, uid, container, image;
	struct str name;  /* CRI-O's name of the container; containerd has none but the id */
	bool is_sandbox;
};
/* false: not JSON, or an annotation of neither runtime is in it. Views into the input or the arena. */
bool bundle_parse(struct str json, struct bundle *out, struct arena *arena);

#endif
