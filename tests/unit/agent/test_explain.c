/* What `spoor explain` finds out by itself: the line in its file, and its way through framing and stages. */
#include <bzlib.h>
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#include "agent/commands/explain.h"
#include "agent/commands/explain_way.h"
#include "config/load.h"
#include "tests/unit/agent/temp_dir.h"

static const int64_t NOW_NS = 1795255200000000000;

/* ---- "FILE:LINE" ---- */

static const struct { const char *text, *path; uint64_t number; bool has_line; } arguments[] = {
	{ "/a/b.log:812", "/a/b.log", 812, true }, { "/a/b.log:last", "/a/b.log", 0, true }, { "/a/b.log", "/a/b.log", 0, false },
	{ "a:0", "a:0", 0, false }, { "a:", "a:", 0, false }, { "a:1x", "a:1x", 0, false }, { ":3", ":3", 0, false }, { "a:b:3", "a:b", 3, true },
	{ "a:99999999999999999999", "a:99999999999999999999", 0, false }, { "", "", 0, false },
};

START_TEST(argument)
{
	struct str path = str_of(arguments[_i].text);
	uint64_t number;
	bool has_line = explain_cut_line(&path, &number);
	ck_assert_msg(has_line == arguments[_i].has_line && str_eq(path, str_of(arguments[_i].path)), "%s: %d " STR_FMT, arguments[_i].text, has_line, STR_ARG(path));
	ck_assert_msg(!has_line || number == arguments[_i].number, "%s: %llu", arguments[_i].text, (unsigned long long)number);
}
END_TEST

/* ---- the line ---- */

/* Line i of a file of `count` lines is "line i" and i % 300 more bytes. */
static size_t make_line(size_t i, char *to)
{
	int n = snprintf(to, 64, "line %zu ", i);
	memset(to + n, 'x', i % 300);
	return (size_t)n + i % 300;
}

static void check_line(struct temp_dir *d, const char *name, uint64_t ask, uint64_t want, size_t count)
{
	struct explain_window w;
	char line[512];
	uint64_t offset = 0;
	bool is_found = explain_window_read(&w, temp_path(d, name), ask, CHARSET_BYTES);
	ck_assert_msg(is_found, "%s:%llu: %s", name, (unsigned long long)ask, w.why);
	for (size_t i = 1; i < want; i++)
		offset += make_line(i, line) + 1;
	size_t n = make_line(want, line);
	const struct explain_line *got = &w.at[w.wanted];
	ck_assert_msg(w.number == want && str_eq(got->text, (struct str){ line, n }), "%llu: line %llu " STR_FMT, (unsigned long long)ask, (unsigned long long)w.number,
		      STR_ARG(got->text));
	ck_assert_uint_eq(got->offset, offset);
	ck_assert_uint_eq(got->end, offset + n + 1);
	ck_assert(w.is_whole);
	size_t before = want > EXPLAIN_LINES_AROUND ? EXPLAIN_LINES_AROUND : (size_t)want - 1;
	ck_assert_msg(w.wanted == before, "%zu lines before it, want %zu", w.wanted, before);
	size_t after = count - want < EXPLAIN_LINES_AROUND ? count - (size_t)want : EXPLAIN_LINES_AROUND;
	ck_assert_msg(w.count - w.wanted - 1 >= after, "%zu lines behind it, want %zu", w.count - w.wanted - 1, after);
	explain_window_fini(&w);
}

