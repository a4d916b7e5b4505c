/* libmicrohttpd driven by our loop: its epoll descriptor is watched like any other, its timeout is one of our timers; it starts no
 * thread. This file holds the daemon, its limits and the writing of answers; what is answered is agent/web/web_routes.c.
 *
 * What the library does not do and this file adds:
 * - A client that sends or reads a byte now and then never runs into the idle timeout. Each connection has a place in a
 *   table with the time of its last finished request; when our patience is over it is shut down.
 * - When the process has no descriptor left, accept fails at once, again and again, with the connection still waiting:
 *   a busy loop. We look away for PAUSE_NS.
 * - When all places are taken it stops listening, and starts again only in the run after the one that closed a connection,
 *   for which nothing would wake us: such a run is followed by another.
 * - It takes certificates when it starts. When their files change (web_renew.c), a second daemon is started on the same socket, and the first one
 *   ends.
 *
 * A request that has to wait (for a bcrypt, for the collectors) is suspended: the library forgets its socket until it is resumed, which we
 * do at the deadline at the latest. So a client that goes away meanwhile is noticed when it is answered. */
#include "agent/web/web_inside.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/web/web_listen.h"

enum {
	CONNECTIONS_PER_IP = 32,
	IDLE_SECONDS = 10,
	PATIENCE_MS = 30000,
	CONFIG_AGE_MS = 1000,
	CONNECTION_BYTES = 32 * 1024,
	MAX_REQUEST_BODY = 8 * 1024,
	DRAIN_MS = 200,
};
static const int64_t PAUSE_NS = 100000000, BEAT_NS = 1000000000;

/* ---- waiting ---- */

static void on_timer(void *ctx);

static void resume(struct web_request *r)
{
	loop_disarm(r->loop, &r->deadline);
	r->cancel = NULL;
	if (!r->is_suspended)
		return;
	r->is_suspended = false;
	MHD_resume_connection(r->connection);
	loop_arm(r->loop, &r->web->timer, loop_now_ns(r->loop), on_timer, r->web);
}

static enum MHD_Result suspend(struct web_request *r)
{
	r->is_suspended = true;
	MHD_suspend_connection(r->connection);
	return MHD_YES;
}

static void on_deadline(void *ctx)
{
	struct web_request *r = ctx;
	if (r->cancel)
		r->cancel(r);
	web_plain(r, 503, STR("The answer was not ready in time.\n"));
	r->stage = WEB_ANSWERED;
	resume(r);
}

void web_wait(struct web_request *r, int64_t deadline_ns, void (*cancel)(struct web_request *r))
{
	int64_t latest_ns = loop_now_ns(r->loop) + r->web->patience_ns * 5 / 6; /* before the connection is cut for its age */
	r->stage = WEB_WAITING;
	r->cancel = cancel;
	loop_arm(r->loop, &r->deadline, deadline_ns < latest_ns ? deadline_ns : latest_ns, on_deadline, r);
}

void web_wake(struct web_request *r)
{
	r->stage = WEB_ANSWERED;
	resume(r);
}

static void on_judged(void *ctx, bool is_allowed)
{
	struct web_request *r = ctx;
	r->stage = is_allowed ? WEB_WELCOME : WEB_UNWELCOME;
	resume(r);
}

static void cancel_question(struct web_request *r)
{
	web_auth_cancel(r->web->auth, r);
}

/* Those that wait get their answer now: it will not come any more. */
static void wake_all(struct web *w)
{
	for (struct web_request *r = w->first; r; r = r->next) {
		r->is_ending = true;
		if (r->is_suspended && r->read)
			resume(r);
		else if (r->is_suspended)
			on_deadline(r);
	}
}

/* ---- answers in pieces ---- */

void web_more(struct web_request *r)
{
	if (r->read)
		resume(r);
}

static void on_beat(void *ctx)
{
	struct web_request *r = ctx;
	r->is_beat_due = true;
	resume(r);
}

