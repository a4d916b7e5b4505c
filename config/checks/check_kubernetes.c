/* Rules of `kubernetes`: addresses that are some, and a file that does not ask for two things. */
#include "config/checks/check.h"

#include "config/address.h"
#include "parsers/kubernetes/pod_wishes.h"

static void check_address(struct loader *r, const struct str *url, const char *example)
{
	const struct place *at = loader_field(r, url);
	struct address address;
	if (!at || !url->n)
		return;
	const char *why = address_parse(*url, "http|https", &address);
	if (why)
		loader_error(r, at, "not an address: %s", why);
	else if (address.has_user)
		loader_error(r, at, "expected an address without user and password: put a token into bearer_token_file");
	else if (str_find(address.path, '?') < address.path.n)
		loader_error(r, at, "expected an address such as %s", example);
}

static void check_annotations(struct loader *r, struct config_kubernetes *k)
{
	const struct place *at = loader_field(r, &k->pod_annotations);
	if (!at || at->node->kind == NODE_NULL) {
		k->pod_annotations.at = arena_alloc(&r->config->arena, sizeof *k->pod_annotations.at);
		k->pod_annotations.at[k->pod_annotations.count++] = STR("exclude");
	}
	for (size_t i = 0; i < k->pod_annotations.count; i++) {
		unsigned wish = pod_wish_of(k->pod_annotations.at[i]);
		if (!wish)
			loader_error(r, at, "\"%.*s\" is nothing that a pod could ask for: expected " POD_WISH_WORDS,
				     STR_ARG(str_take(k->pod_annotations.at[i], 64)));
		k->pod_wishes |= wish;
	}
}

static void check_monitors(struct loader *r, const struct config_monitors *m)
{
	const struct place *at = loader_field(r, &m->enabled);
	const struct str metadata = r->config->kubernetes.metadata;
	if (at && m->enabled && (str_eq(metadata, STR("kubelet")) || str_eq(metadata, STR("none"))))
		loader_warning(r, at, "finds no targets: kubernetes.metadata is %.*s, and these objects are asked of the API server", STR_ARG(metadata));
}

void check_kubernetes(struct loader *r)
{
	struct config_kubernetes *k = &r->config->kubernetes;
	check_http(r, &k->http, HTTP_OF_KUBERNETES);
	check_annotations(r, k);
	check_monitors(r, &r->config->metrics.pod_monitors);
	check_monitors(r, &r->config->metrics.service_monitors);
	check_address(r, &k->api_server, "https://10.96.0.1:443");
	check_address(r, &k->kubelet_url, "https://10.0.0.5:10250");
	const struct { const char *metadata; const struct str *field; const char *advice; } idle[] = {
		{ "api", &k->kubelet_url, "has no effect with metadata: api" },
		{ "kubelet", &k->api_server, "has no effect with metadata: kubelet" },
		{ "none", &k->api_server, "has no effect with metadata: none" },
		{ "none", &k->kubelet_url, "has no effect with metadata: none" },
	};
	for (size_t i = 0; i < COUNT_OF(idle); i++) {
		const struct place *at = loader_field(r, idle[i].field);
		if (at && idle[i].field->n && str_eq(k->metadata, str_of(idle[i].metadata)))
			loader_warning(r, at, "%s", idle[i].advice);
	}
}
