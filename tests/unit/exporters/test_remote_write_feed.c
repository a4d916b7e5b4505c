/* Frames of the journal to series of requests: values, exemplars, histograms, start times, definitions, what is damaged or mended,
 * write_relabel_configs. */
#include "exporters/remote_write/remote_write.h"

#include "tests/unit/exporters/fake_receiver.h"

static const struct bits_case { const char *name; uint64_t bits; } bits_cases[] = {
	{ "zero", 0 },                         { "minus zero", UINT64_C(0x8000000000000000) },
	{ "stale marker", UINT64_C(0x7ff0000000000002) }, { "nan", UINT64_C(0x7ff8000000000001) },
	{ "nan of another kind", UINT64_C(0xfff8dead0000beef) }, { "infinity", UINT64_C(0x7ff0000000000000) },
	{ "minus infinity", UINT64_C(0xfff0000000000000) },      { "smallest", 1 },
	{ "largest", UINT64_C(0x7fefffffffffffff) },
};
static const int64_t times[] = { 0, 1, -1, FAKE_BASE_MS, INT64_MAX, INT64_MIN };

static struct { uint64_t bits; int64_t ms; } wanted[COUNT_OF(bits_cases) * COUNT_OF(times)];

static void compare_bits(struct fake *f, const struct push *push, struct server_answer *out)
{
	static struct seen_series s;
	for (size_t i = 0; i < push->series; i++) {
		seen_at(push, i, &s);
		ck_assert_msg(s.bits == wanted[i].bits && s.ms == wanted[i].ms, "sample %zu: %llx at %lld", i, (unsigned long long)s.bits,
			      (long long)s.ms);
	}
	char text[512];
	fake_written(push, push->samples, 0, 0, text);
	server_reply(out, 200, text, STR("ok"));
	f->state++;
}

START_TEST(values_and_times_are_exact)
{
	static struct rig rigs[2];
	struct rig *r = &rigs[_i];
	r->options.version = _i ? REMOTE_WRITE_2 : REMOTE_WRITE_1;
	rig_open(r, compare_bits);
	rig_begin(r);
	struct labels l = { 0 };
	labels_set(&l, STR("__name__"), STR("x"));
	journal_series(&r->writer, 7, 0, &l);
	size_t n = 0;
	for (size_t t = 0; t < COUNT_OF(times); t++)
		for (size_t i = 0; i < COUNT_OF(bits_cases); i++) {
			journal_time(&r->writer, times[t]);
			journal_sample(&r->writer, 7, bits_cases[i].bits);
			wanted[n].bits = bits_cases[i].bits;
			wanted[n++].ms = times[t];
		}
	ck_assert(rig_end(r));
	ck_assert(rig_run(r, 10));
	ck_assert_int_eq(r->fake.state, 1);
	ck_assert_uint_eq(rig_status(r).samples_sent, n);
	labels_fini(&l);
	rig_close(r);
}
END_TEST

