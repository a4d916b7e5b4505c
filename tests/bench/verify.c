/* Decodes by hand what the agent encodes by hand, with nothing shared between the two. Latencies go into a histogram of 64
 * slots for each power of two microseconds: exact to 1.6 %. */
#include "tests/bench/verify.h"

#include <snappy-c.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_BYTES = 38, SUB_SLOTS = 64 };

struct bytes {
	const uint8_t *p, *end;
};

struct verify *verify_new(void)
{
	struct verify *v = calloc(1, sizeof(*v));

	if (v)
		v->containers = calloc(VERIFY_CONTAINERS, sizeof(*v->containers));
	return v && v->containers ? v : NULL;
}

static void latency_add(struct verify *v, uint64_t us)
{
	const unsigned exponent = us < SUB_SLOTS ? 0 : (unsigned)(63 - __builtin_clzll(us) - 5);
	size_t slot = exponent ? exponent * SUB_SLOTS + (us >> exponent & (SUB_SLOTS - 1)) : us;

	if (slot >= LATENCY_SLOTS)
		slot = LATENCY_SLOTS - 1;
	v->latency_us[slot]++;
	v->latency_count++;
	if (us > v->latency_max_us)
		v->latency_max_us = us;
}

double verify_latency_ms(const struct verify *v, double quantile)
{
	const uint64_t want = (uint64_t)(quantile * (double)v->latency_count);
	uint64_t seen = 0;

	for (size_t i = 0; i < LATENCY_SLOTS; i++) {
		seen += v->latency_us[i];
		if (seen > want)
			return (double)(i / SUB_SLOTS ? (uint64_t)(i % SUB_SLOTS) << (i / SUB_SLOTS) : i) / 1000.0;
	}
	return 0;
}

static bool digits(const uint8_t *p, size_t n, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < n; i++) {
		if (p[i] < '0' || p[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(p[i] - '0');
	}
	return true;
}

static bool mark(struct sequence *s, uint64_t seq)
{
	if (seq >= s->room) {
		uint64_t room = s->room ? s->room * 2 : 65536;
		while (room <= seq)
			room *= 2;
		uint64_t *bits = realloc(s->bits, room / 8);
		if (!bits)
			abort();
		memset((char *)bits + s->room / 8, 0, (room - s->room) / 8);
		s->bits = bits;
		s->room = room;
	}
	const uint64_t bit = (uint64_t)1 << (seq & 63);
	const bool is_new = !(s->bits[seq >> 6] & bit);
	s->bits[seq >> 6] |= bit;
	return is_new;
}

static void order(struct verify *v, struct sequence *s, uint64_t stream, uint64_t seq)
{
	size_t lane = 0;

	while (lane < VERIFY_LANES - 1 && s->stream[lane] && s->stream[lane] != stream)
		lane++;
	s->stream[lane] = stream;
	if (seq < s->next[lane])
		v->reordered++;
	else
		s->next[lane] = seq + 1;
}

/* Looks for zq<5>-<10>-<19>; true when the line had one. */
static bool token(struct verify *v, struct bytes line, uint64_t stream, int64_t arrived_ns)
{
	for (const uint8_t *p = line.p; line.end - p >= TOKEN_BYTES; p += 2) {
		uint64_t container, seq, written_ns;
		p = memmem(p, (size_t)(line.end - p), "zq", 2);
		if (!p || line.end - p < TOKEN_BYTES)
			return false;
		if (p[7] != '-' || p[18] != '-' || !digits(p + 2, 5, &container) || !digits(p + 8, 10, &seq) || !digits(p + 19, 19, &written_ns))
			continue;
		struct sequence *s = &v->containers[container];
		if (!mark(s, seq)) {
			v->duplicated++;
			return true;
		}
		v->unique++;
		order(v, s, stream, seq);
		if ((uint64_t)arrived_ns >= written_ns && (uint64_t)arrived_ns - written_ns < 3600000000000u)
			latency_add(v, ((uint64_t)arrived_ns - written_ns) / 1000);
		return true;
	}
	return false;
}

static uint64_t stream_id(struct verify *v, struct bytes labels)
{
	uint64_t h = 1469598103934665603u;

	for (const uint8_t *p = labels.p; p < labels.end; p++)
		h = (h ^ *p) * 1099511628211u;
	h = h ? h : 1;
	for (size_t i = h % VERIFY_STREAMS, k = 0; k < VERIFY_STREAMS; k++, i = (i + 1) % VERIFY_STREAMS) {
		if (v->stream_hashes[i] == h)
			break;
		if (!v->stream_hashes[i]) {
			v->stream_hashes[i] = h;
			v->streams++;
			break;
		}
	}
	return h;
}

static bool varint(struct bytes *b, uint64_t *out)
{
	*out = 0;
	for (unsigned shift = 0; shift < 64 && b->p < b->end; shift += 7) {
		const uint8_t c = *b->p++;
		*out |= (uint64_t)(c & 127) << shift;
		if (c < 128)
			return true;
	}
	return false;
}

/* The next field: > 0 and its number, 0 at the end, < 0 on damage. */
static int field(struct bytes *b, struct bytes *value)
{
	uint64_t key, n;

	if (b->p == b->end)
		return 0;
	if (!varint(b, &key) || !varint(b, &n))
		return -1;
	if ((key & 7) == 0)
		return (int)(key >> 3);
	if ((key & 7) != 2 || n > (uint64_t)(b->end - b->p))
		return -1;
	*value = (struct bytes){ b->p, b->p + n };
	b->p += n;
	return (int)(key >> 3);
}

static bool is_trace_id(struct bytes pair)
{
	struct bytes name = { 0 };

	return field(&pair, &name) == 1 && name.end - name.p == 8 && memcmp(name.p, "trace_id", 8) == 0;
}

static int entry(struct verify *v, struct bytes b, uint64_t stream, int64_t arrived_ns)
{
	struct bytes value = { 0 };
	int number;

	v->entries++;
	while ((number = field(&b, &value)) > 0) {
		if (number == 2)
			v->fragments += !token(v, value, stream, arrived_ns);
		else if (number == 3)
			v->traced += is_trace_id(value);
	}
	return number;
}

static int push_request(struct verify *v, struct bytes b, int64_t arrived_ns)
{
	struct bytes stream = { 0 }, value = { 0 };
	int number;

	while ((number = field(&b, &stream)) > 0) {
		uint64_t id = 0;
		int inner;
		while ((inner = field(&stream, &value)) > 0) {
			if (inner == 1)
				id = stream_id(v, value);
			else if (inner == 2 && entry(v, value, id, arrived_ns) < 0)
				return -1;
		}
		if (number != 1 || inner < 0)
			return -1;
	}
	return number;
}

uint64_t verify_push(struct verify *v, const char *body, size_t n, int64_t arrived_ns)
{
	const uint64_t before = v->unique;
	size_t raw_bytes;
	char *raw = NULL;

	if (snappy_uncompressed_length(body, n, &raw_bytes) != SNAPPY_OK || !(raw = malloc(raw_bytes + 1)) ||
	    snappy_uncompress(body, n, raw, &raw_bytes) != SNAPPY_OK ||
	    push_request(v, (struct bytes){ (uint8_t *)raw, (uint8_t *)raw + raw_bytes }, arrived_ns) < 0)
		v->bad_bodies++;
	else
		v->raw_bytes += raw_bytes;
	free(raw);
	return v->unique - before;
}
