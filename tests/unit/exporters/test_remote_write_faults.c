/* Answers of remote-write receivers and what is done about them: retries, versions, refusals, sizes, shards. Rows are those of the
 * table of faults. */
#include "tests/unit/exporters/fake_receiver.h"

static const int64_t second_ns = INT64_C(1000000000);

/* Answers state times with states' first status, then accepts. */
static struct { int status, times; const char *headers, *body; } plan;

static void planned(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (f->state++ < plan.times)
		server_reply(out, plan.status, plan.headers ? plan.headers : "", str_of(plan.body ? plan.body : "no"));
	else
		fake_accept(f, push, out);
}

static const struct fault_case {
	const char *name;
	int status, times;
	const char *headers, *body;
	bool is_dropped;
	enum sample_drop reason;
	int64_t min_wait_ms, max_wait_ms; /* between the first two requests */
} fault_cases[] = {
	{ "500", 500, 3, NULL, NULL, false, 0, 27, 33 },
	{ "502", 502, 1, NULL, NULL, false, 0, 27, 33 },
	{ "503", 503, 1, NULL, NULL, false, 0, 27, 33 },
	{ "504", 504, 1, NULL, NULL, false, 0, 27, 33 },
	{ "a status nobody knows", 999, 1, NULL, NULL, false, 0, 27, 33 },
	{ "503 with Retry-After", 503, 1, "Retry-After: 7\r\n", NULL, false, 0, 7000, 7000 },
	{ "429 with Retry-After", 429, 2, "Retry-After: 2\r\n", NULL, false, 0, 2000, 2000 },
	{ "429 without", 429, 2, NULL, NULL, false, 0, 27, 33 },
	{ "Retry-After zero", 429, 1, "Retry-After: 0\r\n", NULL, false, 0, 27, 33 },
	{ "Retry-After is junk", 429, 1, "Retry-After: soon\r\n", NULL, false, 0, 27, 33 },
	{ "Retry-After negative", 429, 1, "Retry-After: -3\r\n", NULL, false, 0, 27, 33 },
	{ "Retry-After of a year", 503, 1, "Retry-After: 31536000\r\n", NULL, false, 0, 300000, 300000 },
	{ "401 holds", 401, 2, NULL, NULL, false, 0, 30000, 36000 },
	{ "403 holds", 403, 1, NULL, NULL, false, 0, 30000, 36000 },
	{ "404 holds", 404, 2, NULL, NULL, false, 0, 30000, 36000 },
	{ "a redirect holds", 302, 1, "Location: http://127.0.0.1:1/\r\n", NULL, false, 0, 30000, 36000 },
	{ "400", 400, 1, NULL, "bad request", true, SAMPLE_DROP_REJECTED, 0, 0 },
	{ "422", 422, 1, NULL, "nope", true, SAMPLE_DROP_REJECTED, 0, 0 },
	{ "409 out of order", 409, 1, NULL, "store locally for endpoint: add 2 samples: out of order sample", true,
	  SAMPLE_DROP_OUT_OF_ORDER, 0, 0 },
	{ "out of order at Prometheus", 400, 1, NULL, "out of order sample", true, SAMPLE_DROP_OUT_OF_ORDER, 0, 0 },
	{ "duplicate at Prometheus", 400, 1, NULL, "duplicate sample for timestamp", true, SAMPLE_DROP_DUPLICATE, 0, 0 },
	{ "too old at Prometheus", 400, 1, NULL, "out of bounds", true, SAMPLE_DROP_TOO_OLD, 0, 0 },
	{ "too old, with a window", 400, 1, NULL, "too old sample", true, SAMPLE_DROP_TOO_OLD, 0, 0 },
	{ "out of order at Mimir", 400, 1, NULL,
	  "failed pushing to ingester mimir-1: user=anonymous: the sample has been rejected because another sample with a more recent "
	  "timestamp has already been ingested and out-of-order samples are not allowed (err-mimir-sample-out-of-order).",
	  true, SAMPLE_DROP_OUT_OF_ORDER, 0, 0 },
	{ "duplicate at Mimir", 400, 1, NULL,
	  "the sample has been rejected because another sample with the same timestamp, but a different value, has already been ingested "
	  "(err-mimir-sample-duplicate-timestamp)", true, SAMPLE_DROP_DUPLICATE, 0, 0 },
	{ "too old at Mimir", 400, 1, NULL, "the sample has been rejected because its timestamp is too old (err-mimir-sample-timestamp-too-old)",
	  true, SAMPLE_DROP_TOO_OLD, 0, 0 },
	{ "too old at Cortex", 400, 1, NULL, "user=fake: err: out of bounds. timestamp=2020-01-01T00:00:00Z", true, SAMPLE_DROP_TOO_OLD, 0, 0 },
	{ "a large error body", 400, 1, NULL, "x", true, SAMPLE_DROP_REJECTED, 0, 0 },
};

