/* Which logs are read, for whom, and under which labels: the whole path from a tree of files to the ring of newest records, over restarts,
 * with pod objects that come late, change or never come. */
#include "tests/unit/agent/log_rig.h"

#include "agent/logs/line_counts.h"

/* ---- what the path tells ---- */

#define PATH_RULE                                                                                                                   \
	"      - { source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name], separator: /, replacement: "         \
	"'/var/log/pods/*$1/*.log', target_label: __path__ }\n"
#define BASICS                                                                                                                      \
	"      - { source_labels: [__meta_kubernetes_namespace], target_label: namespace }\n"                                            \
	"      - { source_labels: [__meta_kubernetes_pod_container_name], target_label: container }\n" PATH_RULE
#define JOB(name) "  - job_name: " name "\n    kubernetes_sd_configs: [{ role: pod }]\n    pipeline_stages: [{ cri: {} }]\n    relabel_configs:\n"

START_TEST(jobs_share_the_pods)
{
	struct rig r;
	make(&r);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	append(&r, "pods/bank_till_u-2/db/0.log", CRI("b"));
	append(&r, "pods/test_x_u-3/y/0.log", CRI("c"));
	start(&r, "logs:\n  scrape_configs:\n"
		  JOB("one") "      - { source_labels: [__meta_kubernetes_namespace], regex: shop|bank, action: keep }\n" BASICS
		  JOB("two") "      - { source_labels: [__meta_kubernetes_namespace], regex: shop, action: drop }\n"
			     "      - { replacement: two, target_label: job }\n" BASICS);
	want_only(&r, "{container=\"db\", filename=\"/var/log/pods/bank_till_u-2/db/0.log\", job=\"two\", namespace=\"bank\", stream=\"stdout\"} b\n"
		      "{container=\"db\", filename=\"/var/log/pods/bank_till_u-2/db/0.log\", namespace=\"bank\", stream=\"stdout\"} b\n"
		      "{container=\"web\", filename=\"/var/log/pods/shop_cart_u-1/web/0.log\", namespace=\"shop\", stream=\"stdout\"} a\n"
		      "{container=\"y\", filename=\"/var/log/pods/test_x_u-3/y/0.log\", job=\"two\", namespace=\"test\", stream=\"stdout\"} c\n");
	append(&r, "pods/bank_till_u-2/db/0.log", CRI("d")); /* both have gone on */
	append(&r, "pods/new_z_u-4/n/0.log", CRI("e"));
	for (int ms = 0; ms < PATIENCE_MS && !(strstr(read_so_far(&r), "} d\n") && strstr(r.text, "} e\n")); ms += 20)
		pass(&r, 20);
	pass(&r, 300);
	read_so_far(&r);
	char *first = strstr(r.text, "} d\n"), *second = first ? strstr(first + 1, "} d\n") : NULL;
	ck_assert_msg(second && !strstr(second + 1, "} d\n"), "each job reads it once: %s", r.text);
	struct status status = { 0 };
	pipeline_status(r.pipeline, &status);
	const struct line_row **rows = line_counts_sorted(status.line_counts);
	uint64_t lines = 0;
	for (size_t i = 0; rows && rows[i]; i++)
		for (size_t k = 0; k < LEVELS && str_eq(rows[i]->namespace_, STR("bank")); k++)
			lines += rows[i]->lines[k];
	ck_assert_msg(lines == 2, "log_lines_total counts what is in the log, not who reads it: %llu", (unsigned long long)lines);
	free(rows);
	unmake(&r);
}
END_TEST

START_TEST(each_goes_on_where_it_was)
{
	static const char one[] = "logs:\n  scrape_configs:\n" JOB("one") BASICS;
	static const char both[] = "logs:\n  scrape_configs:\n" JOB("renamed") BASICS JOB("two") "      - { replacement: two, target_label: job }\n" PATH_RULE;
	struct rig r;
	make(&r);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	start(&r, one);
	want_only(&r, "{container=\"web\", filename=\"/var/log/pods/shop_cart_u-1/web/0.log\", namespace=\"shop\", stream=\"stdout\"} a\n");
	stop(&r);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("b"));
	start(&r, both); /* the first job has another name now, the second is new */
	want_only(&r, "{container=\"web\", filename=\"/var/log/pods/shop_cart_u-1/web/0.log\", namespace=\"shop\", stream=\"stdout\"} b\n"
		      "{filename=\"/var/log/pods/shop_cart_u-1/web/0.log\", job=\"two\", stream=\"stdout\"} a\n"
		      "{filename=\"/var/log/pods/shop_cart_u-1/web/0.log\", job=\"two\", stream=\"stdout\"} b\n");
	stop(&r);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("c"));
	start(&r, both);
	want_only(&r, "{container=\"web\", filename=\"/var/log/pods/shop_cart_u-1/web/0.log\", namespace=\"shop\", stream=\"stdout\"} c\n"
		      "{filename=\"/var/log/pods/shop_cart_u-1/web/0.log\", job=\"two\", stream=\"stdout\"} c\n");
	unmake(&r);
}
END_TEST

