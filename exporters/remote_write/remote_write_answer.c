/* What is done about an answer.
 *
 * Given up is only what the receiver refuses as such. Credentials and addresses that are wrong hold everything and are tried again every
 * half a minute: the specifications forbid to retry at once, and a typing error in a deployment should not cost samples.
 *
 * Versions: without a choice in the configuration 2.0 is tried first. A receiver that does not know it says 415, or takes the request for
 * an empty one of 1.0 and answers 2xx without the headers that 2.0 demands, or (1.x of the specification) 400. The first two are known for
 * sure, so the same samples go out as 1.0 at once; after a 400, which may be about the samples, only after a pause: whoever sends that
 * does not want to be asked twice in a row. What works is remembered and 2.0 tried again once an hour. */
#include <stdio.h>
#include <stdlib.h>

#include "exporters/backoff.h"
#include "exporters/otlp/otlp_reply.h"
#include "exporters/remote_write/remote_write_state.h"

enum {
	HOLD_MIN_MS = 30000,
	HOLD_MAX_MS = 36000,
	DOUBT_MS = 10000,      /* before another version after a 400, and before the halves of a request after a 413 */
	JITTER_PERCENT = 10,
	RAW_BYTES_MIN = 4096,
	METADATA_ATTEMPTS = 3
};
static const int64_t ms_ns = 1000000, probe_ns = INT64_C(3600) * 1000000000, cap_ns = INT64_C(3600) * 1000000000;

/* Doubling up to the maximum, give or take a tenth: each wait is at least 0.8 times the one before. */
static int64_t backoff_delay_ms(const struct rw_shard *shard, uint64_t *random)
{
	const struct endpoint_options *o = &shard->rw->options.endpoint;
	int64_t step = o->backoff_min_ms;
	for (unsigned i = 1; i < shard->failures && step < o->backoff_max_ms; i++)
		step *= 2;
	step = step < o->backoff_max_ms ? step : o->backoff_max_ms;
	int64_t jitter = step * JITTER_PERCENT / 100;
	return backoff_between(step - jitter, step + jitter, random);
}

/* delay_ms -1: back off, or hold as long as its state wants. */
void rw_wait(struct rw_shard *shard, enum remote_write_state state, int64_t delay_ms)
{
	struct remote_write *rw = shard->rw;
	shard->failures++;
	shard->state = state;
	if (delay_ms < 0)
		delay_ms = state == RW_HOLD_AUTH ? backoff_between(HOLD_MIN_MS, HOLD_MAX_MS, &rw->random)
						 : backoff_delay_ms(shard, &rw->random);
	shard->retry_at_ns = rw->now_ns + delay_ms * ms_ns;
}

static void all_is_well(struct rw_shard *shard)
{
	shard->failures = 0;
	shard->state = RW_IDLE;
	shard->retry_at_ns = 0;
}

void rw_take_out(struct rw_shard *shard)
{
	struct rw_request *r = shard->first;
	shard->first = r->next;
	if (!shard->first)
		shard->last = NULL;
	shard->queued--;
	if (r->is_metadata)
		shard->rw->has_metadata_queued = false;
	rw_request_done(shard->rw, r);
}

/* One row of the ring for a request: its first series stands for all. */
static void note(struct remote_write *rw, const struct rw_request *r, enum sample_drop reason, uint64_t samples)
{
	static const enum drop_reason as_drop[SAMPLE_DROPS] = {
		[SAMPLE_DROP_REJECTED] = DROP_REJECTED,          [SAMPLE_DROP_OUT_OF_ORDER] = DROP_OUT_OF_ORDER,
		[SAMPLE_DROP_DUPLICATE] = DROP_REJECTED,         [SAMPLE_DROP_TOO_OLD] = DROP_TOO_OLD,
		[SAMPLE_DROP_TOO_LARGE] = DROP_REQUEST_TOO_LARGE, [SAMPLE_DROP_RATE_LIMITED] = DROP_RATE_LIMITED,
		[SAMPLE_DROP_PARTIAL_SUCCESS] = DROP_PARTIAL_SUCCESS,
	};
	struct drop drop = { .at_ns = rw_wall_ns(), .reason = as_drop[reason], .lines = samples };
	if (!rw->drops || r->n == 0)
		return;
	const struct rw_item *item = &r->items[0];
	struct rw_series *s = &r->table->series[item->series & ~RW_HISTOGRAM];
	rw_series_to_labels(r->table, s);
	struct str bytes = { r->table->labels.p + s->at, s->n };
	struct labels labels = { 0 };
	struct label one;
	struct buf text;
	buf_init(&text, 64 * 1024);
	while (rw_label_next(&bytes, &one))
		labels_set(&labels, one.name, one.value);
	labels_print(&labels, &text);
	drop.timestamp_ns = item->ms * ms_ns;
	drops_text(drop.destination, sizeof drop.destination, rw->options.endpoint.name);
	drops_text(drop.labels, sizeof drop.labels, buf_view(&text));
	drops_text(drop.error, sizeof drop.error, str_of(rw->status.last_error));
	drops_add(rw->drops, &drop);
	labels_fini(&labels);
	buf_fini(&text);
}

