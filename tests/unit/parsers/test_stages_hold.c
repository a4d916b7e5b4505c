/* The stages that keep lines back or count them over time: multiline, cri and docker, limit, metrics. */
#include "stage_lines.h"

#define S INT64_C(1000000000)

START_TEST(multiline)
{
	static const struct stage_lines_case cases[] = {
		{ "blocks", "[{multiline: {firstline: '^>'}}]", "a=1", ">1\n a\n b\n>2\n>3\n c", ">1\n a\n b{a=\"1\"};>2{a=\"1\"};>3\n c{a=\"1\"};" },
		{ "before the first first line all passes", "[{multiline: {firstline: '^>'}}]", "", "a\nb\n>1\nc", "a;b;>1\nc;" },
		{ "too many lines", "[{multiline: {firstline: '^>', max_lines: 2}}]", "", ">1\na\nb\nc\nd\n>2", ">1\na;b\nc;d;>2;" },
		{ "no limit of lines", "[{multiline: {firstline: '^>', max_lines: 0}}]", "", ">1\na\nb\nc", ">1\na\nb\nc;" },
		{ "nothing but empty first lines", "[{multiline: {firstline: '^$|^>'}}]", "", "\n\n>1", " !multiline_empty; !multiline_empty;>1;" },
		{ "an empty first line is none of the text", "[{multiline: {firstline: '^$|^>'}}]", "", "\na\n\nb", "a;b;" },
		{ "blocks by labels", "[{regex: {expression: '^(?P<k>.)'}}, {labels: {k: }}, {multiline: {firstline: '1'}}]", "", "a1\nb1\na\nb\na1",
			"a1\na{k=\"a\"};a1{k=\"a\"};b1\nb{k=\"b\"};" },
		{ "what was extracted is the first line's", "[{regex: {expression: '^(?P<v>.*)$'}}, {multiline: {firstline: '^>'}}, {labels: {v: }}]",
			"", ">1\n2", ">1\n2{v=\">1\"};" },
		{ "metadata is gone, as it is there", "[{structured_metadata: {a: }}, {multiline: {firstline: '^>'}}]", "a=1 b=2", ">1\n2",
			">1\n2{b=\"2\"};" },
		{ "stack traces", "[{multiline: {stack_traces: true}}]", "", "one\n\n2024 ERROR x\njava.lang.Error: gone\n\tat a.B(C)\ntwo",
			"one;;2024 ERROR x\n" "java.lang.Error: gone\n\tat a.B(C);two;" },
	};
	static const struct stage_lines_refusal refusals[] = {
		{ "[{multiline: }]", "firstline" }, { "[{multiline: {firstline: '('}}]", "multiline" },
		{ "[{multiline: {firstline: a, stack_traces: true}}]", "firstline" }, { "[{multiline: {firstline: a, max_wait_time: 3}}]", "duration" },
		{ "[{multiline: {firstline: a, max_lines: -1}}]", "max_lines" },
	};
	stage_lines_check(cases, COUNT_OF(cases));
	stage_lines_refuse(refusals, COUNT_OF(refusals));
}
END_TEST


static void expect(struct stage_lines *t, const char *want)
{
	ck_assert_msg(str_eq(buf_view(&t->out), str_of(want)), "got " STR_FMT ", want %s", STR_ARG(buf_view(&t->out)), want);
	buf_reset(&t->out);
}

START_TEST(multiline_waits)
{
	struct stage_lines t;
	ck_assert(stage_lines_open(&t, "[{multiline: {firstline: '^>', max_wait_time: 3s}}]", ""));
	t.shows_time = true;
	ck_assert(stage_lines_flush(&t, false) == INT64_MAX);
	int64_t start_ns = t.now_ns;
	t.timestamp_ns = 1 * S;
	stage_lines_put(&t, STR(">1"));
	ck_assert(stages_is_holding(t.state));
	t.now_ns = start_ns + 2 * S;
	t.timestamp_ns = 2 * S;
	stage_lines_put(&t, STR("a"));
	t.now_ns = start_ns + 5 * S + S / 2 - 1;
	ck_assert_msg(stage_lines_flush(&t, false) == start_ns + 5 * S + S / 2, "the wait begins with the newest line, and lasts a little longer");
	expect(&t, "");
	t.now_ns++;
	ck_assert(stage_lines_flush(&t, false) == INT64_MAX && !stages_is_holding(t.state));
	expect(&t, "<1>>1\na;");
	/* What follows late belongs to no first line, and has the time of the one before nevertheless. */
	t.timestamp_ns = 9 * S;
	stage_lines_put(&t, STR("b"));
	stage_lines_put(&t, STR("c"));
	expect(&t, "");
	t.now_ns -= 100 * S; /* the clock is set back: the wait begins anew, no longer than that */
	ck_assert(stage_lines_flush(&t, false) == t.now_ns + 3 * S + S / 2);
	t.now_ns += 3 * S + S / 2;
	stage_lines_flush(&t, false);
	expect(&t, "<1>b\nc;");
	stage_lines_close(&t);
}
END_TEST

