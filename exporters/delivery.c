/* One request at a time. The oldest piece goes first; a parked one passes when its time has come. The answer decides by table.
 *
 * Nothing is ever given up because of time or count, unless max_retries says so: a server that is away, full, blocked or
 * misconfigured costs waiting, not lines. What a server refuses for good is counted under its reason (refusal.c).
 *
 * After a long failure there is no special probe: one request at a time is the probe. */
#include "exporters/delivery.h"

#include <stdio.h>
#include <time.h>

#include "exporters/backoff.h"
#include "exporters/recut.h"

enum {
	HEADERS_MAX = 40,
	REPLY_KEEP = 4096,
	BLOCKED_MIN_MS = 20000,
	BLOCKED_MAX_MS = 40000,
	SPLIT_AFTER = 2, /* failed attempts of a request that is larger than a second's allowance */
	BATCH_BYTES_MIN = 64 * 1024
};
static const int64_t ms_ns = 1000000;

static int64_t wall_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void set_error(struct destination *d, const char *prefix, struct str text)
{
	endpoint_error(d->credentials, prefix, str_take(text, 900), d->status.last_error, sizeof d->status.last_error);
	d->status.last_error_ns = wall_now_ns();
}

static void on_reply(void *ctx, const struct http_reply *reply)
{
	struct destination *d = ctx;
	d->call = NULL;
	d->reply.is_there = true;
	d->reply.status = reply->status;
	d->reply.retry_after_ms = reply->retry_after_ms;
	d->reply.is_cut = reply->body.n >= d->reply.body.cap_bytes;
	buf_reset(&d->reply.body);
	buf_str(&d->reply.body, reply->body);
	snprintf(d->reply.error, sizeof d->reply.error, "%s", reply->error);
	if (d->hooks.wake)
		d->hooks.wake(d->hooks.ctx);
}

void delivery_failed(struct destination *d, struct piece *piece, enum destination_state state, int64_t delay_ms, int64_t now_ns)
{
	if (piece)
		piece->attempts++;
	d->failures++;
	d->state = state;
	if (delay_ms < 0)
		delay_ms = backoff_ms(d->failures, d->options.endpoint.backoff_min_ms, d->options.endpoint.backoff_max_ms, &d->random);
	d->retry_at_ns = now_ns + delay_ms * ms_ns;
}

void delivery_sent(struct destination *d, uint64_t lines)
{
	d->status.lines_sent += lines;
}

static void send_piece(struct destination *d, struct piece *piece, int64_t now_ns)
{
	struct endpoint_options o = d->options.endpoint;
	struct str headers[HEADERS_MAX], for_whom = payload_tenant(&piece->payload);
	size_t own = 0;
	headers[own++] = d->options.protocol->content_type;
	if (d->options.protocol->content_encoding.n)
		headers[own++] = d->options.protocol->content_encoding;
	struct buf tenant;
	if (for_whom.n)
		o.tenant_id = for_whom;
	buf_init(&tenant, o.tenant_id.n + 64);
	struct http_request request = endpoint_request(&o, &d->tls_files, now_ns);
	request.headers = headers;
	request.header_count = endpoint_headers(&o, credentials_header(d->credentials), headers, own, HEADERS_MAX, &tenant);
	request.body = (struct str){ piece->payload.body, piece->payload.n };
	request.max_reply_bytes = d->reply.body.cap_bytes;
	d->call = http_start(d->http, &request, on_reply, d);
	buf_fini(&tenant);
	if (!d->call) {
		set_error(d, "", STR("the request cannot be sent: check url, headers, tenant_id and TLS options"));
		delivery_failed(d, piece, DEST_HOLD_AUTH, -1, now_ns);
		return;
	}
	d->flying = piece;
	d->status.requests++;
	d->status.retries += piece->was_sent;
	d->status.encoded_bytes += piece->was_sent ? 0 : piece->payload.n;
	d->sent_at_ns = now_ns;
	d->status.wire_bytes += piece->payload.n;
	d->status.raw_bytes += piece->payload.raw_bytes;
	piece->was_sent = true;
}

/* The same entries without metadata, in place. */
static bool strip(struct destination *d, struct piece *piece)
{
	struct payload bare;
	if (recut_strip(&piece->payload, &bare) < 0)
		return false;
	d->queue.parked_bytes -= piece->is_parked ? piece->payload.raw_bytes - bare.raw_bytes : 0;
	payload_set_tenant(&bare, payload_tenant(&piece->payload));
	payload_free(&piece->payload);
	piece->payload = bare;
	return true;
}

