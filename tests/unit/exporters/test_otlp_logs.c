/* Log records, resources and whole requests as protobuf-c reads them; parts of a request are parts of it. */
#include "exporters/otlp/otlp_logs.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "exporters/batch.h"
#include "exporters/otlp/otlp.h"
#include "exporters/recut.h"
#include "otlp_logs.pb-c.h"

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"
#define LABEL(n, v) { { n, sizeof(n) - 1 }, { v, sizeof(v) - 1 } }

static struct str view(ProtobufCBinaryData b)
{
	return (struct str){ (const char *)b.data, b.len };
}

static void hex(struct buf *out, ProtobufCBinaryData b)
{
	for (size_t i = 0; i < b.len; i++)
		buf_printf(out, "%02x", b.data[i]);
}

static void print_attributes(struct buf *out, Otlp__KeyValue *const *at, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(at[i]->value->value_case, OTLP__ANY_VALUE__VALUE_STRING_VALUE);
		buf_str(out, view(at[i]->key));
		buf_char(out, '=');
		buf_str(out, view(at[i]->value->string_value));
		buf_char(out, ';');
	}
}

/* ---- one record ---- */

static const struct record_case {
	const char *name;
	int64_t timestamp_ns;
	const char *line;
	enum level level;
	enum trace_result trace;
	bool has_span, without;
	signed char sampled;
	struct label metadata[4];
	size_t count;
	const char *want; /* time severity/text flags trace/span attributes */
} record_cases[] = {
	{ "plain", 1700000000123456789, "hello", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1, { LABEL("", "") }, 0, "1700000000123456789 0/ 0 / " },
	{ "empty line", 1, "", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1, { LABEL("", "") }, 0, "1 0/ 0 / " },
	{ "before 1970", -5, "x", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1, { LABEL("", "") }, 0, "1 0/ 0 / " },
	{ "the epoch is not 'unknown'", 0, "x", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1, { LABEL("", "") }, 0, "1 0/ 0 / " },
	{ "level", 2, "x", LEVEL_WARN, TRACE_NONE, false, false, -1, { LABEL("", "") }, 0, "2 13/warn 0 / " },
	{ "critical", 2, "x", LEVEL_CRITICAL, TRACE_NONE, false, false, -1, { LABEL("", "") }, 0, "2 18/critical 0 / " },
	{ "trace id only", 2, "x", LEVEL_UNKNOWN, TRACE_VALID, false, false, -1, { LABEL("", "") }, 0, "2 0/ 0 " TRACE "/ " },
	{ "all of it", 2, "x", LEVEL_FATAL, TRACE_VALID, true, false, 1, { LABEL("", "") }, 0, "2 21/fatal 1 " TRACE "/" SPAN " " },
	{ "not sampled", 2, "x", LEVEL_INFO, TRACE_VALID, true, false, 0, { LABEL("", "") }, 0, "2 9/info 0 " TRACE "/" SPAN " " },
	{ "not wanted", 2, "x", LEVEL_FATAL, TRACE_VALID, true, true, 1, { LABEL("user", "7") }, 1, "2 0/ 0 / " },
	{ "metadata", 2, "x", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1, { LABEL("user", "7"), LABEL("empty", "") }, 2, "2 0/ 0 / user=7;empty=;" },
	{ "names of the profile otel", 2, "x", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1, { LABEL("host_name", "h"), LABEL("log_iostream", "stdout") }, 2,
	  "2 0/ 0 / host.name=h;log.iostream=stdout;" },
	{ "ids out of metadata", 2, "x", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1,
	  { LABEL("a", "1"), LABEL("span_id", SPAN), LABEL("trace_flags", "01"), LABEL("trace_id", "0AF7651916CD43DD8448EB211C80319C") }, 4,
	  "2 0/ 1 " TRACE "/" SPAN " a=1;" },
	{ "the line's own ids win", 2, "x", LEVEL_UNKNOWN, TRACE_VALID, false, false, -1, { LABEL("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736") }, 1,
	  "2 0/ 0 " TRACE "/ trace_id=4bf92f3577b34da6a3ce929d0e0e4736;" },
	{ "malformed ids stay attributes", 2, "x", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1,
	  { LABEL("trace_id", "abc"), LABEL("span_id", SPAN) }, 2, "2 0/ 0 / trace_id=abc;span_id=" SPAN ";" },
	{ "so does one of 32 that are not all digits", 2, "x", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1,
	  { LABEL("trace_id", "0af7651916cd43dd8448eb211c80319g") }, 1, "2 0/ 0 / trace_id=0af7651916cd43dd8448eb211c80319g;" },
	{ "zero is no id", 2, "x", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1, { LABEL("trace_id", "00000000000000000000000000000000") }, 1,
	  "2 0/ 0 / trace_id=00000000000000000000000000000000;" },
	{ "a span that is none beside a trace", 2, "x", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1,
	  { LABEL("trace_id", TRACE), LABEL("span_id", "7") }, 2, "2 0/ 0 " TRACE "/ span_id=7;" },
	{ "bytes that are no UTF-8", 2, "x", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1, { LABEL("a", "x\xffy\xc3"), LABEL("b", "\xc3\xa4") }, 2,
	  "2 0/ 0 / a=x?y?;b=\xc3\xa4;" },
};

