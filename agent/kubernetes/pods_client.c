/* A failure is told when it begins and when it is over, in words that say what to do; how often it happens is in the metrics. */
#include "agent/kubernetes/pods_client.h"

#include <stdio.h>

#include "agent/logs/clients.h"
#include "agent/log.h"
#include "exporters/backoff.h"
#include "parsers/bytes/hash.h"
#include "parsers/kubernetes/podlist.h"

enum { HEADERS_MAX = 40, WAIT_MIN_MS = 1000, WAIT_MAX_MS = 60000, WANTED_MIN_MS = 3000, WANTED_MAX_MS = 4000, PATH_MAX_BYTES = 8192 };

const char *const pods_code_names[PODS_CODES] = { "none", "200", "401", "403", "404", "410", "429", "4xx", "5xx", "other" };

static enum pods_code code_of(int status)
{
	static const struct { int status; enum pods_code code; } exact[] = {
		{ 0, PODS_CODE_NONE }, { 200, PODS_CODE_200 }, { 401, PODS_CODE_401 }, { 403, PODS_CODE_403 }, { 404, PODS_CODE_404 },
		{ 410, PODS_CODE_410 }, { 429, PODS_CODE_429 },
	};
	for (size_t i = 0; i < COUNT_OF(exact); i++)
		if (exact[i].status == status)
			return exact[i].code;
	return status >= 500 ? PODS_CODE_5XX : status >= 400 ? PODS_CODE_4XX : PODS_CODE_OTHER;
}

int pods_client_init(struct pods_client *c, const struct kubernetes_where *where, struct loop *loop, void (*retry)(void *ctx), void *ctx,
		     char err[256])
{
	*c = (struct pods_client){ .loop = loop, .source = where->source, .random = hash_u64((uint64_t)loop_wall_ns(loop)) | 1 };
	struct config_http *http = arena_alloc(&c->arena, sizeof *http);
	*http = where->http;
	c->endpoint = client_endpoint(http, where->url, kubernetes_source_names[where->source], &c->arena);
	if (!endpoint_check(&c->endpoint, NULL, 0, c->url, sizeof c->url, err)) {
		arena_fini(&c->arena);
		*c = (struct pods_client){ 0 };
		return -1;
	}
	http_loop_open(&c->http, loop);
	c->credentials = credentials_new(&c->endpoint, c->http.http, retry, ctx);
	return 0;
}

void pods_client_fini(struct pods_client *c)
{
	if (!c->loop)
		return;
	credentials_free(c->credentials);
	http_loop_close(&c->http);
	arena_fini(&c->arena);
	*c = (struct pods_client){ 0 };
}

/* ---- telling ---- */

static const char *who(const struct pods_client *c)
{
	return c->source == KUBERNETES_KUBELET ? "kubelet" : "Kubernetes API";
}

void pods_client_complain(struct pods_client *c, const char *cause, const char *text)
{
	endpoint_error(c->credentials, "", str_of(text), c->error, sizeof c->error);
	c->error_wall_ns = loop_wall_ns(c->loop);
	if (strcmp(c->told, cause) == 0)
		return;
	snprintf(c->told, sizeof c->told, "%s", cause);
	LOG_WARN("%s at %s: %s; %s", who(c), c->url, c->error, c->meanwhile ? c->meanwhile : "logs go on with what their paths say");
}

void pods_client_is_well(struct pods_client *c)
{
	if (c->told[0])
		LOG_INFO("%s at %s: answers again", who(c), c->url);
	c->told[0] = '\0';
	c->error[0] = '\0';
}

/* ---- asking ---- */

