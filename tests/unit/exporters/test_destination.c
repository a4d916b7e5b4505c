/* Faults of a receiver, one case each: what is stored, dropped and settled in the end, and how many requests it took.
 * The ledger is checked after every call (rig_status in fake_loki.h). */
#include "exporters/destination.h"

#include "tests/unit/exporters/fake_loki.h"

/* --- scripts that answer alike whatever is pushed --- */

static void accepting(struct fake *f, const struct push *push, struct server_answer *out)
{
	fake_accept(f, push, out);
}

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
		fake_refuse(out, statuses[push->number - 1], "try again");
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
	static const char *const replies[] = { "", "HTTP/1.1 204", "SMTP ready\r\n", "HTTP/1.1 204 No Content\r\nContent-", "HTTP/1.1 999 X\r\n\r\n" };
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
		fake_refuse(out, 429, "ingestion rate limit exceeded for user fake (limit: 4194304 bytes/sec) while attempting to ingest '10' lines "
				      "totaling '1000' bytes, reduce log volume or contact your Loki administrator to see if the limit can be increased");
	else
		fake_accept(f, push, out);
}

static void larger_than_the_burst(struct fake *f, const struct push *push, struct server_answer *out)
{
	char text[300];
	snprintf(text, sizeof text, "ingestion rate limit exceeded for user fake (limit: 1000 bytes/sec) while attempting to ingest '%zu' lines "
		 "totaling '%zu' bytes, reduce log volume", push->lines, push->lines * 30);
	if (push->lines > 40)
		fake_refuse(out, 429, text);
	else
		fake_accept(f, push, out);
}

static void too_large(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->lines > 60)
		fake_refuse(out, push->number % 2 ? 413 : 500, push->number % 2 ? "<html>too large</html>" :
			    "rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5242930 vs. 4194304)");
	else
		fake_accept(f, push, out);
}

static void not_found_4(struct fake *f, const struct push *push, struct server_answer *out)
{
	static const int statuses[] = { 404, 403, 405, 410, 301 };
	if (push->number <= (int)COUNT_OF(statuses))
		fake_refuse(out, statuses[push->number - 1], "404 page not found");
	else
		fake_accept(f, push, out);
}

static void blocked_3(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->number <= 3)
		fake_refuse(out, push->number == 3 ? 403 : 260, "ingestion blocked for user 'fake' until '2030-01-01T00:00:00Z' with status code '260'");
	else
		fake_accept(f, push, out);
}

static void no_valid_stream(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (push->number == 1)
		fake_refuse(out, 422, "error at least one valid stream is required for ingestion");
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
			buf_printf(&text, "1 errors like: entry for stream '{app=\"s0\", service_name=\"s0\"}' has timestamp too old: "
				   "2023-11-14T22:13:%02dZ, oldest acceptable timestamp is: 2023-11-15T00:00:00Z", fake_line_of(s->entries[k]));
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
		n = (size_t)snprintf(text, sizeof text, "%d errors like: max entry size '100' bytes exceeded for stream '{app=\"s0\"}' while adding an "
				     "entry with length '200' bytes%s", lines, streams ? "; " : "");
	if (streams)
		snprintf(text + n, sizeof text - n, "%d errors like: stream '{app=\"s1\"}' has label value too long: '%s'", streams,
			 f->state ? "}; 3 errors like: x" : "value");
	if (lines + streams)
		fake_refuse(out, 400, text);
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
			snprintf(text, sizeof text, "entry with timestamp 2023-11-14 22:13:20 +0000 UTC ignored, reason: 'entry too far behind, entry "
				 "timestamp is: 2023-11-14T22:13:20Z, oldest acceptable timestamp is: 2023-11-14T23:13:20Z',\nuser 'fake', total "
				 "ignored: %zu out of %zu for stream: {app=\"s0\", service_name=\"s0\"}", refused, s->n_entries);
	}
	if (text[0])
		fake_refuse(out, 400, text);
	else
		server_reply(out, 204, "", STR(""));
}

/* One entry poisons the whole request, and the text does not tell which. */
static void poison(struct fake *f, const struct push *push, struct server_answer *out)
{
	for (size_t i = 0; i < push->message->n_streams; i++)
		for (size_t k = 0; k < push->message->streams[i]->n_entries; k++)
			if (fake_stream_of(push->message->streams[i]) == 0 && fake_line_of(push->message->streams[i]->entries[k]) == 77) {
				fake_refuse(out, 400, "something is wrong");
				return;
			}
	fake_accept(f, push, out);
}

