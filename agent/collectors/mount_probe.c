/* The questions are a list under one lock. Helpers take the next one that waits; the asker sleeps until none is open or time is up.
 *
 *   idle ──ask──> waiting ──helper──> running ──statfs──> idle
 *                    │                   │
 *                 time up             time up: stays running, "stuck", until the kernel lets go
 *                    v
 *                   idle
 *
 * While questions wait and no helper comes back for a while, another helper is started: one dead mount must not use up the patience
 * that the others are due. Everything is freed by whoever leaves last. */
#include "agent/collectors/mount_probe.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "agent/os.h"
#include "parsers/bytes/map.h"

enum { HELPER_STACK_BYTES = 128 << 10, NEXT_HELPER_NS = 50 * 1000 * 1000 };

enum stage { IDLE, WAITING, RUNNING };
struct question {
	struct question *next; /* of those that wait */
	char *path;
	enum stage stage;
	bool is_seen;    /* asked in this round */
	bool is_stuck;   /* the asker has given it up */
	int error;
	struct statfs values;
};
struct mount_probe {
	pthread_mutex_t lock;
	pthread_cond_t work, answered;
	mount_probe_fn *fn;
	int64_t patience_ns;
	struct map by_path;
	struct question *first, **last; /* waiting */
	int64_t taken_ns;               /* when a helper last took one of them */
	size_t open;                    /* waiting or running, and not stuck */
	size_t helpers, stuck, idle;    /* threads alive; those of them that hang, and that have nothing to do */
	bool is_closed, is_abandoned;
};

static void question_free(struct question *q)
{
	free(q->path);
	free(q);
}

static void release(struct mount_probe *p)
{
	map_fini(&p->by_path);
	pthread_mutex_destroy(&p->lock);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->answered);
	free(p);
}

/* ---- a helper; the lock is held on entry ---- */

static struct question *take(struct mount_probe *p)
{
	struct question *q = p->first;
	p->first = q->next;
	if (!p->first)
		p->last = &p->first;
	q->next = NULL;
	q->stage = RUNNING;
	p->taken_ns = os_now_ns();
	return q;
}

/* true: it was the last one that somebody waits for. */
static bool finish(struct mount_probe *p, struct question *q, int error, const struct statfs *values)
{
	bool is_awaited = !q->is_stuck;
	q->stage = IDLE;
	q->error = error;
	q->values = *values;
	if (q->is_stuck)
		p->stuck--;
	else
		p->open--;
	q->is_stuck = false;
	if (p->is_closed)
		question_free(q);
	return is_awaited && p->open == 0;
}

static void *help(void *arg)
{
	struct mount_probe *p = arg;
	pthread_mutex_lock(&p->lock);
	while (!p->is_closed) {
		if (!p->first) {
			if (p->idle > 0) /* one is enough: what is left over after a bad time goes away */
				break;
			p->idle++;
			pthread_cond_wait(&p->work, &p->lock);
			p->idle--;
			continue;
		}
		struct question *q = take(p);
		struct statfs values = { 0 };
		pthread_mutex_unlock(&p->lock);
		int error = p->fn(q->path, &values) < 0 ? errno : 0;
		pthread_mutex_lock(&p->lock);
		if (!finish(p, q, error, &values))
			continue;
		pthread_mutex_unlock(&p->lock); /* so that who wakes up does not run into the lock */
		pthread_cond_signal(&p->answered);
		pthread_mutex_lock(&p->lock);
	}
	p->helpers--;
	bool is_last = p->is_abandoned && p->helpers == 0;
	pthread_cond_signal(&p->answered);
	pthread_mutex_unlock(&p->lock);
	if (is_last)
		release(p);
	return NULL;
}

static void start_helper(struct mount_probe *p)
{
	pthread_t thread;
	pthread_attr_t attr;
	sigset_t all, before;
	if (p->helpers == MOUNT_PROBE_HELPERS_MAX)
		return;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, HELPER_STACK_BYTES > PTHREAD_STACK_MIN ? HELPER_STACK_BYTES : (size_t)PTHREAD_STACK_MIN);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	p->helpers += pthread_create(&thread, &attr, help, p) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
}

/* ---- the asker ---- */

