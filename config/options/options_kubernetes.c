/* Rows of `kubernetes`: where the objects of this node's pods come from. The keys of its server are those of Prometheus' discovery. */
#include "config/options/options_rows.h"

#define KUBERNETES(field) TOP(kubernetes.field)
#undef HTTP
#define HTTP(type, field) TOP(kubernetes.http.field)

const struct option options_kubernetes[] = {
	SECTION("kubernetes", "Objects of this node's pods: labels, annotations, owners, states. Without them pods are known by the paths of their logs."),
	VALUE("kubernetes.metadata", CHOICE, KUBERNETES(metadata), "auto", "auto|api|kubelet|none",
	      "`api`: list and watch this node's pods at the API server; needs the right to list and watch pods, and NODE_NAME from "
	      "spec.nodeName. `kubelet`: ask this node's kubelet; needs the right to get nodes/pods, and HOST_IP from status.hostIP or "
	      "kubelet_url. `none`: ask nobody. `auto`: api in a pod that has a service account token, or when api_server is set; kubelet "
	      "when only kubelet_url is set; else none."),
	VALUE("kubernetes.api_server", STR, KUBERNETES(api_server), "", "",
	      "Address of the API server, `https://host:6443`, with credentials from this section only. Empty: the cluster's own, with the "
	      "service account's token and certificate authority."),
	VALUE("kubernetes.kubelet_url", STR, KUBERNETES(kubelet_url), "", "",
	      "Address of the kubelet, `https://10.0.0.5:10250`. Empty: port 10250 at HOST_IP. What the kubelet shows is often signed by "
	      "itself: then tls_config needs its authority or insecure_skip_verify."),
	VALUE("kubernetes.poll_interval", DURATION, KUBERNETES(poll_interval_ms), "10s", "1s..10m",
	      "How often the kubelet is asked; sooner when a pod appears that is not known."),
	VALUE("kubernetes.metadata_wait", DURATION, KUBERNETES(metadata_wait_ms), "10s", "0s..5m",
	      "Longest time that something may wait for the object of a new pod; then it goes on with what the path says."),
	VALUE("kubernetes.pod_annotations", STRINGS, KUBERNETES(pod_annotations), "", "",
	      "What pods may ask for their own logs, by annotations: `exclude`, `stack_traces`, `parser`, `rate`, `trace_key`. Left out: `[exclude]`; "
	      "`[]`: nothing."),
	VALUE("kubernetes.bearer_token_file", STR, HTTP(, bearer_token_file), "", "",
	      "File that holds the token; read again when it changes. Empty: the service account's."),
	VALUE("kubernetes.proxy_url", STR, HTTP(, proxy_url), "", "", "HTTP proxy on the way."),
	REFUSED("kubernetes.kubeconfig_file", "is not read: write what it says into api_server, bearer_token_file and tls_config"),
	SECTION("kubernetes.tls_config", "TLS. Files are read again when they change."),
	TLS("kubernetes.tls_config", , tls_config),
};
const size_t options_kubernetes_count = COUNT_OF(options_kubernetes);