static void run_fault(const struct fault_case *c, enum remote_write_version version)
{
	static struct rig rigs[2];
	struct rig *r = &rigs[version - 1];
	plan.status = c->status;
	plan.times = c->times;
	plan.headers = c->headers;
	plan.body = c->body;
	r->options.version = version;
	r->options.retry_on_http_429 = true;
	rig_open(r, planned);
	r->rw->options.send_metadata = false;
	rig_feed(r, 10, 0);
	ck_assert_msg(rig_run(r, 50), "%s: it does not end", c->name);
	struct remote_write_status s = rig_status(r);
	ck_assert_msg(s.samples_dropped[c->reason] == (c->is_dropped ? 10 : 0), "%s: %llu dropped", c->name,
		      (unsigned long long)s.samples_dropped[c->reason]);
	ck_assert_msg(s.samples_sent == (c->is_dropped ? 0 : 10), "%s: %llu sent", c->name, (unsigned long long)s.samples_sent);
	ck_assert_msg(r->fake.pushes == (c->is_dropped ? 1 : c->times + 1), "%s: %d requests", c->name, r->fake.pushes);
	ck_assert_uint_eq(r->settled.sequence, 10);
	if (c->is_dropped) {
		ck_assert_msg(strstr(s.last_error, c->body), "%s: last error is %s", c->name, s.last_error);
		ck_assert(drops_at(r->drops, 0) && drops_at(r->drops, 0)->lines == 10);
	} else {
		int64_t waited = r->fake.at_ms[2] - r->fake.at_ms[1];
		ck_assert_msg(waited >= c->min_wait_ms && waited <= c->max_wait_ms, "%s: waited %lld ms", c->name, (long long)waited);
		ck_assert_uint_eq(s.retries, (uint64_t)c->times);
		ck_assert(strstr(r->fake.head, "Retry-Attempt: "));
		ck_assert_str_eq(s.last_error, "");
	}
	rig_close(r);
}

START_TEST(answers)
{
	run_fault(&fault_cases[_i], REMOTE_WRITE_1);
	run_fault(&fault_cases[_i], REMOTE_WRITE_2);
}
END_TEST

START_TEST(a_429_may_be_given_up)
{
	static struct rig r;
	plan.status = 429;
	plan.times = 1;
	rig_open(&r, planned);
	rig_feed(&r, 10, 0);
	ck_assert(rig_run(&r, 10));
	ck_assert_uint_eq(rig_status(&r).samples_dropped[SAMPLE_DROP_RATE_LIMITED], 10);
	rig_close(&r);
}
END_TEST

START_TEST(backoff_grows_and_stays_within_a_tenth)
{
	static struct rig r; /* row 93, 95 */
	plan.status = 503;
	plan.times = 40;
	plan.headers = NULL;
	rig_open(&r, planned);
	rig_feed(&r, 10, 0);
	ck_assert(rig_run(&r, 200));
	int64_t before = 0;
	for (int i = 2; i <= 41; i++) {
		int64_t wait = r.fake.at_ms[i] - r.fake.at_ms[i - 1];
		ck_assert_msg(wait * 10 >= before * 8, "wait %d: %lld ms after %lld", i, (long long)wait, (long long)before);
		ck_assert_int_le(wait, 5500);
		before = wait;
	}
	ck_assert_int_ge(before, 4500);
	ck_assert_int_eq(missing(&r, 10, 0, 1), 0);
	rig_close(&r);
}
END_TEST

static void by_version(struct fake *f, const struct push *push, struct server_answer *out)
{
	/* state: the status for 2.0; 0 is a receiver that takes it for an empty request of 1.0 */
	if (push->version == 2 && f->state == 200)
		fake_accept(f, push, out);
	else if (push->version == 2 && f->state)
		server_refuse(out, f->state, "unsupported");
	else
		fake_accept_1_only(f, push, out);
}

static const struct version_case { const char *name; int status; int64_t wait_ms; } version_cases[] = {
	{ "415", 415, 0 }, { "2xx without the headers", 0, 0 }, { "400", 400, 10000 }, { "405", 405, 10000 }, { "404", 404, 30000 },
};

