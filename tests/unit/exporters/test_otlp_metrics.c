/* Frames of the journal as OTLP metrics: what protobuf-c reads, and that it would have written the same bytes. */
#include "exporters/otlp/otlp_metrics.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "otlp_metrics.pb-c.h"

#define MS INT64_C(1780000000000)
#define STALE 0x7ff0000000000002u

struct rig {
	struct remote_write_options options;
	struct remote_write *rw;
	struct journal_writer writer;
	uint64_t next_series, next_family, frames;
	struct buf text;
};

static void settled(void *ctx, const struct journal_mark *mark)
{
	(void)ctx, (void)mark;
}

static void rig_open(struct rig *r)
{
	char err[256];
	const struct remote_write_hooks hooks = { .settled = settled };
	r->options.endpoint.url = STR("http://127.0.0.1:1/v1/metrics");
	r->options.endpoint.name = STR("test");
	r->options.version = REMOTE_WRITE_OTLP;
	r->options.send_metadata = r->options.send_exemplars = r->options.send_native_histograms = true;
	r->rw = remote_write_new(&r->options, NULL, NULL, &hooks, err);
	ck_assert_msg(r->rw != NULL, "%s", err);
	r->next_series = r->next_family = 1;
	buf_init(&r->text, 1 << 20);
	journal_begin(&r->writer);
	journal_time(&r->writer, MS);
}

static void rig_close(struct rig *r)
{
	journal_fini(&r->writer);
	remote_write_free(r->rw);
	buf_fini(&r->text);
}

static uint64_t family(struct rig *r, unsigned type, const char *name, const char *unit)
{
	journal_metadata(&r->writer, r->next_family, type, str_of(name), STR("Help."), str_of(unit));
	return r->next_family++;
}

/* A sample of a new series: name, and pairs of label and value up to NULL. Returns its number. */
static uint64_t sample_bits(struct rig *r, uint64_t of, const char *name, const char *label, const char *value, const char *bound, uint64_t bits)
{
	struct labels l = { 0 };
	labels_set(&l, LABELS_METRIC_NAME, str_of(name));
	labels_set(&l, STR("job"), STR("shop/api"));
	labels_set(&l, STR("instance"), STR("host:1"));
	if (label)
		labels_set(&l, str_of(label), str_of(value));
	if (bound)
		labels_set(&l, str_of(strstr(name, "_bucket") ? "le" : "quantile"), str_of(bound));
	journal_series(&r->writer, r->next_series, of, &l);
	journal_sample(&r->writer, r->next_series, bits);
	labels_fini(&l);
	return r->next_series++;
}

static uint64_t sample(struct rig *r, uint64_t of, const char *name, const char *label, const char *value, const char *bound, double number)
{
	uint64_t bits;
	memcpy(&bits, &number, sizeof bits);
	return sample_bits(r, of, name, label, value, bound, bits);
}

/* ---- as text ---- */

static struct str view(ProtobufCBinaryData b)
{
	return (struct str){ (const char *)b.data, b.len };
}

static void attributes(struct buf *out, Otlp__KeyValue *const *at, size_t count)
{
	buf_char(out, '{');
	for (size_t i = 0; i < count; i++)
		buf_printf(out, "%s" STR_FMT "=" STR_FMT, i ? "," : "", STR_ARG(view(at[i]->key)), STR_ARG(view(at[i]->value->string_value)));
	buf_char(out, '}');
}

static void times(struct buf *out, uint64_t start, uint64_t time, uint32_t flags)
{
	ck_assert_uint_eq(time % 1000000, 0);
	buf_printf(out, " @%lld", (long long)(time / 1000000) - (long long)MS);
	if (start)
		buf_printf(out, " since %lld", (long long)(start / 1000000));
	if (flags)
		buf_printf(out, " flags %u", flags);
}

static void exemplars(struct buf *out, Otlp__Exemplar *const *at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_printf(out, " exemplar %g@%llu ", at[i]->as_double, (unsigned long long)(at[i]->time_unix_nano / 1000000));
		for (size_t k = 0; k < at[i]->trace_id.len; k++)
			buf_printf(out, "%02x", at[i]->trace_id.data[k]);
		buf_char(out, '/');
		for (size_t k = 0; k < at[i]->span_id.len; k++)
			buf_printf(out, "%02x", at[i]->span_id.data[k]);
		attributes(out, at[i]->filtered_attributes, at[i]->n_filtered_attributes);
	}
}

