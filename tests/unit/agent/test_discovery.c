/* Where targets come from, and what they become. */
#include "agent/scrape/file_sd.h"
#include "agent/scrape/fetch.h"
#include "agent/scrape/pod_sd.h"
#include "agent/scrape/target_labels.h"
#include "tests/unit/agent/temp_dir.h"

#include <stdlib.h>

static const struct config_metric_scrape job = {
	.job_name = STR("j"), .metrics_path = STR("/metrics"), .scheme = STR("http"), .scrape_interval_ms = 15000, .scrape_timeout_ms = 10000,
};

/* ---- files ---- */

/* Labels of all targets, one in a line. */
static const char *show(const struct discovered_set *set)
{
	static char text[65536];
	struct buf b;
	buf_init(&b, sizeof text - 1);
	for (size_t i = 0; i < set->count; i++) {
		labels_print(&set->at[i].labels, &b);
		buf_char(&b, '\n');
	}
	memcpy(text, b.p ? b.p : "", b.n);
	text[b.n] = '\0';
	buf_fini(&b);
	return text;
}

#define F ",__meta_filepath=\"f\""
static const struct file_case {
	const char *name, *text, *want; /* NULL: refused */
} file_cases[] = {
	{ "JSON", "[{\"targets\": [\"a:1\", \"b:2\"], \"labels\": {\"x\": \"y\"}}]",
	  "{__address__=\"a:1\"" F ",x=\"y\"}\n{__address__=\"b:2\"" F ",x=\"y\"}\n" },
	{ "YAML", "- targets: ['a:1']\n  labels:\n    x: y\n- targets:\n  - b:2\n", "{__address__=\"a:1\"" F ",x=\"y\"}\n{__address__=\"b:2\"" F "}\n" },
	{ "JSON with tabs", "[\n\t{\n\t\t\"targets\": [\"a:1\"]\n\t}\n]\n", "{__address__=\"a:1\"" F "}\n" },
	{ "JSON escapes", "[{\"targets\": [\"a:1\"], \"labels\": {\"x\": \"\\u00e9\\\"\\\\\"}}]", "{__address__=\"a:1\"" F ",x=\"\xc3\xa9\\\"\\\\\"}\n" },
	{ "numbers as values", "- targets: [a:1]\n  labels: {shard: 3, on: true}\n", "{__address__=\"a:1\"" F ",on=\"true\",shard=\"3\"}\n" },
	{ "an empty value is no label", "- targets: [a:1]\n  labels: {x: ''}\n", "{__address__=\"a:1\"" F "}\n" },
	{ "no groups", "[]", "" },
	{ "nothing", "", "" },
	{ "no targets", "- labels: {x: y}\n", "" },
	{ "a mapping", "{\"targets\": []}", NULL },
	{ "unknown key", "- target: [a:1]\n", NULL },
	{ "targets is no list", "- targets: a:1\n", NULL },
	{ "labels is no mapping", "- targets: [a:1]\n  labels: [x]\n", NULL },
	{ "a target is a mapping", "- targets: [{a: 1}]\n", NULL },
	{ "null as a group", "- \n- targets: [a:1]\n", NULL },
	{ "broken off", "[{\"targets\": [\"a:1\", \"b", NULL },
	{ "the second group is bad: nothing is taken", "- targets: [a:1]\n- nonsense\n", NULL },
};

START_TEST(files)
{
	const struct file_case *c = &file_cases[_i];
	struct discovered_set set = { 0 };
	char err[256] = "";
	bool is_good = file_sd_parse(str_of(c->text), STR("f"), &set, err);
	ck_assert_msg(is_good == (c->want != NULL), "%s: %s", c->name, err);
	ck_assert_msg(is_good || (err[0] && set.count == 0), "%s: no reason, or %zu targets", c->name, set.count);
	if (c->want)
		ck_assert_msg(strcmp(show(&set), c->want) == 0, "%s: got %s", c->name, show(&set));
	discovered_reset(&set);
}
END_TEST

