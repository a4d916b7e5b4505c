/* The outer side of remote-write: when a request goes and how large it is, metadata, room, marks, options. What becomes of a
 * frame is in test_remote_write_feed.c, answers are in test_remote_write_faults.c. */
#include "exporters/remote_write/remote_write.h"

#include "tests/unit/exporters/fake_receiver.h"

START_TEST(everything_arrives_in_both_versions)
{
	static const enum remote_write_version versions[] = { REMOTE_WRITE_1, REMOTE_WRITE_2, REMOTE_WRITE_AUTO };
	static struct rig rigs[COUNT_OF(versions)];
	struct rig *r = &rigs[_i];
	r->options.version = versions[_i];
	rig_open(r, fake_accept);
	for (int t = 0; t < 5; t++)
		rig_feed(r, 3000, t);
	ck_assert(rig_run(r, 50));
	ck_assert_int_eq(missing(r, 3000, 0, 5), 0);
	struct remote_write_status s = rig_status(r);
	ck_assert_uint_eq(s.samples_sent, 15000);
	ck_assert_uint_eq(s.series, 3000);
	ck_assert_uint_le(r->fake.most_series, 2000);
	ck_assert_int_eq(s.version, _i == 0 ? REMOTE_WRITE_1 : REMOTE_WRITE_2);
	ck_assert_int_eq(r->fake.by_version[_i == 0 ? 2 : 1], 0);
	ck_assert_uint_eq(r->settled.sequence, 15000);
	ck_assert_int_eq(s.newest_sent_ms, FAKE_BASE_MS + 4000);
	rig_close(r);
}
END_TEST

START_TEST(symbols_are_shared)
{
	static struct rig r;
	r.options.version = REMOTE_WRITE_2;
	rig_open(&r, fake_accept);
	rig_feed(&r, 4, 0);
	ck_assert(rig_run(&r, 10));
	/* "" __name__ instance host:1 job test n, 4 names, 4 numbers, help, unit */
	ck_assert_uint_eq(r.fake.most_symbols, 17);
	rig_close(&r);
}
END_TEST

START_TEST(metadata_is_in_every_series_of_2_0)
{
	static struct rig r;
	r.options.version = REMOTE_WRITE_2;
	rig_open(&r, fake_accept);
	for (int t = 0; t < 2; t++) {
		rig_feed(&r, 2, t);
		ck_assert(rig_run(&r, 10));
		ck_assert(r.fake.last.has_metadata && r.fake.last.type == 1);
		ck_assert_str_eq(r.fake.last.help, "Things \"done\".\nAll of them.");
		ck_assert_str_eq(r.fake.last.unit, "things");
	}
	rig_close(&r);
}
END_TEST

START_TEST(metadata_comes_once_a_minute_in_1_0)
{
	static struct rig r;
	r.options.version = REMOTE_WRITE_1;
	rig_open(&r, fake_accept);
	rig_feed(&r, 10, 0);
	ck_assert(rig_run(&r, 10));
	ck_assert_uint_eq(r.fake.metadata_seen, 4);
	ck_assert_str_eq(r.fake.last_metadata, "m3_total|1|Things \"done\".\nAll of them.|things");
	r.now_ns += 59 * INT64_C(1000000000);
	ck_assert(rig_run(&r, 10));
	ck_assert_uint_eq(r.fake.metadata_seen, 4);
	r.now_ns += 2 * INT64_C(1000000000);
	rig_turn(&r, false);
	ck_assert(rig_run(&r, 10));
	ck_assert_uint_eq(r.fake.metadata_seen, 8);
	ck_assert_uint_eq(rig_status(&r).metadata_sent, 8);
	rig_close(&r);
}
END_TEST

START_TEST(a_batch_waits_for_its_deadline)
{
	static struct rig r;
	rig_open(&r, fake_accept);
	rig_feed(&r, 5, 0);
	int64_t deadline = remote_write_turn(r.rw, r.now_ns, rig_now_ms(&r), false);
	ck_assert_int_eq(deadline, r.now_ns + 5000 * INT64_C(1000000));
	r.now_ns += 3000 * INT64_C(1000000);
	rig_feed(&r, 5, 1); /* a younger sample does not put it off */
	ck_assert_int_eq(remote_write_turn(r.rw, r.now_ns, rig_now_ms(&r), false), deadline);
	ck_assert(!rig_is_flying(&r));
	r.now_ns = deadline;
	remote_write_turn(r.rw, r.now_ns, rig_now_ms(&r), false);
	ck_assert(rig_is_flying(&r));
	ck_assert(rig_run(&r, 10));
	ck_assert_int_eq(r.fake.pushes, 1);
	rig_feed(&r, 2500, 2); /* a full one does not wait */
	remote_write_turn(r.rw, r.now_ns, rig_now_ms(&r), false);
	ck_assert(rig_is_flying(&r));
	ck_assert(rig_run(&r, 10));
	ck_assert_int_eq(missing(&r, 5, 0, 3), 0);
	rig_close(&r);
}
END_TEST

static void sizes_are_bounded(struct fake *f, const struct push *push, struct server_answer *out)
{
	ck_assert_uint_le(push->raw_bytes, RW_RAW_BYTES + 70000);
	fake_accept(f, push, out);
}

