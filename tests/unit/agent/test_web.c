/* The HTTP side by real sockets: what each path answers, and what hostile clients can do to it. The loop runs in a thread of its
 * own, the test is the client. */
#include "agent/web/web.h"

#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "tests/unit/agent/web_rig.h"

static struct web_rig rig;
static char reply[4 << 20];
static size_t reply_bytes;

static bool take_reload(void *ctx, struct buf *answer)
{
	struct fake *f = ctx;
	f->reloads++;
	if (f->refuses_reload)
		buf_str(answer, STR("spoor.yaml:3:1: unknown key"));
	return !f->refuses_reload;
}

static void start(bool lifecycle, unsigned idle_seconds, int64_t patience_ms)
{
	web_rig_init(&rig);
	web_rig_start(&rig, (struct web_options){ .enable_lifecycle = lifecycle, .reload = take_reload, .idle_seconds = idle_seconds,
						  .patience_ms = patience_ms });
}

static void finish(void)
{
	web_rig_pause(&rig);
	web_rig_fini(&rig);
}

static int64_t now_ms(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t server_cpu_ms(void)
{
	clockid_t clock;
	ck_assert_int_eq(pthread_getcpuclockid(rig.thread, &clock), 0);
	return now_ms(clock);
}

static int new_socket(const char *from)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in at = { .sin_family = AF_INET };
	inet_pton(AF_INET, from, &at.sin_addr);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){ .tv_sec = 8 }, sizeof(struct timeval));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &(struct timeval){ .tv_sec = 8 }, sizeof(struct timeval));
	return fd;
}

static int dial(int fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(web_port(rig.web)) };
	inet_pton(AF_INET, "127.0.0.1", &at.sin_addr);
	return connect(fd, (struct sockaddr *)&at, sizeof at);
}

static int open_connection(void)
{
	int fd = new_socket("127.0.0.1");
	ck_assert_int_eq(dial(fd), 0);
	return fd;
}

static void say(int fd, const void *bytes, size_t n)
{
	for (size_t sent = 0; sent < n;) {
		ssize_t got = send(fd, (const char *)bytes + sent, n - sent, MSG_NOSIGNAL);
		if (got <= 0)
			return; /* cut off: that is for the caller to see in the answer */
		sent += (size_t)got;
	}
}

static int hear(int fd)
{
	return web_rig_hear(fd, reply, sizeof reply, &reply_bytes);
}

static int ask(const char *method, const char *target, const char *headers)
{
	char request[2048];
	int n = snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n", method, target, headers);
	int fd = open_connection();
	say(fd, request, (size_t)n);
	return hear(fd);
}

static const char *body(void)
{
	char *at = strstr(reply, "\r\n\r\n");
	return at ? at + 4 : "";
}

/* Is this JSON? Strict about structure and strings; returns where the value ends, NULL when it is none. */
static const char *json_value(const char *p, int depth)
{
	if (*p == '"') {
		for (p++; *p != '"'; p++) {
			if ((unsigned char)*p < 0x20)
				return NULL;
			if (*p == '\\' && !strchr("\"\\/bfnrtu", *++p))
				return NULL;
		}
		return p + 1;
	}
	if (*p == '{' || *p == '[') {
		char close = *p == '{' ? '}' : ']';
		if (*++p == close)
			return p + 1;
		for (; depth < 16; p++) {
			if (close == '}') {
				p = *p == '"' ? json_value(p, depth + 1) : NULL;
				if (!p || *p++ != ':')
					return NULL;
			}
			p = json_value(p, depth + 1);
			if (!p || *p == close)
				return p ? p + 1 : NULL;
			if (*p != ',')
				return NULL;
		}
		return NULL;
	}
	size_t n = strspn(p, "-+.0123456789eE");
	if (n > 0)
		return p + n;
	static const char *const words[] = { "true", "false", "null" };
	for (size_t i = 0; i < COUNT_OF(words); i++)
		if (strncmp(p, words[i], strlen(words[i])) == 0)
			return p + strlen(words[i]);
	return NULL;
}

