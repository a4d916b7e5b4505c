/* One thread that runs rounds; the loop keeps the requests.
 *
 *   waiting (loop) ──> round (thread) ──> eventfd ──> everybody who asked for the same (loop)
 *
 * A request that runs out of time gets its answer from a timer while the thread may still be at it; the round's text is then for nobody.
 * The thread may hang for good in a read of a broken driver's file: it is left behind when the collection is freed, with all that it
 * uses, and cleans up after itself when the kernel lets go of it. */
#include "agent/collectors/collection.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/collectors/round.h"

enum { PAGE_MAX = 32 << 20, PATIENCE_MS = 1000 };

struct request {
	struct request *next;
	unsigned parts;
	bool is_openmetrics;
	struct str *names; /* one block: only, then except, then their bytes */
	size_t only_count, except_count;
	int64_t deadline_ns;
	collect_done *done;
	void *ctx;
	bool is_taken; /* the round that runs is for it */
	char error[256]; /* it has failed before it began */
};
struct runner { /* what the thread uses; the last of the two frees it */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int done_fd;
	bool has_job, is_finished, is_closing, is_over, is_abandoned; /* guarded by lock, like done_fd */
	struct round round;
	struct request *job; /* a copy for the thread */
	struct buf text;
};
struct collection {
	struct loop *loop;
	struct runner *runner;
	pthread_t thread;
	struct request *requests; /* in the order they came */
	struct loop_timer timer;
	bool is_busy, is_delivering;
};

/* ---- the thread ---- */

static void runner_free(struct runner *r)
{
	round_fini(&r->round);
	buf_fini(&r->text);
	free(r->job);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->changed);
	free(r);
}

static void run_job(struct runner *r)
{
	const struct request *job = r->job;
	const struct collect_request request = { .parts = job->parts, .is_openmetrics = job->is_openmetrics, .only = job->names,
		.except = job->names + job->only_count, .only_count = job->only_count, .except_count = job->except_count };
	buf_reset(&r->text);
	round_run(&r->round, &request, &r->text);
}

static void *work(void *arg)
{
	struct runner *r = arg;
	pthread_mutex_lock(&r->lock);
	while (!r->is_closing) {
		if (!r->has_job || r->is_finished) {
			pthread_cond_wait(&r->changed, &r->lock);
			continue;
		}
		pthread_mutex_unlock(&r->lock);
		run_job(r);
		pthread_mutex_lock(&r->lock);
		r->is_finished = true;
		if (!r->is_abandoned)
			eventfd_write(r->done_fd, 1);
	}
	r->is_over = true;
	bool is_mine = r->is_abandoned;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
	if (is_mine)
		runner_free(r);
	return NULL;
}

