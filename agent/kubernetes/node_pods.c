/* A table of pods by UID, with a second key for static ones, and a table of who is held. A pod that is gone leaves at once, unless it is
 * held; where room is short, those that are only held leave first, the oldest before the others.
 *
 * What an object says is compared by a hash: a list that is made anew tells nobody of pods that are as they were. */
#include "agent/kubernetes/node_pods.h"

#include <stdlib.h>

#include "agent/kubernetes/node_pods_blocks.h"
#include "parsers/bytes/map.h"

enum {
	POD_BYTES_MAX = 256 << 10,
	ALL_BYTES_MAX = 32 << 20,
	HELD_MAX = 20000,      /* UIDs that are held: more folders than that are not read */
	VALUE_BYTES_MAX = 4096 /* of a label or annotation */
};
static const int64_t GRACE_NS = 5 * 1000000000ll; /* between a folder and the news of its pod, when the list is complete */

static const int64_t POLITE_NS = 2 * 1000000000ll; /* the longest that one who could do without waits */

struct entry {
	struct pod_block *block;
	struct str uid, log_uid; /* views into text */
	uint64_t list;           /* number of the list that had it */
	uint64_t gone;           /* 0: it is there; else the higher, the later it went */
	bool is_being_told;
	char text[];
};
struct held { struct str uid; size_t count; char text[]; };

struct node_pods {
	enum node_pods_state state;
	int64_t wait_ns;
	struct map by_uid, by_log_uid, held;
	uint64_t list, gone, gone_count, bytes, skipped;
	struct node_pods_listener *listeners;
	void (*wanted)(void *ctx);
	void *wanted_ctx;
};

struct node_pods *node_pods_new(int64_t wait_ms)
{
	struct node_pods *n = calloc(1, sizeof *n);
	if (!n)
		abort();
	n->wait_ns = wait_ms * 1000000;
	return n;
}

struct str node_pods_log_uid(const struct pod *pod)
{
	struct str hash = pod_annotation(pod, STR("kubernetes.io/config.hash"));
	bool is_mirror = pod_annotation(pod, STR("kubernetes.io/config.mirror")).n > 0;
	return is_mirror && hash.n ? hash : pod->uid;
}

/* ---- telling ---- */

static void tell(struct node_pods *n, const struct entry *e, enum pod_change change)
{
	for (struct node_pods_listener *l = n->listeners, *next; l; l = next) {
		next = l->next;
		if (l->changed)
			l->changed(l->ctx, e->log_uid, &e->block->pod, change);
	}
}

static void tell_answered(struct node_pods *n)
{
	for (struct node_pods_listener *l = n->listeners, *next; l; l = next) {
		next = l->next;
		if (l->answered)
			l->answered(l->ctx);
	}
}

void node_pods_listen(struct node_pods *n, struct node_pods_listener *listener)
{
	listener->next = n->listeners;
	n->listeners = listener;
}

void node_pods_unlisten(struct node_pods *n, struct node_pods_listener *listener)
{
	for (struct node_pods_listener **at = &n->listeners; *at; at = &(*at)->next)
		if (*at == listener) {
			*at = listener->next;
			return;
		}
}

/* ---- entries ---- */

static struct entry *find(const struct node_pods *n, struct str uid)
{
	struct entry *e = uid.n ? map_get(&n->by_uid, uid) : NULL;
	return e || !uid.n ? e : map_get(&n->by_log_uid, uid);
}

static bool is_held(const struct node_pods *n, const struct entry *e)
{
	return map_get(&n->held, e->uid) || map_get(&n->held, e->log_uid);
}

static void forget(struct node_pods *n, struct entry *e)
{
	map_remove(&n->by_uid, e->uid);
	if (map_get(&n->by_log_uid, e->log_uid) == e)
		map_remove(&n->by_log_uid, e->log_uid);
	n->bytes -= e->block->bytes;
	n->gone_count -= e->gone > 0;
	pod_block_let_go(e->block);
	free(e);
}

/* The one that went first. */
static struct entry *oldest_gone(const struct node_pods *n)
{
	struct entry *e, *oldest = NULL;
	for (size_t i = 0; n->gone_count && (e = map_next(&n->by_uid, &i));)
		if (e->gone && (!oldest || e->gone < oldest->gone))
			oldest = e;
	return oldest;
}

static bool make_room(struct node_pods *n, size_t pods, size_t bytes)
{
	struct entry *oldest;
	while (n->by_uid.count + pods > NODE_PODS_MAX || n->bytes + bytes > ALL_BYTES_MAX) {
		if (!(oldest = oldest_gone(n)))
			return false;
		forget(n, oldest);
	}
	return true;
}

