/* What a scrape target answers, sample by sample: Prometheus text 0.0.4 (and 1.0.0), OpenMetrics 1.0 and the protobuf form.
 * prometheus: model/textparse; OpenMetrics: specification/OpenMetrics.md; client_model: io/prometheus/client/metrics.proto
 *
 *   for (exposition_init(&x, format, body); (what = exposition_next(&x)) > EXPOSITION_END; ) …
 *
 * Bad input ends it with EXPOSITION_BAD and x.error (one sentence with line or byte): the whole scrape counts as failed then. */
#ifndef PARSERS_EXPOSITION_H
#define PARSERS_EXPOSITION_H

#include "parsers/bytes/arena.h"
#include "parsers/labels.h"

enum exposition_format { EXPOSITION_TEXT_0_0_4, EXPOSITION_OPENMETRICS_1_0, EXPOSITION_PROTOBUF, EXPOSITION_FORMATS };
enum exposition_item { EXPOSITION_BAD = -1, EXPOSITION_END, EXPOSITION_SAMPLE, EXPOSITION_HISTOGRAM, EXPOSITION_FAMILY };
enum metric_type { /* numbers as remote-write 2.0 has them */
	METRIC_UNKNOWN, METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM, METRIC_GAUGEHISTOGRAM, METRIC_SUMMARY, METRIC_INFO, METRIC_STATESET,
	METRIC_TYPES
};
extern const char *const metric_type_names[METRIC_TYPES]; /* "unknown" "counter" … as OpenMetrics writes them */

struct exemplar { /* views until the next exposition_next; raw is `{trace_id="…"}` or the like: exposition_labels reads it */
	struct str raw;
	double value;
	int64_t timestamp_ms;
	bool is_there, has_timestamp;
};
struct exposition { /* in private hands, but for what follows the current item */
	/* EXPOSITION_SAMPLE, EXPOSITION_HISTOGRAM */
	struct str series;        /* `name{a="b"}` byte for byte as it stands (protobuf: written that way): the key of a series cache.
				   * A view into the body, or until the next call when is_made is set */
	uint64_t value_bits;      /* of the double: NaNs are handed on bit for bit */
	int64_t timestamp_ms;
	bool has_timestamp, is_made;
	int64_t start_ms;         /* protobuf's created/start timestamp, 0: none */
	struct exemplar exemplar; /* of a sample; native histograms have theirs in exemplars[] */
	struct exemplar *exemplars;
	size_t exemplar_count;
	struct str histogram;     /* EXPOSITION_HISTOGRAM: a prometheus.Histogram message of remote-write without its timestamp;
				   * valid until the next call */
	/* The family of the current item, filled by HELP, TYPE and UNIT so far; views into the body. Empty name: none was declared.
	 * EXPOSITION_FAMILY is given once per family when a TYPE, HELP or UNIT line begins or completes it. */
	struct { struct str name, help, unit; enum metric_type type; } family;
	char error[256];
	struct exposition_state *state; /* the rest */
};

void exposition_init(struct exposition *x, enum exposition_format format, struct str body);
enum exposition_item exposition_next(struct exposition *x);
void exposition_fini(struct exposition *x);
/* Takes `name{…}` (or an exemplar's `{…}`) apart: labels with __name__, unescaped into arena. false with *why: not valid, or a
 * label name stands twice. The order of the labels in the text does not matter. */
bool exposition_labels(struct str series, struct labels *out, struct arena *arena, const char **why);
/* From a Content-Type header; false: none that we know. */
bool exposition_format_of(struct str content_type, enum exposition_format *out);
/* Whether a sample called `name` belongs to the family: name itself, or with one of the suffixes of its type. */
bool exposition_belongs(struct str name, struct str family, enum metric_type type);

enum { EXPOSITION_SERIES_MAX = 1 << 20 /* bytes of one series' text */ };
#define STALE_NAN_BITS UINT64_C(0x7ff0000000000002)
#define NORMAL_NAN_BITS UINT64_C(0x7ff8000000000001)

#endif