struct http_call *pods_client_get(struct pods_client *c, const struct pods_request *r, http_done *done, void *ctx)
{
	struct str headers[HEADERS_MAX];
	struct buf url, none;
	c->asked_ns = loop_now_ns(c->loop);
	enum credentials_state state = credentials_prepare(c->credentials, loop_now_ns(c->loop));
	if (state == CREDENTIALS_WAITING)
		return NULL;
	if (state == CREDENTIALS_FAILED) {
		pods_client_complain(c, "credentials", credentials_error(c->credentials));
		return NULL;
	}
	struct http_request http = endpoint_request(&c->endpoint, &c->tls_files, loop_now_ns(c->loop));
	buf_init(&url, c->endpoint.url.n + PATH_MAX_BYTES);
	buf_init(&none, 1);
	buf_str(&url, c->endpoint.url);
	buf_str(&url, r->path);
	headers[0] = STR("Accept: application/json");
	http.url = buf_view(&url);
	http.headers = headers;
	http.header_count = endpoint_headers(&c->endpoint, credentials_header(c->credentials), headers, 1, HEADERS_MAX, &none);
	http.timeout_ms = r->timeout_ms;
	http.max_reply_bytes = r->max_reply_bytes;
	http.fail_when_larger = true;
	http.accept_gzip = !r->piece;
	http.piece = r->piece;
	http.follow_redirects = false;
	struct http_call *call = url.is_full ? NULL : http_start(c->http.http, &http, done, ctx);
	if (!call)
		pods_client_complain(c, "request", "the request cannot be sent: check the address and tls_config of the section kubernetes");
	buf_fini(&url);
	buf_fini(&none);
	return call;
}

void pods_client_cancel(struct pods_client *c, struct http_call *call)
{
	if (call)
		http_cancel(c->http.http, call);
}

/* ---- answers ---- */

/* What a Status object says, else the beginning of the body. */
static struct str sentence_of(struct str body, struct arena *arena)
{
	struct podlist list;
	const char *why;
	if (podlist_parse(body, &list, arena, &why) && list.status_message.n)
		return str_take(list.status_message, 300);
	return str_take(body, 200);
}

static const char *right_of(const struct pods_client *c)
{
	if (c->right)
		return c->right;
	return c->source == KUBERNETES_KUBELET
		       ? "give its service account a ClusterRole with the rule {apiGroups: [\"\"], resources: [nodes/pods], verbs: [get]} (before "
			 "Kubernetes 1.33: nodes/proxy)"
		       : "give its service account a ClusterRole with the rule {apiGroups: [\"\"], resources: [pods], verbs: [list, watch]}, or "
			 "set kubernetes.metadata: none";
}

static void complain_of(struct pods_client *c, const struct http_reply *reply)
{
	struct arena arena = { 0 };
	char text[1024], cause[64];
	struct str said = sentence_of(reply->body, &arena);
	snprintf(cause, sizeof cause, "status %d", reply->status);
	if (!reply->status)
		snprintf(text, sizeof text, "no answer: %.300s", reply->error);
	else if (reply->status == 403)
		snprintf(text, sizeof text, "403: " STR_FMT ": %s", STR_ARG(said), right_of(c));
	else if (reply->status == 401)
		snprintf(text, sizeof text, "401: " STR_FMT ": the token is not accepted; it is read again before each attempt", STR_ARG(said));
	else
		snprintf(text, sizeof text, "%d: " STR_FMT, reply->status, STR_ARG(said));
	pods_client_complain(c, cause, text);
	arena_fini(&arena);
}

enum pods_verdict pods_client_judge(struct pods_client *c, const struct http_reply *reply)
{
	c->requests[code_of(reply->status)]++;
	if (reply->status == 200)
		return PODS_GOOD;
	if (reply->status == 410)
		return PODS_EXPIRED;
	if (reply->status == 401 && credentials_refused(c->credentials, loop_now_ns(c->loop)))
		return PODS_NEW_TOKEN;
	complain_of(c, reply);
	return reply->status == 403 ? PODS_FORBIDDEN : PODS_BAD;
}

int64_t pods_client_wait_ms(struct pods_client *c, const struct http_reply *reply)
{
	int64_t wait_ms = backoff_ms(++c->failures, WAIT_MIN_MS, WAIT_MAX_MS, &c->random);
	if (reply && reply->retry_after_ms > 0)
		c->not_before_ns = loop_now_ns(c->loop) + reply->retry_after_ms * 1000000;
	return reply && reply->retry_after_ms > wait_ms ? reply->retry_after_ms : wait_ms;
}

int64_t pods_client_wanted_ns(struct pods_client *c)
{
	int64_t soon_ns = c->asked_ns + backoff_between(WANTED_MIN_MS, WANTED_MAX_MS, &c->random) * 1000000;
	return soon_ns > c->not_before_ns ? soon_ns : c->not_before_ns;
}

void pods_client_escape(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char b = s.p[i];
		bool is_plain = ascii_is_letter(b) || ascii_is_digit(b) || b == '-' || b == '_' || b == '.' || b == '~';
		if (is_plain)
			buf_char(out, b);
		else
			buf_printf(out, "%%%02X", (unsigned char)b);
	}
}
