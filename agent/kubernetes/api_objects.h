/* Objects of one kind from the API server, of all namespaces: a list, then a watch that goes on where it ended, as agent/kubernetes/api_pods.h does it for
 * pods. A kind that the server does not know (404: its CRD is not installed) is no error: there are none, and it is asked again once in a while. */
#ifndef AGENT_KUBERNETES_API_OBJECTS_H
#define AGENT_KUBERNETES_API_OBJECTS_H

#include "agent/kubernetes/object_table.h"
#include "agent/kubernetes/pods_client.h"
#include "parsers/kubernetes/event_lines.h"

struct api_objects_options {
	const struct kubernetes_where *where; /* the API server */
	const char *path;                     /* "/apis/monitoring.coreos.com/v1/podmonitors" */
	const char *kind, *right;             /* for messages: "PodMonitors", and the rule that a ClusterRole needs */
	struct loop *loop;
	void (*changed)(void *ctx);           /* the table is another one now */
	void *ctx;
};
struct api_objects_status { const char *error; uint64_t objects, skipped, lists, watches, events; bool is_known; /* the server has the kind */ };

struct api_objects;
struct api_objects *api_objects_start(const struct api_objects_options *options); /* NULL: the address cannot be one, which is told */
void api_objects_stop(struct api_objects *a); /* NULL is fine */
const struct object_table *api_objects_table(const struct api_objects *a);
void api_objects_status(const struct api_objects *a, struct api_objects_status *out);

#endif
