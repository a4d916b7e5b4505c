/* The manager on a real loop, asking real servers that answer well, badly, or not at all. */
#include "agent/scrape/scrape.h"

#include "agent/http_loop.h"
#include "tests/unit/agent/journal_text.h"
#include "tests/unit/agent/temp_dir.h"
#include "tests/unit/exporters/server.h"

enum { INTERVAL_MS = 100 };

struct rig {
	struct loop *loop;
	struct http_loop http;
	struct spool *spool;
	struct journal_text text;
	struct config config;
	struct config_metric_scrape jobs[2];
	struct config_target_group group;
	struct str targets[3];
	char addresses[3][64];
	struct scrape *scrape;
	struct loop_timer watch;
	uint64_t until_scrapes;
	int64_t give_up_ns;
};

static void watch(void *ctx)
{
	struct rig *r = ctx;
	struct scrape_status status;
	scrape_status(r->scrape, &status);
	if (status.scrapes >= r->until_scrapes || loop_now_ns(r->loop) > r->give_up_ns)
		loop_stop(r->loop);
	else
		loop_arm(r->loop, &r->watch, loop_now_ns(r->loop) + 5000000, watch, r);
}

static void rig_open(struct rig *r, size_t target_count, const int *ports)
{
	char err[256];
	*r = (struct rig){ .loop = loop_new() };
	ck_assert_ptr_nonnull(r->loop);
	http_loop_open(&r->http, r->loop);
	const struct spool_options options = { .cap_bytes = 16 << 20, .destination_count = 1, .names = { "test" } };
	r->spool = spool_open(&options, err);
	ck_assert_msg(r->spool != NULL, "%s", err);
	journal_text_init(&r->text);
	for (size_t i = 0; i < target_count; i++) {
		snprintf(r->addresses[i], sizeof r->addresses[i], "127.0.0.1:%d", ports[i]);
		r->targets[i] = str_of(r->addresses[i]);
	}
	r->group = (struct config_target_group){ .targets = { r->targets, target_count } };
	r->jobs[0] = (struct config_metric_scrape){ .job_name = STR("j"), .metrics_path = STR("/metrics"), .scheme = STR("http"),
		.scrape_interval_ms = INTERVAL_MS, .scrape_timeout_ms = INTERVAL_MS, .statics = &r->group, .static_count = 1, .honor_timestamps = true,
		.body_size_limit_bytes = 100000 };
	r->config.metrics.scrapes = r->jobs;
	r->config.metrics.scrape_count = 1;
}

static void own(void *ctx, enum scrape_builtin which, struct buf *out)
{
	(void)ctx;
	ck_assert_int_eq(which, BUILTIN_SELF);
	buf_str(out, STR("# TYPE spoor_lines counter\nspoor_lines_total 1\n# EOF\n"));
}

static void start(struct rig *r)
{
	char err[256] = "";
	const struct scrape_options options = { .config = &r->config, .node_name = STR("n1"), .loop = r->loop, .http = r->http.http,
		.spool = r->spool, .own = own };
	r->scrape = scrape_new(&options, err);
	ck_assert_msg(r->scrape != NULL, "%s", err);
}

/* Until so many scrapes have ended. What the spool has got since the last time. */
static const char *run(struct rig *r, uint64_t scrapes)
{
	struct scrape_status status;
	scrape_status(r->scrape, &status);
	r->until_scrapes = status.scrapes + scrapes;
	r->give_up_ns = loop_now_ns(r->loop) + 10000000000ll;
	loop_arm(r->loop, &r->watch, loop_now_ns(r->loop), watch, r);
	loop_run(r->loop);
	scrape_status(r->scrape, &status);
	ck_assert_uint_ge(status.scrapes, r->until_scrapes);
	return journal_text_read(&r->text, r->spool);
}

static void rig_close(struct rig *r)
{
	loop_disarm(r->loop, &r->watch);
	scrape_free(r->scrape);
	http_loop_close(&r->http);
	spool_close(r->spool);
	journal_text_fini(&r->text);
	loop_free(r->loop);
}

