/* Which jobs read the logs of a container, and under which labels. What its rules ask decides: when the folder's path answers all of it,
 * at once and for all its logs; when they ask for labels that only the pod's object has, for each log ("N.log" is one instance of the
 * container) when it is first seen. Then labels are frozen: the checkpoint keeps them, so that what is sent again after a restart is the
 * same bytes, whatever has become of the pod since. */
#ifndef AGENT_TAIL_POD_WANTS_H
#define AGENT_TAIL_POD_WANTS_H

#include "agent/tail/folder.h"

struct tail;

void pod_wants_start(struct tail *t);
void pod_wants_stop(struct tail *t);
void pod_wants_make(struct folder *f);                  /* a new folder */
void pod_wants_of(struct folder *f, struct str base);   /* a log was listed: decides for it, or lets it wait */
bool pod_wants_any(const struct folder *f);             /* somebody reads, or may read, what lies in the folder */
void pod_wants_sweep(struct folder *f);                 /* of logs that are gone */
void pod_wants_forget(struct folder *f, struct want *w); /* it goes away: whoever it waits for is let go */
/* The answers that a log of the folder would get now; for people. */
void pod_wants_each(const struct tail *t, const struct folder *f, const struct log_job *job, log_found_fn *fn, void *ctx);

#endif