static void numbers(struct buf *out, Otlp__NumberDataPoint *const *at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buf_char(out, ' ');
		attributes(out, at[i]->attributes, at[i]->n_attributes);
		if (at[i]->value_case == OTLP__NUMBER_DATA_POINT__VALUE_AS_DOUBLE)
			buf_printf(out, "%g", at[i]->as_double);
		else
			buf_str(out, STR("none"));
		times(out, at[i]->start_time_unix_nano, at[i]->time_unix_nano, at[i]->flags);
		exemplars(out, at[i]->exemplars, at[i]->n_exemplars);
	}
}

static void histograms(struct buf *out, const Otlp__Histogram *h)
{
	ck_assert_int_eq(h->aggregation_temporality, 2);
	for (size_t i = 0; i < h->n_data_points; i++) {
		const Otlp__HistogramDataPoint *p = h->data_points[i];
		buf_char(out, ' ');
		attributes(out, p->attributes, p->n_attributes);
		buf_printf(out, "n=%llu", (unsigned long long)p->count);
		if (p->sum__case == OTLP__HISTOGRAM_DATA_POINT__SUM__SUM)
			buf_printf(out, " sum=%g", p->sum);
		ck_assert_uint_eq(p->n_bucket_counts, p->n_explicit_bounds + 1);
		for (size_t k = 0; k < p->n_explicit_bounds; k++)
			buf_printf(out, " %g:%llu", p->explicit_bounds[k], (unsigned long long)p->bucket_counts[k]);
		buf_printf(out, " inf:%llu", (unsigned long long)p->bucket_counts[p->n_explicit_bounds]);
		times(out, p->start_time_unix_nano, p->time_unix_nano, p->flags);
		exemplars(out, p->exemplars, p->n_exemplars);
	}
}

static void summaries(struct buf *out, const Otlp__Summary *s)
{
	for (size_t i = 0; i < s->n_data_points; i++) {
		const Otlp__SummaryDataPoint *p = s->data_points[i];
		buf_char(out, ' ');
		attributes(out, p->attributes, p->n_attributes);
		buf_printf(out, "n=%llu sum=%g", (unsigned long long)p->count, p->sum);
		for (size_t k = 0; k < p->n_quantile_values; k++)
			buf_printf(out, " %g:%g", p->quantile_values[k]->quantile, p->quantile_values[k]->value);
		times(out, p->start_time_unix_nano, p->time_unix_nano, p->flags);
	}
}

static void metric(struct buf *out, const Otlp__Metric *m)
{
	buf_printf(out, STR_FMT "[" STR_FMT "]", STR_ARG(view(m->name)), STR_ARG(view(m->unit)));
	switch (m->data_case) {
	case OTLP__METRIC__DATA_GAUGE:
		buf_str(out, STR(" gauge"));
		numbers(out, m->gauge->data_points, m->gauge->n_data_points);
		break;
	case OTLP__METRIC__DATA_SUM:
		ck_assert_int_eq(m->sum->aggregation_temporality, 2);
		buf_str(out, m->sum->is_monotonic ? STR(" counter") : STR(" sum"));
		numbers(out, m->sum->data_points, m->sum->n_data_points);
		break;
	case OTLP__METRIC__DATA_HISTOGRAM:
		buf_str(out, STR(" histogram"));
		histograms(out, m->histogram);
		break;
	default:
		buf_str(out, STR(" summary"));
		summaries(out, m->summary);
	}
	buf_char(out, '\n');
}

static void check_bytes(const Otlp__ExportMetricsServiceRequest *request, struct str bytes)
{
	uint8_t *again = malloc(bytes.n + 1024);
	ck_assert_uint_eq(otlp__export_metrics_service_request__get_packed_size(request), bytes.n);
	ck_assert_uint_eq(otlp__export_metrics_service_request__pack(request, again), bytes.n);
	ck_assert_msg(memcmp(again, bytes.p, bytes.n) == 0, "protobuf-c writes other bytes");
	free(again);
}