static void must_be_json(const char *name)
{
	const char *end = json_value(body(), 0);
	ck_assert_msg(end && strcmp(end, "\n") == 0, "%s: not JSON near: %.80s", name, end ? end : body());
}

static const struct request {
	const char *method, *target, *headers;
	int code;
	const char *wants[4]; /* somewhere in head or body */
} requests[] = {
	{ "GET", "/", "", 200, { "text/html; charset=utf-8", "script-src 'sha256-", "<title>Spoor</title>", "X-Content-Type-Options: nosniff" } },
	{ "GET", "/metrics", "", 200, { "text/plain; version=0.0.4", "\nspoor_log_lines_read_total 1234567\n", "# TYPE spoor_ready gauge" } },
	{ "GET", "/metrics/self", "", 200, { "\nspoor_log_lines_read_total 1234567\n" } },
	{ "GET", "/metrics", "Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1\r\n", 200,
	  { "application/openmetrics-text; version=1.0.0", "# TYPE spoor_log_lines_read counter\n", "\n# EOF\n" } },
	{ "GET", "/metrics", "Accept: application/openmetrics-text;q=0.2,text/plain;q=0.9\r\n", 200, { "text/plain; version=0.0.4" } },
	{ "GET", "/metrics", "Accept: */*\r\n", 200, { "text/plain; version=0.0.4" } },
	{ "GET", "/metrics/node", "", 200, { "# No metrics" } },
	{ "GET", "/metrics/pods", "Accept: application/openmetrics-text\r\n", 200, { "# EOF\n" } },
	{ "GET", "/metrics/logs", "Accept: application/openmetrics-text\r\n", 200, { "application/openmetrics-text", "# EOF\n" } },
	{ "GET", "/-/healthy", "", 200, { "Spoor is Healthy.\n" } },
	{ "GET", "/-/ready", "", 200, { "Spoor is Ready.\n" } },
	{ "GET", "/ready", "", 200, { "Spoor is Ready.\n" } },
	{ "HEAD", "/-/ready", "", 200, { "Content-Length: 16" } },
	{ "GET", "/config", "", 200, { "bearer_token: <secret>" } },
	{ "GET", "/targets", "", 200, { "text/html; charset=utf-8", "script-src 'sha256-", "<title>Spoor · Targets</title>" } },
	{ "POST", "/-/log-level?level=debug", "Content-Length: 0\r\n", 403, { "--web.enable-lifecycle" } },
	{ "GET", "/-/log-level?level=debug", "", 405, { "Allow: POST, PUT" } },
	{ "GET", "/-/reload", "", 405, { "Allow: POST, PUT" } },
	{ "POST", "/-/reload", "Content-Length: 0\r\n", 403, { "--web.enable-lifecycle" } },
	{ "POST", "/metrics", "Content-Length: 0\r\n", 405, { "Allow: GET, HEAD" } },
	{ "DELETE", "/", "", 405, { "Allow: GET, HEAD" } },
	{ "BREW", "/", "", 405, { "Allow: GET, HEAD" } },
	{ "OPTIONS", "/api/v1/status", "Origin: http://evil.example\r\n", 405, { "Allow: GET, HEAD" } },
	{ "GET", "/nope", "", 404, { "/api/v1/records", "/metrics/self", "/-/ready" } },
	{ "GET", "/metrics/", "", 404, { "Not found" } },
	{ "GET", "/../../etc/passwd", "", 404, { "Not found" } },
	{ "GET", "/api/v1/records?limit=abc", "", 400, { "\"status\":\"error\"" } },
	{ "GET", "/api/v1/records?since=-1", "", 400, { "\"errorType\":\"bad_data\"" } },
	{ "GET", "/api/v1/file", "", 400, { "path must be given" } },
	{ "GET", "/api/v1/file?path=/x&inode=-1", "", 400, { "\"status\":\"error\"" } },
	{ "GET", "/api/v1/tap", "", 403, { "--web.enable-tap" } },
	{ "GET", "/api/v1/files?limit=%00", "", 400, { "\"status\":\"error\"" } },
};

