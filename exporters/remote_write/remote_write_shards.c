/* How many requests are on their way at a time: one, unless the receiver takes so long for each that the spool grows although
 * all is well. Series belong to shards by hash, so the number changes only while nothing is queued: then order holds. */
#include "exporters/remote_write/remote_write_state.h"

static const int64_t patience_ns = 5 * INT64_C(1000000000), calm_ns = 60 * INT64_C(1000000000),
		     slow_ns = 50 * INT64_C(1000000); /* 2000 samples each: faster than that, one is plenty */

/* Every shard has one on its way and another one waiting, and what they wait for is the receiver. */
static bool is_behind(const struct remote_write *rw)
{
	for (size_t i = 0; i < rw->shard_count; i++)
		if (rw->shards[i].failures || !rw->shards[i].is_flying || rw->shards[i].queued < 2)
			return false;
	return rw->latency_ns >= slow_ns;
}

static void decide(struct remote_write *rw)
{
	bool is_quiet = rw->pending < rw->options.max_samples_per_send;
	if (!is_behind(rw))
		rw->behind_since_ns = 0;
	else if (!rw->behind_since_ns)
		rw->behind_since_ns = rw->now_ns;
	if (!is_quiet)
		rw->calm_since_ns = 0;
	else if (!rw->calm_since_ns)
		rw->calm_since_ns = rw->now_ns;
	size_t wanted = rw->shard_count;
	if (rw->behind_since_ns && rw->now_ns - rw->behind_since_ns >= patience_ns)
		wanted *= 2;
	else if (rw->calm_since_ns && rw->now_ns - rw->calm_since_ns >= calm_ns)
		wanted = wanted / 2;
	wanted = wanted < rw->options.min_shards ? rw->options.min_shards : wanted;
	wanted = wanted > rw->options.max_shards ? rw->options.max_shards : wanted;
	if (wanted == rw->shard_count)
		return;
	rw->shards_wanted = wanted;
	rw->behind_since_ns = rw->calm_since_ns = 0;
}

void rw_shards_adapt(struct remote_write *rw)
{
	if (rw->shards_wanted == rw->shard_count)
		decide(rw);
	if (rw->shards_wanted == rw->shard_count || !remote_write_is_empty(rw))
		return;
	rw->shard_count = rw->shards_wanted; /* has_room says no until here */
	if (rw->hooks.wake)
		rw->hooks.wake(rw->hooks.ctx);
}