static int start_thread(struct collection *c, char err[256])
{
	/* The thread takes no signals: they belong to the loop's signalfd. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = c->runner->done_fd < 0 ? errno : pthread_create(&c->thread, NULL, work, c->runner);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		snprintf(err, 256, "cannot start the thread that collects metrics: %s", strerror(error));
	return error ? -1 : 0;
}

/* ---- requests ---- */

static struct request *request_new(const struct collect_request *from)
{
	size_t count = from->only_count + from->except_count, bytes = 0;
	for (size_t i = 0; i < count; i++)
		bytes += (i < from->only_count ? from->only[i] : from->except[i - from->only_count]).n;
	struct request *r = calloc(1, sizeof *r + count * sizeof *r->names + bytes);
	if (!r)
		abort();
	r->parts = from->parts;
	r->is_openmetrics = from->is_openmetrics;
	r->only_count = from->only_count;
	r->except_count = from->except_count;
	r->names = (struct str *)(r + 1);
	char *p = (char *)(r->names + count);
	for (size_t i = 0; i < count; i++) {
		struct str name = i < from->only_count ? from->only[i] : from->except[i - from->only_count];
		if (name.n)
			memcpy(p, name.p, name.n);
		r->names[i] = (struct str){ p, name.n };
		p += name.n;
	}
	return r;
}

static struct request *request_copy(const struct request *r)
{
	return request_new(&(struct collect_request){ .parts = r->parts, .is_openmetrics = r->is_openmetrics, .only = r->names,
		.except = r->names + r->only_count, .only_count = r->only_count, .except_count = r->except_count });
}

static bool is_same(const struct request *a, const struct request *b)
{
	if (a->parts != b->parts || a->is_openmetrics != b->is_openmetrics || a->only_count != b->only_count ||
		a->except_count != b->except_count)
		return false;
	for (size_t i = 0; i < a->only_count + a->except_count; i++)
		if (!str_eq(a->names[i], b->names[i]))
			return false;
	return true;
}

static void judge(const struct collection *c, struct request *r)
{
	const struct chosen *chosen = &c->runner->round.chosen; /* the names and switches never change */
	if (r->only_count && r->except_count)
		snprintf(r->error, sizeof r->error, "collect[] and exclude[] cannot be combined");
	for (size_t i = 0; i < r->only_count && !r->error[0]; i++) {
		const struct chosen_row *row = chosen_find(chosen, r->names[i]);
		if (!row)
			chosen_unknown(chosen, r->names[i], r->error);
		else if (!row->is_enabled)
			snprintf(r->error, sizeof r->error, "collector \"%.80s\" is disabled", row->collector->name);
	}
}

static void answer(struct collection *c, struct request **at, struct str text, const char *error)
{
	struct request *r = *at;
	*at = r->next;
	bool was_delivering = c->is_delivering;
	c->is_delivering = true; /* a callback may ask again: the text must stay as it is until all have it */
	r->done(r->ctx, text, error);
	c->is_delivering = was_delivering;
	free(r);
}

/* The first that matches, from the start each time: a callback may have changed the list. */
static struct request **find(struct collection *c, bool (*fn)(const struct request *r, int64_t now_ns), int64_t now_ns)
{
	for (struct request **at = &c->requests; *at; at = &(*at)->next)
		if (fn(*at, now_ns))
			return at;
	return NULL;
}

static bool has_failed(const struct request *r, int64_t now_ns)
{
	return r->error[0] != '\0' || r->deadline_ns <= now_ns;
}

static bool was_taken(const struct request *r, int64_t now_ns)
{
	(void)now_ns;
	return r->is_taken;
}

static void start_round(struct collection *c)
{
	if (c->is_busy || c->is_delivering)
		return;
	struct runner *r = c->runner;
	struct request *first = c->requests;
	while (first && first->error[0])
		first = first->next;
	if (!first)
		return;
	for (struct request *q = first; q; q = q->next)
		q->is_taken = !q->error[0] && is_same(first, q);
	c->is_busy = true;
	pthread_mutex_lock(&r->lock);
	free(r->job);
	r->job = request_copy(first);
	r->has_job = true;
	r->is_finished = false;
	pthread_cond_broadcast(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

static void on_time(void *ctx);

static void turn(struct collection *c)
{
	if (c->is_delivering)
		return;
	start_round(c);
	int64_t next_ns = INT64_MAX;
	for (const struct request *r = c->requests; r; r = r->next)
		next_ns = r->deadline_ns < next_ns ? r->deadline_ns : next_ns;
	if (next_ns == INT64_MAX)
		loop_disarm(c->loop, &c->timer);
	else
		loop_arm(c->loop, &c->timer, next_ns, on_time, c);
}

static void on_time(void *ctx)
{
	struct collection *c = ctx;
	int64_t now_ns = loop_now_ns(c->loop);
	for (struct request **at; (at = find(c, has_failed, now_ns));)
		answer(c, at, (struct str){ 0 }, (*at)->error[0] ? (*at)->error : "collecting the metrics takes longer than there is time for");
	turn(c);
}

static void on_done(void *ctx, int fd, int events)
{
	struct collection *c = ctx;
	struct runner *r = c->runner;
	eventfd_t value;
	(void)events;
	eventfd_read(fd, &value);
	pthread_mutex_lock(&r->lock);
	bool is_finished = r->has_job && r->is_finished;
	if (is_finished)
		r->has_job = r->is_finished = false;
	pthread_mutex_unlock(&r->lock);
	if (!is_finished)
		return;
	const char *error = r->text.is_full ? "the metrics do not fit into a page of 32 MiB" : NULL;
	for (struct request **at; (at = find(c, was_taken, 0));)
		answer(c, at, error ? (struct str){ 0 } : buf_view(&r->text), error);
	c->is_busy = false;
	turn(c);
}

/* ---- public ---- */

struct collection *collection_new(const struct collection_options *options, char err[256])
{
	struct collection *c = calloc(1, sizeof *c);
	struct runner *r = calloc(1, sizeof *r);
	if (!c || !r)
		abort();
	c->loop = options->loop;
	c->runner = r;
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	buf_init(&r->text, PAGE_MAX);
	r->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (round_init(&r->round, options, err) < 0 || start_thread(c, err) < 0) {
		if (r->done_fd >= 0)
			close(r->done_fd);
		runner_free(r);
		free(c);
		return NULL;
	}
	loop_watch(c->loop, r->done_fd, LOOP_READ, on_done, c);
	return c;
}

/* Whether the thread came to its end within the patience that we have. */
static bool wait_for_thread(struct runner *r)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += PATIENCE_MS / 1000;
	while (!r->is_over)
		if (pthread_cond_timedwait(&r->changed, &r->lock, &until) == ETIMEDOUT)
			break;
	return r->is_over;
}

void collection_free(struct collection *c)
{
	if (!c)
		return;
	struct runner *r = c->runner;
	loop_watch(c->loop, r->done_fd, 0, NULL, NULL);
	loop_disarm(c->loop, &c->timer);
	pthread_mutex_lock(&r->lock);
	r->is_closing = true;
	pthread_cond_broadcast(&r->changed);
	bool is_over = wait_for_thread(r);
	r->is_abandoned = !is_over;
	close(r->done_fd);
	pthread_mutex_unlock(&r->lock);
	if (is_over) {
		pthread_join(c->thread, NULL);
		runner_free(r);
	} else
		pthread_detach(c->thread);
	for (struct request *q = c->requests, *next; q; q = next) {
		next = q->next;
		free(q);
	}
	free(c);
}

void collection_run(struct collection *c, const struct collect_request *request, int64_t deadline_ns, collect_done *done, void *ctx)
{
	struct request *r = request_new(request), **last = &c->requests;
	r->deadline_ns = deadline_ns;
	r->done = done;
	r->ctx = ctx;
	judge(c, r);
	if (r->error[0])
		r->deadline_ns = 0; /* the timer brings it at once, but not from here */
	while (*last)
		last = &(*last)->next;
	*last = r;
	turn(c);
}

void collection_cancel(struct collection *c, void *ctx)
{
	for (struct request **at = &c->requests; *at;) {
		struct request *r = *at;
		if (r->ctx != ctx) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		free(r);
	}
}

bool collection_has(const struct collection *c, struct str collector)
{
	return chosen_find(&c->runner->round.chosen, collector) != NULL;
}
