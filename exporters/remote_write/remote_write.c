/* The outer side of a remote-write receiver: set up, room, the turn, what is shown.
 *
 * No clock and no thread: every decision is made in remote_write_turn with the times that it is given. Memory: the table of the
 * segment's series, a few requests of items for each shard, and one encoded request for each that is on its way. */
#include "exporters/remote_write/remote_write.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "exporters/remote_write/remote_write_state.h"
#include "parsers/bytes/hash.h"

enum { ENCODER_BYTES_MAX = 64 * 1024 * 1024, ENCODER_KEEP_BYTES = 2 * 1024 * 1024 };
static const int64_t ms_ns = 1000000;

const char *const sample_drop_names[SAMPLE_DROPS] = {
	[SAMPLE_DROP_REJECTED] = "rejected",
	[SAMPLE_DROP_OUT_OF_ORDER] = "out_of_order",
	[SAMPLE_DROP_DUPLICATE] = "duplicate",
	[SAMPLE_DROP_TOO_OLD] = "too_old",
	[SAMPLE_DROP_TOO_LARGE] = "too_large",
	[SAMPLE_DROP_RELABELLED] = "relabelled",
	[SAMPLE_DROP_AGE] = "age_limit",
	[SAMPLE_DROP_UNSUPPORTED] = "unsupported",
	[SAMPLE_DROP_PARTIAL_SUCCESS] = "partial_success",
	[SAMPLE_DROP_RATE_LIMITED] = "rate_limited",
	[SAMPLE_DROP_DAMAGED] = "damaged",
};
const char *const remote_write_state_names[RW_STATES] = {
	[RW_IDLE] = "ok",
	[RW_SENDING] = "sending",
	[RW_BACKOFF] = "backoff",
	[RW_HOLD_AUTH] = "unauthorized",
};

static void wake(void *ctx)
{
	struct remote_write *rw = ctx;
	if (rw->hooks.wake)
		rw->hooks.wake(rw->hooks.ctx);
}

static int64_t or_default(int64_t value, int64_t otherwise)
{
	return value > 0 ? value : otherwise;
}

static void set_defaults(struct remote_write_options *o)
{
	o->endpoint.timeout_ms = or_default(o->endpoint.timeout_ms, 30000);
	o->endpoint.backoff_min_ms = or_default(o->endpoint.backoff_min_ms, 30);
	o->endpoint.backoff_max_ms = or_default(o->endpoint.backoff_max_ms, 5000);
	o->batch_send_deadline_ms = or_default(o->batch_send_deadline_ms, 5000);
	o->metadata_interval_ms = or_default(o->metadata_interval_ms, 60000);
	o->max_samples_per_send = o->max_samples_per_send ? o->max_samples_per_send : 2000;
	o->max_shards = o->max_shards && o->max_shards < RW_SHARDS_MAX ? o->max_shards : RW_SHARDS_MAX;
	o->min_shards = o->min_shards ? o->min_shards : 1;
	o->min_shards = o->min_shards < o->max_shards ? o->min_shards : o->max_shards;
}

/* What the protocol says itself must not be said by a user. */
static const char *const reserved[] = {
	"authorization", "host", "content-encoding", "content-length", "content-type", "user-agent", "connection", "keep-alive",
	"proxy-authenticate", "proxy-authorization", "www-authenticate", "accept-encoding", "x-prometheus-remote-write-version",
	"x-prometheus-remote-read-version", "retry-attempt", "te", "trailer", "transfer-encoding", "upgrade",
};

