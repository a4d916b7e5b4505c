/* What a scrape target answers, sample by sample: Prometheus text 0.0.4 (and 1.0.0), OpenMetrics 1.0 and the protobuf form.
 * prometheus: model/textparse; OpenMetrics: specification/OpenMetrics.md; client_model: io/prometheus/client/metrics.proto
 *
 *   for (exposition_init(&x, format, body); (what = exposition_next(&x)) > EXPOSITION_END; ) …
 *
 * Bad input ends it with EXPOSITION_BAD and x.error (one sentence with line or byte): the whole scrape counts as failed then. What is
 * bad is what Prometheus 3 takes for bad, which is less than the specifications do: blanks are free in the text format, a counter of
 * OpenMetrics needs no _total, and any sample may have an exemplar. */
#ifndef PARSERS_EXPOSITION_EXPOSITION_H
#define PARSERS_EXPOSITION_EXPOSITION_H

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
	uint64_t value_bits;      /* of the double; of a NaN in text the normal one's, of a NaN in protobuf its own */
	int64_t timestamp_ms;
	bool has_timestamp, is_made;
	int64_t start_ms;         /* protobuf's created/start timestamp, 0: none. OpenMetrics' _created lines are samples like others */
	struct exemplar exemplar; /* of a sample; native histograms have theirs in exemplars[] */
	struct exemplar *exemplars;
	size_t exemplar_count;
	struct str histogram;     /* EXPOSITION_HISTOGRAM: a prometheus.Histogram message of remote-write without its timestamp (1.0 and
				   * 2.0 number its fields alike); valid until the next call */
	/* The family of the current item, filled by HELP, TYPE and UNIT so far, without escapes; views until another family begins. Empty
	 * name: none was declared. A sample need not belong to it: ask exposition_belongs. EXPOSITION_FAMILY is given for each of the
	 * three lines in the text formats, and once for each family in protobuf. */
	struct { struct str name, help, unit; enum metric_type type; } family;
	char error[256];
	/* Protobuf alone; to be set between exposition_init and the first exposition_next. A histogram with native buckets is given as
	 * EXPOSITION_HISTOGRAM, and its classic series are left out. */
	bool ignores_native;     /* as its classic series only */
	bool keeps_classic;      /* as both */
	struct exposition_state *state; /* the rest */
};

void exposition_init(struct exposition *x, enum exposition_format format, struct str body); /* the body must outlive x */
enum exposition_item exposition_next(struct exposition *x);
void exposition_fini(struct exposition *x);
/* Labels of the current item with __name__, unescaped into arena; le of histograms and quantile of summaries are written as
 * OpenMetrics wants them ("1" becomes "1.0"), as Prometheus 3 does. false with *why: a name that cannot be, or one that stands
 * twice. Empty values are kept, so that honor_labels can see them. */
bool exposition_item_labels(const struct exposition *x, struct labels *out, struct arena *arena, const char **why);
/* The same rewriting for labels that were taken apart before: le of a histogram, quantile of a summary. */
void exposition_number_labels(enum metric_type type, struct labels *labels, struct arena *arena);
/* Takes `name{…}` (or an exemplar's `{…}`) apart likewise, but leaves le and quantile as they are. */
bool exposition_labels(struct str series, struct labels *out, struct arena *arena, const char **why);
/* From a Content-Type header; false: none that we know. */
bool exposition_format_of(struct str content_type, enum exposition_format *out);
/* Whether a sample called `name` belongs to the family: name itself, or with one of the suffixes of its type. */
bool exposition_belongs(struct str name, struct str family, enum metric_type type);

enum { EXPOSITION_SERIES_MAX = 1 << 20 /* bytes of one series' text */ };
#define STALE_NAN_BITS UINT64_C(0x7ff0000000000002)
#define NORMAL_NAN_BITS UINT64_C(0x7ff8000000000001)

#endif
