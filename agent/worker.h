/* One helper thread for calls that may hang (fsync, later statfs). One job at a time; the answer comes back on the loop. */
#ifndef AGENT_WORKER_H
#define AGENT_WORKER_H

#include "agent/loop.h"

struct worker;
struct worker *worker_new(struct loop *loop); /* NULL with errno */
void worker_free(struct worker *w);           /* waits for the job that runs */
/* run(ctx) on the thread, then done(ctx) on the loop. false: busy, try again later. */
bool worker_run(struct worker *w, void (*run)(void *ctx), void (*done)(void *ctx), void *ctx);
void worker_wait(struct worker *w); /* until idle; done is called before it returns */

#endif