START_TEST(each_path_answers)
{
	const struct request *c = &requests[_i];
	start(false, 0, 0);
	int code = ask(c->method, c->target, c->headers);
	ck_assert_msg(code == c->code, "%s %s: got %d, want %d", c->method, c->target, code, c->code);
	for (size_t i = 0; i < COUNT_OF(c->wants) && c->wants[i]; i++)
		ck_assert_msg(strstr(reply, c->wants[i]) != NULL, "%s %s: want \"%s\" in %.600s", c->method, c->target, c->wants[i], reply);
	ck_assert_msg(strstr(reply, "Access-Control-") == NULL, "%s %s: no other origin may read this", c->method, c->target);
	if (strcmp(c->method, "HEAD") == 0)
		ck_assert_str_eq(body(), "");
	finish();
}
END_TEST

static const struct api {
	const char *target, *wants[5], *never;
} apis[] = {
	{ "/api/v1/status/buildinfo", { "{\"status\":\"success\",\"data\":{\"version\":\"" SPOOR_VERSION "\"", "\"goVersion\":\"\"" }, NULL },
	{ "/api/v1/status", { "\"node\":\"node-7\"", "\"mode\":\"kubernetes\"", "\"hash\":\"deadbeefcafef00d\"", "\"lag_seconds\":42.500",
			      "\"namespace\":\"legacy\",\"none\":30000" }, NULL },
	{ "/api/v1/files", { "\"total\":12}", "\"state\":\"rotated\"", "bad\xef\xbf\xbd\xef\xbf\xbd<b>name</b>.log", "\"lag_seconds\":42.500" }, NULL },
	{ "/api/v1/files?limit=1", { "{\"files\":[{", "\"error\":\"Permission denied\"}],\"total\":12}" }, "\"state\":\"rotated\"" },
	{ "/api/v1/files?limit=0", { "{\"files\":[],\"total\":12}" }, "path" },
	{ "/api/v1/lines", { "{\"lines\":[" }, NULL },
	{ "/api/v1/file?path=/elsewhere&device=8&inode=101", { "{\"files\":[{\"path\":\"/var/log/pods/shop_payments-api", "\"stderr\":\"{pod=\\\"p\\\", stream=\\\"stderr\\\"}\"",
		"\"name\":\"loki:3100\",\"read_bytes\":904000,\"acked_bytes\":850000,\"at_end\":true", "\"waiting\":true}]}],\"refused\":[],\"targets\":[]}" }, "checkout" },
	{ "/api/v1/file?path=/var/log/pods/bad/x.log&device=9&inode=101", { "\"files\":[],\"refused\":[{\"path\":\"/var/log/pods/bad\",\"why\":\"not a name \\\"of\\\" the form\"}]" }, "pipe" },
	{ "/api/v1/file?path=/var/log/app", { "{\"path\":\"/var/log/app/pipe\"" }, "bad" },
	{ "/api/v1/file?path=/var/log/ap", { "\"files\":[],\"refused\":[]" }, "pipe" },
	{ "/api/v1/destinations", { "\"name\":\"loki:3100\"", "\"name\":\"eu \\\"backup\\\"\\\\\\n\"", "\"retry_in_seconds\":3.500", "user <b>fake</b>",
				    "\"last_error_time\":null" }, NULL },
	{ "/api/v1/drops", { "\"too_far_in_future\":0", "\"lines\":7", "<img src=x onerror=alert(1)> \\\"quoted\\\"" }, NULL },
	{ "/api/v1/records", { "\"seq\":5", "\"seq\":1,", "\"newest_seq\":5,\"is_cut\":false", "\"trace_id\":\"" FAKE_TRACE "\",\"span_id\":\"00f067aa0ba902b7\",\"trace_flags\":\"01\"" }, NULL },
	{ "/api/v1/records?limit=2", { "\"seq\":5", "\"seq\":4,", "\"is_cut\":true" }, "\"seq\":3," },
	{ "/api/v1/records?since=4", { "\"seq\":5", "\"newest_seq\":5" }, "\"seq\":4," },
	{ "/api/v1/records?since=5", { "{\"records\":[],\"newest_seq\":5" }, "\"line\"" },
	{ "/api/v1/records?since=99999", { "{\"records\":[],\"newest_seq\":5" }, "\"line\"" },
	{ "/api/v1/records?trace_id=4BF92F3577B34DA6A3CE929D0E0E4736", { "\"seq\":4,", "\"seq\":2," }, "\"seq\":3," },
	{ "/api/v1/records?trace_id=nothing", { "{\"records\":[]" }, "\"line\"" },
	{ "/api/v1/records?q=PAYMENT%20refused", { "\"seq\":2," }, "\"seq\":4," },
	{ "/api/v1/records?q=hx2lm", { "\"seq\":5,", "\"seq\":1," }, NULL },
	{ "/api/v1/records?q=%22%5c%00", { "{\"records\":[]" }, "\"line\"" },
	{ "/api/v1/records?limit=99999999999", { "\"seq\":1," }, NULL },
	{ "/api/v1/targets", { "\"activeTargets\":[]" }, NULL },
};

