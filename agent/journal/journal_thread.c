/* A turn of the thread: fill what may be filled, then sleep until the kernel tells of a change of a journal, the loop gives a block back,
 * or a reader's time has come. The lock guards who has which block, and nothing else: it is never held over a call that may wait. */
#include "agent/journal/journal_thread.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/os.h"

enum { PATIENCE_MS = 1000, SLEEP_MS_MAX = 60000 };

struct slot {
	struct follow *follow;
	struct journal_block block;
	bool is_full;           /* the loop's; guarded by lock */
};
struct shared { /* what the thread uses; the last of the two frees it */
	pthread_mutex_t lock;
	pthread_cond_t over;
	int filled_fd, wake_fd; /* to the loop, to the thread */
	bool is_closing, is_over, is_abandoned; /* guarded by lock */
	size_t count;
	struct pollfd *polls;
	struct slot *slots;
};
struct journal_thread {
	struct loop *loop;
	struct shared *s;
	pthread_t thread;
	loop_fn *filled;
	void *ctx;
};

static void shared_free(struct shared *s)
{
	for (size_t i = 0; i < s->count; i++) {
		follow_free(s->slots[i].follow);
		journal_block_fini(&s->slots[i].block);
	}
	if (s->filled_fd >= 0)
		close(s->filled_fd);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->over);
	free(s->polls);
	free(s->slots);
	free(s);
}

/* ---- the thread ---- */

static bool is_closing(struct shared *s)
{
	pthread_mutex_lock(&s->lock);
	bool is = s->is_closing;
	pthread_mutex_unlock(&s->lock);
	return is;
}

static bool has_block(struct shared *s, const struct slot *slot)
{
	pthread_mutex_lock(&s->lock);
	bool has = !slot->is_full;
	pthread_mutex_unlock(&s->lock);
	return has;
}

/* Something that the loop does not know yet? */
static bool is_news(const struct journal_block *b, const char *problem)
{
	return journal_block_entries(b) || b->damaged_entries || b->note[0] || strcmp(b->problem, problem) != 0 || b->gaps[JOURNAL_GAP_DAMAGED];
}

static void fill(struct shared *s, struct slot *slot)
{
	char problem[JOURNAL_NOTE_ROOM];
	memcpy(problem, slot->block.problem, sizeof problem);
	journal_block_reset(&slot->block);
	follow_fill(slot->follow, &slot->block, os_now_ns());
	if (!is_news(&slot->block, problem))
		return;
	pthread_mutex_lock(&s->lock);
	slot->is_full = true;
	pthread_mutex_unlock(&s->lock);
	eventfd_write(s->filled_fd, 1);
}

/* Milliseconds until a reader with a block has something to do. */
static int time_to_sleep(struct shared *s)
{
	int64_t now = os_now_ns(), least_ms = SLEEP_MS_MAX;
	for (size_t i = 0; i < s->count; i++) {
		if (!s->slots[i].follow || !has_block(s, &s->slots[i]))
			continue;
		int64_t due_ns = follow_is_due(s->slots[i].follow, now) ? now : follow_due_ns(s->slots[i].follow);
		int64_t ms = due_ns <= now ? 0 : (due_ns - now + 999999) / 1000000;
		least_ms = ms < least_ms ? ms : least_ms;
	}
	return (int)least_ms;
}

static void sleep_on(struct shared *s)
{
	eventfd_t value;
	s->polls[0] = (struct pollfd){ .fd = s->wake_fd, .events = POLLIN };
	for (size_t i = 0; i < s->count; i++) /* a negative descriptor is passed over */
		s->polls[i + 1] = (struct pollfd){ .fd = s->slots[i].follow ? follow_fd(s->slots[i].follow) : -1, .events = POLLIN };
	if (poll(s->polls, s->count + 1, time_to_sleep(s)) <= 0)
		return;
	if (s->polls[0].revents)
		eventfd_read(s->wake_fd, &value);
	for (size_t i = 0; i < s->count; i++)
		if (s->polls[i + 1].revents)
			follow_woken(s->slots[i].follow);
}

