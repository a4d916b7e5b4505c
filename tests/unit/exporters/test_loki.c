/* Labels as strconv.Quote prints them, and entries as protobuf-c reads them. */
#include "exporters/loki.h"

#include <check.h>
#include <stdlib.h>

#include "loki.pb-c.h"

#define LABEL(n, v) { { n, sizeof(n) - 1 }, { v, sizeof(v) - 1 } }

static const struct labels_case {
	const char *name;
	struct label labels[4];
	size_t count;
	const char *want;
} labels_cases[] = {
	{ "none", { { { 0 }, { 0 } } }, 0, "{}" },
	{ "sorted by name", { LABEL("job", "x"), LABEL("app", "y") }, 2, "{app=\"y\", job=\"x\"}" },
	{ "empty value left out", { LABEL("a", ""), LABEL("b", "1") }, 2, "{b=\"1\"}" },
	{ "later one wins", { LABEL("a", "1"), LABEL("b", "2"), LABEL("a", "3") }, 3, "{a=\"3\", b=\"2\"}" },
	{ "later one wins by being empty", { LABEL("a", "1"), LABEL("a", "") }, 2, "{}" },
	{ "bad names left out", { LABEL("1a", "x"), LABEL("a-b", "x"), LABEL("_a9", "x"), LABEL("", "x") }, 4, "{_a9=\"x\"}" },
	{ "quote and backslash", { LABEL("a", "q\"b\\") }, 1, "{a=\"q\\\"b\\\\\"}" },
	{ "short escapes", { LABEL("a", "\a\b\f\n\r\t\v") }, 1, "{a=\"\\a\\b\\f\\n\\r\\t\\v\"}" },
	{ "other controls", { LABEL("a", "\x01\x1b\x7f") }, 1, "{a=\"\\x01\\x1b\\x7f\"}" },
	{ "NUL", { LABEL("a", "x\0y") }, 1, "{a=\"x\\x00y\"}" },
	{ "printable beyond ASCII", { LABEL("a", "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 \xf0\x9f\x98\x80") }, 1,
	  "{a=\"gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 \xf0\x9f\x98\x80\"}" },
	{ "C1, no-break space, soft hyphen", { LABEL("a", "\xc2\x85\xc2\xa0\xc2\xad") }, 1, "{a=\"\\u0085\\u00a0\\u00ad\"}" },
	{ "zero width and direction marks", { LABEL("a", "\xe2\x80\x8b\xe2\x80\xae\xe2\x81\xa6") }, 1,
		"{a=\"\\u200b\\u202e\\u2066\"}" },
	{ "byte order mark, noncharacter", { LABEL("a", "\xef\xbb\xbf\xef\xbf\xbe") }, 1, "{a=\"\\ufeff\\ufffe\"}" },
	{ "replacement character itself", { LABEL("a", "\xef\xbf\xbd") }, 1, "{a=\"_\"}" },
	{ "invalid UTF-8 repaired", { LABEL("a", "x\xff\xc3") }, 1, "{a=\"x__\"}" },
	{ "beyond the first plane", { LABEL("a", "\xf3\xa0\x80\x81\xf0\x9f\xbf\xbe") }, 1, "{a=\"\\U000e0001\\U0001fffe\"}" },
};

START_TEST(labels_are_rendered)
{
	struct labels_case c = labels_cases[_i];
	struct buf out;
	buf_init(&out, 4096);
	loki_labels_render(c.labels, c.count, &out);
	ck_assert_msg(str_eq(buf_view(&out), str_of(c.want)), "%s: got " STR_FMT ", want %s", c.name, STR_ARG(buf_view(&out)),
		c.want);
	buf_fini(&out);
}
END_TEST

#define TRACE "0af7651916cd43dd8448eb211c80319c"
#define SPAN "b7ad6b7169203331"

static const struct entry_case {
	const char *name;
	int64_t timestamp_ns;
	const char *line;
	enum level level;
	enum trace_result trace;
	bool has_span, without;
	signed char sampled;
	int64_t seconds;
	int32_t nanos;
	const char *want; /* name=value; … of the structured metadata */
} entry_cases[] = {
	{ "plain", 1700000000123456789, "hello", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1, 1700000000, 123456789, "" },
	{ "empty line", 1700000000000000001, "", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1, 1700000000, 1, "" },
	{ "whole second", 1700000000000000000, "x", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1, 1700000000, 0, "" },
	{ "epoch", 0, "x", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1, 0, 0, "" },
	{ "before 1970", -1, "x", LEVEL_UNKNOWN, TRACE_NONE, false, false, -1, -1, 999999999, "" },
	{ "level", 1, "x", LEVEL_WARN, TRACE_NONE, false, false, -1, 0, 1, "detected_level=warn;" },
	{ "trace id only", 1, "x", LEVEL_UNKNOWN, TRACE_VALID, false, false, -1, 0, 1, "trace_id=" TRACE ";" },
	{ "trace and span", 1, "x", LEVEL_UNKNOWN, TRACE_VALID, true, false, -1, 0, 1, "trace_id=" TRACE ";span_id=" SPAN ";" },
	{ "all of it", 1, "x", LEVEL_CRITICAL, TRACE_VALID, true, false, 1, 0, 1,
	  "trace_id=" TRACE ";span_id=" SPAN ";trace_flags=01;detected_level=critical;" },
	{ "not sampled", 1, "x", LEVEL_INFO, TRACE_VALID, false, false, 0, 0, 1,
		"trace_id=" TRACE ";trace_flags=00;detected_level=info;" },
	{ "zero id is none", 1, "x", LEVEL_UNKNOWN, TRACE_ZERO, true, false, 1, 0, 1, "" },
	{ "malformed id is none", 1, "x", LEVEL_UNKNOWN, TRACE_MALFORMED, true, false, 1, 0, 1, "" },
	{ "metadata not wanted", 1, "x", LEVEL_ERROR, TRACE_VALID, true, true, 1, 0, 1, "" },
};

