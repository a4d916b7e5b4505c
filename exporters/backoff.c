/* Full jitter spreads a herd of agents over the whole interval after a common outage; the small floor keeps a lucky draw from
 * becoming a hot loop. The generator is xorshift64: per destination, seeded by its owner, no global state. */
#include "exporters/backoff.h"

int64_t backoff_between(int64_t from, int64_t to, uint64_t *random)
{
	uint64_t x = *random ? *random : 1;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	*random = x;
	return to > from ? from + (int64_t)((x >> 11) % (uint64_t)(to - from + 1)) : from;
}

int64_t backoff_ms(unsigned failures, int64_t min_ms, int64_t max_ms, uint64_t *random)
{
	int64_t step = min_ms > 0 ? min_ms : 1;
	for (unsigned i = 1; i < failures && step < max_ms; i++)
		step *= 2;
	if (step > max_ms)
		step = max_ms > 0 ? max_ms : 1;
	int64_t floor_ms = min_ms / 2 < step ? min_ms / 2 : step;
	return backoff_between(floor_ms, step, random);
}