START_TEST(native_jobs_keep_their_labels)
{
	struct rig r;
	make(&r);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	append(&r, "app.log", "b\n");
	start(&r, "logs:\n  scrape_configs:\n  - job_name: pods\n    kubernetes_sd_configs: [{ role: pod }]\n  - job_name: files\n"
		  "    static_configs: [{ labels: { __path__: '@/{app.log,pods/*/*/*.log}', team: x } }]\n  - job_name: again\n"
		  "    static_configs: [{ labels: { __path__: '@/*.log' } }]\n");
	want_only(&r, "{container=\"web\", namespace=\"shop\", pod=\"cart\", stream=\"stdout\"} a\n"
		      "{filename=\"@/app.log\", job=\"files\", team=\"x\"} b\n");
	unmake(&r);
}
END_TEST

START_TEST(a_bare_file_has_promtails_labels)
{
	struct rig r;
	make(&r);
	append(&r, "app.log", "b\n");
	start(&r, "scrape_configs:\n  - job_name: files\n    static_configs:\n    - labels: { __path__: '@/*.log', team: x }\n"
		  "    - labels: { __path__: '@/app*', team: x }\n    - labels: { __path__: '@/app*', team: y }\n"
		  "    - labels: { __path__: '@/app*', team: z, __host__: other }\n  - job_name: more\n"
		  "    static_configs: [{ labels: { __path__: '@/app.log' } }]\n");
	want_only(&r, "{filename=\"@/app.log\", team=\"x\"} b\n{filename=\"@/app.log\", team=\"y\"} b\n{filename=\"@/app.log\"} b\n");
	unmake(&r);
}
END_TEST

START_TEST(a_link_is_shown_under_its_own_name)
{
	struct rig r;
	char from[512], to[512];
	make(&r);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	append(&r, "containers/x", "");
	snprintf(to, sizeof to, "%s/containers/cart_shop_web-1.log", r.dir.path);
	snprintf(from, sizeof from, "%s/pods/shop_cart_u-1/web/0.log", r.dir.path);
	ck_assert_int_eq(symlink(from, to), 0);
	start(&r, "logs:\n  scrape_configs:\n" JOB("one") BASICS
		  "  - job_name: links\n    pipeline_stages: [{ cri: {} }]\n    static_configs: [{ labels: { __path__: '@/containers/*.log' } }]\n"
		  "    relabel_configs: [{ replacement: links, target_label: job }]\n");
	want_only(&r, "{container=\"web\", filename=\"/var/log/pods/shop_cart_u-1/web/0.log\", namespace=\"shop\", stream=\"stdout\"} a\n"
		      "{filename=\"@/containers/cart_shop_web-1.log\", job=\"links\", stream=\"stdout\"} a\n");
	unmake(&r);
}
END_TEST

START_TEST(a_path_may_reach_other_containers)
{
	struct rig r;
	make(&r);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	append(&r, "pods/shop_cart_u-1/side/0.log", CRI("b"));
	start(&r, "logs:\n  scrape_configs:\n" JOB("one") /* of the whole pod, for each container */
		  "      - { source_labels: [__meta_kubernetes_pod_container_name], target_label: of }\n"
		  "      - { source_labels: [__meta_kubernetes_pod_uid], replacement: '/var/log/pods/*$1/*/*.log', target_label: __path__ }\n"
		  JOB("volumes") "      - { source_labels: [__meta_kubernetes_pod_container_name], regex: web, action: keep }\n"
		  "      - { source_labels: [__meta_kubernetes_pod_uid], replacement: '@/kubelet/$1/logs/*.log', target_label: __path__ }\n");
	append(&r, "kubelet/u-1/logs/app.log", CRI("c"));
	want_only(&r, "{filename=\"/var/log/pods/shop_cart_u-1/side/0.log\", of=\"side\", stream=\"stdout\"} b\n"
		      "{filename=\"/var/log/pods/shop_cart_u-1/side/0.log\", of=\"web\", stream=\"stdout\"} b\n"
		      "{filename=\"/var/log/pods/shop_cart_u-1/web/0.log\", of=\"side\", stream=\"stdout\"} a\n"
		      "{filename=\"/var/log/pods/shop_cart_u-1/web/0.log\", of=\"web\", stream=\"stdout\"} a\n"
		      "{filename=\"@/kubelet/u-1/logs/app.log\", stream=\"stdout\"} c\n");
	unmake(&r);
}
END_TEST

