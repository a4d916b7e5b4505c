/* Answers as the real server words them (Loki 3.7.8, seen on the wire), and what they mean. */
#include "exporters/loki_reply.h"

#include <check.h>

#include "parsers/bytes/buf.h"

static const struct reply_case {
	const char *name;
	int status;
	const char *body;
	enum reply_action action;
	enum drop_reason reason;  /* looked at when entries may be dropped because of it */
	const char *stream;
	uint64_t ignored, total, limit, tried;
} reply_cases[] = {
	{ "stored", 204, "", REPLY_ACCEPTED, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "200 with any text", 200, "entry too far behind", REPLY_ACCEPTED, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "blocked is no success", 260, "ingestion blocked for user 'fake' until '2030-01-01T00:00:00Z' with status code "
		"'260'\n", REPLY_BLOCKED,
	  DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "blocked with another status", 429, "ingestion blocked for user 'fake' until '2030-01-01T00:00:00Z' with status code "
		"'429'", REPLY_BLOCKED,
	  DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "no answer", 0, "", REPLY_RETRY, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "odd status", 999, "", REPLY_RETRY, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "interim status at the end", 101, "", REPLY_RETRY, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "redirect", 302, "", REPLY_HOLD, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "401", 401, "no org id\n", REPLY_HOLD, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "403", 403, "", REPLY_HOLD, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "404", 404, "404 page not found\n", REPLY_HOLD, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "405", 405, "", REPLY_HOLD, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "410", 410, "", REPLY_HOLD, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "other 422", 422, "who knows", REPLY_HOLD, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "no stream", 422, "error at least one valid stream is required for ingestion\n", REPLY_INVALID, DROP_REJECTED, "", 0,
		0, 0, 0 },
	{ "408", 408, "", REPLY_RETRY, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "500", 500, "rpc error: code = Unavailable", REPLY_RETRY, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "503", 503, "Ingester is shutting down", REPLY_RETRY, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "413", 413, "<html>nginx</html>", REPLY_TOO_LARGE, DROP_REQUEST_TOO_LARGE, "", 0, 0, 0, 0 },
	{ "gRPC size", 500, "rpc error: code = ResourceExhausted desc = grpc: received message larger than max (5130044 vs. "
		"4194304)\n", REPLY_TOO_LARGE,
	  DROP_REQUEST_TOO_LARGE, "", 0, 0, 0, 0 },
	{ "tenant rate", 429, "ingestion rate limit exceeded for user fake (limit: 1048576 bytes/sec) while attempting to ingest "
		"'1500' lines totaling "
	  "'1359000' bytes, reduce log volume or contact your Loki administrator to see if the limit can be increased\n",
		REPLY_RATE_LIMITED,
	  DROP_RATE_LIMITED, "", 0, 0, 1048576, 1359000 },
	{ "a proxy's 429", 429, "Too many requests", REPLY_RATE_LIMITED, DROP_RATE_LIMITED, "", 0, 0, 0, 0 },
	{ "stream rate", 429, "entry with timestamp 2026-11-21 11:06:39.355754768 +0000 UTC ignored, reason: 'Per stream rate "
		"limit exceeded (limit: 10KB/sec) "
	  "while attempting to ingest for stream '{app=\"d\", service_name=\"d\"}' totaling 906B, consider splitting a stream "
		"via additional labels',\n"
	  "user 'fake', total ignored: 38 out of 60 for stream: {app=\"d\", service_name=\"d\"}\n", REPLY_THROTTLED,
		DROP_RATE_LIMITED,
	  "{app=\"d\", service_name=\"d\"}", 38, 60, 0, 0 },
	{ "stream rate without a count", 429, "Per stream rate limit exceeded (limit: 10KB/sec) while attempting to ingest for "
		"stream '{app=\"d\"}' totaling 9B",
	  REPLY_THROTTLED, DROP_RATE_LIMITED, "{app=\"d\"}", 0, 0, 0, 0 },
	{ "number of streams, quotes inside", 429, "maximum active stream limit exceeded when trying to create stream "
		"{app=\"z2\", q=\"\\u200b\\\"}x\", "
	  "service_name=\"z2\"}, reduce the number of active streams (reduce labels or reduce label values), user: 'fake'\n",
		REPLY_THROTTLED,
	  DROP_STREAM_LIMIT, "{app=\"z2\", q=\"\\u200b\\\"}x\", service_name=\"z2\"}", 0, 0, 0, 0 },
	{ "too far behind", 400, "entry with timestamp 2026-11-21 09:06:39.355754768 +0000 UTC ignored, reason: 'entry too far "
		"behind, entry timestamp is: "
	  "2026-11-21T09:06:39Z, oldest acceptable timestamp is: 2026-11-21T10:06:39Z',\nuser 'fake', total ignored: 3 out of 4 "
		"for stream: "
	  "{app=\"a\", service_name=\"a\"}\n", REPLY_REFUSED, DROP_OUT_OF_ORDER, "{app=\"a\", service_name=\"a\"}", 3, 4, 0, 0 },
	{ "too old", 400, "entry for stream '{app=\"a\"}' has timestamp too old: 2026-11-11T11:06:39Z, oldest acceptable "
		"timestamp is: 2026-11-14T11:06:39Z\n",
	  REPLY_REFUSED, DROP_TOO_OLD, "", 0, 0, 0, 0 },
	{ "unreadable labels", 400, "couldn't parse labels: 1:6: parse error: unexpected end of input inside braces\n",
		REPLY_REFUSED, DROP_INVALID_LABELS, "",
	  0, 0, 0, 0 },
	{ "unreadable body", 400, "snappy: corrupt input\n", REPLY_REFUSED, DROP_REJECTED, "", 0, 0, 0, 0 },
	{ "metadata", 400, "stream '{app=\"a\", service_name=\"a\"}' includes structured metadata, but this feature is "
		"disallowed. Please see "
	  "`limits_config.allow_structured_metadata` or contact your Loki administrator to enable it\n", REPLY_NO_METADATA,
		DROP_STRUCTURED_METADATA, "",
	  0, 0, 0, 0 },
	{ "count that cannot be", 400, "total ignored: 9 out of 4 for stream: {a=\"b\"}", REPLY_REFUSED, DROP_REJECTED,
		"{a=\"b\"}", 9, 4, 0, 0 },
};

