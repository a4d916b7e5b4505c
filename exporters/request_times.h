/* How long requests took, by status: counts in the buckets that every Prometheus client library begins with. */
#ifndef EXPORTERS_REQUEST_TIMES_H
#define EXPORTERS_REQUEST_TIMES_H

#include <stddef.h>
#include <stdint.h>

enum { REQUEST_TIMES_BUCKETS = 11, REQUEST_TIMES_STATUSES = 16 };
extern const double request_times_bounds[REQUEST_TIMES_BUCKETS]; /* seconds */

struct request_time {
	int status;                               /* of HTTP; -1: no answer */
	uint64_t counts[REQUEST_TIMES_BUCKETS];   /* each with those below it */
	uint64_t count;
	double seconds;
};
struct request_times { /* {0} is empty; beyond so many different statuses the rest is counted with the last one */
	struct request_time at[REQUEST_TIMES_STATUSES];
	size_t count;
};

void request_times_add(struct request_times *t, int status, int64_t ns);
void request_times_merge(struct request_times *t, const struct request_times *more);

#endif