static struct record record_of(const struct record_case *c)
{
	struct record r = { .timestamp_ns = c->timestamp_ns, .line = str_of(c->line), .level = c->level, .trace_result = c->trace,
			    .metadata = c->metadata, .metadata_count = c->count };
	memcpy(r.trace.trace_id, TRACE, 32);
	memcpy(r.trace.span_id, SPAN, 16);
	r.trace.has_span = c->has_span;
	r.trace.sampled = c->sampled;
	return r;
}

static void check_record(const char *name, const struct record *r, bool with_metadata, const char *want)
{
	struct buf field, text;
	buf_init(&field, 1 << 21);
	buf_init(&text, 4096);
	otlp_log_record(&field, r, with_metadata);
	Otlp__ScopeLogs *scope = otlp__scope_logs__unpack(NULL, field.n, (const uint8_t *)field.p);
	ck_assert_msg(scope && scope->n_log_records == 1, "%s: not decoded as one record", name);
	const Otlp__LogRecord *l = scope->log_records[0];
	buf_printf(&text, "%llu %d/" STR_FMT " %u ", (unsigned long long)l->time_unix_nano, l->severity_number, STR_ARG(view(l->severity_text)), l->flags);
	hex(&text, l->trace_id);
	buf_char(&text, '/');
	hex(&text, l->span_id);
	buf_char(&text, ' ');
	print_attributes(&text, l->attributes, l->n_attributes);
	ck_assert_msg(str_eq(buf_view(&text), str_of(want)), "%s: got " STR_FMT ", want %s", name, STR_ARG(buf_view(&text)), want);
	ck_assert_msg(l->body && l->body->value_case == OTLP__ANY_VALUE__VALUE_STRING_VALUE && str_eq(view(l->body->string_value), r->line),
		      "%s: another body", name);
	ck_assert_msg(l->observed_time_unix_nano == 0, "%s: an observed time would differ when the line is sent again", name);
	/* The oracle writes the same bytes: field order and the shortest varints. */
	uint8_t *again = malloc(otlp__scope_logs__get_packed_size(scope) + 1);
	size_t n = otlp__scope_logs__pack(scope, again);
	ck_assert_msg(n == field.n && memcmp(again, field.p, n) == 0, "%s: %zu bytes, protobuf-c writes %zu", name, field.n, n);
	free(again);
	otlp__scope_logs__free_unpacked(scope, NULL);
	buf_fini(&text);
	buf_fini(&field);
}

START_TEST(records_are_encoded)
{
	const struct record_case *c = &record_cases[_i];
	struct record r = record_of(c);
	check_record(c->name, &r, !c->without, c->want);
}
END_TEST