START_TEST(falls_back_to_1_0_and_remembers)
{
	const struct version_case *c = &version_cases[_i]; /* row 116 */
	static struct rig r;
	rig_open(&r, by_version);
	r.fake.state = c->status;
	rig_feed(&r, 100, 0);
	ck_assert(rig_run(&r, 50));
	struct remote_write_status s = rig_status(&r);
	ck_assert_msg(s.samples_sent == 100 && missing(&r, 100, 0, 1) == 0, "%s: %llu sent", c->name, (unsigned long long)s.samples_sent);
	ck_assert_msg(r.fake.by_version[2] == 1, "%s: %d requests of 2.0", c->name, r.fake.by_version[2]);
	ck_assert_int_eq(s.version, REMOTE_WRITE_1);
	ck_assert_uint_eq(s.fallbacks, 1);
	ck_assert_int_ge(r.fake.at_ms[2] - r.fake.at_ms[1], c->wait_ms);
	ck_assert_int_le(r.fake.at_ms[2] - r.fake.at_ms[1], c->wait_ms * 12 / 10);
	for (int t = 1; t < 5; t++) { /* with the series of before, and with those of a new segment */
		if (t == 3)
			rig_roll(&r);
		rig_feed(&r, 100, t);
		ck_assert(rig_run(&r, 50));
	}
	ck_assert_int_eq(missing(&r, 100, 0, 5), 0);
	ck_assert_int_eq(r.fake.by_version[2], 1);
	ck_assert_uint_gt(r.fake.metadata_seen, 0);
	r.now_ns += 3601 * second_ns; /* an hour later it may have learnt */
	rig_feed(&r, 100, 5);
	ck_assert(rig_run(&r, 50));
	ck_assert_int_eq(r.fake.by_version[2], 2);
	ck_assert_int_eq(rig_status(&r).version, REMOTE_WRITE_1);
	r.fake.state = 200;
	r.now_ns += 3601 * second_ns;
	rig_feed(&r, 100, 6);
	ck_assert(rig_run(&r, 50));
	rig_feed(&r, 100, 7);
	ck_assert(rig_run(&r, 50));
	ck_assert_int_eq(rig_status(&r).version, REMOTE_WRITE_2);
	ck_assert_int_eq(missing(&r, 100, 0, 8), 0);
	ck_assert_uint_eq(rig_status(&r).samples_sent, 800);
	rig_close(&r);
}
END_TEST

static void always(struct fake *f, const struct push *push, struct server_answer *out)
{
	(void)push;
	server_refuse(out, f->state, "no");
}

static const struct quiet_case { int status; } quiet_cases[] = { { 400 }, { 401 }, { 403 }, { 404 }, { 413 }, { 415 } };

START_TEST(two_requests_in_eight_seconds_at_most)
{
	static struct rig r; /* whatever the answer, and with a flush at the end */
	rig_open(&r, always);
	r.fake.state = quiet_cases[_i].status;
	int64_t start = r.now_ns;
	for (int t = 0; t < 8; t++) {
		r.now_ns = start + t * second_ns;
		rig_feed(&r, 1, t);
		for (int k = 0; k < 10; k++) {
			int64_t now = r.now_ns;
			rig_turn(&r, false);
			if (r.now_ns > start + (t + 1) * second_ns)
				r.now_ns = now;
		}
	}
	for (int k = 0; k < 5; k++) {
		int64_t now = r.now_ns;
		rig_turn(&r, true);
		r.now_ns = now;
	}
	ck_assert_msg(r.fake.pushes >= 1 && r.fake.pushes <= 2, "%d: %d requests", quiet_cases[_i].status, r.fake.pushes);
	rig_close(&r);
}
END_TEST

START_TEST(neither_version_is_held)
{
	static struct rig r;
	rig_open(&r, always);
	r.fake.state = 415;
	rig_feed(&r, 10, 0);
	for (int i = 0; i < 3; i++)
		rig_turn(&r, true);
	ck_assert_int_eq(rig_status(&r).state, RW_HOLD_AUTH);
	ck_assert_uint_eq(rig_status(&r).samples_pending, 10);
	ck_assert_int_eq(r.fake.pushes, 2);
	r.fake.script = fake_accept;
	ck_assert(rig_run(&r, 10));
	ck_assert_uint_eq(rig_status(&r).samples_sent, 10);
	rig_close(&r);
}
END_TEST

static void partial(struct fake *f, const struct push *push, struct server_answer *out)
{
	char text[512];
	fake_store_some(f, push, 7);
	fake_written(push, 7, 0, 0, text);
	server_reply(out, 400, text, STR("out of order sample for series m0_total"));
}