/* ---- what only the object tells ---- */

#define BY_APP                                                                                                                      \
	"logs:\n  scrape_configs:\n" JOB("apps") "      - { source_labels: [__meta_kubernetes_pod_label_app], target_label: app }\n"       \
	"      - { source_labels: [__meta_kubernetes_pod_label_log], regex: 'off', action: drop }\n" PATH_RULE                            \
	JOB("plain") "      - { replacement: plain, target_label: job }\n" PATH_RULE
#define SHOWN(base) "filename=\"/var/log/pods/shop_cart_u-1/web/" base "\", "
#define PLAIN(base, line) "{" SHOWN(base) "job=\"plain\", stream=\"stdout\"} " line "\n"
#define APP(name, base, line) "{app=\"" name "\", " SHOWN(base) "stream=\"stdout\"} " line "\n"

START_TEST(a_log_waits_for_its_pod)
{
	struct rig r;
	make(&r);
	r.pods = node_pods_new(60000);
	node_pods_set_state(r.pods, NODE_PODS_ASKING);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	start(&r, BY_APP);
	want_only(&r, PLAIN("0.log", "a"));
	ck_assert_ptr_nonnull(strstr(files(&r), "apps waiting\n"));
	put_pod(&r, POD("\"app\":\"cart\""));
	want_only(&r, APP("cart", "0.log", "a") PLAIN("0.log", "a")); /* once, though it has two ports */
	ck_assert_ptr_null(strstr(files(&r), "waiting"));
	unmake(&r);
}
END_TEST

START_TEST(what_rotates_while_it_waits_is_not_lost)
{
	struct rig r;
	char from[512], to[512];
	make(&r);
	r.pods = node_pods_new(60000);
	node_pods_set_state(r.pods, NODE_PODS_ASKING);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	start(&r, "logs:\n  scrape_configs:\n" JOB("apps") "      - { source_labels: [__meta_kubernetes_pod_label_app], target_label: app }\n" PATH_RULE);
	pass(&r, 100);
	snprintf(from, sizeof from, "%s/pods/shop_cart_u-1/web/0.log", r.dir.path);
	snprintf(to, sizeof to, "%s/pods/shop_cart_u-1/web/0.log.20261121-090000", r.dir.path);
	ck_assert_int_eq(rename(from, to), 0);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("b"));
	pass(&r, 400);
	ck_assert_int_eq(unlink(to), 0);
	pass(&r, 400);
	put_pod(&r, POD("\"app\":\"cart\""));
	want_only(&r, APP("cart", "0.log", "a") APP("cart", "0.log", "b"));
	unmake(&r);
}
END_TEST

static void on_target(void *ctx, const struct tail_target *t)
{
	struct buf *out = ctx;
	buf_printf(out, STR_FMT " %s ", STR_ARG(t->job), t->is_kept ? "kept" : t->is_waiting ? "waiting" : "dropped");
	labels_print(t->labels ? t->labels : &(struct labels){ 0 }, out);
	buf_printf(out, " %s uid=" STR_FMT "\n", t->why, STR_ARG(labels_get(t->discovered, STR("__meta_kubernetes_pod_uid"))));
}

static void want_targets(struct rig *r, const char *text)
{
	struct status status = { 0 };
	struct buf out;
	buf_init(&out, TEXT_MAX);
	pipeline_status(r->pipeline, &status);
	status.each_log_target(status.ctx, 100, on_target, &out);
	buf_char(&out, '\0');
	ck_assert_msg(strcmp(out.p, text) == 0, "got\n%swant\n%s", out.p, text);
	buf_fini(&out);
}

START_TEST(targets_can_be_looked_at)
{
	struct rig r;
	make(&r);
	r.pods = node_pods_new(60000);
	node_pods_set_state(r.pods, NODE_PODS_ASKING);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	start(&r, BY_APP JOB("none") "      - { source_labels: [__meta_kubernetes_namespace], regex: shop, action: drop }\n"
		  "  - job_name: files\n    static_configs: [{ labels: { __path__: '@/app.log', team: x } }]\n");
	pass(&r, 50);
	want_targets(&r, "files kept {team=\"x\"}  uid=\napps waiting {} waiting for the object of its pod uid=u-1\n"
			 "plain kept {job=\"plain\"}  uid=u-1\n"
			 "none dropped {} dropped by rule 1 of relabel_configs (drop, line 20 of the file) uid=u-1\n");
	put_pod(&r, POD("\"app\":\"cart\""));
	pass(&r, 50);
	put_pod(&r, POD("\"app\":\"other\"")); /* frozen by now */
	want_targets(&r, "files kept {team=\"x\"}  uid=\napps kept {app=\"cart\"}  uid=u-1\nplain kept {job=\"plain\"}  uid=u-1\n"
			 "none dropped {} dropped by rule 1 of relabel_configs (drop, line 20 of the file) uid=u-1\n");
	unmake(&r);
}
END_TEST

