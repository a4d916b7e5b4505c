/* Faults of a receiver, one case each: what is stored, dropped and settled in the end, and how many requests it took.
 * The ledger is checked after every call (rig_status in fake_loki.h). */
#include "exporters/destination.h"

#include "tests/unit/exporters/fake_loki.h"

/* --- scripts that answer alike whatever is pushed --- */

static void resetting_5(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->number <= 5)
		out->kind = ANSWER_RESET;
	else
		fake_accept(f, push, out);
}

static void silent_once(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->number == 1)
		out->kind = ANSWER_NEVER;
	else
		fake_accept(f, push, out);
}

static void stored_then_reset(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->number == 1) {
		fake_store_all(f, push);
		out->kind = ANSWER_RESET;
		return;
	}
	if (push->number == 2)
		f->state = push->body_hash == f->last_hash; /* the same bytes again */
	fake_accept(f, push, out);
}

static void storm_of_5xx(struct fake *f, const struct push *push, struct server_answer *out)
{
	static const int statuses[] = { 500, 502, 503, 504, 507, 429, 408, 425, 499, 500 };
	if (push->number <= (int)COUNT_OF(statuses))
		server_refuse(out, statuses[push->number - 1], "try again");
	else
		fake_accept(f, push, out);
}

static void garbage_on_success(struct fake *f, const struct push *push, struct server_answer *out)
{
	fake_store_all(f, push);
	server_reply(out, 200, "", STR("\x01\x02 garbage {{{ entry too far behind"));
}

static void broken_replies(struct fake *f, const struct push *push, struct server_answer *out)
{
	static const char *const replies[] = { "", "HTTP/1.1 204", "SMTP ready\r\n", "HTTP/1.1 204 No Content\r\nContent-",
		"HTTP/1.1 999 X\r\n\r\n" };
	if (push->number > (int)COUNT_OF(replies)) {
		fake_accept(f, push, out);
		return;
	}
	out->kind = ANSWER_SEND_AND_CLOSE;
	buf_str(&out->bytes, str_of(replies[push->number - 1]));
}

static void rate_limited_3(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->number <= 3)
		server_refuse(out, 429, "ingestion rate limit exceeded for user fake (limit: 4194304 bytes/sec) while attempting "
			"to ingest '10' lines "
				      "totaling '1000' bytes, reduce log volume or contact your Loki administrator to see if the "
					"limit can be increased");
	else
		fake_accept(f, push, out);
}

static void larger_than_the_burst(struct fake *f, const struct push *push, struct server_answer *out)
{
	char text[300];
	snprintf(text, sizeof text, "ingestion rate limit exceeded for user fake (limit: 1000 bytes/sec) while attempting to "
		"ingest '%zu' lines "
		 "totaling '%zu' bytes, reduce log volume", push->lines, push->lines * 30);
	if (push->lines > 40)
		server_refuse(out, 429, text);
	else
		fake_accept(f, push, out);
}

static void too_large(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->lines > 60)
		server_refuse(out, push->number % 2 ? 413 : 500, push->number % 2 ? "<html>too large</html>" :
			    "rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5242930 vs. "
				"4194304)");
	else
		fake_accept(f, push, out);
}

static void not_found_4(struct fake *f, const struct push *push, struct server_answer *out)
{
	static const int statuses[] = { 404, 403, 405, 410, 301 };
	if (push->number <= (int)COUNT_OF(statuses))
		server_refuse(out, statuses[push->number - 1], "404 page not found");
	else
		fake_accept(f, push, out);
}

static void blocked_3(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->number <= 3)
		server_refuse(out, push->number == 3 ? 403 : 260, "ingestion blocked for user 'fake' until '2030-01-01T00:00:00Z' "
			"with status code '260'");
	else
		fake_accept(f, push, out);
}

static void no_valid_stream(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->number == 1)
		server_refuse(out, 422, "error at least one valid stream is required for ingestion");
	else
		fake_accept(f, push, out);
}

/* --- scripts that look inside --- */