/* Whether the clock has ended a block or the next line does it by its own time: the same comes out, so a second reading, which waits for
 * nothing, repeats the first. */
START_TEST(multiline_ends_by_the_lines_own_time)
{
	static const struct { int64_t second; const char *line; } lines[] = {
		{ 1, ">1" }, { 4, "a" }, { 8, "late" }, { 9, "more" }, { 20, ">2" }, { 30, ">3" }, { 33, "b" },
	};
	for (int is_live = 0; is_live < 2; is_live++) {
		struct stage_lines t;
		ck_assert(stage_lines_open(&t, "[{multiline: {firstline: '^>', max_wait_time: 3s}}]", ""));
		t.shows_time = true;
		for (size_t i = 0; i < COUNT_OF(lines); i++) {
			t.timestamp_ns = lines[i].second * S;
			if (is_live) {
				t.now_ns = t.timestamp_ns + S / 10; /* when it is read */
				stage_lines_flush(&t, false);
			}
			stage_lines_put(&t, str_of(lines[i].line));
		}
		stage_lines_flush(&t, true);
		expect(&t, "<1>>1\na;<1>late\nmore;<20>>2;<30>>3\nb;");
		stage_lines_close(&t);
	}
}
END_TEST

START_TEST(multiline_is_bounded)
{
	static char line[300000];
	struct stage_lines t;
	memset(line, 'x', sizeof line);
	ck_assert(stage_lines_open(&t, "[{regex: {expression: '^(?P<k>[a-z0-9]*)>'}}, {labels: {k: }}, {multiline: {firstline: '>', max_lines: 0}}]", ""));
	stage_lines_put(&t, STR("k>"));
	buf_reset(&t.out);
	for (int i = 0; i < 4; i++)
		stage_lines_put(&t, (struct str){ line, sizeof line });
	stage_lines_flush(&t, true);
	ck_assert_msg(t.out.n > 4 * sizeof line, "%zu bytes are there", t.out.n);
	for (int i = 0; i < 1000; i++) {
		char text[32];
		t.now_ns++;
		stage_lines_put(&t, (struct str){ text, (size_t)snprintf(text, sizeof text, "%d>", i) });
	}
	/* All but the newest went out when there were too many streams. */
	buf_reset(&t.out);
	stage_lines_flush(&t, true);
	size_t left = 0;
	for (size_t i = 0; i < t.out.n; i++)
		left += t.out.p[i] == ';';
	ck_assert_msg(left == 32, "%zu blocks were open", left);
	ck_assert(memmem(t.out.p, t.out.n, "999>", 4) && !memmem(t.out.p, t.out.n, "967>", 4));
	stage_lines_close(&t);
}
END_TEST

static void take_entry(void *ctx, struct entry *e)
{
	*(struct entry *)ctx = *e;
}

#define T "2019-04-30T02:12:41.8443515Z "
START_TEST(framing)
{
	static const struct stage_lines_case cases[] = {
		{ "cri", "[{cri: }]", "a=1", T "stderr F a message", "a message{a=\"1\",stream=\"stderr\"};" },
		{ "pieces", "[{cri: {}}]", "", T "stderr P one, \n" T "stdout F other\n" T "stderr P two, \n" T "stderr F three\n" T "stderr F x",
			"other{stream=\"stdout\"};one, two, three{stream=\"stderr\"};x{stream=\"stderr\"};" },
		{ "what is no such line stays", "[{cri: }]", "", "hello\n" T "stdin F x\n" T "stdout F", "hello;" T "stdin F x;" T "stdout F;" },
		{ "values are there afterwards", "[{cri: }, {labels: {flags: , content: }}]", "", T "stdout F x",
			"x{content=\"x\",flags=\"F\",stream=\"stdout\"};" },
		{ "a piece is cut", "[{cri: {max_partial_line_size: 5, max_partial_line_size_truncate: true}}]", "", T "stdout P abc\n" T "stdout F def\n" T
			"stdout F longer alone", "abcde{stream=\"stdout\"};longer alone{stream=\"stdout\"};" },
		{ "too many streams in pieces", "[{cri: {max_partial_lines: 1}}]", "", T "stdout P a\n" T "stdout P b\n" T "stdout F c",
			"a{stream=\"stdout\"};bc{stream=\"stdout\"};" },
		{ "the end of the log", "[{cri: }]", "", T "stdout P a", "a{stream=\"stdout\"};" },
		{ "docker", "[{docker: }]", "", "{\"log\":\"text\\n\",\"stream\":\"stderr\",\"time\":\"2019-04-30T02:12:41.8443515Z\"}\nplain",
			"text{stream=\"stderr\"};plain;" },
		{ "not first", "[{static_labels: {z: 1}}, {cri: }]", "", T "stdout F x", "x{stream=\"stdout\",z=\"1\"};" },
	};
	static const struct stage_lines_refusal refusals[] = { { "[{cri: {max_partial_line_size: many}}]", "size" }, { "[{docker: {a: b}}]", "docker" },
		{ "[{cri: {max_partial_lines: -1}}]", "max_partial_lines" } };
	stage_lines_check(cases, COUNT_OF(cases));
	stage_lines_refuse(refusals, COUNT_OF(refusals));
}
END_TEST