static bool uid_is_good(struct str uid)
{
	return uid.n > 0 && uid.n <= NODE_PODS_UID_MAX;
}

static void copy_text(char **at, struct str from, struct str *to)
{
	memcpy(*at, from.p, from.n);
	*to = (struct str){ *at, from.n };
	*at += from.n;
}

static struct entry *add(struct node_pods *n, const struct pod *pod)
{
	struct str log_uid = node_pods_log_uid(pod);
	log_uid = uid_is_good(log_uid) ? log_uid : pod->uid;
	struct entry *e = calloc(1, sizeof *e + pod->uid.n + log_uid.n);
	if (!e)
		abort();
	char *at = e->text;
	copy_text(&at, pod->uid, &e->uid);
	copy_text(&at, log_uid, &e->log_uid);
	map_put(&n->by_uid, e->uid, e);
	if (!str_eq(e->uid, e->log_uid))
		map_put(&n->by_log_uid, e->log_uid, e);
	return e;
}

/* ---- what is kept of an object ---- */

static bool is_kept(const struct label *l)
{
	return l->name.n <= VALUE_BYTES_MAX && l->value.n <= VALUE_BYTES_MAX &&
	       !str_eq(l->name, STR("kubectl.kubernetes.io/last-applied-configuration"));
}

static void choose(struct arena *arena, struct label **at, size_t *count)
{
	struct label *kept = arena_alloc(arena, *count * sizeof *kept);
	size_t n = 0;
	for (size_t i = 0; i < *count; i++)
		if (is_kept(&(*at)[i]))
			kept[n++] = (*at)[i];
	*at = kept;
	*count = n;
}

/* NULL: too large even without its annotations. */
static struct pod_block *make_block(const struct pod *pod)
{
	struct arena arena = { 0 };
	struct pod chosen = *pod;
	choose(&arena, &chosen.labels, &chosen.label_count);
	choose(&arena, &chosen.annotations, &chosen.annotation_count);
	struct pod_block *block = pod_block_new(&chosen, POD_BYTES_MAX);
	if (!block) {
		chosen.annotation_count = 0;
		block = pod_block_new(&chosen, POD_BYTES_MAX);
	}
	arena_fini(&arena);
	return block;
}

/* The block of a new entry, or the next one of an old. Takes the block over. */
static void replace(struct node_pods *n, struct entry *e, struct pod_block *block)
{
	n->bytes += block->bytes;
	if (e->block)
		n->bytes -= e->block->bytes;
	pod_block_let_go(e->block);
	e->block = block;
}

/* It is on the list; and there again, if it was gone. Whether it was there all the time. */
static bool revive(struct node_pods *n, struct entry *e)
{
	bool was_there = e->gone == 0;
	n->gone_count -= !was_there;
	e->gone = 0;
	e->list = n->list;
	return was_there;
}

void node_pods_put(struct node_pods *n, const struct pod *pod)
{
	struct pod_block *block = uid_is_good(pod->uid) ? make_block(pod) : NULL;
	struct entry *e = uid_is_good(pod->uid) ? map_get(&n->by_uid, pod->uid) : NULL;
	bool was_there = e && revive(n, e);
	if (block && was_there && e->block->hash == block->hash) {
		pod_block_let_go(block);
		return;
	}
	if (!block || !make_room(n, !e, block->bytes)) {
		pod_block_let_go(block);
		n->skipped++;
		return;
	}
	e = e ? e : add(n, pod);
	replace(n, e, block);
	e->list = n->list;
	tell(n, e, was_there ? POD_CHANGED : POD_ADDED);
}

/* Whoever is told may let go of it: it stays until all have been told. */
static void let_leave(struct node_pods *n, struct entry *e)
{
	e->gone = ++n->gone;
	n->gone_count++;
	e->is_being_told = true;
	tell(n, e, POD_GONE);
	e->is_being_told = false;
	if (!is_held(n, e))
		forget(n, e);
}

void node_pods_remove(struct node_pods *n, struct str uid)
{
	struct entry *e = uid.n ? map_get(&n->by_uid, uid) : NULL;
	if (e && !e->gone)
		let_leave(n, e);
}

void node_pods_begin(struct node_pods *n)
{
	n->list++;
}

static struct entry *find_unlisted(const struct node_pods *n)
{
	struct entry *e;
	for (size_t i = 0; (e = map_next(&n->by_uid, &i));)
		if (!e->gone && e->list != n->list)
			return e;
	return NULL;
}

