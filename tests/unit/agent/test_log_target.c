/* What Promtail's rules make of a pod's container or a static group, and which job takes a file. */
#include <check.h>
#include <stdlib.h>

#include "agent/logs/log_jobs.h"
#include "config/load.h"

/* The rules of Promtail's chart (6.17.1), as its default configuration has them. */
#define CHART \
	"- source_labels: [__meta_kubernetes_pod_controller_name]\n  regex: '([0-9a-z-.]+?)(-[0-9a-f]{8,10})?'\n  action: replace\n  target_label: __tmp_controller_name\n" \
	"- source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name, __meta_kubernetes_pod_label_app, __tmp_controller_name, __meta_kubernetes_pod_name]\n" \
	"  regex: '^;*([^;]+)(;.*)?$'\n  action: replace\n  target_label: app\n" \
	"- source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_instance, __meta_kubernetes_pod_label_instance]\n" \
	"  regex: '^;*([^;]+)(;.*)?$'\n  action: replace\n  target_label: instance\n" \
	"- source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_component, __meta_kubernetes_pod_label_component]\n" \
	"  regex: '^;*([^;]+)(;.*)?$'\n  action: replace\n  target_label: component\n" \
	"- {action: replace, source_labels: [__meta_kubernetes_pod_node_name], target_label: node_name}\n" \
	"- {action: replace, source_labels: [__meta_kubernetes_namespace], target_label: namespace}\n" \
	"- {action: replace, replacement: $1, separator: /, source_labels: [namespace, app], target_label: job}\n" \
	"- {action: replace, source_labels: [__meta_kubernetes_pod_name], target_label: pod}\n" \
	"- {action: replace, source_labels: [__meta_kubernetes_pod_container_name], target_label: container}\n" \
	PATHS
#define PATHS \
	"- {action: replace, replacement: '/var/log/pods/*$1/*.log', separator: /, source_labels: [__meta_kubernetes_pod_uid, " \
	"__meta_kubernetes_pod_container_name], target_label: __path__}\n" \
	"- {action: replace, regex: 'true/(.*)', replacement: '/var/log/pods/*$1/*.log', separator: /, source_labels: [" \
	"__meta_kubernetes_pod_annotationpresent_kubernetes_io_config_hash, __meta_kubernetes_pod_annotation_kubernetes_io_config_hash, " \
	"__meta_kubernetes_pod_container_name], target_label: __path__}\n"

static const char pod_json[] =
	"{\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"shop\",\"name\":\"cart-7c9d6c5f4d-x2x2x\",\"uid\":\"1111-2222\",\"labels\":{\"app\":\"cart\","
	"\"app.kubernetes.io/instance\":\"blue\"},\"annotations\":{\"team/owner\":\"x y\"},\"ownerReferences\":[{\"kind\":\"ReplicaSet\",\"name\":"
	"\"cart-7c9d6c5f4d\",\"controller\":true}]},\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":\"web\",\"image\":\"cart:1\",\"ports\":["
	"{\"containerPort\":80,\"name\":\"http\"},{\"containerPort\":443}]},{\"name\":\"side\"}],\"initContainers\":[{\"name\":\"init\"}]},"
	"\"status\":{\"podIP\":\"10.0.0.7\",\"hostIP\":\"10.1.1.1\",\"phase\":\"Running\",\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}";
static const char static_pod_json[] =
	"{\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"kube-system\",\"name\":\"etcd-n1\",\"uid\":\"aaaa-bbbb\",\"annotations\":{"
	"\"kubernetes.io/config.hash\":\"0123456789abcdef0123456789abcdef\"}},\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":\"etcd\"}]},"
	"\"status\":{\"podIP\":\"10.1.1.1\"}}";

static struct podlist pods;
static struct arena pod_arena;

static const struct pod *pod_of(const char *json)
{
	const char *why;
	arena_fini(&pod_arena);
	ck_assert(podlist_parse(str_of(json), &pods, &pod_arena, &why) && pods.count == 1);
	return &pods.at[0];
}

/* ---- what is found of a container ---- */

