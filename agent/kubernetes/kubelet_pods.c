/* An answer with the same bytes as the one before is not read again: on a quiet node that is most of them. */
#include "agent/kubernetes/kubelet_pods.h"

#include <stdio.h>
#include <stdlib.h>

#include "exporters/backoff.h"
#include "parsers/bytes/hash.h"

enum { LIST_BYTES_MAX = 32 << 20, LIST_TIMEOUT_MS = 10000, LEAST_MS = 1000 };

struct kubelet_pods {
	struct kubelet_pods_options o;
	struct loop_timer timer;
	struct http_call *call;
	struct arena arena;
	uint64_t hash;         /* of the last good answer; 0: none */
	int64_t asked_ns;
	bool is_wanted;        /* while it was asking */
};

static void ask(void *ctx);

static void ask_later(struct kubelet_pods *k, int64_t wait_ms)
{
	loop_arm(k->o.loop, &k->timer, loop_now_ns(k->o.loop) + wait_ms * 1000000, ask, k);
}

static void fail(struct kubelet_pods *k, enum pods_verdict verdict, const struct http_reply *reply)
{
	bool is_at_once = verdict == PODS_NEW_TOKEN && k->o.client->failures == 0;
	int64_t wait_ms = pods_client_wait_ms(k->o.client, reply);
	node_pods_set_state(k->o.pods, verdict == PODS_FORBIDDEN ? NODE_PODS_OFF : NODE_PODS_AWAY);
	ask_later(k, is_at_once ? 0 : wait_ms);
}

static void junk(struct kubelet_pods *k, const char *why)
{
	char text[256];
	snprintf(text, sizeof text, "the list of pods cannot be read: %s", why);
	pods_client_complain(k->o.client, "junk", text);
	fail(k, PODS_BAD, NULL);
}

/* As often as the interval says, each time at another moment of it. */
static void ask_at_interval(struct kubelet_pods *k)
{
	int64_t soon_ms = LEAST_MS - (loop_now_ns(k->o.loop) - k->asked_ns) / 1000000;
	if (k->is_wanted)
		ask_later(k, soon_ms > 0 ? soon_ms : 0);
	else
		ask_later(k, backoff_between(k->o.interval_ms * 9 / 10, k->o.interval_ms * 11 / 10, &k->o.client->random));
	k->is_wanted = false;
}

static void take_list(struct kubelet_pods *k, struct str body)
{
	struct podlist list;
	const char *why = NULL;
	uint64_t hash = hash_bytes(body);
	bool is_same = hash == k->hash;
	if (!is_same) {
		arena_reset(&k->arena);
		if (!podlist_parse(body, &list, &k->arena, &why) || !list.is_list) {
			junk(k, why ? why : "it is no PodList");
			return;
		}
		node_pods_begin(k->o.pods);
		for (size_t i = 0; i < list.count; i++)
			node_pods_put(k->o.pods, &list.at[i]);
		node_pods_end(k->o.pods);
		arena_fini(&k->arena);
	}
	node_pods_set_state(k->o.pods, NODE_PODS_COMPLETE);
	k->hash = hash;
	k->o.client->failures = 0;
	k->o.stats->synced_wall_ns = loop_wall_ns(k->o.loop);
	pods_client_is_well(k->o.client);
	ask_at_interval(k);
}

static void on_list(void *ctx, const struct http_reply *reply)
{
	struct kubelet_pods *k = ctx;
	k->call = NULL;
	enum pods_verdict verdict = pods_client_judge(k->o.client, reply);
	if (verdict != PODS_GOOD)
		fail(k, verdict, reply);
	else if (reply->is_too_large)
		junk(k, "it is larger than 32 MiB");
	else
		take_list(k, reply->body);
}

static void ask(void *ctx)
{
	struct kubelet_pods *k = ctx;
	const struct pods_request request = { .path = STR("/pods"), .timeout_ms = LIST_TIMEOUT_MS, .max_reply_bytes = LIST_BYTES_MAX };
	k->asked_ns = loop_now_ns(k->o.loop);
	k->o.stats->lists++;
	k->call = pods_client_get(k->o.client, &request, on_list, k);
	if (!k->call)
		fail(k, PODS_BAD, NULL);
}

/* Not more often than once a second, and less after a failure. */
static void on_wanted(void *ctx)
{
	struct kubelet_pods *k = ctx;
	k->is_wanted = true;
	if (k->call)
		return;
	if (k->o.client->failures == 0) {
		ask_at_interval(k);
		return;
	}
	int64_t at_ns = pods_client_wanted_ns(k->o.client);
	if (at_ns < k->timer.at_ns)
		loop_arm(k->o.loop, &k->timer, at_ns, ask, k);
}

struct kubelet_pods *kubelet_pods_start(const struct kubelet_pods_options *options)
{
	struct kubelet_pods *k = calloc(1, sizeof *k);
	if (!k)
		abort();
	k->o = *options;
	node_pods_set_state(k->o.pods, NODE_PODS_ASKING);
	node_pods_on_wanted(k->o.pods, on_wanted, k);
	ask(k);
	return k;
}

void kubelet_pods_stop(struct kubelet_pods *k)
{
	if (!k)
		return;
	node_pods_on_wanted(k->o.pods, NULL, NULL);
	loop_disarm(k->o.loop, &k->timer);
	pods_client_cancel(k->o.client, k->call);
	arena_fini(&k->arena);
	free(k);
}

void kubelet_pods_retry(struct kubelet_pods *k)
{
	if (!k->call)
		ask_later(k, 0);
}
