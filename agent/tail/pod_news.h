/* News of pods for who decides by them: a change is noted in the folders of its pod, and looked at from a timer, which also wakes those that
 * have waited long enough. */
#ifndef AGENT_TAIL_POD_NEWS_H
#define AGENT_TAIL_POD_NEWS_H

#include "agent/kubernetes/node_pods.h"
#include "agent/loop.h"

struct folder;
struct tail;

struct pod_news { /* one for each that decides; part of the tail */
	struct tail *tail;
	struct node_pods_listener listener;
	struct loop_timer timer;
	loop_fn *look;                  /* with the tail */
	void (*note)(struct folder *f); /* its pod is new, or says something else */
	bool (*answered)(struct tail *t); /* nobody need wait any more; true: look now */
};

void pod_news_start(struct pod_news *n); /* when there is anybody who knows pods */
void pod_news_stop(struct pod_news *n);
void pod_news_look_at(struct pod_news *n, int64_t at_ns); /* or earlier, when that is due already */

#endif