struct seen { struct buf text; const struct log_jobs *jobs; };

static void on_found(void *ctx, const struct log_found *found)
{
	struct seen *s = ctx;
	if (s->text.n)
		buf_char(&s->text, '\n');
	buf_printf(&s->text, "%s ", log_verdict_names[found->target->verdict]);
	if (found->target->verdict == LOG_DROPPED)
		buf_printf(&s->text, "%zu ", found->target->rule);
	labels_print(&found->target->labels, &s->text);
	buf_printf(&s->text, " " STR_FMT "%s", STR_ARG(found->target->path), found->target->is_moved ? " moved" : "");
}

static struct config *job_with(const char *rules)
{
	struct buf text;
	struct config_problems problems = { 0 };
	buf_init(&text, 1 << 20);
	buf_str(&text, STR("metrics:\n  scrape_configs:\n  - job_name: j\n    relabel_configs:\n"));
	for (struct str rest = str_of(rules); rest.n;) {
		struct str line = str_cut(&rest, '\n');
		buf_printf(&text, "    " STR_FMT "\n", STR_ARG(line));
	}
	struct config *c = config_load(buf_view(&text), STR("test"), &problems);
	ck_assert_msg(c, "%s", problems.count ? problems.at[0].message.p : "");
	const struct config_metric_scrape *from = NULL;
	for (size_t i = 0; i < c->metrics.scrape_count; i++)
		if (!c->metrics.scrapes[i].builtin)
			from = &c->metrics.scrapes[i];
	c->logs.scrapes[0].relabel_configs = from->relabel_configs;
	c->logs.scrapes[0].is_promtail = true;
	config_problems_fini(&problems);
	buf_fini(&text);
	return c;
}

static const struct pod_meta_path web = { STR("shop"), STR("cart-7c9d6c5f4d-x2x2x"), STR("1111-2222"), STR("web"), STR("n1") };
static const struct pod_meta_path etcd = { STR("kube-system"), STR("etcd-n1"), STR("0123456789abcdef0123456789abcdef"), STR("etcd"), STR("n1") };
static const struct pod_meta_path side = { STR("shop"), STR("cart-7c9d6c5f4d-x2x2x"), STR("1111-2222"), STR("side"), STR("n1") };
static const struct pod_meta_path shell = { STR("shop"), STR("cart-7c9d6c5f4d-x2x2x"), STR("1111-2222"), STR("debugger-1"), STR("n1") };