START_TEST(exemplars_come_with_their_sample)
{
	static struct rig rigs[2];
	struct rig *r = &rigs[_i];
	r->options.version = _i ? REMOTE_WRITE_2 : REMOTE_WRITE_1;
	rig_open(r, fake_accept);
	struct labels trace = { 0 };
	char long_id[200];
	memset(long_id, 'x', sizeof long_id);
	labels_set(&trace, STR("span_id"), STR("b7ad6b7169203331"));
	labels_set(&trace, STR("trace_id"), STR("0af7651916cd43dd8448eb211c80319c"));
	rig_begin(r);
	journal_time(&r->writer, FAKE_BASE_MS);
	rig_define(r, 0);
	rig_define(r, 1);
	journal_exemplar(&r->writer, 1, &trace, 0.25, FAKE_BASE_MS - 5);
	journal_exemplar(&r->writer, 1, &trace, 0.5, FAKE_BASE_MS - 5); /* not newer: receivers refuse it */
	journal_exemplar(&r->writer, 1, &trace, 0.75, FAKE_BASE_MS - 1);
	labels_set(&trace, STR("trace_id"), (struct str){ long_id, sizeof long_id });
	journal_exemplar(&r->writer, 1, &trace, 1, FAKE_BASE_MS); /* over 128 characters */
	double value = 0;
	uint64_t bits;
	for (int i = 0; i < 2; i++) {
		value = i * 100000.0;
		memcpy(&bits, &value, 8);
		journal_sample(&r->writer, (uint64_t)i, bits);
	}
	ck_assert(rig_end(r));
	ck_assert(rig_run(r, 10));
	const struct seen_series *s = &r->fake.last;
	ck_assert_uint_eq(s->exemplars, 2);
	ck_assert_str_eq(s->exemplar_labels, "span_id=\"b7ad6b7169203331\",trace_id=\"0af7651916cd43dd8448eb211c80319c\"");
	ck_assert_int_eq(s->exemplar_ms, FAKE_BASE_MS - 1);
	ck_assert(s->exemplar_value == 0.75 && s->value == 100000);
	struct remote_write_status st = rig_status(r);
	ck_assert_uint_eq(st.exemplars_sent, 2);
	ck_assert_uint_eq(st.exemplars_dropped, 2);
	/* The same one again with the next scrape: the receiver has it. */
	labels_set(&trace, STR("trace_id"), STR("0af7651916cd43dd8448eb211c80319c"));
	rig_begin(r);
	journal_time(&r->writer, FAKE_BASE_MS + 1000);
	journal_exemplar(&r->writer, 1, &trace, 0.75, FAKE_BASE_MS - 1);
	value = 100001;
	memcpy(&bits, &value, 8);
	journal_sample(&r->writer, 1, bits);
	ck_assert(rig_end(r));
	ck_assert(rig_run(r, 10));
	ck_assert_uint_eq(r->fake.last.exemplars, 0);
	labels_fini(&trace);
	rig_close(r);
}
END_TEST

static struct str make_histogram(char to[128])
{
	Prometheus__BucketSpan span = PROMETHEUS__BUCKET_SPAN__INIT, *spans[] = { &span };
	Prometheus__Histogram h = PROMETHEUS__HISTOGRAM__INIT;
	int64_t deltas[] = { 3, -1, 0 };
	span.offset = -2;
	span.length = 3;
	h.count_int = 7;
	h.sum = 12.5;
	h.schema = 3;
	h.zero_threshold = 1e-128;
	h.positive_spans = spans;
	h.n_positive_spans = 1;
	h.positive_deltas = deltas;
	h.n_positive_deltas = 3;
	return (struct str){ to, prometheus__histogram__pack(&h, (uint8_t *)to) };
}

static void look_at_histogram(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->v1 && push->series) {
		const Prometheus__Histogram *h = push->v1->timeseries[0]->histograms[0];
		f->state = h->count_int == 7 && h->sum == 12.5 && h->schema == 3 && h->positive_deltas[1] == -1;
	} else if (push->v2) {
		const Io__Prometheus__Write__V2__Histogram *h = push->v2->timeseries[0]->histograms[0];
		f->state = h->count_int == 7 && h->sum == 12.5 && h->schema == 3 && h->positive_spans[0]->offset == -2 &&
			   h->start_timestamp == FAKE_BASE_MS - 60000;
	}
	fake_accept(f, push, out);
}

START_TEST(native_histograms)
{
	static struct rig rigs[2];
	struct rig *r = &rigs[_i];
	char bytes[128];
	r->options.version = _i ? REMOTE_WRITE_2 : REMOTE_WRITE_1;
	rig_open(r, look_at_histogram);
	rig_begin(r);
	rig_define(r, 0);
	journal_time(&r->writer, FAKE_BASE_MS);
	journal_start(&r->writer, 0, FAKE_BASE_MS - 60000);
	journal_histogram(&r->writer, 0, make_histogram(bytes));
	ck_assert(rig_end(r));
	ck_assert(rig_run(r, 10));
	ck_assert_int_eq(r->fake.state, 1);
	ck_assert_int_eq(r->fake.last.ms, FAKE_BASE_MS);
	ck_assert_uint_eq(rig_status(r).histograms_sent, 1);
	ck_assert_uint_eq(rig_status(r).samples_sent, 1);
	rig_close(r);
}
END_TEST

START_TEST(native_histograms_can_be_off)
{
	static struct rig r;
	char bytes[128];
	rig_open(&r, fake_accept);
	r.rw->options.send_native_histograms = false;
	rig_begin(&r);
	rig_define(&r, 0);
	journal_time(&r.writer, FAKE_BASE_MS);
	journal_histogram(&r.writer, 0, make_histogram(bytes));
	ck_assert(rig_end(&r));
	ck_assert(rig_run(&r, 10));
	ck_assert_uint_eq(rig_status(&r).samples_dropped[SAMPLE_DROP_UNSUPPORTED], 1);
	ck_assert_int_eq(r.fake.pushes, 0);
	ck_assert_uint_eq(r.settled.sequence, 1);
	rig_close(&r);
}
END_TEST