/* All that was written, as one request. */
static const char *encoded(struct rig *r)
{
	const struct journal_mark mark = { 1, ++r->frames, r->writer.samples };
	ck_assert(remote_write_feed(r->rw, journal_end(&r->writer), &mark, false));
	struct rw_request *request = r->rw->shards[0].open;
	ck_assert_ptr_nonnull(request);
	rw_otlp_encode(r->rw, request);
	ck_assert(!r->rw->raw.is_full);
	struct str bytes = buf_view(&r->rw->raw);
	Otlp__ExportMetricsServiceRequest *all = otlp__export_metrics_service_request__unpack(NULL, bytes.n, (const uint8_t *)bytes.p);
	ck_assert_ptr_nonnull(all);
	check_bytes(all, bytes);
	buf_reset(&r->text);
	for (size_t i = 0; i < all->n_resource_metrics; i++) {
		const Otlp__ResourceMetrics *of = all->resource_metrics[i];
		attributes(&r->text, of->resource->attributes, of->resource->n_attributes);
		buf_char(&r->text, '\n');
		for (size_t k = 0; k < of->scope_metrics[0]->n_metrics; k++)
			metric(&r->text, of->scope_metrics[0]->metrics[k]);
	}
	buf_char(&r->text, '\0');
	otlp__export_metrics_service_request__free_unpacked(all, NULL);
	return r->text.p;
}

#define TARGET "{service.name=shop/api,service.instance.id=host:1}\n"

START_TEST(kinds)
{
	struct rig r = { .frames = 0 };
	rig_open(&r);
	uint64_t requests = family(&r, 1, "requests_total", ""), seconds = family(&r, 1, "cpu_seconds_total", "seconds");
	uint64_t gauge = family(&r, 2, "size_bytes", "bytes"), info = family(&r, 6, "build_info", ""), strange = family(&r, 2, "up", "targets");
	sample(&r, requests, "requests_total", "code", "200", NULL, 7);
	sample(&r, requests, "requests_total", "code", "500", NULL, 0);
	sample(&r, seconds, "cpu_seconds_total", NULL, NULL, NULL, 1.5);
	sample(&r, gauge, "size_bytes", NULL, NULL, NULL, -3);
	sample(&r, info, "build_info", "version", "1", NULL, 1);
	sample(&r, strange, "up", NULL, NULL, NULL, 1);
	sample(&r, 0, "unheard_of", "le", "not a histogram", NULL, INFINITY);
	ck_assert_str_eq(encoded(&r), TARGET
			 "requests_total[] counter {code=200}7 @0 {code=500}0 @0\n"
			 "cpu_seconds_total[s] counter {}1.5 @0\n"
			 "size_bytes[By] gauge {}-3 @0\n"
			 "build_info[] gauge {version=1}1 @0\n"
			 "up[] gauge {}1 @0\n"
			 "unheard_of[] gauge {le=not a histogram}inf @0\n");
	rig_close(&r);
}
END_TEST

static void histogram(struct rig *r, uint64_t of, const char *label, const char *value, const double v[6])
{
	sample(r, of, "took_seconds_bucket", label, value, "0.1", v[0]);
	sample(r, of, "took_seconds_bucket", label, value, "1.0", v[1]);
	sample(r, of, "took_seconds_bucket", label, value, "10", v[2]);
	sample(r, of, "took_seconds_bucket", label, value, "+Inf", v[3]);
	sample(r, of, "took_seconds_sum", label, value, NULL, v[4]);
	sample(r, of, "took_seconds_count", label, value, NULL, v[5]);
}

START_TEST(histograms_are_put_together)
{
	struct rig r = { .frames = 0 };
	rig_open(&r);
	uint64_t of = family(&r, 3, "took_seconds", "seconds");
	histogram(&r, of, "path", "/a", (double[]){ 1, 3, 3, 6, 40.5, 6 });
	histogram(&r, of, "path", "/b", (double[]){ 0, 0, 0, 0, 0, 0 });
	histogram(&r, of, NULL, NULL, (double[]){ 5, 3, 7, 8, -2, 8 }); /* not cumulative: no bucket is negative */
	ck_assert_str_eq(encoded(&r), TARGET
			 "took_seconds[s] histogram {path=/a}n=6 sum=40.5 0.1:1 1:2 10:0 inf:3 @0 {path=/b}n=0 sum=0 0.1:0 1:0 10:0 inf:0 @0"
			 " {}n=8 sum=-2 0.1:5 1:0 10:2 inf:1 @0\n");
	ck_assert_uint_eq(r.rw->shards[0].open->points, 3);
	rig_close(&r);
}
END_TEST