/* `written` of its samples are stored, the others are given up. */
static void finish(struct rw_shard *shard, uint64_t written, uint64_t exemplars, enum sample_drop reason)
{
	struct remote_write *rw = shard->rw;
	struct rw_request *r = shard->first;
	struct remote_write_status *status = &rw->status;
	written = written < r->n ? written : r->n;
	exemplars = exemplars < r->exemplars ? exemplars : r->exemplars;
	status->samples_sent += written;
	status->samples_dropped[reason] += r->n - written;
	status->exemplars_sent += exemplars;
	status->exemplars_dropped += r->exemplars - exemplars;
	if (written == r->n) {
		status->histograms_sent += r->histograms;
		status->newest_sent_ms = r->n && r->newest_ms > status->newest_sent_ms ? r->newest_ms : status->newest_sent_ms;
	} else {
		note(rw, r, reason, r->n - written);
	}
	rw_take_out(shard);
}

void rw_give_up(struct rw_shard *shard, enum sample_drop reason)
{
	finish(shard, 0, 0, reason);
}

static bool has_written(const struct rw_shard *shard)
{
	for (size_t i = 0; i < RW_WRITTEN; i++)
		if (shard->reply.written[i] >= 0)
			return true;
	return false;
}

/* Floats and histograms that the receiver says it has stored. */
static uint64_t written_of(const struct rw_shard *shard)
{
	int64_t samples = shard->reply.written[RW_WRITTEN_SAMPLES], histograms = shard->reply.written[RW_WRITTEN_HISTOGRAMS];
	return (uint64_t)(samples > 0 ? samples : 0) + (uint64_t)(histograms > 0 ? histograms : 0);
}

/* Samples that an OTLP receiver has taken. It counts the data points that it has refused; of a histogram, which is many samples, one is
 * counted, because nobody says which were meant, unless it has refused them all. */
static uint64_t taken_of(const struct rw_shard *shard, struct str *says)
{
	uint64_t refused;
	const struct rw_request *r = shard->first;
	if (!otlp_partial_success(buf_view(&shard->reply.body), &refused, says))
		return r->n;
	if (refused && says->n == 0)
		*says = STR("no reason is given");
	return refused >= r->points ? 0 : r->n - refused;
}

static bool may_change(const struct remote_write *rw)
{
	return rw->options.version == REMOTE_WRITE_AUTO;
}

static enum remote_write_version other(enum remote_write_version v)
{
	return v == REMOTE_WRITE_2 ? REMOTE_WRITE_1 : REMOTE_WRITE_2;
}

/* From now on the other version, for all that waits. */
static void change_version(struct rw_shard *shard)
{
	struct remote_write *rw = shard->rw;
	enum remote_write_version was = shard->first->body_version;
	shard->first->was_refused[was] = true;
	if (rw->version != was) /* another shard has changed it already */
		return;
	rw->version = other(was);
	rw->is_confirmed = false;
	rw->is_probing = false;
	rw->status.fallbacks += was == REMOTE_WRITE_2;
	rw->probe_at_ns = rw->version == REMOTE_WRITE_1 ? rw->now_ns + probe_ns : 0;
	rw->metadata_due_ns = 0;
}

static void on_accepted(struct rw_shard *shard)
{
	struct remote_write *rw = shard->rw;
	struct rw_request *r = shard->first;
	bool is_2 = r->body_version == REMOTE_WRITE_2;
	uint64_t written = r->n, exemplars = r->exemplars;
	struct str says = { 0 };
	all_is_well(shard);
	if (is_2 && !has_written(shard)) {
		rw_set_error(rw, "", STR("the receiver does not know remote-write 2.0: it took the request for an empty one"));
		if (may_change(rw)) {
			change_version(shard);
			return;
		}
		written = exemplars = 0;
	} else if (is_2) {
		written = written_of(shard);
		exemplars = shard->reply.written[RW_WRITTEN_EXEMPLARS] > 0 ? (uint64_t)shard->reply.written[RW_WRITTEN_EXEMPLARS] : 0;
	} else if (r->body_version == REMOTE_WRITE_OTLP) {
		written = taken_of(shard, &says);
	}
	if (r->body_version == rw->version) {
		rw->is_confirmed = true;
		rw->is_probing = false;
	}
	if (says.n) {
		rw_set_error(rw, written < r->n ? "partial success: " : "a remark: ", says);
		rw->status.last_success_ns = rw_wall_ns();
	} else if (written >= r->n) {
		rw->status.last_error[0] = '\0';
		rw->status.last_success_ns = rw_wall_ns();
	} else if (!is_2 || has_written(shard)) {
		char text[128];
		snprintf(text, sizeof text, "the receiver has stored %llu of %u samples", (unsigned long long)written, r->n);
		rw_set_error(rw, "", str_of(text));
	}
	rw->status.metadata_sent += r->metadata_count;
	finish(shard, written, exemplars, r->body_version == REMOTE_WRITE_OTLP && written < r->n ? SAMPLE_DROP_PARTIAL_SUCCESS : SAMPLE_DROP_REJECTED);
}

