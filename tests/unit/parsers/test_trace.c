/* The samples of tests/fixtures/trace, all of them, each also inside memory of its exact size; then what a table of lines
 * cannot say: bounds, hostile lines, and where in the line an id stands. */
#include "parsers/trace/trace.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/num.h"

enum { LINE_MAX_BYTES = 8192 };

/* The value behind "key": in one line of a sample file, or an empty view. */
static struct str json_field(struct str row, const char *key)
{
	char mark[64];
	int n = snprintf(mark, sizeof mark, "\"%s\": ", key);
	const char *at = memmem(row.p, row.n, mark, (size_t)n);
	return at ? str_skip(row, (size_t)(at - row.p) + (size_t)n) : (struct str){ NULL, 0 };
}

static size_t put_utf8(char *to, uint64_t c)
{
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 0x3f));
		to[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 0x3f));
	to[2] = (char)(0x80 | (c >> 6 & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

/* "..." decoded into to; returns the length, or -1 when s does not begin with a string. */
static long unquote(struct str s, char *to)
{
	static const char NAMES[] = "\"\\/bfnrt", VALUES[] = "\"\\/\b\f\n\r\t";
	size_t n = 0;
	if (s.n == 0 || s.p[0] != '"')
		return -1;
	for (size_t i = 1; i < s.n && s.p[i] != '"'; i++) {
		ck_assert_uint_lt(n, LINE_MAX_BYTES - 4);
		if (s.p[i] != '\\') {
			to[n++] = s.p[i];
			continue;
		}
		i++;
		const char *name = memchr(NAMES, s.p[i], sizeof NAMES - 1);
		if (name) {
			to[n++] = VALUES[name - NAMES];
			continue;
		}
		uint64_t c = 0, low = 0;
		ck_assert(s.p[i] == 'u' && num_hex64((struct str){ s.p + i + 1, 4 }, &c));
		i += 4;
		if (c >= 0xd800 && c <= 0xdbff && num_hex64((struct str){ s.p + i + 3, 4 }, &low)) {
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
			i += 6;
		}
		n += put_utf8(to + n, c);
	}
	return (long)n;
}

/* "<trace> <span> <sampled>" with - for null, as text that a failure can show. */
static void describe(enum trace_result result, const struct trace_context *c, char at[96])
{
	if (result != TRACE_VALID)
		snprintf(at, 96, "- - -");
	else
		snprintf(at, 96, "%.32s %.*s %s", c->trace_id, c->has_span ? 16 : 1, c->has_span ? c->span_id : "-",
			c->sampled < 0 ? "-" : c->sampled ? "true" : "false");
}

static void describe_wanted(struct str row, char at[160])
{
	char trace[64] = "-", span[64] = "-";
	struct str expect = json_field(row, "expect"), sampled = json_field(expect, "sampled");
	long n = unquote(json_field(expect, "trace_id"), trace), m = unquote(json_field(expect, "span_id"), span);
	trace[n < 0 ? 1 : n] = span[m < 0 ? 1 : m] = '\0';
	const char *flag = str_starts(sampled, STR("true")) ? "true" : str_starts(sampled, STR("false")) ? "false" : "-";
	snprintf(at, 160, "%s %s %s", trace, span, n < 0 ? "-" : flag);
}

/* Exact memory: a byte read outside the line is found by AddressSanitizer. */
static enum trace_result find_exactly(const char *bytes, size_t n, struct trace_context *out)
{
	char *exact = malloc(n ? n : 1);
	ck_assert_ptr_nonnull(exact);
	memcpy(exact, bytes, n);
	enum trace_result result = trace_find((struct str){ exact, n }, out);
	free(exact);
	return result;
}

static void check_file(const char *path, unsigned at_least)
{
	FILE *f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s cannot be opened", path);
	char *row = NULL, line[LINE_MAX_BYTES], got[96], want[160];
	size_t room = 0;
	unsigned checked = 0, wrong = 0;
	for (ssize_t n; (n = getline(&row, &room, f)) > 0; checked++) {
		struct str s = { row, (size_t)n };
		long length = unquote(json_field(s, "line"), line);
		ck_assert_msg(length >= 0, "%s: no line in %s", path, row);
		struct trace_context found;
		enum trace_result result = find_exactly(line, (size_t)length, &found);
		describe(result, &found, got);
		describe_wanted(s, want);
		struct str wanted_result = json_field(s, "result");
		const char *name = trace_result_names[result];
		bool is_right = strcmp(got, want) == 0 &&
			(!wanted_result.n || str_starts(str_skip(wanted_result, 1), str_of(name)));
		wrong += !is_right;
		if (!is_right)
			fprintf(stderr, "line: %.*s\n  got:  %s (%s)\n  want: %s\n  from: %s", (int)length, line, got, name, want, row);
	}
	free(row);
	fclose(f);
	ck_assert_msg(wrong == 0, "%u of %u lines of %s are wrong", wrong, checked, path);
	ck_assert_uint_ge(checked, at_least);
}

START_TEST(samples_come_out_right)
{
	check_file(FIXTURES "/trace/trace_lines.jsonl", 84);
}
END_TEST

START_TEST(more_lines_come_out_right)
{
	check_file(FIXTURES "/trace/more_lines.jsonl", 120);
}
END_TEST

/* The search goes by blocks of 16 bytes: every alignment of an id, of both kinds, with every length of text behind it. */
START_TEST(an_id_is_found_at_every_offset)
{
	static const char *const IDS[] = { "trace_id=4bf92f3577b34da6a3ce929d0e0e4736",
		"[4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7]",
		"@tr=4bf92f3577b34da6a3ce929d0e0e4736", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };
	char line[256];
	for (size_t k = 0; k < sizeof IDS / sizeof *IDS; k++)
		for (size_t before = 0; before < 40; before++)
			for (size_t behind = 0; behind < 40; behind++) {
				size_t n = strlen(IDS[k]);
				memset(line, ' ', sizeof line);
				memcpy(line + before, IDS[k], n);
				struct trace_context found;
				enum trace_result result = find_exactly(line, before + n + behind, &found);
				ck_assert_msg(result == TRACE_VALID && memcmp(found.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736", 32) == 0,
					"%s with %zu blanks before and %zu behind: %s", IDS[k], before, behind, trace_result_names[result]);
			}
}
END_TEST

/* Every head of a sample is a line, too: nothing may be read behind it. */
START_TEST(a_line_may_be_cut_anywhere)
{
	static const char LINE[] =
		"{\"log\":\"{\\\"traceId\\\":\\\"98c0a9337a343d387fea83575a836e96\\\",\\\"spanId\\\":\\\"519a614c642e654b\\\"}\","
				   "\"trace\":{\"id\":\"50250229353f76c4db3366c015494a0d\"},\"h\":\"Root=1-624f249c-7e37b3684ed0d21063257026;"
				   "Parent=4373ee354885ea01\",\"b3\":\"9a118e3f55dbccc5dae40cd64ab8eeb8-9cafaa47e7ebf6fb-0\"}";
	for (size_t from = 0; from < sizeof LINE - 1; from++)
		for (size_t n = 0; from + n < sizeof LINE; n += 7) {
			struct trace_context found;
			enum trace_result result = find_exactly(LINE + from, n, &found);
			ck_assert_int_lt(result, TRACE_RESULTS);
		}
}
END_TEST

START_TEST(more_candidates_than_the_bound_keep_the_first)
{
	enum { COPIES = 500, EACH = 44 };
	char *line = malloc(COPIES * EACH + 1);
	for (int i = 0; i < COPIES; i++)
		snprintf(line + i * EACH, EACH + 1, "trace_id=%032d   ", i + 1);
	struct trace_context found;
	ck_assert_int_eq(trace_find((struct str){ line, COPIES * EACH }, &found), TRACE_VALID);
	ck_assert_mem_eq(found.trace_id, "00000000000000000000000000000001", 32);
	free(line);
}
END_TEST

START_TEST(an_empty_line_has_none)
{
	struct trace_context found;
	ck_assert_int_eq(trace_find((struct str){ NULL, 0 }, &found), TRACE_NONE);
	ck_assert_int_eq(trace_find(STR(""), &found), TRACE_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("trace");
	TCase *cases = tcase_create("trace");
	tcase_add_test(cases, samples_come_out_right);
	tcase_add_test(cases, more_lines_come_out_right);
	tcase_add_test(cases, an_id_is_found_at_every_offset);
	tcase_add_test(cases, a_line_may_be_cut_anywhere);
	tcase_add_test(cases, more_candidates_than_the_bound_keep_the_first);
	tcase_add_test(cases, an_empty_line_has_none);
	suite_add_tcase(suite, cases);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
