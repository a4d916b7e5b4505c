/* Taps: the ring of lines against a plain queue, filters, rate, limit, what is told about lines that are not shown, and lines as text. */
#include "agent/logs/tap.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/commands/tap.h"

enum { MODEL_MOST = 4096 };

/* ---- the ring ---- */

static struct str line_of(unsigned number, char *to, size_t room)
{
	int n = snprintf(to, room, "%u:%.*s", number, (int)(number * 7 % 50), "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
	return (struct str){ to, (size_t)n };
}

START_TEST(ring_model)
{
	static unsigned queue[MODEL_MOST];
	size_t from = 0, to = 0, held = 0;
	uint64_t lost = 0;
	struct tap_ring r;
	struct buf out;
	char text[64];
	unsigned seed = 7;
	tap_ring_init(&r, 300 + (size_t)_i * 7);
	buf_init(&out, 4096);
	for (unsigned i = 0; i < MODEL_MOST; i++) {
		struct str line = line_of(i, text, sizeof text);
		while (held + line.n + 4 > r.room) {
			char old[64];
			held -= line_of(queue[from++], old, sizeof old).n + 4;
			lost++;
		}
		queue[to++] = i;
		held += line.n + 4;
		tap_ring_put(&r, line);
		ck_assert_uint_eq(r.used, held);
		ck_assert_uint_eq(r.lost, lost);
		seed = seed * 1103515245 + 12345;
		for (unsigned take = seed >> 16 & 3; take > 1 && from < to; take--) {
			buf_reset(&out);
			ck_assert(tap_ring_take(&r, &out));
			struct str want = line_of(queue[from++], text, sizeof text);
			held -= want.n + 4;
			ck_assert_msg(str_eq(buf_view(&out), want), "got %.*s, want %.*s", STR_ARG(buf_view(&out)), STR_ARG(want));
		}
	}
	while (from < to) {
		buf_reset(&out);
		ck_assert(tap_ring_take(&r, &out));
		ck_assert(str_eq(buf_view(&out), line_of(queue[from++], text, sizeof text)));
	}
	ck_assert(!tap_ring_take(&r, &out));
	buf_fini(&out);
	tap_ring_fini(&r);
}
END_TEST

START_TEST(ring_too_long)
{
	static char large[200];
	struct tap_ring r;
	struct buf out;
	memset(large, 'x', sizeof large);
	tap_ring_init(&r, 100);
	buf_init(&out, 4096);
	tap_ring_put(&r, STR("kept"));
	tap_ring_put(&r, (struct str){ large, sizeof large });
	ck_assert_uint_eq(r.lost, 1);
	ck_assert(tap_ring_take(&r, &out));
	ck_assert(str_eq(buf_view(&out), STR("kept")));
	tap_ring_put(&r, (struct str){ 0 });
	ck_assert_msg(tap_ring_take(&r, &out), "an empty line is a line");
	buf_fini(&out);
	tap_ring_fini(&r);
}
END_TEST

/* ---- taps ---- */

static const struct tap_origin pod = { STR("/var/log/pods/shop_web-1_u/app/0.log"), STR("shop"), STR("web-1"), STR("app") };
static const struct tap_origin file = { STR("/var/log/nginx/access.log"), { 0 }, { 0 }, { 0 } };
static const struct tap_origin *const origins[] = { &pod, &file };

static void offer(struct taps *t, const struct tap_origin *from, const char *line, int64_t now_ns)
{
	const struct tap_place place = { .destination = STR("loki"), .origin = from, .now_ns = now_ns };
	const struct record record = { .timestamp_ns = 1795255200500000000, .line = str_of(line), .level = LEVEL_INFO };
	if (!taps_any(t))
		return;
	taps_line(t, &place, &record, STR("{a=\"b\"}"));
	taps_sent(t, &place, &record, STR("{a=\"c\"}"));
}

static const char *all_of(struct tap *t, int64_t now_ns)
{
	static char text[1 << 20];
	size_t n = 0, got;
	while ((got = tap_read(t, text + n, 7, now_ns))) /* in small pieces */
		n += got;
	text[n] = '\0';
	return text;
}

static size_t count_of(const char *text, const char *what)
{
	size_t n = 0;
	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static const struct { const char *pattern; bool pod, file; } patterns[] = {
	{ "", true, true }, { "shop/web-1", true, false }, { "shop/*", true, false }, { "*/*", true, false }, { "web-*", true, false },
	{ "shop/web-1/app", true, false }, { "shop/web-1/sidecar", false, false }, { "other/*", false, false }, { "/var/log/nginx/*", false, true },
	{ "/var/log/pods/**", true, false }, { "web", false, false }, { "a/b/c/d", false, false },
};

START_TEST(filter)
{
	struct taps taps = { 0 };
	char err[256];
	struct tap *t = tap_open(&taps, &(struct tap_options){ .pattern = str_of(patterns[_i].pattern), .stage = TAP_SENT }, err);
	ck_assert_msg(t != NULL, "%s", err);
	for (size_t i = 0; i < COUNT_OF(origins); i++)
		offer(&taps, origins[i], i ? "from the file" : "from the pod", 1);
	const char *got = all_of(t, 2);
	ck_assert_msg((strstr(got, "from the pod") != NULL) == patterns[_i].pod, "%s: %s", patterns[_i].pattern, got);
	ck_assert_msg((strstr(got, "from the file") != NULL) == patterns[_i].file, "%s: %s", patterns[_i].pattern, got);
	tap_close(t);
	ck_assert(!taps_any(&taps));
}
END_TEST

START_TEST(places)
{
	struct taps taps = { 0 };
	char err[256];
	const struct tap_place place = { .destination = STR("loki"), .origin = &pod, .now_ns = 1 }, other = { .lane = 1, .destination = STR("second"), .origin = &pod, .now_ns = 1 };
	struct tap *read = tap_open(&taps, &(struct tap_options){ .stage = TAP_READ }, err),
		   *sent = tap_open(&taps, &(struct tap_options){ .stage = TAP_SENT }, err),
		   *dropped = tap_open(&taps, &(struct tap_options){ .stage = TAP_SENT, .is_dropped = true }, err),
		   *second = tap_open(&taps, &(struct tap_options){ .stage = TAP_SENT, .destination = STR("second") }, err);
	ck_assert(read && sent && dropped && second);
	ck_assert_msg(!tap_open(&taps, &(struct tap_options){ .stage = TAP_SENT }, err), "a fifth one");
	ck_assert_msg(strstr(err, "looking already"), "%s", err);
	const struct record record = { .timestamp_ns = 1, .line = STR("x") };
	offer(&taps, &pod, "one", 1);
	taps_dropped(&taps, &place, &record, STR("{}"), STR("debug_lines"));
	taps_sent(&taps, &other, &record, STR("{}"));
	const char *got = all_of(read, 1);
	ck_assert_msg(count_of(got, "\n") == 1 && strstr(got, "\"at\":\"read\"") && strstr(got, "{a=\\\"b\\\"}"), "%s", got);
	got = all_of(sent, 1);
	ck_assert_msg(count_of(got, "\n") == 1 && strstr(got, "\"at\":\"sent\"") && strstr(got, "{a=\\\"c\\\"}"), "%s", got);
	got = all_of(dropped, 1);
	ck_assert_msg(count_of(got, "\n") == 1 && strstr(got, "\"dropped\":\"debug_lines\""), "%s", got);
	got = all_of(second, 1);
	ck_assert_msg(count_of(got, "\n") == 1 && strstr(got, "\"line\":\"x\""), "%s", got);
	const struct drop drop = { .reason = DROP_TOO_OLD, .lines = 3, .destination = "loki", .line = "old line", .error = "too old",
				   .labels = "{container=\"app\", namespace=\"shop\", pod=\"web-1\"}" };
	tap_refused(dropped, &drop, 1);
	tap_refused(sent, &drop, 1);
	got = all_of(dropped, 1);
	ck_assert_msg(strstr(got, "\"at\":\"refused\"") && strstr(got, "\"pod\":\"web-1\"") && strstr(got, "greater_than_max_sample_age"), "%s", got);
	ck_assert_str_eq(all_of(sent, 1), "");
	tap_close(read), tap_close(sent), tap_close(dropped), tap_close(second);
}
END_TEST

static int stages_wanted;

static void on_stages(void *ctx, bool is_wanted)
{
	(void)ctx;
	stages_wanted += is_wanted ? 1 : -1;
}

START_TEST(behind_stages)
{
	struct taps taps = { .stages_wanted = on_stages };
	char err[256];
	const struct tap_place place = { .destination = STR("loki"), .origin = &pod, .now_ns = 1 };
	struct tap *second = tap_open(&taps, &(struct tap_options){ .stage = 2 }, err), *third = tap_open(&taps, &(struct tap_options){ .stage = 3 }, err);
	ck_assert_int_eq(stages_wanted, 1);
	struct entry e = { .line = STR("behind it"), .timestamp_ns = 5, .tenant = STR("team") };
	taps_look(&taps, 2, "json", &e, &e); /* no line is in its stages: nothing */
	taps.place = &place;
	taps_look(&taps, 1, "json", &e, &e);
	taps_look(&taps, 2, "json", &e, &e);
	e.drop_reason = "gone";
	taps_look(&taps, 3, "drop", &e, &e);
	const char *got = all_of(second, 1);
	ck_assert_msg(count_of(got, "\n") == 1 && strstr(got, "\"at\":\"stage 2 json\"") && strstr(got, "\"tenant\":\"team\""), "%s", got);
	ck_assert_str_eq(all_of(third, 1), "");
	tap_close(second);
	ck_assert_int_eq(stages_wanted, 1);
	tap_close(third);
	ck_assert_int_eq(stages_wanted, 0);
}
END_TEST

START_TEST(rate_and_limit)
{
	struct taps taps = { 0 };
	char err[256];
	struct tap *slow = tap_open(&taps, &(struct tap_options){ .stage = TAP_SENT, .rate = 10 }, err),
		   *few = tap_open(&taps, &(struct tap_options){ .stage = TAP_SENT, .limit = 3 }, err);
	for (int i = 0; i < 100; i++)
		offer(&taps, &pod, "x", 1000000000);
	const char *got = all_of(slow, 1000000000);
	ck_assert_uint_eq(count_of(got, "\"line\":\"x\""), 10);
	ck_assert_msg(strstr(got, "{\"not_shown\":90}"), "%s", got);
	offer(&taps, &pod, "later", 2000000000);
	ck_assert_msg(strstr(all_of(slow, 2000000000), "later"), "the next second has room again");
	ck_assert(!tap_is_over(few));
	ck_assert_uint_eq(count_of(all_of(few, 1000000000), "\n"), 3);
	ck_assert(tap_is_over(few));
	tap_close(slow), tap_close(few);
}
END_TEST

START_TEST(slow_reader)
{
	static char large[20000];
	struct taps taps = { 0 };
	char err[256];
	memset(large, 'y', sizeof large - 1);
	struct tap *t = tap_open(&taps, &(struct tap_options){ .stage = TAP_SENT }, err);
	char head[10];
	offer(&taps, &pod, "first", 1000000000);
	ck_assert_uint_eq(tap_read(t, head, sizeof head, 1000000000), sizeof head); /* it has begun to read a line */
	for (int i = 0; i < 1000; i++)
		offer(&taps, &pod, large, 1000000000);
	const char *got = all_of(t, 2000000000);
	ck_assert_msg(strncmp(got, "nt\",\"times", 10) == 0 || strstr(got, "first"), "the rest of the line it was in comes first: %.60s", got);
	ck_assert_msg(strstr(got, "{\"not_shown\":"), "nothing is told about lines that were pushed out");
	size_t lines = count_of(got, "\"line_bytes\":19999");
	ck_assert_msg(lines > 10 && lines < 40, "%zu lines of a ring of 256 KiB", lines);
	tap_close(t);
}
END_TEST

static const struct { const char *object, *want; } pretty[] = {
	{ "{\"at\":\"sent\",\"timestamp\":\"2026-11-21T10:00:00.123456789Z\",\"namespace\":\"shop\",\"pod\":\"web-1\",\"container\":\"app\",\"level\":\"info\","
	  "\"line\":\"paid \\u001b[31m\\u009b\",\"trace_id\":\"ab\"}", "10:00:00.123 shop/web-1/app info: paid \\x1b[31m\\u009b  trace_id=ab\n" },
	{ "{\"at\":\"stage 2 json\",\"timestamp\":\"2026-11-21T10:00:00Z\",\"path\":\"/x.log\",\"pod\":\"\",\"line\":\"l\"}", "10:00:00Z /x.log [stage 2 json]: l\n" },
	{ "{\"at\":\"sent\",\"timestamp\":null,\"path\":\"/x\",\"line\":\"l\",\"tenant\":\"team\",\"trace_id\":\"ab\"}", " /x: l  tenant=team  trace_id=ab\n" },
	{ "{\"at\":\"dropped\",\"timestamp\":null,\"path\":\"/x\",\"line\":\"l\",\"dropped\":\"debug\"}", " /x: l  dropped: debug\n" },
	{ "{\"at\":\"refused\",\"path\":\"/x\",\"line\":\"l\",\"dropped\":\"rejected\",\"destination\":\"d\",\"error\":\"why\"}",
	  " /x: l  refused by d: rejected: why\n" },
	{ "{\"not_shown\":12}", "... 12 lines not shown: they came faster than --rate, or than they were read here\n" },
	{ "no \x1b json", "no \\x1b json\n" },
};

START_TEST(for_people)
{
	struct buf out;
	buf_init(&out, 4096);
	tap_pretty(str_of(pretty[_i].object), &out);
	buf_char(&out, '\0');
	ck_assert_str_eq(out.p, pretty[_i].want);
	buf_fini(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tap");
	TCase *tests = tcase_create("tap");
	tcase_add_loop_test(tests, ring_model, 0, 5);
	tcase_add_test(tests, ring_too_long);
	tcase_add_loop_test(tests, filter, 0, COUNT_OF(patterns));
	tcase_add_test(tests, places);
	tcase_add_test(tests, behind_stages);
	tcase_add_test(tests, rate_and_limit);
	tcase_add_test(tests, slow_reader);
	tcase_add_loop_test(tests, for_people, 0, COUNT_OF(pretty));
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