static void metadata_text(const Loki__Entry *e, struct buf *out)
{
	for (size_t i = 0; i < e->n_structured_metadata; i++) {
		const Loki__LabelPair *p = e->structured_metadata[i];
		buf_append(out, p->name.data, p->name.len);
		buf_char(out, '=');
		buf_append(out, p->value.data, p->value.len);
		buf_char(out, ';');
	}
}

static void check_entry(const char *name, const struct record *r, bool with_metadata, int64_t seconds, int32_t nanos,
	const char *want)
{
	struct buf field, text;
	buf_init(&field, 1 << 21);
	buf_init(&text, 4096);
	loki_entry(&field, r, with_metadata);
	Loki__Stream *s = loki__stream__unpack(NULL, field.n, (const uint8_t *)field.p);
	ck_assert_msg(s && s->n_entries == 1, "%s: not decoded as one entry", name);
	const Loki__Entry *e = s->entries[0];
	ck_assert_msg(e->timestamp && e->timestamp->seconds == seconds && e->timestamp->nanos == nanos, "%s: timestamp %lld.%d",
		name,
		      e->timestamp ? (long long)e->timestamp->seconds : -1, e->timestamp ? e->timestamp->nanos : -1);
	ck_assert_msg(e->line.len == r->line.n && (r->line.n == 0 || memcmp(e->line.data, r->line.p, r->line.n) == 0),
		"%s: line differs", name);
	metadata_text(e, &text);
	ck_assert_msg(str_eq(buf_view(&text), str_of(want)), "%s: metadata got " STR_FMT ", want %s", name,
		STR_ARG(buf_view(&text)), want);
	/* The oracle writes the same bytes: field order and the shortest varints. */
	uint8_t *again = malloc(loki__stream__get_packed_size(s) + 1);
	size_t n = loki__stream__pack(s, again);
	/* Labels are `bytes` in proto3: empty ones are left out, so the stream is the entry alone. */
	ck_assert_msg(n == field.n && memcmp(again, field.p, n) == 0, "%s: %zu bytes, protobuf-c writes %zu", name, field.n, n);
	free(again);
	loki__stream__free_unpacked(s, NULL);
	buf_fini(&text);
	buf_fini(&field);
}

static struct record record_of(const struct entry_case *c)
{
	struct record r = { .timestamp_ns = c->timestamp_ns, .line = str_of(c->line), .level = c->level, .trace_result = c->trace };
	memcpy(r.trace.trace_id, TRACE, 32);
	memcpy(r.trace.span_id, SPAN, 16);
	r.trace.has_span = c->has_span;
	r.trace.sampled = c->sampled;
	return r;
}

START_TEST(what_few_records_have)
{
	struct record r = { .timestamp_ns = 1, .line = STR("x"), .trace_result = TRACE_VALID, .trace = { .sampled = -1, .source = TRACE_FROM_RECORD } };
	memcpy(r.trace.trace_id, TRACE, 32);
	check_entry("of a record", &r, true, 0, 1, "trace_id_source=record;trace_id=" TRACE ";");
	r.trace.source = TRACE_FROM_REQUEST;
	r.adjusted_count = STR("100");
	check_entry("of a request, sampled", &r, true, 0, 1, "trace_id_source=request;adjusted_count=100;trace_id=" TRACE ";");
	check_entry("not wanted", &r, false, 0, 1, "");
	r.trace_result = TRACE_NONE; /* a pipeline says which trace it is */
	check_entry("no trace", &r, true, 0, 1, "adjusted_count=100;");
	r.adjusted_count = (struct str){ 0 };
	check_entry("neither", &r, true, 0, 1, "");
}
END_TEST

START_TEST(entries_are_encoded)
{
	const struct entry_case *c = &entry_cases[_i];
	struct record r = record_of(c);
	check_entry(c->name, &r, !c->without, c->seconds, c->nanos, c->want);
}
END_TEST

START_TEST(lengths_around_varint_borders)
{
	static const size_t lengths[] = { 0, 1, 90, 100, 110, 127, 128, 129, 16360, 16383, 16384, 16385, 262144, 1000000 };
	char *line = malloc(1000000);
	memset(line, 'a', 1000000);
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct record r = record_of(&entry_cases[8]);
		r.line = (struct str){ line, lengths[i] };
		check_entry("length", &r, true, 0, 1, entry_cases[8].want);
		check_entry("length, bare", &r, false, 0, 1, "");
	}
	free(line);
}
END_TEST

START_TEST(a_full_buffer_takes_nothing)
{
	struct buf out;
	struct record r = record_of(&entry_cases[8]);
	buf_init(&out, 64);
	loki_entry(&out, &r, true);
	ck_assert(out.is_full && out.n == 0);
	buf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loki");
	TCase *t = tcase_create("loki");
	tcase_add_loop_test(t, labels_are_rendered, 0, COUNT_OF(labels_cases));
	tcase_add_loop_test(t, entries_are_encoded, 0, COUNT_OF(entry_cases));
	tcase_add_test(t, what_few_records_have);
	tcase_add_test(t, lengths_around_varint_borders);
	tcase_add_test(t, a_full_buffer_takes_nothing);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