static void labels_cannot_be_parsed(struct fake *f, const struct push *push, struct server_answer *out)
{
	for (size_t i = 0; i < push->message->n_streams; i++)
		if (fake_stream_of(push->message->streams[i]) == 0) {
			fake_refuse(out, 400, "couldn't parse labels: 1:5: parse error: unexpected character");
			return;
		}
	fake_accept(f, push, out);
}

static void all_is_wrong(struct fake *f, const struct push *push, struct server_answer *out)
{
	(void)f, (void)push;
	fake_refuse(out, 400, "no");
}

static void no_metadata(struct fake *f, const struct push *push, struct server_answer *out)
{
	for (size_t i = 0; i < push->message->n_streams; i++)
		for (size_t k = 0; k < push->message->streams[i]->n_entries; k++)
			if (push->message->streams[i]->entries[k]->n_structured_metadata) {
				fake_refuse(out, 400, "stream '{app=\"s0\"}' includes structured metadata, but this feature is disallowed. Please see "
						      "`limits_config.allow_structured_metadata` or contact your Loki administrator to enable it");
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
	{ .name = "all is well", .script = accepting, .lines = { 100, 50, 3 }, .pushes_min = 1, .pushes_max = 1 },
	{ .name = "row 86: away, then back", .script = resetting_5, .lines = { 10, 10 }, .pushes_min = 6, .pushes_max = 6, .worst = DEST_BACKOFF,
	  .waited_min_ms = 1000, .waited_max_ms = 16000 },
	{ .name = "row 89: accepts and never answers", .script = silent_once, .lines = { 10 }, .pushes_min = 2, .pushes_max = 2, .worst = DEST_BACKOFF,
	  .options = { .timeout_ms = 100 } },
	{ .name = "row 91: stored, then reset", .script = stored_then_reset, .lines = { 10, 20 }, .pushes_min = 2, .pushes_max = 2 },
	{ .name = "row 93: 429 without Retry-After", .script = rate_limited_3, .lines = { 10 }, .pushes_min = 4, .pushes_max = 4, .worst = DEST_BACKOFF,
	  .waited_min_ms = 750, .waited_max_ms = 3600 },
	{ .name = "row 95: storm of 5xx", .script = storm_of_5xx, .lines = { 10, 10 }, .pushes_min = 11, .pushes_max = 11, .worst = DEST_BACKOFF,
	  .waited_max_ms = 200000 },
	{ .name = "row 96: too old, listed", .script = too_old, .lines = { 100, 50 }, .missing = 7, .reason = DROP_TOO_OLD, .pushes_min = 1, .pushes_max = 1 },
	{ .name = "row 96: too far behind, the last stream tells", .script = too_far_behind, .lines = { 100, 50 }, .missing = 5,
	  .reason = DROP_OUT_OF_ORDER, .pushes_min = 2, .pushes_max = 2 },
	{ .name = "row 97: one poison entry", .script = poison, .lines = { 512, 200 }, .missing = 1, .reason = DROP_REJECTED, .pushes_min = 2, .pushes_max = 24 },
	{ .name = "labels that the server cannot read", .script = labels_cannot_be_parsed, .lines = { 4, 500 }, .missing = 4,
	  .reason = DROP_INVALID_LABELS, .pushes_min = 2, .pushes_max = 9 },
	{ .name = "everything is refused: bounded", .script = all_is_wrong, .lines = { 5000 }, .missing = 5000, .reason = DROP_REJECTED,
	  .pushes_min = 2, .pushes_max = 150 },
	{ .name = "row 98: too large, 413 and gRPC", .script = too_large, .lines = { 500, 300 }, .pushes_min = 8, .pushes_max = 60 },
	{ .name = "row 98: larger than the burst", .script = larger_than_the_burst, .lines = { 100 }, .pushes_min = 4, .pushes_max = 24,
	  .waited_max_ms = 400000 },
	{ .name = "rows 99, 100: 404 and its kin hold", .script = not_found_4, .lines = { 10 }, .pushes_min = 6, .pushes_max = 6, .worst = DEST_HOLD_AUTH,
	  .waited_min_ms = 1000, .waited_max_ms = 16000 },
	{ .name = "260 holds", .script = blocked_3, .lines = { 10 }, .pushes_min = 4, .pushes_max = 4, .worst = DEST_HOLD_BLOCKED,
	  .waited_min_ms = 60000, .waited_max_ms = 120000 },
	{ .name = "row 101: garbage behind a 200", .script = garbage_on_success, .lines = { 10 }, .pushes_min = 1, .pushes_max = 1 },
	{ .name = "row 112: broken replies", .script = broken_replies, .lines = { 10 }, .pushes_min = 6, .pushes_max = 6, .worst = DEST_BACKOFF,
	  .waited_max_ms = 20000 },
	{ .name = "422: dropped and counted", .script = no_valid_stream, .lines = { 10 }, .missing = 10, .reason = DROP_REJECTED, .pushes_min = 1,
	  .pushes_max = 1 },
	{ .name = "structured metadata disallowed", .script = no_metadata, .lines = { 100, 100 }, .pushes_min = 2, .pushes_max = 2 },
	{ .name = "max_retries gives up and counts", .script = resetting_5, .lines = { 10 }, .missing = 10, .reason = DROP_REJECTED, .pushes_min = 4,
	  .pushes_max = 4, .waited_max_ms = 4000, .options = { .max_retries = 3 } },
	{ .name = "max_retries holds on to 404", .script = not_found_4, .lines = { 10 }, .pushes_min = 6, .pushes_max = 6, .waited_max_ms = 16000,
	  .options = { .max_retries = 1 } },
	{ .name = "drop_rate_limited_batches", .script = rate_limited_3, .lines = { 10 }, .missing = 10, .reason = DROP_RATE_LIMITED, .pushes_min = 1,
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
	ck_assert_msg(s.lines_pending == 0 && s.lines_dropped[c->reason] == (uint64_t)c->missing && dropped(&s) == (uint64_t)c->missing,
		      "%s: dropped %llu as %s, %llu in all; want %d", c->name, (unsigned long long)s.lines_dropped[c->reason],
		      drop_reason_names[c->reason], (unsigned long long)dropped(&s), c->missing);
	int pushes = r.fake.pushes;
	ck_assert_msg(pushes >= c->pushes_min && pushes <= c->pushes_max, "%s: %d pushes, want %d..%d", c->name, pushes, c->pushes_min, c->pushes_max);
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

static void resets_mid_body(struct fake *f, const struct push *push, struct server_answer *out)
{
	fake_accept(f, push, out);
}

START_TEST(reset_at_any_byte)
{
	/* Row 90: the connection breaks after n bytes of the request. libcurl repeats some of these by itself, on a new connection,
	 * when a kept one breaks before any answer. */
	static const size_t at[] = { 1, 50, 200, 300, 400, 1000, 1500 };
	static struct rig r;
	rig_open(&r, resets_mid_body);
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
		snprintf(count, sizeof count, "\nuser 'fake', total ignored: %zu out of %zu for stream: {app=\"s0\", service_name=\"s0\"}", entries, entries);
	snprintf(text, sizeof text, "%.800s%s", f->text, count);
	if (is_last)
		fake_refuse(out, 429, text);
	else
		server_reply(out, 204, "", STR(""));
}

static const struct limit_case {
	const char *name, *text;
	bool has_count;
	enum drop_reason reason;
} limit_cases[] = {
	{ "row 114: rate of a stream",
	  "entry with timestamp 2023-11-14 22:13:20 +0000 UTC ignored, reason: 'Per stream rate limit exceeded (limit: 3MB/sec) while attempting to "
	  "ingest for stream '{app=\"s0\", service_name=\"s0\"}' totaling 100B, consider splitting a stream via additional labels or contact your Loki "
	  "administrator to see if the limit can be increased',",
	  true, DROP_RATE_LIMITED },
	{ "row 113: number of streams",
	  "maximum active stream limit exceeded when trying to create stream {app=\"s0\", service_name=\"s0\"}, reduce the number of active streams "
	  "(reduce labels or reduce label values), or contact your Loki administrator to see if the limit can be increased, user: 'fake'",
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
		ck_assert_msg(r.d->state == DEST_IDLE, "%s: the destination as a whole is %s", c->name, destination_state_names[r.d->state]);
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

/* Tokens. The file is a string in the test; NULL is ENOENT. */
struct file {
	const char *content;
	size_t size; /* of an invented one */
};

static int64_t read_file(void *ctx, struct str path, struct buf *out)
{
	const struct file *f = ctx;
	ck_assert(str_eq(path, STR("/secrets/token")));
	if (!f->content)
		return -ENOENT;
	for (size_t i = 0; i < f->size; i += 64)
		buf_str(out, STR("0123456789012345678901234567890123456789012345678901234567890123"));
	if (!f->size)
		buf_str(out, str_of(f->content));
	return 0;
}

/* f->text is the header line that is right. */
static void guarding(struct fake *f, const struct push *push, struct server_answer *out)
{
	bool is_right = contains(push->head, f->text);
	if (is_right)
		fake_accept(f, push, out);
	else
		fake_refuse(out, 401, "who are you? not sesame-one");
}

START_TEST(a_rotated_token_is_read_again)
{
	static struct rig r; /* rows 99, 109 */
	struct file file = { .content = "sesame-one\n" };
	r.options.authorization_credentials_file = STR("/secrets/token");
	r.options.read_file = read_file;
	r.options.read_file_ctx = &file;
	rig_open(&r, guarding);
	snprintf(r.fake.text, sizeof r.fake.text, "\r\nAuthorization: Bearer sesame-one\r\n");
	rig_append(&r, 0, 5);
	ck_assert(rig_run(&r, 10));
	ck_assert_int_eq(r.fake.pushes, 1);

	file.content = ""; /* for a moment empty, then gone: the old one stays */
	r.now_ns += 5 * INT64_C(1000000000);
	rig_append(&r, 0, 5);
	ck_assert(rig_run(&r, 10));
	file.content = NULL;
	r.now_ns += 5 * INT64_C(1000000000);
	rig_append(&r, 0, 5);
	ck_assert(rig_run(&r, 10));
	ck_assert_int_eq(r.fake.pushes, 3);

	file.content = "sesame-one"; /* the server changes first: held, never dropped, and the text does not show the secret */
	snprintf(r.fake.text, sizeof r.fake.text, "\r\nAuthorization: Bearer sesame-two\r\n");
	rig_append(&r, 0, 5);
	ck_assert(!rig_run(&r, 20));
	struct destination_status s = rig_status(&r);
	ck_assert_int_eq(s.state, DEST_HOLD_AUTH);
	ck_assert_int_eq(s.last_status, 401);
	ck_assert_msg(strstr(s.last_error, "401: who are you? not **********"), "last error: %s", s.last_error);
	file.content = "sesame-two\r\n";
	ck_assert(rig_run(&r, 10));
	check_all(&r, "token", 0);
	rig_close(&r);
}
END_TEST

static const struct token_case {
	const char *name, *content;
	size_t size;
	const char *want; /* part of the error */
} token_cases[] = {
	{ "row 110: line break inside", "abc\r\nX-Evil: 1", 0, "control byte inside" },
	{ "row 110: a megabyte", "x", 1 << 20, "larger than 64 KiB" },
	{ "empty from the start", "\n", 0, "is empty" },
	{ "absent from the start", NULL, 0, "No such file" },
};

START_TEST(unusable_tokens_are_not_sent)
{
	const struct token_case *c = &token_cases[_i];
	static struct rig r;
	struct file file = { .content = c->content, .size = c->size };
	r.options.authorization_credentials_file = STR("/secrets/token");
	r.options.read_file = read_file;
	r.options.read_file_ctx = &file;
	rig_open(&r, accepting);
	rig_append(&r, 0, 5);
	ck_assert(!rig_run(&r, 20));
	struct destination_status s = rig_status(&r);
	ck_assert_msg(s.state == DEST_HOLD_AUTH && strstr(s.last_error, c->want), "%s: %s", c->name, s.last_error);
	ck_assert_int_eq(r.fake.pushes, 0);
	file = (struct file){ .content = "good" };
	ck_assert(rig_run(&r, 10));
	check_all(&r, c->name, 0);
	rig_close(&r);
}
END_TEST

/* A token endpoint and a receiver on one server: the path decides. */
static void oauth(void *ctx, const struct server_request *request, struct server_answer *out)
{
	struct fake *f = ctx;
	if (!str_starts(request->head, STR("POST /token "))) {
		fake_serve(ctx, request, out);
		return;
	}
	f->states[0]++;
	bool in_header = contains(request->head, "\r\nAuthorization: Basic aWQ6cyslMjZ0\r\n"); /* id:s+%26t */
	bool in_body = contains(request->body, "client_id=id&client_secret=s+%26t");
	bool has_form = str_starts(request->body, STR("grant_type=client_credentials&scope=a+b"));
	if (!has_form || (f->states[1] ? !in_body : !in_header))
		fake_refuse(out, 401, "{\"error\":\"invalid_client\"}");
	else
		fake_refuse(out, 200, f->states[0] < 4 ? "{\"token_type\":\"bearer\",\"x\":{\"access_token\":\"no\"},\"access_token\":\"t1\",\"expires_in\":60}"
						      : "{\"access_token\":\"t2\"}");
}

START_TEST(oauth2_tokens)
{
	bool wants_body = _i == 1;
	static struct rig r;
	char token_url[64];
	rig_open(&r, guarding);
	destination_free(r.d);
	r.fake.server.script = oauth;
	r.fake.states[1] = wants_body;
	snprintf(token_url, sizeof token_url, "http://127.0.0.1:%d/token", r.fake.server.port);
	r.options.oauth2.client_id = STR("id");
	r.options.oauth2.client_secret = STR("s &t");
	r.options.oauth2.scopes = STR("a b");
	r.options.oauth2.token_url = str_of(token_url);
	char err[256];
	const struct destination_hooks hooks = { &r, rig_settled, rig_wake };
	r.d = destination_new(&r.options, r.host.http, r.drops, &hooks, err);
	snprintf(r.fake.text, sizeof r.fake.text, "\r\nAuthorization: Bearer t1\r\n");
	rig_append(&r, 0, 5);
	ck_assert(rig_run(&r, 20));
	ck_assert_int_eq(r.fake.states[0], wants_body ? 2 : 1);
	rig_append(&r, 0, 5);
	ck_assert(rig_run(&r, 20));
	ck_assert_int_eq(r.fake.states[0], wants_body ? 2 : 1); /* the same token */
	r.now_ns += 55 * INT64_C(1000000000);                    /* ten seconds before its end a new one is fetched */
	rig_append(&r, 0, 5);
	ck_assert(rig_run(&r, 20));
	ck_assert_int_eq(r.fake.states[0], wants_body ? 3 : 2);
	r.fake.states[0] = 3;
	snprintf(r.fake.text, sizeof r.fake.text, "\r\nAuthorization: Bearer t2\r\n"); /* refused before its time */
	rig_append(&r, 0, 5);
	ck_assert(rig_run(&r, 20));
	check_all(&r, "oauth2", 0);
	rig_close(&r);
}
END_TEST

START_TEST(basic_tenant_and_headers_are_sent)
{
	static struct rig r;
	static const struct str headers[] = { STR("X-One: 1"), STR("X-Two: 2") };
	r.options.basic_auth.username = STR("user");
	r.options.basic_auth.password = STR("pass");
	r.options.tenant_id = STR("team-a");
	r.options.headers = headers;
	r.options.header_count = 2;
	rig_open(&r, guarding);
	snprintf(r.fake.text, sizeof r.fake.text, "\r\nContent-Type: application/x-protobuf\r\nX-Scope-OrgID: team-a\r\nAuthorization: Basic dXNlcjpwYXNz\r\n"
						  "X-One: 1\r\nX-Two: 2\r\n");
	rig_append(&r, 0, 5);
	ck_assert(rig_run(&r, 10));
	check_all(&r, "headers", 0);
	rig_close(&r);
}
END_TEST

static void closed(struct fake *f, const struct push *push, struct server_answer *out)
{
	if (f->state)
		fake_accept(f, push, out);
	else
		fake_refuse(out, 503, "no");
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
	rig_open(&r, accepting);
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
	rig_open(&r, accepting);
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
	struct destination_options o = { .url = str_of(c->url), .headers = &header, .header_count = c->header ? 1 : 0 };
	const struct destination_hooks hooks = { 0 };
	o.oauth2.client_id = c->token_url ? STR("id") : (struct str){ 0 };
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
	tcase_add_loop_test(t, faults, 0, COUNT_OF(scenarios));
	tcase_add_loop_test(t, refusals_of_two_kinds_in_one_answer, 0, 2);
	tcase_add_test(t, reset_at_any_byte);
	tcase_add_test(t, retry_after_is_kept_exactly);
	tcase_add_loop_test(t, a_throttled_stream_waits_alone, 0, COUNT_OF(limit_cases));
	tcase_add_loop_test(t, throttled_streams_can_be_dropped_by_policy, 0, COUNT_OF(limit_cases));
	tcase_add_test(t, a_stream_larger_than_its_burst_goes_in_parts);
	tcase_add_test(t, a_rotated_token_is_read_again);
	tcase_add_loop_test(t, unusable_tokens_are_not_sent, 0, COUNT_OF(token_cases));
	tcase_add_loop_test(t, oauth2_tokens, 0, 2);
	tcase_add_test(t, basic_tenant_and_headers_are_sent);
	tcase_add_test(t, the_queue_is_bounded_and_order_is_kept);
	tcase_add_test(t, seals_by_age_and_by_size);
	tcase_add_test(t, marks_without_lines_are_settled_in_their_turn);
	tcase_add_test(t, an_idle_destination_gives_memory_back);
	tcase_add_test(t, what_is_disallowed_is_remembered);
	tcase_add_test(t, freed_in_flight);
	tcase_add_loop_test(t, options_that_cannot_work, 0, COUNT_OF(options_cases));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
