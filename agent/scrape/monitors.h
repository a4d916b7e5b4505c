/* Jobs out of PodMonitor and ServiceMonitor objects: one for each endpoint that has targets among this node's pods, under the names and with the labels
 * that the Prometheus operator gives them (pkg/prometheus/promcfg.go).
 *
 *   PodMonitor      its selector takes pods; job NAMESPACE/NAME; labels namespace, pod, container, endpoint
 *   ServiceMonitor  its selector takes Services, whose selectors take pods; job the Service's name; labels service and the above
 *
 * A Service without a selector leads to pods that only its EndpointSlices name, which are not read: it has no targets here. */
#ifndef AGENT_SCRAPE_MONITORS_H
#define AGENT_SCRAPE_MONITORS_H

#include "agent/kubernetes/object_table.h"
#include "agent/scrape/discovery.h"
#include "parsers/kubernetes/monitor.h"
#include "parsers/kubernetes/podlist.h"

enum { MONITORED_JOBS_MAX = 500, MONITORED_TARGETS_MAX = 2000 /* of one job */, MONITORED_KEY_ROOM = 640 };

struct monitor_tables { /* NULL: not asked for */
	const struct object_table *pod_monitors, *service_monitors, *services;
};
struct monitored { /* what a job of an endpoint is made from; owns what it shows */
	struct arena arena;
	char key[MONITORED_KEY_ROOM];         /* "podMonitor/shop/cart/0" */
	uint64_t hash;                        /* of everything but the targets */
	struct config_metric_scrape config;
	struct monitor_rules relabelings, metric_relabelings;
	char problem[256];                    /* not "": it is not asked, and why */
};
struct monitored_found {
	char key[MONITORED_KEY_ROOM];
	uint64_t hash;
	struct discovered_set targets;        /* to be taken over, or reset */
	const struct object *object;
	size_t endpoint;
	bool is_service;
};
/* fn for each endpoint with targets, at most MONITORED_JOBS_MAX; returns how many endpoints were beyond. */
size_t monitors_each(const struct monitor_tables *tables, const struct podlist *pods, const struct config *config,
		     void (*fn)(void *ctx, struct monitored_found *found), void *ctx);
/* Never NULL. Free it with monitored_free. */
struct monitored *monitored_new(const struct monitored_found *found, const struct config *config);
void monitored_free(struct monitored *m); /* NULL is fine */

#endif
