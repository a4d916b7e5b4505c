/* The series of one metric that a pipeline makes: a value, or a histogram, for each set of labels. Bounded: beyond SERIES_MAX
 * sets, or for a set that is too large, nothing is made, and that is counted. Times are seconds, as Promtail's idle times are. */
#ifndef PARSERS_STAGES_STAGE_SERIES_H
#define PARSERS_STAGES_STAGE_SERIES_H

#include "parsers/bytes/map.h"
#include "parsers/labels.h"
#include "parsers/trace/trace.h"

enum { SERIES_MAX = 4096, SERIES_LABEL_BYTES_MAX = 4096, SERIES_BUCKETS_MAX = 128 };

struct stage_exemplar { bool is_there; struct trace_context trace; double value; int64_t timestamp_ns; };
struct stage_series {
	struct labels labels; /* views into bytes behind the struct */
	struct str key;
	int64_t modified_s;   /* 0: never since it was made */
	double value;         /* histogram: the sum */
	uint64_t count;       /* histogram */
	uint64_t *counts;     /* histogram: one for each bound, not cumulative; what is above all of them is in count alone */
	struct stage_exemplar *exemplars; /* one, or one for each bound and one above; NULL: no line had a trace yet */
};
struct stage_series_set {
	struct map by_key;
	struct stage_series **all;  /* in order of their making */
	size_t count, room;
	size_t bound_count;   /* histogram */
	uint64_t refused;
	struct buf key;
};

void stage_series_init(struct stage_series_set *s, size_t bound_count);
void stage_series_fini(struct stage_series_set *s);
/* The one with these labels, made if need be; names that begin with __ are left out, as Promtail cleans them. NULL: refused. */
struct stage_series *stage_series_get(struct stage_series_set *s, const struct labels *labels);
/* The place of the exemplar: the bucket. */
size_t stage_series_observe(struct stage_series *s, const double *bounds, size_t bound_count, double value);
/* at: 0, or what stage_series_observe has said. */
void stage_series_trace(struct stage_series *s, size_t bound_count, size_t at, const struct stage_exemplar *exemplar);
/* Forgets what was not changed for idle_s seconds. */
void stage_series_expire(struct stage_series_set *s, int64_t now_s, int64_t idle_s);

#endif
