/* A filled struct status for the tests of what reads one: two destinations, some files, hostile texts. */
#ifndef TESTS_UNIT_AGENT_FAKE_STATUS_H
#define TESTS_UNIT_AGENT_FAKE_STATUS_H

#include <stdio.h>
#include <stdlib.h>

#include "agent/status.h"

struct fake {
	struct status status;
	struct counters counters;
	struct coverage coverage;
	struct ring *ring;
	struct drops *drops;
	size_t file_count;
	int reloads;
	bool refuses_reload;
	bool is_one_host; /* both destinations are at the first one's */
};

#define FAKE_TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define FAKE_HOSTILE "<script>document.title='owned'</script><img src=x onerror=alert(1)> \"quoted\" \\ back"
static const int64_t FAKE_NOW_NS = 1795255200000000000;

static inline void fake_destination(void *ctx, size_t i, struct destination_status *out, uint64_t *pending)
{
	const struct fake *f = ctx;
	*out = (struct destination_status){
		.name = i ? STR("eu \"backup\"\\\n") : STR("loki:3100"),
		.url = i && !f->is_one_host ? STR("https://logs.example.com/loki/api/v1/push") : STR("http://loki:3100/loki/api/v1/push"),
		.state = i ? DEST_BACKOFF : DEST_SENDING,
		.last_status = i ? 429 : 204,
		.last_success_ns = FAKE_NOW_NS - (i ? 20000000000 : 300000000),
		.last_error_ns = i ? FAKE_NOW_NS - 2500000000 : 0,
		.retry_at_ns = i ? FAKE_NOW_NS + 3500000000 : 0,
		.requests = 110,
		.requests_by_class = { [0] = 1, [2] = 100, [4] = 9 },
		.retries = 4,
		.wire_bytes = 1000,
		.raw_bytes = 2500,
		.splits = 2,
		.batches_queued = 3,
		.streams_parked = i,
		.tenant = i ? STR("team-a") : STR(""),
		.encoded_bytes = 1000,
		.accepted_bytes = 900,
	};
	request_times_add(&out->times, 204, 3000000);
	request_times_add(&out->times, 204, 200000000);
	request_times_add(&out->times, 204, 20000000000);
	request_times_add(&out->times, 0, 5000000);
	if (i)
		snprintf(out->last_error, sizeof out->last_error, "Ingestion rate limit exceeded for user <b>fake</b> (limit: 4194304 bytes/sec)");
	*pending = i ? 1500 : 40;
	out->lines_dropped[DROP_TOO_OLD] = i ? 7 : 0;
	out->lines_dropped[DROP_RATE_LIMITED] = i ? 3 : 0;
	out->lines_sent = f->counters.lines_read - *pending - (i ? 10 : 0);
}

static inline void fake_each_file(void *ctx, void (*fn)(void *fn_ctx, const struct file_status *file), void *fn_ctx)
{
	const struct fake *f = ctx;
	static const char *const apps[] = { "checkout", "payments-api", "frontend", "cart" };
	for (size_t i = 0; i < f->file_count; i++) {
		char path[256], pod[64]; /* the text goes away after the call: whoever keeps it must copy */
		const char *app = apps[i % 4];
		snprintf(pod, sizeof pod, "%s-6d4b75cb6d-%05zu", app, i * 7919 % 100000);
		snprintf(path, sizeof path, "/var/log/pods/shop_%s_0c9e5a3e-5d0c-4c55-8f0b-%012zu/server/%zu.log", pod, i, i % 3);
		struct file_status file = {
			.path = str_of(path), .job = STR("pods"), .namespace_ = STR("shop"), .pod = str_of(pod), .container = STR("server"),
			.state = i == 3 ? FILE_ERROR : i == 1 ? FILE_ROTATED : FILE_AT_END,
			.size_bytes = 1000000 + i * 4321, .read_bytes = 900000 + i * 4000, .acked_bytes = 800000 + i * 4000,
			.lines_read = 100 + i, .is_newest = i % 3 == 0,
			.lag_ns = i == 1 ? 42500000000 : (int64_t)(i % 5) * 130000000,
			.error = i == 3 ? "Permission denied" : "",
			.log = str_of(path), .dev = 8, .ino = 100 + i, .lane_count = 2,
			.lanes = { { 900000 + i * 4000, 850000, true, false, false }, { 880000, 800000 + i * 4000, false, true, i == 1 } },
			.streams = { STR("{pod=\"p\", stream=\"stdout\"}"), STR("{pod=\"p\", stream=\"stderr\"}") },
		};
		if (i == 2)
			file.path = STR("/var/log/bad\xff\xfe<b>name</b>.log");
		fn(fn_ctx, &file);
	}
}

