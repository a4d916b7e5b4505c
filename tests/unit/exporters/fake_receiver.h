/* For tests: a remote-write receiver that keeps what it accepts, and a sender to feed. The rules of a scenario are a script;
 * requests of both versions are decoded by protobuf-c, an oracle of its own, and held to the specifications whatever the script
 * says (seen_series.h).
 *
 * Series i has {__name__="m<i % 4>_total",instance="host:1",job="test",n="<i>"}; its sample number t has time
 * FAKE_BASE_MS + t * 1000 and the value i * 100000 + t. */
#ifndef TESTS_FAKE_RECEIVER_H
#define TESTS_FAKE_RECEIVER_H

#include <snappy-c.h>

#include "exporters/remote_write/remote_write_state.h"
#include "tests/unit/exporters/seen_series.h"
#include "tests/unit/exporters/server.h"

enum { FAKE_SERIES = 5000, FAKE_TIMES = 64 };
#define FAKE_BASE_MS INT64_C(1780000000000)

struct push {
	int number;               /* from 1 */
	int version;              /* 1 or 2 */
	struct str head;
	size_t series, samples, histograms, exemplars, metadata, raw_bytes;
	Prometheus__WriteRequest *v1;
	Io__Prometheus__Write__V2__Request *v2;
};
struct fake;
typedef void fake_script(struct fake *f, const struct push *push, struct server_answer *out);

struct fake {
	struct server server;
	fake_script *script;
	uint8_t stored[FAKE_SERIES][FAKE_TIMES]; /* times that a sample came in an accepted request */
	int64_t newest[FAKE_SERIES];
	int pushes, undecodable, out_of_order, by_version[3], state;
	size_t samples_seen, metadata_seen, most_series, most_symbols;
	struct seen_series last;  /* the last TimeSeries of the last request */
	char last_metadata[512];
	int64_t at_ms[512];       /* when requests came */
	int64_t *clock_ns;        /* the rig's */
	int concurrent, most_concurrent;
	char head[2048];
};

static inline void seen_at(const struct push *p, size_t i, struct seen_series *s)
{
	if (p->v1)
		seen_v1(s, p->v1->timeseries[i]);
	else
		seen_v2(s, p->v2, p->v2->timeseries[i]);
}

static inline void fake_store_one(struct fake *f, const struct seen_series *s)
{
	if (s->n < 0 || s->n >= FAKE_SERIES || s->samples == 0)
		return;
	int64_t t = (s->ms - FAKE_BASE_MS) / 1000;
	MUST(t >= 0 && t < FAKE_TIMES, "time %lld of series %d", (long long)s->ms, s->n);
	MUST(s->value == s->n * 100000.0 + (double)t, "series %d at %lld has %f", s->n, (long long)t, s->value);
	f->out_of_order += s->ms < f->newest[s->n];
	f->newest[s->n] = s->ms;
	f->stored[s->n][t]++;
}

/* The first `count` series of the request. */
static inline void fake_store_some(struct fake *f, const struct push *push, size_t count)
{
	static struct seen_series s;
	for (size_t i = 0; i < push->series && i < count; i++) {
		seen_at(push, i, &s);
		fake_store_one(f, &s);
	}
}

static inline void fake_store_all(struct fake *f, const struct push *push)
{
	fake_store_some(f, push, push->series);
}

static inline void fake_written(const struct push *push, size_t samples, size_t histograms, size_t exemplars, char text[512])
{
	text[0] = '\0';
	if (push->version == 2)
		snprintf(text, 512,
			 "X-Prometheus-Remote-Write-Samples-Written: %zu\r\nx-prometheus-remote-write-histograms-written: %zu\r\n"
			 "X-Prometheus-Remote-Write-Exemplars-Written: %zu\r\n", samples, histograms, exemplars);
}

static inline void fake_accept(struct fake *f, const struct push *push, struct server_answer *out)
{
	char text[512];
	fake_store_all(f, push);
	fake_written(push, push->samples, push->histograms, push->exemplars, text);
	server_reply(out, 204, text, STR(""));
}

/* A receiver of 1.0 as Prometheus 2.42: looks at nothing but the body. */
static inline void fake_accept_1_only(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->version == 1)
		fake_store_all(f, push);
	server_reply(out, 204, "", STR(""));
}

static inline void check_v1(struct fake *f, struct push *push)
{
	push->series = push->v1->n_timeseries;
	push->metadata = push->v1->n_metadata;
	for (size_t i = 0; i < push->v1->n_metadata; i++) {
		const Prometheus__MetricMetadata *m = push->v1->metadata[i];
		snprintf(f->last_metadata, sizeof f->last_metadata, STR_FMT "|%u|" STR_FMT "|" STR_FMT, STR_ARG(BYTES(m->metric_family_name)),
			 m->type, STR_ARG(BYTES(m->help)), STR_ARG(BYTES(m->unit)));
	}
}

