/* For tests: a receiver of pushes that keeps what it accepts, and a destination to feed it. The rules of a scenario are a script;
 * what is stored is decoded by protobuf-c, an oracle of its own. Identical entries are stored once and counted, as Loki does. */
#ifndef TESTS_FAKE_LOKI_H
#define TESTS_FAKE_LOKI_H

#include <snappy-c.h>

#include "exporters/delivery.h"
#include "loki.pb-c.h"
#include "tests/unit/exporters/server.h"

enum { FAKE_STREAMS = 8, FAKE_LINES = 20000 };

struct push { /* what a script sees */
	int number;              /* from 1 */
	struct str head;
	uint64_t body_hash;
	Loki__PushRequest *message;
	size_t lines;
};
struct fake;
typedef void fake_script(struct fake *f, const struct push *push, struct server_answer *out);

struct fake {
	struct server server;
	fake_script *script;
	uint8_t stored[FAKE_STREAMS][FAKE_LINES]; /* times that an entry came in an accepted part; [stream][line] */
	uint8_t metadata[FAKE_STREAMS][FAKE_LINES];
	int pushes, undecodable;
	size_t lines_seen;
	uint64_t last_hash;
	int state;               /* a script's own */
	int64_t states[8];
	char text[4096];
};

/* Stream s has labels {app="sN"}; line n is "line N of stream S" with timestamp BASE + n seconds. */
#define FAKE_BASE_S 1700000000

static inline int fake_stream_of(const Loki__Stream *s)
{
	ck_assert_uint_ge(s->labels.len, 10);
	return s->labels.data[7] - '0';
}

static inline int fake_line_of(const Loki__Entry *e)
{
	return (int)(e->timestamp->seconds - FAKE_BASE_S);
}

static inline void fake_store_entry(struct fake *f, const Loki__Stream *s, const Loki__Entry *e)
{
	int stream = fake_stream_of(s), line = fake_line_of(e);
	char want[64];
	ck_assert(stream >= 0 && stream < FAKE_STREAMS && line >= 0 && line < FAKE_LINES);
	int n = snprintf(want, sizeof want, "line %d of stream %d", line, stream);
	ck_assert_msg(e->line.len >= (size_t)n && memcmp(e->line.data, want, (size_t)n) == 0,
		"entry %d of %d holds another line", line, stream);
	f->stored[stream][line]++;
	f->metadata[stream][line] = (uint8_t)e->n_structured_metadata;
}

static inline void fake_store_stream(struct fake *f, const Loki__Stream *s)
{
	for (size_t i = 0; i < s->n_entries; i++)
		fake_store_entry(f, s, s->entries[i]);
}

static inline void fake_store_all(struct fake *f, const struct push *push)
{
	for (size_t i = 0; i < push->message->n_streams; i++)
		fake_store_stream(f, push->message->streams[i]);
}

static inline void fake_accept(struct fake *f, const struct push *push, struct server_answer *out)
{
	fake_store_all(f, push);
	server_reply(out, 204, "", STR(""));
}

static inline void fake_serve(void *ctx, const struct server_request *request, struct server_answer *out)
{
	struct fake *f = ctx;
	struct push push = { .number = ++f->pushes, .head = request->head };
	size_t n = 0;
	if (snappy_uncompressed_length(request->body.p, request->body.n, &n) == SNAPPY_OK) {
		char *raw = malloc(n + 1);
		if (snappy_uncompress(request->body.p, request->body.n, raw, &n) == SNAPPY_OK)
			push.message = loki__push_request__unpack(NULL, n, (const uint8_t *)raw);
		free(raw);
	}
	if (!push.message) {
		f->undecodable++;
		server_refuse(out, 400, "proto: illegal wireType 7");
		return;
	}
	for (size_t i = 0; i < request->body.n; i++)
		push.body_hash = push.body_hash * 1099511628211u + (unsigned char)request->body.p[i];
	for (size_t i = 0; i < push.message->n_streams; i++)
		push.lines += push.message->streams[i]->n_entries;
	f->lines_seen += push.lines;
	f->script(f, &push, out);
	f->last_hash = push.body_hash;
	loki__push_request__free_unpacked(push.message, NULL);
}

/* A destination on top of it. Time is virtual: waiting costs nothing, only requests take real time. */
struct rig {
	struct fake fake;
	struct poll_host host;
	struct drops *drops;
	struct destination *d;
	struct destination_options options;
	int64_t now_ns;
	struct log_stream streams[FAKE_STREAMS];
	char labels[FAKE_STREAMS][32], url[128];
	int next_line[FAKE_STREAMS];
	uint64_t appended;
	uintptr_t marks, settled; /* how many were given, came back */
	uint8_t is_settled[4096];
	int wakes;
};

static inline void rig_settled(void *ctx, void *mark)
{
	struct rig *r = ctx;
	uintptr_t number = (uintptr_t)mark;
	ck_assert_msg(number < sizeof r->is_settled && !r->is_settled[number], "mark %zu settled twice", (size_t)number);
	r->is_settled[number] = 1;
	r->settled++;
}