static size_t all_targets(const struct file_sd *f)
{
	size_t n = 0;
	for (size_t i = 0; i < file_sd_count(f); i++)
		n += file_sd_set(f, i)->count;
	return n;
}

static void put(struct temp_dir *d, const char *name, const char *text)
{
	temp_write(d, name, text, strlen(text));
}

START_TEST(files_that_change)
{
	struct temp_dir d = temp_dir_make();
	char pattern[128];
	snprintf(pattern, sizeof pattern, "%s/*.json", d.path);
	struct str patterns[] = { str_of(pattern) };
	const struct config_file_sd config = { .files = { patterns, 1 }, .refresh_interval_ms = 300000 };
	struct file_sd *f = file_sd_new(&config);
	ck_assert(!file_sd_look(f, 1));
	put(&d, "a.json", "[{\"targets\":[\"a:1\"]}]");
	put(&d, "b.json", "[{\"targets\":[\"b:1\",\"b:2\"]}]");
	ck_assert(file_sd_look(f, 2));
	ck_assert_uint_eq(all_targets(f), 3);
	ck_assert(!file_sd_look(f, 3));
	/* Broken: the old targets stay. */
	put(&d, "b.json", "[{\"targets\":[\"b:1\",");
	ck_assert(!file_sd_look(f, 4));
	ck_assert_uint_eq(all_targets(f), 3);
	put(&d, "b.json", "[]");
	ck_assert(file_sd_look(f, 5));
	ck_assert_uint_eq(all_targets(f), 1);
	unlink(temp_path(&d, "a.json"));
	ck_assert(file_sd_look(f, 6));
	ck_assert_uint_eq(all_targets(f), 0);
	file_sd_free(f);
	unlink(temp_path(&d, "b.json"));
	rmdir(d.path);
}
END_TEST

/* ---- what they become ---- */

static const struct populate_case {
	const char *name;
	struct label labels[6];
	enum target_verdict verdict;
	const char *shown, *url; /* or the error */
} populate_cases[] = {
	{ "defaults", { { STR("__address__"), STR("a:1") } }, TARGET_KEPT, "{instance=\"a:1\",job=\"j\"}", "http://a:1/metrics" },
	{ "no port", { { STR("__address__"), STR("a") } }, TARGET_KEPT, "{instance=\"a\",job=\"j\"}", "http://a/metrics" },
	{ "discovered labels win", { { STR("__address__"), STR("a:1") }, { STR("job"), STR("x") }, { STR("__metrics_path__"), STR("/p") },
		{ STR("__scheme__"), STR("https") }, { STR("instance"), STR("me") } }, TARGET_KEPT, "{instance=\"me\",job=\"x\"}", "https://a:1/p" },
	{ "parameters", { { STR("__address__"), STR("a:1") }, { STR("__param_b"), STR("x y&z") }, { STR("__param_a"), STR("\xc3\xa9") } }, TARGET_KEPT,
	  "{instance=\"a:1\",job=\"j\"}", "http://a:1/metrics?a=%C3%A9&b=x+y%26z" },
	{ "a path without its slash", { { STR("__address__"), STR("a:1") }, { STR("__metrics_path__"), STR("x?y=1 z") } }, TARGET_KEPT,
	  "{instance=\"a:1\",job=\"j\"}", "http://a:1/x%3Fy=1%20z" },
	{ "meta labels vanish", { { STR("__address__"), STR("a:1") }, { STR("__meta_x"), STR("y") }, { STR("__tmp"), STR("y") } }, TARGET_KEPT,
	  "{instance=\"a:1\",job=\"j\"}", "http://a:1/metrics" },
	{ "IPv6", { { STR("__address__"), STR("[fd00::1]:80") } }, TARGET_KEPT, "{instance=\"[fd00::1]:80\",job=\"j\"}", "http://[fd00::1]:80/metrics" },
	{ "no address", { { STR("x"), STR("y") } }, TARGET_INVALID, NULL, "no address" },
	{ "a path in the address", { { STR("__address__"), STR("a:1/x") } }, TARGET_INVALID, NULL, "\"a:1/x\" is not a valid hostname" },
	{ "user information", { { STR("__address__"), STR("u@a:1") } }, TARGET_INVALID, NULL, "\"u@a:1\" is not a valid hostname" },
	{ "a line break", { { STR("__address__"), STR("a:1\r\nX: y") } }, TARGET_INVALID, NULL, NULL },
	{ "another scheme", { { STR("__address__"), STR("a:1") }, { STR("__scheme__"), STR("file") } }, TARGET_INVALID, NULL,
	  "__scheme__ is \"file\": expected http or https" },
	{ "no interval", { { STR("__address__"), STR("a:1") }, { STR("__scrape_interval__"), STR("0s") } }, TARGET_INVALID, NULL,
	  "__scrape_interval__ is \"0s\": expected a duration above 0" },
	{ "a timeout longer than the interval", { { STR("__address__"), STR("a:1") }, { STR("__scrape_interval__"), STR("5s") } }, TARGET_INVALID, NULL,
	  "scrape timeout cannot be greater than scrape interval (\"10s\" > \"5s\")" },
};

