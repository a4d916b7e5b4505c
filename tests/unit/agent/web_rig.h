/* For tests of the HTTP side: a real server on 127.0.0.1 whose loop runs in a thread of its own; the test is the client. */
#ifndef TESTS_UNIT_AGENT_WEB_RIG_H
#define TESTS_UNIT_AGENT_WEB_RIG_H

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/web/web.h"
#include "tests/unit/agent/fake_status.h"

struct web_rig {
	struct loop *loop;
	struct web *web;
	struct fake *fake;
	pthread_t thread; /* the loop's */
	int stop_fd;
};

static inline void web_rig_on_stop(void *ctx, int fd, int events)
{
	uint64_t value;
	(void)events;
	ck_assert_int_eq(read(fd, &value, 8), 8);
	loop_stop(ctx);
}

static inline void *web_rig_serve(void *loop)
{
	loop_run(loop);
	return NULL;
}

static inline void web_rig_status(void *ctx, struct status *out)
{
	*out = ((struct fake *)ctx)->status;
}

static inline void web_rig_resume(struct web_rig *r)
{
	ck_assert_int_eq(pthread_create(&r->thread, NULL, web_rig_serve, r->loop), 0);
}

/* The loop stands still: what belongs to its thread can be done. */
static inline void web_rig_pause(struct web_rig *r)
{
	ck_assert_int_eq(write(r->stop_fd, &(uint64_t){ 1 }, 8), 8);
	pthread_join(r->thread, NULL);
}

/* The loop and the status, for who needs them before the server starts. */
static inline void web_rig_init(struct web_rig *r)
{
	*r = (struct web_rig){ .loop = loop_new(), .fake = fake_new(), .stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	loop_watch(r->loop, r->stop_fd, LOOP_READ, web_rig_on_stop, r->loop);
}

/* Address, node name and status are given here. */
static inline void web_rig_start(struct web_rig *r, struct web_options options)
{
	char err[256] = "";
	options.listen_address = STR("127.0.0.1:0");
	options.node_name = STR("node-7");
	options.ctx = r->fake;
	options.status = web_rig_status;
	r->web = web_start(r->loop, &options, err);
	ck_assert_msg(r->web != NULL, "%s", err);
	web_rig_resume(r);
}

/* After web_rig_pause. A test that had to stop the server itself leaves NULL in its place. */
static inline void web_rig_fini(struct web_rig *r)
{
	if (r->web)
		web_stop(r->web);
	loop_free(r->loop);
	fake_free(r->fake);
	close(r->stop_fd);
}

/* Everything until the server closes, NUL-terminated; the status code, 0 without an answer, -1 when the socket's patience was
 * over before a byte came. Closes the socket. */
static inline int web_rig_hear(int fd, char *reply, size_t room, size_t *reply_bytes)
{
	ssize_t got = 0;
	size_t n = 0;
	while (n < room - 1 && (got = recv(fd, reply + n, room - 1 - n, 0)) > 0)
		n += (size_t)got;
	bool is_late = got < 0 && n == 0 && errno == EAGAIN;
	reply[n] = '\0';
	*reply_bytes = n;
	close(fd);
	if (is_late)
		return -1;
	return strncmp(reply, "HTTP/1.1 ", 9) == 0 ? (int)strtol(reply + 9, NULL, 10) : 0;
}

#endif