/* Stores what is wanted of stream 0 and lists the others, as a distributor does: lines below `limit` are too old. */
static void too_old(struct fake *f, const struct push *push, struct server_answer *out)
{
	struct buf text;
	int refused = 0;
	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < push->message->n_streams; i++) {
		const Loki__Stream *s = push->message->streams[i];
		for (size_t k = 0; k < s->n_entries; k++) {
			if (fake_stream_of(s) != 0 || fake_line_of(s->entries[k]) >= 7) {
				fake_store_entry(f, s, s->entries[k]);
				continue;
			}
			if (refused++)
				buf_str(&text, STR("; "));
			buf_printf(&text, "1 errors like: entry for stream '{app=\"s0\", service_name=\"s0\"}' has timestamp too "
				"old: "
				   "2023-11-14T22:13:%02dZ, oldest acceptable timestamp is: 2023-11-15T00:00:00Z",
					fake_line_of(s->entries[k]));
		}
	}
	buf_str(&text, STR("\n"));
	if (refused)
		server_reply(out, 400, "", buf_view(&text));
	else
		server_reply(out, 204, "", STR(""));
	buf_fini(&text);
}

/* A whole stream is refused because of its labels, and lines of another for their length. */
static void labels_and_lengths(struct fake *f, const struct push *push, struct server_answer *out)
{
	int lines = 0, streams = 0;
	for (size_t i = 0; i < push->message->n_streams; i++) {
		const Loki__Stream *s = push->message->streams[i];
		streams += fake_stream_of(s) == 1;
		for (size_t k = 0; k < s->n_entries && fake_stream_of(s) != 1; k++) {
			if (fake_stream_of(s) == 0 && fake_line_of(s->entries[k]) % 10 == 0)
				lines++;
			else
				fake_store_entry(f, s, s->entries[k]);
		}
	}
	char text[1024] = "";
	size_t n = 0;
	if (lines)
		n = (size_t)snprintf(text, sizeof text, "%d errors like: max entry size '100' bytes exceeded for stream "
			"'{app=\"s0\"}' while adding an "
				     "entry with length '200' bytes%s", lines, streams ? "; " : "");
	if (streams)
		snprintf(text + n, sizeof text - n, "%d errors like: stream '{app=\"s1\"}' has label value too long: '%s'", streams,
			 f->state ? "}; 3 errors like: x" : "value");
	if (lines + streams)
		server_refuse(out, 400, text);
	else
		server_reply(out, 204, "", STR(""));
}

/* As an ingester does: entries of stream 0 below line 5 are too far behind, and only the last stream of the request is told of. */
static void too_far_behind(struct fake *f, const struct push *push, struct server_answer *out)
{
	char text[1024] = "";
	for (size_t i = 0; i < push->message->n_streams; i++) {
		const Loki__Stream *s = push->message->streams[i];
		size_t refused = 0;
		for (size_t k = 0; k < s->n_entries; k++) {
			if (fake_stream_of(s) == 0 && fake_line_of(s->entries[k]) < 5)
				refused++;
			else
				fake_store_entry(f, s, s->entries[k]);
		}
		text[0] = '\0';
		if (refused)
			snprintf(text, sizeof text, "entry with timestamp 2023-11-14 22:13:20 +0000 UTC ignored, reason: 'entry "
				"too far behind, entry "
				 "timestamp is: 2023-11-14T22:13:20Z, oldest acceptable timestamp is: "
					"2023-11-14T23:13:20Z',\nuser 'fake', total "
				 "ignored: %zu out of %zu for stream: {app=\"s0\", service_name=\"s0\"}", refused, s->n_entries);
	}
	if (text[0])
		server_refuse(out, 400, text);
	else
		server_reply(out, 204, "", STR(""));
}

/* One entry poisons the whole request, and the text does not tell which. */
static void poison(struct fake *f, const struct push *push, struct server_answer *out)
{
	for (size_t i = 0; i < push->message->n_streams; i++)
		for (size_t k = 0; k < push->message->streams[i]->n_entries; k++)
			if (fake_stream_of(push->message->streams[i]) == 0 &&
				fake_line_of(push->message->streams[i]->entries[k]) == 77) {
				server_refuse(out, 400, "something is wrong");
				return;
			}
	fake_accept(f, push, out);
}