static const struct pod_case {
	const char *name, *rules, *json; /* NULL: the path alone */
	const struct pod_meta_path *path;
	const char *want;
	bool needs_pod;
} pod_cases[] = {
	{ "the chart's rules, one for each port", CHART, pod_json, &web,
	  "kept {app=\"cart\",container=\"web\",instance=\"blue\",job=\"shop/cart\",namespace=\"shop\",node_name=\"n1\",pod=\"cart-7c9d6c5f4d-x2x2x\"} "
	  "/var/log/pods/*1111-2222/web/*.log\n"
	  "kept {app=\"cart\",container=\"web\",instance=\"blue\",job=\"shop/cart\",namespace=\"shop\",node_name=\"n1\",pod=\"cart-7c9d6c5f4d-x2x2x\"} "
	  "/var/log/pods/*1111-2222/web/*.log", true },
	{ "the chart's rules by the path alone", CHART, NULL, &web,
	  "kept {app=\"cart-7c9d6c5f4d-x2x2x\",container=\"web\",job=\"shop/cart-7c9d6c5f4d-x2x2x\",namespace=\"shop\",node_name=\"n1\","
	  "pod=\"cart-7c9d6c5f4d-x2x2x\"} /var/log/pods/*1111-2222/web/*.log", true },
	{ "a static pod: its folder has a hash where others have their UID", CHART, static_pod_json, &etcd,
	  "kept {app=\"etcd-n1\",container=\"etcd\",job=\"kube-system/etcd-n1\",namespace=\"kube-system\",node_name=\"n1\",pod=\"etcd-n1\"} "
	  "/var/log/pods/*0123456789abcdef0123456789abcdef/etcd/*.log", true },
	{ "a container for debugging is in no list of the object", "- {source_labels: [__meta_kubernetes_pod_container_name], target_label: c}\n" PATHS,
	  pod_json, &shell, "kept {c=\"debugger-1\"} /var/log/pods/*1111-2222/debugger-1/*.log", true },
	{ "annotations, with their presence", "- {source_labels: [__meta_kubernetes_pod_annotation_team_owner, "
	  "__meta_kubernetes_pod_annotationpresent_team_owner], target_label: o}\n" PATHS, pod_json, &side,
	  "kept {o=\"x y;true\"} /var/log/pods/*1111-2222/side/*.log", true },
	{ "labelmap takes all labels", "- {action: labelmap, regex: __meta_kubernetes_pod_label_(.+)}\n" PATHS, pod_json, &side,
	  "kept {app=\"cart\",app_kubernetes_io_instance=\"blue\"} /var/log/pods/*1111-2222/side/*.log", true },
	{ "the rest of what an object says", "- {source_labels: [__meta_kubernetes_pod_ip, __meta_kubernetes_pod_host_ip, "
	  "__meta_kubernetes_pod_phase, __meta_kubernetes_pod_ready, __meta_kubernetes_pod_controller_kind, "
	  "__meta_kubernetes_pod_container_image, __meta_kubernetes_pod_container_init, __address__], target_label: a}\n" PATHS, pod_json, &side,
	  "kept {a=\"10.0.0.7;10.1.1.1;Running;true;ReplicaSet;;false;10.0.0.7\"} /var/log/pods/*1111-2222/side/*.log", true },
	{ "dropped, by which rule", "- {source_labels: [__meta_kubernetes_namespace], target_label: ns}\n"
	  "- {action: drop, source_labels: [ns], regex: sh.*}\n", NULL, &web, "dropped 1 {ns=\"shop\"} ", false },
	{ "keep of what nobody says", "- {action: keep, source_labels: [__meta_kubernetes_pod_annotation_log], regex: yes}\n", NULL, &web,
	  "dropped 0 {} ", true },
	{ "another host", "- {replacement: n2, target_label: __host__}\n" PATHS, NULL, &web, "wrong_host {} /var/log/pods/*1111-2222/web/*.log", true },
	{ "this host", "- {source_labels: [__meta_kubernetes_pod_node_name], target_label: __host__}\n"
	  "- {target_label: __path__, replacement: /var/log/pods/x/*.log}\n", NULL, &web, "kept {} /var/log/pods/x/*.log", false },
	{ "the host as the object calls it", "- {source_labels: [__meta_kubernetes_pod_node_name], target_label: __host__}\n" PATHS, pod_json, &side,
	  "kept {} /var/log/pods/*1111-2222/side/*.log", true },
	{ "no path", "- {source_labels: [__meta_kubernetes_namespace], target_label: ns}\n", NULL, &web, "no_path {ns=\"shop\"} ", false },
	{ "a path that is relative", "- {target_label: __path__, replacement: logs/*.log}\n", NULL, &web, "bad_path {} logs/*.log", false },
	{ "a path that climbs", "- {target_label: __path__, replacement: '/var/log/pods/../../x'}\n", NULL, &web, "bad_path {} /var/log/pods/../../x", false },
	{ "a path out of an annotation", "- {source_labels: [__meta_kubernetes_pod_label_app], regex: (.*), replacement: '${1}', target_label: __path__}\n"
	  "- {source_labels: [__path__], regex: (.*), replacement: '/$1', target_label: __path__}\n", pod_json, &side, "forbidden {} /cart", true },
	{ "a root that the rule writes out", "- {source_labels: [__meta_kubernetes_pod_uid], replacement: "
	  "'/var/lib/kubelet/pods/$1/volumes/kubernetes.io~empty-dir/logs/*.log', target_label: __path__}\n", NULL, &web,
	  "kept {} /var/lib/kubelet/pods/1111-2222/volumes/kubernetes.io~empty-dir/logs/*.log", false },
	{ "internal labels are gone, temporary ones too", "- {replacement: a, target_label: __tmp_x}\n- {source_labels: [__tmp_x], target_label: y}\n" PATHS,
	  NULL, &web, "kept {y=\"a\"} /var/log/pods/*1111-2222/web/*.log", true },
};

