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

/* ---- tenants ---- */

/* Streams 0 and 3 are team-a's, 1 team-b's, the others nobody's in particular. */
static void give_tenants(struct rig *r)
{
	static const struct { int stream; const char *tenant; } of[] = { { 0, "team-a" }, { 3, "team-a" }, { 1, "team-b" } };
	for (size_t i = 0; i < COUNT_OF(of); i++) {
		char *room = r->labels[of[i].stream];
		int n = snprintf(room, sizeof r->labels[0], "%s{app=\"s%d\"}", of[i].tenant, of[i].stream);
		r->streams[of[i].stream] = (struct log_stream){ .labels = { room + 6, (size_t)n - 6 }, .tenant_bytes = 6 };
	}
}

static const char *tenant_of(int stream)
{
	return stream == 0 || stream == 3 ? "team-a" : stream == 1 ? "team-b" : "home";
}

/* state: the status that team-a gets. Whoever is let in has nothing of others in his request. */
static void choosy(struct fake *f, const struct push *push, struct server_answer *out)
{
	bool is_a = memmem(push->head.p, push->head.n, "X-Scope-OrgID: team-a\r\n", 23) != NULL;
	for (size_t i = 0; i < push->message->n_streams; i++) {
		const char *tenant = tenant_of(fake_stream_of(push->message->streams[i]));
		ck_assert_msg(memmem(push->head.p, push->head.n, tenant, strlen(tenant)) != NULL, "a stream of %s in\n" STR_FMT, tenant, STR_ARG(push->head));
	}
	f->states[0] += is_a;
	if (is_a && f->state) {
		server_refuse(out, f->state, f->text);
		return;
	}
	fake_accept(f, push, out);
}

static const struct tenant_case {
	const char *name;
	int status;
	const char *text;
} tenant_cases[] = {
	{ "its rate", 429, "ingestion rate limit exceeded for user team-a (limit: 1 bytes/sec) while attempting to ingest '1' lines totaling '100' bytes" },
	{ "not let in", 401, "no such tenant" },
	{ "forbidden", 403, "no" },
	{ "blocked", 260, "ingestion blocked for user 'team-a' until '2030-01-01T00:00:00Z' with status code '260'" },
};

START_TEST(a_refused_tenant_waits_alone)
{
	const struct tenant_case *c = &tenant_cases[_i];
	static struct rig r;
	r.options.queue_batches = 100;
	r.options.endpoint.tenant_id = STR("home");
	rig_open(&r, choosy);
	give_tenants(&r);
	snprintf(r.fake.text, sizeof r.fake.text, "%s", c->text);
	r.fake.state = c->status;
	for (int round = 0; round < 10; round++) { /* others flow, round after round */
		rig_append(&r, 0, 30);
		rig_append(&r, 1, 20);
		rig_append(&r, 2, 20);
		rig_append(&r, 3, 30);
		for (int i = 0; i < 12; i++)
			rig_turn(&r, true);
		check_stored(&r, c->name, 1, 0);
		check_stored(&r, c->name, 2, 0);
		check_stored(&r, c->name, 0, r.next_line[0]);
		for (int i = 0; i < 4; i++)
			ck_assert_msg(destination_takes(r.d, &r.streams[i]) == (i == 1 || i == 2), "%s: stream %d", c->name, i);
	}
	ck_assert_uint_eq(rig_status(&r).lines_pending, 600);
	ck_assert_uint_eq(r.settled, 0); /* a batch is settled with the last of its tenants */
	ck_assert_msg(r.fake.states[0] <= 60, "%s: %d requests for a tenant that is refused", c->name, (int)r.fake.states[0]);
	char error[1024];
	snprintf(error, sizeof error, "%d for tenant team-a: %s", c->status, c->text);
	rig_run(&r, 40);
	ck_assert_str_eq(rig_status(&r).last_error, error);
	r.fake.state = 0;
	ck_assert(rig_run(&r, 400));
	check_all(&r, c->name, 0);
	ck_assert(destination_takes(r.d, &r.streams[0]));
	ck_assert_uint_eq(r.d->queue.parked_bytes, 0);
	ck_assert_uint_eq(r.d->queue.parked_count, 0);
	rig_close(&r);
}
END_TEST