START_TEST(window)
{
	static const uint64_t numbers[] = { 1, 2, 50, 51, 52, 99, 1000, 4999, 5000 };
	enum { COUNT = 5000 };
	struct temp_dir d = temp_dir_make();
	char line[512];
	FILE *plain = fopen(temp_path(&d, "a.log"), "w");
	gzFile packed = gzopen(temp_path(&d, "a.log.1.gz"), "wb");
	BZFILE *packed_too = BZ2_bzopen(temp_path(&d, "a.log.2.bz2"), "wb1");
	for (size_t i = 1; i <= COUNT; i++) {
		size_t n = make_line(i, line);
		line[n] = '\n';
		fwrite(line, 1, n + 1, plain);
		gzwrite(packed, line, (unsigned)n + 1);
		BZ2_bzwrite(packed_too, line, (int)n + 1);
	}
	fclose(plain);
	gzclose(packed);
	BZ2_bzclose(packed_too);
	for (size_t i = 0; i < COUNT_OF(numbers); i++) {
		check_line(&d, "a.log", numbers[i], numbers[i], COUNT);
		check_line(&d, "a.log.1.gz", numbers[i], numbers[i], COUNT);
		check_line(&d, "a.log.2.bz2", numbers[i], numbers[i], COUNT);
	}
	check_line(&d, "a.log", 0, COUNT, COUNT);
	struct explain_window w;
	ck_assert(!explain_window_read(&w, temp_path(&d, "a.log"), COUNT + 1, CHARSET_BYTES));
	ck_assert_str_eq(w.why, "the file has 5000 lines");
	explain_window_fini(&w);
	temp_dir_remove(&d);
}
END_TEST

static const struct { const char *name, *content; uint64_t number; const char *want, *why; bool is_whole; } odd[] = {
	{ "empty", "", 0, NULL, "the file is empty", false },
	{ "empty, first", "", 1, NULL, "the file has 0 lines", false },
	{ "an unfinished one by its number", "a\nbc", 2, "bc", NULL, false },
	{ "the last one that is whole", "a\nbc", 0, "a", NULL, true },
	{ "only an unfinished one", "abc", 0, "abc", NULL, false },
	{ "beyond an unfinished one", "a\nbc", 3, NULL, "the file has 2 lines", false },
	{ "empty lines", "\n\n\n", 2, "", NULL, true },
};

START_TEST(odd_file)
{
	struct temp_dir d = temp_dir_make();
	struct explain_window w;
	temp_write(&d, "f", odd[_i].content, strlen(odd[_i].content));
	bool is_found = explain_window_read(&w, temp_path(&d, "f"), odd[_i].number, CHARSET_BYTES);
	ck_assert_msg(is_found == (odd[_i].want != NULL), "%s: %s", odd[_i].name, w.why);
	if (is_found) {
		ck_assert_msg(str_eq(w.at[w.wanted].text, str_of(odd[_i].want)), "%s: " STR_FMT, odd[_i].name, STR_ARG(w.at[w.wanted].text));
		ck_assert_msg(w.is_whole == odd[_i].is_whole, "%s: whole %d", odd[_i].name, w.is_whole);
	} else {
		ck_assert_msg(strcmp(w.why, odd[_i].why) == 0, "%s: %s", odd[_i].name, w.why);
	}
	explain_window_fini(&w);
	ck_assert(!explain_window_read(&w, d.path, 1, CHARSET_BYTES));
	ck_assert_msg(strstr(w.why, "no regular file"), "%s", w.why);
	explain_window_fini(&w);
	temp_dir_remove(&d);
}
END_TEST

/* Lines end where the encoding has them end: U+0A0A and U+0A00 have that byte too. */
START_TEST(pairs)
{
	static const struct { enum charset_units units; struct str content; uint64_t number; struct str want; uint64_t offset; } cases[] = {
		{ CHARSET_PAIRS_LE, STR("a\0\n\n\0\n\n\0b\0\n\0c\0"), 2, STR("b\0"), 8 },
		{ CHARSET_PAIRS_LE, STR("a\0\n\n\0\n\n\0b\0\n\0c\0"), 0, STR("b\0"), 8 },
		{ CHARSET_PAIRS_LE, STR("a\0\n\n\0\n\n\0b\0\n\0c\0"), 3, STR("c\0"), 12 },
		{ CHARSET_PAIRS_BE, STR("\0a\n\n\n\0\0\n\0b\0\n\0c"), 2, STR("\0b"), 8 },
		{ CHARSET_PAIRS_MARKED, STR("\xff\xfe" "a\0\n\0b\0\n\0"), 2, STR("b\0"), 6 },
		{ CHARSET_PAIRS_MARKED, STR("\xff\xfe" "a\0\n\0b\0\n\0"), 1, STR("\xff\xfe" "a\0"), 0 },
		{ CHARSET_PAIRS_MARKED, STR("\xfe\xff\0a\0\n\0b\0\n"), 2, STR("\0b"), 6 },
	};
	struct temp_dir d = temp_dir_make();
	struct explain_window w;
	temp_write(&d, "f", cases[_i].content.p, cases[_i].content.n);
	ck_assert_msg(explain_window_read(&w, temp_path(&d, "f"), cases[_i].number, cases[_i].units), "%s", w.why);
	const struct explain_line *got = &w.at[w.wanted];
	ck_assert(str_eq(got->text, cases[_i].want));
	ck_assert_uint_eq(got->offset, cases[_i].offset);
	ck_assert(w.units == CHARSET_PAIRS_LE || w.units == CHARSET_PAIRS_BE);
	explain_window_fini(&w);
	temp_dir_remove(&d);
}
END_TEST

