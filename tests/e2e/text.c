/* Ten kinds of lines, one after the other by sequence number: JSON, logfmt, bracketed and plain, seven of them with a trace
 * id in the notation of some stack. Every record names its container and sequence number and ends with a CRC-32 of all that
 * stands before, so that a lost, repeated, reordered, cut or spliced record is each told apart by the reader.
 * Some records are long enough to be written in partial lines, as a container runtime does above 16 KiB. */
#include "tests/e2e/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

enum { KINDS = 10, RUNTIME_PIECE = 16384 };

static const char *const levels[] = { "info", "warn", "error", "debug" };

uint64_t text_mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

size_t text_time(char out[40], int64_t ns)
{
	const time_t seconds = (time_t)(ns / 1000000000);
	struct tm tm;

	gmtime_r(&seconds, &tm);
	size_t n = strftime(out, 40, "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(out + n, 40 - n, ".%09" PRId64, ns % 1000000000);
	while (out[n - 1] == '0')
		n--;
	if (out[n - 1] == '.')
		n--;
	out[n++] = 'Z';
	out[n] = '\0';
	return n;
}

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	const int k = vsnprintf(t->at + t->n, sizeof(t->at) - t->n, format, args);
	va_end(args);
	if (k > 0)
		t->n += (size_t)k;
}

static size_t padding(uint64_t seq, size_t *piece_bytes)
{
	if (seq % 499 == 250) {
		*piece_bytes = RUNTIME_PIECE;
		return 40000;
	}
	if (seq % 97 == 41) {
		*piece_bytes = 100;
		return 400;
	}
	*piece_bytes = 0;
	return 0;
}

static void pad(struct text *t, size_t n, uint64_t seed)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.,;:-+*/()<>";

	for (size_t i = 0; i < n; i++) {
		if (i % 8 == 0)
			seed = text_mix(seed);
		t->at[t->n++] = alphabet[(seed >> (i % 8 * 8)) & 63];
	}
}

void text_make(struct text *out, uint32_t container, uint64_t seq, int64_t clock_ns)
{
	const uint64_t base = ((uint64_t)container << 40) + seq * 4;
	const uint64_t high = text_mix(base + 1), low = text_mix(base + 2), span = text_mix(base + 3);
	const char *level = levels[seq / KINDS % 4];
	const unsigned kind = (unsigned)(seq % KINDS);
	const size_t pad_bytes = padding(seq, &out->piece_bytes);
	bool is_json = false;
	char at[40], id[32], trace[33], span_id[17];

	text_time(at, clock_ns);
	snprintf(id, sizeof(id), "c%05" PRIu32 "-%010" PRIu64, container, seq);
	snprintf(trace, sizeof(trace), "%016" PRIx64 "%016" PRIx64, high, low);
	snprintf(span_id, sizeof(span_id), "%016" PRIx64, span);
	out->n = 0;
	out->is_stderr = kind == 6 || seq % 8 == 5;
	out->is_traced = true;
	switch (kind) {
	case 0:
		put(out, "{\"time\":\"%s\",\"level\":\"%s\",\"msg\":\"order accepted\",\"id\":\"%s\",\"trace_id\":\"%s\",\"span_id\":\"%s\",\"trace_flags\":\"01\"", at, level, id, trace, span_id);
		is_json = true;
		break;
	case 1:
		put(out, "ts=%s level=%s msg=\"cache miss, asking the store\" id=%s trace_id=%s span_id=%s took=12ms", at, level, id, trace, span_id);
		break;
	case 3:
		put(out, "{\"level\":\"%s\",\"message\":\"said \\\"ok\\\" \\u00e9\",\"id\":\"%s\",\"headers\":{\"traceparent\":\"00-%s-%s-01\"}", level, id, trace, span_id);
		is_json = true;
		break;
	case 4:
		put(out, "%s  INFO [checkout,%s,%s] 7 --- [nio-8080-exec-1] c.a.orders.OrderService : placed %s", at, trace, span_id, id);
		break;
	case 5:
		put(out, "{\"level\":\"%s\",\"msg\":\"paid\",\"id\":\"%s\",\"dd\":{\"trace_id\":\"%" PRIu64 "\",\"span_id\":\"%" PRIu64 "\",\"service\":\"billing\"}", level, id, low, span);
		is_json = true;
		break;
	case 7:
		put(out, "level=%s method=GET path=/api/v1/orders id=%s b3=%s-%s-1 status=200", level, id, trace, span_id);
		break;
	case 8:
		put(out, "level=%s caller=main.go:%u msg=done id=%s traceID=%s", level, container % 900, id, trace);
		break;
	case 9:
		put(out, "{\"level\":\"%s\",\"msg\":\"no span here\",\"id\":\"%s\",\"trace_id\":\"00000000000000000000000000000000\"", level, id);
		is_json = true;
		out->is_traced = false;
		break;
	default:
		put(out, "%s worker %s %s: scheduled job finished after %u rounds", at, kind == 6 ? "ERROR" : "INFO", id, (unsigned)(seq % 1000));
		out->is_traced = false;
		break;
	}
	if (pad_bytes) {
		put(out, is_json ? ",\"pad\":\"" : " pad=");
		pad(out, pad_bytes, base);
		put(out, is_json ? "\"" : "");
	}
	const unsigned long crc = crc32(0, (const unsigned char *)out->at, (unsigned)out->n);
	put(out, is_json ? ",\"crc\":\"%08lx\"}" : " crc=%08lx", crc);
}
