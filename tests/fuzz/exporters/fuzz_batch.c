/* A batch out of any bytes, through snappy and protobuf-c: the same streams and lines come back. Each input byte is a line: its
 * low bits choose the stream, the bytes behind it are the text. */
#include <assert.h>
#include <snappy-c.h>
#include <stdlib.h>

#include "exporters/batch.h"
#include "loki.pb-c.h"

enum { STREAMS = 4 };

static struct record record_of(const uint8_t *data, size_t size, size_t at)
{
	size_t n = data[at] < size - at ? data[at] : size - at;
	struct record r = { .timestamp_ns = (int64_t)((uint64_t)data[at] << 56 | at << 20 | data[at]),
		.line = { (const char *)data + at, n } };
	r.level = (enum level)(data[at] % LEVELS);
	r.trace_result = data[at] & 8 ? TRACE_VALID : TRACE_NONE;
	memset(r.trace.trace_id, 'a', sizeof r.trace.trace_id);
	memset(r.trace.span_id, 'b', sizeof r.trace.span_id);
	r.trace.has_span = data[at] & 16;
	r.trace.sampled = (signed char)(data[at] % 3 - 1);
	return r;
}

static void check_stream(const Loki__Stream *s, const uint8_t *data, size_t size, size_t *lines)
{
	size_t at = 0;
	for (size_t i = 0; i < s->n_entries; i++, at++) {
		while (at < size && data[at] % STREAMS != (uint8_t)(s->labels.data[4] - '0'))
			at++;
		assert(at < size);
		struct record r = record_of(data, size, at);
		const Loki__Entry *e = s->entries[i];
		assert(e->line.len == r.line.n && (r.line.n == 0 || memcmp(e->line.data, r.line.p, r.line.n) == 0));
		/* Unsigned: around the ends of the range the seconds alone, times 10^9, lie outside of it. */
		uint64_t ns = (uint64_t)e->timestamp->seconds * 1000000000u + (uint64_t)e->timestamp->nanos;
		assert(ns == (uint64_t)r.timestamp_ns && e->timestamp->nanos >= 0 && e->timestamp->nanos < 1000000000);
		++*lines;
	}
}

static void check_payload(const struct payload *p, const uint8_t *data, size_t size, size_t *lines)
{
	size_t n = p->raw_bytes;
	char *raw = malloc(n);
	if (snappy_uncompress(p->body, p->n, raw, &n) != SNAPPY_OK)
		abort();
	Loki__PushRequest *request = loki__push_request__unpack(NULL, n, (const uint8_t *)raw);
	assert(request);
	for (size_t i = 0; i < request->n_streams; i++) {
		char stream = (char)request->streams[i]->labels.data[4];
		struct str want = { stream == '2' ? "t" : "u", stream > '1' };
		assert(str_eq(payload_tenant(p), want));
		check_stream(request->streams[i], data, size, lines);
	}
	loki__push_request__free_unpacked(request, NULL);
	free(raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char keys[STREAMS][10] = { "{a=\"0\"}", "{a=\"1\"}", "t{a=\"2\"}", "u{a=\"3\"}" }; /* the last two are for tenants */
	struct log_stream streams[STREAMS];
	struct batch b;
	struct payload *payloads;
	size_t lines = 0, counted = 0;
	for (size_t i = 0; i < STREAMS; i++)
		streams[i] = (struct log_stream){ .labels = { keys[i] + (i > 1), 7 }, .tenant_bytes = i > 1 };
	if (size == 0 || size > 4096)
		return 0;
	batch_open(&b, &log_protocol_loki, 1, 16 << 20);
	for (size_t at = 0; at < size; at++) {
		struct record r = record_of(data, size, at);
		if (!batch_append(&b, &streams[data[at] % STREAMS], &r, data[at] & 32))
			abort();
	}
	size_t count = batch_seal_tenants(&b, &payloads);
	assert(count > 0 && count <= 3);
	for (size_t i = 0; i < count; i++) {
		counted += payloads[i].lines;
		check_payload(&payloads[i], data, size, &lines);
		payload_free(&payloads[i]);
	}
	free(payloads);
	assert(lines == size && counted == size);
	batch_close(&b);
	return 0;
}