START_TEST(framing_has_the_runtimes_time)
{
	static const char *const pipelines[] = { "[{cri: }]", "[{docker: }]" };
	static const char *const lines[] = { "1970-01-01T00:00:07.5Z stdout F x", "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"1970-01-01T00:00:07Z\"}" };
	for (size_t i = 0; i < COUNT_OF(pipelines); i++) {
		struct stage_lines t;
		ck_assert(stage_lines_open(&t, pipelines[i], ""));
		t.shows_time = true;
		stage_lines_put(&t, str_of(lines[i]));
		expect(&t, "<7>x{stream=\"stdout\"};");
		stage_lines_close(&t);
	}
}
END_TEST

/* ---- what is held, and where reading may begin again ---- */

enum { REPLAYS = 25, REPLAY_LINES = 40, REPLAY_ENTRIES = 200 };
struct seen_entry { uint64_t first, last; struct str text; int64_t timestamp_ns; };
struct seen { struct seen_entry at[REPLAY_ENTRIES]; size_t count, lines; struct arena bytes; };

static int by_last(const void *a, const void *b)
{
	const struct seen_entry *x = a, *y = b;
	return x->last < y->last ? -1 : x->last > y->last;
}

static void see(void *ctx, struct entry *e)
{
	struct seen *s = ctx;
	ck_assert(s->count < REPLAY_ENTRIES);
	s->lines += 1 + e->joined;
	s->at[s->count].first = e->first.order;
	s->at[s->count].last = e->last;
	s->at[s->count].timestamp_ns = e->timestamp_ns;
	s->at[s->count++].text = arena_copy(&s->bytes, e->line);
}

static void lowest(void *ctx, struct entry_place *place)
{
	uint64_t *low = ctx;
	ck_assert(place->order > 0);
	*low = place->order < *low ? place->order : *low;
}

/* Lines from `from` on (numbered from 1), through a state that knows nothing; lows[i]: the lowest place that is held behind line i. */
static void play(struct stages *p, const struct str *lines, size_t from, size_t to, uint64_t *lows, struct seen *out)
{
	struct stages_state *s = stages_state_new(p);
	struct arena arena = { 0 };
	for (size_t i = from; i < to; i++) {
		struct entry e = { .line = lines[i], .timestamp_ns = (int64_t)i * 1000, .first = { .order = i + 1 }, .last = i + 1, .arena = &arena };
		stages_run(p, s, &e, S, see, out);
		labels_fini(&e.labels);
		labels_fini(&e.metadata);
		arena_reset(&arena);
		if (lows)
			lows[i] = i + 2;
		if (lows)
			stages_each_place(s, lowest, &lows[i]);
	}
	stages_flush(p, s, S, true, see, out);
	ck_assert(!stages_is_holding(s));
	ck_assert_uint_eq(out->lines, to - from);
	qsort(out->at, out->count, sizeof out->at[0], by_last); /* what is open at the end goes out in any order */
	stages_state_free(s);
	arena_fini(&arena);
}