START_TEST(waiting_has_an_end)
{
	struct rig r;
	make(&r);
	r.pods = node_pods_new(POD_WAIT_MS);
	node_pods_set_state(r.pods, NODE_PODS_ASKING);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	start(&r, BY_APP);
	want_only(&r, PLAIN("0.log", "a") "{" SHOWN("0.log") "stream=\"stdout\"} a\n");
	put_pod(&r, POD("\"app\":\"cart\"")); /* too late for this one, which has its labels now */
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("b"));
	append(&r, "pods/shop_cart_u-1/web/1.log", CRI("c"));
	want_only(&r, APP("cart", "1.log", "c") PLAIN("0.log", "a") PLAIN("0.log", "b") "{" SHOWN("0.log") "stream=\"stdout\"} a\n"
			 "{" SHOWN("0.log") "stream=\"stdout\"} b\n" PLAIN("1.log", "c"));
	unmake(&r);
}
END_TEST

START_TEST(labels_are_frozen_for_a_container)
{
	struct rig r;
	make(&r);
	r.pods = node_pods_new(60000);
	put_pod(&r, POD("\"app\":\"cart\""));
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	start(&r, BY_APP);
	want(&r, APP("cart", "0.log", "a") PLAIN("0.log", "a"));
	put_pod(&r, POD("\"app\":\"other\""));
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("b"));
	want_only(&r, APP("cart", "0.log", "a") APP("cart", "0.log", "b") PLAIN("0.log", "a") PLAIN("0.log", "b"));
	stop(&r);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("c"));
	append(&r, "pods/shop_cart_u-1/web/1.log", CRI("d")); /* another instance of the container */
	start(&r, BY_APP);
	want_only(&r, APP("cart", "0.log", "c") APP("other", "1.log", "d") PLAIN("0.log", "c") PLAIN("1.log", "d"));
	stop(&r);
	node_pods_free(r.pods); /* and nobody to ask any more */
	r.pods = NULL;
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("e"));
	start(&r, BY_APP);
	want_only(&r, APP("cart", "0.log", "e") PLAIN("0.log", "e"));
	stop(&r);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("f"));
	start(&r, "logs:\n  scrape_configs:\n" JOB("apps") /* other rules: what the old ones made counts no more */
		  "      - { source_labels: [__meta_kubernetes_pod_label_app], regex: (.*), replacement: 'x$1', target_label: app }\n" PATH_RULE);
	want_only(&r, APP("x", "0.log", "f"));
	unmake(&r);
}
END_TEST

START_TEST(a_dropped_log_is_judged_again_when_its_pod_changes)
{
	struct rig r;
	make(&r);
	r.pods = node_pods_new(60000);
	put_pod(&r, POD("\"app\":\"cart\",\"log\":\"off\""));
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	start(&r, BY_APP);
	want_only(&r, PLAIN("0.log", "a"));
	put_pod(&r, POD("\"app\":\"cart\""));
	want_only(&r, APP("cart", "0.log", "a") PLAIN("0.log", "a"));
	put_pod(&r, POD("\"app\":\"cart\",\"log\":\"off\"")); /* labels are frozen, and so is that it is read */
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("b"));
	want_only(&r, APP("cart", "0.log", "a") APP("cart", "0.log", "b") PLAIN("0.log", "a") PLAIN("0.log", "b"));
	unmake(&r);
}
END_TEST

START_TEST(a_waiting_log_that_is_dropped_leaves_nothing)
{
	struct rig r;
	struct status status = { 0 };
	make(&r);
	r.pods = node_pods_new(60000);
	node_pods_set_state(r.pods, NODE_PODS_ASKING);
	append(&r, "pods/shop_cart_u-1/web/0.log", CRI("a"));
	start(&r, BY_APP);
	pass(&r, 100);
	pipeline_status(r.pipeline, &status);
	ck_assert_uint_eq(status.streams, 2);
	put_pod(&r, POD("\"log\":\"off\""));
	want_only(&r, PLAIN("0.log", "a"));
	pipeline_status(r.pipeline, &status);
	ck_assert_uint_eq(status.streams, 1);
	ck_assert_uint_eq(status.files_known, 1);
	unmake(&r);
}
END_TEST

