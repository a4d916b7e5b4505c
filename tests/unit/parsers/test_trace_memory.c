/* Which line gets whose id; and that who begins anywhere, having learnt what stands before, gives the ids of who began at the start. */
#include "parsers/trace/trace_memory.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define A "4bf92f3577b34da6a3ce929d0e0e4736"
#define B "0af7651916cd43dd8448eb211c80319c"
#define R1 "3f2a9c1e-7b4d-4e8a-9c55-0d1e2f3a4b5c"
#define R2 "77777777-aaaa-4bbb-8ccc-0123456789ab"
enum { STEPS_MOST = 12 };
static const int64_t SECOND = 1000000000;

struct step { /* want: "record A", "request B", NULL: none; seconds: since the line before */
	const char *line, *want;
	bool is_stderr;
	int seconds;
};
#define SAY(line, want) { line, want, false, 0 }
#define ERR(line, want) { line, want, true, 0 }
#define LATER(line, want, seconds) { line, want, false, seconds }
static const struct story { const char *name; struct step steps[STEPS_MOST]; } stories[] = {
	{ "Java", {
		SAY("09:00 ERROR trace_id=" A " span_id=00f067aa0ba902b7 failed", "line A"),
		SAY("java.io.IOException: gone", "record A"), SAY("\tat a.B.c(B.java:1)", "record A"),
		SAY("Caused by: java.lang.Error: x", "record A"), SAY("\t... 3 more", "record A"),
		SAY("09:01 INFO next", NULL), SAY("\tat a.B.c(B.java:1)", NULL) } },
	{ "Python", {
		SAY("ERROR trace_id=" A " failed", "line A"), SAY("Traceback (most recent call last):", "record A"),
		SAY("  File \"x.py\", line 3, in f", "record A"), SAY("    g()", "record A"),
		SAY("ValueError: bad", "record A"), SAY("INFO x", NULL) } },
	{ "JSON has no further lines", {
		SAY("{\"trace_id\":\"" A "\"}", "line A"), SAY("\tat a.B.c(B.java:1)", NULL) } },
	{ "a trace without an id before it", {
		SAY("ERROR failed", NULL), SAY("java.io.IOException: gone", NULL), SAY("\tat a.B.c(B.java:1)", NULL) } },
	{ "streams are told apart", {
		ERR("ERROR trace_id=" A, "line A"), SAY("INFO trace_id=" B, "line B"), ERR("java.io.IOException: x", "record A"),
		ERR("\tat a.B.c(B.java:1)", "record A"), SAY("java.io.IOException: y", "record B") } },
	{ "an own id wins, and what follows is its", {
		SAY("ERROR trace_id=" A, "line A"), SAY("java.io.IOException: x", "record A"),
		SAY("Caused by: java.io.IOException: y trace_id=" B, "line B"), SAY("\tat a.B.c(B.java:1)", "record B") } },
	{ "too late", {
		SAY("ERROR trace_id=" A, "line A"), LATER("java.io.IOException: x", "record A", 4),
		LATER("\tat a.B.c(B.java:1)", NULL, 6), SAY("\tat a.B.c(B.java:1)", NULL) } },
	{ "a line that says it has none ends it", {
		SAY("ERROR trace_id=" A, "line A"), SAY("x trace_id=" "00000000000000000000000000000000", NULL),
		SAY("java.io.IOException: x", NULL) } },
	{ "requests", {
		SAY("request_id=" R1 " trace_id=" A, "line A"), SAY("INFO other", NULL), SAY("{\"requestId\":\"" R1 "\"}", "request A"),
		SAY("request_id=" R2, NULL), ERR("x-request-id: " R1, "request A") } },
	{ "the newest counts", {
		SAY("request_id=" R1 " trace_id=" A, "line A"), SAY("request_id=" R1 " trace_id=" B, "line B"),
		SAY("req_id=" R1, "request B") } },
	{ "a request's stack trace", {
		SAY("request_id=" R1 " trace_id=" A, "line A"), SAY("ERROR request_id=" R1 " failed", "request A"),
		SAY("java.io.IOException: x", "record A"), SAY("\tat a.B.c(B.java:1)", "record A") } },
	{ "zeros are left alone", {
		SAY("request_id=" R1 " trace_id=" A, "line A"), SAY("request_id=" R1 " trace_id=" "0", NULL) } },
};

static const char *name_of(enum trace_result result, const struct trace_context *t, char out[32])
{
	if (result != TRACE_VALID)
		return NULL;
	char id = memcmp(t->trace_id, A, 32) == 0 ? 'A' : memcmp(t->trace_id, B, 32) == 0 ? 'B' : '?';
	snprintf(out, 32, "%s %c", trace_source_names[t->source], id);
	return out;
}

