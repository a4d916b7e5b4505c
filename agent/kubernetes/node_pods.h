/* What the node knows of its pods: the newest object of each, by UID. Filled by whoever asks Kubernetes (kubernetes.h), read by
 * everybody else. On the loop only; collectors, which have a thread of their own, read a pod_shelf.
 *
 * UIDs are those of the log folders and control groups. For a static pod that is not the UID of the object in the API, but a hash that its
 * annotation kubernetes.io/config.hash carries: both find it.
 *
 * Views of a pod are valid until its next change: what is needed longer is copied, or read again when `changed` says so. */
#ifndef AGENT_KUBERNETES_NODE_PODS_H
#define AGENT_KUBERNETES_NODE_PODS_H

#include "parsers/kubernetes/podlist.h"

enum { NODE_PODS_MAX = PODLIST_PODS_MAX, NODE_PODS_UID_MAX = 128 /* bytes; longer ones are nobody's */ };

enum pod_answer {
	POD_KNOWN, /* node_pods_find has it */
	POD_WAIT,  /* not yet: ask again when `changed` or `answered` is called, or when the time is over */
	POD_NEVER  /* nobody is asked, or there is no such pod, or the time is over: go on without */
};
enum pod_change { POD_ADDED, POD_CHANGED, POD_GONE };

struct node_pods_listener { /* its owner's memory */
	/* A pod is new, says something else, or is gone (it is still found while somebody holds it). uid: as log folders have it. */
	void (*changed)(void *ctx, struct str uid, const struct pod *pod, enum pod_change change);
	/* The list has become complete, or nobody answers: whoever waits asks again. */
	void (*answered)(void *ctx);
	void *ctx;
	struct node_pods_listener *next; /* private */
};

enum node_pods_state {
	NODE_PODS_OFF,     /* nobody is asked, or nobody may */
	NODE_PODS_ASKING,  /* no answer so far */
	NODE_PODS_AWAY,    /* the last question had no good answer; it is asked again */
	NODE_PODS_COMPLETE /* all pods of the node are known, apart from changes under way */
};
struct node_pods_status {
	enum node_pods_state state;
	uint64_t pods, pods_held; /* there; gone but held */
	uint64_t bytes;           /* of memory for all of them */
	uint64_t skipped;         /* changes not taken: too many pods, too large ones, no usable UID */
};

struct node_pods;
/* wait_ms: how long after it first saw a pod somebody may be told to wait for it. */
struct node_pods *node_pods_new(int64_t wait_ms);
void node_pods_free(struct node_pods *n); /* NULL is fine */

const struct pod *node_pods_find(const struct node_pods *n, struct str uid); /* NULL: not known */
/* since_ns: when the caller saw the pod for the first time; both monotonic. */
enum pod_answer node_pods_ask(const struct node_pods *n, struct str uid, int64_t since_ns, int64_t now_ns);
/* The same for who would rather go on without: waits 2 s at most, and not at all for a server that is away. */
enum pod_answer node_pods_ask_politely(const struct node_pods *n, struct str uid, int64_t since_ns, int64_t now_ns);
/* From then on node_pods_ask says POD_WAIT no more to one who has seen the pod at since_ns. */
int64_t node_pods_deadline_ns(const struct node_pods *n, int64_t since_ns);
int64_t node_pods_polite_deadline_ns(const struct node_pods *n, int64_t since_ns);
/* While somebody holds a UID, its pod stays known after its end. Counted; may be held before it is known. As many as let_go. */
void node_pods_hold(struct node_pods *n, struct str uid);
void node_pods_let_go(struct node_pods *n, struct str uid);
void node_pods_listen(struct node_pods *n, struct node_pods_listener *listener);
void node_pods_unlisten(struct node_pods *n, struct node_pods_listener *listener);
void node_pods_status(const struct node_pods *n, struct node_pods_status *out);
/* The UID of the pod's log folder and control groups. */
struct str node_pods_log_uid(const struct pod *pod);

/* ---- for those who fill it ---- */

/* A full list: begin, put each, end; what was not put is gone. */
void node_pods_begin(struct node_pods *n);
void node_pods_end(struct node_pods *n);
/* Copies what is worth keeping. Labels and annotations of more than 4 KiB are not, nor is what kubectl apply notes down. */
void node_pods_put(struct node_pods *n, const struct pod *pod);
void node_pods_remove(struct node_pods *n, struct str uid);
/* ASKING, AWAY and OFF: what is known stays known. COMPLETE is set by node_pods_end. */
void node_pods_set_state(struct node_pods *n, enum node_pods_state state);
/* Called when somebody holds a UID that is not known: a reason to ask soon. */
void node_pods_on_wanted(struct node_pods *n, void (*wanted)(void *ctx), void *ctx);

#endif