struct mount_probe *mount_probe_new(mount_probe_fn *fn, int64_t patience_ns)
{
	struct mount_probe *p = calloc(1, sizeof *p);
	pthread_condattr_t monotonic;
	if (!p)
		abort();
	p->fn = fn;
	p->patience_ns = patience_ns;
	p->last = &p->first;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->answered, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return p;
}

void mount_probe_free(struct mount_probe *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->is_closed = true;
	struct question *q;
	for (size_t i = 0; (q = map_next(&p->by_path, &i));)
		if (q->stage != RUNNING) /* the others belong to their helper now */
			question_free(q);
	pthread_cond_broadcast(&p->work);
	while (p->helpers > p->stuck)
		pthread_cond_wait(&p->answered, &p->lock);
	p->is_abandoned = true;
	bool is_last = p->helpers == 0;
	pthread_mutex_unlock(&p->lock);
	if (is_last)
		release(p);
}

static struct question *find(struct mount_probe *p, const char *path)
{
	struct question *q = map_get(&p->by_path, str_of(path));
	if (q)
		return q;
	q = calloc(1, sizeof *q);
	if (!q || !(q->path = strdup(path)))
		abort();
	map_put(&p->by_path, str_of(q->path), q);
	return q;
}

static void wait_for_answers(struct mount_probe *p, int64_t until_ns)
{
	p->taken_ns = os_now_ns();
	for (int64_t now_ns; p->open > 0 && (now_ns = os_now_ns()) < until_ns;) {
		if (p->helpers == p->stuck || (p->first && p->idle == 0 && now_ns - p->taken_ns >= NEXT_HELPER_NS)) {
			start_helper(p);
			p->taken_ns = now_ns;
		}
		int64_t next_ns = p->first && now_ns + NEXT_HELPER_NS / 4 < until_ns ? now_ns + NEXT_HELPER_NS / 4 : until_ns;
		struct timespec at = { .tv_sec = next_ns / 1000000000, .tv_nsec = next_ns % 1000000000 };
		pthread_cond_timedwait(&p->answered, &p->lock, &at);
	}
}

/* Time is up: who still waits was never asked, who runs is stuck. */
static void give_up(struct mount_probe *p, struct question *q)
{
	if (q->is_stuck || q->stage == IDLE)
		return;
	p->open--;
	q->is_stuck = q->stage == RUNNING;
	p->stuck += q->is_stuck;
	q->error = ETIMEDOUT;
}

/* Mounts that are gone: a list of paths only grows otherwise. */
static void forget_unseen(struct mount_probe *p)
{
	struct question *gone[64];
	size_t count = 0;
	struct question *q;
	for (size_t i = 0; (q = map_next(&p->by_path, &i));) {
		if (!q->is_seen && q->stage == IDLE && count < COUNT_OF(gone))
			gone[count++] = q;
		q->is_seen = false;
	}
	while (count) {
		map_remove(&p->by_path, str_of(gone[--count]->path));
		question_free(gone[count]);
	}
}

void mount_probe_ask(struct mount_probe *p, const char *const *paths, struct mount_answer *out, size_t count)
{
	int64_t until_ns = os_now_ns() + p->patience_ns;
	pthread_mutex_lock(&p->lock);
	for (size_t i = 0; i < count; i++) {
		struct question *q = find(p, paths[i]);
		q->is_seen = true;
		if (q->stage != IDLE)
			continue;
		q->stage = WAITING;
		*p->last = q;
		p->last = &q->next;
		p->open++;
	}
	pthread_mutex_unlock(&p->lock);
	pthread_cond_signal(&p->work);
	pthread_mutex_lock(&p->lock);
	wait_for_answers(p, until_ns);
	for (size_t i = 0; i < count; i++) {
		struct question *q = find(p, paths[i]);
		give_up(p, q);
		out[i] = (struct mount_answer){ q->stage != IDLE, q->error, q->values };
		if (q->stage == WAITING)
			q->stage = IDLE;
	}
	for (struct question *q = p->first, *next; q; q = next) {
		next = q->next;
		q->next = NULL;
	}
	p->first = NULL;
	p->last = &p->first;
	forget_unseen(p);
	pthread_mutex_unlock(&p->lock);
}