START_TEST(histograms_with_less)
{
	struct rig r = { .frames = 0 };
	rig_open(&r);
	uint64_t of = family(&r, 3, "took_seconds", "seconds");
	sample(&r, of, "took_seconds_bucket", "path", "/no_inf", "1", 2); /* what a rule has left */
	sample(&r, of, "took_seconds_count", "path", "/no_inf", NULL, 5);
	sample(&r, of, "took_seconds_bucket", "path", "/no_count", "1", 2);
	sample(&r, of, "took_seconds_sum", "path", "/no_count", NULL, 5);
	sample(&r, of, "took_seconds_count", "path", "/alone", NULL, 9);
	sample(&r, of, "other_name", NULL, NULL, NULL, 1); /* renamed by a rule */
	ck_assert_str_eq(encoded(&r), TARGET
			 "took_seconds[s] histogram {path=/no_inf}n=5 1:2 inf:3 @0\n"
			 "took_seconds_bucket[s] sum {le=1,path=/no_count}2 @0\n"
			 "took_seconds_sum[s] sum {path=/no_count}5 @0\n"
			 "took_seconds[s] histogram {path=/alone}n=9 inf:9 @0\n"
			 "other_name[s] gauge {}1 @0\n");
	rig_close(&r);
}
END_TEST

START_TEST(summaries_are_put_together)
{
	struct rig r = { .frames = 0 };
	rig_open(&r);
	uint64_t of = family(&r, 5, "wait", "");
	sample(&r, of, "wait", NULL, NULL, "0.99", 4);
	sample(&r, of, "wait", NULL, NULL, "0", 0);
	sample(&r, of, "wait", NULL, NULL, "0.5", NAN);
	sample(&r, of, "wait_sum", NULL, NULL, NULL, 3.5);
	sample(&r, of, "wait_count", NULL, NULL, NULL, 3);
	sample(&r, of, "wait", "a", "b", "0.5", 4);
	ck_assert_str_eq(encoded(&r), TARGET "wait[] summary {}n=3 sum=3.5 0:0 0.5:nan 0.99:4 @0\nwait[] gauge {a=b,quantile=0.5}4 @0\n");
	rig_close(&r);
}
END_TEST

START_TEST(stale_markers_have_no_value)
{
	struct rig r = { .frames = 0 };
	static const char *const bounds[] = { "0.1", "+Inf" };
	rig_open(&r);
	uint64_t of = family(&r, 3, "took_seconds", ""), gauge = family(&r, 2, "g", "");
	sample_bits(&r, gauge, "g", NULL, NULL, NULL, STALE);
	sample_bits(&r, gauge, "g", "a", "1", NULL, 0x7ff8000000000001u); /* a NaN that the target said */
	for (int i = 0; i < 2; i++)
		sample_bits(&r, of, "took_seconds_bucket", NULL, NULL, bounds[i], STALE);
	sample_bits(&r, of, "took_seconds_sum", NULL, NULL, NULL, STALE);
	sample_bits(&r, of, "took_seconds_count", NULL, NULL, NULL, STALE);
	sample_bits(&r, of, "took_seconds_bucket", "path", "/a", "0.1", STALE); /* one bucket is gone, the others go on */
	sample(&r, of, "took_seconds_count", "path", "/a", NULL, 3);
	ck_assert_str_eq(encoded(&r), TARGET
			 "g[] gauge {}none @0 flags 1 {a=1}nan @0\n"
			 "took_seconds[] histogram {}n=0 sum=0 0.1:0 inf:0 @0 flags 1\n"
			 "took_seconds_bucket[] sum {le=0.1,path=/a}none @0 flags 1\n"
			 "took_seconds[] histogram {path=/a}n=3 inf:3 @0\n");
	rig_close(&r);
}
END_TEST