START_TEST(populated)
{
	const struct populate_case *c = &populate_cases[_i];
	struct discovered found = { 0 };
	struct target_labels l = { 0 };
	char err[256] = "";
	struct buf shown;
	buf_init(&shown, 4096);
	for (size_t i = 0; i < COUNT_OF(c->labels) && c->labels[i].name.n; i++)
		labels_set(&found.labels, c->labels[i].name, c->labels[i].value);
	enum target_verdict verdict = target_labels_make(&l, &job, NULL, &found, err);
	ck_assert_msg(verdict == c->verdict, "%s: verdict %d, %s", c->name, verdict, err);
	labels_print(&l.shown, &shown);
	if (verdict == TARGET_KEPT) {
		ck_assert_msg(str_eq(buf_view(&shown), str_of(c->shown)), "%s: labels " STR_FMT, c->name, STR_ARG(buf_view(&shown)));
		ck_assert_msg(str_eq(l.url, str_of(c->url)), "%s: url " STR_FMT, c->name, STR_ARG(l.url));
		ck_assert_int_eq(l.interval_ms, 15000);
	} else if (c->url) {
		ck_assert_msg(strcmp(err, c->url) == 0, "%s: %s", c->name, err);
	}
	buf_fini(&shown);
	labels_fini(&found.labels);
	target_labels_fini(&l);
}
END_TEST

START_TEST(params_with_several_values)
{
	struct config_metric_scrape with = job;
	struct config_label params[] = { { STR("module"), STR("a") }, { STR("module"), STR("b") }, { STR("target"), STR("t") } };
	with.params = (struct config_labels){ params, 3 };
	struct discovered found = { 0 };
	struct target_labels l = { 0 };
	char err[256];
	labels_set(&found.labels, STR("__address__"), STR("a:1"));
	labels_set(&found.labels, STR("__param_module"), STR("c"));
	ck_assert_int_eq(target_labels_make(&l, &with, NULL, &found, err), TARGET_KEPT);
	ck_assert(str_eq(l.url, STR("http://a:1/metrics?module=c&module=b&target=t")));
	labels_fini(&found.labels);
	target_labels_fini(&l);
}
END_TEST

