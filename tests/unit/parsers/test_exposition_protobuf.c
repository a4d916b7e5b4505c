/* The protobuf form. Messages are put together here by a few helpers of the test's own, so that nothing is shared with what reads them. */
#include <check.h>
#include <math.h>

#include "tests/unit/parsers/exposition_dump.h"

struct message { /* small ones only: lengths below 16384 */
	char bytes[4096];
	size_t n;
};

static void byte(struct message *m, unsigned c)
{
	m->bytes[m->n++] = (char)c;
}

static void varint(struct message *m, uint64_t v)
{
	for (; v > 127; v >>= 7)
		byte(m, (unsigned)(v & 127) | 128);
	byte(m, (unsigned)v);
}

static void put_int(struct message *m, unsigned field, uint64_t v)
{
	varint(m, field << 3);
	varint(m, v);
}

static void put_double(struct message *m, unsigned field, double v)
{
	uint64_t bits;
	memcpy(&bits, &v, 8);
	varint(m, field << 3 | 1);
	for (int i = 0; i < 8; i++)
		byte(m, (unsigned)(bits >> (8 * i)) & 255);
}

static void put_text(struct message *m, unsigned field, const char *text, size_t n)
{
	varint(m, field << 3 | 2);
	varint(m, n);
	memcpy(m->bytes + m->n, text, n);
	m->n += n;
}

static void put_string(struct message *m, unsigned field, const char *text)
{
	put_text(m, field, text, strlen(text));
}

static void put_message(struct message *m, unsigned field, const struct message *inner)
{
	put_text(m, field, inner->bytes, inner->n);
}

static void put_pair(struct message *m, unsigned field, const char *name, const char *value)
{
	struct message pair = { .n = 0 };
	put_string(&pair, 1, name);
	put_string(&pair, 2, value);
	put_message(m, field, &pair);
}

static void put_time(struct message *m, unsigned field, int64_t seconds, uint64_t nanos)
{
	struct message time = { .n = 0 };
	put_int(&time, 1, (uint64_t)seconds);
	put_int(&time, 2, nanos);
	put_message(m, field, &time);
}

static void put_exemplar(struct message *m, unsigned field, const char *id, double value, int64_t seconds)
{
	struct message e = { .n = 0 };
	put_pair(&e, 1, "trace_id", id);
	put_double(&e, 2, value);
	if (seconds)
		put_time(&e, 3, seconds, 5000000);
	put_message(m, field, &e);
}

/* One family around its metrics, behind its length. */
static void family(struct message *out, const char *name, unsigned type, const struct message *metrics)
{
	struct message f = { .n = 0 };
	put_string(&f, 1, name);
	put_string(&f, 2, "help");
	memcpy(f.bytes + f.n, metrics->bytes, metrics->n); /* before the type: order does not matter */
	f.n += metrics->n;
	put_int(&f, 3, type);
	put_string(&f, 5, "unit");
	varint(out, f.n);
	memcpy(out->bytes + out->n, f.bytes, f.n);
	out->n += f.n;
}

static void check(const struct message *body, bool keeps_classic, bool ignores_native, const char *want)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	dump(EXPOSITION_PROTOBUF, (struct str){ body->bytes, body->n }, keeps_classic, ignores_native, &out);
	ck_assert_msg(str_eq(buf_view(&out), str_of(want)), "got\n" STR_FMT "want\n%s", STR_ARG(buf_view(&out)), want);
	buf_fini(&out);
}

static void metric_of(struct message *metrics, unsigned field, const struct message *value, const char *label, int64_t timestamp_ms)
{
	struct message metric = { .n = 0 };
	put_pair(&metric, 1, "l", label);
	put_message(&metric, field, value);
	if (timestamp_ms)
		put_int(&metric, 6, (uint64_t)timestamp_ms);
	put_message(metrics, 4, &metric);
}

