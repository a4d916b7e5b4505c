/* The ring against a plain model: what is read back is the newest of what was added, unharmed. */
#include "exporters/ring.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static char text[20000];

/* Entry i has a length and a content that follow from i and the seed alone. */
static struct str line_of(uint64_t i, uint64_t seed)
{
	uint64_t x = (i + 1) * 0x9e3779b97f4a7c15u + seed;
	x ^= x >> 29;
	size_t n = x % 7 == 0 ? x % 8192 : x % 300;
	for (size_t k = 0; k < n; k++)
		text[k] = (char)('a' + (i + k) % 26);
	return (struct str){ text, n };
}

static void add(struct ring *r, uint64_t i, uint64_t seed)
{
	char labels[64];
	int n = snprintf(labels, sizeof labels, "{n=\"%llu\"}", (unsigned long long)i);
	struct record record = { .timestamp_ns = (int64_t)i * 1000, .line = line_of(i, seed), .level = (enum level)(i % LEVELS),
				 .trace_result = i % 3 ? TRACE_NONE : TRACE_VALID };
	snprintf(record.trace.trace_id, sizeof record.trace.trace_id, "%031llu", (unsigned long long)i);
	ring_add(r, (struct str){ labels, (size_t)n }, &record);
}

START_TEST(newest_first_and_unharmed)
{
	struct ring *r = ring_new(64 * 1024);
	uint64_t seed = 77 + (uint64_t)_i;
	for (uint64_t added = 1; added <= 3000; added++) {
		add(r, added, seed);
		if (added % 37)
			continue;
		struct ring_entry e;
		uint64_t cursor = 0, want = added, bytes = 0;
		for (; ring_next(r, &cursor, &e); want--) {
			struct str line = line_of(want, seed);
			char labels[64];
			snprintf(labels, sizeof labels, "{n=\"%llu\"}", (unsigned long long)want);
			ck_assert_msg(e.seq == want, "got seq %llu, want %llu", (unsigned long long)e.seq, (unsigned long long)want);
			ck_assert_msg(str_eq(e.labels, str_of(labels)), "seq %llu: got labels " STR_FMT, (unsigned long long)want, STR_ARG(e.labels));
			ck_assert_msg(str_eq(e.record.line, line), "seq %llu: line differs", (unsigned long long)want);
			ck_assert_int_eq(e.record.timestamp_ns, (int64_t)want * 1000);
			ck_assert_int_eq(e.record.level, (int)(want % LEVELS));
			ck_assert_int_eq(e.record.trace_result, want % 3 ? TRACE_NONE : TRACE_VALID);
			if (want % 3 == 0)
				ck_assert_int_eq(strtoll(e.record.trace.trace_id, NULL, 10), (long long)want);
			bytes += line.n;
		}
		ck_assert_msg(want == 0 || bytes > 32 * 1024 || added - want > 200, "keeps too little: %llu bytes of lines in %llu entries",
			      (unsigned long long)bytes, (unsigned long long)(added - want));
	}
	ring_free(r);
}
END_TEST

START_TEST(empty_ring_has_no_entries)
{
	struct ring *r = ring_new(0);
	struct ring_entry e;
	uint64_t cursor = 0;
	ck_assert(!ring_next(r, &cursor, &e));
	struct record nothing = { 0 };
	ring_add(r, (struct str){ 0 }, &nothing);
	ck_assert(ring_next(r, &cursor, &e));
	ck_assert_uint_eq(e.seq, 1);
	ck_assert_uint_eq(e.record.line.n, 0);
	ck_assert(!ring_next(r, &cursor, &e));
	ring_free(r);
	ring_free(NULL);
}
END_TEST

START_TEST(stale_cursor_finds_nothing)
{
	struct ring *r = ring_new(64 * 1024);
	struct ring_entry e;
	uint64_t cursor = 0;
	add(r, 1, 1);
	ck_assert(ring_next(r, &cursor, &e));
	for (uint64_t i = 2; i < 2000; i++)
		add(r, i, 1);
	cursor = 2;
	ck_assert(!ring_next(r, &cursor, &e));
	cursor = 1u << 30;
	ck_assert(!ring_next(r, &cursor, &e));
	ring_free(r);
}
END_TEST

START_TEST(huge_line_is_cut_between_characters)
{
	struct ring *r = ring_new(64 * 1024);
	for (size_t i = 0; i + 3 <= sizeof text; i += 3)
		memcpy(text + i, "\xe2\x82\xac", 3); /* 8192 is no multiple of 3 */
	struct record record = { .line = { text, sizeof text / 3 * 3 } };
	ring_add(r, record.line, &record);
	struct ring_entry e;
	uint64_t cursor = 0;
	ck_assert(ring_next(r, &cursor, &e));
	ck_assert_uint_eq(e.record.line.n, 8190);
	ck_assert_uint_eq(e.labels.n, 4095);
	ring_free(r);
}
END_TEST

/* Printed, not judged: a shared machine is no place for a time limit. Sanitizers make it several times slower. */
START_TEST(cost)
{
	enum { LINES = 1000000 };
	struct ring *r = ring_new(1 << 20);
	memset(text, 'x', 300);
	struct record record = { .line = { text, 300 } };
	struct str labels = STR("{app=\"checkout\",container=\"server\",job=\"shop/checkout\",namespace=\"shop\",node_name=\"n1\",pod=\"checkout-6d4b75cb6d-hx2lm\",stream=\"stdout\"}");
	struct timespec from, to;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (int i = 0; i < LINES; i++)
		ring_add(r, labels, &record);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	printf("ring_add: %.1f ns for a line of 300 bytes\n",
	       ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / LINES);
	struct ring_entry e;
	uint64_t cursor = 0;
	ck_assert(ring_next(r, &cursor, &e));
	ck_assert_uint_eq(e.seq, LINES);
	ring_free(r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("ring");
	TCase *t = tcase_create("ring");
	tcase_add_loop_test(t, newest_first_and_unharmed, 0, 8);
	tcase_add_test(t, empty_ring_has_no_entries);
	tcase_add_test(t, stale_cursor_finds_nothing);
	tcase_add_test(t, huge_line_is_cut_between_characters);
	tcase_add_test(t, cost);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