/* The last line of a file that is too large to be counted. */
START_TEST(very_large)
{
	static const char lines[] = "behind the hole\nlast but one\nthe last\nunfinished";
	static const char pairs_of_it[] = "x\0\n\0a\0\n\nb\0\n\0c\0";
	struct temp_dir d = temp_dir_make();
	struct explain_window w;
	FILE *f = fopen(temp_path(&d, "f"), "w");
	fseeko(f, (off_t)EXPLAIN_SCAN_BYTES + 4321, SEEK_SET);
	fwrite(lines, 1, sizeof lines - 1, f);
	fclose(f);
	ck_assert_msg(explain_window_read(&w, temp_path(&d, "f"), 0, CHARSET_BYTES), "%s", w.why);
	ck_assert_msg(str_eq(w.at[w.wanted].text, STR("the last")) && w.is_whole && w.number == 0 && w.wanted == 1, STR_FMT, STR_ARG(w.at[w.wanted].text));
	explain_window_fini(&w);
	f = fopen(temp_path(&d, "g"), "w");
	fseeko(f, (off_t)EXPLAIN_SCAN_BYTES + 4320, SEEK_SET);
	fwrite(pairs_of_it, 1, sizeof pairs_of_it - 1, f);
	fclose(f);
	ck_assert_msg(explain_window_read(&w, temp_path(&d, "g"), 0, CHARSET_PAIRS_LE), "%s", w.why);
	ck_assert(str_eq(w.at[w.wanted].text, STR("a\0\n\nb\0")));
	explain_window_fini(&w);
	temp_dir_remove(&d);
}
END_TEST

/* ---- the way ---- */

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"
#define CRI(tag, text) "2026-11-21T10:00:00.5Z stdout " tag " " text "\n"
#define CRI_ERR(tag, text) "2026-11-21T10:00:00.6Z stderr " tag " " text "\n"

