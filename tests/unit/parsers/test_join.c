/* Pieces of messages, with the limit at every place. */
#include "parsers/join.h"

#include <check.h>

static bool add(struct join *j, const char *text, bool is_partial, int64_t ns, size_t limit)
{
	struct runtime_line piece = { .timestamp_ns = ns, .message = str_of(text), .is_partial = is_partial };
	return join_add(j, &piece, limit);
}

static void expect(struct join *j, const char *name, const char *want, int64_t want_ns, uint64_t want_dropped)
{
	struct str line;
	int64_t ns;
	ck_assert_msg(join_take(j, &line, &ns), "%s: nothing to take", name);
	ck_assert_msg(str_eq(line, str_of(want)), "%s: got \"" STR_FMT "\", want \"%s\"", name, STR_ARG(line), want);
	ck_assert_msg(ns == want_ns, "%s: got time %lld, want %lld", name, (long long)ns, (long long)want_ns);
	ck_assert_msg(j->dropped_bytes == want_dropped, "%s: got %llu dropped, want %llu", name,
		(unsigned long long)j->dropped_bytes, (unsigned long long)want_dropped);
	ck_assert_msg(j->is_over == (want_dropped > 0), "%s: over is %d", name, j->is_over);
	ck_assert_msg(!j->is_open && !join_take(j, &line, &ns), "%s: taken twice", name);
}

START_TEST(messages)
{
	struct join j = { 0 };
	struct str line;
	int64_t ns;
	ck_assert(!join_take(&j, &line, &ns));
	ck_assert(add(&j, "whole", false, 1, 100));
	expect(&j, "one piece", "whole", 1, 0);
	ck_assert(!add(&j, "a", true, 2, 100));
	ck_assert(!add(&j, "b", true, 3, 100));
	ck_assert(j.is_open);
	ck_assert(add(&j, "c", false, 4, 100));
	expect(&j, "three pieces, the last one's time", "abc", 4, 0);
	ck_assert(!add(&j, "a", true, 5, 100));
	expect(&j, "taken before it is complete", "a", 5, 0);
	ck_assert(add(&j, "", false, 6, 100));
	expect(&j, "empty message", "", 6, 0);
	ck_assert(!add(&j, "a", true, 7, 100));
	ck_assert(add(&j, "", false, 8, 100));
	expect(&j, "empty last piece", "a", 8, 0);
	ck_assert(!add(&j, "forgotten", true, 9, 100));
	join_reset(&j);
	ck_assert(!j.is_open && !join_take(&j, &line, &ns));
	ck_assert(add(&j, "new", false, 10, 100));
	expect(&j, "after a reset", "new", 10, 0);
	join_reset(&j);
	buf_fini(&j.piece);
}
END_TEST

START_TEST(limits)
{
	static const struct {
		const char *name, *pieces[4];
		size_t limit;
		const char *want;
		uint64_t dropped;
	} cases[] = {
		{ "exactly", { "abc", "def" }, 6, "abcdef", 0 },
		{ "one over", { "abc", "def" }, 5, "abcde", 1 },
		{ "at a seam", { "abc", "def" }, 3, "abc", 3 },
		{ "nothing may be kept", { "abc", "def" }, 0, "", 6 },
		{ "nothing after a gap", { "abc", "defg", "h" }, 6, "abcdef", 2 },
		{ "empty piece after the limit", { "abc", "" }, 3, "abc", 0 },
		{ "between characters", { "ab\xe2\x82\xac" }, 4, "ab", 3 },
		{ "character fits", { "ab\xe2\x82\xac" }, 5, "ab\xe2\x82\xac", 0 },
		{ "cut character ends the head", { "ab\xe2\x82\xac", "c" }, 4, "ab", 4 },
		{ "not UTF-8: cut anywhere", { "\x80\x80\x80\x80\x80\x80\x80\x80" }, 6, "\x80\x80\x80\x80\x80\x80", 2 },
	};
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct join j = { 0 };
		int64_t ns = 0;
		for (size_t k = 0; k < COUNT_OF(cases[i].pieces) && cases[i].pieces[k]; k++)
			add(&j, cases[i].pieces[k], true, ++ns, cases[i].limit);
		expect(&j, cases[i].name, cases[i].want, ns, cases[i].dropped);
		/* What was dropped belongs to that message only. */
		ck_assert(add(&j, "x", false, 99, 100));
		expect(&j, cases[i].name, "x", 99, 0);
		buf_fini(&j.piece);
	}
}
END_TEST

START_TEST(limit_that_shrinks)
{
	struct join j = { 0 };
	add(&j, "abcdef", true, 1, 100);
	add(&j, "g", true, 2, 3);
	expect(&j, "what was kept stays", "abcdef", 2, 1);
	buf_fini(&j.piece);
}
END_TEST

START_TEST(large_memory_is_given_back)
{
	static char text[40000];
	memset(text, 'x', sizeof text);
	struct join *j = join_new();
	struct runtime_line piece = { .message = { text, 1000 } };
	join_add(j, &piece, 1 << 20);
	join_reset(j);
	ck_assert_msg(j->piece.room > 0, "small memory is given back");
	piece.message.n = sizeof text;
	join_add(j, &piece, 1 << 20);
	join_reset(j);
	ck_assert_msg(j->piece.room == 0, "%zu bytes are kept", j->piece.room);
	join_free(j);
	join_free(NULL);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("join");
	TCase *t = tcase_create("join");
	tcase_add_test(t, messages);
	tcase_add_test(t, limits);
	tcase_add_test(t, limit_that_shrinks);
	tcase_add_test(t, large_memory_is_given_back);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
