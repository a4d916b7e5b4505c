/* Samples as OTLP metrics: requests of a receiver that speaks it (remote_write.h), as bytes, and what is answered.
 * opentelemetry-proto: opentelemetry/proto/metrics/v1/metrics.proto; OpenTelemetry's specification, compatibility/prometheus_and_openmetrics.md.
 *
 *   ExportMetricsServiceRequest { resource_metrics=1 { resource=1, scope_metrics=2 { metrics=2 { name=1, … sum=7 { data_points=1 } } } } }
 *
 * A run of samples of one target is one ResourceMetrics, a run of one name in it one Metric. Counters are monotonic cumulative Sums, gauges and
 * all else Gauges; the series of a classic histogram or summary that lie together in the request are one data point. */
#ifndef EXPORTERS_OTLP_OTLP_METRICS_H
#define EXPORTERS_OTLP_OTLP_METRICS_H

#include "exporters/remote_write/remote_write_state.h"

enum otlp_kind { OTLP_GAUGE, OTLP_SUM, OTLP_MONOTONIC, OTLP_HISTOGRAM, OTLP_SUMMARY };

/* What the labels of a series say, as views into them. */
struct otlp_series {
	struct str labels;           /* Label messages, field 1 of TimeSeries of 1.0 */
	struct str name, job, instance;
	struct str bound;            /* le or quantile, as text */
	const struct rw_family *family; /* NULL: not known */
	struct str family_name;
	struct str suffix;           /* of the name behind the family's, "_bucket"; empty: none, or another name */
};
void otlp_series_read(const struct rw_table *t, const struct rw_series *s, struct otlp_series *out);
/* The same for all series of one classic histogram or summary, which belong into one request: instead of rw_series.hash. */
uint32_t otlp_series_hash(const struct rw_table *t, const struct rw_series *s);

/* otlp_points.c. Appends one data point as field 1 of Sum, Gauge, … to `out`: items [from, to) of the request, which are several for a
 * histogram or summary alone. */
void otlp_point(struct buf *out, const struct rw_request *r, enum otlp_kind kind, const struct otlp_series *series, uint32_t from, uint32_t to);
/* Which items from `from` on are one data point of a histogram or summary: the place behind the last one, or `from`: they are not one, each
 * is sent by itself. */
uint32_t otlp_point_end(const struct rw_request *r, const struct otlp_series *first, uint32_t from);
/* Whether a sample says that its series has ended. */
static inline bool otlp_is_stale(const struct rw_item *item)
{
	return item->bits == 0x7ff0000000000002;
}

#endif