START_TEST(starts_and_exemplars)
{
	struct rig r = { .frames = 0 };
	struct labels l = { 0 }, other = { 0 };
	rig_open(&r);
	uint64_t of = family(&r, 1, "requests_total", ""), h = family(&r, 3, "took_seconds", "");
	uint64_t id = sample(&r, of, "requests_total", NULL, NULL, NULL, 1);
	labels_set(&l, STR("trace_id"), STR("0af7651916cd43dd8448eb211c80319c"));
	labels_set(&l, STR("span_id"), STR("b7ad6b7169203331"));
	labels_set(&other, STR("trace_id"), STR("short"));
	journal_time(&r.writer, MS + 1000);
	journal_start(&r.writer, id, 1779999990000);
	journal_exemplar(&r.writer, id, &l, 0.5, MS + 900);
	journal_sample(&r.writer, id, 0);
	uint64_t bucket = sample(&r, h, "took_seconds_bucket", NULL, NULL, "1", 1);
	sample(&r, h, "took_seconds_count", NULL, NULL, NULL, 1);
	journal_time(&r.writer, MS + 2000);
	journal_exemplar(&r.writer, bucket, &other, 0.25, MS + 1900);
	journal_sample(&r.writer, bucket, 0);
	journal_sample(&r.writer, bucket + 1, 0);
	ck_assert_str_eq(encoded(&r), TARGET
			 "requests_total[] counter {}1 @0 {}0 @1000 since 1779999990000 exemplar 0.5@1780000000900 "
			 "0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331{}\n"
			 "took_seconds[] histogram {}n=1 1:1 inf:0 @1000 {}n=0 1:0 inf:0 @2000 exemplar 0.25@1780000001900 /{trace_id=short}\n");
	labels_fini(&l);
	labels_fini(&other);
	rig_close(&r);
}
END_TEST

START_TEST(other_targets)
{
	struct rig r = { .frames = 0 };
	struct labels l = { 0 };
	rig_open(&r);
	uint64_t of = family(&r, 2, "g", "");
	labels_set(&l, LABELS_METRIC_NAME, STR("g"));
	journal_series(&r.writer, r.next_series, of, &l);
	journal_sample(&r.writer, r.next_series++, 0);
	labels_set(&l, STR("job"), STR("j"));
	labels_set(&l, STR("bad"), STR("x\xff"));
	journal_series(&r.writer, r.next_series, of, &l);
	journal_sample(&r.writer, r.next_series++, 0);
	ck_assert_str_eq(encoded(&r), "{service.name=unknown_service}\ng[] gauge {}0 @0\n{service.name=j}\ng[] gauge {bad=x\xef\xbf\xbd}0 @0\n");
	labels_fini(&l);
	rig_close(&r);
}
END_TEST

/* Requests are as full as they may be, and no histogram is in two of them, however they are cut. */
START_TEST(histograms_are_not_cut)
{
	struct rig r = { .options.max_samples_per_send = 50 };
	char path[16];
	rig_open(&r);
	uint64_t of = family(&r, 3, "took_seconds", "");
	for (int i = 0; i < 40; i++) {
		snprintf(path, sizeof path, "/%d", i);
		histogram(&r, of, "path", path, (double[]){ 1, 2, 3, 4, 5, 4 });
	}
	const struct journal_mark mark = { 1, 1, r.writer.samples };
	ck_assert(remote_write_feed(r.rw, journal_end(&r.writer), &mark, false));
	struct rw_shard *shard = &r.rw->shards[0];
	rw_shard_close_open(shard);
	rw_shard_split(shard, shard->first->n / 2 + 1);
	rw_shard_split(shard, 1);
	uint64_t points = 0, requests = 0;
	for (struct rw_request *q = shard->first; q; q = q->next, requests++) {
		rw_otlp_encode(r.rw, q);
		ck_assert_uint_eq(q->n % 6, 0);
		ck_assert_uint_eq(q->points * 6, q->n);
		points += q->points;
	}
	ck_assert_uint_eq(points, 40);
	ck_assert_uint_ge(requests, 6);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("otlp_metrics");
	TCase *tcase = tcase_create("all");
	tcase_add_test(tcase, kinds);
	tcase_add_test(tcase, histograms_are_put_together);
	tcase_add_test(tcase, histograms_with_less);
	tcase_add_test(tcase, summaries_are_put_together);
	tcase_add_test(tcase, stale_markers_have_no_value);
	tcase_add_test(tcase, starts_and_exemplars);
	tcase_add_test(tcase, other_targets);
	tcase_add_test(tcase, histograms_are_not_cut);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
