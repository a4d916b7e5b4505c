/* The outer side of a destination: lines come in, batches are sealed, marks go out.
 *
 * No clock and no thread: every decision is made in destination_turn with the time that it is given. An HTTP answer is only kept
 * when it arrives (delivery.c) and acted on in the next turn, so hooks are never called from inside another library.
 * Wall-clock times in the status are for people and decide nothing.
 *
 * Memory: the open batch, at most queue_batches sealed ones (compressed), and what is parked, which counts against the same
 * places. When they are taken, destination_has_room says so and the reader waits: the disk is the queue. */
#include "exporters/destination.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "exporters/delivery.h"
#include "parsers/bytes/hash.h"

enum {
	BATCH_BYTES_MAX = 3 * 1024 * 1024, /* Loki's 4 MiB gRPC message between its parts is the real ceiling */
	BATCH_BYTES_DEFAULT = 1024 * 1024,
	/* The open batch may grow this far beyond batch_bytes: one turn's entries are 512 KiB of log, or one record. It is a safety
	 * net against a record without bounds; memory is taken as it is needed. */
	OPEN_SLACK_BYTES = 64 * 1024 * 1024,
	REPLY_MAX = 256 * 1024,
};
static const int64_t ms_ns = 1000000, idle_ns = 10 * INT64_C(1000000000);

const char *const destination_state_names[DEST_STATES] = {
	[DEST_IDLE] = "ok",
	[DEST_SENDING] = "sending",
	[DEST_BACKOFF] = "backoff",
	[DEST_HOLD_AUTH] = "unauthorized",
	[DEST_HOLD_BLOCKED] = "blocked",
};

static void wake(void *ctx)
{
	struct destination *d = ctx;
	if (d->hooks.wake)
		d->hooks.wake(d->hooks.ctx);
}

static void set_defaults(struct destination_options *o)
{
	o->protocol = o->protocol ? o->protocol : &log_protocol_loki;
	o->batch_bytes = o->batch_bytes ? o->batch_bytes : BATCH_BYTES_DEFAULT;
	o->batch_bytes = o->batch_bytes > BATCH_BYTES_MAX ? BATCH_BYTES_MAX : o->batch_bytes;
	o->queue_batches = o->queue_batches ? o->queue_batches : 4;
	o->endpoint.timeout_ms = o->endpoint.timeout_ms > 0 ? o->endpoint.timeout_ms : 10000;
	o->batch_wait_ms = o->batch_wait_ms > 0 ? o->batch_wait_ms : 1000;
	o->endpoint.backoff_min_ms = o->endpoint.backoff_min_ms > 0 ? o->endpoint.backoff_min_ms : 500;
	o->endpoint.backoff_max_ms = o->endpoint.backoff_max_ms > 0 ? o->endpoint.backoff_max_ms : 30000;
}

struct destination *destination_new(const struct destination_options *options, struct http *http, struct drops *drops,
				    const struct destination_hooks *hooks, char err[256])
{
	char shown[1024];
	if (!endpoint_check(&options->endpoint, NULL, 0, shown, sizeof shown, err))
		return NULL;
	struct destination *d = calloc(1, sizeof *d);
	char *url = strdup(shown);
	if (!d || !url)
		abort();
	d->options = *options;
	set_defaults(&d->options);
	d->http = http;
	d->drops = drops;
	d->hooks = *hooks;
	d->status.name = options->endpoint.name;
	d->status.tenant = options->endpoint.tenant_id;
	d->status.url = str_of(url);
	d->random = hash_u64((uint64_t)(uintptr_t)d ^ hash_bytes(options->endpoint.name) ^ (uint64_t)time(NULL)) | 1;
	/* Ids of open batches differ between destinations as a rule; batch.c does not rely on it. */
	batch_open(&d->open, d->options.protocol, hash_u64((uint64_t)(uintptr_t)d), d->options.batch_bytes + OPEN_SLACK_BYTES);
	buf_init(&d->reply.body, REPLY_MAX);
	d->credentials = credentials_new(&d->options.endpoint, http, wake, d);
	return d;
}

void destination_free(struct destination *d)
{
	if (!d)
		return;
	if (d->call)
		http_cancel(d->http, d->call);
	credentials_free(d->credentials);
	queue_fini(&d->queue);
	batch_close(&d->open);
	if (d->open_lot)
		lot_free(d->open_lot);
	if (d->idle_lot)
		lot_free(d->idle_lot);
	buf_fini(&d->reply.body);
	char *url;
	memcpy(&url, &d->status.url.p, sizeof url);
	free(url);
	free(d);
}

static bool queue_has_place(const struct destination *d)
{
	return d->queue.lots_in_line + d->queue.parked_bytes / d->options.batch_bytes < d->options.queue_batches;
}

bool destination_has_room(const struct destination *d)
{
	return batch_bytes(&d->open) < d->options.batch_bytes && queue_has_place(d);
}