START_TEST(containers)
{
	const struct pod_case *c = &pod_cases[_i];
	struct config *config = job_with(c->rules);
	struct log_jobs jobs;
	struct seen seen = { 0 };
	char err[256] = "";
	buf_init(&seen.text, 1 << 20);
	struct log_jobs_options options = { config, c->json && strcmp(c->name, "the host as the object calls it") == 0 ? STR("other") : STR("n1"),
					    STR("/var/log/pods"), STR("/var/lib/docker/containers") };
	ck_assert_msg(log_jobs_init(&jobs, &options, err) == 0, "%s: %s", c->name, err);
	log_job_each_of_pod(&jobs, &jobs.at[0], c->path, c->json ? pod_of(c->json) : NULL, on_found, &seen);
	buf_char(&seen.text, '\0');
	ck_assert_msg(strcmp(seen.text.p, c->want) == 0, "%s: got\n%s\nwant\n%s", c->name, seen.text.p, c->want);
	ck_assert_msg(jobs.at[0].rules.needs_pod == c->needs_pod, "%s: needs_pod", c->name);
	buf_fini(&seen.text);
	log_jobs_fini(&jobs);
	config_free(config);
}
END_TEST

START_TEST(another_root)
{
	struct config *config = job_with(PATHS);
	struct log_jobs jobs;
	struct seen seen = { 0 };
	char err[256] = "";
	buf_init(&seen.text, 1 << 20);
	struct log_jobs_options options = { config, STR("n1"), STR("/host/pods"), STR("") };
	ck_assert(log_jobs_init(&jobs, &options, err) == 0);
	log_job_each_of_pod(&jobs, &jobs.at[0], &web, NULL, on_found, &seen);
	buf_char(&seen.text, '\0');
	ck_assert_str_eq(seen.text.p, "kept {} /host/pods/*1111-2222/web/*.log moved");
	buf_fini(&seen.text);
	log_jobs_fini(&jobs);
	config_free(config);
}
END_TEST

START_TEST(other_rules_have_another_hash)
{
	static const char *const rules[] = { PATHS, CHART, "- {replacement: a, target_label: b}\n", "- {replacement: b, target_label: a}\n",
					     "- {replacement: b, target_label: a, separator: ''}\n", "- {source_labels: [ab], target_label: a}\n",
					     "- {source_labels: [a, b], target_label: a}\n" };
	uint64_t hashes[COUNT_OF(rules)];
	for (size_t i = 0; i < COUNT_OF(rules); i++) {
		struct config *config = job_with(rules[i]);
		struct log_rules made;
		char err[256];
		ck_assert(log_rules_init(&made, &config->logs.scrapes[0].relabel_configs, err));
		hashes[i] = made.hash;
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(hashes[k] != hashes[i], "%zu and %zu", k, i);
		log_rules_fini(&made);
		config_free(config);
	}
}
END_TEST

/* ---- which names need an object ---- */

START_TEST(needs)
{
	static const struct { const char *name; bool needs; } names[] = {
		{ "__meta_kubernetes_pod_label_app", true }, { "__meta_kubernetes_pod_annotation_x", true }, { "__meta_kubernetes_pod_ip", true },
		{ "__meta_kubernetes_pod_container_port_name", true }, { "__meta_kubernetes_pod_container_name", false },
		{ "__meta_kubernetes_pod_uid", false }, { "__meta_kubernetes_namespace", false }, { "__meta_kubernetes_pod_ip_x", false },
		{ "__meta_kubernetes_pod_node_name", false }, { "app", false },
	}, patterns[] = {
		{ "__meta_kubernetes_pod_label_(.+)", true }, { "__meta_kubernetes_(.+)", true }, { "(.+)", true }, { "", true },
		{ "__meta_kubernetes_pod_label_app_(.+)", true }, { "__meta_kubernetes_namespace(.*)", false }, { "__service_(.+)", false },
		{ "a|__meta_kubernetes_pod_label_(.+)", true }, { "__meta_kubernetes_pod_labelx*(.+)", true }, { "__x*_meta", true },
	};
	for (size_t i = 0; i < COUNT_OF(names); i++)
		ck_assert_msg(pod_meta_needs_object(str_of(names[i].name)) == names[i].needs, "%s", names[i].name);
	for (size_t i = 0; i < COUNT_OF(patterns); i++)
		ck_assert_msg(pod_meta_pattern_needs_object(str_of(patterns[i].name)) == patterns[i].needs, "%s", patterns[i].name);
}
END_TEST