START_TEST(start_timestamps_are_in_2_0)
{
	static struct rig r;
	r.options.version = REMOTE_WRITE_2;
	rig_open(&r, fake_accept);
	rig_feed(&r, 1, 0);
	ck_assert(rig_run(&r, 10));
	ck_assert_int_eq(r.fake.last.start_ms, 0);
	rig_begin(&r);
	journal_start(&r.writer, 0, FAKE_BASE_MS - 1234);
	ck_assert(rig_end(&r));
	rig_feed(&r, 1, 1);
	ck_assert(rig_run(&r, 10));
	ck_assert_int_eq(r.fake.last.start_ms, FAKE_BASE_MS - 1234);
	rig_close(&r);
}
END_TEST

START_TEST(a_new_segment_defines_everything_anew)
{
	static struct rig r;
	rig_open(&r, fake_accept);
	for (int t = 0; t < 6; t++) {
		rig_feed(&r, 100, t);
		if (t % 2)
			rig_roll(&r);
	}
	ck_assert_uint_eq(r.rw->table->references, 2); /* its own, and that of the open request */
	ck_assert(rig_run(&r, 20));
	ck_assert_int_eq(missing(&r, 100, 0, 6), 0);
	ck_assert_uint_eq(rig_status(&r).series, 100);
	rig_close(&r);
}
END_TEST

START_TEST(a_number_that_is_defined_anew_keeps_what_is_queued)
{
	static struct rig r;
	rig_open(&r, fake_accept);
	rig_feed(&r, 1, 0);
	rig_begin(&r);
	struct labels l = { 0 };
	labels_set(&l, STR("__name__"), STR("other"));
	journal_series(&r.writer, 0, 0, &l);
	journal_time(&r.writer, FAKE_BASE_MS);
	journal_sample(&r.writer, 0, 0);
	ck_assert(rig_end(&r));
	ck_assert(rig_run(&r, 10));
	ck_assert_int_eq(missing(&r, 1, 0, 1), 0);
	ck_assert_str_eq(r.fake.last.labels, "__name__=\"other\"");
	ck_assert_uint_eq(rig_status(&r).series, 1);
	labels_fini(&l);
	rig_close(&r);
}
END_TEST

START_TEST(history_defines_only)
{
	static struct rig r;
	rig_open(&r, fake_accept);
	rig_begin(&r);
	journal_time(&r.writer, FAKE_BASE_MS);
	rig_define(&r, 0);
	journal_sample(&r.writer, 0, 0);
	const struct journal_mark mark = { 1, 500, 0 };
	ck_assert(remote_write_feed(r.rw, journal_end(&r.writer), &mark, true));
	ck_assert(remote_write_is_empty(r.rw));
	rig_feed(&r, 1, 1);
	ck_assert(rig_run(&r, 10));
	ck_assert_int_eq(r.fake.stored[0][0], 0);
	ck_assert_int_eq(r.fake.stored[0][1], 1);
	rig_close(&r);
}
END_TEST

START_TEST(samples_of_unknown_series_are_counted)
{
	static struct rig r; /* row 118: their definition was in a damaged piece */
	rig_open(&r, fake_accept);
	r.is_defined[1] = true;
	rig_feed(&r, 3, 0);
	ck_assert(rig_run(&r, 10));
	ck_assert_uint_eq(rig_status(&r).samples_dropped[SAMPLE_DROP_DAMAGED], 1);
	ck_assert_uint_eq(rig_status(&r).samples_sent, 2);
	ck_assert_uint_eq(r.settled.sequence, 3);
	rig_close(&r);
}
END_TEST