static inline void rig_wake(void *ctx)
{
	((struct rig *)ctx)->wakes++;
}

/* Fill r->options before: zero means the default. The URL is set here unless there is one. */
static inline void rig_open(struct rig *r, fake_script *script)
{
	char err[256] = "";
	r->fake.script = script;
	server_start(&r->fake.server, fake_serve, &r->fake);
	host_open(&r->host);
	snprintf(r->url, sizeof r->url, "http://127.0.0.1:%d/loki/api/v1/push", r->fake.server.port);
	if (!r->options.endpoint.url.p)
		r->options.endpoint.url = str_of(r->url);
	r->options.endpoint.name = STR("test");
	r->options.send_structured_metadata = true;
	r->now_ns = 1000 * INT64_C(1000000000);
	r->drops = drops_new();
	const struct destination_hooks hooks = { r, rig_settled, rig_wake };
	r->d = destination_new(&r->options, r->host.http, r->drops, &hooks, err);
	ck_assert_msg(r->d != NULL, "%s", err);
	for (int i = 0; i < FAKE_STREAMS; i++) {
		snprintf(r->labels[i], sizeof r->labels[i], "{app=\"s%d\"}", i);
		r->streams[i].labels = str_of(r->labels[i]);
	}
}

static inline void rig_close(struct rig *r)
{
	destination_free(r->d);
	drops_free(r->drops);
	host_close(&r->host);
	server_stop(&r->fake.server);
	ck_assert_int_eq(r->fake.undecodable, 0);
}

static inline uint64_t dropped(const struct destination_status *s)
{
	uint64_t n = 0;
	for (size_t i = 0; i < DROP_REASONS; i++)
		n += s->lines_dropped[i];
	return n;
}

static inline struct destination_status rig_status(const struct rig *r)
{
	struct destination_status s;
	destination_status(r->d, &s);
	ck_assert_msg(s.lines_appended == r->appended && s.lines_appended == s.lines_sent + dropped(&s) + s.lines_pending,
		      "appended %llu (%llu) != sent %llu + dropped %llu + pending %llu", (unsigned long long)s.lines_appended,
		      (unsigned long long)r->appended, (unsigned long long)s.lines_sent, (unsigned long long)dropped(&s),
		      (unsigned long long)s.lines_pending);
	return s;
}

static inline void rig_append(struct rig *r, int stream, int count)
{
	char text[64];
	for (int i = 0; i < count; i++) {
		int line = r->next_line[stream]++;
		int n = snprintf(text, sizeof text, "line %d of stream %d", line, stream);
		const struct record record = {
			.timestamp_ns = (FAKE_BASE_S + (int64_t)line) * 1000000000, .line = { text, (size_t)n },
				.level = LEVEL_INFO };
		destination_append(r->d, &r->streams[stream], &record, r->now_ns);
		r->appended++;
	}
	destination_mark(r->d, (void *)++r->marks);
	rig_status(r);
}

/* One turn, then either a real wait for the answer that is on its way or a jump to the next deadline. false: nothing to do. */
static inline bool rig_turn(struct rig *r, bool force)
{
	int64_t deadline = destination_turn(r->d, r->now_ns, force);
	rig_status(r);
	if (r->d->flying || r->d->awaits_token) {
		host_wait(&r->host, &r->wakes);
		return true;
	}
	if (deadline == INT64_MAX || destination_is_empty(r->d))
		return false;
	ck_assert_msg(deadline > r->now_ns || deadline == INT64_MIN || r->d->queue.first,
		"a deadline in the past with nothing to do");
	if (deadline > r->now_ns)
		r->now_ns = deadline;
	return true;
}

/* Until nothing is left to send, at most so many turns; whether it came to that. */
static inline bool rig_run(struct rig *r, int turns)
{
	while (turns-- > 0) {
		rig_turn(r, true);
		if (destination_is_empty(r->d)) {
			destination_turn(r->d, r->now_ns, true);
			return true;
		}
	}
	return false;
}

/* Every line of the stream was stored (once or, identical, more often), but for `missing` of them. */
static inline void check_stored(const struct rig *r, const char *name, int stream, int missing)
{
	int absent = 0;
	for (int i = 0; i < r->next_line[stream]; i++)
		absent += r->fake.stored[stream][i] == 0;
	ck_assert_msg(absent == missing, "%s: stream %d: %d lines missing, want %d", name, stream, absent, missing);
}

static inline void check_all(const struct rig *r, const char *name, int missing_of_0)
{
	for (int i = 0; i < FAKE_STREAMS; i++)
		check_stored(r, name, i, i == 0 ? missing_of_0 : 0);
	ck_assert_msg(r->settled == r->marks, "%s: %zu of %zu marks settled", name, (size_t)r->settled, (size_t)r->marks);
}

#endif
