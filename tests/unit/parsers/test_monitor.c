/* PodMonitor, ServiceMonitor and Service objects out of lists and events; what an endpoint is refused for; selectors. */
#include "parsers/kubernetes/monitor.h"

#include <check.h>
#include <stdio.h>

#include "parsers/kubernetes/label_selector.h"

static void read_one(const char *json, struct objects *list, struct arena *arena)
{
	const char *why = NULL;
	ck_assert_msg(objects_parse(str_of(json), list, arena, &why), "%s", why);
}

START_TEST(lists_and_events)
{
	struct arena arena = { 0 };
	struct objects o;
	const char *why;
	read_one("{\"kind\":\"PodMonitorList\",\"metadata\":{\"resourceVersion\":\"7\",\"continue\":\"abc\"},\"items\":[{\"metadata\":{\"namespace\":\"a\",\"name\":\"b\","
		 "\"resourceVersion\":\"3\",\"labels\":{\"x\":\"y\"}},\"spec\":{\"jobLabel\" : \"z\"}},{\"metadata\":{}},{\"spec\":{},\"metadata\":{\"name\":\"c\"}}]}", &o, &arena);
	ck_assert(o.is_list && o.count == 2 && str_eq(o.resource_version, STR("7")) && str_eq(o.continue_, STR("abc")));
	ck_assert(str_eq(o.at[0].namespace_, STR("a")) && str_eq(o.at[0].name, STR("b")) && str_eq(o.at[0].labels, STR("{\"x\":\"y\"}")));
	ck_assert(str_eq(o.at[0].spec, STR("{\"jobLabel\" : \"z\"}")) && str_eq(o.at[1].spec, STR("{}")));
	read_one("{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"b\",\"resourceVersion\":\"9\"},\"spec\":{}}}", &o, &arena);
	ck_assert(!o.is_list && o.count == 1 && str_eq(o.event, STR("MODIFIED")) && str_eq(o.resource_version, STR("9")));
	read_one("{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"10\"}}}", &o, &arena);
	ck_assert(o.count == 0 && str_eq(o.resource_version, STR("10")));
	read_one("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\",\"message\":\"old\"}}", &o, &arena);
	ck_assert(o.status_code == 410 && str_eq(o.status_reason, STR("Expired")));
	read_one("{\"items\":null,\"metadata\":{\"resourceVersion\":\"1\"}}", &o, &arena);
	ck_assert(o.is_list && o.count == 0);
	ck_assert(!objects_parse(STR("{\"items\":[{\"metadata\":{\"name\":\"b\"}}"), &o, &arena, &why));
	ck_assert(!objects_parse(STR("[]"), &o, &arena, &why) || o.count == 0);
	arena_fini(&arena);
}
END_TEST

static struct monitor monitor_of(const char *spec, struct arena *arena)
{
	struct monitor m;
	const char *why = NULL;
	const struct object o = { STR("shop"), STR("cart"), { 0 }, str_of(spec) };
	ck_assert_msg(monitor_read(&o, &m, arena, &why), "%s: %s", spec, why);
	return m;
}

