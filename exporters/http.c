/* libcurl's multi interface, driven by sockets and one timer of the host loop. One easy handle per call; the last one used is
 * kept, so that the steady state of one request after the other sets up nothing anew.
 *
 * Strict on purpose: HTTP/1.1 only, http and https only, no proxies from the environment, no cookies, no netrc; headers are
 * bounded in number and bytes, the body is cut where the caller wants no more, and then the connection is closed. Connections
 * live at most a minute, so that a changed DNS answer is followed within that time.
 *
 * Redirects are followed here instead of by libcurl, because the rule "same origin only" is ours. The method and the body stay
 * as they are: a push that turned into a GET would look like success. */
#include "exporters/http.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <time.h>

#include "exporters/http_headers.h"
#include "exporters/http_setup.h"
#include "parsers/bytes/arena.h"

enum {
	CALL_MAGIC = 0x63616c6c,
	CONNECTION_AGE_MAX_S = 60,
	CONNECTIONS_KEPT = 64,
	REPLY_BYTES_DEFAULT = 64 * 1024,
	HEADERS_MAX = 256,
	HEADER_BYTES_MAX = 64 * 1024,
	REDIRECTS_MAX = 5,
	WANTED_BYTES_MAX = 4096 /* of one reply header that is kept: a longer one counts as absent */
};

struct http_call {
	unsigned magic;
	struct http *http;
	struct http_call *next, *previous;
	CURL *easy;
	http_done *done;
	void *ctx;
	struct buf reply;
	struct http_setup setup;
	char error[CURL_ERROR_SIZE];
	int64_t retry_after_ms;
	size_t header_count, header_bytes;
	int redirects_left;
	bool is_cut;         /* the body was longer than wanted: all is well, but the transfer was ended */
	bool has_bad_header; /* too many or too long */
	bool has_head;       /* the empty line behind the headers has come: libcurl calls a head that was cut off complete */
	bool (*piece)(void *ctx, struct str bytes);
	bool has_body;     /* some of it has come */
	bool is_piecewise; /* the head of an answer has come whose body is handed out */
	bool accept_gzip, fail_when_larger, has_coding, has_bad_coding;
	struct arena memory; /* of the wanted headers */
	struct { struct str name, value; } wanted[HTTP_WANTED_MAX];
	size_t wanted_count;
};

struct http {
	struct http_host host;
	CURLM *multi;
	CURL *spare;
	struct http_call *calls;
};

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	(void)easy, (void)socket_ctx;
	struct http *h = ctx;
	int events = what == CURL_POLL_IN ? 1 : what == CURL_POLL_OUT ? 2 : what == CURL_POLL_INOUT ? 3 : 0;
	h->host.watch(h->host.ctx, fd, events);
	return 0;
}

static int on_timer(CURLM *multi, long delay_ms, void *ctx)
{
	(void)multi;
	struct http *h = ctx;
	h->host.arm(h->host.ctx, delay_ms);
	return 0;
}