START_TEST(replies)
{
	const struct reply_case *c = &reply_cases[_i];
	struct push_reply r = loki_reply_read(c->status, str_of(c->body));
	ck_assert_msg(r.action == c->action, "%s: action %d, want %d", c->name, (int)r.action, (int)c->action);
	ck_assert_msg(r.reason == c->reason, "%s: reason %s, want %s", c->name, drop_reason_names[r.reason],
		drop_reason_names[c->reason]);
	ck_assert_msg(str_eq(r.stream, str_of(c->stream)), "%s: stream " STR_FMT ", want %s", c->name, STR_ARG(r.stream),
		c->stream);
	ck_assert_msg(r.ignored == c->ignored && r.total == c->total && r.has_count == (c->total > 0 && c->ignored <= c->total),
		"%s: %llu of %llu", c->name,
		      (unsigned long long)r.ignored, (unsigned long long)r.total);
	ck_assert_msg(r.limit_bytes == c->limit && r.tried_bytes == c->tried, "%s: %llu of %llu bytes", c->name,
		(unsigned long long)r.tried_bytes,
		      (unsigned long long)r.limit_bytes);
}
END_TEST

#define OLD "has timestamp too old: 2026-11-11T11:06:39Z, oldest acceptable timestamp is: 2026-11-14T11:06:39Z"