static inline void check_v2(struct fake *f, struct push *push)
{
	const Io__Prometheus__Write__V2__Request *r = push->v2;
	push->series = r->n_timeseries;
	ck_assert_msg(r->n_symbols > 0 && r->symbols[0].len == 0, "symbol 0 is not the empty text");
	f->most_symbols = r->n_symbols > f->most_symbols ? r->n_symbols : f->most_symbols;
	for (size_t i = 0; i < r->n_symbols && r->n_symbols < 200; i++) /* no text twice; by hand for small requests */
		for (size_t k = 0; k < i; k++)
			MUST(!str_eq(BYTES(r->symbols[i]), BYTES(r->symbols[k])), "symbol %zu is symbol %zu", i, k);
}

static inline void check_push(struct fake *f, struct push *push)
{
	ck_assert(contains(push->head, "POST ") && contains(push->head, "Content-Encoding: snappy\r\n"));
	ck_assert(contains(push->head, "User-Agent: spoor/"));
	if (push->version == 2)
		check_v2(f, push);
	else
		check_v1(f, push);
	for (size_t i = 0; i < push->series; i++) {
		seen_at(push, i, &f->last);
		push->samples += f->last.samples;
		push->histograms += f->last.histograms;
		push->exemplars += f->last.exemplars;
	}
	f->most_series = push->series > f->most_series ? push->series : f->most_series;
	f->samples_seen += push->samples;
	f->metadata_seen += push->metadata;
}

static inline bool decode(const struct server_request *request, struct push *push)
{
	size_t n = 0;
	if (snappy_uncompressed_length(request->body.p, request->body.n, &n) != SNAPPY_OK)
		return false;
	char *raw = malloc(n + 1);
	bool is_v2 = contains(request->head, "Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request\r\n");
	ck_assert(contains(request->head, is_v2 ? "X-Prometheus-Remote-Write-Version: 2.0.0\r\n" : "X-Prometheus-Remote-Write-Version: 0.1.0\r\n"));
	ck_assert(is_v2 || contains(request->head, "Content-Type: application/x-protobuf\r\n"));
	push->version = is_v2 ? 2 : 1;
	push->raw_bytes = n;
	if (snappy_uncompress(request->body.p, request->body.n, raw, &n) == SNAPPY_OK) {
		if (is_v2)
			push->v2 = io__prometheus__write__v2__request__unpack(NULL, n, (const uint8_t *)raw);
		else
			push->v1 = prometheus__write_request__unpack(NULL, n, (const uint8_t *)raw);
	}
	free(raw);
	return push->v1 || push->v2;
}

static inline void fake_serve(void *ctx, const struct server_request *request, struct server_answer *out)
{
	struct fake *f = ctx;
	struct push push = { .number = ++f->pushes, .head = request->head };
	if (!decode(request, &push)) {
		f->undecodable++;
		server_refuse(out, 400, "snappy: corrupt input");
		return;
	}
	f->by_version[push.version]++;
	if (f->pushes < (int)COUNT_OF(f->at_ms))
		f->at_ms[f->pushes] = *f->clock_ns / 1000000;
	snprintf(f->head, sizeof f->head, STR_FMT, STR_ARG(push.head));
	check_push(f, &push);
	f->script(f, &push, out);
	if (push.v1)
		prometheus__write_request__free_unpacked(push.v1, NULL);
	if (push.v2)
		io__prometheus__write__v2__request__free_unpacked(push.v2, NULL);
}

/* A sender on top of it. Time is virtual: waiting costs nothing, only requests take real time. */
struct rig {
	struct fake fake;
	struct poll_host host;
	struct drops *drops;
	struct remote_write *rw;
	struct remote_write_options options;
	int64_t now_ns;
	char url[128];
	struct journal_writer writer;
	uint64_t segment, sequence, frames, fed;
	struct journal_mark settled;
	int settles, wakes;
	bool is_defined[FAKE_SERIES];
};

static inline void rig_settled(void *ctx, const struct journal_mark *mark)
{
	struct rig *r = ctx;
	ck_assert_msg(mark->sequence >= r->settled.sequence && mark->offset > r->settled.offset, "settled out of order");
	r->settled = *mark;
	r->settles++;
}

static inline void rig_wake(void *ctx)
{
	((struct rig *)ctx)->wakes++;
}

/* Fill r->options before: zero means the default. */
static inline void rig_open(struct rig *r, fake_script *script)
{
	char err[256] = "";
	r->fake.script = script;
	r->fake.clock_ns = &r->now_ns;
	server_start(&r->fake.server, fake_serve, &r->fake);
	host_open(&r->host);
	snprintf(r->url, sizeof r->url, "http://127.0.0.1:%d/api/v1/write", r->fake.server.port);
	if (!r->options.endpoint.url.p)
		r->options.endpoint.url = str_of(r->url);
	r->options.endpoint.name = STR("test");
	r->options.send_exemplars = r->options.send_metadata = r->options.send_native_histograms = true;
	r->now_ns = 100000 * INT64_C(1000000000);
	r->segment = 1;
	r->drops = drops_new();
	const struct remote_write_hooks hooks = { .ctx = r, .settled = rig_settled, .wake = rig_wake };
	r->rw = remote_write_new(&r->options, r->host.http, r->drops, &hooks, err);
	ck_assert_msg(r->rw != NULL, "%s", err);
}

