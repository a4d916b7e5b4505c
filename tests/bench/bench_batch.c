/* What a line costs on its way into a payload: append (entry as protobuf bytes) and seal (gather and compress).
 * The best of several rounds, one core, synthetic lines: JSON and text with numbers that change, as logs have them.
 * usage: bench_batch [STREAMS [LINE_BYTES [BATCH_BYTES [PROTOCOL]]]], loki or otlphttp */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "exporters/batch.h"

enum { ROUNDS = 40, SAMPLES = 4096 };

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* SAMPLES lines of `bytes` each, one behind the other. */
static char *make_lines(size_t bytes)
{
	static const char *const words[] = { "connection", "request", "checkout", "payment", "failed", "timeout", "user",
		"order", "retrying", "accepted" };
	char *lines = malloc(SAMPLES * (bytes + 512));
	uint32_t seed = 1;
	for (size_t i = 0; i < SAMPLES; i++) {
		char *line = lines + i * bytes;
		int n = snprintf(line, bytes + 1,
			"{\"level\":\"info\",\"ts\":\"2026-01-02T03:04:%02zu.%06zuZ\",\"id\":%zu,\"msg\":\"", i % 60,
			i * 7919 % 1000000, i);
		for (size_t at = (size_t)n; at < bytes;) {
			seed = seed * 1664525u + 1013904223u;
			at += (size_t)snprintf(line + at, bytes - at + 1, "%s %u ", words[(seed >> 8) % 10], seed >> 20);
		}
	}
	return lines;
}

static size_t argument(int argc, char **argv, int i, size_t otherwise)
{
	return argc > i ? (size_t)strtoul(argv[i], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
	size_t streams = argument(argc, argv, 1, 100), line_bytes = argument(argc, argv, 2, 300), batch = argument(argc, argv, 3,
		1 << 20);
	struct log_stream *stream = calloc(streams, sizeof *stream);
	char (*labels)[160] = calloc(streams, sizeof *labels);
	char *lines = make_lines(line_bytes);
	struct batch b;
	const struct log_protocol *protocol = log_protocol_find(str_of(argc > 4 ? argv[4] : ""));
	if (!protocol)
		return 2;
	batch_open(&b, protocol, 1, batch * 2);
	for (size_t i = 0; i < streams; i++) {
		snprintf(labels[i], sizeof labels[i], "{container=\"app\", job=\"kubernetes-pods\", namespace=\"shop\", "
			"pod=\"checkout-%zu\", stream=\"stdout\"}", i);
		stream[i].labels = str_of(labels[i]);
	}
	struct record r = { .level = LEVEL_INFO, .trace_result = TRACE_VALID, .trace = { .has_span = true, .sampled = 1 } };
	memcpy(r.trace.trace_id, "0af7651916cd43dd8448eb211c80319c", 32);
	memcpy(r.trace.span_id, "b7ad6b7169203331", 16);
	double best_append = 1e9, best_seal = 1e9;
	size_t count = 0, raw = 0, wire = 0;
	for (int round = 0; round < ROUNDS; round++) {
		double start = now_s();
		for (count = 0; batch_bytes(&b) < batch; count++) { /* 64 lines of a stream in a row, as a reader delivers them */
			r.line = (struct str){ lines + count % SAMPLES * line_bytes, line_bytes };
			r.timestamp_ns = 1700000000000000000 + (int64_t)count * 1000003;
			for (size_t i = 0, v = count; i < 16; i++, v >>= 4)
				r.trace.trace_id[i] = "0123456789abcdef"[v & 15];
			batch_append(&b, &stream[count / 64 % streams], &r, true);
		}
		double appended = now_s();
		struct payload p;
		if (!batch_seal(&b, &p))
			return 1;
		double sealed = now_s();
		raw = p.raw_bytes;
		wire = p.n;
		payload_free(&p);
		best_append = appended - start < best_append ? appended - start : best_append;
		best_seal = sealed - appended < best_seal ? sealed - appended : best_seal;
	}
	double mb = (double)(count * line_bytes) / 1e6;
	printf("%zu streams, %zu lines of %zu bytes, %zu bytes raw, %zu on the wire (%.2f)\n", streams, count, line_bytes, raw,
		wire, (double)raw / (double)wire);
	printf("append %6.1f ns a line, %8.0f MB of lines a second\n", best_append * 1e9 / (double)count, mb / best_append);
	printf("seal   %6.1f ns a line, %8.0f MB of lines a second, %.0f MB raw a second\n", best_seal * 1e9 / (double)count,
		mb / best_seal, (double)raw / 1e6 / best_seal);
	printf("both   %6.1f ns a line, %8.0f MB of lines a second\n", (best_append + best_seal) * 1e9 / (double)count,
		mb / (best_append + best_seal));
	batch_close(&b);
	free(lines);
	free(labels);
	free(stream);
	return 0;
}
