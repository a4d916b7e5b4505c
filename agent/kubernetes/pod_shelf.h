/* The pods of the node for other threads: the loop puts a new list on the shelf, others take the newest and read it as long as they like.
 * Lists and shelf go when the last holder lets go of them, on whatever thread that is. */
#ifndef AGENT_KUBERNETES_POD_SHELF_H
#define AGENT_KUBERNETES_POD_SHELF_H

#include "agent/kubernetes/node_pods.h"

struct pod_shelf;
struct pod_shelf *pod_shelf_new(void); /* held once, empty */
struct pod_shelf *pod_shelf_hold(struct pod_shelf *s);
void pod_shelf_let_go(struct pod_shelf *s); /* NULL is fine */

/* On the loop. */
void pod_shelf_put(struct pod_shelf *s, const struct node_pods *pods);

/* The newest list, sorted by namespace and name; NULL: none was put yet. Let go of it. */
struct pod_shelf_list;
struct pod_shelf_list *pod_shelf_take(struct pod_shelf *s);
const struct podlist *pod_shelf_pods(const struct pod_shelf_list *list);
void pod_shelf_list_let_go(struct pod_shelf_list *list); /* NULL is fine */

#endif