START_TEST(long_labels_and_byte_cap)
{
	static struct rig rigs[2];
	struct rig *r = &rigs[_i];
	static char text[60000];
	r->options.version = _i ? REMOTE_WRITE_2 : REMOTE_WRITE_1;
	rig_open(r, sizes_are_bounded);
	memset(text, 'v', sizeof text);
	struct labels l = { 0 };
	for (int i = 0; i < 100; i++) {
		char name[32];
		snprintf(name, sizeof name, "name%d", i);
		rig_begin(r);
		journal_time(&r->writer, FAKE_BASE_MS);
		text[i] = 'w'; /* each its own */
		labels_set(&l, STR("__name__"), str_of(name));
		labels_set(&l, STR("v"), (struct str){ text, sizeof text });
		journal_series(&r->writer, (uint64_t)i, 0, &l);
		journal_sample(&r->writer, (uint64_t)i, 0);
		ck_assert(rig_end(r));
	}
	ck_assert(rig_run(r, 50));
	ck_assert_uint_eq(rig_status(r).samples_sent, 100);
	ck_assert_int_ge(r->fake.pushes, 6);
	ck_assert_uint_gt(strlen(r->fake.last.labels), 60000);
	labels_fini(&l);
	rig_close(r);
}
END_TEST

static void silent(struct fake *f, const struct push *push, struct server_answer *out)
{
	(void)f, (void)push;
	out->kind = ANSWER_NEVER;
}

START_TEST(room_is_bounded_and_freed_in_flight)
{
	static struct rig r;
	rig_open(&r, silent);
	int frames = 0;
	while (remote_write_has_room(r.rw) && frames < FAKE_TIMES) {
		rig_feed(&r, 1000, frames++);
		remote_write_turn(r.rw, r.now_ns, rig_now_ms(&r), false);
	}
	ck_assert_int_eq(frames, 6);
	ck_assert(rig_is_flying(&r));
	ck_assert_uint_eq(rig_status(&r).samples_pending, 6000);
	ck_assert_int_eq(rig_status(&r).state, RW_SENDING);
	host_turn(&r.host, 20);
	rig_close(&r);
	ck_assert_int_eq(r.settles, 0);
}
END_TEST

static const struct options_case { const char *name, *url, *header, *want; } options_cases[] = {
	{ "no url", "", NULL, "url must" },
	{ "other scheme", "invalid://x", NULL, "url must" },
	{ "header without a colon", "http://h/", "X-Y", "Name: value" },
	{ "header with a line end", "http://h/", "X-Y: a\nb", "Name: value" },
	{ "the protocol's own header", "http://h/", "content-encoding: gzip", "set by the program" },
	{ "the version header", "http://h/", "X-Prometheus-Remote-Write-Version: 3", "set by the program" },
	{ "fine", "http://h/", "X-Y: z", NULL },
};

START_TEST(options_are_checked)
{
	const struct options_case *c = &options_cases[_i];
	struct str header = str_of(c->header);
	struct remote_write_options o = { .endpoint = { .url = str_of(c->url), .headers = &header, .header_count = c->header != NULL } };
	struct poll_host host;
	char err[256] = "";
	host_open(&host);
	struct remote_write *rw = remote_write_new(&o, host.http, NULL, &(struct remote_write_hooks){ 0 }, err);
	ck_assert_msg((rw != NULL) == (c->want == NULL), "%s: %s", c->name, err);
	ck_assert_msg(!c->want || strstr(err, c->want), "%s: %s", c->name, err);
	remote_write_free(rw);
	host_close(&host);
}
END_TEST

START_TEST(own_headers_and_tenant)
{
	static struct rig r;
	const struct str headers[] = { STR("X-Mine: 1") };
	r.options.endpoint.headers = headers;
	r.options.endpoint.header_count = 1;
	r.options.endpoint.tenant_id = STR("team-a");
	r.options.endpoint.authorization_type = STR("Bearer");
	r.options.endpoint.authorization_credentials = STR("s3cret");
	rig_open(&r, fake_accept);
	rig_feed(&r, 1, 0);
	ck_assert(rig_run(&r, 10));
	ck_assert(strstr(r.fake.head, "X-Mine: 1\r\n") && strstr(r.fake.head, "X-Scope-OrgID: team-a\r\n"));
	ck_assert(strstr(r.fake.head, "Authorization: Bearer s3cret\r\n") && !strstr(r.fake.head, "Retry-Attempt"));
	rig_close(&r);
}
END_TEST

START_TEST(many_small_frames_are_settled_together)
{
	static struct rig r;
	rig_open(&r, fake_accept);
	for (int t = 0; t < 60; t++)
		rig_feed(&r, 1, t);
	rig_begin(&r);
	rig_end(&r); /* nothing in it: settled with the others, not before them */
	remote_write_turn(r.rw, r.now_ns, rig_now_ms(&r), false);
	ck_assert_int_eq(r.settles, 0);
	ck_assert(rig_run(&r, 10));
	ck_assert_int_eq(r.settles, 1);
	ck_assert_uint_eq(r.settled.offset, 61000);
	ck_assert_int_eq(missing(&r, 1, 0, 60), 0);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("remote_write");
	TCase *t = tcase_create("remote_write");
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, everything_arrives_in_both_versions, 0, 3);
	tcase_add_test(t, symbols_are_shared);
	tcase_add_test(t, metadata_is_in_every_series_of_2_0);
	tcase_add_test(t, metadata_comes_once_a_minute_in_1_0);
	tcase_add_test(t, a_batch_waits_for_its_deadline);
	tcase_add_loop_test(t, long_labels_and_byte_cap, 0, 2);
	tcase_add_test(t, room_is_bounded_and_freed_in_flight);
	tcase_add_loop_test(t, options_are_checked, 0, (int)COUNT_OF(options_cases));
	tcase_add_test(t, own_headers_and_tenant);
	tcase_add_test(t, many_small_frames_are_settled_together);
	suite_add_tcase(s, t);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