/* ---- which job takes a file ---- */

static void on_choice(void *ctx, const struct log_choice *c)
{
	static const char *const fits[] = { "read", "dropped", "other", "excluded", "twice" };
	struct seen *s = ctx;
	if (c->fit == FIT_OTHER)
		return;
	buf_printf(&s->text, STR_FMT " %s ", STR_ARG(c->found.job->config->job_name), fits[c->fit]);
	labels_print(&c->found.target->labels, &s->text);
	buf_str(&s->text, STR("; "));
}

static const struct { const char *name, *path, *want; } path_cases[] = {
	{ "a pod's log", "/var/log/pods/a_b_c-d/web/0.log", "pods read {container=\"web\",namespace=\"a\",pod=\"b\"}; " },
	{ "a rotated one", "/var/log/pods/a_b_c-d/web/0.log.20261121-090000.gz", "pods read {container=\"web\",namespace=\"a\",pod=\"b\"}; " },
	{ "no name that a kubelet makes", "/var/log/pods/a_b_c-d/web/x.log", "" },
	{ "a file", "/var/log/app.log", "files read {team=\"x\"}; " },
	{ "a file, rotated", "/var/log/app.log.2.gz", "files read {team=\"x\"}; " },
	{ "excluded", "/var/log/secret.log", "files excluded {team=\"x\"}; " },
	{ "two patterns of native jobs", "/var/log/syslog.log", "files read {team=\"x\"}; files twice {}; " },
	{ "nobody's", "/etc/passwd", "" },
};

START_TEST(paths)
{
	static const char text[] = "logs:\n  scrape_configs:\n  - job_name: pods\n    kubernetes_sd_configs: [{role: pod}]\n  - job_name: files\n"
				   "    static_configs:\n    - labels: {__path__: '/var/log/*.log', __path_exclude__: '/var/log/sec*', team: x}\n"
				   "    - labels: {__path__: /var/log/syslog.log}\n";
	struct config_problems problems = { 0 };
	struct config *config = config_load(str_of(text), STR("test"), &problems);
	ck_assert_msg(config, "%s", problems.count ? problems.at[0].message.p : "");
	struct log_jobs_options options = { config, STR("n1"), STR("/var/log/pods"), STR("") };
	struct log_jobs jobs;
	struct seen seen = { 0 };
	char err[256] = "";
	ck_assert(log_jobs_init(&jobs, &options, err) == 0);
	buf_init(&seen.text, 1 << 20);
	log_jobs_explain(&jobs, str_of(path_cases[_i].path), NULL, on_choice, &seen);
	buf_char(&seen.text, '\0');
	ck_assert_msg(strcmp(seen.text.p, path_cases[_i].want) == 0, "%s: got %s want %s", path_cases[_i].name, seen.text.p, path_cases[_i].want);
	buf_fini(&seen.text);
	log_jobs_fini(&jobs);
	config_problems_fini(&problems);
	config_free(config);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("log_target");
	TCase *c = tcase_create("log_target");
	tcase_add_loop_test(c, containers, 0, COUNT_OF(pod_cases));
	tcase_add_test(c, another_root);
	tcase_add_test(c, other_rules_have_another_hash);
	tcase_add_test(c, needs);
	tcase_add_loop_test(c, paths, 0, COUNT_OF(path_cases));
	suite_add_tcase(s, c);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	arena_fini(&pod_arena);
	return failed != 0;
}
