/* A limit of one stream (its rate, or the number of streams) must hold up that stream only. Its entries are taken out of the
 * piece and parked with a backoff of their own; everything else goes out again at once, since the answer was about the last
 * stream of the request only. Later batches are divided before they are sent, so a stream's order is kept and the refusal is
 * not provoked again with each of them.
 *
 * A stream that stays refused is sent in smaller parts: Loki refuses a request as a whole that is larger than its burst.
 *
 * Where lines are for several tenants, what the server says of one of them (its rate, that it is not let in, that it is blocked) holds up
 * that tenant only: all of its pieces are parked, one is tried when its time comes, and the others follow. */
#include "exporters/backoff.h"
#include "exporters/delivery.h"
#include "exporters/recut.h"

enum {
	PEELS_MAX = 64, /* in one round: beyond it the rest is parked as it is, and its next round goes on */
	SPLIT_AFTER = 3 /* attempts of a stream alone */
};
static const int64_t ms_ns = 1000000;

static uint64_t stream_hash(const struct piece *piece, struct str labels)
{
	return queue_stream(payload_tenant(&piece->payload), labels);
}

static int64_t retry_at(struct destination *d, unsigned attempts, int64_t asked_ms, int64_t now_ns)
{
	int64_t delay_ms = asked_ms > 0 ? asked_ms
				   : backoff_ms(attempts, d->options.endpoint.backoff_min_ms, d->options.endpoint.backoff_max_ms, &d->random);
	return now_ns + delay_ms * ms_ns;
}

/* Its pieces that are still in line wait behind it. */
static void park_tenant(struct destination *d, struct piece *piece, int64_t at_ns)
{
	struct str tenant = payload_tenant(&piece->payload);
	uint64_t hash = queue_tenant(tenant);
	queue_park(&d->queue, piece, hash, at_ns);
	for (struct piece *p = d->queue.first; p; p = p->next)
		if (!p->is_parked && str_eq(payload_tenant(&p->payload), tenant))
			queue_park(&d->queue, p, hash, at_ns);
}

void throttle_tenant(struct destination *d, struct piece *piece, enum destination_state state, int64_t delay_ms, int64_t now_ns)
{
	piece->attempts++;
	if (delay_ms < 0)
		delay_ms = backoff_ms(piece->attempts, d->options.endpoint.backoff_min_ms, d->options.endpoint.backoff_max_ms, &d->random);
	park_tenant(d, piece, now_ns + delay_ms * ms_ns);
	d->state = state; /* until another one is let in */
	d->retry_at_ns = 0;
}

/* The piece holds nothing but what is throttled, or is not worth taking apart now. */
static void park(struct destination *d, struct piece *piece, uint64_t hash, const struct push_reply *reply, int64_t now_ns)
{
	piece->attempts++;
	if (d->options.max_retries > 0 && piece->attempts > d->options.max_retries) {
		refusal_drop_all(d, piece, reply->reason);
		return;
	}
	queue_park(&d->queue, piece, hash, retry_at(d, piece->attempts, d->reply.retry_after_ms, now_ns));
	if (piece->attempts >= SPLIT_AFTER && piece->payload.lines > 1 && reply->reason == DROP_RATE_LIMITED)
		refusal_split(d, piece, now_ns);
}

/* By policy: what was refused is dropped now. Without a count it is the whole stream. */
static void drop_stream(struct destination *d, struct str message, const struct named_stream *stream,
			const struct push_reply *reply)
{
	bool is_exact = reply->has_count && reply->total == stream->lines;
	uint64_t refused = is_exact ? reply->ignored : stream->lines;
	if (refused)
		refusal_note(d, reply->reason, refused, stream->labels, refusal_sample(d, message, stream->labels, reply->reason));
	delivery_sent(d, stream->lines - refused);
}