static void check_replay(struct stages *p, const struct str *lines, uint64_t seed)
{
	uint64_t lows[REPLAY_LINES];
	static struct seen all, again;
	all = (struct seen){ 0 };
	play(p, lines, 0, REPLAY_LINES, lows, &all);
	for (size_t i = 0; i < REPLAY_LINES; i++) {
		ck_assert_msg(i == 0 || lows[i] >= lows[i - 1], "seed %llu: what may be forgotten grows", (unsigned long long)seed);
		again = (struct seen){ 0 };
		play(p, lines, lows[i] - 1, REPLAY_LINES, NULL, &again);
		size_t k = 0;
		for (size_t n = 0; n < all.count; n++) {
			if (all.at[n].first < lows[i]) {
				ck_assert_msg(all.at[n].last < lows[i], "seed %llu: an entry of lines %llu to %llu goes across line %llu", (unsigned long long)seed,
					      (unsigned long long)all.at[n].first, (unsigned long long)all.at[n].last, (unsigned long long)lows[i]);
				continue;
			}
			ck_assert_msg(k < again.count && again.at[k].last == all.at[n].last &&
				      str_eq(again.at[k].text, all.at[n].text) && again.at[k].timestamp_ns == all.at[n].timestamp_ns,
				      "seed %llu: begun again at line %llu: lines %llu to %llu \"" STR_FMT "\" instead of %llu to %llu \"" STR_FMT "\"",
				      (unsigned long long)seed, (unsigned long long)lows[i], (unsigned long long)again.at[k].first,
				      (unsigned long long)again.at[k].last, STR_ARG(again.at[k].text), (unsigned long long)all.at[n].first,
				      (unsigned long long)all.at[n].last, STR_ARG(all.at[n].text));
			k++;
		}
		ck_assert_msg(k == again.count, "seed %llu: %zu entries too many", (unsigned long long)seed, again.count - k);
		arena_fini(&again.bytes);
	}
	arena_fini(&all.bytes);
}

/* Whoever reads again from the lowest place that was held, at any time, meets every entry that was not out whole, and of those that
 * were out none in another shape. */
static const struct { const char *pipeline; const char *lines[8]; } replays[] = {
	{ "[{regex: {expression: '^(?P<k>.)'}}, {labels: {k: }}, {multiline: {firstline: '>', max_lines: 3}}]",
		{ "a>1", "a 2", "a 3", "b>1", "b 2", "b 3", "c>1", "a 4" } },
	{ "[{cri: }, {multiline: {firstline: '^>'}}]",
		{ T "stdout F >1", T "stdout F  2", T "stderr F >1", T "stderr F  2", T "stdout P >3", T "stderr P p", T "stdout P q", "x" } },
	{ "[{multiline: {firstline: '^$|^>', max_lines: 4}}, {multiline: {firstline: '2'}}]", { "", ">1", "2", "3", "4", "", "", "2>" } },
	{ "[{regex: {expression: '^(?P<k>.)'}}, {labels: {k: }}, {match: {selector: '{k=\"a\"}', stages: [{multiline: {firstline: 'E'}}]}}, "
		"{multiline: {stack_traces: true, max_lines: 5}}]",
		{ "aE1", "a 2", "bpanic: x", "b\tat a.B(C)", "aE3", "cTraceback (most recent call last):", "c  File \"a\"", "bx" } },
};

/* Whoever reads again from the lowest place that was held, at any time, meets every entry that was not out whole, and of those that
 * were out none in another shape. */
START_TEST(places)
{
	struct stage_lines t;
	ck_assert_msg(stage_lines_open(&t, replays[_i].pipeline, ""), "%s", t.problem);
	ck_assert(stages_state_may_hold(t.state));
	for (uint64_t seed = 1; seed <= REPLAYS; seed++) {
		struct str lines[REPLAY_LINES];
		uint64_t random = ((uint64_t)_i * 1000 + seed) * UINT64_C(0x9e3779b97f4a7c15);
		for (size_t k = 0; k < REPLAY_LINES; k++) {
			random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
			lines[k] = str_of(replays[_i].lines[(random >> 33) % COUNT_OF(replays[_i].lines)]);
		}
		check_replay(t.stages, lines, seed);
	}
	stage_lines_close(&t);
}
END_TEST

START_TEST(joined_lines_keep_what_their_first_line_was)
{
	struct stage_lines t;
	struct arena arena = { 0 };
	struct entry out = { 0 };
	ck_assert(stage_lines_open(&t, "[{multiline: {firstline: '^>'}}]", ""));
	ck_assert(!stages_is_holding(t.state));
	static const struct { const char *line; enum level level; const char *trace; } lines[] = { { ">1", LEVEL_UNKNOWN, NULL }, { "2", LEVEL_WARN, "a" },
		{ "3", LEVEL_ERROR, "b" } };
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct entry e = { .line = str_of(lines[i].line), .arena = &arena, .is_repeat = i == 0, .origin.level = lines[i].level };
		e.origin.trace_result = lines[i].trace ? TRACE_VALID : TRACE_NONE;
		e.origin.trace.trace_id[0] = lines[i].trace ? lines[i].trace[0] : 0;
		stages_run(t.stages, t.state, &e, t.now_ns, take_entry, &out);
	}
	stages_flush(t.stages, t.state, t.now_ns, true, take_entry, &out);
	ck_assert(out.joined == 2 && out.is_repeat && out.origin.level == LEVEL_WARN && out.origin.trace_result == TRACE_VALID &&
		  out.origin.trace.trace_id[0] == 'a');
	stage_lines_close(&t);
}
END_TEST