/* A stream of a tenant waits, then its tenant is refused too, then nothing is: nobody stays behind. */
START_TEST(streams_and_tenants_that_wait)
{
	static struct rig r;
	r.options.queue_batches = 100;
	r.options.endpoint.tenant_id = STR("home");
	rig_open(&r, throttling);
	give_tenants(&r);
	snprintf(r.fake.text, sizeof r.fake.text, "%s", limit_cases[0].text);
	r.fake.states[2] = true;
	for (int round = 0; round < 12; round++) {
		r.fake.script = round % 4 < 2 ? throttling : choosy;
		r.fake.state = round % 4 < 2 ? 1 : 401;
		for (int stream = 0; stream < 4; stream++)
			rig_append(&r, stream, stream ? 10 : 40); /* the heaviest one is last in its request */
		for (int i = 0; i < 60; i++)
			rig_turn(&r, true);
		check_stored(&r, "both", 2, 0);
	}
	r.fake.state = 0;
	ck_assert(rig_run(&r, 600));
	check_all(&r, "both", 0);
	rig_close(&r);
}
END_TEST

/* team-a may have no structured metadata. */
static void bare_a(struct fake *f, const struct push *push, struct server_answer *out)
{
	bool is_a = memmem(push->head.p, push->head.n, "X-Scope-OrgID: team-a\r\n", 23) != NULL;
	if (is_a && push->message->streams[0]->entries[0]->n_structured_metadata) {
		f->states[0]++;
		server_refuse(out, 400, "stream '{app=\"s0\"}' includes structured metadata, but this feature is disallowed. Please see "
					"`limits_config.allow_structured_metadata` or contact your Loki administrator to enable it.");
		return;
	}
	fake_accept(f, push, out);
}

START_TEST(metadata_is_refused_to_one_tenant)
{
	static struct rig r;
	r.options.endpoint.tenant_id = STR("home");
	rig_open(&r, bare_a);
	give_tenants(&r);
	for (int round = 0; round < 3; round++) {
		for (int stream = 0; stream < 4; stream++)
			rig_append(&r, stream, 20);
		ck_assert(rig_run(&r, 50));
	}
	check_all(&r, "bare", 0);
	for (int stream = 0; stream < 4; stream++)
		for (int line = 0; line < 60; line++)
			ck_assert_msg((r.fake.metadata[stream][line] > 0) == (stream == 1 || stream == 2), "line %d of stream %d", line, stream);
	ck_assert_int_eq(r.fake.states[0], 1); /* learned */
	ck_assert_uint_eq(rig_status(&r).lines_sent, 240);
	rig_close(&r);
}
END_TEST

START_TEST(a_refused_tenant_can_be_dropped_by_policy)
{
	static struct rig r;
	r.options.drop_rate_limited_batches = true;
	r.options.endpoint.tenant_id = STR("home");
	rig_open(&r, choosy);
	give_tenants(&r);
	snprintf(r.fake.text, sizeof r.fake.text, "%s", tenant_cases[0].text);
	r.fake.state = 429;
	rig_append(&r, 0, 100);
	rig_append(&r, 1, 20);
	ck_assert(rig_run(&r, 50));
	check_all(&r, "policy", 100);
	ck_assert_uint_eq(rig_status(&r).lines_dropped[DROP_RATE_LIMITED], 100);
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
	tcase_add_loop_test(t, a_refused_tenant_waits_alone, 0, COUNT_OF(tenant_cases));
	tcase_add_test(t, streams_and_tenants_that_wait);
	tcase_add_test(t, metadata_is_refused_to_one_tenant);
	tcase_add_test(t, a_refused_tenant_can_be_dropped_by_policy);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
