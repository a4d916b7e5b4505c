/* The routes that wait: /metrics and its parts over real sockets, with real collectors; targets as Prometheus' API shows them. */
#include "agent/metrics.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/web/web.h"
#include "config/load.h"
#include "tests/unit/agent/web_rig.h"

static struct web_rig rig;
static struct config *config;
static char reply[4 << 20];

static void give_own(void *ctx, enum scrape_builtin which, struct buf *out)
{
	(void)ctx;
	(void)which;
	buf_str(out, STR("# EOF\n"));
}

static void start(const char *text)
{
	static const char *const flags[] = { "collector.disable-defaults", "collector.loadavg", "collector.uname" };
	struct config_problems problems = { 0 };
	char err[256] = "";
	web_rig_init(&rig);
	config = config_load(str_of(text), STR("t.yaml"), &problems);
	ck_assert_ptr_nonnull(config);
	config_problems_fini(&problems);
	struct metrics_options m = { .config = config, .node_name = STR("node-7"), .loop = rig.loop, .collector_flags = flags,
		.collector_flag_count = COUNT_OF(flags), .own = give_own,
		.roots = { .proc = "/proc", .sys = "/sys", .rootfs = "", .udev_data = "/run/udev/data", .cgroup = "/sys/fs/cgroup",
			   .pod_logs = "/nowhere", .runtime_state = "/nowhere" } };
	rig.fake->status.metrics = metrics_start(&m, err);
	ck_assert_msg(rig.fake->status.metrics != NULL, "%s", err);
	web_rig_start(&rig, (struct web_options){ 0 });
}

static void finish(void)
{
	web_rig_pause(&rig);
	web_stop(rig.web); /* its requests wait for the metrics, and these stand on the loop */
	rig.web = NULL;
	metrics_free(rig.fake->status.metrics);
	config_free(config);
	web_rig_fini(&rig);
}

static int begin_ask(const char *target, const char *headers)
{
	char request[2048];
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(web_port(rig.web)) };
	inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
	int n = snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", target, headers);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_sec = 12 }, sizeof(struct timeval));
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(send(fd, request, (size_t)n, MSG_NOSIGNAL), n);
	return fd;
}

static int end_ask(int fd)
{
	size_t bytes;
	return web_rig_hear(fd, reply, sizeof reply, &bytes);
}

static int ask(const char *target, const char *headers)
{
	return end_ask(begin_ask(target, headers));
}

#define OPENMETRICS "Accept: application/openmetrics-text; version=1.0.0\r\n"
static const struct { const char *target, *headers; int code; const char *wants[3], *never; } requests[] = {
	{ "/metrics/node", "", 200, { "text/plain; version=0.0.4", "\nnode_load1 ", "collector=\"uname\"" }, "spoor_" },
	{ "/metrics/node", OPENMETRICS, 200, { "application/openmetrics-text; version=1.0.0", "\nnode_load1 ", "\n# EOF\n" }, NULL },
	{ "/metrics/pods", OPENMETRICS, 200, { "\n# EOF\n" }, "node_load1 " },
	{ "/metrics/self", "", 200, { "\nspoor_log_lines_read_total 1234567\n", "\nspoor_scrape_targets " }, "node_load1 " },
	{ "/metrics", "", 200, { "\nnode_load1 ", "\nspoor_log_lines_read_total 1234567\n" }, "# EOF" },
	{ "/metrics", OPENMETRICS, 200, { "\nnode_load1 ", "\nspoor_log_lines_read_total 1234567\n", "\n# EOF\n" }, NULL },
	{ "/metrics/node?collect[]=loadavg", "", 200, { "\nnode_load1 " }, "node_uname_info" },
	{ "/metrics/node?collect%5B%5D=loadavg&collect%5B%5D=uname", "", 200, { "\nnode_load1 ", "\nnode_uname_info{" }, NULL },
	{ "/metrics?collect[]=uname", "", 200, { "\nnode_uname_info{" }, "spoor_" },
	{ "/metrics/node?exclude[]=loadavg", "", 200, { "\nnode_uname_info{" }, "node_load1 " },
	{ "/metrics/node?collect[]=loadavg&exclude[]=uname", "", 400, { "Combined collect and exclude queries are not allowed." }, "node_" },
	{ "/metrics/node?collect[]=nothing", "", 400, { "missing collector: nothing" }, "node_load1" },
	{ "/metrics/node?exclude[]=nothing", "", 400, { "missing collector: nothing" }, "node_load1" },
	{ "/metrics/node", "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n", 200, { "\nnode_load1 " }, NULL },
	{ "/metrics/node", "X-Prometheus-Scrape-Timeout-Seconds: nonsense\r\n", 200, { "\nnode_load1 " }, NULL },
	{ "/metrics/node", "Accept-Encoding: gzip\r\n", 200, { "Content-Encoding: gzip" }, "node_load1" },
	{ "/targets", "", 200, { "text/html" }, NULL },
};