START_TEST(counters_and_gauges)
{
	struct message body = { .n = 0 }, metrics = { .n = 0 }, value = { .n = 0 };
	put_double(&value, 1, 12.5);
	put_exemplar(&value, 2, "abc", 3, 7);
	put_time(&value, 3, 1700000000, 999999999);
	metric_of(&metrics, 3, &value, "a\"b\\c\nd", 99);
	family(&body, "requests_total", 0, &metrics);
	metrics.n = value.n = 0;
	put_double(&value, 1, -0.5);
	metric_of(&metrics, 2, &value, "", -5);
	family(&body, "a gauge", 1, &metrics);
	metrics.n = 0;
	metric_of(&metrics, 5, &value, "x", 0);
	family(&body, "untyped", 3, &metrics);
	check(&body, false, false,
		"= requests_total counter [unit] help\n"
		"requests_total{l=\"a\\\"b\\\\c\\nd\"} 12.5 @99 >1700000000999 # {trace_id=\"abc\"} 3 @7005\n"
		"= a gauge gauge [unit] help\n{\"a gauge\",l=\"\"} -0.5 @-5\n"
		"= untyped unknown [unit] help\nuntyped{l=\"x\"} -0.5\n");
}
END_TEST

START_TEST(summaries)
{
	struct message body = { .n = 0 }, metrics = { .n = 0 }, value = { .n = 0 }, quantile = { .n = 0 };
	put_int(&value, 1, 42);
	put_double(&value, 2, 1.5);
	put_double(&quantile, 1, 0.5);
	put_double(&quantile, 2, 7);
	put_message(&value, 3, &quantile);
	quantile.n = 0;
	put_double(&quantile, 1, 1);
	put_message(&value, 3, &quantile);
	put_time(&value, 4, 5, 0);
	metric_of(&metrics, 4, &value, "x", 0);
	value.n = 0;
	metric_of(&metrics, 4, &value, "y", 0);
	family(&body, "s", 2, &metrics);
	check(&body, false, false,
		"= s summary [unit] help\ns_count{l=\"x\"} 42 >5000\ns_sum{l=\"x\"} 1.5 >5000\ns{l=\"x\",quantile=\"0.5\"} 7 >5000\n"
		"s{l=\"x\",quantile=\"1.0\"} 0 >5000\ns_count{l=\"y\"} 0\ns_sum{l=\"y\"} 0\n");
}
END_TEST

static void put_bucket(struct message *m, uint64_t count, double bound, const char *exemplar)
{
	struct message bucket = { .n = 0 };
	put_int(&bucket, 1, count);
	put_double(&bucket, 2, bound);
	if (exemplar)
		put_exemplar(&bucket, 3, exemplar, 9, 4);
	put_message(m, 3, &bucket);
}

START_TEST(classic_histograms)
{
	struct message body = { .n = 0 }, metrics = { .n = 0 }, value = { .n = 0 };
	put_int(&value, 1, 10);
	put_double(&value, 2, 2.5);
	put_bucket(&value, 1, 0.1, "t");
	put_bucket(&value, 5, 1e6, NULL);
	metric_of(&metrics, 7, &value, "x", 0);
	value.n = 0;
	put_double(&value, 4, 1.5);
	put_bucket(&value, 2, INFINITY, NULL);
	metric_of(&metrics, 7, &value, "y", 0);
	family(&body, "h", 4, &metrics);
	check(&body, false, false,
		"= h histogram [unit] help\nh_count{l=\"x\"} 10\nh_sum{l=\"x\"} 2.5\n"
		"h_bucket{l=\"x\",le=\"0.1\"} 1 # {trace_id=\"t\"} 9 @4005\nh_bucket{l=\"x\",le=\"1e+06\"} 5\nh_bucket{l=\"x\",le=\"+Inf\"} 10\n"
		"h_count{l=\"y\"} 1.5\nh_sum{l=\"y\"} 0\nh_bucket{l=\"y\",le=\"+Inf\"} 2\n");
}
END_TEST

