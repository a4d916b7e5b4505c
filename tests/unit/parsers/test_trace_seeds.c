/* The searches, each way of them that this machine has, against their plain definition over random bytes of few kinds, so that words
 * and runs of digits are everywhere: across blocks, at both ends, in pieces. The file itself is included to reach both ways. */
#include "parsers/trace/trace_seeds.c"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const WORDS[SEED_KINDS][6] = { { "r?c", "@" }, { "spa", "amp", "lag" }, { "@sp", "nsa", "egm", "par", "tid" } };

static bool is_at(struct str line, size_t at, const char *word)
{
	for (; *word; word++, at++)
		if (at >= line.n || (*word != '?' && (*word == '@' ? line.p[at] : ascii_lower(line.p[at])) != *word))
			return false;
	return true;
}

static bool begins(struct str line, size_t at, const char *const *words)
{
	while (*words && !is_at(line, at, *words))
		words++;
	return *words;
}

static bool is_digits(struct str line, size_t at)
{
	for (size_t k = 0; k < 8; k++)
		if (at + k >= line.n || !text_is(line.p[at + k], TEXT_HEX))
			return false;
	return true;
}

/* from: where the blocks begin. */
static size_t plain(struct str line, enum trace_seed kind, size_t from, size_t at, bool *is_hex)
{
	for (; at < line.n; at++) {
		bool is_word = begins(line, at, WORDS[kind]);
		*is_hex = !is_word;
		if (is_word || (kind == SEED_ID && (at - from) % 8 == 0 && is_digits(line, at)))
			return at;
	}
	return line.n;
}

static size_t make_line(char *line, size_t most)
{
	static const char *const pieces[] = { "rac", "RAC", "@tr", "spa", "aMp", "lag", "@sp", "nsa", "egm", "par", "tid", "0123", "deadbeef", "AF", "x", "`tr", "\xff", "@",
		"s", "00000000" };
	size_t n = 0, wanted = (size_t)rand() % most;
	while (n < wanted) {
		const char *piece = pieces[(size_t)rand() % COUNT_OF(pieces)];
		for (; *piece && n < wanted; piece++)
			line[n++] = *piece;
	}
	return n;
}

START_TEST(as_defined)
{
	srand(1);
	for (size_t round = 0; round < 30000; round++) {
		size_t most = round % 100 == 0 ? 3 * TRACE_SEEDS_BLOCK * TRACE_SEEDS_BLOCKS : 150;
		static char made[3 * TRACE_SEEDS_BLOCK * TRACE_SEEDS_BLOCKS];
		size_t n = make_line(made, most);
		char *bytes = malloc(n + (n == 0)); /* exactly as long as the line: a read behind it is seen */
		memcpy(bytes, made, n);
		struct str line = { bytes, n };
		enum trace_seed kind = (enum trace_seed)(round % SEED_KINDS);
		struct trace_seeds k;
		trace_seeds_init(&k, kind, line);
		for (size_t at = 0; at < n;) {
			bool is_hex = false, expected = false;
			size_t got = trace_seeds_next(&k, at, &is_hex), want = plain(line, kind, k.from, at, &expected);
			ck_assert_msg(got == want && (got == n || kind != SEED_ID || is_hex == expected), "kind %d at %zu: %zu, not %zu, in " STR_FMT, (int)kind, at, got, want, STR_ARG(line));
			at = got + 1 + (size_t)rand() % 40;
		}
		free(bytes);
	}
}
END_TEST

#ifdef __x86_64__
START_TEST(with_and_without_avx2)
{
	static void (*const ways[SEED_KINDS][2])(struct trace_seeds *) = { { fill_id, fill_id_avx2 }, { fill_span, fill_span_avx2 }, { fill_rare, fill_rare_avx2 } };
	if (!__builtin_cpu_supports("avx2"))
		return;
	srand(2);
	for (size_t round = 0; round < 30000; round++) {
		char bytes[300];
		struct trace_seeds a = { .line = { bytes, make_line(bytes, sizeof bytes) } }, b = a;
		ways[round % SEED_KINDS][0](&a);
		ways[round % SEED_KINDS][1](&b);
		ck_assert_uint_eq(a.blocks, b.blocks);
		ck_assert_mem_eq(a.seeds, b.seeds, a.blocks * sizeof a.seeds[0]);
	}
}
END_TEST
#endif

int main(void)
{
	Suite *s = suite_create("trace_seeds");
	TCase *t = tcase_create("trace_seeds");
	tcase_add_test(t, as_defined);
#ifdef __x86_64__
	tcase_add_test(t, with_and_without_avx2);
#endif
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
