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

/* The length of the run of digits that begins at at; 0: one is going on there, or none. */
static size_t run_at(struct str line, size_t at)
{
	size_t n = 0;
	while (at + n < line.n && text_is(line.p[at + n], TEXT_HEX))
		n++;
	return at > 0 && text_is(line.p[at - 1], TEXT_HEX) ? 0 : n;
}

/* Every word is found, what is found is one or eight digits, and of long runs of digits some eight are. */
static void check_all(struct str line, enum trace_seed kind, bool *is_seed)
{
	struct trace_seeds k;
	bool is_hex;
	trace_seeds_init(&k, kind, line);
	memset(is_seed, 0, line.n + 1);
	for (size_t at = 0; (at = trace_seeds_next(&k, at, &is_hex)) < line.n; at++) {
		is_seed[at] = true;
		bool is_word = begins(line, at, WORDS[kind]);
		if (!is_word && (kind != SEED_ID || !is_digits(line, at)))
			ck_abort_msg("kind %d at %zu of " STR_FMT, (int)kind, at, STR_ARG(line));
		if (kind == SEED_ID && is_hex == is_word)
			ck_abort_msg("word or digits at %zu of " STR_FMT, at, STR_ARG(line));
	}
	for (size_t at = 0; at < line.n; at++) {
		size_t run = kind == SEED_ID ? run_at(line, at) : 0, first = at;
		if (!is_seed[at] && begins(line, at, WORDS[kind]) && (line.p[at] != '@' || at + 2 < line.n)) /* "@" at the end begins nothing */
			ck_abort_msg("kind %d: nothing at %zu of " STR_FMT, (int)kind, at, STR_ARG(line));
		while (run >= 15 && first < at + run && !is_seed[first])
			first++;
		if (run >= 15 && first == at + run)
			ck_abort_msg("no digits of the run at %zu of %zu: " STR_FMT, at, line.n, STR_ARG(line));
	}
}

/* From anywhere on the same seeds come, but for digits, which may be met at another eight of their run. */
static void check_from(struct str line, enum trace_seed kind, const bool *is_seed)
{
	struct trace_seeds k;
	bool is_hex;
	trace_seeds_init(&k, kind, line);
	for (size_t at = 0; at < line.n;) {
		size_t got = trace_seeds_next(&k, at, &is_hex), want = at;
		while (want < line.n && !(is_seed[want] && begins(line, want, WORDS[kind])))
			want++;
		if (got != want && (got > want || kind != SEED_ID || !is_digits(line, got)))
			ck_abort_msg("kind %d from %zu: %zu, not %zu, in " STR_FMT, (int)kind, at, got,
			want, STR_ARG(line));
		at = got + 1 + (size_t)rand() % 40 * (size_t)(rand() % 50 ? 1 : 60);
	}
}

START_TEST(as_defined)
{
	enum { MOST = 3 * TRACE_SEEDS_BLOCK * TRACE_SEEDS_BLOCKS };
	static char made[MOST];
	static bool is_seed[MOST + 1];
	srand(1);
	for (size_t round = 0; round < 30000; round++) {
		size_t n = make_line(made, round % 50 == 0 ? MOST : 150);
		char *bytes = malloc(n + (n == 0)); /* exactly as long as the line: a read behind it is seen */
		memcpy(bytes, made, n);
		struct str line = { bytes, n };
		check_all(line, (enum trace_seed)(round % SEED_KINDS), is_seed);
		check_from(line, (enum trace_seed)(round % SEED_KINDS), is_seed);
		free(bytes);
	}
}
END_TEST

#ifdef __x86_64__
START_TEST(with_and_without_avx2)
{
	static void (*const ways[SEED_KINDS][2])(struct trace_seeds *, const char *, size_t) = { { fill_id, fill_id_avx2 }, { fill_span, fill_span_avx2 }, { fill_rare, fill_rare_avx2 } };
	if (!__builtin_cpu_supports("avx2"))
		return;
	srand(2);
	for (size_t round = 0; round < 30000; round++) {
		char bytes[300];
		size_t n = make_line(bytes, sizeof bytes - READ) + READ;
		memset(bytes + n - READ, 'r', READ);
		struct trace_seeds a = { .line = { bytes, n } }, b = a;
		ways[round % SEED_KINDS][0](&a, bytes, n);
		ways[round % SEED_KINDS][1](&b, bytes, n);
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
