/* agent/loop.h with a clock that stands still until a test moves it: timers of hours pass in no time, and a seed replays the same
 * way on every machine. Descriptors are real. Included by the model, whose definitions the linker takes instead of agent/loop.c. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "agent/loop.h"
#include "tests/model/virtual_loop.h"

enum { WATCHES = 16, TIMERS = 16 };

struct loop {
	int64_t now_ns, wall_ns;
	struct {
		int fd;
		loop_fd_fn *fn;
		void *ctx;
	} watches[WATCHES];
	struct loop_timer *timers[TIMERS]; /* place - 1 is the index */
};

struct loop *loop_new(void)
{
	struct loop *l = calloc(1, sizeof *l);
	if (!l)
		abort();
	l->now_ns = 1000000000000;
	l->wall_ns = 1795000000000000000;
	for (int i = 0; i < WATCHES; i++)
		l->watches[i].fd = -1;
	return l;
}

void loop_free(struct loop *l)
{
	free(l);
}

int loop_watch(struct loop *l, int fd, int events, loop_fd_fn *fn, void *ctx)
{
	for (int i = 0; i < WATCHES; i++)
		if (l->watches[i].fd == fd)
			l->watches[i].fd = -1;
	for (int i = 0; i < WATCHES && events; i++)
		if (l->watches[i].fd < 0) {
			l->watches[i].fd = fd;
			l->watches[i].fn = fn;
			l->watches[i].ctx = ctx;
			return 0;
		}
	return events ? -ENOSPC : 0;
}

void loop_disarm(struct loop *l, struct loop_timer *t)
{
	if (t->place)
		l->timers[t->place - 1] = NULL;
	t->place = 0;
}

void loop_arm(struct loop *l, struct loop_timer *t, int64_t at_ns, loop_fn *fn, void *ctx)
{
	loop_disarm(l, t);
	for (uint32_t i = 0; i < TIMERS; i++)
		if (!l->timers[i]) {
			*t = (struct loop_timer){ at_ns, fn, ctx, i + 1 };
			l->timers[i] = t;
			return;
		}
	abort();
}

int64_t loop_now_ns(const struct loop *l)
{
	return l->now_ns;
}

int64_t loop_wall_ns(const struct loop *l)
{
	return l->wall_ns;
}

void loop_again(struct loop *l)
{
	(void)l;
}

void virtual_loop_pass(struct loop *l, int64_t ns)
{
	l->now_ns += ns;
	l->wall_ns += ns;
}

void virtual_loop_turn(struct loop *l)
{
	int64_t now = l->now_ns;
	for (int i = 0; i < TIMERS; i++) {
		struct loop_timer *t = l->timers[i];
		if (!t || t->at_ns > now)
			continue;
		loop_disarm(l, t);
		t->fn(t->ctx);
	}
	for (int i = 0; i < WATCHES; i++) {
		struct pollfd p = { .fd = l->watches[i].fd, .events = POLLIN };
		if (p.fd >= 0 && poll(&p, 1, 0) > 0)
			l->watches[i].fn(l->watches[i].ctx, p.fd, LOOP_READ);
	}
}