static void labels_cannot_be_parsed(struct fake *f, const struct push *push, struct server_answer *out)
{
	for (size_t i = 0; i < push->message->n_streams; i++)
		if (fake_stream_of(push->message->streams[i]) == 0) {
			server_refuse(out, 400, "couldn't parse labels: 1:5: parse error: unexpected character");
			return;
		}
	fake_accept(f, push, out);
}

static void all_is_wrong(struct fake *f, const struct push *push, struct server_answer *out)
{
	(void)f, (void)push;
	server_refuse(out, 400, "no");
}

static void no_metadata(struct fake *f, const struct push *push, struct server_answer *out)
{
	for (size_t i = 0; i < push->message->n_streams; i++)
		for (size_t k = 0; k < push->message->streams[i]->n_entries; k++)
			if (push->message->streams[i]->entries[k]->n_structured_metadata) {
				server_refuse(out, 400, "stream '{app=\"s0\"}' includes structured metadata, but this feature is "
					"disallowed. Please see "
						      "`limits_config.allow_structured_metadata` or contact your Loki "
							"administrator to enable it");
				return;
			}
	fake_accept(f, push, out);
}

static struct scenario {
	const char *name;
	fake_script *script;
	int lines[FAKE_STREAMS];
	int missing;             /* of stream 0; of others none */
	enum drop_reason reason; /* they are dropped under */
	int pushes_min, pushes_max;
	int64_t waited_min_ms, waited_max_ms;
	enum destination_state worst; /* seen on the way; DEST_IDLE: not looked at */
	struct destination_options options;
} scenarios[] = {
	{ .name = "all is well", .script = fake_accept, .lines = { 100, 50, 3 }, .pushes_min = 1, .pushes_max = 1 },
	{ .name = "row 86: away, then back", .script = resetting_5, .lines = { 10, 10 }, .pushes_min = 6, .pushes_max = 6,
		.worst = DEST_BACKOFF,
	  .waited_min_ms = 1000, .waited_max_ms = 16000 },
	{ .name = "row 89: accepts and never answers", .script = silent_once, .lines = { 10 }, .pushes_min = 2, .pushes_max = 2,
		.worst = DEST_BACKOFF,
	  .options = { .endpoint = { .timeout_ms = 100 } } },
	{ .name = "row 91: stored, then reset", .script = stored_then_reset, .lines = { 10, 20 }, .pushes_min = 2,
		.pushes_max = 2 },
	{ .name = "row 93: 429 without Retry-After", .script = rate_limited_3, .lines = { 10 }, .pushes_min = 4, .pushes_max = 4,
		.worst = DEST_BACKOFF,
	  .waited_min_ms = 750, .waited_max_ms = 3600 },
	{ .name = "row 95: storm of 5xx", .script = storm_of_5xx, .lines = { 10, 10 }, .pushes_min = 11, .pushes_max = 11,
		.worst = DEST_BACKOFF,
	  .waited_max_ms = 200000 },
	{ .name = "row 96: too old, listed", .script = too_old, .lines = { 100, 50 }, .missing = 7, .reason = DROP_TOO_OLD,
		.pushes_min = 1, .pushes_max = 1 },
	{ .name = "row 96: too far behind, the last stream tells", .script = too_far_behind, .lines = { 100, 50 }, .missing = 5,
	  .reason = DROP_OUT_OF_ORDER, .pushes_min = 2, .pushes_max = 2 },
	{ .name = "row 97: one poison entry", .script = poison, .lines = { 512, 200 }, .missing = 1, .reason = DROP_REJECTED,
		.pushes_min = 2, .pushes_max = 24 },
	{ .name = "labels that the server cannot read", .script = labels_cannot_be_parsed, .lines = { 4, 500 }, .missing = 4,
	  .reason = DROP_INVALID_LABELS, .pushes_min = 2, .pushes_max = 9 },
	{ .name = "everything is refused: bounded", .script = all_is_wrong, .lines = { 5000 }, .missing = 5000,
		.reason = DROP_REJECTED,
	  .pushes_min = 2, .pushes_max = 150 },
	{ .name = "row 98: too large, 413 and gRPC", .script = too_large, .lines = { 500, 300 }, .pushes_min = 8,
		.pushes_max = 60 },
	{ .name = "row 98: larger than the burst", .script = larger_than_the_burst, .lines = { 100 }, .pushes_min = 4,
		.pushes_max = 24,
	  .waited_max_ms = 400000 },
	{ .name = "rows 99, 100: 404 and its kin hold", .script = not_found_4, .lines = { 10 }, .pushes_min = 6, .pushes_max = 6,
		.worst = DEST_HOLD_AUTH,
	  .waited_min_ms = 1000, .waited_max_ms = 16000 },
	{ .name = "260 holds", .script = blocked_3, .lines = { 10 }, .pushes_min = 4, .pushes_max = 4, .worst = DEST_HOLD_BLOCKED,
	  .waited_min_ms = 60000, .waited_max_ms = 120000 },
	{ .name = "row 101: garbage behind a 200", .script = garbage_on_success, .lines = { 10 }, .pushes_min = 1,
		.pushes_max = 1 },
	{ .name = "row 112: broken replies", .script = broken_replies, .lines = { 10 }, .pushes_min = 6, .pushes_max = 6,
		.worst = DEST_BACKOFF,
	  .waited_max_ms = 20000 },
	{ .name = "422: dropped and counted", .script = no_valid_stream, .lines = { 10 }, .missing = 10, .reason = DROP_REJECTED,
		.pushes_min = 1,
	  .pushes_max = 1 },
	{ .name = "structured metadata disallowed", .script = no_metadata, .lines = { 100, 100 }, .pushes_min = 2,
		.pushes_max = 2 },
	{ .name = "max_retries gives up and counts", .script = resetting_5, .lines = { 10 }, .missing = 10,
		.reason = DROP_REJECTED, .pushes_min = 4,
	  .pushes_max = 4, .waited_max_ms = 4000, .options = { .max_retries = 3 } },
	{ .name = "max_retries holds on to 404", .script = not_found_4, .lines = { 10 }, .pushes_min = 6, .pushes_max = 6,
		.waited_max_ms = 16000,
	  .options = { .max_retries = 1 } },
	{ .name = "drop_rate_limited_batches", .script = rate_limited_3, .lines = { 10 }, .missing = 10,
		.reason = DROP_RATE_LIMITED, .pushes_min = 1,
	  .pushes_max = 1, .options = { .drop_rate_limited_batches = true } },
};

