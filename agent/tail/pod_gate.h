/* What the annotations of a pod ask for its logs, as far as the administrator lets pods ask (kubernetes.pod_annotations): whether a container's
 * logs are read at all, and how (parsers/kubernetes/pod_wishes.h).
 *
 * While the object is asked for, logs are opened and held and not read; when nobody answers they are read, for a server that is away
 * holds up no log. Of a pod that asks for it later no more is read than its files hold at that moment; one that asks no more is read
 * on where it was. */
#ifndef AGENT_TAIL_POD_GATE_H
#define AGENT_TAIL_POD_GATE_H

#include "agent/tail/folder.h"
#include "parsers/kubernetes/pod_wishes.h"

struct tail;

void pod_gate_start(struct tail *t);
void pod_gate_stop(struct tail *t);
void pod_gate_make(struct folder *f);   /* a new folder of a pod: is it read? */
void pod_gate_forget(struct folder *f); /* the folder goes away */
/* What the container asks for now; nothing when its pod is not known. Views until the pod's next change. */
void pod_gate_wishes(const struct folder *f, struct pod_wishes *out);

#endif
