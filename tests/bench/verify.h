/* What arrived at the sink, judged: each record's token found again, so that missing, repeated and reordered ones are counted
 * exactly, with trace ids, label sets and the time from writing to arrival. */
#ifndef BENCH_VERIFY_H
#define BENCH_VERIFY_H

#include <stddef.h>
#include <stdint.h>

enum { VERIFY_CONTAINERS = 100000, VERIFY_STREAMS = 65536, VERIFY_LANES = 4, LATENCY_SLOTS = 64 * 64 };

struct verify {
	struct sequence { /* of one container: which numbers were seen; the highest by label set */
		uint64_t *bits, room, stream[VERIFY_LANES], next[VERIFY_LANES];
	} *containers;
	uint64_t entries, unique, duplicated, reordered, fragments, bad_bodies, traced, streams, raw_bytes;
	uint64_t stream_hashes[VERIFY_STREAMS];
	uint64_t latency_us[LATENCY_SLOTS], latency_count, latency_max_us;
};

struct verify *verify_new(void);
/* One request body: snappy-compressed PushRequest. arrived_ns: wall clock. Returns how many new records it held. */
uint64_t verify_push(struct verify *v, const char *body, size_t n, int64_t arrived_ns);
double verify_latency_ms(const struct verify *v, double quantile);

#endif