START_TEST(what_few_records_have)
{
	struct record r = { .timestamp_ns = 2, .line = STR("x"), .trace_result = TRACE_VALID, .trace = { .sampled = -1, .source = TRACE_FROM_REQUEST },
			    .adjusted_count = STR("100") };
	memcpy(r.trace.trace_id, TRACE, 32);
	check_record("of a request, sampled", &r, true, "2 0/ 0 " TRACE "/ trace_id_source=request;adjusted_count=100;");
}
END_TEST

START_TEST(large_records)
{
	static const size_t sizes[] = { 100, 127, 128, 16383, 16384, 300000 };
	char *line = malloc(sizes[_i]);
	memset(line, 'x', sizes[_i]);
	struct label big = { STR("big"), { line, sizes[_i] } };
	struct record r = { .timestamp_ns = INT64_MAX, .line = { line, sizes[_i] }, .metadata = &big, .metadata_count = 1 };
	struct buf field;
	buf_init(&field, 1 << 21);
	otlp_log_record(&field, &r, true);
	Otlp__ScopeLogs *scope = otlp__scope_logs__unpack(NULL, field.n, (const uint8_t *)field.p);
	ck_assert(scope && scope->n_log_records == 1);
	ck_assert(str_eq(view(scope->log_records[0]->body->string_value), r.line));
	ck_assert(str_eq(view(scope->log_records[0]->attributes[0]->value->string_value), r.line));
	otlp__scope_logs__free_unpacked(scope, NULL);
	buf_fini(&field);
	free(line);
}
END_TEST

/* ---- resources ---- */

static const struct resource_case {
	const char *name, *labels, *want, *text;
} resource_cases[] = {
	{ "nothing", "{}", "service.name=unknown_service;", "{\"service.name\"=\"unknown_service\"}" },
	{ "a pod", "{container=\"app\", namespace=\"shop\", node_name=\"n1\", pod=\"checkout-1\", stream=\"stderr\"}",
	  "service.name=app;service.namespace=shop;service.instance.id=shop.checkout-1.app;host.name=n1;k8s.container.name=app;"
	  "k8s.namespace.name=shop;k8s.node.name=n1;k8s.pod.name=checkout-1;log.iostream=stderr;", NULL },
	{ "a name of its own", "{app=\"cart\", service_name=\"basket\"}", "service.name=basket;app=cart;", NULL },
	{ "as Loki finds it", "{container=\"c\", app=\"cart\", job=\"j\"}", "service.name=cart;container.name=c;app=cart;job=j;", NULL },
	{ "the whole profile", "{service_name=\"s\", service_namespace=\"ns\", service_instance_id=\"id\", pod_uid=\"u\"}",
	  "service.name=s;service.namespace=ns;service.instance.id=id;k8s.pod.uid=u;", NULL },
	{ "a file", "{filename=\"/var/log/x\", job=\"syslog\", host=\"h\"}", "service.name=syslog;host.name=h;log.file.path=/var/log/x;job=syslog;", NULL },
	{ "two of one kind", "{node=\"b\", node_name=\"a\", pod=\"p\"}", "service.name=unknown_service;host.name=a;node=b;k8s.node.name=a;k8s.pod.name=p;", NULL },
	{ "a machine", "{job=\"j\", node_name=\"a\"}", "service.name=j;host.name=a;job=j;", NULL },
	{ "the profile otel", "{k8s_container_name=\"c\", k8s_namespace_name=\"n\", k8s_pod_name=\"p\", service_instance_id=\"u\", service_name=\"c\", service_namespace=\"n\"}",
	  "service.name=c;service.namespace=n;service.instance.id=u;k8s.container.name=c;k8s.namespace.name=n;k8s.pod.name=p;", NULL },
	{ "others keep their names", "{cluster=\"c\", tier=\"gold\", deployment_environment=\"prod\"}",
	  "service.name=unknown_service;k8s.cluster.name=c;tier=gold;deployment_environment=prod;", NULL },
	{ "escapes", "{a=\"q\\\"b\\\\ \\n\\x01\\u00a0\\U0001fffe, c=\\\"\", b=\"}\"}",
	  "service.name=unknown_service;a=q\"b\\ \n\x01\xc2\xa0\xf0\x9f\xbf\xbe, c=\";b=};",
	  "{\"service.name\"=\"unknown_service\", a=\"q\\\"b\\\\ \\n\x01\xc2\xa0\xf0\x9f\xbf\xbe, c=\\\"\", b=\"}\"}" },
	{ "no labels at all", "", "service.name=unknown_service;", NULL },
	{ "cut short", "{a=\"b", "service.name=unknown_service;a=b;", NULL },
};