struct http *http_new(const struct http_host *host)
{
	/* Counted inside libcurl: each http_new may call it, each http_free takes one back. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return NULL;
	struct http *h = calloc(1, sizeof *h);
	if (!h)
		abort();
	h->host = *host;
	h->multi = curl_multi_init();
	if (!h->multi)
		abort();
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
	curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS_KEPT);
	return h;
}

static void call_free(struct http_call *call)
{
	struct http *h = call->http;
	if (call->previous)
		call->previous->next = call->next;
	else if (h->calls == call)
		h->calls = call->next;
	if (call->next)
		call->next->previous = call->previous;
	if (call->easy) {
		curl_multi_remove_handle(h->multi, call->easy);
		curl_easy_reset(call->easy);
		if (h->spare)
			curl_easy_cleanup(call->easy);
		else
			h->spare = call->easy;
	}
	http_setup_free(&call->setup);
	buf_fini(&call->reply);
	arena_fini(&call->memory);
	call->magic = 0;
	free(call);
}

void http_free(struct http *h)
{
	if (!h)
		return;
	while (h->calls)
		call_free(h->calls);
	if (h->spare)
		curl_easy_cleanup(h->spare);
	curl_multi_cleanup(h->multi);
	curl_global_cleanup();
	free(h);
}

/* A reply that is decoded may be packed once. Codings on top of each other multiply: sixteen kilobytes become gigabytes that no
 * limit on what comes out in the end ever sees. */
static bool coding_is_bad(struct http_call *call, struct str value)
{
	bool is_too_many = call->has_coding || (call->piece && value.n && !str_ieq(value, STR("identity"))); /* pieces are not decoded */
	call->has_coding = true;
	return is_too_many || !(value.n == 0 || str_ieq(value, STR("gzip")) || str_ieq(value, STR("x-gzip")) || str_ieq(value, STR("identity")));
}

static void keep_header(struct http_call *call, struct str line)
{
	struct str value;
	for (size_t i = 0; i < call->wanted_count; i++)
		if (!call->wanted[i].value.p && http_header_value(line, call->wanted[i].name, &value) && value.n <= WANTED_BYTES_MAX)
			call->wanted[i].value = arena_copy(&call->memory, value);
}

/* The status line of a reply: what an interim one (103) or one that redirected has said counts no more. */
static void forget_headers(struct http_call *call)
{
	for (size_t i = 0; i < call->wanted_count; i++)
		call->wanted[i].value = (struct str){ 0 };
	call->has_coding = false;
}

/* The head of an answer is complete. false: its reader wants no more. */
static bool begin_pieces(struct http_call *call)
{
	long status = 0;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	call->is_piecewise = status >= 200 && status < 300;
	call->is_cut = call->is_piecewise && !call->piece(call->ctx, (struct str){ 0 });
	return !call->is_cut;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
	struct http_call *call = ctx;
	struct str line = { bytes, size * count }, value;
	call->header_bytes += line.n;
	if (++call->header_count > HEADERS_MAX || call->header_bytes > HEADER_BYTES_MAX) {
		call->has_bad_header = true;
		return 0;
	}
	if (call->has_body)
		return line.n; /* trailers: nobody asks for them */
	call->has_head = line.n == 0 || line.p[0] == '\r' || line.p[0] == '\n';
	if (str_starts(line, STR("HTTP/")))
		forget_headers(call);
	else
		keep_header(call, line);
	if (http_header_value(line, STR("retry-after"), &value))
		call->retry_after_ms = http_retry_after_ms(value, (int64_t)time(NULL));
	bool is_content = http_header_value(line, STR("content-encoding"), &value) && coding_is_bad(call, value);
	bool is_transfer = http_header_value(line, STR("transfer-encoding"), &value) && !str_ieq(value, STR("chunked"));
	call->has_bad_coding = (call->accept_gzip || call->piece) && (is_content || is_transfer);
	if (call->has_bad_coding)
		return 0;
	return call->piece && call->has_head && !call->is_piecewise && !begin_pieces(call) ? 0 : line.n;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct http_call *call = ctx;
	size_t n = size * count, room = call->reply.cap_bytes - call->reply.n;
	call->has_body = true;
	if (call->is_piecewise) {
		call->is_cut = !call->piece(call->ctx, (struct str){ bytes, n });
		return call->is_cut ? 0 : n;
	}
	if (n <= room || !call->fail_when_larger)
		buf_append(&call->reply, bytes, n < room ? n : room);
	if (n <= room)
		return n;
	call->is_cut = true; /* ends the transfer: what follows is not worth reading */
	return 0;
}

static void set_fixed(struct http_call *call)
{
	CURL *easy = call->easy;
	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* A name server that does not answer: libcurl would wait for its resolver's thread, and the whole loop with it. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_AGE_MAX_S);
	curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)CONNECTION_AGE_MAX_S);
	curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT, 30L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "spoor/" SPOOR_VERSION);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
}