START_TEST(relabelled_targets)
{
	const struct str address[] = { STR("__address__") }, meta[] = { STR("__meta_keep") };
	const struct relabel_options options[] = {
		{ .source_labels = meta, .source_label_count = 1, .separator = STR(";"), .regex = STR("no"), .action = RELABEL_DROP },
		{ .source_labels = address, .source_label_count = 1, .separator = STR(";"), .regex = STR("(.*):.*"), .target_label = STR("host"),
		  .replacement = STR("$1"), .action = RELABEL_REPLACE },
		{ .source_labels = address, .source_label_count = 1, .separator = STR(";"), .regex = STR("(.*)"), .target_label = STR("__scrape_interval__"),
		  .replacement = STR("1m"), .action = RELABEL_REPLACE },
	};
	char err[256];
	struct relabel *rules = relabel_new(options, COUNT_OF(options), err);
	ck_assert_msg(rules != NULL, "%s", err);
	for (int keeps = 0; keeps < 2; keeps++) {
		struct discovered found = { 0 };
		struct target_labels l = { 0 };
		labels_set(&found.labels, STR("__address__"), STR("a:1"));
		labels_set(&found.labels, STR("__meta_keep"), keeps ? STR("yes") : STR("no"));
		ck_assert_int_eq(target_labels_make(&l, &job, rules, &found, err), keeps ? TARGET_KEPT : TARGET_DROPPED);
		if (keeps) {
			ck_assert(str_eq(labels_get(&l.shown, STR("host")), STR("a")));
			ck_assert_int_eq(l.interval_ms, 60000);
		}
		ck_assert(str_eq(labels_get(&l.discovered, STR("__scrape_interval__")), STR("15s")));
		labels_fini(&found.labels);
		target_labels_fini(&l);
	}
	relabel_free(rules);
}
END_TEST

START_TEST(durations)
{
	static const struct { int64_t ms; const char *text; } cases[] = {
		{ 0, "0s" }, { 1, "1ms" }, { 1500, "1s500ms" }, { 15000, "15s" }, { 60000, "1m" }, { 90000, "1m30s" }, { 3600000, "1h" },
		{ 86400000, "1d" }, { 7 * 86400000, "1w" }, { 8 * 86400000, "8d" }, { 365 * 86400000ll, "1y" },
	};
	struct buf b;
	buf_init(&b, 64);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		buf_reset(&b);
		target_duration(&b, cases[i].ms);
		ck_assert_msg(str_eq(buf_view(&b), str_of(cases[i].text)), "%s: " STR_FMT, cases[i].text, STR_ARG(buf_view(&b)));
	}
	buf_fini(&b);
}
END_TEST

/* ---- pods ---- */

static const struct address_case { const char *ip; bool is_forbidden; } address_cases[] = {
	{ "10.1.2.3", false }, { "192.168.0.1", false }, { "172.16.0.1", false }, { "100.64.0.1", false }, { "fd00:10:244::5", false },
	{ "2001:db8::1", false }, { "127.0.0.1", true }, { "127.255.255.254", true }, { "0.0.0.0", true }, { "169.254.169.254", true },
	{ "169.254.170.2", true }, { "100.100.100.200", true }, { "168.63.129.16", true }, { "192.0.0.192", true }, { "224.0.0.1", true },
	{ "255.255.255.255", true }, { "::1", true }, { "::", true }, { "fe80::1", true }, { "febf::1", true }, { "ff02::1", true },
	{ "fd00:ec2::254", true }, { "fd20:ce::254", true }, { "::ffff:127.0.0.1", true }, { "::ffff:169.254.169.254", true },
	{ "::ffff:10.0.0.1", false }, { "::127.0.0.1", true }, { "64:ff9b::a9fe:a9fe", true }, { "", true }, { "localhost", true },
	{ "10.1.2.3.4", true }, { "0x7f.1", true }, { "2130706433", true }, { "10.1.2.3 ", true }, { "metadata.google.internal", true },
};

START_TEST(addresses)
{
	const struct address_case *c = &address_cases[_i];
	ck_assert_msg(pod_sd_is_forbidden(str_of(c->ip)) == c->is_forbidden, "%s", c->ip);
}
END_TEST

