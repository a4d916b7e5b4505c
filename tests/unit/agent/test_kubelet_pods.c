/* Polling a kubelet, and the choice of whom to ask at all. */

#include "tests/unit/agent/kube_rig.h"

/* ---- whom to ask ---- */

#define TOKEN "/sa/token"
#define CA "/sa/ca.crt"
static const struct kubernetes_around nowhere = { 0 }, pod = { STR("10.96.0.1"), STR("443"), STR("10.0.0.5"), STR("n1"), STR(TOKEN), STR(CA) },
			      pod6 = { STR("fd00::1"), STR("6443"), STR("fd00::5"), STR("n1"), STR(TOKEN), STR(CA) },
			      no_token = { STR("10.96.0.1"), STR("443"), STR(""), STR("n1"), STR(""), STR("") },
			      no_name = { STR("10.96.0.1"), STR("443"), STR("10.0.0.5"), STR(""), STR(TOKEN), STR(CA) },
			      on_host = { STR(""), STR(""), STR("10.0.0.5"), STR("n1"), STR(""), STR("") };

static const struct choice {
	const char *name, *metadata, *api_server, *kubelet_url;
	const struct kubernetes_around *around;
	enum kubernetes_source want;
	const char *url, *token, *ca;
	bool is_problem;
} choices[] = {
	{ "auto on a host", "auto", "", "", &nowhere, KUBERNETES_NONE, "", "", "", false },
	{ "auto in a pod", "auto", "", "", &pod, KUBERNETES_API, "https://10.96.0.1:443", TOKEN, CA, false },
	{ "auto in a pod, IPv6", "auto", "", "", &pod6, KUBERNETES_API, "https://[fd00::1]:6443", TOKEN, CA, false },
	{ "auto in a pod without a token", "auto", "", "", &no_token, KUBERNETES_NONE, "", "", "", false },
	{ "auto in a pod that does not know its node", "auto", "", "", &no_name, KUBERNETES_NONE, "", "", "", true },
	{ "auto with a server: the pod's token is not for it", "auto", "https://k:6443/", "", &pod, KUBERNETES_API, "https://k:6443", "", "", false },
	{ "auto with a kubelet", "auto", "", "https://10.0.0.9:10250", &pod, KUBERNETES_KUBELET, "https://10.0.0.9:10250", TOKEN, CA, false },
	{ "auto with both", "auto", "https://k", "https://l", &pod, KUBERNETES_API, "https://k", "", "", false },
	{ "api on a host", "api", "", "", &on_host, KUBERNETES_NONE, "", "", "", true },
	{ "api in a pod without a token", "api", "", "", &no_token, KUBERNETES_NONE, "", "", "", true },
	{ "api in a pod", "api", "", "", &pod, KUBERNETES_API, "https://10.96.0.1:443", TOKEN, CA, false },
	{ "api with a server on a host", "api", "https://k", "", &on_host, KUBERNETES_API, "https://k", "", "", false },
	{ "kubelet in a pod", "kubelet", "", "", &pod, KUBERNETES_KUBELET, "https://10.0.0.5:10250", TOKEN, CA, false },
	{ "kubelet in a pod, IPv6", "kubelet", "", "", &pod6, KUBERNETES_KUBELET, "https://[fd00::5]:10250", TOKEN, CA, false },
	{ "kubelet nowhere", "kubelet", "", "", &nowhere, KUBERNETES_NONE, "", "", "", true },
	{ "none in a pod", "none", "https://k", "", &pod, KUBERNETES_NONE, "", "", "", false },
};

START_TEST(whom_to_ask)
{
	const struct choice *c = &choices[_i];
	struct config_kubernetes config = { .metadata = str_of(c->metadata), .api_server = str_of(c->api_server), .kubelet_url = str_of(c->kubelet_url) };
	struct arena arena = { 0 };
	struct kubernetes_where got;
	kubernetes_where(&config, c->around, &arena, &got);
	ck_assert_msg(got.source == c->want && got.is_problem == c->is_problem && got.why[0], "%s: got %d, \"%s\"", c->name, got.source, got.why);
	ck_assert_msg(str_eq(got.url, str_of(c->url)), "%s: %.*s", c->name, STR_ARG(got.url));
	if (got.source != KUBERNETES_NONE) {
		ck_assert_msg(str_eq(got.http.bearer_token_file, str_of(c->token)), "%s: token", c->name);
		ck_assert_msg(str_eq(got.http.tls_config.ca_file, str_of(c->ca)), "%s: authority", c->name);
	}
	arena_fini(&arena);
}
END_TEST

START_TEST(what_is_configured_is_kept)
{
	struct config_kubernetes config = { .metadata = STR("auto"),
		.http = { .bearer_token_file = STR("/own/token"), .tls_config = { .insecure_skip_verify = true } } };
	struct arena arena = { 0 };
	struct kubernetes_where got;
	kubernetes_where(&config, &pod, &arena, &got);
	ck_assert(str_eq(got.http.bearer_token_file, STR("/own/token")) && got.http.tls_config.ca_file.n == 0);
	arena_fini(&arena);
}
END_TEST

/* ---- polling ---- */

#undef LIST
#define LIST(items) "{\"kind\":\"PodList\",\"apiVersion\":\"v1\",\"metadata\":{},\"items\":[" items "]}"

static void open_kubelet(struct kube_rig *r, const struct step *steps, size_t count)
{
	rig_open(r, steps, count);
	r->config.kubernetes.kubelet_url = r->config.kubernetes.api_server;
	r->config.kubernetes.api_server = (struct str){ 0 };
}

static bool has_asked_all(struct kube_rig *r)
{
	return r->wrong[0] || (size_t)r->server.requests > r->step_count;
}