struct http_call *http_start(struct http *h, const struct http_request *request, http_done *done, void *ctx)
{
	struct http_call *call = calloc(1, sizeof *call);
	if (!call)
		abort();
	*call = (struct http_call){ .magic = CALL_MAGIC, .http = h, .next = h->calls, .done = done, .ctx = ctx };
	call->retry_after_ms = -1;
	if (h->calls)
		h->calls->previous = call;
	h->calls = call;
	call->redirects_left = request->follow_redirects ? REDIRECTS_MAX : 0;
	call->accept_gzip = request->accept_gzip;
	call->fail_when_larger = request->fail_when_larger;
	call->piece = request->piece;
	for (size_t i = 0; i < request->want_header_count && i < HTTP_WANTED_MAX; i++)
		call->wanted[call->wanted_count++].name = arena_copy(&call->memory, request->want_headers[i]);
	buf_init(&call->reply, request->max_reply_bytes ? request->max_reply_bytes : REPLY_BYTES_DEFAULT);
	call->easy = h->spare ? h->spare : curl_easy_init();
	h->spare = NULL;
	if (!call->easy)
		abort();
	set_fixed(call);
	if (http_setup(&call->setup, call->easy, request) && curl_multi_add_handle(h->multi, call->easy) == CURLM_OK)
		return call;
	call_free(call);
	return NULL;
}

void http_cancel(struct http *h, struct http_call *call)
{
	(void)h;
	if (call && call->magic == CALL_MAGIC)
		call_free(call);
}

static bool is_redirect(long status)
{
	return status == 301 || status == 302 || status == 307 || status == 308;
}

/* Sends the call on to where it was pointed. false: it is done as it is. */
static bool redirect(struct http_call *call, long status)
{
	char *to = NULL;
	if (!is_redirect(status) || call->redirects_left == 0 || call->setup.connect_to)
		return false;
	if (curl_easy_getinfo(call->easy, CURLINFO_REDIRECT_URL, &to) != CURLE_OK || !to || !http_same_origin(call->setup.url, to))
		return false;
	call->redirects_left--;
	curl_multi_remove_handle(call->http->multi, call->easy);
	curl_easy_setopt(call->easy, CURLOPT_URL, to);
	buf_reset(&call->reply);
	call->header_count = call->header_bytes = 0;
	call->has_head = call->has_body = false;
	call->retry_after_ms = -1;
	return curl_multi_add_handle(call->http->multi, call->easy) == CURLM_OK;
}

static void finish(struct http_call *call, CURLcode code)
{
	long status = 0;
	curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
	bool is_answered = call->has_head && !call->has_bad_header && !call->has_bad_coding && (code == CURLE_OK || call->is_cut);
	if (is_answered && redirect(call, status))
		return;
	struct http_reply reply = { .status = is_answered ? (int)status : 0, .retry_after_ms = -1, .error = "" };
	if (is_answered) {
		reply.is_too_large = call->is_cut && call->fail_when_larger && !call->is_piecewise;
		reply.body = reply.is_too_large ? (struct str){ 0 } : buf_view(&call->reply);
		reply.retry_after_ms = call->retry_after_ms;
		for (size_t i = 0; i < call->wanted_count; i++)
			reply.headers[i] = call->wanted[i].value;
	} else {
		reply.error = call->has_bad_header ? "the reply has too many headers"
			      : call->has_bad_coding ? "the reply is encoded in another way than gzip, or more than once"
			      : code == CURLE_SSL_CACERT_BADFILE ? "the certificate authorities cannot be read: look at tls_config.ca_file"
			      : code == CURLE_SSL_CERTPROBLEM ? "the certificate to show cannot be read: look at tls_config.cert_file and key_file"
			      : call->error[0]     ? call->error
			      : code               ? curl_easy_strerror(code)
						   : "the reply ended inside its headers";
	}
	call->done(call->ctx, &reply);
	call_free(call);
}

/* Calls that ended. A callback may start and cancel other calls; its own is already out of libcurl's hands. */
static void drain(struct http *h)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(h->multi, &left))) {
		struct http_call *call = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		CURLcode code = message->data.result;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		if (call && call->magic == CALL_MAGIC)
			finish(call, code);
	}
}

void http_ready(struct http *h, int fd, int events)
{
	int mask = (events & 1 ? CURL_CSELECT_IN : 0) | (events & 2 ? CURL_CSELECT_OUT : 0) | (events & 4 ? CURL_CSELECT_ERR : 0);
	int running;
	curl_multi_socket_action(h->multi, fd, mask, &running);
	drain(h);
}

void http_timer(struct http *h)
{
	int running;
	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	drain(h);
}
