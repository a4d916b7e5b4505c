/* One request at a time per shard: the oldest one is encoded in the version that is spoken now, compressed once, and sent until it is
 * settled; retries are the same bytes. The answer is only kept when it arrives and acted on in the next turn. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "exporters/remote_write/remote_write_state.h"
#include "exporters/otlp/otlp_reply.h"
#include "exporters/pack.h"

enum { HEADERS_MAX = 48, REPLY_MAX = 8 * 1024, REPLY_SHOWN = 480, CREDENTIALS_AGAIN_MS = 2000 };

int64_t rw_wall_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void rw_set_error(struct remote_write *rw, const char *prefix, struct str text)
{
	endpoint_error(rw->credentials, prefix, str_take(text, REPLY_SHOWN), rw->status.last_error, sizeof rw->status.last_error);
	rw->status.last_error_ns = rw_wall_ns();
}

static void on_reply(void *ctx, const struct http_reply *reply)
{
	struct rw_shard *shard = ctx;
	struct rw_reply_kept *kept = &shard->reply;
	shard->call = NULL;
	kept->is_there = true;
	kept->status = reply->status;
	kept->retry_after_ms = reply->retry_after_ms;
	for (size_t i = 0; i < RW_WRITTEN; i++)
		kept->written[i] = rw_reply_written(reply->headers[i]);
	buf_reset(&kept->body);
	kept->body.cap_bytes = REPLY_MAX;
	buf_str(&kept->body, str_take(reply->body, REPLY_MAX));
	snprintf(kept->error, sizeof kept->error, "%s", reply->error);
	if (shard->rw->hooks.wake)
		shard->rw->hooks.wake(shard->rw->hooks.ctx);
}

static bool compress(struct remote_write *rw, struct rw_request *r)
{
	struct pack pack;
	enum packing packing = rw->version == REMOTE_WRITE_OTLP ? PACK_GZIP : PACK_SNAPPY;
	if (rw->raw.is_full || rw->symbols.is_full || rw->scratch.is_full || !pack_begin(&pack, packing, &rw->window, rw->symbols.n + rw->raw.n))
		return false;
	pack_add(&pack, buf_view(&rw->symbols));
	pack_add(&pack, buf_view(&rw->raw));
	r->raw_bytes = rw->symbols.n + rw->raw.n;
	r->body = pack_finish(&pack, &r->body_bytes);
	r->body_version = rw->version;
	return r->body != NULL;
}

static bool encode(struct remote_write *rw, struct rw_request *r)
{
	if (r->body && r->body_version == rw->version)
		return true;
	rw_request_forget_body(r);
	if (r->is_metadata)
		rw_v1_encode_metadata(rw, r);
	else if (rw->version == REMOTE_WRITE_2)
		rw_v2_encode(rw, r);
	else if (rw->version == REMOTE_WRITE_OTLP)
		rw_otlp_encode(rw, r);
	else
		rw_v1_encode(rw, r);
	return compress(rw, r);
}

/* The headers of a push; lines that are made here are kept in `text`. */
static size_t write_headers(const struct remote_write *rw, const struct rw_request *r, struct str headers[HEADERS_MAX], struct buf *text)
{
	const struct endpoint_options *o = &rw->options.endpoint;
	bool is_2 = r->body_version == REMOTE_WRITE_2, is_otlp = r->body_version == REMOTE_WRITE_OTLP;
	size_t n = 0;
	headers[n++] = is_otlp ? STR("Content-Encoding: gzip") : STR("Content-Encoding: snappy");
	headers[n++] = is_2 ? STR("Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request")
			    : STR("Content-Type: application/x-protobuf");
	if (!is_otlp)
		headers[n++] = is_2 ? STR("X-Prometheus-Remote-Write-Version: 2.0.0") : STR("X-Prometheus-Remote-Write-Version: 0.1.0");
	char *p = buf_reserve(text, o->tenant_id.n + 128); /* all at once: views into it must not move */
	if (!p)
		abort();
	if (r->attempts && !is_otlp) {
		size_t at = text->n;
		buf_printf(text, "Retry-Attempt: %u", r->attempts);
		headers[n++] = (struct str){ text->p + at, text->n - at };
	}
	return endpoint_headers(o, credentials_header(rw->credentials), headers, n, HEADERS_MAX, text);
}