static const struct way_case {
	const char *name, *stages, *content;
	uint64_t number;
	int format;
	/* what must be true of it; NULL: not looked at */
	const char *message, *dropped, *line, *labels, *metadata, *step;
	size_t pieces, dropped_by;
	uint64_t lines;
} ways[] = {
	{ "no stages, plain", NULL, "one\ntwo level=warn\n", 2, FORMAT_RAW, "two level=warn", "", "two level=warn", "{a=\"b\"}", "{detected_level=\"warn\"}", NULL, 1, 0, 0 },
	{ "the format is told by the first line", NULL, CRI("F", "x") CRI_ERR("F", "y"), 2, FORMAT_AUTO, "y", "", "y", "{a=\"b\", stream=\"stderr\"}", NULL, NULL, 1, 0, 0 },
	{ "not in its file's format", NULL, CRI("F", "x") "what?\n", 2, FORMAT_CRI, "what?", "", "what?", NULL, NULL, NULL, 1, 0, 0 },
	{ "a piece, by its first", NULL, CRI("P", "one ") CRI_ERR("F", "no") CRI("F", "two"), 1, FORMAT_CRI, "one two", "", "one two", NULL, NULL, NULL, 2, 0, 0 },
	{ "a piece, by its last", NULL, CRI("P", "one ") CRI("F", "two"), 2, FORMAT_CRI, "one two", "", NULL, NULL, NULL, NULL, 2, 0, 0 },
	{ "the other stream between pieces", NULL, CRI("P", "one ") CRI_ERR("F", "no") CRI("F", "two"), 2, FORMAT_CRI, "no", "", NULL, "{a=\"b\", stream=\"stderr\"}", NULL, NULL, 1, 0, 0 },
	{ "a piece that waits", NULL, CRI("P", "one "), 1, FORMAT_CRI, "one ", "", NULL, NULL, NULL, NULL, 1, 0, 0 },
	{ "Docker", NULL, "{\"log\":\"hi\\n\",\"stream\":\"stderr\",\"time\":\"2026-11-21T10:00:00Z\"}\n", 1, FORMAT_AUTO, "hi", "", "hi", "{a=\"b\", stream=\"stderr\"}", NULL, NULL, 1, 0, 0 },
	{ "a trace id", NULL, "msg traceId=" TRACE " end\n", 1, FORMAT_RAW, NULL, "", NULL, NULL, "{trace_id=\"" TRACE "\"}", NULL, 1, 0, 0 },
	{ "stages, step by step", "[{cri: {}}, {json: {expressions: {lvl: level}}}, {labels: {lvl: }}, {output: {source: lvl}}]", CRI("F", "{\"level\":\"info\"}"), 1, FORMAT_CRI,
	  "{\"level\":\"info\"}", "", "info", "{a=\"b\", lvl=\"info\", stream=\"stdout\"}", NULL, "3 labels: label lvl=\"info\"", 1, 0, 0 },
	{ "dropped", "[{cri: {}}, {match: {selector: '{a=\"b\"}', stages: [{drop: {expression: noise, drop_counter_reason: loud}}]}}]", CRI("F", "noise"), 1, FORMAT_CRI,
	  "noise", "loud", NULL, NULL, NULL, "3 drop: DROPPED: loud", 1, 3, 0 },
};

static struct config *configuration(const char *stages)
{
	char yaml[2048];
	struct config_problems problems = { 0 };
	struct buf text;
	snprintf(yaml, sizeof yaml, "logs:\n  scrape_configs:\n    - job_name: j\n      static_configs: [{labels: {__path__: /x}}]\n%s%s\n",
		 stages ? "      pipeline_stages: " : "", stages ? stages : "");
	struct config *c = config_load(str_of(yaml), STR("x.yaml"), &problems);
	buf_init(&text, 1 << 16);
	config_problems_print(&problems, STR("x.yaml"), &text);
	ck_assert_msg(c != NULL, STR_FMT, STR_ARG(buf_view(&text)));
	buf_fini(&text);
	config_problems_fini(&problems);
	return c;
}

static void same(const struct way_case *c, const char *what, struct str got, const char *want)
{
	ck_assert_msg(!want || str_eq(got, str_of(want)), "%s: %s is " STR_FMT ", want %s", c->name, what, STR_ARG(got), want);
}

START_TEST(whole_way)
{
	const struct way_case *c = &ways[_i];
	struct temp_dir d = temp_dir_make();
	struct config *config = configuration(c->stages);
	struct explain_window w;
	struct explain_way way;
	char step[256] = "";
	temp_write(&d, "f", c->content, strlen(c->content));
	ck_assert(explain_window_read(&w, temp_path(&d, "f"), c->number, CHARSET_BYTES));
	explain_way_run(&way, &w, config, &config->logs.scrapes[0], c->format, STR("{a=\"b\"}"), (struct str){ 0 }, NOW_NS);
	ck_assert_msg(way.has_come_out, "%s: nothing came out", c->name);
	same(c, "the message", way.message, c->message);
	same(c, "the reason", way.dropped, c->dropped);
	same(c, "the line", way.line, c->line);
	same(c, "labels", way.labels, c->labels);
	same(c, "metadata", way.metadata, c->metadata);
	ck_assert_msg(way.pieces == c->pieces, "%s: %zu pieces", c->name, way.pieces);
	ck_assert_msg(!c->lines || way.lines == c->lines, "%s: %zu lines", c->name, (size_t)way.lines);
	ck_assert_msg(way.dropped_by == c->dropped_by, "%s: dropped by %zu", c->name, way.dropped_by);
	bool has_step = !c->step;
	for (size_t i = 0; i < way.step_count && !has_step; i++) {
		snprintf(step, sizeof step, "%zu " STR_FMT ": " STR_FMT, way.steps[i].number, STR_ARG(way.steps[i].stage), STR_ARG(way.steps[i].effect));
		has_step = strcmp(step, c->step) == 0;
	}
	ck_assert_msg(has_step, "%s: no step \"%s\", the last one is \"%s\"", c->name, c->step, step);
	explain_way_fini(&way);
	explain_window_fini(&w);
	config_free(config);
	temp_dir_remove(&d);
}
END_TEST

