/* Targets among the pods of this node. What annotations say is said by anyone who may make a pod: it can choose a port, a path and a
 * scheme of the pod itself, and no other address.
 *
 * A job with relabel_configs gets every container port with Prometheus' __meta_kubernetes_pod_… labels and decides itself. A job without
 * gets what is annotated: prometheus.io/scrape "true", port, path, scheme, param_NAME; labels namespace, pod, container, node. */
#ifndef AGENT_SCRAPE_POD_SD_H
#define AGENT_SCRAPE_POD_SD_H

#include "agent/scrape/discovery.h"
#include "parsers/kubernetes/podlist.h"

struct pod_sd_options {
	bool by_annotation;
	bool allow_host_network; /* pods whose address is the node's own: its other services would be in reach */
};
void pod_sd_list(const struct podlist *pods, const struct pod_sd_options *options, struct discovered_set *out);

/* One target of a pod with the labels that Prometheus has for it; port: a number. */
struct discovered *pod_sd_add(struct discovered_set *set, const struct pod *pod, const struct pod_container *c, struct str port);
/* Nobody is to be asked there: it has ended (unless takes_ended), has no address that a pod has, or the node's own. */
bool pod_sd_is_left_out(const struct pod *pod, bool takes_ended, bool allow_host_network);
/* The container that a port of the pod belongs to; the only one when none declares it; else one without a name. */
const struct pod_container *pod_sd_container_with(const struct pod *pod, uint64_t port);
/* An address that no pod has: loopback, link-local, multicast, unspecified, the metadata services of clouds. */
bool pod_sd_is_forbidden(struct str ip);
/* The host of "1.2.3.4:80", "[fd00::1]:80", "1.2.3.4" or "fd00::1"; *port is empty when there is none. */
struct str pod_sd_host(struct str address, struct str *port);
/* "1.2.3.4:80" or "[fd00::1]:80" */
struct str pod_sd_join(struct arena *arena, struct str ip, struct str port);

#endif