/* The id of a line, whose bytes go away afterwards unless they are lasting. */
static enum trace_result tell(struct trace_memory *m, struct memory_line line, struct trace_context *t)
{
	enum level level;
	*t = (struct trace_context){ 0 };
	enum trace_result result = trace_find(line.text, t);
	line.level = level_detect(line.text);
	return trace_memory_line(m, &line, result, t, &level, NULL);
}

static void must_be(const char *story, const char *line, const char *got, const char *want)
{
	bool is_same = got == want || (got && want && strcmp(got, want) == 0);
	ck_assert_msg(is_same, "%s: %s: got %s, want %s", story, line, got ? got : "none", want ? want : "none");
}

START_TEST(stories_are_told)
{
	const struct story *story = &stories[_i / 2];
	struct trace_memory m;
	uint64_t at = 0;
	int64_t now_ns = 1795251600 * SECOND;
	trace_memory_init(&m, true, true);
	for (const struct step *s = story->steps; s < story->steps + STEPS_MOST && s->line; s++) {
		struct trace_context t;
		char name[32], *copy = strdup(s->line);
		bool is_lasting = _i % 2;
		struct memory_line line = { .text = str_of(is_lasting ? s->line : copy), .at = at, .timestamp_ns = now_ns += s->seconds * SECOND,
					    .is_stderr = s->is_stderr, .is_lasting = is_lasting };
		must_be(story->name, s->line, name_of(tell(&m, line, &t), &t, name), s->want);
		at += strlen(s->line) + 1;
		free(copy);
	}
	trace_memory_fini(&m);
}
END_TEST

START_TEST(what_is_off_is_off)
{
	struct trace_memory m;
	struct trace_context t;
	trace_memory_init(&m, false, false);
	tell(&m, (struct memory_line){ .text = STR("ERROR request_id=" R1 " trace_id=" A) }, &t);
	ck_assert_int_eq(tell(&m, (struct memory_line){ .text = STR("java.io.IOException: x"), .at = 9 }, &t), TRACE_NONE);
	ck_assert_int_eq(tell(&m, (struct memory_line){ .text = STR("request_id=" R1), .at = 10 }, &t), TRACE_NONE);
	ck_assert_uint_eq(m.pairs.room, 0);
	trace_memory_fini(&m);
}
END_TEST

/* The level of a stack trace is its head's: sampling by level keeps or drops all of it. The span and the flag come along. */
START_TEST(a_record_is_one)
{
	struct trace_memory m;
	struct trace_context t = { .has_span = true, .sampled = 0 };
	enum level level = LEVEL_UNKNOWN;
	memcpy(t.trace_id, A, 32);
	memcpy(t.span_id, "00f067aa0ba902b7", 16);
	trace_memory_init(&m, true, true);
	struct memory_line line = { .text = STR("ERROR x"), .level = LEVEL_ERROR, .is_lasting = true };
	trace_memory_line(&m, &line, TRACE_VALID, &t, &level, NULL);
	struct trace_context next = { 0 };
	line = (struct memory_line){ .text = STR("\tat a.B.c(B.java:1)"), .level = LEVEL_UNKNOWN, .at = 8 };
	ck_assert_int_eq(trace_memory_line(&m, &line, TRACE_NONE, &next, &level, NULL), TRACE_VALID);
	ck_assert_int_eq(level, LEVEL_ERROR);
	ck_assert_int_eq(next.sampled, 0);
	ck_assert(next.has_span && memcmp(next.span_id, "00f067aa0ba902b7", 16) == 0);
	trace_memory_fini(&m);
}
END_TEST

/* Pairs of another log of the pod: asked when the log itself has none, told what it has. */
START_TEST(a_pod_shares_requests)
{
	struct trace_pairs pod = { .window = (uint64_t)(60 * SECOND), .most = 8192 };
	struct trace_memory proxy, app;
	struct trace_context t = { .sampled = 1 };
	enum level level;
	trace_memory_init(&proxy, true, true);
	trace_memory_init(&app, true, true);
	memcpy(t.trace_id, A, 32);
	struct memory_line line = { .text = STR("x-request-id=" R1), .timestamp_ns = 100 * SECOND };
	trace_memory_line(&proxy, &line, TRACE_VALID, &t, &level, &pod);
	line.timestamp_ns = 101 * SECOND;
	ck_assert_int_eq(trace_memory_line(&app, &line, TRACE_NONE, &t, &level, &pod), TRACE_VALID);
	ck_assert_int_eq(t.source, TRACE_FROM_REQUEST);
	ck_assert(!t.has_span && t.sampled == 1);
	ck_assert_int_eq(trace_memory_line(&app, &line, TRACE_NONE, &t, &level, NULL), TRACE_NONE);
	line.timestamp_ns = 200 * SECOND;
	ck_assert_int_eq(trace_memory_line(&app, &line, TRACE_NONE, &t, &level, &pod), TRACE_NONE);
	trace_memory_fini(&proxy);
	trace_memory_fini(&app);
	trace_pairs_fini(&pod);
}
END_TEST

