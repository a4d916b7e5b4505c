/* Whom to ask for pods: what the configuration says, completed by what a pod finds around itself. Pure. */
#ifndef AGENT_KUBERNETES_WHERE_H
#define AGENT_KUBERNETES_WHERE_H

#include "config/config.h"

enum kubernetes_source { KUBERNETES_NONE, KUBERNETES_API, KUBERNETES_KUBELET };
extern const char *const kubernetes_source_names[]; /* "none", "api", "kubelet" */

struct kubernetes_around { /* of the process; empty: not there */
	struct str service_host, service_port; /* KUBERNETES_SERVICE_HOST, KUBERNETES_SERVICE_PORT */
	struct str host_ip;                    /* HOST_IP, from status.hostIP */
	struct str node_name;                  /* NODE_NAME, from spec.nodeName */
	struct str token_file, ca_file;        /* of the service account, when they are there */
};
struct kubernetes_where {
	enum kubernetes_source source;
	struct str url;           /* without a slash at its end */
	struct config_http http;  /* the configuration's; the service account's files where that says nothing */
	const char *why;          /* one sentence on how it came to this */
	bool is_problem;          /* it was asked for and cannot be: `why` says what to do */
};

/* Views into all three and into the arena. */
void kubernetes_where(const struct config_kubernetes *c, const struct kubernetes_around *around, struct arena *arena,
		      struct kubernetes_where *out);

#endif
