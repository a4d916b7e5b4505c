/* libmicrohttpd driven by our loop: its epoll descriptor is watched like any other, its timeout is one of our timers; it starts no
 * thread. This file holds the daemon, its limits and the writing of answers; what is answered is agent/web_routes.c.
 *
 * What the library does not do and this file adds:
 * - A client that sends or reads a byte now and then never runs into the idle timeout. Each connection has a place in a
 *   table with the time of its last finished request; when our patience is over it is shut down.
 * - When the process has no descriptor left, accept fails at once, again and again, with the connection still waiting:
 *   a busy loop. We look away for PAUSE_NS.
 * - When all places are taken it stops listening, and starts again only in the run after the one that closed a connection,
 *   for which nothing would wake us: such a run is followed by another.
 * TLS and passwords (web_config_file) are left out so far. */
#include "agent/web.h"

#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/page.h"
#include "agent/web_accept.h"
#include "agent/web_listen.h"
#include "agent/web_request.h"

enum {
	CONNECTIONS = 64,
	CONNECTIONS_PER_IP = 32,
	IDLE_SECONDS = 10,
	PATIENCE_MS = 30000,
	CONNECTION_BYTES = 32 * 1024,
	MAX_REQUEST_BODY = 8 * 1024,
	MAX_ANSWER = 8 * 1024 * 1024,
	MIN_GZIP_BYTES = 512,
	DRAIN_MS = 200,
};
static const int64_t PAUSE_NS = 100000000;

struct place {
	int fd; /* meaningful while is_used */
	bool is_used, is_shut;
	int64_t since_ns;
};
struct web {
	struct loop *loop;
	struct web_options options;
	struct MHD_Daemon *daemon;
	struct loop_timer timer, sweep, pause;
	struct place places[CONNECTIONS];
	unsigned requests; /* in progress */
	int64_t patience_ns, sweep_ns;
	int epoll_fd;
	uint16_t port;
	bool is_starved, has_closed;
	char host_name[256], security[512];
};

struct str web_arg(const struct web_request *r, const char *name)
{
	struct str value = { 0 };
	MHD_lookup_connection_value_n(r->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name), &value.p, &value.n);
	return value.p ? value : (struct str){ 0 };
}

struct str web_header(const struct web_request *r, const char *name)
{
	return str_of(MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name));
}

static struct MHD_Response *response_of(struct web_request *r)
{
	if (r->body.is_full) {
		buf_fini(&r->body);
		r->code = 500;
		r->fixed = STR("The answer is too large: ask for less with ?limit=.\n");
		r->content_type = "text/plain; charset=utf-8";
		r->may_compress = false;
	}
	struct str body = r->fixed.n ? r->fixed : buf_view(&r->body);
	struct buf packed;
	buf_init(&packed, MAX_ANSWER + 64 * 1024);
	bool is_packed = r->may_compress && body.n >= MIN_GZIP_BYTES &&
			 web_accept_quality(web_header(r, "Accept-Encoding"), STR("gzip")) > 0 && web_gzip(body, &packed);
	struct MHD_Response *response;
	if (is_packed) {
		response = MHD_create_response_from_buffer(packed.n, packed.p, MHD_RESPMEM_MUST_FREE);
		buf_fini(&r->body);
	} else if (r->fixed.n) {
		buf_fini(&packed);
		response = MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_PERSISTENT);
	} else {
		buf_fini(&packed);
		response = MHD_create_response_from_buffer(r->body.n, r->body.p, MHD_RESPMEM_MUST_FREE);
	}
	if (response && is_packed)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (response && r->may_compress)
		MHD_add_response_header(response, "Vary", "Accept, Accept-Encoding");
	return response;
}

