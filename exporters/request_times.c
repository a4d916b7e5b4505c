/* A few rows, found by looking at each: a server has few statuses. */
#include "exporters/request_times.h"

const double request_times_bounds[REQUEST_TIMES_BUCKETS] = { .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10 };

static struct request_time *row_of(struct request_times *t, int status)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->at[i].status == status)
			return &t->at[i];
	if (t->count == REQUEST_TIMES_STATUSES)
		return &t->at[t->count - 1];
	t->at[t->count].status = status;
	return &t->at[t->count++];
}

void request_times_add(struct request_times *t, int status, int64_t ns)
{
	struct request_time *row = row_of(t, status > 0 ? status : -1);
	double seconds = ns > 0 ? (double)ns / 1e9 : 0;
	for (size_t i = 0; i < REQUEST_TIMES_BUCKETS; i++)
		row->counts[i] += seconds <= request_times_bounds[i];
	row->count++;
	row->seconds += seconds;
}

void request_times_merge(struct request_times *t, const struct request_times *more)
{
	for (size_t i = 0; i < more->count; i++) {
		struct request_time *row = row_of(t, more->at[i].status);
		for (size_t k = 0; k < REQUEST_TIMES_BUCKETS; k++)
			row->counts[k] += more->at[i].counts[k];
		row->count += more->at[i].count;
		row->seconds += more->at[i].seconds;
	}
}