struct remote_write *remote_write_new(const struct remote_write_options *options, struct http *http, struct drops *drops,
				      const struct remote_write_hooks *hooks, char err[256])
{
	char shown[1024];
	if (!endpoint_check(&options->endpoint, reserved, COUNT_OF(reserved), shown, sizeof shown, err))
		return NULL;
	struct remote_write *rw = calloc(1, sizeof *rw);
	char *url = strdup(shown);
	if (!rw || !url)
		abort();
	rw->options = *options;
	set_defaults(&rw->options);
	rw->http = http;
	rw->drops = drops;
	rw->hooks = *hooks;
	rw->shown_url = url;
	rw->status.name = options->endpoint.name;
	rw->status.url = str_of(url);
	rw->version = options->version == REMOTE_WRITE_AUTO ? REMOTE_WRITE_2 : options->version;
	if (rw->version == REMOTE_WRITE_OTLP)
		rw->options.send_native_histograms = false;
	rw->shard_count = rw->shards_wanted = rw->options.min_shards;
	for (size_t i = 0; i < RW_SHARDS_MAX; i++)
		rw->shards[i].rw = rw;
	rw->raw_cap_bytes = RW_RAW_BYTES;
	rw->random = hash_u64((uint64_t)(uintptr_t)rw ^ hash_bytes(options->endpoint.name) ^ (uint64_t)time(NULL)) | 1;
	buf_init(&rw->raw, ENCODER_BYTES_MAX);
	buf_init(&rw->symbols, ENCODER_BYTES_MAX);
	buf_init(&rw->scratch, ENCODER_BYTES_MAX);
	rw->credentials = credentials_new(&rw->options.endpoint, http, wake, rw);
	return rw;
}

static void free_shard(struct rw_shard *shard)
{
	if (shard->call)
		http_cancel(shard->rw->http, shard->call);
	rw_request_free(shard->open);
	for (struct rw_request *next; shard->first; shard->first = next) {
		next = shard->first->next;
		rw_request_free(shard->first);
	}
	buf_fini(&shard->reply.body);
}

void remote_write_free(struct remote_write *rw)
{
	if (!rw)
		return;
	for (size_t i = 0; i < RW_SHARDS_MAX; i++)
		free_shard(&rw->shards[i]);
	credentials_free(rw->credentials);
	rw_table_release(rw->table);
	buf_fini(&rw->raw);
	buf_fini(&rw->symbols);
	buf_fini(&rw->scratch);
	buf_fini(&rw->waiting);
	free(rw->window);
	free(rw->frames);
	free(rw->seen);
	free(rw->shown_url);
	free(rw);
}

bool remote_write_has_room(const struct remote_write *rw)
{
	/* While the number of shards changes, nothing comes in. */
	return rw->shards_wanted == rw->shard_count && rw->frame_next - rw->frame_first < RW_FRAMES_MAX &&
	       rw->pending < (uint64_t)rw->options.max_samples_per_send * RW_QUEUED_PER_SHARD * rw->shard_count;
}

static void queue_metadata(struct remote_write *rw)
{
	struct rw_table *t = rw->table;
	if (rw->version != REMOTE_WRITE_1 || !rw->options.send_metadata || !t || t->family_room == 0 || rw->has_metadata_queued ||
	    rw->now_ns < rw->metadata_due_ns || (rw->options.version == REMOTE_WRITE_AUTO && !rw->is_confirmed))
		return;
	struct rw_request *r = rw_request_new(t);
	r->is_metadata = true;
	r->metadata_from = rw->metadata_next;
	r->metadata_to = r->metadata_from + RW_METADATA_PER_REQUEST;
	rw->metadata_next = r->metadata_to < t->family_room ? r->metadata_to : 0;
	if (rw->metadata_next == 0)
		rw->metadata_due_ns = rw->now_ns + rw->options.metadata_interval_ms * ms_ns;
	rw->has_metadata_queued = true;
	rw_shard_queue(&rw->shards[0], r);
}

