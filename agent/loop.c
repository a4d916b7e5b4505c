/* epoll for descriptors, a binary heap for timers, one hook before sleeping.
 *
 * A turn: sleep, read the clocks once, run timers that are due, hand out ready descriptors, call the hook. Each part is bounded: a
 * timer that is armed for the past from inside a turn waits for the next one, and at most EVENTS_PER_TURN descriptors are
 * served before the hook comes round.
 *
 * Signals are left out on purpose: a signalfd is a descriptor like any other. The sleep is rounded up to whole
 * milliseconds, because rounding down turns the last fraction before each deadline into a spin.
 * A callback may stop, replace or close any descriptor, also one that is ready in the same turn: each watch carries a
 * generation, and an event of an older generation is thrown away. */
#include "agent/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/os.h"

enum { EVENTS_PER_TURN = 64, FIRST_ROOM = 64 };

struct watch {
	loop_fd_fn *fn;
	void *ctx;
	int events; /* 0: not watched */
	uint32_t generation;
};

struct loop {
	int epoll_fd;
	struct watch *watches; /* by descriptor */
	size_t watch_room;
	struct loop_timer **heap; /* earliest first */
	uint32_t heap_count, heap_room;
	loop_fn *before_sleep;
	void *before_sleep_ctx;
	int64_t now_ns, wall_ns;
	bool is_again, is_stopping, is_in_turn;
};

static void read_clocks(struct loop *l)
{
	l->now_ns = os_now_ns();
	l->wall_ns = os_wall_ns();
}

/* Small memory refused ends the process (decision 0004). */
static void *grown(void *p, size_t count, size_t size)
{
	p = reallocarray(p, count, size);
	if (!p)
		abort();
	return p;
}

static void place(struct loop *l, uint32_t i, struct loop_timer *t)
{
	l->heap[i] = t;
	t->place = i + 1;
}

