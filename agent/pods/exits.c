/* A container that is killed is often gone, its counter with it, before anybody looks. Under version 2 a pod's own group counts
 * for all that was ever below it, so what its counter grew by and its containers' did not, belongs to one that has just ended.
 * Version 1 counts in each group alone: there the last moments of a container that ends between two scrapes are lost. */
#include "agent/pods/exits.h"

#include <stdlib.h>

#include "parsers/bytes/array.h"
#include "parsers/bytes/map.h"

struct exits {
	struct map known; /* key -> struct exit_count */
	struct exit_count **at;
	size_t count, room;
	struct buf key;
};
struct pod_sum { /* one pod at one scrape */
	struct str uid;
	uint64_t by_containers;
	const struct cgroup *ended; /* one of its containers that is gone, the named ones first */
};

static void *checked(void *p)
{
	if (!p)
		abort();
	return p;
}

static struct str copy(struct str s)
{
	char *to = checked(malloc(s.n + 1));
	if (s.n)
		memcpy(to, s.p, s.n);
	to[s.n] = '\0';
	return (struct str){ to, s.n };
}

static void drop(struct str *s)
{
	union { const char *p; void *owned; } u = { .p = s->p };
	free(u.owned);
	*s = (struct str){ 0 };
}

struct exits *exits_new(void)
{
	struct exits *e = checked(calloc(1, sizeof *e));
	buf_init(&e->key, 4096);
	return e;
}

static void count_free(struct exit_count *x)
{
	drop(&x->image);
	drop(&x->key); /* the other texts are views into it */
	free(x);
}

void exits_free(struct exits *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->count; i++)
		count_free(e->at[i]);
	map_fini(&e->known);
	buf_fini(&e->key);
	free(e->at);
	free(e);
}

/* Makes room by forgetting the one that ended longest ago; false: all of them live. */
static bool evict(struct exits *e, uint64_t scrape)
{
	size_t oldest = 0;
	for (size_t i = 1; i < e->count; i++)
		if (e->at[i]->live < e->at[oldest]->live)
			oldest = i;
	if (e->at[oldest]->live == scrape)
		return false;
	map_remove(&e->known, e->at[oldest]->key);
	count_free(e->at[oldest]);
	e->at[oldest] = e->at[--e->count];
	return true;
}

static struct exit_count *find_or_add(struct exits *e, const struct pod_name *name, struct str container, uint64_t scrape)
{
	buf_reset(&e->key);
	buf_str(&e->key, name->namespace_);
	buf_char(&e->key, '\0');
	buf_str(&e->key, name->pod);
	buf_char(&e->key, '\0');
	buf_str(&e->key, container);
	struct exit_count *x = map_get(&e->known, buf_view(&e->key));
	if (x)
		return x;
	if (e->key.is_full || (e->count == EXITS_MAX && !evict(e, scrape)))
		return NULL;
	e->at = array_room(e->at, e->count, &e->room, sizeof(struct exit_count *));
	x = checked(calloc(1, sizeof *x));
	x->key = copy(buf_view(&e->key));
	struct str rest = x->key;
	x->namespace_ = str_cut(&rest, '\0');
	x->pod = str_cut(&rest, '\0');
	x->container = rest;
	map_put(&e->known, x->key, x);
	e->at[e->count++] = x;
	return x;
}

static struct pod_sum *sum_of(const struct map *by_uid, const struct cgroup *g)
{
	return g->is.uid[0] ? map_get(by_uid, str_of(g->is.uid)) : NULL;
}

static void count_container(struct exits *e, struct cgroup *g, struct pod_sum *pod, uint64_t scrape)
{
	uint64_t kills = cgroup_has(&g->stats, CG_OOM_KILLS) ? g->stats.value[CG_OOM_KILLS] : g->oom_kills_seen;
	uint64_t more = kills > g->oom_kills_seen ? kills - g->oom_kills_seen : 0;
	bool has_name = g->name.pod.n && g->name.container.n;
	g->oom_kills_seen = kills;
	if (pod)
		pod->by_containers += more;
	struct exit_count *x = has_name ? find_or_add(e, &g->name, g->name.container, scrape) : NULL;
	if (!x)
		return;
	x->oom_kills += g->is_counted ? more : kills; /* it may have been killed in before its name was known */
	x->live = scrape;
	g->is_counted = true;
	if (g->name.image.n && !str_eq(x->image, g->name.image)) {
		drop(&x->image);
		x->image = copy(g->name.image);
	}
}

/* What was killed in a pod, beyond what its containers that are still there say. What was before this process began is nobody's. */
static void count_pod(struct exits *e, struct cgroup *g, const struct pod_sum *pod, bool is_first_scrape, uint64_t scrape)
{
	uint64_t kills = cgroup_has(&g->stats, CG_OOM_KILLS) ? g->stats.value[CG_OOM_KILLS] : g->oom_kills_seen;
	uint64_t more = kills > g->oom_kills_seen ? kills - g->oom_kills_seen : 0;
	g->oom_kills_seen = kills;
	if (is_first_scrape || more <= pod->by_containers || !g->name.pod.n)
		return;
	const struct cgroup *who = pod->ended;
	struct exit_count *x = find_or_add(e, &g->name, who ? who->name.container : (struct str){ 0 }, scrape);
	if (x)
		x->oom_kills += more - pod->by_containers;
}

static void count_ended(struct exits *e, const struct cgroup *g, struct pod_sum *pod, uint64_t scrape)
{
	if (!g->name.pod.n || !g->name.container.n)
		return;
	struct exit_count *x = find_or_add(e, &g->name, g->name.container, scrape);
	if (x)
		x->exits++;
	if (pod && !pod->ended)
		pod->ended = g;
}

static int compare(const void *a, const void *b)
{
	const struct exit_count *const *x = a, *const *y = b;
	return str_cmp((*x)->key, (*y)->key);
}

void exits_update(struct exits *e, struct cgroups *c)
{
	struct pod_sum *sums = checked(calloc(c->count + 1, sizeof *sums));
	struct map by_uid = { 0 };
	for (size_t i = 0; i < c->count; i++)
		if (c->at[i]->is.kind == CGROUP_POD) {
			sums[i].uid = str_of(c->at[i]->is.uid);
			map_put(&by_uid, sums[i].uid, &sums[i]);
		}
	for (size_t i = 0; i < c->gone_count; i++)
		if (c->gone[i]->is.kind == CGROUP_CONTAINER)
			count_ended(e, c->gone[i], sum_of(&by_uid, c->gone[i]), c->scrape);
	for (size_t i = 0; i < c->count; i++)
		if (c->at[i]->is.kind == CGROUP_CONTAINER)
			count_container(e, c->at[i], sum_of(&by_uid, c->at[i]), c->scrape);
	for (size_t i = 0; i < c->count; i++)
		if (c->at[i]->is.kind == CGROUP_POD)
			count_pod(e, c->at[i], &sums[i], c->scrape == 1, c->scrape);
	map_fini(&by_uid);
	free(sums);
	if (e->count)
		qsort(e->at, e->count, sizeof(struct exit_count *), compare);
}

struct exit_count *const *exits_list(const struct exits *e, size_t *count)
{
	*count = e->count;
	return e->at;
}
