/* Limits of single streams: the stream waits, everything else flows, and nothing is lost. */
#include "exporters/destination.h"

#include "tests/unit/exporters/fake_loki.h"

/* Limits of streams. state 1: stream 0 is throttled. Stores nothing of it, everything else, and answers as an ingester does: about
 * the last stream of the request. */
static void throttling(struct fake *f, const struct push *push, struct server_answer *out)
{
	bool is_last = false;
	size_t entries = 0;
	for (size_t i = 0; i < push->message->n_streams; i++) {
		const Loki__Stream *s = push->message->streams[i];
		is_last = f->state && fake_stream_of(s) == 0;
		if (is_last)
			entries = s->n_entries;
		else
			fake_store_stream(f, s);
	}
	char text[1024], count[128] = "";
	if (f->states[2])
		snprintf(count, sizeof count, "\nuser 'fake', total ignored: %zu out of %zu for stream: {app=\"s0\", "
			"service_name=\"s0\"}", entries, entries);
	snprintf(text, sizeof text, "%.800s%s", f->text, count);
	if (is_last)
		server_refuse(out, 429, text);
	else
		server_reply(out, 204, "", STR(""));
}

static const struct limit_case {
	const char *name, *text;
	bool has_count;
	enum drop_reason reason;
} limit_cases[] = {
	{ "row 114: rate of a stream",
	  "entry with timestamp 2023-11-14 22:13:20 +0000 UTC ignored, reason: 'Per stream rate limit exceeded (limit: 3MB/sec) "
		"while attempting to "
	  "ingest for stream '{app=\"s0\", service_name=\"s0\"}' totaling 100B, consider splitting a stream via additional "
		"labels or contact your Loki "
	  "administrator to see if the limit can be increased',",
	  true, DROP_RATE_LIMITED },
	{ "row 113: number of streams",
	  "maximum active stream limit exceeded when trying to create stream {app=\"s0\", service_name=\"s0\"}, reduce the "
		"number of active streams "
	  "(reduce labels or reduce label values), or contact your Loki administrator to see if the limit can be increased, "
		"user: 'fake'",
	  false, DROP_STREAM_LIMIT },
};

START_TEST(a_throttled_stream_waits_alone)
{
	const struct limit_case *c = &limit_cases[_i];
	static struct rig r;
	rig_open(&r, throttling);
	snprintf(r.fake.text, sizeof r.fake.text, "%s", c->text);
	r.fake.states[2] = c->has_count;
	r.fake.state = 1;
	for (int round = 0; round < 10; round++) { /* others flow, round after round */
		rig_append(&r, 0, 100);
		rig_append(&r, 1, 20);
		rig_append(&r, 2, 20);
		for (int i = 0; i < 6; i++)
			rig_turn(&r, true);
		check_stored(&r, c->name, 1, 0);
		check_stored(&r, c->name, 2, 0);
		check_stored(&r, c->name, 0, r.next_line[0]);
		ck_assert_msg(r.d->state == DEST_IDLE, "%s: the destination as a whole is %s", c->name,
			destination_state_names[r.d->state]);
		ck_assert(!destination_takes(r.d, &r.streams[0]) && destination_takes(r.d, &r.streams[1]));
	}
	ck_assert_uint_eq(rig_status(&r).lines_pending, 1000);
	ck_assert_uint_eq(r.settled, 0);
	r.fake.state = 0;
	ck_assert(rig_run(&r, 300));
	check_all(&r, c->name, 0);
	ck_assert(destination_takes(r.d, &r.streams[0]));
	rig_close(&r);
}
END_TEST

START_TEST(throttled_streams_can_be_dropped_by_policy)
{
	const struct limit_case *c = &limit_cases[_i];
	static struct rig r;
	r.options.drop_rate_limited_batches = true;
	rig_open(&r, throttling);
	snprintf(r.fake.text, sizeof r.fake.text, "%s", c->text);
	r.fake.states[2] = c->has_count;
	r.fake.state = 1;
	rig_append(&r, 0, 100);
	rig_append(&r, 1, 20);
	ck_assert(rig_run(&r, 50));
	check_all(&r, c->name, 100);
	ck_assert_uint_eq(rig_status(&r).lines_dropped[c->reason], 100);
	rig_close(&r);
}
END_TEST

/* Accepts a throttled stream in parts of at most 10 lines only. */
static void small_parts_only(struct fake *f, const struct push *push, struct server_answer *out)
{
	f->state = push->lines > 10;
	throttling(f, push, out);
}

START_TEST(a_stream_larger_than_its_burst_goes_in_parts)
{
	static struct rig r;
	rig_open(&r, small_parts_only);
	snprintf(r.fake.text, sizeof r.fake.text, "%s", limit_cases[0].text);
	r.fake.states[2] = true;
	rig_append(&r, 0, 80);
	ck_assert(rig_run(&r, 1000));
	check_all(&r, "parts", 0);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("throttle");
	TCase *t = tcase_create("throttle");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_throttled_stream_waits_alone, 0, COUNT_OF(limit_cases));
	tcase_add_loop_test(t, throttled_streams_can_be_dropped_by_policy, 0, COUNT_OF(limit_cases));
	tcase_add_test(t, a_stream_larger_than_its_burst_goes_in_parts);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
