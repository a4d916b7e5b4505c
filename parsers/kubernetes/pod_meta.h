/* What discovery says of a pod and its containers: the labels __meta_kubernetes_…, as Prometheus and Promtail have them.
 * prometheus: discovery/kubernetes/pod.go, podLabels and buildPod. */
#ifndef PARSERS_KUBERNETES_POD_META_H
#define PARSERS_KUBERNETES_POD_META_H

#include "parsers/kubernetes/podlist.h"

/* Those of the pod and of one container. Names and values are copied into `arena`; an empty value is no label. */
void pod_meta_put(struct labels *to, struct arena *arena, const struct pod *pod, const struct pod_container *c);
/* Those of one port of it. */
void pod_meta_put_port(struct labels *to, struct arena *arena, const struct pod_port *port);

struct pod_meta_path { struct str namespace_, pod, uid, container, node; };
/* The few that the path of a log folder and the own node's name tell. */
void pod_meta_put_path(struct labels *to, struct arena *arena, const struct pod_meta_path *path);
/* Is it a name that only a pod object can give, or the beginning of such names? ("__meta_kubernetes_pod_label_") */
bool pod_meta_needs_object(struct str name);
/* Of these, those that the kubelet reports a little later than the rest. */
bool pod_meta_needs_status(struct str name);
/* The same of a pattern of names: may it match such a name? Errs on the side of yes. */
bool pod_meta_pattern_needs_object(struct str regex);

#endif