START_TEST(a_damaged_frame_gives_what_it_has)
{
	static struct rig r;
	rig_open(&r, fake_accept);
	rig_begin(&r);
	journal_time(&r.writer, FAKE_BASE_MS);
	rig_define(&r, 0);
	journal_sample(&r.writer, 0, 0);
	struct str payload = journal_end(&r.writer);
	char bytes[4096];
	memcpy(bytes, payload.p, payload.n);
	memcpy(bytes + payload.n, "R\xff\xff", 3);
	const struct journal_mark mark = { 1, 1000, 1 };
	r.fed = 1;
	ck_assert(!remote_write_feed(r.rw, (struct str){ bytes, payload.n + 3 }, &mark, false));
	ck_assert(rig_run(&r, 10));
	ck_assert_uint_eq(rig_status(&r).samples_sent, 1);
	ck_assert_uint_eq(r.settled.offset, 1000);
	rig_close(&r);
}
END_TEST

START_TEST(invalid_utf8_and_empty_values_are_mended)
{
	static struct rig rigs[2];
	struct rig *r = &rigs[_i];
	r->options.version = _i ? REMOTE_WRITE_2 : REMOTE_WRITE_1;
	rig_open(r, fake_accept);
	/* {__name__="a",b="",c="x\xff"} by hand: labels_set would leave the empty one out */
	static const char bytes[] = "S\x05\x00\x1d" "\x0a\x0d\x0a\x08__name__\x12\x01" "a" "\x0a\x05\x0a\x01" "b\x12\x00"
				    "\x0a\x07\x0a\x01" "c\x12\x02x\xff" "T\x02R\x05\x01\0\0\0\0\0\0\0\0";
	const struct journal_mark mark = { 1, 10, 1 };
	r->fed = 1;
	char copy[sizeof bytes];
	memcpy(copy, bytes, sizeof bytes);
	copy[3] = 15 + 7 + 9; /* the length of the three labels */
	ck_assert(remote_write_feed(r->rw, (struct str){ copy, sizeof bytes - 1 }, &mark, false));
	ck_assert(rig_run(r, 10));
	ck_assert_str_eq(r->fake.last.labels, "__name__=\"a\",c=\"x\xef\xbf\xbd\"");
	rig_close(r);
}
END_TEST

START_TEST(write_relabelling)
{
	static struct rig rigs[2];
	struct rig *r = &rigs[_i];
	char err[256];
	const struct str source[] = { STR("n") };
	const struct relabel_options rules[] = {
		{ .source_labels = source, .source_label_count = 1, .separator = STR(";"), .regex = STR("1"), .action = RELABEL_DROP },
		{ .separator = STR(";"), .regex = STR("(.*)"), .target_label = STR("cluster"), .replacement = STR("c1"),
		  .action = RELABEL_REPLACE },
		{ .regex = STR("job"), .action = RELABEL_LABELDROP },
	};
	struct relabel *compiled = relabel_new(rules, COUNT_OF(rules), err);
	ck_assert_msg(compiled != NULL, "%s", err);
	r->options.version = _i ? REMOTE_WRITE_2 : REMOTE_WRITE_1;
	r->options.write_relabel = compiled;
	rig_open(r, fake_accept);
	rig_feed(r, 3, 0);
	ck_assert(rig_run(r, 10));
	ck_assert_str_eq(r->fake.last.labels, "__name__=\"m2_total\",cluster=\"c1\",instance=\"host:1\",n=\"2\"");
	ck_assert_uint_eq(rig_status(r).samples_dropped[SAMPLE_DROP_RELABELLED], 1);
	ck_assert_uint_eq(rig_status(r).samples_sent, 2);
	ck_assert_uint_eq(rig_status(r).series, 2);
	rig_close(r);
	relabel_free(compiled);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("remote_write_feed");
	TCase *t = tcase_create("remote_write_feed");
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, values_and_times_are_exact, 0, 2);
	tcase_add_loop_test(t, exemplars_come_with_their_sample, 0, 2);
	tcase_add_loop_test(t, native_histograms, 0, 2);
	tcase_add_test(t, native_histograms_can_be_off);
	tcase_add_test(t, start_timestamps_are_in_2_0);
	tcase_add_test(t, a_new_segment_defines_everything_anew);
	tcase_add_test(t, a_number_that_is_defined_anew_keeps_what_is_queued);
	tcase_add_test(t, history_defines_only);
	tcase_add_test(t, samples_of_unknown_series_are_counted);
	tcase_add_test(t, a_damaged_frame_gives_what_it_has);
	tcase_add_loop_test(t, invalid_utf8_and_empty_values_are_mended, 0, 2);
	tcase_add_loop_test(t, write_relabelling, 0, 2);
	suite_add_tcase(s, t);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
