/* What the files of the protobuf form share: one metric, taken apart. prometheus/client_model: io/prometheus/client/metrics.proto.
 * Views are into the body; what is written here belongs to struct exposition_proto and is good until the next metric. Times are in
 * milliseconds since 1970. */
#ifndef PARSERS_EXPOSITION_EXPOSITION_PROTO_H
#define PARSERS_EXPOSITION_EXPOSITION_PROTO_H

#include "parsers/exposition/exposition_state.h"
#include "parsers/protowire.h"

enum proto_type { PROTO_COUNTER, PROTO_GAUGE, PROTO_SUMMARY, PROTO_UNTYPED, PROTO_HISTOGRAM, PROTO_GAUGE_HISTOGRAM, PROTO_TYPES };

struct proto_pair { double at, value; struct str exemplar; bool has_exemplar; }; /* bucket: bound, count; quantile: quantile, value */
struct proto_side { /* native buckets above or below zero */
	struct buf spans;  /* BucketSpan fields as remote-write wants them, with the tag of that side */
	struct buf deltas; /* varints */
	struct buf counts; /* doubles */
	size_t span_count;
	uint64_t spanned, delta_count, count_count;
	int64_t last;      /* bucket, by its deltas */
	uint64_t observed; /* in all of them */
	bool has_negative_offset, has_negative_delta, has_negative_count;
};
struct proto_metric {
	double value, sum, count_float;
	uint64_t count;
	struct proto_pair *pairs;
	size_t pair_count, pair_room;
	struct str exemplar; /* of a counter */
	bool has_exemplar;
	int64_t start_ms;
	/* native */
	int32_t schema;
	double zero_threshold, zero_count_float;
	uint64_t zero_count;
	struct proto_side positive, negative;
	struct str *exemplars; /* messages */
	size_t exemplar_count, exemplar_room;
};

enum { POSITION_COUNT = -2, POSITION_SUM = -1 }; /* the samples _count and _sum */
struct exposition_proto {
	struct str family, metrics; /* the message, and what is left of it to be looked through for metrics */
	struct proto_metric metric;
	struct buf labels;    /* of the current metric: a="b",c="d" */
	struct buf exemplar_text; /* of the current item's exemplars: {a="b"}{…} */
	struct buf histogram;
	struct exemplar *exemplars;
	size_t exemplar_room;
	enum proto_type type;
	long position; /* of the next sample of the current metric: POSITION_…, then the pairs */
	bool has_metric, is_native_due, is_classic_due;
};

/* A Histogram message into m. false: it is damaged. */
bool exposition_native_read(struct proto_metric *m, struct str message);
bool exposition_native_is(const struct proto_metric *m);
/* What a receiver would refuse the whole request for, or NULL: as many buckets as the spans say, none below zero, and so on. */
const char *exposition_native_problem(const struct proto_metric *m);
void exposition_native_write(const struct proto_metric *m, bool is_gauge, struct buf *out);
bool exposition_native_is_float(const struct proto_metric *m);

/* A Metric message into p->metric and p->labels, its times into x. NULL, or what is wrong with it. */
const char *exposition_proto_metric(struct exposition *x, struct exposition_proto *p, struct str message);
/* Appends a LabelPair message as text. false: damaged, or text that is no text. */
bool exposition_proto_label(struct str message, struct buf *out, bool is_first);
double exposition_proto_double(const struct protowire_field *f);
bool exposition_proto_time(struct str message, int64_t *out_ms);
struct proto_pair *exposition_proto_pair(struct proto_metric *m); /* a new one at the end */

#endif