START_TEST(partial_writes_are_counted)
{
	static struct rig r; /* row 115, 116 */
	rig_open(&r, partial);
	rig_feed(&r, 10, 0);
	ck_assert(rig_run(&r, 10));
	struct remote_write_status s = rig_status(&r);
	ck_assert_uint_eq(s.samples_sent, 7);
	ck_assert_uint_eq(s.samples_dropped[SAMPLE_DROP_OUT_OF_ORDER], 3);
	ck_assert_int_eq(r.fake.pushes, 1);
	ck_assert_int_eq(r.fake.by_version[1], 0);
	ck_assert_uint_eq(r.settled.sequence, 10);
	rig_close(&r);
}
END_TEST

static void limited(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->raw_bytes > (size_t)f->state)
		server_refuse(out, 413, "request too large");
	else
		fake_accept(f, push, out);
}

START_TEST(too_large_is_halved_and_remembered)
{
	static struct rig r; /* row 98 */
	rig_open(&r, limited);
	r.fake.state = 20000;
	for (int t = 0; t < 3; t++)
		rig_feed(&r, 2000, t);
	ck_assert(rig_run(&r, 300));
	ck_assert_int_eq(missing(&r, 2000, 0, 3), 0);
	ck_assert_uint_eq(rig_status(&r).samples_sent, 6000);
	ck_assert_uint_gt(rig_status(&r).splits, 3);
	uint64_t refused = rig_status(&r).requests_by_class[4];
	ck_assert_uint_lt(refused, 8);
	rig_feed(&r, 2000, 3);
	ck_assert(rig_run(&r, 100));
	ck_assert_uint_eq(rig_status(&r).requests_by_class[4], refused);
	ck_assert_int_eq(missing(&r, 2000, 0, 4), 0);
	rig_close(&r);
}
END_TEST

START_TEST(a_single_sample_that_is_too_large_is_dropped)
{
	static struct rig r;
	rig_open(&r, limited);
	r.fake.state = 10;
	rig_feed(&r, 8, 0);
	ck_assert(rig_run(&r, 100));
	ck_assert_uint_eq(rig_status(&r).samples_dropped[SAMPLE_DROP_TOO_LARGE], 8);
	ck_assert_uint_eq(r.settled.sequence, 8);
	rig_close(&r);
}
END_TEST

static void unreliable(struct fake *f, const struct push *push, struct server_answer *out)
{
	switch (f->state++ % 5) {
	case 0:
		out->kind = ANSWER_RESET;
		break;
	case 1: /* stored, then no answer (row 91) */
		fake_store_all(f, push);
		memset(f->newest, 0, sizeof f->newest); /* a repeat is not out of order */
		out->kind = ANSWER_RESET;
		break;
	case 2:
		buf_printf(&out->bytes, "HTTP/1.1 200 OK\r\nContent-Le");
		out->kind = ANSWER_SEND_AND_CLOSE;
		break;
	case 3:
		buf_printf(&out->bytes, "nonsense\r\n\r\n");
		out->kind = ANSWER_SEND_AND_CLOSE;
		break;
	default:
		fake_accept(f, push, out);
	}
}

START_TEST(resets_and_torn_answers)
{
	static struct rig r; /* row 89 to 91, 101 */
	rig_open(&r, unreliable);
	for (int t = 0; t < 4; t++) {
		rig_feed(&r, 50, t);
		ck_assert(rig_run(&r, 100));
	}
	ck_assert_int_eq(missing(&r, 50, 0, 4), 0);
	ck_assert_uint_eq(rig_status(&r).samples_sent, 200);
	ck_assert_uint_ge(rig_status(&r).requests_by_class[0], 12);
	rig_close(&r);
}
END_TEST

START_TEST(nobody_is_there)
{
	static struct rig r; /* row 86 */
	char url[64];
	snprintf(url, sizeof url, "http://127.0.0.1:%d/", closed_port());
	r.options.endpoint.url = str_of(url);
	rig_open(&r, fake_accept);
	rig_feed(&r, 10, 0);
	ck_assert(!rig_run(&r, 20));
	struct remote_write_status s = rig_status(&r);
	ck_assert_uint_eq(s.samples_pending, 10);
	ck_assert_int_eq(s.state, RW_BACKOFF);
	ck_assert_msg(s.last_error[0] != '\0' && s.retry_at_ns > 0, "%s", s.last_error);
	rig_close(&r);
}
END_TEST