static void divide(struct destination *d, struct piece *piece, struct str message, const struct named_stream *stream,
		   const struct push_reply *reply, int64_t now_ns)
{
	struct payload own = { 0 }, rest = { 0 };
	bool is_dropped = d->options.drop_rate_limited_batches;
	if (refusal_peel(piece, message, stream->labels, is_dropped ? NULL : &own, &rest) < 0) {
		delivery_failed(d, piece, DEST_BACKOFF, -1, now_ns);
		return;
	}
	piece->lot->peels++;
	if (is_dropped)
		drop_stream(d, message, stream, reply);
	queue_add_part(&d->queue, piece, &rest);
	struct piece *alone = queue_add_part(&d->queue, piece, &own);
	queue_done(&d->queue, piece);
	if (alone)
		park(d, alone, stream_hash(alone, stream->labels), reply, now_ns);
}

void throttle_answer(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns)
{
	struct buf message;
	struct named_stream stream = { 0 };
	bool is_open = payload_open(&piece->payload, &message) == 0;
	bool is_named = is_open && refusal_find_stream(d, buf_view(&message), reply->stream, &stream);
	bool is_alone = is_named && stream.lines == piece->payload.lines;
	if (!is_named && d->options.drop_rate_limited_batches)
		refusal_drop_all(d, piece, reply->reason);
	else if (!is_named && !piece->is_parked && d->has_tenants)
		throttle_tenant(d, piece, DEST_BACKOFF, d->reply.retry_after_ms > 0 ? d->reply.retry_after_ms : -1, now_ns);
	else if (!is_named && !piece->is_parked)
		delivery_failed(d, piece, DEST_BACKOFF, d->reply.retry_after_ms > 0 ? d->reply.retry_after_ms : -1, now_ns);
	else if (is_named && (d->options.drop_rate_limited_batches || (!is_alone && piece->lot->peels < PEELS_MAX)))
		divide(d, piece, buf_view(&message), &stream, reply, now_ns);
	else {
		piece->lot->peels = 0;
		park(d, piece, is_alone ? stream_hash(piece, stream.labels) : piece->stream_hash, reply, now_ns);
	}
	buf_fini(&message);
}

/* Which streams of a fresh piece are waiting already. */
struct waiting {
	const struct queue *queue;
	const struct piece *piece;
	struct str labels;    /* looked at last */
	bool is_waiting;
	uint64_t hash, found; /* found: the one stream, 0: none or several */
	size_t count;
};

static bool is_waiting(void *ctx, struct str labels, struct str entry, uint64_t index)
{
	struct waiting *w = ctx;
	(void)entry, (void)index;
	if (labels.p == w->labels.p)
		return w->is_waiting;
	w->labels = labels;
	w->hash = stream_hash(w->piece, labels);
	w->is_waiting = queue_holds_stream(w->queue, w->hash);
	if (w->is_waiting)
		w->found = ++w->count == 1 ? w->hash : 0;
	return w->is_waiting;
}

void throttle_divert(struct destination *d, struct piece *piece, int64_t now_ns)
{
	struct buf message;
	struct payload own, rest;
	struct waiting w = { .queue = &d->queue, .piece = piece };
	bool tenant_waits = d->has_tenants && queue_holds_stream(&d->queue, queue_tenant(payload_tenant(&piece->payload)));
	if (payload_open(&piece->payload, &message) == 0 &&
	    recut_divide(piece->payload.protocol, buf_view(&message), piece->payload.has_metadata, is_waiting, &w, &own, &rest) == 0) {
		if (own.lines == 0) {
			payload_free(&rest);
		} else {
			struct piece *parked = queue_add_part(&d->queue, piece, &own), *others = queue_add_part(&d->queue, piece, &rest);
			queue_park(&d->queue, parked, w.found, retry_at(d, 1, -1, now_ns));
			queue_done(&d->queue, piece);
			piece = others;
		}
	}
	if (piece && tenant_waits)
		queue_park(&d->queue, piece, queue_tenant(payload_tenant(&piece->payload)), retry_at(d, 1, -1, now_ns));
	buf_fini(&message);
}