START_TEST(everything_of_an_endpoint)
{
	struct arena arena = { 0 };
	struct monitor m = monitor_of(
		"{\"jobLabel\":\"app\",\"podTargetLabels\":[\"team\",\"app.kubernetes.io/name\"],\"targetLabels\":[\"x\"],\"sampleLimit\":100,\"labelLimit\":30,"
		"\"namespaceSelector\":{\"matchNames\":[\"a\",\"b\"]},\"selector\":{\"matchLabels\":{\"app\":\"cart\"}},\"podMetricsEndpoints\":[{\"port\":\"http\",\"path\":\"/m\","
		"\"scheme\":\"HTTPS\",\"params\":{\"module\":[\"x\",\"y\"]},\"interval\":\"15s\",\"scrapeTimeout\":\"20s\",\"honorLabels\":true,\"honorTimestamps\":false,"
		"\"trackTimestampsStaleness\":true,\"filterRunning\":false,\"enableHttp2\":true,\"tlsConfig\":{\"insecureSkipVerify\":true,\"serverName\":\"s\",\"ca\":{}},"
		"\"bearerTokenSecret\":{\"key\":\"\"},\"authorization\":{\"type\":\"Bearer\"},"
		"\"relabelings\":[{\"sourceLabels\":[\"a\",\"b\"],\"separator\":\"-\",\"targetLabel\":\"c\"},{\"action\":\"LabelDrop\",\"regex\":\"x.*\"}],"
		"\"metricRelabelings\":[{\"action\":\"hashmod\",\"sourceLabels\":[\"a\"],\"targetLabel\":\"h\",\"modulus\":4}]},{\"targetPort\":8080},{\"targetPort\":\"web\"},{\"portNumber\":9}]}",
		&arena);
	const struct monitor_endpoint *e = &m.endpoints[0];
	ck_assert_msg(!e->problem, "%s", e->problem);
	ck_assert_uint_eq(m.endpoint_count, 4);
	ck_assert(str_eq(m.job_label, STR("app")) && m.pod_labels.count == 2 && m.service_labels.count == 1 && m.sample_limit == 100 && m.label_limit == 30);
	ck_assert(str_eq(e->port, STR("http")) && str_eq(e->path, STR("/m")) && str_eq(e->scheme, STR("https")) && e->param_count == 2);
	ck_assert(str_eq(e->params[1].name, STR("module")) && str_eq(e->params[1].value, STR("y")));
	ck_assert(e->interval_ms == 15000 && e->timeout_ms == 15000 && e->honor_labels && e->ignores_timestamps && e->tracks_staleness && e->takes_ended_pods);
	ck_assert(e->insecure_skip_verify && str_eq(e->server_name, STR("s")));
	ck_assert(e->relabelings.count == 2 && e->relabelings.at[0].source_label_count == 2 && e->relabelings.at[1].action == RELABEL_LABELDROP);
	ck_assert(e->metric_relabelings.count == 1 && e->metric_relabelings.at[0].modulus == 4);
	char err[256] = "";
	struct relabel *rules = relabel_new(e->relabelings.at, e->relabelings.count, err), *metrics = relabel_new(e->metric_relabelings.at, 1, err);
	ck_assert_msg(rules && metrics, "%s", err);
	relabel_free(rules);
	relabel_free(metrics);
	ck_assert(m.endpoints[1].port_number == 8080 && str_eq(m.endpoints[2].target_port, STR("web")) && m.endpoints[3].port_number == 9);
	ck_assert(monitor_is_for(&m, STR("b")) && !monitor_is_for(&m, STR("shop")));
	arena_fini(&arena);
}
END_TEST

static const struct { const char *endpoint, *problem; } endpoints[] = {
	{ "\"port\":\"x\"", NULL },
	{ "\"basicAuth\":{\"username\":{\"name\":\"s\",\"key\":\"u\"}}", "basicAuth needs a Secret" },
	{ "\"basicAuth\":{}", NULL },
	{ "\"basicAuth\":null", NULL },
	{ "\"authorization\":{\"credentials\":{\"name\":\"s\",\"key\":\"u\"}}", "authorization needs a Secret" },
	{ "\"bearerTokenSecret\":{\"name\":\"s\",\"key\":\"u\"}", "bearerTokenSecret needs a Secret" },
	{ "\"oauth2\":{\"clientId\":{\"secret\":{\"name\":\"s\",\"key\":\"u\"}}}", "oauth2 needs a Secret" },
	{ "\"bearerTokenFile\":\"/var/run/secrets/kubernetes.io/serviceaccount/token\"", "bearerTokenFile names a file" },
	{ "\"tlsConfig\":{\"caFile\":\"/etc/passwd\"}", "tlsConfig names a file" },
	{ "\"tlsConfig\":{\"ca\":{\"configMap\":{\"name\":\"a\",\"key\":\"b\"}}}", "tlsConfig needs a Secret or ConfigMap" },
	{ "\"tlsConfig\":{\"keySecret\":{\"name\":\"a\",\"key\":\"b\"}}", "tlsConfig needs a Secret or ConfigMap" },
	{ "\"proxyUrl\":\"http://169.254.169.254\"", "proxyUrl leads elsewhere" },
	{ "\"scheme\":\"file\"", "neither http nor https" },
	{ "\"path\":\"metrics\"", "begin with a slash" },
	{ "\"path\":\"/a b\"", "no path has" },
	{ "\"interval\":\"1ms\"", "between 1s and 1d" },
	{ "\"interval\":\"soon\"", "between 1s and 1d" },
	{ "\"params\":{\"a b\":[\"x\"]}", "no name of a label" },
	{ "\"relabelings\":[{\"action\":\"explode\"}]", "an action that there is not" },
	{ "\"relabelings\":7,\"port\":[],\"params\":\"x\",\"tlsConfig\":3,\"targetPort\":{\"a\":1}", NULL },
};

START_TEST(refused)
{
	struct arena arena = { 0 };
	char spec[1024];
	snprintf(spec, sizeof spec, "{\"endpoints\":[{%s},{\"port\":\"good\"}]}", endpoints[_i].endpoint);
	struct monitor m = monitor_of(spec, &arena);
	const char *got = m.endpoints[0].problem;
	ck_assert_msg(endpoints[_i].problem ? got && strstr(got, endpoints[_i].problem) : !got, "%s: got %s", endpoints[_i].endpoint, got ? got : "no problem");
	ck_assert(m.endpoint_count == 2 && !m.endpoints[1].problem && str_eq(m.endpoints[1].port, STR("good")));
	arena_fini(&arena);
}
END_TEST