/* ---- the same from anywhere ---- */

enum { LINES = 6000 };
static struct { char text[200]; uint64_t at; bool is_stderr; enum trace_result result; struct trace_context trace; } file[LINES];

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed * 0x2545f4914f6cdd1d;
}

static void write_file(uint64_t seed)
{
	static const char *const plain[] = { "java.io.IOException: gone", "\tat a.B.c(B.java:1)", "Caused by: java.lang.Error: x", "INFO nothing",
		"  File \"x.py\", line 3, in f", "    g()", "Traceback (most recent call last):", "\t... 3 more" };
	uint64_t at = 0;
	for (size_t i = 0; i < LINES; i++) {
		uint64_t r = next_random(&seed), request = i / 40 + next_random(&seed) % 40; /* used by lines near each other */
		char id[40];
		snprintf(id, sizeof id, "%08llx-7b4d-4e8a-9c55-0d1e2f3a4b5c", (unsigned long long)(request * 2654435761u & 0xffffffff));
		if (r % 8 == 0)
			snprintf(file[i].text, sizeof file[i].text, "ERROR request_id=%s trace_id=4bf92f3577b34da6%016llx x", id, (unsigned long long)r | 1);
		else if (r % 8 == 1)
			snprintf(file[i].text, sizeof file[i].text, "INFO request_id=%s %*s", id, (int)(r >> 8 & 127), "");
		else
			snprintf(file[i].text, sizeof file[i].text, "%s", plain[(r >> 8) % COUNT_OF(plain)]);
		file[i].is_stderr = (r >> 32) % 4 == 0;
		file[i].at = at;
		at += strlen(file[i].text) + 40;
	}
}

static enum trace_result tell_line(struct trace_memory *m, size_t i, struct trace_context *t)
{
	struct memory_line line = { .text = str_of(file[i].text), .at = file[i].at, .timestamp_ns = (int64_t)i * 1000000, .is_stderr = file[i].is_stderr };
	return tell(m, line, t);
}

START_TEST(a_reader_may_begin_anywhere)
{
	uint64_t seed = 0x9e3779b97f4a7c15 + (uint64_t)_i;
	size_t correlated = 0;
	struct trace_memory m;
	write_file(seed);
	trace_memory_init(&m, true, true);
	for (size_t i = 0; i < LINES; i++) {
		file[i].result = tell_line(&m, i, &file[i].trace);
		correlated += file[i].result == TRACE_VALID && file[i].trace.source != TRACE_FROM_LINE;
	}
	ck_assert_uint_gt(correlated, LINES / 20);
	for (int round = 0; round < 20; round++) {
		size_t start = next_random(&seed) % LINES, from = start;
		while (from > 0 && file[start].at - file[from - 1].at <= TRACE_MEMORY_LEARN_BYTES)
			from--;
		trace_memory_reset(&m);
		for (size_t i = from; i < start + 1500 && i < LINES; i++) {
			struct trace_context t;
			enum trace_result result = tell_line(&m, i, &t);
			if (i < start)
				continue;
			bool is_same = result == file[i].result && (result != TRACE_VALID || (t.source == file[i].trace.source &&
				memcmp(t.trace_id, file[i].trace.trace_id, 32) == 0));
			if (!is_same)
				ck_abort_msg("from line %zu, line %zu differs: %s", start, i, file[i].text);
		}
	}
	trace_memory_fini(&m);
}
END_TEST

START_TEST(pairs_are_bounded)
{
	struct trace_pairs p = { .window = 1000000, .most = 256 };
	struct trace_context t = { .sampled = -1 };
	char id[40];
	memcpy(t.trace_id, A, 32);
	for (uint64_t i = 0; i < 10000; i++) {
		snprintf(id, sizeof id, "request-%llu", (unsigned long long)i);
		trace_pairs_put(&p, str_of(id), &t, i / 100); /* many at each place */
		ck_assert_uint_le(p.room, 256);
		struct trace_context got;
		ck_assert(trace_pairs_get(&p, str_of(id), i / 100, &got));
		ck_assert_int_eq(got.sampled, -1);
	}
	trace_pairs_reset(&p);
	ck_assert(!trace_pairs_get(&p, str_of(id), 99, &t));
	trace_pairs_fini(&p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace_memory");
	TCase *tests = tcase_create("all");
	tcase_add_loop_test(tests, stories_are_told, 0, 2 * COUNT_OF(stories));
	tcase_add_test(tests, what_is_off_is_off);
	tcase_add_test(tests, a_record_is_one);
	tcase_add_test(tests, a_pod_shares_requests);
	tcase_add_loop_test(tests, a_reader_may_begin_anywhere, 0, 5);
	tcase_add_test(tests, pairs_are_bounded);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