/* Retry-After exactly, or -1: back off. Zero is "no idea when", not "at once". */
static int64_t asked_delay_ms(const struct rw_shard *shard)
{
	return shard->reply.retry_after_ms > 0 ? shard->reply.retry_after_ms : -1;
}

static void on_retry(struct rw_shard *shard)
{
	rw_wait(shard, RW_BACKOFF, asked_delay_ms(shard));
	/* Texts are sent again in a minute anyway; samples do not wait behind them for a receiver that cannot take them. */
	if (shard->first->is_metadata && shard->first->attempts >= METADATA_ATTEMPTS)
		rw_take_out(shard);
}

static void on_rate_limited(struct rw_shard *shard)
{
	if (shard->rw->options.retry_on_http_429)
		on_retry(shard);
	else
		rw_give_up(shard, SAMPLE_DROP_RATE_LIMITED);
}

static void on_refused(struct rw_shard *shard);

static void on_unsupported(struct rw_shard *shard)
{
	struct rw_request *r = shard->first;
	if (!may_change(shard->rw)) {
		on_refused(shard);
		return;
	}
	bool is_last = r->was_refused[other(r->body_version)];
	change_version(shard);
	if (is_last) { /* neither: this is not a receiver; somebody has to look at the address */
		memset(r->was_refused, 0, sizeof r->was_refused);
		rw_wait(shard, RW_HOLD_AUTH, -1);
	}
}

static void on_unauthorized(struct rw_shard *shard)
{
	bool has_others = credentials_refused(shard->rw->credentials, shard->rw->now_ns);
	rw_wait(shard, RW_HOLD_AUTH, has_others ? 0 : -1);
}

static void on_misplaced(struct rw_shard *shard)
{
	/* A receiver that was never heard of may have no place for this version. */
	bool was_probing = shard->rw->is_probing;
	if (may_change(shard->rw) && !shard->rw->is_confirmed && !has_written(shard))
		change_version(shard);
	if (!was_probing)
		rw_wait(shard, RW_HOLD_AUTH, -1);
}

/* What follows is made small enough from the start; the two halves of this one go out after a pause. */
static void on_too_large(struct rw_shard *shard)
{
	struct remote_write *rw = shard->rw;
	struct rw_request *r = shard->first;
	if (r->n < 2) {
		all_is_well(shard);
		rw_give_up(shard, SAMPLE_DROP_TOO_LARGE);
		return;
	}
	size_t half = r->estimate_bytes / 2;
	if (half < rw->raw_cap_bytes)
		rw->raw_cap_bytes = half > RAW_BYTES_MIN ? half : RAW_BYTES_MIN;
	rw->cap_grows_at_ns = rw->now_ns + cap_ns;
	rw_shard_split(shard, r->n / 2);
	rw_wait(shard, RW_BACKOFF, r->attempts > 1 ? 0 : DOUBT_MS);
}

static void on_refused(struct rw_shard *shard)
{
	struct remote_write *rw = shard->rw;
	struct rw_request *r = shard->first;
	bool is_2 = r->body_version == REMOTE_WRITE_2;
	all_is_well(shard);
	if (is_2 && may_change(rw) && !rw->is_confirmed && !has_written(shard) && !r->was_refused[REMOTE_WRITE_1]) {
		bool was_probing = rw->is_probing; /* 1.0 is known to work */
		change_version(shard);
		if (!was_probing)
			rw_wait(shard, RW_BACKOFF, DOUBT_MS);
		return;
	}
	rw->is_confirmed |= is_2 && has_written(shard) && rw->version == REMOTE_WRITE_2;
	int64_t exemplars = shard->reply.written[RW_WRITTEN_EXEMPLARS];
	finish(shard, is_2 ? written_of(shard) : 0, is_2 && exemplars > 0 ? (uint64_t)exemplars : 0,
	       rw_reply_reason(buf_view(&shard->reply.body)));
}

static void (*const answers[RW_ACTIONS])(struct rw_shard *shard) = {
	[RW_ACCEPTED] = on_accepted,
	[RW_RETRY] = on_retry,
	[RW_RATE_LIMITED] = on_rate_limited,
	[RW_UNSUPPORTED] = on_unsupported,
	[RW_UNAUTHORIZED] = on_unauthorized,
	[RW_MISPLACED] = on_misplaced,
	[RW_TOO_LARGE] = on_too_large,
	[RW_REFUSED] = on_refused,
};

void rw_answer(struct rw_shard *shard, enum rw_action action)
{
	answers[action](shard);
}
