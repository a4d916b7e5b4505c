/* Numbers, sizes and durations out of text. Each takes the whole view or nothing: false leaves *out alone. */
#ifndef PARSERS_BYTES_NUM_H
#define PARSERS_BYTES_NUM_H

#include "parsers/bytes/str.h"

bool num_u64(struct str s, uint64_t *out);  /* decimal digits, no sign, no overflow */
bool num_i64(struct str s, int64_t *out);   /* optional leading '-' */
bool num_atoi(struct str s, int64_t *out);  /* the same with an optional '+', as Go's Atoi takes it */
bool num_hex64(struct str s, uint64_t *out); /* 1 to 16 hex digits of either case */
/* "4096", "64KiB", "1MB", "1MiB", "2GB": B, KB/MB/GB as 1000s, KiB/MiB/GiB as 1024s; also Promtail's bare k, m, g (1024s). */
bool num_bytes(struct str s, uint64_t *out);
/* Prometheus and Go durations: "500ms", "1m30s", "1.5s", "1h", "2d", "0"; units ns us µs ms s m h d w y. */
bool num_duration_ns(struct str s, int64_t *out);

/* How many decimal digits s begins with. */
static inline size_t num_digits(struct str s)
{
	size_t n = 0;
	while (n < s.n && ascii_is_digit(s.p[n]))
		n++;
	return n;
}

/* Value of one hex digit, or -1. */
static inline int hex_value(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

#endif