START_TEST(faults)
{
	const struct scenario *c = &scenarios[_i];
	static struct rig r;
	r.options = c->options;
	rig_open(&r, c->script);
	for (int i = 0; i < FAKE_STREAMS; i++)
		if (c->lines[i])
			rig_append(&r, i, c->lines[i]);
	int64_t start = r.now_ns;
	enum destination_state worst = DEST_IDLE;
	bool is_done = false;
	for (int i = 0; i < 1000 && !is_done; i++) {
		rig_turn(&r, true);
		worst = r.d->state > worst ? r.d->state : worst;
		is_done = destination_is_empty(r.d);
		ck_assert_msg(is_done || r.settled == 0, "%s: settled before all of the batch was done", c->name);
	}
	destination_turn(r.d, r.now_ns, true);
	int64_t waited_ms = (r.now_ns - start) / 1000000, most_ms = c->waited_max_ms ? c->waited_max_ms : 1000;
	ck_assert_msg(is_done, "%s: not done after 1000 turns", c->name);
	check_all(&r, c->name, c->missing);
	struct destination_status s = rig_status(&r);
	ck_assert_msg(s.lines_pending == 0 && s.lines_dropped[c->reason] == (uint64_t)c->missing &&
		dropped(&s) == (uint64_t)c->missing,
		      "%s: dropped %llu as %s, %llu in all; want %d", c->name, (unsigned long long)s.lines_dropped[c->reason],
		      drop_reason_names[c->reason], (unsigned long long)dropped(&s), c->missing);
	int pushes = r.fake.pushes;
	ck_assert_msg(pushes >= c->pushes_min && pushes <= c->pushes_max, "%s: %d pushes, want %d..%d", c->name, pushes,
		c->pushes_min, c->pushes_max);
	ck_assert_msg(waited_ms >= c->waited_min_ms && waited_ms <= most_ms, "%s: waited %lld ms, want %lld..%lld",
		      c->name, (long long)waited_ms, (long long)c->waited_min_ms, (long long)most_ms);
	ck_assert_msg(c->worst == DEST_IDLE || worst == c->worst, "%s: state %s", c->name, destination_state_names[worst]);
	ck_assert_msg(c->missing || s.last_error[0] == '\0', "%s: last error after success: %s", c->name, s.last_error);
	ck_assert_uint_eq(s.requests, (uint64_t)pushes);
	const struct drop *drop = drops_at(r.drops, 0);
	ck_assert_msg((drop != NULL) == (c->missing > 0), "%s: the ring of drops", c->name);
	ck_assert(!drop || (drop->reason == c->reason && strstr(drop->labels, "app=\"s0\"") && strstr(drop->line, "of stream 0")));
	rig_close(&r);
}
END_TEST