static bool is_bare(const struct destination *d, struct str tenant)
{
	bool is_known = d->no_metadata;
	for (size_t i = 0; i < d->bare_count && !is_known; i++)
		is_known = d->bare[i] == queue_tenant(tenant);
	return is_known;
}

void delivery_start(struct destination *d, int64_t now_ns)
{
	if (now_ns < d->retry_at_ns)
		return;
	struct piece *piece = queue_next(&d->queue, now_ns);
	if (!piece)
		return;
	if (piece->payload.has_metadata && is_bare(d, payload_tenant(&piece->payload)) && !strip(d, piece)) {
		set_error(d, "", STR("no memory to encode a batch again"));
		delivery_failed(d, NULL, DEST_BACKOFF, -1, now_ns);
		return;
	}
	d->awaits_token = false;
	switch (credentials_prepare(d->credentials, now_ns)) {
	case CREDENTIALS_READY:
		send_piece(d, piece, now_ns);
		return;
	case CREDENTIALS_FAILED:
		set_error(d, "", str_of(credentials_error(d->credentials)));
		delivery_failed(d, NULL, DEST_HOLD_AUTH, -1, now_ns);
		return;
	case CREDENTIALS_WAITING:
		d->awaits_token = true;
		return;
	}
}

typedef void answer(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns);

/* Retry-After exactly, or -1: back off. Zero is "no idea when", not "hammer on". */
static int64_t asked_delay_ms(const struct destination *d)
{
	return d->reply.retry_after_ms > 0 ? d->reply.retry_after_ms : -1;
}

static void accept_lines(struct destination *d, struct piece *piece, uint64_t lines)
{
	delivery_sent(d, lines);
	d->status.accepted_bytes += piece->payload.n;
	queue_done(&d->queue, piece);
	d->failures = 0;
	d->state = DEST_IDLE;
	d->retry_at_ns = 0;
	d->status.last_success_ns = wall_now_ns();
}

static void on_accepted(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns)
{
	(void)reply, (void)now_ns;
	accept_lines(d, piece, piece->payload.lines);
	d->status.last_error[0] = '\0';
}

/* Some of its lines are refused; nobody says which. What was said stays to be read. */
static void on_partial(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns)
{
	uint64_t lines = piece->payload.lines, refused = reply->ignored < lines ? reply->ignored : lines;
	(void)now_ns;
	if (refused)
		refusal_note(d, reply->reason, refused, (struct str){ 0 }, (struct str){ 0 });
	accept_lines(d, piece, lines - refused);
}

/* An answer that is about the tenant, as far as can be told: where there are several, the others go on. */
static void refused(struct destination *d, struct piece *piece, enum destination_state state, int64_t delay_ms, int64_t now_ns)
{
	if (d->has_tenants)
		throttle_tenant(d, piece, state, delay_ms, now_ns);
	else
		delivery_failed(d, piece, state, delay_ms, now_ns);
}

static void drop_worn_out(struct destination *d, struct piece *piece, const struct push_reply *reply)
{
	if (d->options.max_retries > 0 && piece->attempts > d->options.max_retries)
		refusal_drop_all(d, piece, reply->reason);
}

static void on_retry(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns)
{
	delivery_failed(d, piece, DEST_BACKOFF, asked_delay_ms(d), now_ns);
	drop_worn_out(d, piece, reply);
}

static void on_rate_limited(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns)
{
	if (d->options.drop_rate_limited_batches) {
		refusal_drop_all(d, piece, reply->reason);
		return;
	}
	bool is_too_much = reply->limit_bytes && reply->tried_bytes > reply->limit_bytes && piece->payload.lines > 1;
	bool is_split = is_too_much && piece->attempts >= SPLIT_AFTER;
	refused(d, piece, DEST_BACKOFF, asked_delay_ms(d), now_ns);
	if (is_split)
		refusal_split(d, piece, now_ns);
	else
		drop_worn_out(d, piece, reply);
}

/* The parts of a piece that has been tried often enough are not tried as often again. */
static void on_doubtful(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns)
{
	if (piece->attempts < REPLY_DOUBTS_MAX && piece->lot->bisects == 0) {
		on_retry(d, piece, reply, now_ns);
		return;
	}
	d->failures = 0;
	d->state = DEST_IDLE;
	d->retry_at_ns = 0;
	refusal_sort_out(d, piece, reply, now_ns);
}