/* Once in a while the receiver may have learnt 2.0, and what it takes may have grown. */
static void look_around(struct remote_write *rw)
{
	if (rw->probe_at_ns && rw->now_ns >= rw->probe_at_ns && rw->is_confirmed) {
		rw->version = REMOTE_WRITE_2;
		rw->is_confirmed = false;
		rw->is_probing = true;
		rw->probe_at_ns = 0;
	}
	if (rw->cap_grows_at_ns && rw->now_ns >= rw->cap_grows_at_ns) {
		rw->raw_cap_bytes = 2 * rw->raw_cap_bytes < RW_RAW_BYTES ? 2 * rw->raw_cap_bytes : RW_RAW_BYTES;
		rw->cap_grows_at_ns = rw->raw_cap_bytes < RW_RAW_BYTES ? rw->now_ns + 3600 * INT64_C(1000) * ms_ns : 0;
	}
}

static int64_t close_when_due(struct rw_shard *shard, bool force)
{
	struct remote_write *rw = shard->rw;
	if (!shard->open)
		return INT64_MAX;
	if (!shard->open->opened_ns)
		shard->open->opened_ns = rw->now_ns;
	int64_t due = shard->open->opened_ns + rw->options.batch_send_deadline_ms * ms_ns;
	if (!force && rw->now_ns < due && shard->open->n < rw->options.max_samples_per_send && rw->shards_wanted == rw->shard_count)
		return due;
	rw_shard_close_open(shard);
	return INT64_MAX;
}

/* Between batches nothing big is kept. */
static void trim(struct remote_write *rw)
{
	struct buf *buffers[] = { &rw->raw, &rw->symbols, &rw->scratch, &rw->waiting };
	bool is_idle = remote_write_is_empty(rw);
	for (size_t i = 0; i < COUNT_OF(buffers); i++)
		if (is_idle || buffers[i]->room > ENCODER_KEEP_BYTES)
			buf_fini(buffers[i]);
	if (!is_idle)
		return;
	free(rw->window);
	rw->window = NULL;
}

int64_t remote_write_turn(struct remote_write *rw, int64_t now_ns, int64_t now_ms, bool force)
{
	int64_t next = INT64_MAX;
	rw->now_ns = now_ns;
	rw->now_ms = now_ms;
	look_around(rw);
	for (size_t i = 0; i < rw->shard_count; i++)
		if (rw->shards[i].reply.is_there)
			rw_send_answer(&rw->shards[i]);
	queue_metadata(rw);
	for (size_t i = 0; i < rw->shard_count; i++) {
		struct rw_shard *shard = &rw->shards[i];
		int64_t due = close_when_due(shard, force);
		rw_send_start(shard);
		next = due < next ? due : next;
		if (shard->first && !shard->is_flying && !shard->awaits_token && shard->retry_at_ns < next)
			next = shard->retry_at_ns;
	}
	rw_frames_settle(rw);
	rw_shards_adapt(rw);
	trim(rw);
	return next;
}

bool remote_write_is_empty(const struct remote_write *rw)
{
	for (size_t i = 0; i < rw->shard_count; i++)
		if (rw->shards[i].open || rw->shards[i].first)
			return false;
	return true;
}

static int64_t wall_of(const struct remote_write *rw, int64_t mono_ns)
{
	return rw->now_ms * ms_ns + (mono_ns - rw->now_ns);
}

void remote_write_status(const struct remote_write *rw, struct remote_write_status *out)
{
	*out = rw->status;
	for (size_t i = 0; i < rw->shard_count; i++) {
		const struct rw_shard *shard = &rw->shards[i];
		enum remote_write_state state = shard->state == RW_IDLE && shard->is_flying ? RW_SENDING : shard->state;
		if (state < out->state)
			continue;
		out->state = state;
		if (state > RW_SENDING && !shard->is_flying)
			out->retry_at_ns = wall_of(rw, shard->retry_at_ns);
	}
	out->version = rw->is_confirmed || rw->options.version != REMOTE_WRITE_AUTO ? rw->version : REMOTE_WRITE_AUTO;
	out->samples_pending = rw->pending;
	out->series = rw->table ? rw->table->count : 0;
	out->shards = rw->shard_count;
	out->shards_wanted = rw->shards_wanted;
}