static struct pod_port ports[] = { { STR("web"), STR("TCP"), 8080 }, { STR("dns"), STR("UDP"), 53 }, { STR("adm"), STR("TCP"), 9090 } };
static struct pod_container containers[] = {
	{ .name = STR("setup"), .ports = ports, .port_count = 1, .is_init = true },
	{ .name = STR("app"), .image = STR("app:1"), .ports = ports, .port_count = 2 },
	{ .name = STR("side"), .ports = ports + 2, .port_count = 1 },
};

static const struct pod_case {
	const char *name;
	struct label annotations[5];
	const char *ip, *phase;
	bool host_network;
	const char *want; /* address|container|path|scheme of each */
} pod_cases[] = {
	{ "not annotated", { { { 0 }, { 0 } } }, "10.0.0.1", "Running", false, "" },
	{ "one target for each declared TCP port", { { STR("prometheus.io/scrape"), STR("true") } }, "10.0.0.1", "Running", false,
	  "10.0.0.1:8080|app||\n10.0.0.1:9090|side||\n" },
	{ "scrape: false", { { STR("prometheus.io/scrape"), STR("false") } }, "10.0.0.1", "Running", false, "" },
	{ "port of a container", { { STR("prometheus.io/scrape"), STR("true") }, { STR("prometheus.io/port"), STR("9090") } }, "10.0.0.1", "Running", false,
	  "10.0.0.1:9090|side||\n" },
	{ "a port that nobody declares", { { STR("prometheus.io/scrape"), STR("true") }, { STR("prometheus.io/port"), STR("7") } }, "10.0.0.1", "Running",
	  false, "10.0.0.1:7|||\n" },
	{ "path and scheme", { { STR("prometheus.io/scrape"), STR("true") }, { STR("prometheus.io/port"), STR("8080") },
		{ STR("prometheus.io/path"), STR("/m") }, { STR("prometheus.io/scheme"), STR("https") } }, "10.0.0.1", "Running", false,
	  "10.0.0.1:8080|app|/m|https\n" },
	{ "IPv6", { { STR("prometheus.io/scrape"), STR("true") }, { STR("prometheus.io/port"), STR("8080") } }, "fd00::7", "Running", false,
	  "[fd00::7]:8080|app||\n" },
	{ "finished", { { STR("prometheus.io/scrape"), STR("true") } }, "10.0.0.1", "Succeeded", false, "" },
	{ "failed", { { STR("prometheus.io/scrape"), STR("true") } }, "10.0.0.1", "Failed", false, "" },
	{ "no address yet", { { STR("prometheus.io/scrape"), STR("true") } }, "", "Pending", false, "" },
	{ "loopback", { { STR("prometheus.io/scrape"), STR("true") } }, "127.0.0.1", "Running", false, "" },
	{ "metadata service", { { STR("prometheus.io/scrape"), STR("true") } }, "169.254.169.254", "Running", false, "" },
	{ "the node's network", { { STR("prometheus.io/scrape"), STR("true") } }, "10.0.0.1", "Running", true, "" },
	{ "the node's address", { { STR("prometheus.io/scrape"), STR("true") } }, "192.168.7.7", "Running", false, "" },
	{ "port 0", { { STR("prometheus.io/scrape"), STR("true") }, { STR("prometheus.io/port"), STR("0") } }, "10.0.0.1", "Running", false, "" },
	{ "port too large", { { STR("prometheus.io/scrape"), STR("true") }, { STR("prometheus.io/port"), STR("65536") } }, "10.0.0.1", "Running", false, "" },
	{ "port with an address", { { STR("prometheus.io/scrape"), STR("true") }, { STR("prometheus.io/port"), STR("80@evil") } }, "10.0.0.1", "Running",
	  false, "" },
	{ "scheme", { { STR("prometheus.io/scrape"), STR("true") }, { STR("prometheus.io/scheme"), STR("file") } }, "10.0.0.1", "Running", false, "" },
	{ "path with a blank", { { STR("prometheus.io/scrape"), STR("true") }, { STR("prometheus.io/path"), STR("/a b") } }, "10.0.0.1", "Running", false,
	  "" },
	{ "path with a line break", { { STR("prometheus.io/scrape"), STR("true") }, { STR("prometheus.io/path"), STR("/a\r\nX: y") } }, "10.0.0.1",
	  "Running", false, "" },
	{ "path that is an address", { { STR("prometheus.io/scrape"), STR("true") }, { STR("prometheus.io/path"), STR("@evil/") } }, "10.0.0.1", "Running",
	  false, "" },
};

