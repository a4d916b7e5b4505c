/* A mailbox of one, a condition to wake the thread, an eventfd to wake the loop. */
#include "agent/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct worker {
	struct loop *loop;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int done_fd;
	bool has_job, is_finished, is_closing; /* guarded by lock */
	void (*run)(void *ctx);
	void (*done)(void *ctx);
	void *ctx;
};

static void *work(void *arg)
{
	struct worker *w = arg;
	pthread_mutex_lock(&w->lock);
	while (!w->is_closing) {
		if (!w->has_job || w->is_finished) {
			pthread_cond_wait(&w->changed, &w->lock);
			continue;
		}
		pthread_mutex_unlock(&w->lock);
		w->run(w->ctx);
		pthread_mutex_lock(&w->lock);
		w->is_finished = true;
		pthread_cond_broadcast(&w->changed);
		eventfd_write(w->done_fd, 1);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void collect(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	bool is_finished = w->has_job && w->is_finished;
	if (is_finished)
		w->has_job = w->is_finished = false;
	pthread_mutex_unlock(&w->lock);
	if (is_finished)
		w->done(w->ctx);
}

static void on_done(void *ctx, int fd, int events)
{
	eventfd_t value;
	(void)events;
	eventfd_read(fd, &value);
	collect(ctx);
}

struct worker *worker_new(struct loop *loop)
{
	struct worker *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->loop = loop;
	w->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	/* The thread takes no signals: they belong to the loop's signalfd. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = w->done_fd < 0 ? 1 : pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error) {
		if (w->done_fd >= 0)
			close(w->done_fd);
		free(w);
		return NULL;
	}
	loop_watch(loop, w->done_fd, LOOP_READ, on_done, w);
	return w;
}

void worker_free(struct worker *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->is_closing = true;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	loop_watch(w->loop, w->done_fd, 0, NULL, NULL);
	close(w->done_fd);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

bool worker_run(struct worker *w, void (*run)(void *ctx), void (*done)(void *ctx), void *ctx)
{
	pthread_mutex_lock(&w->lock);
	bool is_free = !w->has_job;
	if (is_free) {
		w->run = run;
		w->done = done;
		w->ctx = ctx;
		w->has_job = true;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return is_free;
}

void worker_wait(struct worker *w)
{
	pthread_mutex_lock(&w->lock);
	while (w->has_job && !w->is_finished)
		pthread_cond_wait(&w->changed, &w->lock);
	pthread_mutex_unlock(&w->lock);
	collect(w);
}
