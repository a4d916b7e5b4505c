/* Pods change in bursts, in the middle of somebody's call: so nothing is decided here and then. */
#include "agent/tail/pod_news.h"

#include "agent/tail/tail.h"

void pod_news_look_at(struct pod_news *n, int64_t at_ns)
{
	struct tail *t = n->tail;
	if (!n->timer.place || at_ns < n->timer.at_ns)
		loop_arm(t->o.loop, &n->timer, at_ns, n->look, t);
}

static void on_changed(void *ctx, struct str uid, const struct pod *pod, enum pod_change change)
{
	struct pod_news *n = ctx;
	(void)pod;
	for (struct folder *f = n->tail->folders; f && change != POD_GONE; f = f->next)
		if (f->is_pod && str_eq(f->uid, uid)) {
			n->note(f);
			pod_news_look_at(n, loop_now_ns(n->tail->o.loop));
		}
}

static void on_answered(void *ctx)
{
	struct pod_news *n = ctx;
	if (n->answered(n->tail))
		pod_news_look_at(n, loop_now_ns(n->tail->o.loop));
}

void pod_news_start(struct pod_news *n)
{
	n->listener = (struct node_pods_listener){ .changed = on_changed, .answered = on_answered, .ctx = n };
	if (n->tail->o.pods)
		node_pods_listen(n->tail->o.pods, &n->listener);
}

void pod_news_stop(struct pod_news *n)
{
	if (!n->tail)
		return;
	loop_disarm(n->tail->o.loop, &n->timer);
	if (n->tail->o.pods && n->listener.changed)
		node_pods_unlisten(n->tail->o.pods, &n->listener);
	n->listener = (struct node_pods_listener){ 0 };
}
