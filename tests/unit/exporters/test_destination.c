/* The outer side of a destination: room, sealing, marks, memory, options. Faults are in test_faults.c. */
#include "exporters/destination.h"

#include "tests/unit/exporters/fake_loki.h"

static void closed(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (f->state)
		fake_accept(f, push, out);
	else
		server_refuse(out, 503, "no");
}

START_TEST(the_queue_is_bounded_and_order_is_kept)
{
	static struct rig r; /* row 86, 87: the reader is stopped, nothing is given up */
	r.options.batch_bytes = 10000;
	r.options.queue_batches = 3;
	rig_open(&r, closed);
	int rounds = 0;
	for (int i = 0; i < 2000; i++) {
		if (destination_has_room(r.d)) {
			rig_append(&r, 0, 50);
			rounds++;
		}
		rig_turn(&r, false);
	}
	while (destination_turn(r.d, r.now_ns, false), r.d->flying)
		host_turn(&r.host, 100);
	struct destination_status s = rig_status(&r);
	ck_assert_msg(rounds < 40, "%d rounds of 50 lines into 3 batches of 10000 bytes", rounds);
	ck_assert_uint_eq(s.batches_queued, 3);
	ck_assert_int_eq(s.state, DEST_BACKOFF);
	ck_assert_uint_eq(s.lines_sent, 0);
	ck_assert_uint_eq(r.settled, 0);
	ck_assert(s.retry_at_ns > 0 && strstr(s.last_error, "503: no"));
	r.fake.state = 1;
	ck_assert(rig_run(&r, 100));
	check_all(&r, "bounded", 0);
	ck_assert(destination_has_room(r.d));
	rig_close(&r);
}
END_TEST

START_TEST(seals_by_age_and_by_size)
{
	static struct rig r;
	r.options.batch_wait_ms = 700;
	r.options.batch_bytes = 100000;
	rig_open(&r, fake_accept);
	rig_append(&r, 0, 1);
	int64_t deadline = destination_turn(r.d, r.now_ns, false);
	ck_assert_int_eq(deadline, r.now_ns + 700 * 1000000);
	ck_assert(!r.d->flying);
	r.now_ns += 300 * 1000000;
	rig_append(&r, 0, 1); /* a younger line does not put it off */
	ck_assert_int_eq(destination_turn(r.d, r.now_ns, false), deadline);
	r.now_ns = deadline;
	destination_turn(r.d, r.now_ns, false);
	ck_assert(r.d->flying);
	ck_assert(rig_run(&r, 10));
	rig_append(&r, 0, 3000);
	destination_turn(r.d, r.now_ns, false);
	ck_assert(r.d->flying);
	ck_assert(rig_run(&r, 10));
	check_all(&r, "seals", 0);
	ck_assert_int_eq(r.fake.pushes, 2);
	rig_close(&r);
}
END_TEST

START_TEST(marks_without_lines_are_settled_in_their_turn)
{
	static struct rig r;
	rig_open(&r, closed);
	destination_mark(r.d, (void *)++r.marks);
	ck_assert_uint_eq(r.settled, 0); /* never from inside the call */
	destination_turn(r.d, r.now_ns, false);
	ck_assert_uint_eq(r.settled, 1);
	rig_append(&r, 0, 5);
	rig_turn(&r, true);
	destination_mark(r.d, (void *)++r.marks); /* behind lines that are on their way */
	for (int i = 0; i < 5; i++)
		rig_turn(&r, true);
	ck_assert_uint_eq(r.settled, 1);
	r.fake.state = 1;
	ck_assert(rig_run(&r, 10));
	ck_assert_uint_eq(r.settled, 3);
	rig_close(&r);
}
END_TEST

START_TEST(an_idle_destination_gives_memory_back)
{
	static struct rig r;
	rig_open(&r, fake_accept);
	rig_append(&r, 0, 5000);
	ck_assert(rig_run(&r, 10));
	ck_assert_ptr_nonnull(r.d->open.bytes.p);
	int64_t deadline = destination_turn(r.d, r.now_ns, false);
	ck_assert_int_le(deadline, r.now_ns + 10 * INT64_C(1000000000));
	r.now_ns = deadline;
	ck_assert_int_eq(destination_turn(r.d, r.now_ns, false), INT64_MAX); /* and asks for nothing more */
	ck_assert_ptr_null(r.d->open.bytes.p);
	ck_assert_ptr_null(r.d->open.window);
	rig_append(&r, 1, 5);
	ck_assert(rig_run(&r, 10));
	check_all(&r, "idle", 0);
	rig_close(&r);
}
END_TEST

static void silent_once(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->number == 1)
		out->kind = ANSWER_NEVER;
	else
		fake_accept(f, push, out);
}

START_TEST(freed_in_flight)
{
	static struct rig r;
	rig_open(&r, silent_once);
	rig_append(&r, 0, 10);
	destination_turn(r.d, r.now_ns, true);
	host_turn(&r.host, 50);
	ck_assert(r.d->flying);
	rig_append(&r, 1, 10); /* open, with a mark */
	rig_close(&r);
	ck_assert_uint_eq(r.settled, 0);
}
END_TEST

static const struct options_case {
	const char *name, *url, *header, *token_url;
} options_cases[] = {
	{ "no url", "", NULL, NULL },
	{ "relative url", "/loki/api/v1/push", NULL, NULL },
	{ "other scheme", "unix:///x", NULL, NULL },
	{ "header injection", "http://127.0.0.1:1/", "X-A: 1\r\nX-B: 2", NULL },
	{ "oauth2 without token_url", "http://127.0.0.1:1/", NULL, "" },
};

START_TEST(options_that_cannot_work)
{
	const struct options_case *c = &options_cases[_i];
	struct poll_host h;
	char err[256] = "";
	struct str header = str_of(c->header);
	struct destination_options o = { .endpoint = { .url = str_of(c->url), .headers = &header, .header_count = c->header ? 1 : 0 } };
	const struct destination_hooks hooks = { 0 };
	o.endpoint.oauth2.client_id = c->token_url ? STR("id") : (struct str){ 0 };
	host_open(&h);
	ck_assert_msg(!destination_new(&o, h.http, NULL, &hooks, err), "%s: accepted", c->name);
	ck_assert_msg(err[0] && err[strlen(err) - 1] == '.', "%s: \"%s\" is no sentence", c->name, err);
	host_close(&h);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("destination");
	TCase *t = tcase_create("destination");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_queue_is_bounded_and_order_is_kept);
	tcase_add_test(t, seals_by_age_and_by_size);
	tcase_add_test(t, marks_without_lines_are_settled_in_their_turn);
	tcase_add_test(t, an_idle_destination_gives_memory_back);
	tcase_add_test(t, freed_in_flight);
	tcase_add_loop_test(t, options_that_cannot_work, 0, COUNT_OF(options_cases));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