struct looks { const struct stages *p; char text[256]; };

static void on_look(void *ctx, const char *stage, const struct entry *before, const struct entry *after)
{
	struct looks *l = ctx;
	(void)before;
	size_t n = strlen(l->text);
	snprintf(l->text + n, sizeof l->text - n, "%s@%zu%s%s ", stage, stages_look_at(l->p), after->is_held ? " held" : "", after->joined ? " joined" : "");
}

/* Who looks is told the stage that lets a block go, and those behind it, by their own places: in a flush as well as in the turn of another line. */
START_TEST(looks_at_what_was_held)
{
	struct stage_lines t;
	struct looks looks = { .text = "" };
	ck_assert(stage_lines_open(&t, "[{static_labels: {a: b}}, {multiline: {firstline: '^>'}}, {decolorize: }]", ""));
	looks.p = t.stages;
	stages_set_look(t.stages, on_look, &looks);
	stage_lines_put(&t, STR(">1"));
	stage_lines_put(&t, STR("a"));
	ck_assert_str_eq(looks.text, "static_labels@0 multiline@1 held static_labels@0 multiline@1 held ");
	looks.text[0] = '\0';
	stage_lines_put(&t, STR(">2"));
	ck_assert_str_eq(looks.text, "static_labels@0 multiline@1 joined decolorize@2 joined multiline@1 held ");
	looks.text[0] = '\0';
	stage_lines_flush(&t, true);
	ck_assert_str_eq(looks.text, "multiline@1 decolorize@2 ");
	expect(&t, ">1\na{a=\"b\"};>2{a=\"b\"};");
	stages_set_look(t.stages, NULL, NULL);
	stage_lines_close(&t);
}
END_TEST

START_TEST(limit_drops)
{
	struct stage_lines t;
	ck_assert(stage_lines_open(&t, "[{limit: {rate: 2, burst: 2, drop: true}}]", ""));
	for (int i = 0; i < 3; i++)
		stage_lines_put(&t, STR("a"));
	expect(&t, "a;a;a !ratelimit_drop_stage;");
	t.now_ns += S / 2 - 2; /* less than a nanosecond's worth short is enough, more is not */
	stage_lines_put(&t, STR("b"));
	t.now_ns += 2;
	stage_lines_put(&t, STR("c"));
	stage_lines_put(&t, STR("d"));
	expect(&t, "b !ratelimit_drop_stage;c;d !ratelimit_drop_stage;");
	t.now_ns += 100 * S;
	for (int i = 0; i < 3; i++)
		stage_lines_put(&t, STR("e"));
	expect(&t, "e;e;e !ratelimit_drop_stage;");
	t.now_ns -= 50 * S; /* set back: nothing is earned, and nothing is owed when it goes on */
	stage_lines_put(&t, STR("f"));
	t.now_ns += S;
	stage_lines_put(&t, STR("g"));
	expect(&t, "f !ratelimit_drop_stage;g !ratelimit_drop_stage;");
	ck_assert(stages_not_before(t.state) == 0);
	stage_lines_close(&t);
}
END_TEST

START_TEST(limit_by_label)
{
	struct stage_lines t;
	ck_assert(stage_lines_open(&t, "[{regex: {expression: '^(?P<k>[a-z])'}}, {labels: {k: }}, {limit: {rate: 1, burst: 1, drop: true, by_label_name: k}}]", ""));
	stage_lines_put(&t, STR("a"));
	stage_lines_put(&t, STR("b"));
	stage_lines_put(&t, STR("a"));
	stage_lines_put(&t, STR("0"));
	stage_lines_put(&t, STR("0"));
	expect(&t, "a{k=\"a\"};b{k=\"b\"};a{k=\"a\"} !ratelimit_drop_stage;0;0;");
	stage_lines_close(&t);
}
END_TEST

