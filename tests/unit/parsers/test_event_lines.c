/* The same lines come out, however the stream is cut into pieces; too long ones are left out, whole. */
#include "parsers/kubernetes/event_lines.h"

#include <check.h>

enum { MOST = 16 };

struct got { struct buf text; int until; };

static bool take(void *ctx, struct str line)
{
	struct got *g = ctx;
	buf_str(&g->text, line);
	buf_char(&g->text, '|');
	return g->until == 0 || --g->until > 0;
}

static const struct { const char *stream, *want; uint64_t skipped; } streams[] = {
	{ "", "", 0 },
	{ "a", "", 0 },
	{ "a\n", "a|", 0 },
	{ "a\nb", "a|", 0 },
	{ "a\r\nb\n", "a|b|", 0 },
	{ "\n\n\r\na\n\n", "a|", 0 },
	{ "1234567890123456\nb\n", "1234567890123456|b|", 0 },
	{ "12345678901234567\nb\n", "b|", 1 },
	{ "12345678901234567", "", 1 },
	{ "12345678901234567890123456789012345678901234567890\nb\n12345678901234567\nc\n", "b|c|", 2 },
	{ "a\rb\n", "a\rb|", 0 },
};

START_TEST(pieces)
{
	struct str all = str_of(streams[_i].stream);
	for (size_t step = 1; step <= all.n + 1; step++) {
		struct event_lines l;
		struct got g = { .until = 0 };
		event_lines_init(&l, MOST);
		buf_init(&g.text, 4096);
		for (size_t at = 0; at < all.n; at += step)
			ck_assert(event_lines_feed(&l, str_take(str_skip(all, at), step), take, &g));
		ck_assert_msg(str_eq(buf_view(&g.text), str_of(streams[_i].want)), "%s by %zu: got " STR_FMT, streams[_i].stream, step,
			      STR_ARG(buf_view(&g.text)));
		ck_assert_msg(l.skipped == streams[_i].skipped, "%s by %zu: %llu skipped", streams[_i].stream, step,
			      (unsigned long long)l.skipped);
		event_lines_fini(&l);
		buf_fini(&g.text);
	}
}
END_TEST

START_TEST(a_line_without_end_takes_no_memory)
{
	struct event_lines l;
	struct got g = { .until = 0 };
	static char bytes[4096];
	memset(bytes, 'x', sizeof bytes);
	event_lines_init(&l, 1 << 20);
	buf_init(&g.text, 4096);
	for (int i = 0; i < 4096; i++) {
		ck_assert(event_lines_feed(&l, (struct str){ bytes, sizeof bytes }, take, &g));
		ck_assert_uint_le(l.line.room, 1 << 20);
	}
	ck_assert(l.line.room == 0 && l.skipped == 1 && l.skipping_bytes > 14 << 20 && l.skipping_bytes <= 16 << 20);
	ck_assert(event_lines_feed(&l, STR("\nnext\n"), take, &g));
	ck_assert(str_eq(buf_view(&g.text), STR("next|")) && l.skipping_bytes == 0);
	event_lines_fini(&l);
	buf_fini(&g.text);
}
END_TEST

START_TEST(the_taker_ends_it)
{
	struct event_lines l;
	struct got g = { .until = 2 };
	event_lines_init(&l, MOST);
	buf_init(&g.text, 4096);
	ck_assert(!event_lines_feed(&l, STR("a\nb\nc\n"), take, &g));
	ck_assert(str_eq(buf_view(&g.text), STR("a|b|")));
	event_lines_reset(&l);
	event_lines_fini(&l);
	buf_fini(&g.text);
}
END_TEST

START_TEST(another_stream_begins_anew)
{
	struct event_lines l;
	struct got g = { .until = 0 };
	event_lines_init(&l, MOST);
	buf_init(&g.text, 4096);
	ck_assert(event_lines_feed(&l, STR("half a li"), take, &g));
	event_lines_reset(&l);
	ck_assert(event_lines_feed(&l, STR("whole\n"), take, &g));
	ck_assert(str_eq(buf_view(&g.text), STR("whole|")));
	event_lines_fini(&l);
	buf_fini(&g.text);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("event_lines");
	TCase *t = tcase_create("event_lines");
	tcase_add_loop_test(t, pieces, 0, (int)COUNT_OF(streams));
	tcase_add_test(t, a_line_without_end_takes_no_memory);
	tcase_add_test(t, the_taker_ends_it);
	tcase_add_test(t, another_stream_begins_anew);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_set_fork_status(r, CK_NOFORK);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