static void put_span(struct message *m, unsigned field, uint64_t zigzag, uint64_t length)
{
	struct message span = { .n = 0 };
	put_int(&span, 1, zigzag);
	put_int(&span, 2, length);
	put_message(m, field, &span);
}

static void native(struct message *value, bool is_packed)
{
	struct message deltas = { .n = 0 };
	put_int(value, 1, 6);
	put_double(value, 2, 2.5);
	put_int(value, 5, 5); /* -3 */
	put_double(value, 6, 0.5);
	put_int(value, 7, 1);
	put_span(value, 12, 3 /* -2 */, 2);
	varint(&deltas, 4);
	varint(&deltas, 2);
	if (is_packed) {
		put_message(value, 13, &deltas);
	} else {
		put_int(value, 13, 4);
		put_int(value, 13, 2);
	}
	put_bucket(value, 3, 1, "in a bucket");
	put_exemplar(value, 16, "first", 1, 2);
	put_exemplar(value, 16, "no time", 1, 0);
	put_exemplar(value, 16, "second", 2, 3);
}

/* count 1, sum 3, schema 4, zero_threshold 5, zero_count 6, positive_spans 11, positive_deltas 12 */
#define NATIVE "08061900000000000004402005" "29000000000000e03f3001" "5a0408031002" "62020402"

START_TEST(native_histograms)
{
	for (int is_packed = 0; is_packed < 2; is_packed++) {
		struct message body = { .n = 0 }, metrics = { .n = 0 }, value = { .n = 0 };
		native(&value, is_packed);
		metric_of(&metrics, 7, &value, "x", 17);
		family(&body, "n", 4, &metrics);
		check(&body, false, false,
			"= n histogram [unit] help\nn{l=\"x\"} " NATIVE " @17 # {trace_id=\"first\"} 1 @2005 # {trace_id=\"second\"} 2 @3005\n");
		check(&body, true, false,
			"= n histogram [unit] help\nn{l=\"x\"} " NATIVE " @17 # {trace_id=\"first\"} 1 @2005 # {trace_id=\"second\"} 2 @3005\n"
			"n_count{l=\"x\"} 6 @17\nn_sum{l=\"x\"} 2.5 @17\nn_bucket{l=\"x\",le=\"1.0\"} 3 @17 # {trace_id=\"in a bucket\"} 9 @4005\n"
			"n_bucket{l=\"x\",le=\"+Inf\"} 6 @17\n");
		check(&body, false, true,
			"= n histogram [unit] help\n"
			"n_count{l=\"x\"} 6 @17\nn_sum{l=\"x\"} 2.5 @17\nn_bucket{l=\"x\",le=\"1.0\"} 3 @17 # {trace_id=\"in a bucket\"} 9 @4005\n"
			"n_bucket{l=\"x\",le=\"+Inf\"} 6 @17\n");
	}
}
END_TEST

START_TEST(native_floats_of_a_gauge)
{
	struct message body = { .n = 0 }, metrics = { .n = 0 }, value = { .n = 0 };
	put_double(&value, 4, 2);
	put_double(&value, 8, 1);
	put_span(&value, 9, 0, 1);
	put_double(&value, 11, 1);
	metric_of(&metrics, 7, &value, "x", 0);
	family(&body, "n", 5, &metrics);
	check(&body, false, false,
		"= n gaugehistogram [unit] help\nn{l=\"x\"} 11000000000000004019000000000000000020002900000000000000003900000000" "0000f03f"
		"420408001001" "5208000000000000f03f" "7003\n");
}
END_TEST