START_TEST(limit_waits)
{
	static const struct stage_lines_refusal refusals[] = { { "[{limit: }]", "rate" }, { "[{limit: {rate: 1}}]", "burst" },
		{ "[{limit: {rate: 0, burst: 1}}]", "more than 0" }, { "[{limit: {rate: 1, burst: 1, by_label_name: a}}]", "drop" },
		{ "[{limit: {rate: 1, burst: 1, max_distinct_labels: 99999999}}]", "at most" } };
	struct stage_lines t;
	ck_assert(stage_lines_open(&t, "[{limit: {rate: 10, burst: 2}}]", ""));
	stage_lines_put(&t, STR("a"));
	stage_lines_put(&t, STR("b"));
	ck_assert(stages_not_before(t.state) == 0);
	stage_lines_put(&t, STR("c"));
	ck_assert(stages_not_before(t.state) == t.now_ns + S / 10);
	/* Another log of the same job waits behind it, and a third, that had no line, does not. */
	struct stages_state *first = t.state, *second = stages_state_new(t.stages), *third = stages_state_new(t.stages);
	t.state = second;
	stage_lines_put(&t, STR("d"));
	ck_assert(stages_not_before(second) == t.now_ns + S / 5 && stages_not_before(first) == t.now_ns + S / 10);
	ck_assert(stages_not_before(third) == 0);
	expect(&t, "a;b;c;d;");
	/* A reader that keeps to it has ten lines a second. */
	int64_t end_ns = t.now_ns + 100 * S;
	int lines = 0;
	while ((t.now_ns = stages_not_before(second)) < end_ns) {
		stage_lines_put(&t, STR("e"));
		lines++;
	}
	ck_assert_msg(lines >= 998 && lines <= 1000, "%d lines in 100 s", lines);
	t.state = first;
	stages_state_free(second);
	stages_state_free(third);
	stage_lines_close(&t);
	stage_lines_refuse(refusals, COUNT_OF(refusals));
}
END_TEST

static void show(void *ctx, const struct stages_metric *m)
{
	struct buf *out = ctx;
	buf_str(out, m->family);
	buf_str(out, m->suffix);
	if (m->labels.count)
		labels_print(&m->labels, out);
	buf_printf(out, " %g", m->value);
	if (m->exemplar)
		buf_printf(out, " # %.2s %.2s %g %lld", m->exemplar->trace_id.p, m->exemplar->span_id.n ? m->exemplar->span_id.p : "-",
			   m->exemplar->value, (long long)m->exemplar->timestamp_ns);
	buf_char(out, '\n');
}

static void expect_metrics(struct stage_lines *t, const char *name, const char *want)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	stages_each_metric(t->stages, show, &out);
	ck_assert_msg(str_eq(buf_view(&out), str_of(want)), "%s: got\n" STR_FMT "want\n%s", name, STR_ARG(buf_view(&out)), want);
	buf_fini(&out);
}

START_TEST(metrics)
{
	static const struct { const char *name, *metric, *lines, *want; } cases[] = {
		{ "inc", "{type: Counter, source: a, config: {action: INC}}", "{\"a\":\"x\"}\n{\"a\":\"y\"}", "promtail_custom_m{job=\"j\"} 2\n" },
		{ "its own name is the source", "{type: counter, config: {action: add}}", "{\"m\":1.5}\n{\"m\":\"2\"}\n{\"m\":\"x\"}", "promtail_custom_m{job=\"j\"} 3.5\n" },
		{ "a counter does not go down", "{type: counter, source: a, prefix: p_, config: {action: add}}", "{\"a\":3}\n{\"a\":-1}", "p_m{job=\"j\"} 3\n" },
		{ "value", "{type: counter, source: a, config: {action: inc, value: 1.5}}", "{\"a\":1.50}\n{\"a\":\"1.5\"}\n{\"a\":2}", "promtail_custom_m{job=\"j\"} 2\n" },
		{ "all lines", "{type: counter, config: {action: inc, match_all: true}}", "{}\nx", "promtail_custom_m{job=\"j\"} 2\n" },
		{ "all bytes", "{type: counter, config: {action: add, match_all: true, count_entry_bytes: true}}", "{}\nxyz", "promtail_custom_m{job=\"j\"} 5\n" },
		{ "add of all lines has no number", "{type: counter, config: {action: add, match_all: true}}", "{}\nxyz", "" },
		{ "gauge", "{type: gauge, source: a, config: {action: set}}", "{\"a\":\"5\"}\n{\"a\":\"1m30s\"}", "promtail_custom_m{job=\"j\"} 90\n" },
		{ "down", "{type: gauge, source: a, config: {action: sub}}", "{\"a\":\"5\"}\n{\"a\":true}", "promtail_custom_m{job=\"j\"} -6\n" },
		{ "dec", "{type: gauge, source: a, config: {action: dec}}", "{\"a\":\"x\"}", "promtail_custom_m{job=\"j\"} -1\n" },
		{ "histogram", "{type: histogram, source: a, config: {buckets: [0.25, 1, 1e6]}}", "{\"a\":0.25}\n{\"a\":\"500ms\"}\n{\"a\":3e9}",
			"promtail_custom_m_bucket{job=\"j\",le=\"0.25\"} 1\npromtail_custom_m_bucket{job=\"j\",le=\"1\"} 2\n"
			"promtail_custom_m_bucket{job=\"j\",le=\"1e+06\"} 2\npromtail_custom_m_bucket{job=\"j\",le=\"+Inf\"} 3\n"
			"promtail_custom_m_sum{job=\"j\"} 3e+09\npromtail_custom_m_count{job=\"j\"} 3\n" },
		{ "not touched", "{type: histogram, source: gone}", "{\"b\":0.25}", "" },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char pipeline[512];
		struct stage_lines t;
		struct str rest = str_of(cases[i].lines);
		snprintf(pipeline, sizeof pipeline, "[{json: {expressions: {a: , m: }}}, {metrics: {m: %s}}]", cases[i].metric);
		ck_assert_msg(stage_lines_open(&t, pipeline, "job=j __hidden=1"), "%s: %s", cases[i].name, t.problem);
		while (rest.n)
			stage_lines_put(&t, str_cut(&rest, '\n'));
		expect_metrics(&t, cases[i].name, cases[i].want);
		stage_lines_close(&t);
	}
}
END_TEST