START_TEST(annotated_pods)
{
	const struct pod_case *c = &pod_cases[_i];
	struct label annotations[COUNT_OF(c->annotations)];
	struct pod pod = { .namespace_ = STR("ns"), .name = STR("p"), .node = STR("n"), .ip = str_of(c->ip), .host_ip = STR("192.168.7.7"),
		.phase = str_of(c->phase), .host_network = c->host_network, .containers = containers, .container_count = COUNT_OF(containers),
		.annotations = annotations };
	memcpy(annotations, c->annotations, sizeof annotations);
	while (pod.annotation_count < COUNT_OF(annotations) && annotations[pod.annotation_count].name.n)
		pod.annotation_count++;
	const struct podlist pods = { .at = &pod, .count = 1 };
	struct discovered_set set = { 0 };
	struct buf got;
	buf_init(&got, 4096);
	pod_sd_list(&pods, &(struct pod_sd_options){ .by_annotation = true }, &set);
	for (size_t i = 0; i < set.count; i++) {
		const struct labels *l = &set.at[i].labels;
		struct str address = labels_get(l, STR("__address__")), container = labels_get(l, STR("container"));
		struct str path = labels_get(l, STR("__metrics_path__")), scheme = labels_get(l, STR("__scheme__"));
		buf_printf(&got, STR_FMT "|" STR_FMT "|" STR_FMT "|" STR_FMT "\n", STR_ARG(address), STR_ARG(container), STR_ARG(path), STR_ARG(scheme));
		ck_assert(str_eq(set.at[i].pod_ip, pod.ip));
		ck_assert(str_eq(labels_get(l, STR("namespace")), STR("ns")) && str_eq(labels_get(l, STR("pod")), STR("p")) &&
			  str_eq(labels_get(l, STR("node")), STR("n")));
	}
	ck_assert_msg(str_eq(buf_view(&got), str_of(c->want)), "%s: got " STR_FMT, c->name, STR_ARG(buf_view(&got)));
	buf_fini(&got);
	discovered_reset(&set);
}
END_TEST

START_TEST(pods_for_relabelling)
{
	struct label annotations[] = { { STR("prometheus.io/scrape"), STR("true") } }, labels[] = { { STR("app.kubernetes.io/name"), STR("x") } };
	struct pod_owner owners[] = { { STR("ReplicaSet"), STR("rs"), true } };
	struct pod_condition conditions[] = { { .type = STR("Ready"), .status = STR("True") } };
	struct pod pod = { .namespace_ = STR("ns"), .name = STR("p"), .node = STR("n"), .ip = STR("10.0.0.1"), .host_ip = STR("10.0.0.1"), .uid = STR("u"),
		.phase = STR("Running"), .host_network = true, .containers = containers, .container_count = COUNT_OF(containers),
		.annotations = annotations, .annotation_count = 1, .labels = labels, .label_count = 1, .owners = owners, .owner_count = 1,
		.conditions = conditions, .condition_count = 1 };
	const struct podlist pods = { .at = &pod, .count = 1 };
	struct discovered_set set = { 0 };
	pod_sd_list(&pods, &(struct pod_sd_options){ .allow_host_network = true }, &set);
	ck_assert_uint_eq(set.count, 3);
	static const struct label want[] = {
		{ STR("__address__"), STR("10.0.0.1:8080") },
		{ STR("__meta_kubernetes_namespace"), STR("ns") },
		{ STR("__meta_kubernetes_pod_name"), STR("p") },
		{ STR("__meta_kubernetes_pod_uid"), STR("u") },
		{ STR("__meta_kubernetes_pod_ready"), STR("true") },
		{ STR("__meta_kubernetes_pod_controller_kind"), STR("ReplicaSet") },
		{ STR("__meta_kubernetes_pod_controller_name"), STR("rs") },
		{ STR("__meta_kubernetes_pod_label_app_kubernetes_io_name"), STR("x") },
		{ STR("__meta_kubernetes_pod_labelpresent_app_kubernetes_io_name"), STR("true") },
		{ STR("__meta_kubernetes_pod_annotation_prometheus_io_scrape"), STR("true") },
		{ STR("__meta_kubernetes_pod_container_name"), STR("app") },
		{ STR("__meta_kubernetes_pod_container_port_name"), STR("web") },
		{ STR("__meta_kubernetes_pod_container_port_number"), STR("8080") },
		{ STR("__meta_kubernetes_pod_container_port_protocol"), STR("TCP") },
		{ STR("__meta_kubernetes_pod_container_init"), STR("false") },
	};
	for (size_t i = 0; i < COUNT_OF(want); i++)
		ck_assert_msg(str_eq(labels_get(&set.at[0].labels, want[i].name), want[i].value), STR_FMT, STR_ARG(want[i].name));
	ck_assert(!labels_has(&set.at[0].labels, STR("namespace")));
	discovered_reset(&set);
}
END_TEST

