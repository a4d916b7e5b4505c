/* Where a server is named in the file, it gets what the file says and nothing else: the token of our service account goes to the API
 * server of our own cluster and to the kubelet of our own node. */
#include "agent/kubernetes/where.h"

#include "parsers/bytes/buf.h"

const char *const kubernetes_source_names[] = { "none", "api", "kubelet" };

static struct str without_slash(struct str url)
{
	while (url.n && url.p[url.n - 1] == '/')
		url.n--;
	return url;
}

/* "https://HOST:PORT", a host with colons in brackets. */
static struct str make_url(struct arena *arena, struct str host, struct str port)
{
	bool is_v6 = str_find(host, ':') < host.n;
	struct buf b;
	buf_init(&b, host.n + port.n + 16);
	buf_str(&b, is_v6 ? STR("https://[") : STR("https://"));
	buf_str(&b, host);
	buf_str(&b, is_v6 ? STR("]:") : STR(":"));
	buf_str(&b, port);
	struct str url = arena_copy(arena, buf_view(&b));
	buf_fini(&b);
	return url;
}

static bool has_credentials(const struct config_http *c)
{
	return c->basic_auth.username.n || c->basic_auth.username_file.n || c->authorization_credentials.n ||
	       c->authorization_credentials_file.n || c->bearer_token.n || c->bearer_token_file.n || c->oauth2.client_id.n;
}

static void add_service_account(struct config_http *c, const struct kubernetes_around *around)
{
	if (!has_credentials(c))
		c->bearer_token_file = around->token_file;
	if (!c->tls_config.ca_file.n && !c->tls_config.insecure_skip_verify)
		c->tls_config.ca_file = around->ca_file;
}

static void none(struct kubernetes_where *out, bool is_problem, const char *why)
{
	out->source = KUBERNETES_NONE;
	out->is_problem = is_problem;
	out->why = why;
}

static void ask_api(const struct config_kubernetes *c, const struct kubernetes_around *around, struct arena *arena, bool is_asked_for,
		    struct kubernetes_where *out)
{
	if (!c->api_server.n && (!around->service_host.n || !around->service_port.n)) {
		none(out, is_asked_for, is_asked_for ? "this process is in no pod: name the API server in kubernetes.api_server"
						     : "this process is in no pod, and the file names no API server");
		return;
	}
	if (!c->api_server.n && !has_credentials(&c->http) && !around->token_file.n) {
		none(out, is_asked_for, is_asked_for ? "the pod has no service account token: set automountServiceAccountToken: true, or "
						       "kubernetes.bearer_token_file"
						     : "the pod has no service account token");
		return;
	}
	if (!around->node_name.n) {
		none(out, true, "NODE_NAME is not set: pass it by fieldRef from spec.nodeName, so that only this node's pods are asked for");
		return;
	}
	out->source = KUBERNETES_API;
	out->url = c->api_server.n ? without_slash(c->api_server) : make_url(arena, around->service_host, around->service_port);
	if (!c->api_server.n)
		add_service_account(&out->http, around);
	out->why = c->api_server.n ? "kubernetes.api_server names it" : "the pod has a service account";
}

static void ask_kubelet(const struct config_kubernetes *c, const struct kubernetes_around *around, struct arena *arena,
			struct kubernetes_where *out)
{
	if (!c->kubelet_url.n && !around->host_ip.n) {
		none(out, true, "the kubelet's address is not known: set HOST_IP by fieldRef from status.hostIP, or kubernetes.kubelet_url");
		return;
	}
	out->source = KUBERNETES_KUBELET;
	out->url = c->kubelet_url.n ? without_slash(c->kubelet_url) : make_url(arena, around->host_ip, STR("10250"));
	add_service_account(&out->http, around);
	out->why = c->kubelet_url.n ? "kubernetes.kubelet_url names it" : "kubernetes.metadata asks for it";
}

void kubernetes_where(const struct config_kubernetes *c, const struct kubernetes_around *around, struct arena *arena,
		      struct kubernetes_where *out)
{
	*out = (struct kubernetes_where){ .http = c->http };
	bool is_auto = str_eq(c->metadata, STR("auto"));
	if (str_eq(c->metadata, STR("none")))
		none(out, false, "kubernetes.metadata is none");
	else if (str_eq(c->metadata, STR("kubelet")) || (is_auto && c->kubelet_url.n && !c->api_server.n))
		ask_kubelet(c, around, arena, out);
	else
		ask_api(c, around, arena, !is_auto || c->api_server.n, out);
}
