/* For tests: a small real HTTP server on 127.0.0.1 that answers by script, and a poll() loop for struct http.
 * The server runs in a thread of its own, serves any number of connections and keeps them open unless told otherwise. */
#ifndef TESTS_SERVER_H
#define TESTS_SERVER_H

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "exporters/http.h"
#include "parsers/bytes/num.h"

enum { SERVER_CONNECTIONS = 32 };

enum answer_kind { ANSWER_SEND, ANSWER_SEND_AND_CLOSE, ANSWER_RESET, ANSWER_NEVER };
struct server_request {
	int number;        /* from 1 */
	int connection;    /* from 1, counts connections */
	struct str head;   /* request line and headers */
	struct str body;
};
struct server_answer {
	enum answer_kind kind;
	struct buf bytes;  /* the whole reply, head included */
	size_t repeat;     /* the last `repeat_bytes` bytes are sent again so often */
	size_t repeat_bytes;
};
typedef void server_script(void *ctx, const struct server_request *request, struct server_answer *out);

struct server {
	int listener, port, stop[2];
	pthread_t thread;
	pthread_mutex_t lock; /* held while the script runs; take it to look at what the script writes */
	server_script *script;
	void *ctx;
	size_t reset_after;   /* nonzero: a connection is reset when so many bytes of a request have come; once */
	int requests, connections;
	struct server_connection {
		int fd, id;
		struct buf in;
	} open[SERVER_CONNECTIONS];
};

static inline void server_reply(struct server_answer *out, int status, const char *headers, struct str body)
{
	buf_printf(&out->bytes, "HTTP/1.1 %d X\r\n%s", status, headers);
	if (status != 204)
		buf_printf(&out->bytes, "Content-Length: %zu\r\n", body.n);
	buf_append(&out->bytes, "\r\n", 2);
	if (status != 204)
		buf_str(&out->bytes, body);
}

/* A refusal and its sentence. */
static inline void server_refuse(struct server_answer *out, int status, const char *text)
{
	server_reply(out, status, "Content-Type: text/plain; charset=utf-8\r\n", str_of(text));
}

static inline bool contains(struct str s, const char *needle)
{
	return memmem(s.p, s.n, needle, strlen(needle)) != NULL;
}

static inline void connection_close(struct server_connection *c, bool reset)
{
	struct linger hard = { 1, 0 };
	if (reset)
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
	close(c->fd);
	c->fd = -1;
	buf_fini(&c->in);
}

static inline bool send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		p += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* The first complete request in the buffer: its head and body. */
static inline bool request_read(struct buf *in, struct str *head, struct str *body)
{
	char *end = in->n ? memmem(in->p, in->n, "\r\n\r\n", 4) : NULL;
	if (!end)
		return false;
	*head = (struct str){ in->p, (size_t)(end + 4 - in->p) };
	uint64_t n = 0;
	for (struct str rest = *head; rest.n;) {
		struct str line = str_cut(&rest, '\n');
		if (line.n > 16 && str_ieq(str_take(line, 16), STR("content-length: ")))
			num_u64(str_take(str_skip(line, 16), line.n - 17), &n);
	}
	*body = (struct str){ head->p + head->n, n };
	return in->n >= head->n + n;
}

static inline void serve_one(struct server *s, struct server_connection *c)
{
	struct server_request request = { .connection = c->id };
	while (c->fd >= 0 && request_read(&c->in, &request.head, &request.body)) {
		struct server_answer answer = { 0 };
		size_t used = request.head.n + request.body.n;
		buf_init(&answer.bytes, 1 << 24);
		pthread_mutex_lock(&s->lock);
		request.number = ++s->requests;
		s->script(s->ctx, &request, &answer);
		pthread_mutex_unlock(&s->lock);
		memmove(c->in.p, c->in.p + used, c->in.n - used);
		c->in.n -= used;
		bool is_sent = answer.kind == ANSWER_SEND || answer.kind == ANSWER_SEND_AND_CLOSE;
		bool is_alive = !is_sent || send_all(c->fd, answer.bytes.p, answer.bytes.n);
		for (size_t i = 0; is_sent && is_alive && i < answer.repeat; i++)
			is_alive = send_all(c->fd, answer.bytes.p + answer.bytes.n - answer.repeat_bytes, answer.repeat_bytes);
		if (!is_alive || answer.kind == ANSWER_SEND_AND_CLOSE || answer.kind == ANSWER_RESET)
			connection_close(c, answer.kind == ANSWER_RESET);
		buf_fini(&answer.bytes);
	}
}

static inline void serve_bytes(struct server *s, struct server_connection *c)
{
	char *at = buf_reserve(&c->in, 65536);
	ssize_t n = at ? recv(c->fd, at, 65536, 0) : 0;
	if (n <= 0) {
		connection_close(c, false);
		return;
	}
	buf_grow(&c->in, (size_t)n);
	if (s->reset_after && c->in.n >= s->reset_after) {
		s->reset_after = 0;
		connection_close(c, true);
		return;
	}
	serve_one(s, c);
}

