/* An HTTP receiver that is never the slow side: what an agent costs is measured against it.
 *
 *   sink --port P [--mode null|verify]
 *
 * POST /loki/api/v1/push is answered 204; `verify` decodes and judges each body (verify.h), `null` throws it away.
 * GET /stats answers with one JSON object. One thread, epoll, 127.0.0.1 only, ends on SIGTERM. Bodies need a Content-Length:
 * both the floor and the agent send one. */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/verify.h"

enum { EVENTS = 64, HEAD_CAP = 65536, GROW = 1 << 20 };

struct connection {
	int fd;
	char *held;
	size_t n, room;
	bool is_continued; /* "Expect: 100-continue" of the request at hand is answered */
};

struct sink {
	struct verify *verify; /* NULL: null mode */
	uint64_t requests, wire_bytes;
	double first_s, last_new_s;
};

static volatile sig_atomic_t is_stopped;

static double monotonic_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int64_t wall_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void send_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		const ssize_t k = send(fd, bytes, n, MSG_NOSIGNAL);
		if (k < 0 && errno == EAGAIN) {
			nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
			continue;
		}
		if (k <= 0)
			return;
		bytes += k;
		n -= (size_t)k;
	}
}

static void answer_stats(const struct sink *s, int fd)
{
	static const struct verify none;
	const struct verify *v = s->verify ? s->verify : &none;
	char body[2048], head[160];
	const int n = snprintf(body, sizeof(body),
		"{\"requests\":%" PRIu64 ",\"wire_bytes\":%" PRIu64 ",\"raw_bytes\":%" PRIu64 ",\"entries\":%" PRIu64 ",\"unique\":%" PRIu64
		",\"duplicated\":%" PRIu64 ",\"reordered\":%" PRIu64 ",\"fragments\":%" PRIu64 ",\"bad_bodies\":%" PRIu64 ",\"traced\":%" PRIu64
		",\"streams\":%" PRIu64 ",\"first_s\":%.4f,\"last_new_s\":%.4f,\"now_s\":%.4f,\"p50_ms\":%.1f,\"p90_ms\":%.1f,\"p99_ms\":%.1f,\"max_ms\":%.1f}\n",
		s->requests, s->wire_bytes, v->raw_bytes, v->entries, v->unique, v->duplicated, v->reordered, v->fragments, v->bad_bodies, v->traced,
		v->streams, s->first_s, s->last_new_s, monotonic_s(), verify_latency_ms(v, 0.5), verify_latency_ms(v, 0.9), verify_latency_ms(v, 0.99),
		(double)v->latency_max_us / 1000.0);

	send_all(fd, head, (size_t)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", n));
	send_all(fd, body, (size_t)n);
}

static void take_push(struct sink *s, int fd, const char *body, size_t n)
{
	static const char answer[] = "HTTP/1.1 204 No Content\r\n\r\n";

	s->requests++;
	s->wire_bytes += n;
	if (s->requests == 1)
		s->first_s = monotonic_s();
	if (s->verify && verify_push(s->verify, body, n, wall_ns()))
		s->last_new_s = monotonic_s();
	send_all(fd, answer, sizeof(answer) - 1);
}

static const char *header(const char *head, const char *end, const char *name)
{
	const size_t n = strlen(name);

	for (const char *p = head; (p = memchr(p, '\n', (size_t)(end - p)));) {
		p++;
		if ((size_t)(end - p) > n && strncasecmp(p, name, n) == 0 && p[n] == ':')
			return p + n + 1;
	}
	return NULL;
}

/* Handles every whole request that is held; false: the connection is to be closed. */
static bool handle(struct sink *s, struct connection *c)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	size_t from = 0;

	for (;;) {
		char *head = c->held + from, *end = memmem(head, c->n - from, "\r\n\r\n", 4);
		if (!end) {
			if (c->n - from > HEAD_CAP)
				return false;
			break;
		}
		const char *length = header(head, end + 2, "content-length");
		const size_t body_bytes = length ? strtoull(length, NULL, 10) : 0;
		const size_t whole = (size_t)(end + 4 - head) + body_bytes;
		if (c->n - from < whole) {
			if (!c->is_continued && header(head, end + 2, "expect"))
				send_all(c->fd, go_on, sizeof(go_on) - 1);
			c->is_continued = true;
			break;
		}
		c->is_continued = false;
		if (strncmp(head, "POST ", 5) == 0)
			take_push(s, c->fd, end + 4, body_bytes);
		else
			answer_stats(s, c->fd);
		from += whole;
	}
	memmove(c->held, c->held + from, c->n - from);
	c->n -= from;
	return true;
}

static bool receive(struct sink *s, struct connection *c)
{
	for (;;) {
		if (c->room - c->n < GROW / 4) {
			char *more = realloc(c->held, c->room + GROW);
			if (!more)
				return false;
			c->held = more;
			c->room += GROW;
		}
		const ssize_t k = recv(c->fd, c->held + c->n, c->room - c->n, 0);
		if (k < 0)
			return errno == EAGAIN || errno == EINTR;
		if (k == 0)
			return false;
		c->n += (size_t)k;
		if (!handle(s, c))
			return false;
	}
}

static void accept_one(int listener, int poll)
{
	const int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct connection *c = fd < 0 ? NULL : calloc(1, sizeof(*c));

	if (!c)
		return;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	c->fd = fd;
	epoll_ctl(poll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ .events = EPOLLIN, .data.ptr = c });
}

static int listen_on(int port)
{
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
	const struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) || listen(fd, 128)) {
		perror("sink: listen");
		exit(1);
	}
	return fd;
}

static void on_signal(int signal)
{
	(void)signal;
	is_stopped = 1;
}

static void serve(struct sink *s, int listener)
{
	const int poll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event events[EVENTS];

	epoll_ctl(poll, EPOLL_CTL_ADD, listener, &(struct epoll_event){ .events = EPOLLIN });
	while (!is_stopped) {
		const int n = epoll_wait(poll, events, EVENTS, -1);
		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;
			if (!c) {
				accept_one(listener, poll);
			} else if (!receive(s, c)) {
				close(c->fd);
				free(c->held);
				free(c);
			}
		}
	}
}

int main(int argc, char **argv)
{
	struct sink s = { 0 };
	int port = 0;
	bool is_verify = true;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--port") == 0)
			port = (int)strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--mode") == 0)
			is_verify = strcmp(argv[i + 1], "null") != 0;
	}
	if (!port) {
		fprintf(stderr, "sink: --port is needed\n");
		return 2;
	}
	sigaction(SIGTERM, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	sigaction(SIGINT, &(struct sigaction){ .sa_handler = on_signal }, NULL);
	if (is_verify)
		s.verify = verify_new();
	serve(&s, listen_on(port));
	return 0;
}