START_TEST(hosts_and_ports)
{
	static const struct { const char *address, *host, *port; } cases[] = {
		{ "1.2.3.4:80", "1.2.3.4", "80" }, { "1.2.3.4", "1.2.3.4", "" }, { "[fd00::1]:80", "fd00::1", "80" }, { "[fd00::1]", "fd00::1", "" },
		{ "fd00::1", "fd00::1", "" }, { "a:1", "a", "1" }, { "[fd00", "", "" }, { "", "", "" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct str port, host = pod_sd_host(str_of(cases[i].address), &port);
		ck_assert_msg(str_eq(host, str_of(cases[i].host)) && str_eq(port, str_of(cases[i].port)), "%s", cases[i].address);
	}
	ck_assert(fetch_is_near(STR("localhost:9100")) && fetch_is_near(STR("127.0.0.1:1")) && fetch_is_near(STR("[::1]:1")));
	ck_assert(!fetch_is_near(STR("10.0.0.1:1")) && !fetch_is_near(STR("localhost.example:1")));
}
END_TEST

START_TEST(accept_headers)
{
	static struct str proto[] = { STR("PrometheusProto"), STR("PrometheusText0.0.4") };
	struct config_metric_scrape c = job;
	struct buf b;
	buf_init(&b, 4096);
	fetch_accept(&c, &b);
	ck_assert(str_eq(buf_view(&b), STR("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
					   "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
					   "text/plain;version=0.0.4;q=0.3,*/*;q=0.2")));
	buf_reset(&b);
	c.scrape_protocols = (struct config_strings){ proto, 2 };
	fetch_accept(&c, &b);
	ck_assert(str_eq(buf_view(&b), STR("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
					   "text/plain;version=0.0.4;q=0.5,*/*;q=0.4")));
	buf_fini(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("discovery");
	TCase *t = tcase_create("discovery");
	tcase_add_loop_test(t, files, 0, COUNT_OF(file_cases));
	tcase_add_test(t, files_that_change);
	tcase_add_loop_test(t, populated, 0, COUNT_OF(populate_cases));
	tcase_add_test(t, params_with_several_values);
	tcase_add_test(t, relabelled_targets);
	tcase_add_test(t, durations);
	tcase_add_loop_test(t, addresses, 0, COUNT_OF(address_cases));
	tcase_add_loop_test(t, annotated_pods, 0, COUNT_OF(pod_cases));
	tcase_add_test(t, pods_for_relabelling);
	tcase_add_test(t, hosts_and_ports);
	tcase_add_test(t, accept_headers);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