static const struct list_case {
	const char *name, *body, *want; /* reason:count:stream for each, "!" where it stops being understood; s = a whole stream */
} list_cases[] = {
	{ "empty", "", "" },
	{ "one, without a head", "entry for stream '{a=\"b\"}' " OLD "\n", "greater_than_max_sample_age:1:{a=\"b\"} " },
	{ "two alike", "2 errors like: entry for stream '{a=\"b\"}' has timestamp too new: 2026-11-21T13:06:39Z",
		"too_far_in_future:2:{a=\"b\"} " },
	{ "three kinds", "2 errors like: max entry size '1000' bytes exceeded for stream '{app=\"a\"}' while adding an entry "
		"with length '2006' bytes; "
	  "1 errors like: entry for stream '{app=\"a\"}' " OLD "; 4 errors like: stream '{app=\"b\"}' has label value too long: "
		"'yyy'\n",
	  "line_too_long:2:{app=\"a\"} greater_than_max_sample_age:1:{app=\"a\"} invalid_labels:s:{app=\"b\"} " },
	{ "too many labels", "entry for stream '{a=\"1\", b=\"2\"}' has 6 label names; limit 4",
		"invalid_labels:s:{a=\"1\", b=\"2\"} " },
	{ "too many labels among others", "1 errors like: entry for stream '{a=\"1\"}' has 6 label names; limit 4; 1 errors "
		"like: entry for stream '{b=\"1\"}' " OLD,
	  "invalid_labels:s:{a=\"1\"} greater_than_max_sample_age:1:{b=\"1\"} " },
	{ "duplicate name", "stream '{a=\"1\", a=\"2\"}' has duplicate label name: 'a'", "invalid_labels:s:{a=\"1\", a=\"2\"} " },
	{ "missing label", "missing required labels 'team,env' for user 'fake' for stream '{a=\"1\"}' (policy: 'x')",
		"invalid_labels:s:{a=\"1\"} " },
	{ "separator inside a label value", "1 errors like: entry for stream '{a=\"; 3 errors like: x\"}' " OLD "; 1 errors "
		"like: entry for stream '{b=\"'}\"}' " OLD,
	  "greater_than_max_sample_age:1:{a=\"; 3 errors like: x\"} greater_than_max_sample_age:1:{b=\"'}\"} " },
	{ "a value that plays a message", "2 errors like: stream '{a=\"1\"}' has label value too long: '; 9 errors like: entry'",
		"invalid_labels:s:{a=\"1\"} !" },
	{ "nobody is named", "error at least one label pair is required per stream", "!" },
	{ "unknown", "something else", "!" },
	{ "known, then unknown", "1 errors like: entry for stream '{a=\"b\"}' " OLD "; 1 errors like: something",
		"greater_than_max_sample_age:1:{a=\"b\"} !" },
	{ "no labels", "entry for stream '' " OLD, "!" },
	{ "open labels", "entry for stream '{a=\"b' " OLD, "!" },
	{ "count of zero", "0 errors like: entry for stream '{a=\"b\"}' " OLD, "!" },
	{ "count too large", "99999999999999999999 errors like: entry for stream '{a=\"b\"}' " OLD, "!" },
	{ "opening without its message", "max entry size '", "!" },
};

START_TEST(lists)
{
	const struct list_case *c = &list_cases[_i];
	struct str body = str_of(c->body);
	struct loki_refusal r;
	struct buf got;
	int status;
	buf_init(&got, 4096);
	while ((status = loki_refusal_next(&body, &r)) > 0) {
		if (r.is_stream)
			buf_printf(&got, "%s:s:" STR_FMT " ", drop_reason_names[r.reason], STR_ARG(r.stream));
		else
			buf_printf(&got, "%s:%llu:" STR_FMT " ", drop_reason_names[r.reason], (unsigned long long)r.count,
				STR_ARG(r.stream));
	}
	if (status < 0)
		buf_char(&got, '!');
	ck_assert_msg(str_eq(buf_view(&got), str_of(c->want)), "%s: got " STR_FMT "\nwant %s", c->name, STR_ARG(buf_view(&got)),
		c->want);
	buf_fini(&got);
}
END_TEST

static const struct match_case {
	const char *ours, *theirs;
	bool want;
} match_cases[] = {
	{ "{app=\"a\"}", "{app=\"a\"}", true },
	{ "{app=\"a\"}", "{app=\"a\", service_name=\"a\"}", true },
	{ "{app=\"a\", z=\"1\"}", "{app=\"a\", service_name=\"a\", z=\"1\"}", true },
	{ "{app=\"a\"}", "{__stream_shard__=\"3\", app=\"a\", service_name=\"a\"}", true },
	{ "{app=\"a\", service_name=\"x\"}", "{app=\"a\", service_name=\"x\"}", true },
	{ "{app=\"a\", service_name=\"x\"}", "{app=\"a\", service_name=\"y\"}", false },
	{ "{app=\"a\"}", "{app=\"b\", service_name=\"b\"}", false },
	{ "{app=\"a\"}", "{app=\"a\", other=\"b\"}", false },
	{ "{app=\"a\", b=\"1\"}", "{app=\"a\", service_name=\"a\"}", false },
	{ "{}", "{service_name=\"unknown_service\"}", true },
	{ "{app=\"a\\\", service_name=\\\"a\"}", "{app=\"a\", service_name=\"a\"}", false },
	{ "", "", false },
	{ "{app=\"a\"}", "", false },
};

START_TEST(matches)
{
	const struct match_case *c = &match_cases[_i];
	ck_assert_msg(loki_labels_match(str_of(c->ours), str_of(c->theirs)) == c->want, "%s and %s", c->ours, c->theirs);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loki_reply");
	TCase *t = tcase_create("loki_reply");
	tcase_add_loop_test(t, replies, 0, COUNT_OF(reply_cases));
	tcase_add_loop_test(t, lists, 0, COUNT_OF(list_cases));
	tcase_add_loop_test(t, matches, 0, COUNT_OF(match_cases));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