START_TEST(api_is_json_and_tells)
{
	const struct api *c = &apis[_i];
	start(false, 0, 0);
	int code = ask("GET", c->target, "");
	ck_assert_msg(code == 200, "%s: got %d: %s", c->target, code, reply);
	ck_assert_ptr_nonnull(strstr(reply, "Content-Type: application/json; charset=utf-8"));
	must_be_json(c->target);
	for (size_t i = 0; i < COUNT_OF(c->wants) && c->wants[i]; i++)
		ck_assert_msg(strstr(body(), c->wants[i]) != NULL, "%s: want %s in %.2000s", c->target, c->wants[i], body());
	ck_assert_msg(!c->never || !strstr(body(), c->never), "%s: got %s, which should not be there", c->target, c->never ? c->never : "");
	finish();
}
END_TEST

START_TEST(an_agent_with_nothing_yet_is_still_json)
{
	start(false, 0, 0);
	rig.fake->status.destination_count = 0;
	rig.fake->status.drops = NULL;
	rig.fake->status.ring = NULL;
	rig.fake->status.each_file = NULL;
	rig.fake->status.mode = rig.fake->status.mode_why = NULL;
	static const char *const targets[] = { "status", "files", "destinations", "drops", "records" };
	for (size_t i = 0; i < COUNT_OF(targets); i++) {
		char target[64];
		snprintf(target, sizeof target, "/api/v1/%s", targets[i]);
		ck_assert_int_eq(ask("GET", target, ""), 200);
		must_be_json(target);
	}
	ck_assert_int_eq(ask("GET", "/metrics", ""), 200);
	ck_assert_ptr_nonnull(strstr(body(), "spoor_log_lines_sent_total{destination=\"ring\"} 1234567\n"));
	finish();
}
END_TEST

START_TEST(not_ready_is_503_with_the_reason)
{
	start(false, 0, 0);
	rig.fake->status.is_ready = false;
	rig.fake->status.not_ready_why = "state directory: Read-only file system";
	ck_assert_int_eq(ask("GET", "/-/ready", ""), 503);
	ck_assert_str_eq(body(), "Spoor is not ready: state directory: Read-only file system\n");
	ck_assert_int_eq(ask("GET", "/ready", ""), 503);
	ck_assert_int_eq(ask("GET", "/-/healthy", ""), 200);
	finish();
}
END_TEST