/* trace: "" none, "!x" one that was not sampled. */
static void put_traced(struct stage_lines *t, const char *line, const char *trace, int64_t at)
{
	struct entry e = { .line = str_of(line), .arena = &t->turn, .timestamp_ns = at };
	e.origin.trace_result = *trace ? TRACE_VALID : TRACE_NONE;
	e.origin.trace.sampled = *trace == '!' ? 0 : -1;
	e.origin.trace.has_span = *trace == 's';
	memset(e.origin.trace.trace_id, *trace, sizeof e.origin.trace.trace_id);
	memset(e.origin.trace.span_id, *trace, sizeof e.origin.trace.span_id);
	stages_run(t->stages, t->state, &e, t->now_ns, stage_lines_emit, t);
	labels_fini(&e.labels);
	labels_fini(&e.metadata);
	arena_reset(&t->turn);
}

START_TEST(metrics_carry_the_newest_trace)
{
	struct stage_lines t;
	ck_assert(stage_lines_open(&t, "[{json: {expressions: {a: }}}, {metrics: {c: {type: counter, source: a, config: {action: add}}, "
		"g: {type: gauge, source: a, config: {action: set}}, h: {type: histogram, source: a, config: {buckets: [1, 10]}}}}]", ""));
	put_traced(&t, "{\"a\":0.5}", "a", 1);
	put_traced(&t, "{\"a\":5}", "s", 2);
	put_traced(&t, "{\"a\":6}", "", 3);
	put_traced(&t, "{\"a\":7}", "!", 4);
	put_traced(&t, "{\"a\":0}", "x", 5); /* adds nothing to the counter */
	put_traced(&t, "{\"a\":8}", "o", 1); /* older: it counts, and does not stand for the count */
	expect_metrics(&t, "exemplars", "promtail_custom_c 26.5 # ss ss 5 2\npromtail_custom_g 8\n"
		"promtail_custom_h_bucket{le=\"1\"} 2 # xx - 0 5\npromtail_custom_h_bucket{le=\"10\"} 6 # ss ss 5 2\n"
		"promtail_custom_h_bucket{le=\"+Inf\"} 6\npromtail_custom_h_sum 26.5\npromtail_custom_h_count 6\n");
	put_traced(&t, "{\"a\":11}", "n", 9);
	expect_metrics(&t, "above all buckets", "promtail_custom_c 37.5 # nn - 11 9\npromtail_custom_g 11\n"
		"promtail_custom_h_bucket{le=\"1\"} 2 # xx - 0 5\npromtail_custom_h_bucket{le=\"10\"} 6 # ss ss 5 2\n"
		"promtail_custom_h_bucket{le=\"+Inf\"} 7 # nn - 11 9\npromtail_custom_h_sum 37.5\npromtail_custom_h_count 7\n");
	stage_lines_close(&t);
}
END_TEST

