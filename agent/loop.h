/* The event loop: descriptors, timers, signals, and one hook before each sleep. Single-threaded; callbacks return quickly. */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_ERROR = 4 };
typedef void loop_fd_fn(void *ctx, int fd, int events);
typedef void loop_fn(void *ctx);

struct loop *loop_new(void); /* NULL with errno */
void loop_free(struct loop *l);
/* Watches fd for events (LOOP_READ|LOOP_WRITE); replaces what was there; 0 stops. 0 or -errno. */
int loop_watch(struct loop *l, int fd, int events, loop_fd_fn *fn, void *ctx);

/* A timer belongs to its owner; it must stay where it is while armed. {0} is an unarmed timer. */
struct loop_timer {
	int64_t at_ns; /* monotonic */
	loop_fn *fn;
	void *ctx;
	uint32_t place; /* in the heap, plus one; 0: not armed */
};
void loop_arm(struct loop *l, struct loop_timer *t, int64_t at_ns, loop_fn *fn, void *ctx); /* re-arms an armed one */
void loop_disarm(struct loop *l, struct loop_timer *t);

void loop_before_sleep(struct loop *l, loop_fn *fn, void *ctx); /* one hook: batched work, once per turn */
/* Ask for another turn at once instead of sleeping: for work that is left over. */
void loop_again(struct loop *l);
/* Time of this turn. */
int64_t loop_now_ns(const struct loop *l);  /* monotonic */
int64_t loop_wall_ns(const struct loop *l); /* since 1970 */

void loop_run(struct loop *l); /* until loop_stop */
void loop_stop(struct loop *l);

#endif
