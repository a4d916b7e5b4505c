/* What goes into a batch comes out of protobuf-c again, by stream and in order; and parts of it are parts of it. */
#include "exporters/batch.h"

#include <check.h>
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>

#include "exporters/recut.h"
#include "exporters/snap.h"
#include "loki.pb-c.h"

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static Loki__PushRequest *decode(const struct payload *p)
{
	size_t n = 0;
	ck_assert_int_eq(snappy_uncompressed_length(p->body, p->n, &n), SNAPPY_OK);
	ck_assert_uint_eq(n, p->raw_bytes);
	char *raw = malloc(n + 1);
	ck_assert_int_eq(snappy_uncompress(p->body, p->n, raw, &n), SNAPPY_OK);
	Loki__PushRequest *r = loki__push_request__unpack(NULL, n, (const uint8_t *)raw);
	ck_assert_ptr_nonnull(r);
	free(raw);
	return r;
}

static uint64_t lines_of(const Loki__PushRequest *r)
{
	uint64_t n = 0;
	for (size_t i = 0; i < r->n_streams; i++)
		n += r->streams[i]->n_entries;
	return n;
}

static struct record numbered(uint64_t number, char text[64])
{
	int n = snprintf(text, 64, "line %llu", (unsigned long long)number);
	return (struct record){ .timestamp_ns = (int64_t)number, .line = { text, (size_t)n }, .level = LEVEL_INFO };
}

static const struct mix {
	const char *name;
	size_t streams, lines, run; /* run: lines of one stream in a row, at most */
	size_t padding;             /* bytes added to each line */
} mixes[] = {
	{ "one line", 1, 1, 1, 0 },
	{ "one stream", 1, 5000, 5000, 40 },
	{ "two streams line by line", 2, 4000, 1, 100 },
	{ "a hundred streams in runs", 100, 20000, 50, 10 },
	{ "more streams than lines of each", 1000, 3000, 1, 0 },
	{ "lines larger than the window", 3, 12, 2, 200000 },
};

/* Appends the mix and seals. stream_of[i]: where line i went. */
static struct payload build(struct batch *b, const struct mix *m, uint16_t *stream_of, uint32_t seed)
{
	struct log_stream *streams = calloc(m->streams, sizeof *streams);
	char (*labels)[40] = calloc(m->streams, sizeof *labels);
	char *line = malloc(m->padding + 64);
	memset(line, 'x', m->padding + 64);
	for (size_t i = 0; i < m->streams; i++) {
		snprintf(labels[i], sizeof labels[i], "{container=\"c%zu\"}", i);
		streams[i].labels = str_of(labels[i]);
	}
	size_t at = 0, left = 0;
	for (size_t i = 0; i < m->lines; i++) {
		if (left-- == 0) {
			at = next_random(&seed) % m->streams;
			left = next_random(&seed) % m->run;
		}
		char text[64];
		struct record r = numbered(i + 1, text);
		memcpy(line, r.line.p, r.line.n);
		r.line = (struct str){ line, r.line.n + m->padding };
		stream_of[i] = (uint16_t)at;
		ck_assert(batch_append(b, &streams[at], &r, true));
	}
	struct payload p;
	ck_assert_uint_eq(b->lines, m->lines);
	ck_assert(batch_seal(b, &p));
	ck_assert_uint_eq(b->lines, 0);
	free(streams);
	free(labels);
	free(line);
	return p;
}

static void check_content(const struct mix *m, const Loki__PushRequest *r, const uint16_t *stream_of)
{
	size_t bytes_before = 0;
	uint8_t *seen = calloc(m->lines + 1, 1);
	for (size_t i = 0; i < r->n_streams; i++) {
		const Loki__Stream *s = r->streams[i];
		size_t bytes = 0;
		int64_t last = 0;
		for (size_t k = 0; k < s->n_entries; k++) {
			int32_t number = s->entries[k]->timestamp->nanos;
			char want[40];
			snprintf(want, sizeof want, "{container=\"c%d\"}", stream_of[number - 1]);
			ck_assert_msg(s->labels.len == strlen(want) && memcmp(s->labels.data, want, s->labels.len) == 0,
				      "%s: line %d under %.*s, want %s", m->name, number, (int)s->labels.len,
					(char *)s->labels.data, want);
			ck_assert_msg(number > last, "%s: line %d behind %lld", m->name, number, (long long)last);
			ck_assert_msg(!seen[number]++, "%s: line %d twice", m->name, number);
			last = number;
			bytes += loki__entry__get_packed_size(s->entries[k]);
		}
		ck_assert_msg(bytes * 101 / 100 + 3 * s->n_entries >= bytes_before,
			"%s: stream %zu is smaller than the one before", m->name, i);
		bytes_before = bytes;
	}
	ck_assert_uint_eq(lines_of(r), m->lines);
	free(seen);
}