START_TEST(labels_become_resources)
{
	const struct resource_case *c = &resource_cases[_i];
	struct buf bytes, text;
	buf_init(&bytes, 1 << 20);
	buf_init(&text, 1 << 20);
	otlp_resource(str_of(c->labels), &bytes);
	Otlp__Resource *r = otlp__resource__unpack(NULL, bytes.n, (const uint8_t *)bytes.p);
	ck_assert_ptr_nonnull(r);
	print_attributes(&text, r->attributes, r->n_attributes);
	ck_assert_msg(str_eq(buf_view(&text), str_of(c->want)), "%s: got " STR_FMT, c->name, STR_ARG(buf_view(&text)));
	uint8_t *again = malloc(otlp__resource__get_packed_size(r) + 1);
	size_t n = otlp__resource__pack(r, again);
	ck_assert_msg(n == bytes.n && memcmp(again, bytes.p, n) == 0, "%s: protobuf-c writes other bytes", c->name);
	buf_reset(&text);
	otlp_resource_text(buf_view(&bytes), &text);
	ck_assert_msg(!c->text || str_eq(buf_view(&text), str_of(c->text)), "%s: for people " STR_FMT, c->name, STR_ARG(buf_view(&text)));
	free(again);
	otlp__resource__free_unpacked(r, NULL);
	buf_fini(&text);
	buf_fini(&bytes);
}
END_TEST

/* ---- requests ---- */

static Otlp__ExportLogsServiceRequest *decode(const struct payload *p)
{
	z_stream z = { .avail_in = (uInt)p->n };
	char *raw = malloc(p->raw_bytes + 1);
	z.next_in = (Bytef *)p->body;
	z.next_out = (Bytef *)raw;
	z.avail_out = (uInt)p->raw_bytes + 1;
	ck_assert_int_eq(inflateInit2(&z, 15 + 16), Z_OK);
	ck_assert_int_eq(inflate(&z, Z_FINISH), Z_STREAM_END);
	ck_assert_uint_eq(z.total_out, p->raw_bytes);
	inflateEnd(&z);
	Otlp__ExportLogsServiceRequest *r = otlp__export_logs_service_request__unpack(NULL, p->raw_bytes, (const uint8_t *)raw);
	ck_assert_ptr_nonnull(r);
	free(raw);
	return r;
}

enum { STREAMS = 7, LINES = 5000 };

static struct payload build(struct batch *b)
{
	struct log_stream streams[STREAMS] = { { .slot = 0 } };
	char labels[STREAMS][64], line[64];
	struct payload p;
	for (int i = 0; i < STREAMS; i++) {
		snprintf(labels[i], sizeof labels[i], "{app=\"a%d\"}", i);
		streams[i].labels = str_of(labels[i]);
	}
	for (int i = 0; i < LINES; i++) {
		snprintf(line, sizeof line, "line %d", i);
		struct record r = { .timestamp_ns = i + 1, .line = str_of(line), .level = LEVEL_INFO };
		ck_assert(batch_append(b, &streams[i * i % STREAMS], &r, true));
	}
	ck_assert(batch_seal(b, &p));
	return p;
}