static inline void fake_each_refused(void *ctx, void (*fn)(void *fn_ctx, const char *path, const char *why), void *fn_ctx)
{
	(void)ctx;
	fn(fn_ctx, "/var/log/app/pipe", "a named pipe");
	fn(fn_ctx, "/var/log/pods/bad", "not a name \"of\" the form");
}

static inline void fake_print_config(void *ctx, struct buf *out)
{
	(void)ctx;
	buf_str(out, STR("logs:\n  clients:\n    - url: http://loki:3100/loki/api/v1/push\n      bearer_token: <secret>\n"));
}

static inline void fake_records(struct fake *f)
{
	static const struct { const char *line; enum level level; const char *trace; } lines[] = {
		{ "GET /api/cart 200 12ms", LEVEL_INFO, NULL },
		{ "{\"level\":\"error\",\"msg\":\"payment refused\",\"trace_id\":\"" FAKE_TRACE "\"}", LEVEL_ERROR, FAKE_TRACE },
		{ FAKE_HOSTILE, LEVEL_WARN, NULL },
		{ "level=info msg=\"order placed\" trace_id=" FAKE_TRACE, LEVEL_INFO, FAKE_TRACE },
		{ "java.lang.IllegalStateException: Zahlung fehlgeschlagen: \xc3\x84\xe2\x82\xac \tat com.example.Pay", LEVEL_UNKNOWN, NULL },
	};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct record record = { .timestamp_ns = FAKE_NOW_NS - (int64_t)(COUNT_OF(lines) - i) * 137000000, .line = str_of(lines[i].line),
					 .level = lines[i].level, .trace_result = lines[i].trace ? TRACE_VALID : TRACE_NONE };
		record.trace.sampled = 1;
		record.trace.has_span = true;
		memcpy(record.trace.span_id, "00f067aa0ba902b7", 16);
		if (lines[i].trace)
			memcpy(record.trace.trace_id, lines[i].trace, 32);
		ring_add(f->ring, STR("{container=\"server\", job=\"shop/checkout\", namespace=\"shop\", pod=\"checkout-6d4b75cb6d-hx2lm\"}"), &record);
	}
}

static inline struct fake *fake_new(void)
{
	struct fake *f = calloc(1, sizeof *f);
	f->ring = ring_new(1 << 20);
	f->drops = drops_new();
	f->file_count = 12;
	f->counters = (struct counters){ .lines_read = 1234567, .bytes_read = 345678901, .lines_truncated = 2, .files_opened = 14,
					 .files_rotated = 5, .reconciles = 9, .checkpoint_writes = 77 };
	f->counters.bytes_lost[LOST_TRUNCATED] = 4096;
	coverage_row(&f->coverage, STR("shop"))->lines[TRACE_VALID] = 1000000;
	coverage_row(&f->coverage, STR("shop"))->lines[TRACE_NONE] = 200000;
	coverage_row(&f->coverage, STR("legacy"))->lines[TRACE_NONE] = 30000;
	coverage_row(&f->coverage, STR("legacy"))->lines[TRACE_MALFORMED] = 4000;
	coverage_row(&f->coverage, STR(""))->lines[TRACE_ZERO] = 567;
	fake_records(f);
	struct drop drop = { .at_ns = FAKE_NOW_NS - 60000000000, .timestamp_ns = FAKE_NOW_NS - 864000000000000, .reason = DROP_TOO_OLD, .lines = 7,
			     .destination = "eu", .labels = "{namespace=\"shop\"}", .line = FAKE_HOSTILE, .error = "entry too far behind <i>" };
	drops_add(f->drops, &drop);
	f->status = (struct status){
		.mode = "kubernetes", .mode_why = "/var/log/pods is there: all pods of this node are followed.", .start_wall_ns = FAKE_NOW_NS - 7200000000000,
		.now_wall_ns = FAKE_NOW_NS, .reload_wall_ns = FAKE_NOW_NS - 3600000000000, .reload_ok = true, .reloads_ok = 1,
		.config_hash = 0xdeadbeefcafef00d, .config_path = STR("/etc/spoor/spoor.yaml"), .is_ready = true, .not_ready_why = "", .degraded_why = "",
		.counters = &f->counters, .coverage = &f->coverage, .lag_ns = 42500000000, .files_known = 12, .files_open = 11, .streams = 9,
		.inotify_watches = 25, .destination_count = 2, .destination = fake_destination, .each_file = fake_each_file, .each_refused = fake_each_refused, .ctx = f,
		.ring = f->ring, .drops = f->drops, .print_config = fake_print_config,
	};
	return f;
}

static inline void fake_free(struct fake *f)
{
	ring_free(f->ring);
	drops_free(f->drops);
	coverage_fini(&f->coverage);
	free(f);
}

#endif