START_TEST(round_trip)
{
	const struct mix *m = &mixes[_i];
	struct batch b;
	uint16_t *stream_of = calloc(m->lines, sizeof *stream_of);
	batch_open(&b, &log_protocol_loki, 7, 64 << 20);
	for (uint32_t turn = 0; turn < 3; turn++) { /* the buffers are used again */
		struct payload p = build(&b, m, stream_of, 99 + turn);
		Loki__PushRequest *r = decode(&p);
		check_content(m, r, stream_of);
		ck_assert(p.has_metadata);
		loki__push_request__free_unpacked(r, NULL);
		payload_free(&p);
	}
	batch_trim(&b);
	ck_assert_ptr_null(b.bytes.p);
	struct payload p = build(&b, m, stream_of, 5);
	payload_free(&p);
	batch_close(&b);
	free(stream_of);
}
END_TEST

START_TEST(fragments_are_what_one_call_writes)
{
	static const size_t sizes[] = { 1, 100, 65535, 65536, 65537, 131072, 200000, 1 << 20, (1 << 20) + 17 };
	static char window[SNAP_WINDOW_BYTES];
	size_t size = sizes[_i];
	char *data = malloc(size);
	uint32_t seed = 3;
	for (size_t i = 0; i < size; i++)
		data[i] = (char)('a' + (next_random(&seed) % 7) * (i % 3));
	struct snap s;
	ck_assert(snap_begin(&s, window, size));
	for (size_t at = 0, n; at < size; at += n) {
		n = 1 + next_random(&seed) % 100000;
		n = n < size - at ? n : size - at;
		snap_add(&s, (struct str){ data + at, n });
	}
	size_t got_n, want_n = snappy_max_compressed_length(size);
	char *got = snap_finish(&s, &got_n), *want = malloc(want_n);
	ck_assert_ptr_nonnull(got);
	ck_assert_int_eq(snappy_compress(data, size, want, &want_n), SNAPPY_OK);
	ck_assert_msg(got_n == want_n && memcmp(got, want, want_n) == 0, "%zu bytes: %zu compressed, one call writes %zu", size,
		got_n, want_n);
	free(got);
	free(want);
	free(data);
}
END_TEST

START_TEST(streams_with_equal_labels_are_one)
{
	struct batch a, b;
	struct log_stream one = { .labels = STR("{a=\"1\"}") }, two = { .labels = STR("{a=\"1\"}") };
	char text[64];
	batch_open(&a, &log_protocol_loki, 5, 1 << 20);
	batch_open(&b, &log_protocol_loki, 5, 1 << 20); /* the same id on purpose: two destinations */
	for (uint64_t i = 1; i <= 10; i++) {
		struct record r = numbered(i, text);
		ck_assert(batch_append(&a, i % 2 ? &one : &two, &r, false));
		struct log_stream other = { .labels = STR("{b=\"2\"}") };
		ck_assert(batch_append(&b, &other, &r, false));
		ck_assert(batch_append(&b, &one, &r, false)); /* one cache, two batches */
	}
	struct payload p, q;
	ck_assert(batch_seal(&a, &p));
	ck_assert(batch_seal(&b, &q));
	Loki__PushRequest *r = decode(&p), *s = decode(&q);
	ck_assert_uint_eq(r->n_streams, 1);
	ck_assert_uint_eq(lines_of(r), 10);
	ck_assert_uint_eq(s->n_streams, 2);
	ck_assert_uint_eq(s->streams[0]->n_entries, 10);
	ck_assert_uint_eq(s->streams[1]->n_entries, 10);
	loki__push_request__free_unpacked(r, NULL);
	loki__push_request__free_unpacked(s, NULL);
	payload_free(&p);
	payload_free(&q);
	batch_close(&a);
	batch_close(&b);
}
END_TEST

/* Streams with the same labels for two tenants and for none, in turn. */
START_TEST(each_tenant_has_a_payload_of_its_own)
{
	static const struct { const char *key; unsigned char tenant_bytes; const char *tenant; } rows[] = {
		{ "team-b{a=\"1\"}", 6, "team-b" }, { "{a=\"1\"}", 0, "" }, { "team-a{a=\"1\"}", 6, "team-a" }, { "team-a{a=\"2\"}", 6, "team-a" },
	};
	static const struct { const char *tenant; size_t streams; uint64_t lines; } want[] = { { "", 1, 100 }, { "team-a", 2, 200 }, { "team-b", 1, 100 } };
	struct batch b;
	struct log_stream streams[COUNT_OF(rows)];
	struct payload *payloads;
	char text[64];
	batch_open(&b, &log_protocol_loki, 1, 1 << 20);
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		streams[i] = (struct log_stream){ .labels = str_of(rows[i].key + rows[i].tenant_bytes), .tenant_bytes = rows[i].tenant_bytes };
	for (uint64_t i = 0; i < 400; i++) {
		struct record r = numbered(i + 1, text);
		ck_assert(batch_append(&b, &streams[i % COUNT_OF(rows)], &r, false));
	}
	ck_assert_uint_eq(batch_seal_tenants(&b, &payloads), COUNT_OF(want));
	ck_assert_uint_eq(b.lines, 0);
	for (size_t i = 0; i < COUNT_OF(want); i++) {
		Loki__PushRequest *r = decode(&payloads[i]);
		ck_assert_msg(str_eq(payload_tenant(&payloads[i]), str_of(want[i].tenant)), "payload %zu is for " STR_FMT, i, STR_ARG(payload_tenant(&payloads[i])));
		ck_assert_uint_eq(r->n_streams, want[i].streams);
		ck_assert_uint_eq(payloads[i].lines, want[i].lines);
		ck_assert_uint_eq(lines_of(r), want[i].lines);
		for (size_t k = 0; k < r->n_streams; k++) {
			ck_assert_msg(r->streams[k]->labels.data[0] == '{', "the tenant stands in the labels");
			for (size_t e = 0; e < r->streams[k]->n_entries; e++) {
				size_t row = (size_t)(r->streams[k]->entries[e]->timestamp->nanos - 1) % COUNT_OF(rows);
				ck_assert_msg(strcmp(rows[row].tenant, want[i].tenant) == 0, "a line of %s went to %s", rows[row].tenant, want[i].tenant);
			}
		}
		loki__push_request__free_unpacked(r, NULL);
		payload_free(&payloads[i]);
	}
	free(payloads);
	batch_close(&b);
}
END_TEST

