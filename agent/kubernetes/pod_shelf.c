/* A list holds the blocks of its pods, so putting one copies rows and no texts. The lock is held for a pointer's time. */
#include "agent/kubernetes/pod_shelf.h"

#include <pthread.h>
#include <stdlib.h>

#include "agent/kubernetes/node_pods_blocks.h"

struct pod_shelf_list {
	atomic_uint holders;
	struct podlist pods;
	struct pod_block **blocks;
};
struct pod_shelf {
	atomic_uint holders;
	pthread_mutex_t lock;
	struct pod_shelf_list *newest;
};

struct pod_shelf *pod_shelf_new(void)
{
	struct pod_shelf *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	atomic_init(&s->holders, 1);
	pthread_mutex_init(&s->lock, NULL);
	return s;
}

struct pod_shelf *pod_shelf_hold(struct pod_shelf *s)
{
	atomic_fetch_add_explicit(&s->holders, 1, memory_order_relaxed);
	return s;
}

static bool was_last(atomic_uint *holders)
{
	return atomic_fetch_sub_explicit(holders, 1, memory_order_acq_rel) == 1;
}

void pod_shelf_let_go(struct pod_shelf *s)
{
	if (!s || !was_last(&s->holders))
		return;
	pod_shelf_list_let_go(s->newest);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

static int compare(const void *a, const void *b)
{
	const struct pod *x = &(*(struct pod_block *const *)a)->pod, *y = &(*(struct pod_block *const *)b)->pod;
	int order = str_cmp(x->namespace_, y->namespace_);
	order = order ? order : str_cmp(x->name, y->name);
	return order ? order : str_cmp(x->uid, y->uid);
}

static struct pod_shelf_list *make_list(const struct node_pods *pods)
{
	struct node_pods_status status;
	node_pods_status(pods, &status);
	struct pod_shelf_list *list = calloc(1, sizeof *list);
	if (list) {
		list->blocks = calloc(status.pods + 1, sizeof *list->blocks);
		list->pods.at = calloc(status.pods + 1, sizeof *list->pods.at);
	}
	if (!list || !list->blocks || !list->pods.at)
		abort();
	atomic_init(&list->holders, 1);
	list->pods.count = node_pods_blocks(pods, list->blocks);
	qsort(list->blocks, list->pods.count, sizeof(struct pod_block *), compare);
	for (size_t i = 0; i < list->pods.count; i++)
		list->pods.at[i] = list->blocks[i]->pod;
	return list;
}

void pod_shelf_put(struct pod_shelf *s, const struct node_pods *pods)
{
	struct pod_shelf_list *list = make_list(pods), *before;
	pthread_mutex_lock(&s->lock);
	before = s->newest;
	s->newest = list;
	pthread_mutex_unlock(&s->lock);
	pod_shelf_list_let_go(before);
}

struct pod_shelf_list *pod_shelf_take(struct pod_shelf *s)
{
	pthread_mutex_lock(&s->lock);
	struct pod_shelf_list *list = s->newest;
	if (list)
		atomic_fetch_add_explicit(&list->holders, 1, memory_order_relaxed);
	pthread_mutex_unlock(&s->lock);
	return list;
}

const struct podlist *pod_shelf_pods(const struct pod_shelf_list *list)
{
	return &list->pods;
}

void pod_shelf_list_let_go(struct pod_shelf_list *list)
{
	if (!list || !was_last(&list->holders))
		return;
	for (size_t i = 0; i < list->pods.count; i++)
		pod_block_let_go(list->blocks[i]);
	free(list->blocks);
	free(list->pods.at);
	free(list);
}
