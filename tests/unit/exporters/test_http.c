/* The HTTP client against a real server on loopback. */
#include "exporters/http.h"

#include "tests/unit/exporters/http_rig.h"

/* Replies that are canned bytes, and what must come of them. */
static const struct reply_case {
	const char *name, *bytes;
	bool closes;
	int status; /* 0: an error */
	const char *body;
	int64_t retry_after_ms;
} reply_cases[] = {
	{ "204", "HTTP/1.1 204 No Content\r\n\r\n", false, 204, "", -1 },
	{ "200 with a body", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false, 200, "hello", -1 },
	{ "204 with a body behind it", "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello", true, 204, "", -1 },
	{ "body up to the close", "HTTP/1.0 400 Bad\r\n\r\nentry too far behind", true, 400, "entry too far behind", -1 },
	{ "chunked", "HTTP/1.1 429 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", false, 429, "abcde",
		-1 },
	{ "chunked, with a trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n", false, 200, "abc", -1 },
	{ "interim answers first", "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", false, 204, "", -1 },
	{ "260", "HTTP/1.1 260 Blocked\r\nContent-Length: 7\r\n\r\nblocked", false, 260, "blocked", -1 },
	{ "retry after seconds", "HTTP/1.1 503 X\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", false, 503, "", 7000 },
	{ "retry after, odd case", "HTTP/1.1 503 X\r\nreTRY-after:\t12 \r\nContent-Length: 0\r\n\r\n", false, 503, "", 12000 },
	{ "retry after too long", "HTTP/1.1 429 X\r\nRetry-After: 99999999999999999999\r\nContent-Length: 0\r\n\r\n", false, 429,
		"", 300000 },
	{ "retry after negative", "HTTP/1.1 429 X\r\nRetry-After: -5\r\nContent-Length: 0\r\n\r\n", false, 429, "", 0 },
	{ "retry after junk", "HTTP/1.1 429 X\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n", false, 429, "", -1 },
	{ "retry after a past date", "HTTP/1.1 429 X\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
		false, 429, "", 0 },
	{ "not HTTP", "SSH-2.0-OpenSSH_9.2\r\n", true, 0, "", -1 },
	{ "closed without an answer", "", true, 0, "", -1 },
	{ "closed in the head", "HTTP/1.1 200 OK\r\nContent-", true, 0, "", -1 },
	{ "closed in the body", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", true, 0, "", -1 },
	{ "bad chunk size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", true, 0, "", -1 },
	{ "huge chunk size, then closed", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\nabc", true, 0,
		"", -1 },
	{ "redirect is not followed", "HTTP/1.1 302 X\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n", false, 302, "", -1 },
};

static void canned(void *ctx, const struct server_request *request, struct server_answer *out)
{
	const struct reply_case *c = ctx;
	(void)request;
	out->kind = c->closes ? ANSWER_SEND_AND_CLOSE : ANSWER_SEND;
	buf_str(&out->bytes, str_of(c->bytes));
}

START_TEST(replies)
{
	struct reply_case c = reply_cases[_i];
	struct rig r;
	rig_open(&r, canned, &c);
	const struct outcome *o = run(&r, (struct http_request){ .body = STR("payload") });
	ck_assert_msg(o->status == c.status, "%s: status %d, want %d (%s)", c.name, o->status, c.status, o->error);
	ck_assert_msg(o->body_n == strlen(c.body) && memcmp(o->body, c.body, o->body_n) == 0, "%s: body %.*s", c.name,
		(int)o->body_n, o->body);
	ck_assert_msg(o->retry_after_ms == c.retry_after_ms, "%s: retry after %lld", c.name, (long long)o->retry_after_ms);
	ck_assert_msg((o->error[0] != '\0') == (c.status == 0), "%s: error \"%s\"", c.name, o->error);
	rig_close(&r);
}
END_TEST

/* What the server saw last. */
struct seen {
	char head[70000];
	size_t body_n;
	uint64_t body_sum;
};

static void record(void *ctx, const struct server_request *request, struct server_answer *out)
{
	struct seen *seen = ctx;
	snprintf(seen->head, sizeof seen->head, STR_FMT, STR_ARG(request->head));
	seen->body_n = request->body.n;
	seen->body_sum = 0;
	for (size_t i = 0; i < request->body.n; i++)
		seen->body_sum = seen->body_sum * 31 + (unsigned char)request->body.p[i];
	server_reply(out, 204, "", STR(""));
}

START_TEST(a_large_body_arrives_whole_and_the_connection_is_kept)
{
	struct rig r;
	static struct seen seen;
	rig_open(&r, record, &seen);
	size_t n = 3 << 20;
	char *body = malloc(n);
	uint64_t sum = 0;
	for (size_t i = 0; i < n; i++)
		body[i] = (char)(i * 7);
	for (size_t i = 0; i < n; i++)
		sum = sum * 31 + (unsigned char)body[i];
	for (int i = 0; i < 3; i++) {
		struct str headers[] = { STR("Content-Type: application/x-protobuf"), STR("X-Scope-OrgID: team-a"),
			STR("X-Empty:") };
		const struct outcome *o = run(&r, (struct http_request){ .body = { body, n }, .headers = headers,
			.header_count = 3 });
		ck_assert_int_eq(o->status, 204);
		ck_assert_uint_eq(seen.body_n, n);
		ck_assert_uint_eq(seen.body_sum, sum);
	}
	ck_assert_ptr_nonnull(strstr(seen.head, "POST /loki/api/v1/push HTTP/1.1\r\n"));
	ck_assert_ptr_nonnull(strstr(seen.head, "\r\nContent-Type: application/x-protobuf\r\n"));
	ck_assert_ptr_nonnull(strstr(seen.head, "\r\nX-Scope-OrgID: team-a\r\n"));
	ck_assert_ptr_nonnull(strstr(seen.head, "\r\nX-Empty:\r\n"));
	ck_assert_ptr_nonnull(strstr(seen.head, "\r\nUser-Agent: spoor/"));
	ck_assert_ptr_null(strstr(seen.head, "Expect"));
	ck_assert_int_eq(r.server.connections, 1);
	free(body);
	rig_close(&r);
}
END_TEST

START_TEST(a_get_without_a_body)
{
	struct rig r;
	static struct seen seen;
	rig_open(&r, record, &seen);
	ck_assert_int_eq(run(&r, (struct http_request){ 0 })->status, 204);
	ck_assert(strncmp(seen.head, "GET ", 4) == 0);
	ck_assert_int_eq(run(&r, (struct http_request){ .method = "DELETE" })->status, 204);
	ck_assert(strncmp(seen.head, "DELETE ", 7) == 0);
	rig_close(&r);
}
END_TEST

START_TEST(a_tls_generation_does_not_matter_without_tls)
{
	/* The number spells the file names of TLS differently; without TLS there are none, so it must not matter. */
	struct rig r;
	static struct seen seen;
	rig_open(&r, record, &seen);
	for (unsigned i = 0; i < 3; i++)
		run(&r, (struct http_request){ .tls = { .generation = i } });
	ck_assert_int_eq(r.server.connections, 1);
	rig_close(&r);
}
END_TEST

static void endless(void *ctx, const struct server_request *request, struct server_answer *out)
{
	(void)ctx, (void)request;
	static const char tail[8192] = { 'x' };
	buf_str(&out->bytes, STR("HTTP/1.1 500 X\r\nContent-Length: 3000000000\r\n\r\n"));
	buf_append(&out->bytes, tail, sizeof tail);
	out->repeat = 3000000000u / sizeof tail;
	out->repeat_bytes = sizeof tail;
}

START_TEST(a_body_without_end_is_cut)
{
	struct rig r;
	rig_open(&r, endless, NULL);
	int64_t start = now_ms();
	const struct outcome *o = run(&r, (struct http_request){ .max_reply_bytes = 1000 });
	ck_assert_int_eq(o->status, 500);
	ck_assert_uint_eq(o->body_n, 1000);
	ck_assert_int_lt(now_ms() - start, 2000);
	rig_close(&r);
}
END_TEST

static void many_headers(void *ctx, const struct server_request *request, struct server_answer *out)
{
	(void)request;
	buf_str(&out->bytes, STR("HTTP/1.1 200 OK\r\n"));
	for (int i = 0; i < *(const int *)ctx; i++)
		buf_printf(&out->bytes, "X-%d: y\r\n", i);
	buf_str(&out->bytes, STR("Content-Length: 0\r\n\r\n"));
}

START_TEST(headers_are_bounded)
{
	struct rig r;
	int count = 100;
	rig_open(&r, many_headers, &count);
	ck_assert_int_eq(run(&r, (struct http_request){ 0 })->status, 200);
	count = 100000;
	const struct outcome *o = run(&r, (struct http_request){ 0 });
	ck_assert_int_eq(o->status, 0);
	ck_assert_str_eq(o->error, "the reply has too many headers");
	rig_close(&r);
}
END_TEST

static void never(void *ctx, const struct server_request *request, struct server_answer *out)
{
	(void)ctx, (void)request;
	out->kind = ANSWER_NEVER;
}

START_TEST(no_answer_ends_with_the_timeout)
{
	struct rig r;
	rig_open(&r, never, NULL);
	int64_t start = now_ms();
	const struct outcome *o = run(&r, (struct http_request){ .body = STR("x"), .timeout_ms = 200 });
	ck_assert_int_eq(o->status, 0);
	ck_assert_ptr_nonnull(strstr(o->error, "timed out"));
	ck_assert_int_ge(now_ms() - start, 190);
	ck_assert_int_lt(now_ms() - start, 1500);
	run(&r, (struct http_request){ .body = STR("x"), .timeout_ms = 50 });
	ck_assert_int_eq(r.server.connections, 2); /* the silent connection is not used again */
	rig_close(&r);
}
END_TEST

START_TEST(nobody_listens)
{
	struct rig r;
	rig_open(&r, never, NULL);
	snprintf(r.url, sizeof r.url, "http://127.0.0.1:%d/", closed_port());
	const struct outcome *o = run(&r, (struct http_request){ 0 });
	ck_assert_int_eq(o->status, 0);
	ck_assert_ptr_nonnull(strstr(o->error, "onnect"));
	rig_close(&r);
}
END_TEST

START_TEST(a_name_that_does_not_resolve)
{
	struct rig r;
	rig_open(&r, never, NULL);
	const struct outcome *o = run(&r, (struct http_request){ .url = STR("http://spoor-test.invalid/") });
	ck_assert_int_eq(o->status, 0);
	ck_assert_ptr_nonnull(strstr(o->error, "esolve"));
	rig_close(&r);
}
END_TEST

START_TEST(cancelled_calls_do_not_call_back)
{
	struct rig r;
	rig_open(&r, never, NULL);
	memset(&r.out, 0, sizeof r.out);
	const struct http_request request = { .url = str_of(r.url), .body = STR("x"), .timeout_ms = 100 };
	struct http_call *first = http_start(r.host.http, &request, on_done, &r.out);
	struct http_call *second = http_start(r.host.http, &request, on_done, &r.out);
	ck_assert(first && second);
	host_turn(&r.host, 20);
	http_cancel(r.host.http, first);
	host_turn(&r.host, 20);
	http_cancel(r.host.http, second);
	for (int i = 0; i < 10; i++)
		host_turn(&r.host, 20);
	ck_assert_int_eq(r.out.calls, 0);
	ck_assert_ptr_nonnull(http_start(r.host.http, &request, on_done, &r.out)); /* in flight when all ends */
	host_turn(&r.host, 20);
	rig_close(&r);
	ck_assert_int_eq(r.out.calls, 0);
}
END_TEST

/* Redirects: to itself for some hops, or to another server. */
struct hops {
	int left, other_port, status;
	int posts;
	char last_head[4096];
};

static void redirecting(void *ctx, const struct server_request *request, struct server_answer *out)
{
	struct hops *h = ctx;
	char headers[256];
	h->posts += str_starts(request->head, STR("POST ")) && request->body.n == 7;
	snprintf(h->last_head, sizeof h->last_head, STR_FMT, STR_ARG(request->head));
	if (h->left-- <= 0) {
		server_reply(out, 204, "", STR(""));
		return;
	}
	if (h->other_port)
		snprintf(headers, sizeof headers, "Location: http://127.0.0.1:%d/there\r\n", h->other_port);
	else
		snprintf(headers, sizeof headers, "Location: /hop%d\r\n", h->left);
	server_reply(out, h->status, headers, STR("moved"));
}

static const struct redirect_case {
	const char *name;
	int status, hops;
	bool other_host, follow;
	int want_status, want_posts;
} redirect_cases[] = {
	{ "same host, 307", 307, 1, false, true, 204, 2 },
	{ "same host, 302 stays a POST", 302, 1, false, true, 204, 2 },
	{ "same host, five hops", 308, 5, false, true, 204, 6 },
	{ "same host, too many hops", 308, 9, false, true, 308, 6 },
	{ "303 wants a GET: not followed", 303, 1, false, true, 303, 1 },
	{ "other port: not followed", 307, 1, true, true, 307, 1 },
	{ "not asked to follow", 307, 1, false, false, 307, 1 },
};

START_TEST(redirects)
{
	const struct redirect_case *c = &redirect_cases[_i];
	struct rig r;
	struct hops hops = { .left = c->hops, .status = c->status };
	static struct seen seen;
	struct server other;
	server_start(&other, record, &seen);
	hops.other_port = c->other_host ? other.port : 0;
	rig_open(&r, redirecting, &hops);
	struct str headers[] = { STR("Authorization: Bearer secret") };
	const struct outcome *o = run(&r, (struct http_request){
		.body = STR("payload"), .follow_redirects = c->follow, .headers = headers, .header_count = 1 });
	ck_assert_msg(o->status == c->want_status, "%s: status %d, want %d", c->name, o->status, c->want_status);
	ck_assert_msg(hops.posts == c->want_posts, "%s: %d posts, want %d", c->name, hops.posts, c->want_posts);
	ck_assert_msg(other.requests == 0, "%s: the other host was asked", c->name);
	ck_assert(o->status != 204 || o->body_n == 0);
	rig_close(&r);
	server_stop(&other);
}
END_TEST

START_TEST(what_is_asked_for)
{
	struct rig r;
	static struct seen seen;
	rig_open(&r, record, &seen);
	run(&r, (struct http_request){ .accept_gzip = true });
	ck_assert_ptr_nonnull(strstr(seen.head, "\r\nAccept-Encoding: gzip\r\n"));
	struct str headers[] = { STR("Accept-Encoding: identity") };
	run(&r, (struct http_request){ .accept_gzip = true, .headers = headers, .header_count = 1 });
	ck_assert_ptr_nonnull(strstr(seen.head, "\r\nAccept-Encoding: identity\r\n"));
	ck_assert_ptr_null(strstr(seen.head, "gzip"));
	run(&r, (struct http_request){ 0 });
	ck_assert_ptr_null(strstr(seen.head, "Accept-Encoding"));
	rig_close(&r);
}
END_TEST

START_TEST(connected_elsewhere)
{
	struct rig r;
	static struct seen seen;
	char to[64];
	rig_open(&r, record, &seen);
	snprintf(to, sizeof to, "127.0.0.1:%d", r.server.port);
	const struct outcome *o = run(&r, (struct http_request){ .url = STR("http://pod.invalid:9100/metrics"), .connect_to = str_of(to) });
	ck_assert_int_eq(o->status, 204);
	ck_assert_ptr_nonnull(strstr(seen.head, "GET /metrics HTTP/1.1\r\nHost: pod.invalid:9100\r\n"));
	ck_assert(!http_start(r.host.http, &(struct http_request){ .url = STR("http://a/"), .connect_to = STR("1.2.3.4:1\n") }, on_done, &r.out));
	rig_close(&r);
}
END_TEST

START_TEST(a_redirect_away_from_where_it_was_connected_is_not_followed)
{
	struct rig r;
	struct hops hops = { .left = 1, .status = 307 };
	char to[64];
	rig_open(&r, redirecting, &hops);
	snprintf(to, sizeof to, "127.0.0.1:%d", r.server.port);
	const struct outcome *o = run(&r, (struct http_request){
		.url = STR("http://pod.invalid:9100/metrics"), .connect_to = str_of(to), .follow_redirects = true });
	ck_assert_int_eq(o->status, 307);
	rig_close(&r);
}
END_TEST

static const struct refused_case {
	const char *name, *url, *header, *tls;
} refused_cases[] = {
	{ "no scheme", "127.0.0.1/push", NULL, "" },
	{ "other scheme", "file:///etc/passwd", NULL, "" },
	{ "ftp", "ftp://127.0.0.1/", NULL, "" },
	{ "no host", "http:///push", NULL, "" },
	{ "empty", "", NULL, "" },
	{ "line break in the URL", "http://127.0.0.1/\r\nX: y", NULL, "" },
	{ "line break in a header", "http://127.0.0.1:1/", "X-A: b\r\nX-C: d", "" },
	{ "bare line feed in a header", "http://127.0.0.1:1/", "X-A: b\nX-C: d", "" },
	{ "no colon", "http://127.0.0.1:1/", "X-A", "" },
	{ "blank in the name", "http://127.0.0.1:1/", "X A: b", "" },
	{ "no name", "http://127.0.0.1:1/", ": b", "" },
	{ "unknown TLS version", "https://127.0.0.1:1/", NULL, "TLS14" },
};

START_TEST(refused_at_the_start)
{
	const struct refused_case *c = &refused_cases[_i];
	struct poll_host h;
	struct outcome o = { 0 };
	host_open(&h);
	struct str header = str_of(c->header);
	const struct http_request request = {
		.url = str_of(c->url), .headers = &header, .header_count = c->header ? 1 : 0,
			.tls = { .min_version = str_of(c->tls) } };
	ck_assert_msg(!http_start(h.http, &request, on_done, &o), "%s: was accepted", c->name);
	host_turn(&h, 1);
	ck_assert_int_eq(o.calls, 0);
	host_close(&h);
}
END_TEST

static const struct url_case {
	const char *url, *shown; /* NULL: refused */
} url_cases[] = {
	{ "http://loki:3100/loki/api/v1/push", "http://loki:3100/loki/api/v1/push" },
	{ "https://user:pass@loki.example/push?token=secret#x", "https://loki.example/push" },
	{ "http://[::1]:3100/push", "http://[::1]:3100/push" },
	{ "loki:3100/push", NULL },
	{ "gopher://loki/", NULL },
	{ "http://", NULL },
};

START_TEST(urls)
{
	char shown[128];
	const struct url_case *c = &url_cases[_i];
	bool is_good = http_url_check(str_of(c->url), shown, sizeof shown);
	ck_assert_msg(is_good == (c->shown != NULL), "%s", c->url);
	if (is_good)
		ck_assert_str_eq(shown, c->shown);
}
END_TEST

int main(void)
{
	setenv("http_proxy", "http://127.0.0.1:9", 1); /* must not matter */
	Suite *s = suite_create("http");
	TCase *t = tcase_create("http");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, replies, 0, COUNT_OF(reply_cases));
	tcase_add_test(t, a_large_body_arrives_whole_and_the_connection_is_kept);
	tcase_add_test(t, a_get_without_a_body);
	tcase_add_test(t, a_tls_generation_does_not_matter_without_tls);
	tcase_add_test(t, a_body_without_end_is_cut);
	tcase_add_test(t, headers_are_bounded);
	tcase_add_test(t, no_answer_ends_with_the_timeout);
	tcase_add_test(t, nobody_listens);
	tcase_add_test(t, a_name_that_does_not_resolve);
	tcase_add_test(t, cancelled_calls_do_not_call_back);
	tcase_add_loop_test(t, redirects, 0, COUNT_OF(redirect_cases));
	tcase_add_test(t, what_is_asked_for);
	tcase_add_test(t, connected_elsewhere);
	tcase_add_test(t, a_redirect_away_from_where_it_was_connected_is_not_followed);
	tcase_add_loop_test(t, refused_at_the_start, 0, COUNT_OF(refused_cases));
	tcase_add_loop_test(t, urls, 0, COUNT_OF(url_cases));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
