/* Writes metric families as text: Prometheus 0.0.4 or OpenMetrics 1.0. HELP and TYPE come with the first sample, so a family without
 * samples leaves no trace. A family is begun once per page: loop over families outside and devices inside.
 *
 *   families_begin(f, "node_load1", METRIC_GAUGE, "1m load average.");
 *   families_value(f, 0.42);
 *   families_begin(f, "node_disk_io_now", METRIC_GAUGE, "The number of I/Os currently in progress.");
 *   families_label1(f, "device", device, 3);
 */
#ifndef AGENT_EXPOSITION_FAMILIES_H
#define AGENT_EXPOSITION_FAMILIES_H

#include "parsers/exposition/exposition.h"
#include "parsers/labels.h"

struct families {
	struct buf *out;
	bool is_openmetrics;
	const char *exemplar_label; /* name of the trace id in exemplars; families_init says trace_id */
	/* the open family */
	const char *name, *help;
	enum metric_type type;
	bool has_header;
	size_t count, dropped;   /* families written; families that were begun twice */
	struct map *seen;        /* names written so far, to tell a repeated family (private) */
	struct arena *names;
};
struct metric_label { const char *name; struct str value; };
struct metric_exemplar { /* a trace that stands for the sample; an empty trace_id: none */
	struct str trace_id, span_id; /* hexadecimal digits */
	double value;                 /* what it added, or what was observed */
	int64_t timestamp_ns;
};

void families_init(struct families *f, struct buf *out, bool is_openmetrics);
void families_fini(struct families *f);
/* name and help live until the next family. In OpenMetrics a counter whose name does not end in _total becomes `unknown`.
 * METRIC_UNKNOWN is written "untyped" in text. When the name was written before, the whole family is left out and counted in
 * `dropped`. */
void families_begin(struct families *f, const char *name, enum metric_type type, const char *help);
bool families_has(const struct families *f, struct str name);
void families_value(struct families *f, double value);
void families_label1(struct families *f, const char *name, struct str value, double sample);
void families_label2(struct families *f, const char *name1, struct str value1, const char *name2, struct str value2, double sample);
/* Labels in the order given (sort them by name); suffix is appended to the family's name: "", "_bucket", "_sum", "_count". */
void families_sample(struct families *f, const char *suffix, const struct metric_label *labels, size_t count, double sample);
/* The same with an exemplar (NULL: none), which only OpenMetrics can show. */
void families_traced(struct families *f, const char *suffix, const struct metric_label *labels, size_t count, double sample,
	const struct metric_exemplar *exemplar);
/* < 0, 0, > 0: label by label the name, then the value; of two that begin alike the shorter one is first. */
int families_compare_labels(const struct metric_label *a, size_t a_count, const struct metric_label *b, size_t b_count);
/* One family in one call. */
void families_gauge(struct families *f, const char *name, const char *help, double value);
void families_counter(struct families *f, const char *name, const char *help, double value);
/* Shortest text that reads back as the same double; "+Inf", "-Inf", "NaN". Integers and values with up to nine decimals take a
 * short way. */
void families_number(struct buf *out, double value);

#endif