static void sift_up(struct loop *l, uint32_t i, struct loop_timer *t)
{
	while (i > 0 && l->heap[(i - 1) / 2]->at_ns > t->at_ns) {
		place(l, i, l->heap[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
	place(l, i, t);
}

static void sift_down(struct loop *l, uint32_t i, struct loop_timer *t)
{
	for (uint32_t child; (child = 2 * i + 1) < l->heap_count; i = child) {
		if (child + 1 < l->heap_count && l->heap[child + 1]->at_ns < l->heap[child]->at_ns)
			child++;
		if (l->heap[child]->at_ns >= t->at_ns)
			break;
		place(l, i, l->heap[child]);
	}
	place(l, i, t);
}

static void remove_at(struct loop *l, uint32_t i)
{
	l->heap[i]->place = 0;
	struct loop_timer *last = l->heap[--l->heap_count];
	if (i == l->heap_count)
		return;
	if (i > 0 && l->heap[(i - 1) / 2]->at_ns > last->at_ns)
		sift_up(l, i, last);
	else
		sift_down(l, i, last);
}

static void run_timers(struct loop *l)
{
	while (l->heap_count > 0 && l->heap[0]->at_ns <= l->now_ns && !l->is_stopping) {
		struct loop_timer *t = l->heap[0];
		remove_at(l, 0);
		t->fn(t->ctx); /* may arm it again, or free it */
	}
}

static uint32_t to_epoll(int events)
{
	return (events & LOOP_READ ? EPOLLIN | EPOLLRDHUP : 0) | (events & LOOP_WRITE ? EPOLLOUT : 0);
}

/* An error is also handed out as what the owner waits for: the read or write that follows brings the errno. */
static int from_epoll(uint32_t got, int watched)
{
	int events = (got & (EPOLLIN | EPOLLRDHUP | EPOLLPRI) ? LOOP_READ : 0) | (got & EPOLLOUT ? LOOP_WRITE : 0);
	if (got & (EPOLLERR | EPOLLHUP))
		return watched | LOOP_ERROR;
	return events & watched;
}

static void dispatch(struct loop *l, const struct epoll_event *got, int count)
{
	for (int i = 0; i < count && !l->is_stopping; i++) {
		size_t fd = (uint32_t)got[i].data.u64;
		const struct watch *w = &l->watches[fd];
		if (!w->events || w->generation != (uint32_t)(got[i].data.u64 >> 32))
			continue;
		int events = from_epoll(got[i].events, w->events);
		if (events)
			w->fn(w->ctx, (int)fd, events); /* w may move meanwhile */
	}
}

/* From a fresh reading of the clock: callbacks may have taken long, and timers must not be late by that much again. */
static int sleep_ms(const struct loop *l)
{
	if (l->is_again || l->is_stopping)
		return 0;
	if (l->heap_count == 0)
		return -1;
	int64_t at_ns = l->heap[0]->at_ns, now_ns = os_now_ns();
	if (at_ns <= now_ns)
		return 0;
	int64_t ms = (at_ns - now_ns - 1) / 1000000 + 1;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void turn(struct loop *l)
{
	struct epoll_event got[EVENTS_PER_TURN];
	int timeout = sleep_ms(l);
	l->is_again = false;
	int count = epoll_wait(l->epoll_fd, got, EVENTS_PER_TURN, timeout);
	if (count < 0 && errno != EINTR)
		abort(); /* our own descriptor is gone: somebody closed what is not theirs */
	read_clocks(l);
	l->is_in_turn = true;
	run_timers(l);
	dispatch(l, got, count);
	if (l->before_sleep && !l->is_stopping)
		l->before_sleep(l->before_sleep_ctx);
	l->is_in_turn = false;
}

struct loop *loop_new(void)
{
	struct loop *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0) {
		int saved = errno;
		free(l);
		errno = saved;
		return NULL;
	}
	read_clocks(l);
	return l;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	for (uint32_t i = 0; i < l->heap_count; i++)
		l->heap[i]->place = 0;
	close(l->epoll_fd);
	free(l->heap);
	free(l->watches);
	free(l);
}

static int unwatch(struct loop *l, int fd)
{
	if ((size_t)fd >= l->watch_room || !l->watches[fd].events)
		return 0;
	l->watches[fd].events = 0;
	l->watches[fd].generation++;
	/* Closing a descriptor has taken it out of epoll already: not an error. */
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, fd, NULL) < 0 && errno != EBADF && errno != ENOENT)
		return -errno;
	return 0;
}

int loop_watch(struct loop *l, int fd, int events, loop_fd_fn *fn, void *ctx)
{
	if (fd < 0)
		return -EBADF;
	if (!events)
		return unwatch(l, fd);
	if ((size_t)fd >= l->watch_room) {
		size_t room = l->watch_room ? l->watch_room : FIRST_ROOM;
		while (room <= (size_t)fd)
			room *= 2;
		l->watches = grown(l->watches, room, sizeof *l->watches);
		memset(l->watches + l->watch_room, 0, (room - l->watch_room) * sizeof *l->watches);
		l->watch_room = room;
	}
	struct watch *w = &l->watches[fd];
	struct epoll_event want = { .events = to_epoll(events) };
	want.data.u64 = (uint64_t)w->generation << 32 | (uint32_t)fd;
	/* The kernel knows better than we do whether fd is in the set: it may have been closed and its number used again. */
	int result = epoll_ctl(l->epoll_fd, w->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &want);
	if (result < 0 && (errno == ENOENT || errno == EEXIST))
		result = epoll_ctl(l->epoll_fd, errno == ENOENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &want);
	if (result < 0) {
		w->events = 0;
		w->generation++;
		return -errno;
	}
	*w = (struct watch){ .fn = fn, .ctx = ctx, .events = events, .generation = w->generation };
	return 0;
}

void loop_arm(struct loop *l, struct loop_timer *t, int64_t at_ns, loop_fn *fn, void *ctx)
{
	loop_disarm(l, t);
	if (l->is_in_turn && at_ns <= l->now_ns)
		at_ns = l->now_ns + 1; /* next turn: the others come first */
	*t = (struct loop_timer){ .at_ns = at_ns, .fn = fn, .ctx = ctx };
	if (l->heap_count == l->heap_room) {
		l->heap_room = l->heap_room ? l->heap_room * 2 : FIRST_ROOM;
		l->heap = grown(l->heap, l->heap_room, sizeof(struct loop_timer *));
	}
	sift_up(l, l->heap_count++, t);
}

void loop_disarm(struct loop *l, struct loop_timer *t)
{
	if (t->place)
		remove_at(l, t->place - 1);
}

void loop_before_sleep(struct loop *l, loop_fn *fn, void *ctx)
{
	l->before_sleep = fn;
	l->before_sleep_ctx = ctx;
}

void loop_again(struct loop *l)
{
	l->is_again = true;
}

int64_t loop_now_ns(const struct loop *l)
{
	return l->now_ns;
}

int64_t loop_wall_ns(const struct loop *l)
{
	return l->wall_ns;
}

void loop_run(struct loop *l)
{
	read_clocks(l);
	if (l->before_sleep && !l->is_stopping)
		l->before_sleep(l->before_sleep_ctx);
	while (!l->is_stopping)
		turn(l);
	l->is_stopping = false;
}

void loop_stop(struct loop *l)
{
	l->is_stopping = true;
}