/* ---- targets that come and go ---- */

#define FILE_SD "logs:\n  scrape_configs:\n  - job_name: files\n    file_sd_configs: [{ files: ['@/sd/*.json'] }]\n" \
		"    relabel_configs: [{ action: drop, source_labels: [team], regex: nobody }]\n"
#define GROUP(team) "{\"targets\":[\"localhost\"],\"labels\":{\"__path__\":\"%s/app.log\",\"team\":\"" team "\"}}"
#define LINE(team, line) "{filename=\"@/app.log\", team=\"" team "\"} " line "\n"

static void put_targets(struct rig *r, const char *format)
{
	char text[2048];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof text, format, r->dir.path, r->dir.path);
#pragma GCC diagnostic pop
	replace(r, "sd/new", text);
	char from[512], to[512];
	snprintf(from, sizeof from, "%s/sd/new", r->dir.path);
	snprintf(to, sizeof to, "%s/sd/targets.json", r->dir.path);
	ck_assert_int_eq(rename(from, to), 0);
}

START_TEST(targets_of_files_come_and_go)
{
	struct rig r;
	make(&r);
	append(&r, "app.log", "a\n");
	put_targets(&r, "[]");
	start(&r, FILE_SD);
	want_only(&r, "");
	put_targets(&r, "[" GROUP("x") "," GROUP("nobody") "]");
	want_only(&r, LINE("x", "a"));
	put_targets(&r, "[" GROUP("y") "]"); /* another label: goes on, repeats nothing */
	pass(&r, 2600);
	append(&r, "app.log", "b\n");
	want_only(&r, LINE("x", "a") LINE("y", "b"));
	put_targets(&r, "[]");
	pass(&r, 3500);
	append(&r, "app.log", "c\n");
	want_only(&r, LINE("x", "a") LINE("y", "b"));
	ck_assert_str_eq(files(&r), "");
	stop(&r);
	start(&r, FILE_SD); /* parked progress outlives the process */
	pass(&r, 300);
	put_targets(&r, "[" GROUP("y") "," GROUP("z") "]"); /* the old one goes on; a new one begins with the live file */
	want_only(&r, LINE("y", "c") LINE("z", "a") LINE("z", "b") LINE("z", "c"));
	unmake(&r);
}
END_TEST

/* What a stage holds when a target goes away is sent, and nothing is read twice when it comes back. */
START_TEST(what_stages_hold_goes_out_with_the_target)
{
	static const char yaml[] = FILE_SD "    pipeline_stages: [{ multiline: { firstline: '^#', max_wait_time: 1h } }]\n";
	struct rig r;
	make(&r);
	append(&r, "app.log", "#1\nmore\n#2\nmore of 2\n");
	put_targets(&r, "[]");
	start(&r, yaml);
	put_targets(&r, "[" GROUP("x") "," GROUP("nobody") "]");
	want_only(&r, LINE("x", "#1\nmore"));
	put_targets(&r, "[]");
	want_only(&r, LINE("x", "#1\nmore") LINE("x", "#2\nmore of 2"));
	pass(&r, 1500);
	ck_assert_str_eq(files(&r), "");
	append(&r, "app.log", "#3\n#4\n");
	put_targets(&r, "[" GROUP("x") "]");
	want_only(&r, LINE("x", "#1\nmore") LINE("x", "#2\nmore of 2") LINE("x", "#3"));
	unmake(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log_discovery");
	TCase *c = tcase_create("log_discovery");
	tcase_set_timeout(c, 240);
	tcase_add_test(c, jobs_share_the_pods);
	tcase_add_test(c, each_goes_on_where_it_was);
	tcase_add_test(c, native_jobs_keep_their_labels);
	tcase_add_test(c, a_bare_file_has_promtails_labels);
	tcase_add_test(c, a_link_is_shown_under_its_own_name);
	tcase_add_test(c, a_path_may_reach_other_containers);
	tcase_add_test(c, a_log_waits_for_its_pod);
	tcase_add_test(c, what_rotates_while_it_waits_is_not_lost);
	tcase_add_test(c, targets_can_be_looked_at);
	tcase_add_test(c, waiting_has_an_end);
	tcase_add_test(c, labels_are_frozen_for_a_container);
	tcase_add_test(c, a_dropped_log_is_judged_again_when_its_pod_changes);
	tcase_add_test(c, a_waiting_log_that_is_dropped_leaves_nothing);
	tcase_add_test(c, targets_of_files_come_and_go);
	tcase_add_test(c, what_stages_hold_goes_out_with_the_target);
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