void node_pods_end(struct node_pods *n)
{
	struct entry *e;
	while ((e = find_unlisted(n)))
		let_leave(n, e);
	node_pods_set_state(n, NODE_PODS_COMPLETE);
}

void node_pods_set_state(struct node_pods *n, enum node_pods_state state)
{
	bool is_news = n->state != state && state != NODE_PODS_ASKING;
	n->state = state;
	if (is_news)
		tell_answered(n);
}

void node_pods_on_wanted(struct node_pods *n, void (*wanted)(void *ctx), void *ctx)
{
	n->wanted = wanted;
	n->wanted_ctx = ctx;
}

void node_pods_free(struct node_pods *n)
{
	struct entry *e;
	struct held *h;
	if (!n)
		return;
	for (size_t i = 0; (e = map_next(&n->by_uid, &i));) {
		pod_block_let_go(e->block);
		free(e);
	}
	for (size_t i = 0; (h = map_next(&n->held, &i));)
		free(h);
	map_fini(&n->by_uid);
	map_fini(&n->by_log_uid);
	map_fini(&n->held);
	free(n);
}

/* ---- those who read ---- */

const struct pod *node_pods_find(const struct node_pods *n, struct str uid)
{
	const struct entry *e = find(n, uid);
	return e ? &e->block->pod : NULL;
}

int64_t node_pods_deadline_ns(const struct node_pods *n, int64_t since_ns)
{
	int64_t grace_ns = GRACE_NS < n->wait_ns ? GRACE_NS : n->wait_ns;
	return n->state == NODE_PODS_OFF ? since_ns : since_ns + (n->state == NODE_PODS_COMPLETE ? grace_ns : n->wait_ns);
}

enum pod_answer node_pods_ask(const struct node_pods *n, struct str uid, int64_t since_ns, int64_t now_ns)
{
	if (find(n, uid))
		return POD_KNOWN;
	return uid_is_good(uid) && now_ns < node_pods_deadline_ns(n, since_ns) ? POD_WAIT : POD_NEVER;
}

int64_t node_pods_polite_deadline_ns(const struct node_pods *n, int64_t since_ns)
{
	int64_t deadline_ns = node_pods_deadline_ns(n, since_ns);
	return deadline_ns < since_ns + POLITE_NS ? deadline_ns : since_ns + POLITE_NS;
}

enum pod_answer node_pods_ask_politely(const struct node_pods *n, struct str uid, int64_t since_ns, int64_t now_ns)
{
	enum pod_answer answer = node_pods_ask(n, uid, since_ns, now_ns);
	return answer == POD_WAIT && (n->state == NODE_PODS_AWAY || now_ns - since_ns >= POLITE_NS) ? POD_NEVER : answer;
}

void node_pods_hold(struct node_pods *n, struct str uid)
{
	struct held *h = uid_is_good(uid) ? map_get(&n->held, uid) : NULL;
	if (!uid_is_good(uid) || (!h && n->held.count >= HELD_MAX))
		return;
	if (!h) {
		h = calloc(1, sizeof *h + uid.n);
		if (!h)
			abort();
		memcpy(h->text, uid.p, uid.n);
		h->uid = (struct str){ h->text, uid.n };
		map_put(&n->held, h->uid, h);
	}
	h->count++;
	if (n->wanted && n->state != NODE_PODS_OFF && !find(n, uid))
		n->wanted(n->wanted_ctx);
}

void node_pods_let_go(struct node_pods *n, struct str uid)
{
	struct held *h = uid_is_good(uid) ? map_get(&n->held, uid) : NULL;
	if (!h || --h->count)
		return;
	struct entry *e = find(n, uid);
	map_remove(&n->held, h->uid);
	free(h);
	if (e && e->gone && !e->is_being_told && !is_held(n, e))
		forget(n, e);
}

void node_pods_status(const struct node_pods *n, struct node_pods_status *out)
{
	*out = (struct node_pods_status){ .state = n->state, .pods = n->by_uid.count - n->gone_count, .pods_held = n->gone_count,
					  .bytes = n->bytes, .skipped = n->skipped };
}

size_t node_pods_blocks(const struct node_pods *n, struct pod_block **out)
{
	const struct entry *e;
	size_t count = 0;
	for (size_t i = 0; (e = map_next(&n->by_uid, &i));)
		if (!e->gone)
			out[count++] = pod_block_hold(e->block);
	return count;
}