START_TEST(lists_over_and_over)
{
	struct kube_rig r;
	struct kubernetes_status s;
	const struct step steps[] = {
		{ "GET /pods HTTP", 200, LIST(POD("a", "Running", "1") "," POD("b", "Running", "2")), WHOLE, 0 },
		{ "GET /pods HTTP", 200, LIST(POD("a", "Running", "1") "," POD("b", "Running", "2")), WHOLE, 0 },
		{ "GET /pods HTTP", 200, LIST(POD("b", "Failed", "2")), WHOLE, 0 },
	};
	open_kubelet(&r, steps, COUNT_OF(steps));
	rig_start(&r);
	ck_assert(rig_run(&r, has_asked_all));
	ck_assert_str_eq(r.wrong, "");
	ck_assert(str_eq(buf_view(&r.told), STR("+a=Running +b=Running ~b=Failed -a=Running ")));
	kubernetes_status(r.kubernetes, &s);
	ck_assert(s.source == KUBERNETES_KUBELET && s.pods.state == NODE_PODS_COMPLETE && s.stats.synced_wall_ns > 0 && s.error[0] == '\0');
	rig_close(&r);
}
END_TEST

static const struct trouble { const char *name; struct step step; enum node_pods_state state; const char *error; } troubles[] = {
	{ "no right", { NULL, 403, "Forbidden (user=x, verb=get, resource=nodes, subresource=proxy)\n", WHOLE, 0 }, NODE_PODS_OFF, "nodes/pods" },
	{ "junk", { NULL, 200, "hello", WHOLE, 0 }, NODE_PODS_AWAY, "cannot be read" },
	{ "somebody else's list", { NULL, 200, "{\"items\":[]}", WHOLE, 0 }, NODE_PODS_AWAY, "no PodList" },
	{ "no token", { NULL, 401, "Unauthorized", WHOLE, 0 }, NODE_PODS_AWAY, "401" },
	{ "in trouble", { NULL, 500, "x", WHOLE, 0 }, NODE_PODS_AWAY, "500" },
};

static bool has_error(struct kube_rig *r)
{
	struct kubernetes_status s;
	kubernetes_status(r->kubernetes, &s);
	return s.error[0] != '\0';
}

static bool has_recovered(struct kube_rig *r)
{
	struct kubernetes_status s;
	kubernetes_status(r->kubernetes, &s);
	return s.error[0] == '\0' && s.pods.pods == 1;
}

START_TEST(trouble)
{
	struct kube_rig r;
	struct kubernetes_status s;
	const struct trouble *t = &troubles[_i];
	const struct step steps[] = { t->step, { NULL, 200, LIST(POD("a", "Running", "1")), WHOLE, 0 } };
	open_kubelet(&r, steps, COUNT_OF(steps));
	rig_start(&r);
	ck_assert_msg(rig_run(&r, has_error), "%s", t->name);
	kubernetes_status(r.kubernetes, &s);
	ck_assert_msg(s.pods.state == t->state && strstr(s.error, t->error), "%s: state %d, \"%s\"", t->name, s.pods.state, s.error);
	ck_assert_msg(rig_run(&r, has_recovered), "%s: does not recover", t->name);
	rig_close(&r);
}
END_TEST

static bool has_asked_twice(struct kube_rig *r)
{
	return r->server.requests >= 2;
}

START_TEST(an_unknown_pod_is_asked_for_soon)
{
	struct kube_rig r;
	const struct step steps[] = { { NULL, 200, LIST(POD("a", "Running", "1")), WHOLE, 0 } };
	open_kubelet(&r, steps, COUNT_OF(steps));
	r.config.kubernetes.poll_interval_ms = 3600000;
	rig_start(&r);
	ck_assert(rig_run(&r, has_recovered));
	node_pods_hold(kubernetes_pods(r.kubernetes), STR("b"));
	ck_assert(rig_run(&r, has_asked_twice));
	rig_close(&r);
}
END_TEST

/* ---- the shelf ---- */

START_TEST(a_list_is_read_while_the_next_one_comes)
{
	struct pod_shelf *shelf = pod_shelf_new();
	struct node_pods *pods = node_pods_new(1000);
	struct pod b = { .name = STR("b"), .namespace_ = STR("x"), .uid = STR("1") }, a = { .name = STR("a"), .namespace_ = STR("x"), .uid = STR("2") };
	ck_assert_ptr_null(pod_shelf_take(shelf));
	node_pods_put(pods, &b);
	node_pods_put(pods, &a);
	pod_shelf_put(shelf, pods);
	struct pod_shelf_list *first = pod_shelf_take(shelf);
	node_pods_remove(pods, STR("1"));
	pod_shelf_put(shelf, pods);
	struct pod_shelf_list *second = pod_shelf_take(shelf);
	node_pods_free(pods);
	pod_shelf_let_go(shelf);
	const struct podlist *list = pod_shelf_pods(first);
	ck_assert(list->count == 2 && str_eq(list->at[0].name, STR("a")) && str_eq(list->at[1].name, STR("b")));
	ck_assert(pod_shelf_pods(second)->count == 1);
	pod_shelf_list_let_go(first);
	pod_shelf_list_let_go(second);
}
END_TEST

int main(void)
{
	log_setup(LOG_ERROR_, false);
	Suite *s = suite_create("kubelet_pods");
	TCase *t = tcase_create("kubelet_pods");
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, whom_to_ask, 0, (int)COUNT_OF(choices));
	tcase_add_test(t, what_is_configured_is_kept);
	tcase_add_test(t, lists_over_and_over);
	tcase_add_loop_test(t, trouble, 0, (int)COUNT_OF(troubles));
	tcase_add_test(t, an_unknown_pod_is_asked_for_soon);
	tcase_add_test(t, a_list_is_read_while_the_next_one_comes);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