/* The library forgets the socket of a suspended connection: with an empty line now and then we learn that the client has gone. */
ssize_t web_read(void *ctx, uint64_t position, char *to, size_t room)
{
	struct web_request *r = ctx;
	(void)position;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct place *place = info ? info->socket_context : NULL;
	ssize_t n = r->is_ending || room == 0 ? -1 : r->read(r, to, room);
	if (place)
		place->since_ns = loop_now_ns(r->loop); /* it may last; who does not read is cut off by the idle timeout */
	if (n == 0 && r->is_beat_due) {
		to[0] = '\n';
		n = 1;
	}
	r->is_beat_due = false;
	if (n == 0) {
		suspend(r);
		loop_arm(r->loop, &r->deadline, loop_now_ns(r->loop) + BEAT_NS, on_beat, r);
	}
	return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

/* ---- requests ---- */

static bool announces_too_much(const struct web_request *r)
{
	const char *length = MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, "Content-Length");
	return length && strtoull(length, NULL, 10) > MAX_REQUEST_BODY;
}

static struct web_request *request_new(struct web *w, struct MHD_Connection *connection, const char *method)
{
	struct web_request *r = calloc(1, sizeof *r);
	if (!r)
		abort();
	*r = (struct web_request){ .options = &w->options, .connection = connection, .method = str_of(method), .loop = w->loop, .web = w,
				   .next = w->first };
	buf_init(&r->body, WEB_ANSWER_MAX);
	w->first = r;
	return r;
}

static void request_free(struct web_request *r)
{
	struct web_request **at = &r->web->first;
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	loop_disarm(r->loop, &r->deadline);
	if (r->cancel)
		r->cancel(r);
	if (r->close)
		r->close(r);
	buf_fini(&r->body); /* what was made for nobody */
	free(r);
}

static void ask(struct web *w, struct web_request *r)
{
	static const enum web_stage stages[] = { [WEB_ALLOWED] = WEB_WELCOME, [WEB_DENIED] = WEB_UNWELCOME, [WEB_PENDING] = WEB_ASKING };
	r->stage = stages[web_auth_check(w->auth, w->config, web_header(r, "Authorization"), on_judged, r)];
	r->cancel = r->stage == WEB_ASKING ? cancel_question : NULL;
}

/* From the end of the request on: as far as it gets. */
static enum MHD_Result go_on(struct web *w, struct web_request *r)
{
	if (r->stage == WEB_ARRIVING)
		ask(w, r);
	if (r->stage == WEB_ASKING)
		return suspend(r);
	if (r->stage == WEB_UNWELCOME) {
		web_plain(r, 401, STR("Unauthorized\n"));
		r->is_challenge = true;
		return web_answer(r, w->config);
	}
	if (r->stage == WEB_WELCOME) {
		web_route(r);
		if (r->stage == WEB_WAITING)
			return suspend(r);
	}
	return web_answer(r, w->config);
}