START_TEST(reload_with_lifecycle)
{
	start(true, 0, 0);
	ck_assert_int_eq(ask("POST", "/-/reload", "Content-Length: 0\r\n"), 200);
	ck_assert_int_eq(ask("PUT", "/-/reload", "Content-Length: 0\r\n"), 200);
	ck_assert_int_eq(rig.fake->reloads, 2);
	rig.fake->refuses_reload = true;
	ck_assert_int_eq(ask("POST", "/-/reload", "Content-Length: 0\r\n"), 500);
	ck_assert_str_eq(body(), "spoor.yaml:3:1: unknown key\n");
	ck_assert_int_eq(ask("GET", "/-/reload", ""), 405);
	ck_assert_int_eq(ask("POST", "/-/log-level?level=loud", "Content-Length: 0\r\n"), 400);
	ck_assert_int_eq(ask("POST", "/-/log-level?level=info", "Content-Length: 0\r\n"), 200);
	ck_assert_int_eq(rig.fake->reloads, 3);
	finish();
}
END_TEST

START_TEST(gzip_when_asked)
{
	start(false, 0, 0);
	ck_assert_int_eq(ask("GET", "/metrics", "Accept-Encoding: gzip;q=0\r\n"), 200);
	ck_assert_ptr_null(strstr(reply, "Content-Encoding"));
	size_t plain = strlen(body());
	ck_assert_int_eq(ask("GET", "/metrics", "Accept-Encoding: deflate, gzip;q=1.0\r\n"), 200);
	ck_assert_ptr_nonnull(strstr(reply, "Content-Encoding: gzip"));
	static unsigned char text[1 << 20];
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)body(), .next_out = text, .avail_out = sizeof text };
	z.avail_in = (unsigned)(reply_bytes - (size_t)(body() - reply));
	ck_assert_uint_lt(z.avail_in, plain / 2);
	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_ptr_nonnull(strstr((char *)text, "\nspoor_log_lines_read_total 1234567\n"));
	inflateEnd(&z);
	finish();
}
END_TEST

/* What was done to the server before must not matter. */
static void must_be_well(const char *after)
{
	int64_t from = now_ms(CLOCK_MONOTONIC);
	int code = ask("GET", "/-/healthy", "");
	int64_t took = now_ms(CLOCK_MONOTONIC) - from;
	ck_assert_msg(code == 200 && took < 2000, "after %s: got %d in %d ms, want 200 at once", after, code, (int)took);
}