/* Marks what is in the request; each line under the labels that it was appended with. */
static void mark(const struct payload *p, uint8_t seen[LINES])
{
	Otlp__ExportLogsServiceRequest *r = decode(p);
	uint64_t lines = 0;
	for (size_t i = 0; i < r->n_resource_logs; i++) {
		const Otlp__ResourceLogs *group = r->resource_logs[i];
		int64_t last = 0;
		ck_assert_uint_eq(group->n_scope_logs, 1);
		for (size_t k = 0; k < group->scope_logs[0]->n_log_records; k++, lines++) {
			int64_t number = (int64_t)group->scope_logs[0]->log_records[k]->time_unix_nano - 1;
			char want[32];
			ck_assert(number >= last && number < LINES);
			snprintf(want, sizeof want, "a%d", (int)(number * number % STREAMS));
			ck_assert(str_eq(view(group->resource->attributes[0]->value->string_value), str_of(want)));
			seen[number]++;
			last = number;
		}
	}
	ck_assert_uint_eq(lines, p->lines);
	otlp__export_logs_service_request__free_unpacked(r, NULL);
}

static void check_seen(const uint8_t seen[LINES])
{
	for (int i = 0; i < LINES; i++)
		ck_assert_msg(seen[i] == 1, "line %d is there %d times", i, seen[i]);
}

START_TEST(a_batch_is_a_request)
{
	struct batch b;
	uint8_t whole[LINES] = { 0 }, halves[LINES] = { 0 };
	batch_open(&b, &log_protocol_otlp, 3, 64 << 20);
	for (int turn = 0; turn < 2; turn++) { /* the buffers are used again */
		struct payload p = build(&b), head, tail;
		memset(whole, 0, sizeof whole);
		memset(halves, 0, sizeof halves);
		mark(&p, whole);
		check_seen(whole);
		ck_assert_int_eq(recut_split(&p, LINES / 3, &head, &tail), 0);
		ck_assert_uint_eq(head.lines, LINES / 3);
		mark(&head, halves);
		mark(&tail, halves);
		check_seen(halves);
		payload_free(&head);
		payload_free(&tail);
		payload_free(&p);
	}
	batch_close(&b);
}
END_TEST

START_TEST(a_request_is_walked)
{
	struct batch b;
	struct buf raw;
	struct message_entry entry;
	uint64_t lines = 0;
	batch_open(&b, &log_protocol_otlp, 3, 64 << 20);
	struct payload p = build(&b);
	ck_assert_int_eq(payload_open(&p, &raw), 0);
	struct message_cursor c = message_walk(&log_protocol_otlp, buf_view(&raw));
	for (; message_next(&c); lines++) {
		char want[32];
		ck_assert(otlp_log_record_read(c.entry, &entry));
		snprintf(want, sizeof want, "line %d", (int)entry.timestamp_ns - 1);
		ck_assert(str_eq(entry.line, str_of(want)) && c.labels.n);
	}
	ck_assert(!c.is_broken);
	ck_assert_uint_eq(lines, LINES);
	buf_fini(&raw);
	p.raw_bytes--; /* what does not unpack to its size is not taken */
	ck_assert_int_lt(payload_open(&p, &raw), 0);
	buf_fini(&raw);
	p.raw_bytes += 2;
	ck_assert_int_lt(payload_open(&p, &raw), 0);
	buf_fini(&raw);
	payload_free(&p);
	batch_close(&b);
}
END_TEST

START_TEST(the_same_lines_are_the_same_bytes)
{
	struct batch a, b;
	batch_open(&a, &log_protocol_otlp, 3, 64 << 20);
	batch_open(&b, &log_protocol_otlp, 4, 64 << 20);
	struct payload p = build(&a), q = build(&b);
	ck_assert(p.n == q.n && memcmp(p.body, q.body, p.n) == 0);
	payload_free(&p);
	payload_free(&q);
	batch_close(&a);
	batch_close(&b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("otlp_logs");
	TCase *tcase = tcase_create("all");
	tcase_add_loop_test(tcase, records_are_encoded, 0, COUNT_OF(record_cases));
	tcase_add_test(tcase, what_few_records_have);
	tcase_add_loop_test(tcase, large_records, 0, 6);
	tcase_add_loop_test(tcase, labels_become_resources, 0, COUNT_OF(resource_cases));
	tcase_add_test(tcase, a_batch_is_a_request);
	tcase_add_test(tcase, a_request_is_walked);
	tcase_add_test(tcase, the_same_lines_are_the_same_bytes);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