static void send_request(struct rw_shard *shard, struct rw_request *r)
{
	struct remote_write *rw = shard->rw;
	const struct endpoint_options *o = &rw->options.endpoint;
	struct str headers[HEADERS_MAX];
	struct buf text;
	buf_init(&text, o->tenant_id.n + 4096);
	struct http_request request = endpoint_request(o, &rw->tls_files, rw->now_ns);
	request.headers = headers;
	request.header_count = write_headers(rw, r, headers, &text);
	request.body = (struct str){ r->body, r->body_bytes };
	request.max_reply_bytes = REPLY_MAX;
	request.want_headers = rw_written_headers;
	request.want_header_count = RW_WRITTEN;
	shard->call = http_start(rw->http, &request, on_reply, shard);
	buf_fini(&text);
	if (!shard->call) {
		rw_set_error(rw, "", STR("the request cannot be sent: check url, headers and TLS options"));
		rw_wait(shard, RW_HOLD_AUTH, -1);
		return;
	}
	shard->is_flying = true;
	shard->sent_ns = rw->now_ns;
	rw->status.requests++;
	rw->status.retries += r->attempts > 0;
	rw->status.wire_bytes += r->body_bytes;
	rw->status.raw_bytes += r->raw_bytes;
}

/* Whether there is anything left to send in it. */
static bool is_worth_sending(struct rw_shard *shard, struct rw_request *r)
{
	struct remote_write *rw = shard->rw;
	int64_t limit = rw->options.sample_age_limit_ms;
	if (r->is_metadata)
		return rw->version == REMOTE_WRITE_1;
	if (limit > 0 && r->oldest_ms < rw->now_ms - limit)
		rw->status.samples_dropped[SAMPLE_DROP_AGE] += rw_request_drop_older(rw, r, rw->now_ms - limit);
	while (r->estimate_bytes > rw->raw_cap_bytes && r->n > 1) /* made before the receiver said what is too large */
		rw_shard_split(shard, r->n / 2);
	return r->n > 0;
}

void rw_send_start(struct rw_shard *shard)
{
	struct remote_write *rw = shard->rw;
	if (shard->is_flying || rw->now_ns < shard->retry_at_ns)
		return;
	while (shard->first && !is_worth_sending(shard, shard->first))
		rw_take_out(shard);
	if (!shard->first)
		return;
	shard->awaits_token = false;
	switch (credentials_prepare(rw->credentials, rw->now_ns)) {
	case CREDENTIALS_READY:
		break;
	case CREDENTIALS_FAILED:
		rw_set_error(rw, "", str_of(credentials_error(rw->credentials)));
		rw_wait(shard, RW_HOLD_AUTH, CREDENTIALS_AGAIN_MS);
		return;
	case CREDENTIALS_WAITING:
		shard->awaits_token = true;
		return;
	}
	if (encode(rw, shard->first)) {
		send_request(shard, shard->first);
	} else {
		rw_set_error(rw, "", STR("no memory to encode a request"));
		rw_wait(shard, RW_BACKOFF, -1);
	}
}

void rw_send_answer(struct rw_shard *shard)
{
	struct remote_write *rw = shard->rw;
	struct rw_reply_kept *reply = &shard->reply;
	bool is_otlp = rw->version == REMOTE_WRITE_OTLP;
	struct str words = buf_view(&reply->body);
	enum rw_action action = is_otlp ? otlp_metrics_reply(reply->status, words, shard->first->attempts) : rw_reply_action(reply->status);
	if (is_otlp)
		words = otlp_reply_text(reply->status, words);
	char prefix[256];
	shard->is_flying = false;
	reply->is_there = false;
	rw->latency_ns += (rw->now_ns - shard->sent_ns - rw->latency_ns) / 4;
	rw->status.last_status = reply->status;
	size_t class = reply->status > 0 ? (size_t)reply->status / 100 : 0;
	rw->status.requests_by_class[class < COUNT_OF(rw->status.requests_by_class) ? class : 0]++;
	if (action != RW_ACCEPTED) {
		snprintf(prefix, sizeof prefix, is_otlp && reply->status == 404 ? "%d, %s: " : "%d: ", reply->status, otlp_metrics_not_found);
		rw_set_error(rw, reply->status ? prefix : "", reply->status ? words : str_of(reply->error));
	}
	shard->first->attempts++;
	rw_answer(shard, action);
}
