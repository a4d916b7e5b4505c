/* Annotations that keep logs from being read, over the whole path from files to the ring of newest records: known before, known late, never
 * known; changed while they are read; over a restart. */
#include "tests/unit/agent/log_rig.h"

#define ANNOTATED(name, value)                                                                                                      \
	"{\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"shop\",\"name\":\"cart\",\"uid\":\"u-1\",\"annotations\":{\"" name "\":\"" value     \
	"\"}},\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":\"web\"},{\"name\":\"side\"}]}}"
#define ALL "{}\n"
#define LINE(container, line) "{container=\"" container "\", namespace=\"shop\", pod=\"cart\", stream=\"stdout\"} " line "\n"

static void make_with(struct rig *r, enum node_pods_state state)
{
	make(r);
	r->pods = node_pods_new(60000);
	node_pods_set_state(r->pods, state);
	append(r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	append(r, "pods/shop_cart_u-1/side/0.log", CRI("s"));
}

static uint64_t excluded(struct rig *r)
{
	struct status status = { 0 };
	pipeline_status(r->pipeline, &status);
	return status.containers_excluded;
}

START_TEST(known_before_it_is_read)
{
	struct rig r;
	make_with(&r, NODE_PODS_ASKING);
	put_pod(&r, ANNOTATED("spoor.io/logs", "off"));
	start(&r, ALL);
	want_only(&r, "");
	ck_assert_uint_eq(excluded(&r), 2);
	append(&r, "pods/shop_cart_u-1/web/1.log", CRI("b"));
	want_only(&r, "");
	ck_assert_str_eq(files(&r), "");
	unmake(&r);
}
END_TEST

START_TEST(one_container_of_two)
{
	struct rig r;
	make_with(&r, NODE_PODS_ASKING);
	put_pod(&r, ANNOTATED("fluentbit.io/exclude-side", "true"));
	start(&r, ALL);
	want_only(&r, LINE("web", "a"));
	ck_assert_uint_eq(excluded(&r), 1);
	unmake(&r);
}
END_TEST

START_TEST(nothing_is_read_before_the_first_answer)
{
	struct rig r;
	make_with(&r, NODE_PODS_ASKING);
	start(&r, ALL);
	pass(&r, 300);
	ck_assert_str_eq(read_so_far(&r), "");
	ck_assert(strstr(files(&r), "waiting") != NULL);
	put_pod(&r, ANNOTATED("vector.dev/exclude-containers", "web"));
	want_only(&r, LINE("side", "s"));
	unmake(&r);
}
END_TEST

START_TEST(a_server_that_is_away_holds_up_nothing)
{
	struct rig r;
	make_with(&r, NODE_PODS_AWAY);
	start(&r, ALL);
	want(&r, LINE("side", "s") LINE("web", "a"));
	stop(&r);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("b"));
	node_pods_set_state(r.pods, NODE_PODS_OFF);
	start(&r, ALL);
	want_only(&r, LINE("web", "b"));
	unmake(&r);
}
END_TEST

START_TEST(waiting_for_the_first_answer_has_an_end)
{
	struct rig r;
	make_with(&r, NODE_PODS_ASKING);
	start(&r, ALL);
	pass(&r, 200);
	node_pods_set_state(r.pods, NODE_PODS_AWAY);
	node_pods_set_state(r.pods, NODE_PODS_ASKING); /* whoever asks again sees that it is tried again: the end is the clock's */
	want(&r, LINE("side", "s") LINE("web", "a"));
	unmake(&r);
}
END_TEST

START_TEST(asked_for_later_and_no_more)
{
	struct rig r;
	make_with(&r, NODE_PODS_ASKING);
	put_pod(&r, ANNOTATED("a", "b"));
	start(&r, ALL);
	want(&r, LINE("side", "s") LINE("web", "a"));
	put_pod(&r, ANNOTATED("spoor.io/logs-web", "off"));
	pass(&r, 1500);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("b"));
	append(&r, "pods/shop_cart_u-1/side/0.log", CRI("t"));
	want_only(&r, LINE("side", "s") LINE("side", "t") LINE("web", "a"));
	ck_assert_uint_eq(excluded(&r), 1);
	put_pod(&r, ANNOTATED("a", "b"));
	want_only(&r, LINE("side", "s") LINE("side", "t") LINE("web", "a") LINE("web", "b")); /* on where it was, nothing twice */
	ck_assert_uint_eq(excluded(&r), 0);
	unmake(&r);
}
END_TEST

START_TEST(over_a_restart)
{
	struct rig r;
	make_with(&r, NODE_PODS_ASKING);
	put_pod(&r, ANNOTATED("spoor.io/logs-web", "off"));
	start(&r, ALL);
	want(&r, LINE("side", "s"));
	stop(&r);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("b"));
	append(&r, "pods/shop_cart_u-1/side/0.log", CRI("t"));
	start(&r, ALL);
	want_only(&r, LINE("side", "t"));
	unmake(&r);
}
END_TEST

START_TEST(the_administrator_does_not_allow_it)
{
	struct rig r;
	make_with(&r, NODE_PODS_ASKING);
	put_pod(&r, ANNOTATED("spoor.io/logs", "off"));
	start(&r, "kubernetes: { pod_annotations: [] }\n");
	want_only(&r, LINE("side", "s") LINE("web", "a"));
	unmake(&r);
}
END_TEST

START_TEST(rules_and_annotations_together)
{
	static const char rules[] =
		"logs:\n  scrape_configs:\n  - job_name: apps\n    kubernetes_sd_configs: [{ role: pod }]\n    relabel_configs:\n"
		"      - { source_labels: [__meta_kubernetes_pod_annotation_team], target_label: team }\n"
		"      - { source_labels: [__meta_kubernetes_pod_container_name], target_label: container }\n"
		"      - { source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name], separator: /, replacement: "
		"'/var/log/pods/*$1/*.log', target_label: __path__ }\n";
	struct rig r;
	make_with(&r, NODE_PODS_ASKING);
	start(&r, rules);
	pass(&r, 200);
	put_pod(&r, ANNOTATED("spoor.io/logs-side", "off"));
	want_only(&r, "{container=\"web\", filename=\"/var/log/pods/shop_cart_u-1/web/0.log\", stream=\"stdout\"} a\n");
	put_pod(&r, ANNOTATED("team", "x"));
	want_only(&r, "{container=\"side\", filename=\"/var/log/pods/shop_cart_u-1/side/0.log\", stream=\"stdout\", team=\"x\"} s\n"
		      "{container=\"web\", filename=\"/var/log/pods/shop_cart_u-1/web/0.log\", stream=\"stdout\"} a\n");
	unmake(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pod_gate");
	TCase *c = tcase_create("pod_gate");
	tcase_set_timeout(c, 240);
	tcase_add_test(c, known_before_it_is_read);
	tcase_add_test(c, one_container_of_two);
	tcase_add_test(c, nothing_is_read_before_the_first_answer);
	tcase_add_test(c, a_server_that_is_away_holds_up_nothing);
	tcase_add_test(c, waiting_for_the_first_answer_has_an_end);
	tcase_add_test(c, asked_for_later_and_no_more);
	tcase_add_test(c, over_a_restart);
	tcase_add_test(c, the_administrator_does_not_allow_it);
	tcase_add_test(c, rules_and_annotations_together);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