#define OK "Content-Type: text/plain; version=0.0.4\r\n"
static void good(void *ctx, const struct server_request *request, struct server_answer *out)
{
	struct buf *heads = ctx;
	if (heads)
		buf_str(heads, request->head);
	server_reply(out, 200, OK, STR("a 1\n"));
}

START_TEST(a_target)
{
	struct server server;
	struct rig r;
	struct buf heads;
	buf_init(&heads, 1 << 16);
	server_start(&server, good, &heads);
	rig_open(&r, 1, &server.port);
	start(&r);
	const char *got = run(&r, 2);
	char want[128];
	snprintf(want, sizeof want, "a{instance=\"127.0.0.1:%d\",job=\"j\"} 1 @", server.port);
	ck_assert_msg(strstr(got, want) != NULL, "%s", got);
	snprintf(want, sizeof want, "up{instance=\"127.0.0.1:%d\",job=\"j\"} 1 @", server.port);
	ck_assert_msg(strstr(got, want) != NULL, "%s", got);
	ck_assert_ptr_null(strstr(got, "stale"));
	rig_close(&r);
	server_stop(&server);
	ck_assert_int_eq(server.connections, 1);
	buf_char(&heads, '\0');
	ck_assert_ptr_nonnull(strstr(heads.p, "GET /metrics HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(heads.p, "\r\nAccept: application/openmetrics-text;version=1.0.0;"));
	ck_assert_ptr_nonnull(strstr(heads.p, "\r\nX-Prometheus-Scrape-Timeout-Seconds: 0.1\r\n"));
	buf_fini(&heads);
}
END_TEST

/* Answers that fail a scrape. The other target is asked all the while. */
static void never(void *ctx, const struct server_request *request, struct server_answer *out)
{
	(void)ctx, (void)request;
	out->kind = ANSWER_NEVER;
}

static void reset(void *ctx, const struct server_request *request, struct server_answer *out)
{
	(void)ctx, (void)request;
	out->kind = ANSWER_RESET;
}

static void canned(void *ctx, const struct server_request *request, struct server_answer *out)
{
	(void)request;
	buf_str(&out->bytes, str_of(ctx));
}

static void endless(void *ctx, const struct server_request *request, struct server_answer *out)
{
	(void)ctx, (void)request;
	buf_str(&out->bytes, STR("HTTP/1.1 200 OK\r\n" OK "Content-Length: 2147483648\r\n\r\n"));
	for (int i = 0; i < 1000; i++)
		buf_str(&out->bytes, STR("name 1\n"));
	out->repeat_bytes = 7000;
	out->repeat = 306783;
}

static const struct fault {
	const char *name;
	server_script *script;
	const char *reply, *error; /* a part of it */
} faults[] = {
	{ "hangs before the head", never, NULL, "timed out" },
	{ "hangs in the head", canned, "HTTP/1.1 200 OK\r\nContent-Ty", "timed out" },
	{ "hangs in the body", canned, "HTTP/1.1 200 OK\r\n" OK "Content-Length: 100\r\n\r\na 1\n", "timed out" },
	{ "closes", reset, NULL, "" },
	{ "two gigabytes", endless, NULL, "body size limit exceeded (limit: 100000 bytes)" },
	{ "404", canned, "HTTP/1.1 404 X\r\n" OK "Content-Length: 4\r\n\r\na 1\n", "server returned HTTP status 404" },
	{ "redirect to another host", canned, "HTTP/1.1 302 X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", "server returned HTTP status 302" },
	{ "no Content-Type", canned, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n", "blank Content-Type" },
	{ "HTML", canned, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 4\r\n\r\na 1\n", "unsupported Content-Type \"text/html\"" },
	{ "not an exposition", canned, "HTTP/1.1 200 OK\r\n" OK "Content-Length: 4\r\n\r\n{} x", "" },
	{ "packed twice", canned, "HTTP/1.1 200 OK\r\n" OK "Content-Encoding: gzip, gzip\r\nContent-Length: 4\r\n\r\na 1\n", "more than once" },
};

struct look { const char *address; struct target_status status; char error[256]; };

static void look_at(void *ctx, const struct target_status *status)
{
	struct look *look = ctx;
	const struct str instance = labels_get(status->labels, STR("instance"));
	if (!str_eq(instance, str_of(look->address)))
		return;
	look->status = *status;
	snprintf(look->error, sizeof look->error, STR_FMT, STR_ARG(status->last_error));
}

START_TEST(a_target_that_fails_and_one_that_does_not)
{
	const struct fault *f = &faults[_i];
	struct server bad, well;
	struct rig r;
	char *reply = strdup(f->reply ? f->reply : ""), want[128];
	server_start(&bad, f->script, reply);
	server_start(&well, good, NULL);
	const int ports[] = { bad.port, well.port };
	rig_open(&r, 2, ports);
	start(&r);
	const char *got = run(&r, 4);
	snprintf(want, sizeof want, "up{instance=\"127.0.0.1:%d\",job=\"j\"} 0 @", bad.port);
	ck_assert_msg(strstr(got, want) != NULL, "%s: %s", f->name, got);
	snprintf(want, sizeof want, "a{instance=\"127.0.0.1:%d\",job=\"j\"} 1 @", well.port);
	ck_assert_msg(strstr(got, want) != NULL, "%s: %s", f->name, got);
	struct look look = { .address = r.addresses[0] };
	scrape_each_target(r.scrape, look_at, &look);
	ck_assert_int_eq(look.status.health, TARGET_DOWN);
	ck_assert_msg(strstr(look.error, f->error) != NULL && look.error[0], "%s: error \"%s\"", f->name, look.error);
	rig_close(&r);
	server_stop(&bad);
	server_stop(&well);
	free(reply);
}
END_TEST

START_TEST(nobody_listens)
{
	struct rig r;
	const int port = closed_port();
	rig_open(&r, 1, &port);
	start(&r);
	ck_assert_ptr_nonnull(strstr(run(&r, 1), "\"} 0 @"));
	rig_close(&r);
}
END_TEST

START_TEST(fallback_protocol)
{
	struct server server;
	struct rig r;
	char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\na 1\n";
	server_start(&server, canned, reply);
	rig_open(&r, 1, &server.port);
	r.jobs[0].fallback_scrape_protocol = STR("PrometheusText0.0.4");
	start(&r);
	ck_assert_ptr_nonnull(strstr(run(&r, 1), "a{"));
	rig_close(&r);
	server_stop(&server);
}
END_TEST

START_TEST(too_many_targets)
{
	struct server server;
	struct rig r;
	server_start(&server, good, NULL);
	const int ports[] = { server.port, 1, 2 };
	rig_open(&r, 3, ports);
	r.jobs[0].target_limit = 2;
	start(&r);
	const char *got = run(&r, 3);
	ck_assert_ptr_null(strstr(got, "a{"));
	struct look look = { .address = r.addresses[0] };
	scrape_each_target(r.scrape, look_at, &look);
	ck_assert_str_eq(look.error, "target_limit exceeded (number of targets: 3, limit: 2)");
	ck_assert_int_eq(server.requests, 0);
	rig_close(&r);
	server_stop(&server);
}
END_TEST

START_TEST(our_own_metrics)
{
	struct rig r;
	rig_open(&r, 0, NULL);
	r.jobs[0].builtin = BUILTIN_SELF;
	r.jobs[0].job_name = STR("spoor");
	start(&r);
	const char *got = run(&r, 1);
	ck_assert_msg(strstr(got, "start spoor_lines_total{instance=\"n1\",job=\"spoor\"} ") != NULL, "%s", got);
	ck_assert_msg(strstr(got, "spoor_lines_total{instance=\"n1\",job=\"spoor\"} 1 @") != NULL, "%s", got);
	rig_close(&r);
}
END_TEST

/* The end of a target, its return within the time in which that is no end, and the end of everything. */
START_TEST(targets_that_go)
{
	struct server server;
	struct rig r;
	struct temp_dir d = temp_dir_make();
	char path[128], text[256];
	server_start(&server, good, NULL);
	rig_open(&r, 0, NULL);
	snprintf(path, sizeof path, "%s/t.json", d.path);
	snprintf(text, sizeof text, "[{\"targets\":[\"127.0.0.1:%d\"],\"labels\":{\"from\":\"file\"}}]", server.port);
	temp_write(&d, "t.json", text, strlen(text));
	struct str files[] = { str_of(path) };
	struct config_file_sd sd = { .files = { files, 1 }, .refresh_interval_ms = 1000 };
	r.jobs[0].files = &sd;
	r.jobs[0].file_count = 1;
	r.jobs[0].static_count = 0;
	start(&r);
	ck_assert_ptr_nonnull(strstr(run(&r, 2), "a{from=\"file\",instance="));
	temp_write(&d, "t.json", "[]", 2);
	struct scrape_status status = { 0 };
	for (int64_t end = now_ms() + 8000; now_ms() < end && !status.stale_markers;) {
		r.until_scrapes = UINT64_MAX;
		r.give_up_ns = loop_now_ns(r.loop) + 100000000;
		loop_arm(r.loop, &r.watch, loop_now_ns(r.loop), watch, &r);
		loop_run(r.loop);
		scrape_status(r.scrape, &status);
	}
	ck_assert_uint_eq(status.stale_markers, 6);
	const char *got = journal_text_read(&r.text, r.spool);
	ck_assert_ptr_nonnull(strstr(got, "} stale @"));
	ck_assert_ptr_nonnull(strstr(strstr(got, "} stale @"), "up{from=\"file\""));
	ck_assert_uint_eq(status.targets, 0);
	rig_close(&r);
	server_stop(&server);
	unlink(path);
	rmdir(d.path);
}
END_TEST

START_TEST(pods)
{
	struct server server;
	struct rig r;
	server_start(&server, good, NULL);
	rig_open(&r, 0, NULL);
	struct config_pod_sd sd = { STR("pod") };
	r.jobs[0].pods = &sd;
	r.jobs[0].pod_count = 1;
	r.jobs[0].static_count = 0;
	start(&r);
	struct label annotations[] = { { STR("prometheus.io/scrape"), STR("true") }, { STR("prometheus.io/port"), STR("80") } };
	struct pod_container app = { .name = STR("app") };
	struct pod all[] = {
		{ .namespace_ = STR("ns"), .name = STR("p"), .ip = STR("198.51.100.7"), .phase = STR("Running"), .containers = &app, .container_count = 1,
		  .annotations = annotations, .annotation_count = 2 },
		{ .namespace_ = STR("ns"), .name = STR("evil"), .ip = STR("127.0.0.1"), .phase = STR("Running"), .containers = &app, .container_count = 1,
		  .annotations = annotations, .annotation_count = 2 },
	};
	const struct podlist list = { .at = all, .count = 2 };
	struct scrape_status status;
	scrape_set_pods(r.scrape, &list, NULL);
	scrape_status(r.scrape, &status);
	ck_assert_uint_eq(status.targets, 1);
	scrape_set_pods(r.scrape, &list, NULL);
	scrape_status(r.scrape, &status);
	ck_assert_uint_eq(status.targets, 1);
	scrape_set_pods(r.scrape, NULL, NULL);
	scrape_status(r.scrape, &status);
	ck_assert_uint_eq(status.targets, 0);
	rig_close(&r);
	server_stop(&server);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scrape");
	TCase *t = tcase_create("scrape");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_target);
	tcase_add_loop_test(t, a_target_that_fails_and_one_that_does_not, 0, COUNT_OF(faults));
	tcase_add_test(t, nobody_listens);
	tcase_add_test(t, fallback_protocol);
	tcase_add_test(t, too_many_targets);
	tcase_add_test(t, our_own_metrics);
	tcase_add_test(t, targets_that_go);
	tcase_add_test(t, pods);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
