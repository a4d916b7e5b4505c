/* How long to wait before the next attempt. Pure: time and chance come from the caller. */
#ifndef EXPORTERS_BACKOFF_H
#define EXPORTERS_BACKOFF_H

#include <stdint.h>

/* Doubling with full jitter: after the n-th failure in a row (from 1) something between min/2 and min * 2^(n-1), at most max,
 * equally likely. *random is the generator's state, any value but 0. Milliseconds in, milliseconds out. */
int64_t backoff_ms(unsigned failures, int64_t min_ms, int64_t max_ms, uint64_t *random);
/* Equally likely in [from, to]. */
int64_t backoff_between(int64_t from, int64_t to, uint64_t *random);

#endif