static void on_no_metadata(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns)
{
	struct str tenant = payload_tenant(&piece->payload);
	if (!d->has_tenants || (d->bare_count == BARE_TENANTS_MAX && !is_bare(d, tenant)))
		d->no_metadata = true; /* delivery_start does the rest, for this piece and for all that are waiting */
	else if (!is_bare(d, tenant))
		d->bare[d->bare_count++] = queue_tenant(tenant);
	if (!piece->payload.has_metadata)
		refusal_sort_out(d, piece, reply, now_ns);
}

static void on_too_large(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns)
{
	size_t half = piece->payload.raw_bytes / 2;
	if (piece->payload.lines == 1) {
		refusal_drop_all(d, piece, reply->reason);
		return;
	}
	if (d->options.protocol->learns_size && half < d->options.batch_bytes)
		d->options.batch_bytes = half > BATCH_BYTES_MIN ? half : BATCH_BYTES_MIN;
	refusal_split(d, piece, now_ns);
}

static void on_invalid(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns)
{
	(void)now_ns;
	refusal_drop_all(d, piece, reply->reason);
}

static void on_hold(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns)
{
	(void)reply;
	bool has_others = credentials_refused(d->credentials, now_ns);
	refused(d, piece, DEST_HOLD_AUTH, has_others ? 0 : asked_delay_ms(d), now_ns);
}

static void on_blocked(struct destination *d, struct piece *piece, const struct push_reply *reply, int64_t now_ns)
{
	(void)reply;
	refused(d, piece, DEST_HOLD_BLOCKED, backoff_between(BLOCKED_MIN_MS, BLOCKED_MAX_MS, &d->random), now_ns);
}

static answer *const answers[REPLY_ACTIONS] = {
	[REPLY_RETRY] = on_retry,
	[REPLY_ACCEPTED] = on_accepted,
	[REPLY_PARTIAL] = on_partial,
	[REPLY_RATE_LIMITED] = on_rate_limited,
	[REPLY_THROTTLED] = throttle_answer,
	[REPLY_REFUSED] = refusal_sort_out,
	[REPLY_DOUBTFUL] = on_doubtful,
	[REPLY_NO_METADATA] = on_no_metadata,
	[REPLY_TOO_LARGE] = on_too_large,
	[REPLY_INVALID] = on_invalid,
	[REPLY_HOLD] = on_hold,
	[REPLY_BLOCKED] = on_blocked,
};

/* A server that answers about single streams or entries is up: what was wrong with the destination is over. */
static bool is_about_a_part(enum reply_action action)
{
	return action == REPLY_THROTTLED || action == REPLY_REFUSED || action == REPLY_NO_METADATA || action == REPLY_TOO_LARGE ||
	       action == REPLY_INVALID;
}

/* What the server said, and to whom; and where it says that it has no such path, which one it should have been. */
static void show_answer(struct destination *d, const struct piece *piece)
{
	const struct log_protocol *protocol = d->options.protocol;
	char prefix[256 + LOG_TENANT_MAX];
	struct str tenant = payload_tenant(&piece->payload);
	struct str words = buf_view(&d->reply.body);
	if (protocol->reply_text)
		words = protocol->reply_text(d->reply.status, words);
	if (d->reply.status == 404)
		snprintf(prefix, sizeof prefix, "404, " STR_FMT ": ", STR_ARG(protocol->not_found));
	else
		snprintf(prefix, sizeof prefix, "%d%s" STR_FMT ": ", d->reply.status, tenant.n ? " for tenant " : "", STR_ARG(tenant));
	set_error(d, d->reply.status ? prefix : "", d->reply.status ? words : str_of(d->reply.error));
}

void delivery_answer(struct destination *d, int64_t now_ns)
{
	struct piece *piece = d->flying;
	struct str body = buf_view(&d->reply.body);
	struct push_reply reply = d->options.protocol->reply(d->reply.status, body);
	d->flying = NULL;
	d->reply.is_there = false;
	d->status.last_status = d->reply.status;
	request_times_add(&d->status.times, d->reply.status, now_ns - d->sent_at_ns);
	size_t class = d->reply.status > 0 ? (size_t)d->reply.status / 100 : 0;
	d->status.requests_by_class[class < COUNT_OF(d->status.requests_by_class) ? class : 0]++;
	if (reply.action != REPLY_ACCEPTED)
		show_answer(d, piece);
	if (is_about_a_part(reply.action)) {
		d->failures = 0;
		d->state = DEST_IDLE;
		d->retry_at_ns = 0;
	}
	answers[reply.action](d, piece, &reply, now_ns);
	if (d->reply.body.room > REPLY_KEEP)
		buf_fini(&d->reply.body);
}