static const struct hostile {
	const char *name, *head;
	size_t filler;     /* this many 'a' behind the head */
	const char *tail;
	int codes[3];      /* any of these; 0: closed without an answer */
} hostiles[] = {
	{ "giant header", "GET / HTTP/1.1\r\nHost: x\r\nX-Big: ", 200000, "\r\n\r\n", { 431, 413, 0 } },
	{ "giant target", "GET /", 200000, " HTTP/1.1\r\nHost: x\r\n\r\n", { 414, 431, 0 } },
	{ "giant query", "GET /api/v1/records?q=", 200000, " HTTP/1.1\r\nHost: x\r\n\r\n", { 414, 431, 0 } },
	{ "giant announced body", "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", 100000, "", { 413, 413, 0 } },
	{ "announced body just too large", "POST /-/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8193\r\n\r\n", 8193, "", { 413, 413, 0 } },
	{ "body that fits", "POST /-/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 8192\r\n\r\n", 8192, "", { 200, 200, 200 } },
	{ "negative length", "POST /-/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: -1\r\n\r\n", 0, "", { 400, 413, 0 } },
	{ "length that overflows", "POST /-/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", 0, "", { 400, 413, 0 } },
	{ "chunked body too large", "POST /-/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10000\r\n", 65536, "\r\n0\r\n\r\n", { 413, 400, 0 } },
	{ "chunk size that is none", "POST /-/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 0, "", { 400, 400, 0 } },
	{ "garbage", "\x16\x03\x01\x02\xff\xfe\r\n\r\n", 0, "", { 400, 505, 0 } },
	{ "no version", "GET /\r\n\r\n", 0, "", { 400, 505, 0 } },
	{ "wrong version", "GET / HTTP/9.9\r\nConnection: close\r\n\r\n", 0, "", { 505, 400, 0 } },
	{ "one endless line", "", 300000, "", { 431, 414, 0 } },
};

START_TEST(hostile_requests)
{
	const struct hostile *c = &hostiles[_i];
	start(true, 1, 0);
	static char filler[300000];
	memset(filler, 'a', sizeof filler);
	int fd = open_connection();
	say(fd, c->head, strlen(c->head));
	say(fd, filler, c->filler);
	say(fd, c->tail, strlen(c->tail));
	int code = hear(fd);
	ck_assert_msg(code == c->codes[0] || code == c->codes[1] || code == c->codes[2], "%s: got %d, want %d, %d or %d: %.200s", c->name, code,
		      c->codes[0], c->codes[1], c->codes[2], reply);
	must_be_well(c->name);
	finish();
}
END_TEST

START_TEST(a_slow_client_holds_up_nobody_and_is_cut_off)
{
	start(false, 1, 1500);
	int silent = open_connection(), dripping = open_connection();
	say(silent, "GET / HT", 8);
	int64_t from = now_ms(CLOCK_MONOTONIC);
	bool is_cut = false;
	say(dripping, "GET / HTTP/1.1\r\nX: ", 19);
	while (!is_cut && now_ms(CLOCK_MONOTONIC) - from < 8000) {
		must_be_well("a dripping client");
		char c;
		is_cut = send(dripping, "a", 1, MSG_NOSIGNAL) < 0 || recv(dripping, &c, 1, MSG_DONTWAIT) == 0;
		usleep(200000); /* well within the idle timeout */
	}
	ck_assert_msg(is_cut, "a byte now and then keeps the connection for ever");
	ck_assert_int_ge(now_ms(CLOCK_MONOTONIC) - from, 1400);
	int code = hear(silent);
	ck_assert_msg(code == 0 || code == 408, "silent client: got %d, want to be closed", code);
	close(dripping);
	finish();
}
END_TEST

START_TEST(two_hundred_connections)
{
	enum { MANY = 200 };
	start(false, 2, 0);
	int fds[MANY];
	for (int i = 0; i < MANY; i++)
		fds[i] = open_connection();
	usleep(200000);
	int other = new_socket("127.0.0.2"); /* one address cannot take all places */
	ck_assert_int_eq(dial(other), 0);
	static const char request[] = "GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	say(other, request, sizeof request - 1);
	ck_assert_int_eq(hear(other), 200);
	int64_t cpu = server_cpu_ms();
	usleep(500000);
	cpu = server_cpu_ms() - cpu;
	ck_assert_msg(cpu < 100, "got %d ms of CPU in half a second of nothing: a busy loop", (int)cpu);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	usleep(100000);
	must_be_well("200 connections");
	finish();
}
END_TEST

START_TEST(all_places_taken_from_many_addresses)
{
	enum { MANY = 200 };
	start(false, 2, 0);
	int fds[MANY];
	for (int i = 0; i < MANY; i++) {
		char from[32];
		snprintf(from, sizeof from, "127.0.1.%d", i + 1);
		fds[i] = new_socket(from);
		ck_assert_int_eq(fcntl(fds[i], F_SETFL, O_NONBLOCK), 0); /* the backlog may be full */
		dial(fds[i]);
	}
	usleep(200000);
	int64_t cpu = server_cpu_ms();
	usleep(500000);
	cpu = server_cpu_ms() - cpu;
	ck_assert_msg(cpu < 100, "got %d ms of CPU in half a second with all places taken: a busy loop", (int)cpu);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	usleep(300000);
	must_be_well("all places were taken");
	finish();
}
END_TEST

START_TEST(no_descriptor_left_is_no_busy_loop)
{
	start(false, 2, 0);
	must_be_well("nothing");
	int client = new_socket("127.0.0.1"), spare[64], count = 0;
	struct rlimit limit = { .rlim_cur = (rlim_t)client + 10, .rlim_max = (rlim_t)client + 10 };
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while (count < 64 && (spare[count] = open("/dev/null", O_RDONLY)) >= 0)
		count++;
	ck_assert_int_lt(count, 64);
	ck_assert_int_eq(dial(client), 0);
	int64_t cpu = server_cpu_ms();
	usleep(600000);
	cpu = server_cpu_ms() - cpu;
	ck_assert_msg(cpu < 150, "got %d ms of CPU in 0.6 s without descriptors: a busy loop", (int)cpu);
	while (count > 0)
		close(spare[--count]);
	static const char request[] = "GET /-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	say(client, request, sizeof request - 1);
	ck_assert_msg(hear(client) == 200, "the one that waited is served when there are descriptors again");
	finish();
}
END_TEST

START_TEST(idle_server_takes_no_cpu)
{
	start(false, 0, 0);
	must_be_well("start");
	int64_t cpu = server_cpu_ms();
	usleep(500000);
	ck_assert_int_le(server_cpu_ms() - cpu, 5);
	finish();
}
END_TEST

static const struct address {
	const char *text, *want; /* part of the error; NULL: must work */
} addresses[] = {
	{ "127.0.0.1:0", NULL },
	{ ":0", NULL },
	{ "localhost:0", NULL },
	{ "", "expected host:port" },
	{ "127.0.0.1", "expected host:port" },
	{ "127.0.0.1:", "expected host:port" },
	{ "127.0.0.1:65536", "expected host:port" },
	{ "127.0.0.1:http", "expected host:port" },
	{ "::1:9195", "expected host:port" },
	{ "192.0.2.1:9195", "cannot listen on 192.0.2.1:9195: Cannot assign requested address" },
};

START_TEST(listen_addresses)
{
	const struct address *c = &addresses[_i];
	char err[256] = "";
	struct loop *l = loop_new();
	struct web_options options = { .listen_address = str_of(c->text), .status = web_rig_status };
	struct web *w = web_start(l, &options, err);
	ck_assert_msg((w != NULL) == (c->want == NULL), "\"%s\": got %s", c->text, w ? "a server" : err);
	ck_assert_msg(!c->want || strstr(err, c->want), "\"%s\": got \"%s\", want \"%s\"", c->text, err, c->want ? c->want : "");
	if (w)
		ck_assert_uint_gt(web_port(w), 0);
	web_stop(w);
	loop_free(l);
}
END_TEST

START_TEST(a_port_in_use_is_told)
{
	start(false, 0, 0);
	char address[32], err[256] = "";
	snprintf(address, sizeof address, "127.0.0.1:%u", web_port(rig.web));
	struct web_options options = { .listen_address = str_of(address), .status = web_rig_status };
	ck_assert_ptr_null(web_start(rig.loop, &options, err));
	ck_assert_msg(strstr(err, "Address already in use; choose another with --web.listen-address") != NULL, "got %s", err);
	finish();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("web");
	TCase *t = tcase_create("web");
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, each_path_answers, 0, COUNT_OF(requests));
	tcase_add_loop_test(t, api_is_json_and_tells, 0, COUNT_OF(apis));
	tcase_add_test(t, an_agent_with_nothing_yet_is_still_json);
	tcase_add_test(t, not_ready_is_503_with_the_reason);
	tcase_add_test(t, reload_with_lifecycle);
	tcase_add_test(t, gzip_when_asked);
	tcase_add_loop_test(t, hostile_requests, 0, COUNT_OF(hostiles));
	tcase_add_test(t, a_slow_client_holds_up_nobody_and_is_cut_off);
	tcase_add_test(t, two_hundred_connections);
	tcase_add_test(t, all_places_taken_from_many_addresses);
	tcase_add_test(t, no_descriptor_left_is_no_busy_loop);
	tcase_add_test(t, idle_server_takes_no_cpu);
	tcase_add_loop_test(t, listen_addresses, 0, COUNT_OF(addresses));
	tcase_add_test(t, a_port_in_use_is_told);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