static inline void serve_new(struct server *s)
{
	int fd = accept(s->listener, NULL, NULL);
	for (size_t i = 0; fd >= 0 && i < SERVER_CONNECTIONS; i++) {
		if (s->open[i].fd >= 0)
			continue;
		s->open[i].fd = fd;
		s->open[i].id = ++s->connections;
		buf_init(&s->open[i].in, 1 << 26);
		return;
	}
	if (fd >= 0)
		close(fd);
}

static inline void *server_main(void *arg)
{
	struct server *s = arg;
	for (;;) {
		struct pollfd fds[SERVER_CONNECTIONS + 2] = { { s->listener, POLLIN, 0 }, { s->stop[0], POLLIN, 0 } };
		for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
			fds[i + 2] = (struct pollfd){ s->open[i].fd, POLLIN, 0 };
		if (poll(fds, COUNT_OF(fds), -1) < 0)
			return NULL;
		if (fds[1].revents)
			return NULL;
		for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
			if (fds[i + 2].fd >= 0 && fds[i + 2].revents)
				serve_bytes(s, &s->open[i]);
		if (fds[0].revents)
			serve_new(s);
	}
}

static inline void server_start(struct server *s, server_script *script, void *ctx)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t n = sizeof addr;
	*s = (struct server){ .script = script, .ctx = ctx };
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
		s->open[i].fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_ge(s->listener, 0);
	ck_assert_int_eq(bind(s->listener, (struct sockaddr *)&addr, n), 0);
	ck_assert_int_eq(listen(s->listener, 16), 0);
	ck_assert_int_eq(getsockname(s->listener, (struct sockaddr *)&addr, &n), 0);
	s->port = ntohs(addr.sin_port);
	ck_assert_int_eq(pipe(s->stop), 0);
	ck_assert_int_eq(pthread_create(&s->thread, NULL, server_main, s), 0);
}

static inline void server_stop(struct server *s)
{
	ck_assert_int_eq(write(s->stop[1], "x", 1), 1);
	pthread_join(s->thread, NULL);
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
		if (s->open[i].fd >= 0)
			connection_close(&s->open[i], false);
	close(s->listener);
	close(s->stop[0]);
	close(s->stop[1]);
	pthread_mutex_destroy(&s->lock);
}

/* A port that nothing listens on. */
static inline int closed_port(void)
{
	struct server s;
	server_start(&s, NULL, NULL);
	int port = s.port;
	server_stop(&s);
	return port;
}

/* The loop. */
struct poll_host {
	struct http *http;
	struct pollfd fds[64];
	size_t count;
	int64_t due_ms; /* -1: no timer */
};

static inline int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static inline void host_watch(void *ctx, int fd, int events)
{
	struct poll_host *h = ctx;
	size_t i = 0;
	while (i < h->count && h->fds[i].fd != fd)
		i++;
	if (events == 0) {
		if (i < h->count)
			h->fds[i] = h->fds[--h->count];
		return;
	}
	ck_assert_uint_lt(i, COUNT_OF(h->fds));
	h->fds[i] = (struct pollfd){ fd, (short)((events & 1 ? POLLIN : 0) | (events & 2 ? POLLOUT : 0)), 0 };
	if (i == h->count)
		h->count++;
}

static inline void host_arm(void *ctx, long delay_ms)
{
	struct poll_host *h = ctx;
	h->due_ms = delay_ms < 0 ? -1 : now_ms() + delay_ms;
}

static inline void host_open(struct poll_host *h)
{
	*h = (struct poll_host){ .due_ms = -1 };
	h->http = http_new(&(struct http_host){ h, host_watch, host_arm });
	ck_assert_ptr_nonnull(h->http);
}

/* One poll and what follows from it; at most wait_ms. */
static inline void host_turn(struct poll_host *h, int wait_ms)
{
	int64_t until_timer = h->due_ms < 0 ? wait_ms : h->due_ms - now_ms();
	int wait = until_timer < 0 ? 0 : until_timer < wait_ms ? (int)until_timer : wait_ms;
	struct pollfd ready[64];
	size_t count = h->count;
	poll(h->fds, count, wait);
	memcpy(ready, h->fds, sizeof ready);
	for (size_t i = 0; i < count; i++) {
		int events = (ready[i].revents & POLLIN ? 1 : 0) | (ready[i].revents & POLLOUT ? 2 : 0) |
			     (ready[i].revents & (POLLERR | POLLHUP) ? 4 : 0);
		if (events)
			http_ready(h->http, ready[i].fd, events);
	}
	if (h->due_ms >= 0 && now_ms() >= h->due_ms) {
		h->due_ms = -1;
		http_timer(h->http);
	}
}

/* Until `wakes` is another number than now: an answer has come. */
static inline void host_wait(struct poll_host *h, const int *wakes)
{
	int before = *wakes;
	for (int64_t end = now_ms() + 10000; *wakes == before;) {
		ck_assert_msg(now_ms() < end, "no answer in 10 s");
		host_turn(h, 100);
	}
}

static inline void host_close(struct poll_host *h)
{
	http_free(h->http);
	ck_assert_uint_eq(h->count, 0);
}

#endif