void destination_append(struct destination *d, struct log_stream *stream, const struct record *record, int64_t now_ns)
{
	if (d->open.lines == 0)
		d->opened_ns = now_ns;
	d->last_append_ns = now_ns;
	d->has_memory = true;
	d->status.lines_appended++;
	if (!batch_append(&d->open, stream, record, d->options.send_structured_metadata && !d->no_metadata))
		refusal_note(d, DROP_LINE_TOO_LONG, 1, stream->labels, (struct str){ 0 });
}

bool destination_takes(const struct destination *d, const struct log_stream *stream)
{
	struct str tenant = log_stream_tenant(stream);
	if (d->queue.parked_count == 0)
		return true;
	return !queue_holds_stream(&d->queue, queue_stream(tenant, stream->labels)) &&
	       !(d->has_tenants && queue_holds_stream(&d->queue, queue_tenant(tenant)));
}

static struct lot *lot_new(void)
{
	struct lot *lot = calloc(1, sizeof *lot);
	if (!lot)
		abort();
	return lot;
}

void destination_mark(struct destination *d, void *mark)
{
	struct lot **lot = d->open.lines ? &d->open_lot : d->queue.newest ? &d->queue.newest : &d->idle_lot;
	if (!*lot)
		*lot = lot_new();
	marks_add(*lot, mark);
}

static void seal(struct destination *d, int64_t now_ns)
{
	struct payload *payloads;
	size_t count = batch_seal_tenants(&d->open, &payloads);
	if (count == 0) { /* no memory: again a little later */
		d->opened_ns = now_ns - (d->options.batch_wait_ms - 100) * ms_ns;
		return;
	}
	struct lot *lot = d->open_lot ? d->open_lot : lot_new();
	d->open_lot = NULL;
	for (size_t i = 0; i < count; i++) {
		d->has_tenants |= payloads[i].tenant_bytes > 0;
		struct piece *piece = queue_add(&d->queue, &payloads[i], lot);
		if (d->queue.parked_count)
			throttle_divert(d, piece, now_ns);
	}
	free(payloads);
}

static bool is_due(const struct destination *d, int64_t now_ns, bool force)
{
	if (d->open.lines == 0 || !queue_has_place(d))
		return false;
	return force || batch_bytes(&d->open) >= d->options.batch_bytes ||
	       now_ns - d->opened_ns >= d->options.batch_wait_ms * ms_ns;
}

static void settle(struct destination *d, struct lot *lot)
{
	for (size_t i = 0; i < lot->mark_count; i++)
		d->hooks.settled(d->hooks.ctx, lot->marks[i]);
	lot_free(lot);
}

static void settle_done(struct destination *d)
{
	struct lot *idle = d->idle_lot;
	d->idle_lot = NULL;
	if (idle)
		settle(d, idle);
	for (struct lot *lot; (lot = queue_take_settled(&d->queue));)
		settle(d, lot);
}

/* An idle destination keeps nothing big. */
static void trim(struct destination *d, int64_t now_ns)
{
	if (!d->has_memory || d->open.lines || d->queue.first || now_ns - d->last_append_ns < idle_ns)
		return;
	batch_trim(&d->open);
	buf_fini(&d->reply.body);
	d->has_memory = false;
}

static int64_t next_deadline(const struct destination *d)
{
	int64_t at = INT64_MAX;
	if (d->open.lines && queue_has_place(d))
		at = d->opened_ns + d->options.batch_wait_ms * ms_ns;
	if (!d->flying && !d->awaits_token && d->queue.first) {
		int64_t due = queue_due_ns(&d->queue);
		due = due > d->retry_at_ns ? due : d->retry_at_ns;
		at = due < at ? due : at;
	}
	if (d->has_memory && !d->open.lines && !d->queue.first && d->last_append_ns + idle_ns < at)
		at = d->last_append_ns + idle_ns;
	return at;
}

int64_t destination_turn(struct destination *d, int64_t now_ns, bool force)
{
	if (d->reply.is_there)
		delivery_answer(d, now_ns);
	if (is_due(d, now_ns, force))
		seal(d, now_ns);
	if (!d->flying)
		delivery_start(d, now_ns);
	settle_done(d);
	trim(d, now_ns);
	return next_deadline(d);
}

bool destination_is_empty(const struct destination *d)
{
	return d->open.lines == 0 && !d->queue.first;
}

static int64_t wall_ns(int64_t mono_ns)
{
	struct timespec mono, wall;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	int64_t now = mono.tv_sec * INT64_C(1000000000) + mono.tv_nsec;
	return wall.tv_sec * INT64_C(1000000000) + wall.tv_nsec + (mono_ns - now);
}

void destination_status(const struct destination *d, struct destination_status *out)
{
	*out = d->status;
	out->state = d->state == DEST_IDLE && d->flying ? DEST_SENDING : d->state;
	int64_t at_ns = d->retry_at_ns ? d->retry_at_ns : queue_due_ns(&d->queue); /* 0: only tenants wait */
	out->retry_at_ns = d->state == DEST_IDLE || d->flying || at_ns == INT64_MAX || at_ns < 0 ? 0 : wall_ns(at_ns);
	out->lines_pending = d->open.lines + d->queue.lines;
	out->batches_queued = d->queue.lots_in_line;
	out->streams_parked = d->queue.parked_count;
}