static enum MHD_Result answer(struct web *w, struct web_request *r)
{
	struct MHD_Response *response = response_of(r);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Content-Type", r->content_type);
	MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
	MHD_add_response_header(response, "Cache-Control", "no-store");
	MHD_add_response_header(response, "Content-Security-Policy",
				r->is_page ? w->security : "default-src 'none'; frame-ancestors 'none'");
	if (r->allow)
		MHD_add_response_header(response, "Allow", r->allow);
	enum MHD_Result result = MHD_queue_response(r->connection, r->code, response);
	MHD_destroy_response(response);
	return result;
}

static bool announces_too_much(const struct web_request *r)
{
	const char *length = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Content-Length");
	return length && strtoull(length, NULL, 10) > MAX_REQUEST_BODY;
}

/* Called when the head is there, for each piece of the body, and at the end. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
				  const char *version, const char *piece, size_t *piece_bytes, void **state)
{
	struct web *w = cls;
	struct web_request *r = *state;
	(void)version, (void)piece;
	if (!r) {
		r = calloc(1, sizeof *r);
		if (!r)
			return MHD_NO;
		*r = (struct web_request){ .options = &w->options, .connection = connection, .method = str_of(method) };
		buf_init(&r->body, MAX_ANSWER);
		*state = r;
		w->requests++;
		if (!announces_too_much(r))
			return MHD_YES;
		r->code = 413;
		r->content_type = "text/plain; charset=utf-8";
		r->fixed = STR("Request body too large.\n");
		return answer(w, r);
	}
	if (*piece_bytes) {
		r->body_bytes += *piece_bytes;
		*piece_bytes = 0;
		return r->body_bytes > MAX_REQUEST_BODY ? MHD_NO : MHD_YES; /* a chunked one that does not end is cut off */
	}
	r->path = str_of(url);
	web_route(r);
	return answer(w, r);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode how)
{
	struct web *w = cls;
	(void)how;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct place *place = info ? info->socket_context : NULL;
	if (place)
		place->since_ns = loop_now_ns(w->loop);
	if (*state) {
		free(*state);
		*state = NULL;
		w->requests--;
	}
}

static void sweep(void *ctx);

static void on_connection(void *cls, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode what)
{
	struct web *w = cls;
	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (*context)
			*(struct place *)*context = (struct place){ 0 };
		*context = NULL;
		w->has_closed = true;
		return;
	}
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	for (size_t i = 0; info && i < COUNT_OF(w->places) && !*context; i++)
		if (!w->places[i].is_used) {
			w->places[i] = (struct place){ .fd = info->connect_fd, .is_used = true, .since_ns = loop_now_ns(w->loop) };
			*context = &w->places[i];
		}
	if (!w->sweep.place)
		loop_arm(w->loop, &w->sweep, loop_now_ns(w->loop) + w->sweep_ns, sweep, w);
}

/* Runs only while there are connections: an idle agent does not wake for this. */
static void sweep(void *ctx)
{
	struct web *w = ctx;
	int64_t now_ns = loop_now_ns(w->loop);
	bool is_any = false;
	for (size_t i = 0; i < COUNT_OF(w->places); i++) {
		struct place *p = &w->places[i];
		is_any |= p->is_used;
		if (!p->is_used || p->is_shut || now_ns - p->since_ns < w->patience_ns)
			continue;
		shutdown(p->fd, SHUT_RDWR); /* the library sees the end and closes */
		p->is_shut = true;
	}
	if (is_any)
		loop_arm(w->loop, &w->sweep, now_ns + w->sweep_ns, sweep, w);
}

static void on_message(void *cls, const char *format, va_list args)
{
	struct web *w = cls;
	char text[256];
	vsnprintf(text, sizeof text, format, args);
	if (strstr(text, "accept"))
		w->is_starved = true;
	else
		LOG_DEBUG("HTTP server: %s", text);
}

static void on_ready(void *ctx, int fd, int events);

static void look_again(void *ctx)
{
	struct web *w = ctx;
	loop_watch(w->loop, w->epoll_fd, LOOP_READ, on_ready, w);
}

static void on_timer(void *ctx);