START_TEST(each_part_answers)
{
	start("");
	int code = ask(requests[_i].target, requests[_i].headers);
	ck_assert_msg(code == requests[_i].code, "%s: got %d: %.400s", requests[_i].target, code, reply);
	for (size_t i = 0; i < 3 && requests[_i].wants[i]; i++)
		ck_assert_msg(strstr(reply, requests[_i].wants[i]) != NULL, "%s: want \"%s\" in %.900s", requests[_i].target, requests[_i].wants[i], reply);
	ck_assert_msg(!requests[_i].never || !strstr(reply, requests[_i].never), "%s: got %s", requests[_i].target, requests[_i].never);
	finish();
}
END_TEST

START_TEST(a_client_that_goes_away_takes_nobody_along)
{
	start("");
	for (int i = 0; i < 20; i++)
		close(begin_ask("/metrics", ""));
	ck_assert_int_eq(ask("/metrics/node", ""), 200);
	ck_assert_int_eq(ask("/-/healthy", ""), 200);
	finish();
}
END_TEST

START_TEST(stopping_answers_those_who_wait)
{
	start("");
	int fds[8];
	for (int i = 0; i < 8; i++)
		fds[i] = begin_ask("/metrics", "");
	finish();
	for (int i = 0; i < 8; i++) {
		int code = end_ask(fds[i]);
		ck_assert_msg(code == 200 || code == 503 || code == 0, "got %d", code);
	}
}
END_TEST

static const char jobs[] =
	"metrics:\n"
	"  scrape_configs:\n"
	"    - job_name: app\n"
	"      scrape_interval: 90s\n"
	"      static_configs: [{ targets: ['127.0.0.1:1', 'drop:2'], labels: { team: \"a\\\"b\" } }]\n"
	"      relabel_configs: [{ source_labels: [__address__], regex: 'drop.*', action: drop }]\n"
	"  remote_write: [{ url: 'http://127.0.0.1:1/w' }]\n";

static const struct { const char *target, *wants[6], *never; } apis[] = {
	{ "/api/v1/targets", { "{\"status\":\"success\",\"data\":{\"activeTargets\":[{\"discoveredLabels\":{\"__address__\":\"127.0.0.1:1\"",
		"\"scrapePool\":\"app\",\"scrapeUrl\":\"http://127.0.0.1:1/metrics\",\"globalUrl\":\"http://127.0.0.1:1/metrics\",\"lastError\":\"",
		"\"team\":\"a\\\"b\"", "\"scrapeInterval\":\"1m30s\",\"scrapeTimeout\":\"10s\"}]",
		"\"droppedTargets\":[{\"discoveredLabels\":{\"__address__\":\"drop:2\"", "\"droppedTargetCounts\":{\"app\":1}}}" }, NULL },
	{ "/api/v1/targets?state=active", { "\"scrapePool\":\"app\"", "\"droppedTargets\":[]" }, "drop:2" },
	{ "/api/v1/targets?state=dropped", { "\"activeTargets\":[]", "drop:2", "\"droppedTargetCounts\":{\"app\":1}" }, "scrapeUrl" },
	{ "/api/v1/targets?scrapePool=other", { "\"activeTargets\":[]", "\"droppedTargets\":[]" }, "\"app\"" },
	{ "/api/v1/destinations", { "\"receivers\":[{\"name\":\"127.0.0.1:1\"", "\"samples_pending\":", "\"samples_dropped\":{" }, NULL },
	{ "/metrics/self", { "spoor_samples_pending{destination=\"127.0.0.1:1\"}", "spoor_samples_dropped_total{destination=\"127.0.0.1:1\",reason=\"shed\"} 0",
		"spoor_scrape_targets 1\n" }, NULL },
};

START_TEST(targets_and_receivers_are_shown)
{
	start(jobs);
	int code = ask(apis[_i].target, "");
	ck_assert_msg(code == 200, "%s: got %d", apis[_i].target, code);
	for (size_t i = 0; i < 6 && apis[_i].wants[i]; i++)
		ck_assert_msg(strstr(reply, apis[_i].wants[i]) != NULL, "%s: want %s in %.2400s", apis[_i].target, apis[_i].wants[i], reply);
	ck_assert_msg(!apis[_i].never || !strstr(reply, apis[_i].never), "%s: got %s", apis[_i].target, apis[_i].never);
	finish();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("web metrics");
	TCase *t = tcase_create("web metrics");
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, each_part_answers, 0, COUNT_OF(requests));
	tcase_add_test(t, a_client_that_goes_away_takes_nobody_along);
	tcase_add_test(t, stopping_answers_those_who_wait);
	tcase_add_loop_test(t, targets_and_receivers_are_shown, 0, COUNT_OF(apis));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