START_TEST(refusals_of_two_kinds_in_one_answer)
{
	static struct rig r;
	rig_open(&r, labels_and_lengths);
	r.fake.state = _i; /* 1: the value tries to look like another message; the text is not believed then */
	rig_append(&r, 0, 100);
	rig_append(&r, 1, 30);
	rig_append(&r, 2, 20);
	ck_assert(rig_run(&r, 300));
	ck_assert_int_eq(r.fake.pushes == 1, _i == 0);
	struct destination_status s = rig_status(&r);
	ck_assert_uint_eq(s.lines_dropped[DROP_LINE_TOO_LONG], 10);
	ck_assert_uint_eq(s.lines_dropped[DROP_INVALID_LABELS], 30);
	ck_assert_uint_eq(s.lines_sent, 110);
	check_stored(&r, "lengths", 0, 10);
	check_stored(&r, "labels", 1, 30);
	check_stored(&r, "untouched", 2, 0);
	rig_close(&r);
}
END_TEST

START_TEST(reset_at_any_byte)
{
	/* Row 90: the connection breaks after n bytes of the request. libcurl repeats some of these by itself, on a new connection,
	 * when a kept one breaks before any answer. */
	static const size_t at[] = { 1, 50, 200, 300, 400, 1000, 1500 };
	static struct rig r;
	rig_open(&r, fake_accept);
	for (size_t i = 0; i < COUNT_OF(at); i++) {
		r.fake.server.reset_after = at[i];
		rig_append(&r, (int)i, 500);
		ck_assert(rig_run(&r, 50));
		ck_assert_uint_eq(r.fake.server.reset_after, 0); /* it did break */
	}
	check_all(&r, "reset", 0);
	ck_assert_int_eq(r.fake.pushes, (int)COUNT_OF(at)); /* each arrived once, on its second attempt */
	ck_assert_uint_ge(rig_status(&r).retries, 1);
	rig_close(&r);
}
END_TEST

static void retry_after_7(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->number <= 2)
		server_reply(out, push->number == 1 ? 429 : 503, "Retry-After: 7\r\n", STR("slow down"));
	else
		fake_accept(f, push, out);
}

START_TEST(retry_after_is_kept_exactly)
{
	static struct rig r; /* row 92 */
	rig_open(&r, retry_after_7);
	rig_append(&r, 0, 5);
	int64_t start = r.now_ns;
	ck_assert(rig_run(&r, 50));
	ck_assert_int_eq(r.now_ns - start, 14 * INT64_C(1000000000));
	check_all(&r, "retry after", 0);
	rig_close(&r);
}
END_TEST

START_TEST(what_is_disallowed_is_remembered)
{
	static struct rig r;
	rig_open(&r, no_metadata);
	for (int i = 0; i < 4; i++) {
		rig_append(&r, 0, 10);
		ck_assert(rig_run(&r, 10));
	}
	ck_assert_int_eq(r.fake.pushes, 5); /* one refusal, not four */
	check_all(&r, "metadata", 0);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("faults");
	TCase *t = tcase_create("faults");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, faults, 0, COUNT_OF(scenarios));
	tcase_add_loop_test(t, refusals_of_two_kinds_in_one_answer, 0, 2);
	tcase_add_test(t, reset_at_any_byte);
	tcase_add_test(t, retry_after_is_kept_exactly);
	tcase_add_test(t, what_is_disallowed_is_remembered);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
