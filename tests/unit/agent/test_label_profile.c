/* Under which names logs are shipped: the tables, then a tree of files under each profile, with what has a say beside it. */
#include "tests/unit/agent/log_rig.h"

#include "agent/logs/label_profile.h"

static const struct log_facts of_pod = { { [FACT_NODE] = STR("n1"), [FACT_NAMESPACE] = STR("shop"), [FACT_POD] = STR("cart-0"), [FACT_UID] = STR("u-1"),
					   [FACT_CONTAINER] = STR("web"), [FACT_STREAM] = STR("stderr") } };
static const struct log_facts of_file = { { [FACT_HOST] = STR("n1"), [FACT_JOB] = STR("files"), [FACT_FILENAME] = STR("/a.log") } };

static const struct {
	enum label_profile profile;
	const struct log_facts *facts;
	const char *labels, *metadata;
} cases[] = {
	{ PROFILE_DEFAULT, &of_pod, "{container=\"web\",namespace=\"shop\",node_name=\"n1\",pod=\"cart-0\",stream=\"stderr\"}", "" },
	{ PROFILE_DEFAULT, &of_file, "{filename=\"/a.log\",job=\"files\",node_name=\"n1\"}", "" },
	{ PROFILE_OTEL, &of_pod,
	  "{k8s_container_name=\"web\",k8s_namespace_name=\"shop\",k8s_pod_name=\"cart-0\",service_instance_id=\"u-1\",service_name=\"web\","
	  "service_namespace=\"shop\"}",
	  "{k8s_node_name=\"n1\",log_iostream=\"stderr\"}" },
	{ PROFILE_OTEL, &of_file, "{service_name=\"files\"}", "{host_name=\"n1\",log_file_path=\"/a.log\"}" },
	{ PROFILE_MINIMAL, &of_pod, "{namespace=\"shop\",service_name=\"web\"}",
	  "{container=\"web\",node_name=\"n1\",pod=\"cart-0\",stream=\"stderr\"}" },
	{ PROFILE_MINIMAL, &of_file, "{service_name=\"files\"}", "{filename=\"/a.log\",node_name=\"n1\"}" },
};

static void same(size_t i, bool is_metadata, const char *want)
{
	struct labels got = { 0 };
	struct buf text;
	buf_init(&text, 4096);
	label_profile_put(cases[i].profile, cases[i].facts, FACT_NODE, FACT_STREAM, is_metadata, &got);
	if (got.count)
		labels_print(&got, &text);
	ck_assert_msg(str_eq(buf_view(&text), str_of(want)), "row %zu got " STR_FMT " want %s", i, STR_ARG(buf_view(&text)), want);
	labels_fini(&got);
	buf_fini(&text);
}

START_TEST(each_fact_has_its_place)
{
	same((size_t)_i, false, cases[_i].labels);
	same((size_t)_i, true, cases[_i].metadata);
}
END_TEST

/* A fact is a label or metadata, and nothing is forgotten but what default has never said. */
START_TEST(no_fact_is_lost)
{
	for (int p = 0; p < LABEL_PROFILES; p++)
		for (int fact = 0; fact < LOG_FACTS; fact++) {
			size_t count, found = 0;
			const struct profile_row *rows = label_profile_rows((enum label_profile)p, &count);
			for (size_t i = 0; i < count; i++)
				found += (int)rows[i].fact == fact;
			ck_assert_msg(found || (fact == FACT_UID && p != PROFILE_OTEL), "profile %d has no fact %d", p, fact);
		}
}
END_TEST

#define JOBS                                                                                                                        \
	"  scrape_configs:\n  - job_name: pods\n    kubernetes_sd_configs: [{ role: pod }]\n  - job_name: files\n"                       \
	"    static_configs: [{ labels: { __path__: '@/app.log', team: x } }]\n  - job_name: ruled\n"                                     \
	"    static_configs: [{ labels: { __path__: '@/app.log' } }]\n    relabel_configs: [{ replacement: y, target_label: z }]\n"
#define RULED "{filename=\"@/app.log\", z=\"y\"} b\n"
static const struct { const char *yaml, *want; } trees[] = {
	{ "logs:\n" JOBS, "{container=\"web\", namespace=\"shop\", pod=\"cart\", stream=\"stdout\"} a\n{filename=\"@/app.log\", job=\"files\", team=\"x\"} b\n" RULED },
	{ "logs:\n  label_profile: otel\n" JOBS,
	  RULED "{k8s_container_name=\"web\", k8s_namespace_name=\"shop\", k8s_pod_name=\"cart\", service_instance_id=\"u-1\", service_name=\"web\", "
	  "service_namespace=\"shop\"} a\n{service_name=\"files\", team=\"x\"} b\n" },
	{ "global: { external_labels: { cluster: c1, service_name: weaker } }\nlogs:\n  label_profile: minimal\n" JOBS,
	  "{cluster=\"c1\", filename=\"@/app.log\", service_name=\"weaker\", z=\"y\"} b\n{cluster=\"c1\", namespace=\"shop\", service_name=\"web\"} a\n"
	  "{cluster=\"c1\", service_name=\"files\", team=\"x\"} b\n" },
	{ "logs:\n  label_profile: otel\n  scrape_configs:\n  - job_name: files\n    static_configs: [{ labels: { __path__: '@/app.log', service_name: own } }]\n",
	  "{service_name=\"own\"} b\n" },
	{ "logs:\n  label_profile: minimal\n  limits_config: { max_streams: 1 }\n", "{service_name=\"__overflow__\"} a\n" },
	{ "logs:\n  label_profile: otel\n  limits_config: { max_streams: 1 }\n", "{k8s_container_name=\"__overflow__\", service_name=\"__overflow__\"} a\n" },
};

START_TEST(a_tree_under_each_profile)
{
	struct rig r;
	make(&r);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	append(&r, "app.log", "b\n");
	start(&r, trees[_i].yaml);
	want_only(&r, trees[_i].want);
	unmake(&r);
}
END_TEST

/* Where Docker is the runtime, a pod's log is a link; whose it is stands in the link's path. */
START_TEST(a_link_into_dockers_folder)
{
	struct rig r;
	char from[512], to[512];
	make(&r);
	append(&r, "docker/c-1/c-1-json.log", "{\"log\":\"a\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-21T09:00:00.000000001Z\"}\n");
	append(&r, "pods/shop_cart_u-1/web/none", "");
	snprintf(from, sizeof from, "%s/docker/c-1/c-1-json.log", r.dir.path);
	snprintf(to, sizeof to, "%s/pods/shop_cart_u-1/web/0.log", r.dir.path);
	ck_assert_int_eq(symlink(from, to), 0);
	start(&r, "logs:\n  label_profile: otel\n");
	want_only(&r, "{k8s_container_name=\"web\", k8s_namespace_name=\"shop\", k8s_pod_name=\"cart\", service_instance_id=\"u-1\", service_name=\"web\", "
		      "service_namespace=\"shop\"} a\n");
	unmake(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("label_profile");
	TCase *tc = tcase_create("all");
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, each_fact_has_its_place, 0, COUNT_OF(cases));
	tcase_add_test(tc, no_fact_is_lost);
	tcase_add_loop_test(tc, a_tree_under_each_profile, 0, COUNT_OF(trees));
	tcase_add_test(tc, a_link_into_dockers_folder);
	suite_add_tcase(s, tc);
	SRunner *sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	int failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