static void run(struct web *w)
{
	w->has_closed = false;
	MHD_run(w->daemon);
	if (w->is_starved) {
		w->is_starved = false;
		LOG_WARN("HTTP: a connection could not be accepted; out of file descriptors or memory, trying again in 0.1 s");
		loop_watch(w->loop, w->epoll_fd, 0, NULL, NULL);
		loop_arm(w->loop, &w->pause, loop_now_ns(w->loop) + PAUSE_NS, look_again, w);
	}
	MHD_UNSIGNED_LONG_LONG ms;
	if (w->has_closed)
		loop_arm(w->loop, &w->timer, loop_now_ns(w->loop), on_timer, w);
	else if (MHD_get_timeout(w->daemon, &ms) == MHD_YES)
		loop_arm(w->loop, &w->timer, loop_now_ns(w->loop) + (int64_t)(ms > 60000 ? 60000 : ms) * 1000000, on_timer, w);
	else
		loop_disarm(w->loop, &w->timer);
}

static void on_ready(void *ctx, int fd, int events)
{
	(void)fd, (void)events;
	run(ctx);
}

static void on_timer(void *ctx)
{
	run(ctx);
}

static struct MHD_Daemon *start_daemon(struct web *w, int listen_fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_ERROR_LOG, 0, NULL, NULL, on_request, w,
				MHD_OPTION_EXTERNAL_LOGGER, on_message, w,
				MHD_OPTION_LISTEN_SOCKET, listen_fd,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
				MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_PER_IP,
				MHD_OPTION_CONNECTION_TIMEOUT, w->options.idle_seconds,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, w,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, w,
				MHD_OPTION_END);
}

struct web *web_start(struct loop *loop, const struct web_options *options, char err[256])
{
	int fd = web_listen(options->listen_address, err);
	if (fd < 0)
		return NULL;
	struct web *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	*w = (struct web){ .loop = loop, .options = *options, .port = web_bound_port(fd) };
	if (w->options.idle_seconds == 0)
		w->options.idle_seconds = IDLE_SECONDS;
	w->patience_ns = (options->patience_ms > 0 ? options->patience_ms : PATIENCE_MS) * 1000000;
	w->sweep_ns = w->patience_ns / 6;
	if (w->options.node_name.n == 0) {
		gethostname(w->host_name, sizeof w->host_name - 1);
		w->options.node_name = str_of(w->host_name);
	}
	snprintf(w->security, sizeof w->security,
		 "default-src 'none'; script-src %s; style-src %s; connect-src 'self'; img-src data:; base-uri 'none'; "
		 "form-action 'none'; frame-ancestors 'none'", page_script_hash, page_style_hash);
	w->daemon = start_daemon(w, fd);
	const union MHD_DaemonInfo *info = w->daemon ? MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	w->epoll_fd = info ? info->epoll_fd : -1;
	if (w->epoll_fd < 0 || loop_watch(loop, w->epoll_fd, LOOP_READ, on_ready, w) < 0) {
		snprintf(err, 256, "the HTTP server could not be started");
		if (w->daemon)
			MHD_stop_daemon(w->daemon);
		else
			close(fd);
		free(w);
		return NULL;
	}
	return w;
}

static void drain(struct web *w)
{
	for (int waited_ms = 0; w->requests && waited_ms < DRAIN_MS; waited_ms += 10) {
		struct pollfd wait = { .fd = w->epoll_fd, .events = POLLIN };
		poll(&wait, 1, 10);
		MHD_run(w->daemon);
	}
}

void web_stop(struct web *w)
{
	if (!w)
		return;
	loop_watch(w->loop, w->epoll_fd, 0, NULL, NULL);
	drain(w);
	MHD_stop_daemon(w->daemon);
	loop_disarm(w->loop, &w->timer);
	loop_disarm(w->loop, &w->sweep);
	loop_disarm(w->loop, &w->pause);
	free(w);
}

uint16_t web_port(const struct web *w)
{
	return w->port;
}