START_TEST(samples_over_the_age_limit_are_dropped_at_sending)
{
	static struct rig r;
	plan.status = 503;
	plan.times = 1;
	plan.headers = NULL;
	r.options.sample_age_limit_ms = 10000;
	rig_open(&r, planned);
	rig_feed(&r, 5, 0); /* is 0 s old at first */
	rig_turn(&r, true);
	rig_feed(&r, 5, 20);
	r.now_ns += 15 * second_ns;
	ck_assert(rig_run(&r, 20));
	ck_assert_uint_eq(rig_status(&r).samples_dropped[SAMPLE_DROP_AGE], 5);
	ck_assert_uint_eq(rig_status(&r).samples_sent, 5);
	ck_assert_int_eq(r.fake.stored[0][0], 0);
	rig_close(&r);
}
END_TEST

static void metadata_fails(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->metadata)
		server_refuse(out, f->state, "texts are not for me");
	else
		fake_accept(f, push, out);
}

START_TEST(samples_do_not_wait_behind_metadata)
{
	static struct rig rigs[2];
	struct rig *r = &rigs[_i];
	r->options.version = REMOTE_WRITE_1;
	rig_open(r, metadata_fails);
	r->fake.state = _i ? 400 : 500;
	rig_feed(r, 10, 0);
	ck_assert(rig_run(r, 20));
	ck_assert_int_eq(missing(r, 10, 0, 1), 0);
	ck_assert_uint_eq(rig_status(r).metadata_sent, 0);
	rig_close(r);
}
END_TEST

static void slow(struct fake *f, const struct push *push, struct server_answer *out)
{
	f->at_ms[0]++;
	fake_accept(f, push, out);
}

START_TEST(shards_come_and_go_and_order_holds)
{
	static struct rig r;
	r.options.max_shards = 4;
	rig_open(&r, slow);
	size_t most = 0;
	int t = 0;
	/* Answers take two seconds each, while there is always more. */
	for (int turn = 0; turn < 400 && t < 60; turn++) {
		while (remote_write_has_room(r.rw) && t < 60)
			rig_feed(&r, 3000, t++);
		remote_write_turn(r.rw, r.now_ns, rig_now_ms(&r), false);
		int wakes = r.wakes;
		for (int64_t end = now_ms() + 5000; rig_is_flying(&r) && r.wakes == wakes && now_ms() < end;)
			host_turn(&r.host, 10);
		r.now_ns += 2 * second_ns;
		most = r.rw->shard_count > most ? r.rw->shard_count : most;
	}
	ck_assert_int_eq(t, 60);
	ck_assert(rig_run(&r, 1000));
	ck_assert_uint_ge(most, 2);
	ck_assert_uint_le(most, 4);
	ck_assert_int_eq(missing(&r, 3000, 0, 60), 0);
	for (int i = 0; i < 10; i++) { /* quiet again */
		remote_write_turn(r.rw, r.now_ns, rig_now_ms(&r), false);
		r.now_ns += 61 * second_ns;
	}
	ck_assert_uint_eq(rig_status(&r).shards, 1);
	rig_close(&r); /* looks at the order */
}
END_TEST

START_TEST(a_2_0_receiver_that_is_pinned_says_nothing)
{
	static struct rig r;
	r.options.version = REMOTE_WRITE_2;
	rig_open(&r, fake_accept_1_only);
	rig_feed(&r, 10, 0);
	ck_assert(rig_run(&r, 10));
	ck_assert_uint_eq(rig_status(&r).samples_dropped[SAMPLE_DROP_REJECTED], 10); /* by the specification it has stored nothing */
	ck_assert(strstr(rig_status(&r).last_error, "2.0"));
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("remote_write_faults");
	TCase *t = tcase_create("remote_write_faults");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, answers, 0, (int)COUNT_OF(fault_cases));
	tcase_add_test(t, a_429_may_be_given_up);
	tcase_add_test(t, backoff_grows_and_stays_within_a_tenth);
	tcase_add_loop_test(t, falls_back_to_1_0_and_remembers, 0, (int)COUNT_OF(version_cases));
	tcase_add_loop_test(t, two_requests_in_eight_seconds_at_most, 0, (int)COUNT_OF(quiet_cases));
	tcase_add_test(t, neither_version_is_held);
	tcase_add_test(t, partial_writes_are_counted);
	tcase_add_test(t, too_large_is_halved_and_remembered);
	tcase_add_test(t, a_single_sample_that_is_too_large_is_dropped);
	tcase_add_test(t, resets_and_torn_answers);
	tcase_add_test(t, nobody_is_there);
	tcase_add_test(t, samples_over_the_age_limit_are_dropped_at_sending);
	tcase_add_loop_test(t, samples_do_not_wait_behind_metadata, 0, 2);
	tcase_add_test(t, shards_come_and_go_and_order_holds);
	tcase_add_test(t, a_2_0_receiver_that_is_pinned_says_nothing);
	suite_add_tcase(s, t);
	SRunner *runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
