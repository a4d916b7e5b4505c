/* Statuses and bodies, as receivers send them, to actions. */
#include "exporters/otlp/otlp_reply.h"

#include <check.h>

#define BODY(text) { text, sizeof(text) - 1 }

static const struct reply_case {
	const char *name;
	int status;
	struct str body;
	enum reply_action action;
	enum drop_reason reason;
	uint64_t ignored;
	const char *text;
} reply_cases[] = {
	{ "stored", 200, BODY(""), REPLY_ACCEPTED, DROP_REJECTED, 0, "" },
	{ "Loki's", 204, BODY(""), REPLY_ACCEPTED, DROP_REJECTED, 0, "" },
	{ "an empty partial_success is full success", 200, BODY("\x0a\x00"), REPLY_ACCEPTED, DROP_REJECTED, 0, NULL },
	{ "JSON, which we did not ask for", 200, BODY("{\"partialSuccess\":{}}"), REPLY_ACCEPTED, DROP_REJECTED, 0, "{\"partialSuccess\":{}}" },
	{ "partial success", 200, BODY("\x0a\x09\x08\x03\x12\x05" "large"), REPLY_PARTIAL, DROP_PARTIAL_SUCCESS, 3, "large" },
	{ "a remark", 200, BODY("\x0a\x06\x12\x04" "slow"), REPLY_PARTIAL, DROP_PARTIAL_SUCCESS, 0, "slow" },
	{ "a negative number is none", 200, BODY("\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), REPLY_ACCEPTED, DROP_REJECTED, 0, NULL },
	{ "cut short", 200, BODY("\x0a\x09\x08\x03\x12"), REPLY_ACCEPTED, DROP_REJECTED, 0, NULL },
	{ "cut behind the number", 200, BODY("\x0a\x09\x08\x03?\x05" "large"), REPLY_ACCEPTED, DROP_REJECTED, 0, NULL },
	{ "400 with a Status", 400, BODY("\x08\x03\x12\x03" "bad"), REPLY_REFUSED, DROP_REJECTED, 0, "bad" },
	{ "400 with words", 400, BODY("unreadable request"), REPLY_REFUSED, DROP_REJECTED, 0, "unreadable request" },
	{ "Loki's reasons", 400, BODY("\x12\x30" "entry for stream '{a=\"b\"}' has timestamp too old"), REPLY_REFUSED, DROP_TOO_OLD, 0,
	  "entry for stream '{a=\"b\"}' has timestamp too old" },
	{ "422", 422, BODY(""), REPLY_REFUSED, DROP_REJECTED, 0, "" },
	{ "413", 413, BODY("too big"), REPLY_TOO_LARGE, DROP_REQUEST_TOO_LARGE, 0, "too big" },
	{ "behind Loki's door", 503, BODY("\x12\x29" "grpc: received message larger than max (5"), REPLY_TOO_LARGE, DROP_REQUEST_TOO_LARGE, 0, NULL },
	{ "429", 429, BODY("slow down"), REPLY_RATE_LIMITED, DROP_RATE_LIMITED, 0, "slow down" },
	{ "502", 502, BODY(""), REPLY_RETRY, DROP_REJECTED, 0, "" },
	{ "503", 503, BODY("\x08\x0e\x12\x04" "busy"), REPLY_RETRY, DROP_REJECTED, 0, "busy" },
	{ "504", 504, BODY(""), REPLY_RETRY, DROP_REJECTED, 0, "" },
	{ "no answer", 0, BODY(""), REPLY_RETRY, DROP_REJECTED, 0, "" },
	{ "500", 500, BODY(""), REPLY_DOUBTFUL, DROP_REJECTED, 0, "" },
	{ "501", 501, BODY(""), REPLY_DOUBTFUL, DROP_REJECTED, 0, "" },
	{ "401", 401, BODY(""), REPLY_HOLD, DROP_REJECTED, 0, "" },
	{ "403", 403, BODY(""), REPLY_HOLD, DROP_REJECTED, 0, "" },
	{ "404", 404, BODY("404 page not found\n"), REPLY_HOLD, DROP_REJECTED, 0, "404 page not found\n" },
	{ "405", 405, BODY(""), REPLY_HOLD, DROP_REJECTED, 0, "" },
	{ "415", 415, BODY(""), REPLY_HOLD, DROP_REJECTED, 0, "" },
	{ "a redirect", 302, BODY(""), REPLY_HOLD, DROP_REJECTED, 0, "" },
	{ "a proxy's time was over", 408, BODY(""), REPLY_RETRY, DROP_REJECTED, 0, "" },
};

START_TEST(answers_are_read)
{
	const struct reply_case *c = &reply_cases[_i];
	struct push_reply r = otlp_logs_reply(c->status, c->body);
	ck_assert_msg(r.action == c->action, "%s: action %d, want %d", c->name, r.action, c->action);
	ck_assert_msg(r.reason == c->reason, "%s: reason %s, want %s", c->name, drop_reason_names[r.reason], drop_reason_names[c->reason]);
	ck_assert_msg(r.ignored == c->ignored, "%s: %llu refused", c->name, (unsigned long long)r.ignored);
	struct str text = otlp_reply_text(c->status, c->body);
	ck_assert_msg(!c->text || str_eq(text, str_of(c->text)), "%s: says " STR_FMT, c->name, STR_ARG(text));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("otlp_reply");
	TCase *tcase = tcase_create("all");
	tcase_add_loop_test(tcase, answers_are_read, 0, COUNT_OF(reply_cases));
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}