static inline void rig_close(struct rig *r)
{
	remote_write_free(r->rw);
	drops_free(r->drops);
	host_close(&r->host);
	server_stop(&r->fake.server);
	journal_fini(&r->writer);
	ck_assert_int_eq(r->fake.undecodable, 0);
	ck_assert_int_eq(r->fake.out_of_order, 0);
}

static inline uint64_t dropped(const struct remote_write_status *s)
{
	uint64_t n = 0;
	for (size_t i = 0; i < SAMPLE_DROPS; i++)
		n += s->samples_dropped[i];
	return n;
}

static inline struct remote_write_status rig_status(const struct rig *r)
{
	struct remote_write_status s;
	remote_write_status(r->rw, &s);
	ck_assert_msg(s.samples_fed == r->fed && s.samples_fed == s.samples_sent + dropped(&s) + s.samples_pending,
		      "fed %llu (%llu) != sent %llu + dropped %llu + pending %llu", (unsigned long long)s.samples_fed,
		      (unsigned long long)r->fed, (unsigned long long)s.samples_sent, (unsigned long long)dropped(&s),
		      (unsigned long long)s.samples_pending);
	return s;
}

/* Definitions of what the segment does not have yet. */
static inline void rig_define(struct rig *r, int series)
{
	struct journal_writer *w = &r->writer;
	struct labels l = { 0 };
	char name[32];
	if (r->is_defined[series])
		return;
	snprintf(name, sizeof name, "m%d_total", series % 4);
	if (series < 4)
		journal_metadata(w, (uint64_t)series + 1, 1, str_of(name), STR("Things \"done\".\nAll of them."), STR("things"));
	char n[16];
	snprintf(n, sizeof n, "%d", series);
	labels_set(&l, STR("__name__"), str_of(name));
	labels_set(&l, STR("instance"), STR("host:1"));
	labels_set(&l, STR("job"), STR("test"));
	labels_set(&l, STR("n"), str_of(n));
	journal_series(w, (uint64_t)series, (uint64_t)series % 4 + 1, &l);
	labels_fini(&l);
	r->is_defined[series] = true;
}

static inline void rig_begin(struct rig *r)
{
	journal_begin(&r->writer);
}

static inline bool rig_end(struct rig *r)
{
	struct str payload = journal_end(&r->writer);
	r->sequence += r->writer.samples;
	r->fed += r->writer.samples;
	const struct journal_mark mark = { r->segment, ++r->frames * 1000, r->sequence };
	bool is_good = remote_write_feed(r->rw, payload, &mark, false);
	rig_status(r);
	return is_good;
}

/* One frame: sample t of series [0, count). */
static inline void rig_feed(struct rig *r, int count, int t)
{
	rig_begin(r);
	journal_time(&r->writer, FAKE_BASE_MS + t * 1000);
	for (int i = 0; i < count; i++)
		rig_define(r, i);
	for (int i = 0; i < count; i++) {
		double value = i * 100000.0 + t;
		uint64_t bits;
		memcpy(&bits, &value, 8);
		journal_sample(&r->writer, (uint64_t)i, bits);
	}
	ck_assert(rig_end(r));
}

static inline void rig_roll(struct rig *r)
{
	r->segment++;
	memset(r->is_defined, 0, sizeof r->is_defined);
}

static inline bool rig_is_flying(const struct rig *r)
{
	for (size_t i = 0; i < r->rw->shard_count; i++)
		if (r->rw->shards[i].is_flying)
			return true;
	return false;
}

static inline int64_t rig_now_ms(const struct rig *r)
{
	return FAKE_BASE_MS + r->now_ns / 1000000 - 100000 * INT64_C(1000);
}

/* One turn, then either a real wait for an answer that is on its way or a jump to the next deadline. false: nothing to do. */
static inline bool rig_turn(struct rig *r, bool force)
{
	int64_t deadline = remote_write_turn(r->rw, r->now_ns, rig_now_ms(r), force);
	rig_status(r);
	if (rig_is_flying(r)) {
		host_wait(&r->host, &r->wakes);
		return true;
	}
	if (deadline == INT64_MAX)
		return false;
	if (deadline > r->now_ns)
		r->now_ns = deadline;
	return true;
}

/* Until nothing is left to send, at most so many turns; whether it came to that. */
static inline bool rig_run(struct rig *r, int turns)
{
	while (turns-- > 0) {
		rig_turn(r, true);
		if (remote_write_is_empty(r->rw)) {
			remote_write_turn(r->rw, r->now_ns, rig_now_ms(r), true);
			rig_status(r);
			return true;
		}
	}
	return false;
}

/* Samples [from, to) of series [0, count): stored at least once. */
static inline int missing(const struct rig *r, int count, int from, int to)
{
	int n = 0;
	for (int i = 0; i < count; i++)
		for (int t = from; t < to; t++)
			n += r->fake.stored[i][t] == 0;
	return n;
}

#endif