/* Called when the head is there, for each piece of the body, at the end, and when a suspended one is resumed. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
				  const char *version, const char *piece, size_t *piece_bytes, void **state)
{
	struct web *w = cls;
	struct web_request *r = *state;
	(void)version, (void)piece;
	if (!r) {
		if (w->config && w->config->has_tls && !web_tls_is_welcome(w->config, connection))
			return MHD_NO;
		*state = r = request_new(w, connection, method);
		if (!announces_too_much(r))
			return MHD_YES;
		web_plain(r, 413, STR("Request body too large.\n"));
		return web_answer(r, w->config);
	}
	if (*piece_bytes) {
		r->body_bytes += *piece_bytes;
		*piece_bytes = 0;
		return r->body_bytes > MAX_REQUEST_BODY ? MHD_NO : MHD_YES; /* a chunked one that does not end is cut off */
	}
	r->path = str_of(url);
	return go_on(w, r);
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode how)
{
	struct web *w = cls;
	(void)how;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct place *place = info ? info->socket_context : NULL;
	if (place)
		place->since_ns = loop_now_ns(w->loop);
	if (*state)
		request_free(*state);
	*state = NULL;
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
	if (w->config && w->config->has_tls)
		web_tls_begin(w->config, connection);
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

static void run(struct web *w)
{
	web_renew(w);
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

/* ---- the daemon ---- */

/* It gets a socket of its own to listen on, so that another one can take over. */
static struct MHD_Daemon *start_daemon(struct web *w, const struct web_config *c)
{
	int fd = fcntl(w->listen_fd, F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	struct MHD_OptionItem tls[WEB_TLS_OPTIONS] = { { MHD_OPTION_END, 0, NULL } };
	unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME;
	if (c && c->has_tls) {
		flags |= MHD_USE_TLS;
		web_tls_options(c, w->priority, tls);
	}
	struct MHD_Daemon *daemon = MHD_start_daemon(flags, 0, NULL, NULL, on_request, w,
				MHD_OPTION_EXTERNAL_LOGGER, on_message, w,
				MHD_OPTION_LISTEN_SOCKET, fd,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
				MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)CONNECTIONS_PER_IP,
				MHD_OPTION_CONNECTION_TIMEOUT, w->options.idle_seconds,
				MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
				MHD_OPTION_NOTIFY_COMPLETED, on_completed, w,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, w,
				MHD_OPTION_ARRAY, tls,
				MHD_OPTION_END);
	if (!daemon)
		close(fd);
	return daemon;
}

static int epoll_of(struct MHD_Daemon *daemon)
{
	const union MHD_DaemonInfo *info = daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	return info ? info->epoll_fd : -1;
}

/* Answers what can be answered, then ends the daemon with its connections. */
static void stop_daemon(struct web *w, struct MHD_Daemon *daemon, int epoll_fd)
{
	int fd = MHD_quiesce_daemon(daemon);
	if (fd >= 0)
		close(fd);
	wake_all(w);
	for (int waited_ms = 0; w->first && waited_ms < DRAIN_MS; waited_ms += 10) {
		struct pollfd wait = { .fd = epoll_fd, .events = POLLIN };
		poll(&wait, 1, 10);
		MHD_run(daemon);
		wake_all(w);
	}
	MHD_stop_daemon(daemon);
}

bool web_take_over(struct web *w, struct web_config *c)
{
	const struct web_config none = { 0 };
	bool differs = web_tls_differs(w->config ? w->config : &none, c ? c : &none);
	struct MHD_Daemon *old = w->daemon, *daemon = differs ? start_daemon(w, c) : NULL;
	int old_fd = w->epoll_fd;
	if (!daemon)
		return !differs;
	loop_watch(w->loop, old_fd, 0, NULL, NULL);
	stop_daemon(w, old, old_fd);
	w->daemon = daemon;
	w->epoll_fd = epoll_of(daemon);
	return loop_watch(w->loop, w->epoll_fd, LOOP_READ, on_ready, w) >= 0;
}

static void release(struct web *w)
{
	web_auth_free(w->auth);
	web_config_free(w->config);
	free(w->config_file);
	if (w->listen_fd >= 0)
		close(w->listen_fd);
	loop_disarm(w->loop, &w->timer);
	loop_disarm(w->loop, &w->sweep);
	loop_disarm(w->loop, &w->pause);
	free(w);
}

struct web *web_start(struct loop *loop, const struct web_options *options, char err[256])
{
	int fd = web_listen(options->listen_address, err);
	if (fd < 0)
		return NULL;
	struct web *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	*w = (struct web){ .loop = loop, .options = *options, .port = web_bound_port(fd), .listen_fd = fd };
	if (w->options.idle_seconds == 0)
		w->options.idle_seconds = IDLE_SECONDS;
	w->patience_ns = (options->patience_ms > 0 ? options->patience_ms : PATIENCE_MS) * 1000000;
	w->sweep_ns = w->patience_ns / 6;
	w->config_age_ns = (options->web_config_age_ms > 0 ? options->web_config_age_ms : CONFIG_AGE_MS) * 1000000;
	w->config_file = options->web_config_file ? strdup(options->web_config_file) : NULL;
	if (options->web_config_file && !w->config_file)
		abort();
	if (w->options.node_name.n == 0) {
		gethostname(w->host_name, sizeof w->host_name - 1);
		w->options.node_name = str_of(w->host_name);
	}
	if (!web_load_config(w, err)) {
		release(w);
		return NULL;
	}
	w->auth = w->config ? web_auth_new(loop) : NULL;
	w->daemon = w->config && !w->auth ? NULL : start_daemon(w, w->config);
	w->epoll_fd = epoll_of(w->daemon);
	if (w->epoll_fd < 0 || loop_watch(loop, w->epoll_fd, LOOP_READ, on_ready, w) < 0) {
		snprintf(err, 256, w->config && w->config->has_tls ? "the HTTPS server could not be started: do certificate and key belong together?"
								   : "the HTTP server could not be started");
		if (w->daemon)
			MHD_stop_daemon(w->daemon);
		release(w);
		return NULL;
	}
	return w;
}

void web_stop(struct web *w)
{
	if (!w)
		return;
	loop_watch(w->loop, w->epoll_fd, 0, NULL, NULL);
	stop_daemon(w, w->daemon, w->epoll_fd);
	release(w);
}

uint16_t web_port(const struct web *w)
{
	return w->port;
}