/* What a receiver would refuse the whole request for ends the scrape here. */
START_TEST(native_histograms_that_cannot_be)
{
	static const struct { uint64_t schema, count, offset, delta; const char *want; } rows[] = {
		{ 18, 3, 2, 2, "schema is not one of" },
		{ 9, 3, 2, 2, "schema is not one of" },
		{ 2, 4, 2, 2, "counts other than its buckets" },
		{ 2, 3, 1, 2, "spans overlap" },
		{ 2, 3, 2, 3, "less than nothing" },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct message body = { .n = 0 }, metrics = { .n = 0 }, value = { .n = 0 };
		struct buf out;
		buf_init(&out, 1 << 20);
		put_int(&value, 1, rows[i].count);
		put_int(&value, 5, rows[i].schema);
		put_span(&value, 12, 2, 1);
		put_span(&value, 12, rows[i].offset, 1);
		put_int(&value, 13, 2);
		put_int(&value, 13, rows[i].delta);
		metric_of(&metrics, 7, &value, "x", 0);
		family(&body, "n", 4, &metrics);
		dump(EXPOSITION_PROTOBUF, (struct str){ body.bytes, body.n }, false, false, &out);
		buf_char(&out, 0);
		ck_assert_msg(strstr(out.p, rows[i].want), "row %zu: got %s", i, out.p);
		buf_fini(&out);
	}
}
END_TEST

START_TEST(bad_bodies)
{
	static const struct { const char *name; struct str body; bool is_good; } rows[] = {
		{ "nothing", { "", 0 }, true },
		{ "an empty family", { "\x00", 1 }, true },
		{ "too long", { "\x05\x0a\x01", 3 }, false },
		{ "no length", { "\xff", 1 }, false },
		{ "metrics without a name", { "\x02\x22\x00", 3 }, false },
		{ "a name of the wrong type", { "\x02\x08\x01", 3 }, false },
		{ "an unknown type", { "\x07\x0a\x01n\x18\x09\x22\x00", 8 }, false },
		{ "a name that is not UTF-8", { "\x05\x0a\x01\xff\x22\x00", 6 }, false },
		{ "a help that is not UTF-8", { "\x08\x0a\x01n\x12\x01\xff\x22\x00", 9 }, false },
		{ "a label without a name", { "\x07\x0a\x01n\x22\x02\x0a\x00", 8 }, false },
		{ "an unknown field", { "\x07\x0a\x01n\x22\x00\x78\x01", 8 }, true },
		{ "an unknown group", { "\x07\x0a\x01n\x22\x00\x7b\x7c", 8 }, true },
		{ "a group without end", { "\x06\x0a\x01n\x22\x00\x7b", 7 }, false },
		{ "an end without a group", { "\x06\x0a\x01n\x22\x00\x7c", 7 }, false },
		{ "field 0", { "\x07\x0a\x01n\x22\x00\x00\x00", 8 }, false },
	};
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct buf out;
		buf_init(&out, 1 << 20);
		dump(EXPOSITION_PROTOBUF, rows[i].body, false, false, &out);
		buf_char(&out, 0);
		ck_assert_msg((strstr(out.p, "! byte") == NULL) == rows[i].is_good, "%s: got %s", rows[i].name, out.p);
		buf_fini(&out);
	}
}
END_TEST

/* An exemplar that is none takes neither its sample nor the scrape along. */
START_TEST(a_bad_exemplar_is_left_out)
{
	struct message body = { .n = 0 }, metrics = { .n = 0 }, value = { .n = 0 };
	put_double(&value, 1, 1);
	put_exemplar(&value, 2, "\xff", 3, 7);
	metric_of(&metrics, 3, &value, "x", 0);
	family(&body, "c", 0, &metrics);
	check(&body, false, false, "= c counter [unit] help\nc{l=\"x\"} 1\n");
}
END_TEST

int main(void)
{
	Suite *s = suite_create("exposition_protobuf");
	TCase *t = tcase_create("exposition_protobuf");
	tcase_add_test(t, counters_and_gauges);
	tcase_add_test(t, summaries);
	tcase_add_test(t, classic_histograms);
	tcase_add_test(t, native_histograms);
	tcase_add_test(t, native_floats_of_a_gauge);
	tcase_add_test(t, native_histograms_that_cannot_be);
	tcase_add_test(t, bad_bodies);
	tcase_add_test(t, a_bad_exemplar_is_left_out);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