START_TEST(bounds)
{
	struct arena arena = { 0 };
	struct buf spec;
	buf_init(&spec, 1 << 22);
	buf_str(&spec, STR("{\"endpoints\":["));
	for (int i = 0; i < 1000; i++)
		buf_printf(&spec, "%s{\"port\":\"p%d\"}", i ? "," : "", i);
	buf_str(&spec, STR(",{\"relabelings\":[]}]}"));
	struct monitor m;
	const char *why;
	const struct object o = { STR("a"), STR("b"), { 0 }, buf_view(&spec) };
	ck_assert(monitor_read(&o, &m, &arena, &why) && m.endpoint_count == MONITOR_ENDPOINTS_MAX && m.left_out == 1001 - MONITOR_ENDPOINTS_MAX);
	buf_reset(&spec);
	buf_str(&spec, STR("{\"endpoints\":[{\"relabelings\":["));
	for (int i = 0; i < 1000; i++)
		buf_printf(&spec, "%s{\"targetLabel\":\"p%d\"}", i ? "," : "", i);
	buf_str(&spec, STR("]}],\"selector\":{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Like\"}]}}"));
	const struct object p = { STR("a"), STR("b"), { 0 }, buf_view(&spec) };
	ck_assert(!monitor_read(&p, &m, &arena, &why) && strstr(why, "operator"));
	ck_assert(m.endpoints[0].problem && strstr(m.endpoints[0].problem, "64 relabelings"));
	buf_fini(&spec);
	arena_fini(&arena);
}
END_TEST

static const struct { const char *selector; bool takes; } selectors[] = { /* of app=cart, tier=front */
	{ "{}", true },
	{ "{\"matchLabels\":{\"app\":\"cart\",\"tier\":\"front\"}}", true },
	{ "{\"matchLabels\":{\"app\":\"till\"}}", false },
	{ "{\"matchLabels\":{\"none\":\"\"}}", false },
	{ "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\",\"values\":[\"x\",\"cart\"]}]}", true },
	{ "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"NotIn\",\"values\":[\"x\",\"cart\"]}]}", false },
	{ "{\"matchExpressions\":[{\"key\":\"none\",\"operator\":\"NotIn\",\"values\":[\"x\"]}]}", true },
	{ "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"Exists\"},{\"key\":\"none\",\"operator\":\"DoesNotExist\"}]}", true },
	{ "{\"matchExpressions\":[{\"key\":\"none\",\"operator\":\"Exists\"}]}", false },
	{ "{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"in\",\"values\":[\"cart\"]}]}", false },
	{ "{\"matchExpressions\":[{\"operator\":\"Exists\"}]}", false },
	{ "{\"matchLabels\":{\"app\":7}}", false },
};

START_TEST(selector)
{
	struct arena arena = { 0 };
	struct json j;
	struct label_selector s = { 0 };
	const struct label labels[] = { { STR("app"), STR("cart") }, { STR("tier"), STR("front") } };
	json_init(&j, str_of(selectors[_i].selector));
	label_selector_read(&j, &arena, &s);
	ck_assert_msg(label_selector_takes(&s, labels, COUNT_OF(labels)) == selectors[_i].takes, "%s", selectors[_i].selector);
	arena_fini(&arena);
}
END_TEST

START_TEST(services)
{
	struct arena arena = { 0 };
	struct service s;
	const char *why = NULL;
	const struct object o = { STR("shop"), STR("cart"), STR("{\"a\":\"b\"}"),
				  STR("{\"selector\":{\"app\":\"cart\"},\"ports\":[{\"name\":\"m\",\"port\":80,\"targetPort\":\"http\"},{\"name\":\"n\",\"port\":81,\"targetPort\":8081},"
				      "{\"name\":\"o\",\"port\":82}]}") };
	ck_assert(service_read(&o, &s, &arena, &why));
	ck_assert(s.label_count == 1 && s.selector.count == 1 && s.port_count == 3 && str_eq(s.ports[0].target, STR("http")) && s.ports[0].target_number == 0);
	ck_assert(s.ports[1].target_number == 8081 && s.ports[2].target_number == 82);
	arena_fini(&arena);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("monitor");
	TCase *t = tcase_create("monitor");
	tcase_add_test(t, lists_and_events);
	tcase_add_test(t, everything_of_an_endpoint);
	tcase_add_loop_test(t, refused, 0, (int)COUNT_OF(endpoints));
	tcase_add_test(t, bounds);
	tcase_add_loop_test(t, selector, 0, (int)COUNT_OF(selectors));
	tcase_add_test(t, services);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
