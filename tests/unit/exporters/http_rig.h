/* For tests: one HTTP client, one server on loopback, one call at a time. */
#ifndef TESTS_HTTP_RIG_H
#define TESTS_HTTP_RIG_H

#include "tests/unit/exporters/server.h"

struct outcome { /* of one call */
	int calls, status;
	int64_t retry_after_ms;
	char body[70000], error[256];
	size_t body_n;
	bool is_too_large;
	char headers[HTTP_WANTED_MAX][128]; /* "-" when absent */
};

static inline void on_done(void *ctx, const struct http_reply *reply)
{
	struct outcome *o = ctx;
	o->calls++;
	o->status = reply->status;
	o->retry_after_ms = reply->retry_after_ms;
	o->body_n = reply->body.n;
	memcpy(o->body, reply->body.p ? reply->body.p : "", reply->body.n < sizeof o->body ? reply->body.n : sizeof o->body - 1);
	snprintf(o->error, sizeof o->error, "%s", reply->error);
	o->is_too_large = reply->is_too_large;
	for (size_t i = 0; i < HTTP_WANTED_MAX; i++)
		snprintf(o->headers[i], sizeof o->headers[i], STR_FMT, STR_ARG(reply->headers[i].p ? reply->headers[i] : STR("-")));
}

struct rig {
	struct server server;
	struct poll_host host;
	char url[128];
	struct outcome out;
};

static inline void rig_open(struct rig *r, server_script *script, void *ctx)
{
	server_start(&r->server, script, ctx);
	host_open(&r->host);
	snprintf(r->url, sizeof r->url, "http://127.0.0.1:%d/loki/api/v1/push", r->server.port);
}

static inline void rig_close(struct rig *r)
{
	host_close(&r->host);
	server_stop(&r->server);
}

/* Runs one request to its end. */
static inline const struct outcome *run(struct rig *r, struct http_request request)
{
	memset(&r->out, 0, sizeof r->out);
	if (!request.url.p)
		request.url = str_of(r->url);
	if (!request.timeout_ms)
		request.timeout_ms = 5000;
	ck_assert_ptr_nonnull(http_start(r->host.http, &request, on_done, &r->out));
	ck_assert_int_eq(r->out.calls, 0);
	for (int64_t end = now_ms() + 10000; r->out.calls == 0 && now_ms() < end;)
		host_turn(&r->host, 100);
	ck_assert_msg(r->out.calls == 1, "%d callbacks", r->out.calls);
	return &r->out;
}

#endif