static void *work(void *arg)
{
	struct shared *s = arg;
	while (!is_closing(s)) {
		for (size_t i = 0; i < s->count && !is_closing(s); i++)
			if (s->slots[i].follow && has_block(s, &s->slots[i]) && follow_is_due(s->slots[i].follow, os_now_ns()))
				fill(s, &s->slots[i]);
		sleep_on(s);
	}
	pthread_mutex_lock(&s->lock);
	s->is_over = true;
	bool is_mine = s->is_abandoned;
	pthread_cond_broadcast(&s->over);
	pthread_mutex_unlock(&s->lock);
	if (is_mine)
		shared_free(s);
	return NULL;
}

/* ---- the loop's side ---- */

static void on_filled(void *ctx, int fd, int events)
{
	struct journal_thread *t = ctx;
	eventfd_t value;
	(void)events;
	eventfd_read(fd, &value);
	t->filled(t->ctx);
}

static struct shared *shared_new(struct follow **follows, size_t count, size_t line_max)
{
	struct shared *s = calloc(1, sizeof *s);
	if (!s || !(s->polls = calloc(count + 1, sizeof *s->polls)) || !(s->slots = calloc(count + 1, sizeof *s->slots)))
		abort();
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->over, &monotonic);
	pthread_condattr_destroy(&monotonic);
	s->filled_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	s->count = count;
	for (size_t i = 0; i < count; i++) {
		s->slots[i].follow = follows[i];
		journal_block_init(&s->slots[i].block, line_max);
	}
	return s;
}

struct journal_thread *journal_thread_start(struct loop *loop, struct follow **follows, size_t count, size_t line_max, loop_fn *filled, void *ctx,
	char err[256])
{
	struct journal_thread *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	*t = (struct journal_thread){ .loop = loop, .s = shared_new(follows, count, line_max), .filled = filled, .ctx = ctx };
	/* The thread takes no signals: they belong to the loop's signalfd. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = t->s->filled_fd < 0 || t->s->wake_fd < 0 ? EMFILE : pthread_create(&t->thread, NULL, work, t->s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		snprintf(err, 256, "cannot start the thread that reads the journal: %s", strerror(error));
		shared_free(t->s);
		free(t);
		return NULL;
	}
	loop_watch(loop, t->s->filled_fd, LOOP_READ, on_filled, t);
	return t;
}

/* Whether the thread came to its end within the patience that we have. */
static bool wait_for_end(struct shared *s)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PATIENCE_MS / 1000;
	while (!s->is_over)
		if (pthread_cond_timedwait(&s->over, &s->lock, &until) == ETIMEDOUT)
			break;
	return s->is_over;
}

void journal_thread_stop(struct journal_thread *t)
{
	if (!t)
		return;
	struct shared *s = t->s;
	loop_watch(t->loop, s->filled_fd, 0, NULL, NULL);
	pthread_mutex_lock(&s->lock);
	s->is_closing = true;
	eventfd_write(s->wake_fd, 1);
	bool is_over = wait_for_end(s);
	s->is_abandoned = !is_over;
	pthread_mutex_unlock(&s->lock);
	if (is_over) {
		pthread_join(t->thread, NULL);
		shared_free(s);
	} else {
		pthread_detach(t->thread);
	}
	free(t);
}

struct journal_block *journal_thread_block(struct journal_thread *t, size_t i)
{
	pthread_mutex_lock(&t->s->lock);
	bool is_ours = t->s->slots[i].is_full;
	pthread_mutex_unlock(&t->s->lock);
	return is_ours ? &t->s->slots[i].block : NULL;
}

void journal_thread_give_back(struct journal_thread *t, size_t i)
{
	pthread_mutex_lock(&t->s->lock);
	t->s->slots[i].is_full = false;
	pthread_mutex_unlock(&t->s->lock);
	eventfd_write(t->s->wake_fd, 1);
}