START_TEST(trace_is_shown_where_it_is)
{
	struct temp_dir d = temp_dir_make();
	struct explain_window w;
	struct explain_way way;
	static const struct { const char *line, *want; } lines[] = {
		{ "{\"msg\":\"x\",\"traceId\":\"" TRACE "\"}\n", "\"traceId\":\"" }, { "{\"a\":1, \"trace_id\": \"" TRACE "\"}\n", "\"trace_id\": \"" },
		{ "level=info trace_id=" TRACE "\n", "trace_id=" }, { "traceparent: 00-" TRACE "-00f067aa0ba902b7-01\n", "00-" },
	};
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		temp_write(&d, "f", lines[i].line, strlen(lines[i].line));
		ck_assert(explain_window_read(&w, temp_path(&d, "f"), 1, CHARSET_BYTES));
		explain_way_run(&way, &w, NULL, NULL, FORMAT_RAW, (struct str){ 0 }, (struct str){ 0 }, NOW_NS);
		ck_assert_msg(str_eq(way.trace_where, str_of(lines[i].want)), "%s: " STR_FMT, lines[i].line, STR_ARG(way.trace_where));
		explain_way_fini(&way);
		explain_window_fini(&w);
	}
	temp_dir_remove(&d);
}
END_TEST

/* ---- labels as text ---- */

static const struct { const char *text; bool is_good; const char *name, *value; } texts[] = {
	{ "{}", true, "a", "" }, { "{a=\"b\"}", true, "a", "b" }, { "{a=\"b\", c=\"d, e\"}", true, "c", "d, e" }, { "{a=\"q\\\"\\\\n\\n\"}", true, "a", "q\"\\n\n" },
	{ "{a=\"b\"", false, NULL, NULL }, { "", false, NULL, NULL }, { "{a}", false, NULL, NULL }, { "{a=b}", false, NULL, NULL }, { "{=\"b\"}", false, NULL, NULL },
	{ "{a=\"b}", true, "a", "b" }, { "{a=\"\\\"}", true, "a", "\"" },
};

START_TEST(label_text)
{
	struct labels labels = { 0 };
	struct arena arena = { 0 };
	bool is_good = explain_labels(str_of(texts[_i].text), &labels, &arena);
	ck_assert_msg(is_good == texts[_i].is_good, "%s: %d", texts[_i].text, is_good);
	if (is_good)
		ck_assert_msg(str_eq(labels_get(&labels, str_of(texts[_i].name)), str_of(texts[_i].value)), "%s: " STR_FMT, texts[_i].text,
			      STR_ARG(labels_get(&labels, str_of(texts[_i].name))));
	labels_fini(&labels);
	arena_fini(&arena);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explain");
	TCase *tests = tcase_create("explain");
	tcase_add_loop_test(tests, argument, 0, COUNT_OF(arguments));
	tcase_add_test(tests, window);
	tcase_add_loop_test(tests, odd_file, 0, COUNT_OF(odd));
	tcase_add_loop_test(tests, pairs, 0, 7);
	tcase_add_test(tests, very_large);
	tcase_add_loop_test(tests, whole_way, 0, COUNT_OF(ways));
	tcase_add_test(tests, trace_is_shown_where_it_is);
	tcase_add_loop_test(tests, label_text, 0, COUNT_OF(texts));
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