START_TEST(an_entry_over_the_ceiling_is_refused_alone)
{
	struct batch b;
	struct log_stream s = { .labels = STR("{a=\"1\"}") };
	static char big[5000];
	memset(big, 'x', sizeof big);
	char text[64];
	struct record small = numbered(1, text), large = { .line = { big, sizeof big } };
	batch_open(&b, &log_protocol_loki, 1, 4096);
	ck_assert(batch_append(&b, &s, &small, false));
	ck_assert(!batch_append(&b, &s, &large, false));
	ck_assert(batch_append(&b, &s, &small, false));
	ck_assert_uint_eq(b.lines, 2);
	batch_close(&b);
}
END_TEST

START_TEST(halves_hold_everything_once)
{
	const struct mix *m = &mixes[_i];
	struct batch b;
	uint16_t *stream_of = calloc(m->lines, sizeof *stream_of);
	batch_open(&b, &log_protocol_loki, 7, 64 << 20);
	struct payload whole = build(&b, m, stream_of, 1), head, tail;
	ck_assert_int_eq(recut_split(&whole, m->lines / 2, &head, &tail), 0);
	ck_assert_uint_eq(head.lines, m->lines / 2);
	ck_assert_uint_eq(tail.lines, m->lines - m->lines / 2);
	uint8_t *seen = calloc(m->lines + 1, 1);
	const struct payload *parts[] = { &head, &tail };
	for (size_t i = 0; i < 2; i++) {
		if (parts[i]->lines == 0)
			continue;
		Loki__PushRequest *r = decode(parts[i]);
		ck_assert_uint_eq(lines_of(r), parts[i]->lines);
		for (size_t k = 0; k < r->n_streams; k++)
			for (size_t e = 0; e < r->streams[k]->n_entries; e++)
				ck_assert(!seen[r->streams[k]->entries[e]->timestamp->nanos]++);
		loki__push_request__free_unpacked(r, NULL);
	}
	free(seen);
	payload_free(&whole);
	payload_free(&head);
	payload_free(&tail);
	batch_close(&b);
	free(stream_of);
}
END_TEST

START_TEST(stripping_keeps_lines_and_drops_metadata)
{
	const struct mix *m = &mixes[3];
	struct batch b;
	uint16_t *stream_of = calloc(m->lines, sizeof *stream_of);
	batch_open(&b, &log_protocol_loki, 7, 64 << 20);
	struct payload whole = build(&b, m, stream_of, 1), bare;
	ck_assert_int_eq(recut_strip(&whole, &bare), 0);
	ck_assert(!bare.has_metadata && bare.lines == whole.lines && bare.raw_bytes < whole.raw_bytes);
	Loki__PushRequest *r = decode(&bare);
	check_content(m, r, stream_of);
	for (size_t i = 0; i < r->n_streams; i++)
		for (size_t k = 0; k < r->streams[i]->n_entries; k++)
			ck_assert_uint_eq(r->streams[i]->entries[k]->n_structured_metadata, 0);
	loki__push_request__free_unpacked(r, NULL);
	payload_free(&whole);
	payload_free(&bare);
	batch_close(&b);
	free(stream_of);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("batch");
	TCase *t = tcase_create("batch");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, round_trip, 0, COUNT_OF(mixes));
	tcase_add_loop_test(t, fragments_are_what_one_call_writes, 0, 9);
	tcase_add_test(t, streams_with_equal_labels_are_one);
	tcase_add_test(t, each_tenant_has_a_payload_of_its_own);
	tcase_add_test(t, an_entry_over_the_ceiling_is_refused_alone);
	tcase_add_loop_test(t, halves_hold_everything_once, 0, COUNT_OF(mixes));
	tcase_add_test(t, stripping_keeps_lines_and_drops_metadata);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