START_TEST(metrics_that_cannot_be)
{
	static const struct stage_lines_refusal refusals[] = {
		{ "[{metrics: {m: {type: summary}}}]", "counter, gauge" }, { "[{metrics: {m: {type: counter}}}]", "inc or add" },
		{ "[{metrics: {m: {type: counter, config: {action: set}}}}]", "inc or add" },
		{ "[{metrics: {m: {type: gauge, config: {action: up}}}}]", "set, inc" },
		{ "[{metrics: {m: {type: counter, config: {action: inc, match_all: true, value: x}}}}]", "exclude" },
		{ "[{metrics: {m: {type: counter, config: {action: add, count_entry_bytes: true}}}}]", "match_all" },
		{ "[{metrics: {m: {type: counter, config: {action: inc, match_all: true, count_entry_bytes: true}}}}]", "action: add" },
		{ "[{metrics: {m: {type: histogram, config: {buckets: [2, 1]}}}}]", "ascend" },
		{ "[{metrics: {m: {type: histogram, config: {buckets: [a]}}}}]", "ascend" },
		{ "[{metrics: {m: {type: gauge, max_idle_duration: 1ms, config: {action: set}}}}]", "second" },
		{ "[{metrics: {m: {type: gauge, nonsense: 1, config: {action: set}}}}]", "nonsense" },
		{ "[{metrics: {m: {type: gauge, config: {bucket: [1], action: set}}}}]", "bucket" }, { "[{metrics: [a]}]", "mapping" },
	};
	stage_lines_refuse(refusals, COUNT_OF(refusals));
}
END_TEST

START_TEST(metrics_are_forgotten)
{
	struct stage_lines t;
	ck_assert(stage_lines_open(&t, "[{regex: {expression: '^(?P<k>.)'}}, {labels: {k: }}, {metrics: {m: {type: counter, source: k, "
		"max_idle_duration: 10s, config: {action: inc}}}}]", ""));
	stage_lines_put(&t, STR("a"));
	t.now_ns += 9 * S;
	stage_lines_put(&t, STR("b"));
	stages_expire(t.stages, t.now_ns);
	expect_metrics(&t, "not yet", "promtail_custom_m{k=\"a\"} 1\npromtail_custom_m{k=\"b\"} 1\n");
	stages_expire(t.stages, t.now_ns + S);
	expect_metrics(&t, "one", "promtail_custom_m{k=\"b\"} 1\n");
	stage_lines_put(&t, STR("a"));
	expect_metrics(&t, "anew", "promtail_custom_m{k=\"b\"} 1\npromtail_custom_m{k=\"a\"} 1\n");
	stage_lines_close(&t);
}
END_TEST

START_TEST(metrics_are_bounded)
{
	struct stage_lines t;
	struct buf out;
	ck_assert(stage_lines_open(&t, "[{regex: {expression: '^(?P<k>.*)$'}}, {labels: {k: }}, {metrics: {m: {type: counter, source: k, config: {action: inc}}}}]", ""));
	for (int i = 0; i < 5000; i++) {
		char text[32];
		stage_lines_put(&t, (struct str){ text, (size_t)snprintf(text, sizeof text, "%d", i) });
		buf_reset(&t.out);
	}
	buf_init(&out, 1 << 22);
	stages_each_metric(t.stages, show, &out);
	ck_assert(memmem(out.p, out.n, "{k=\"4095\"}", 10) && !memmem(out.p, out.n, "{k=\"4096\"}", 10));
	ck_assert(str_ends(buf_view(&out), STR("spoor_pipeline_series_refused_total{metric=\"promtail_custom_m\"} 904\n")));
	buf_fini(&out);
	stage_lines_close(&t);
}
END_TEST

static void add(TCase *t)
{
	tcase_add_test(t, multiline);
	tcase_add_test(t, multiline_waits);
	tcase_add_test(t, multiline_ends_by_the_lines_own_time);
	tcase_add_test(t, multiline_is_bounded);
	tcase_add_test(t, framing);
	tcase_add_test(t, framing_has_the_runtimes_time);
	tcase_add_loop_test(t, places, 0, COUNT_OF(replays));
	tcase_add_test(t, joined_lines_keep_what_their_first_line_was);
	tcase_add_test(t, looks_at_what_was_held);
	tcase_add_test(t, limit_drops);
	tcase_add_test(t, limit_by_label);
	tcase_add_test(t, limit_waits);
	tcase_add_test(t, metrics);
	tcase_add_test(t, metrics_carry_the_newest_trace);
	tcase_add_test(t, metrics_that_cannot_be);
	tcase_add_test(t, metrics_are_forgotten);
	tcase_add_test(t, metrics_are_bounded);
}

int main(void)
{
	return stage_lines_main("stages_hold", add);
}
