/* Who we are to a receiver: tokens that rotate, OAuth 2.0, basic authentication, tenant and headers as they arrive. */
#include "exporters/destination.h"

#include "tests/unit/exporters/fake_loki.h"

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
		server_refuse(out, 401, "who are you? not sesame-one");
}

/* Credentials under another name: bare, or behind a type; nobody sees them in what the server says. */
START_TEST(a_header_of_another_name)
{
	static struct rig rigs[2];
	struct rig *r = &rigs[_i];
	struct file file = { .content = "sesame-one\n" };
	r->options.endpoint.authorization_header = STR("signoz-ingestion-key");
	r->options.endpoint.authorization_type = _i ? STR("ApiKey") : (struct str){ 0 };
	r->options.endpoint.authorization_credentials_file = STR("/secrets/token");
	r->options.endpoint.read_file = read_file;
	r->options.endpoint.read_file_ctx = &file;
	rig_open(r, guarding);
	snprintf(r->fake.text, sizeof r->fake.text, "\r\nsignoz-ingestion-key: %ssesame-one\r\n", _i ? "ApiKey " : "");
	rig_append(r, 0, 5);
	ck_assert(rig_run(r, 10));
	ck_assert_int_eq(r->fake.pushes, 1);
	snprintf(r->fake.text, sizeof r->fake.text, "\r\nsignoz-ingestion-key: sesame-two\r\n");
	rig_append(r, 0, 5);
	ck_assert(!rig_run(r, 20));
	const struct destination_status s = rig_status(r);
	ck_assert_str_eq(s.last_error, "401: who are you? not **********");
	rig_close(r);
}
END_TEST

START_TEST(a_rotated_token_is_read_again)
{
	static struct rig r; /* rows 99, 109 */
	struct file file = { .content = "sesame-one\n" };
	r.options.endpoint.authorization_credentials_file = STR("/secrets/token");
	r.options.endpoint.read_file = read_file;
	r.options.endpoint.read_file_ctx = &file;
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
	r.options.endpoint.authorization_credentials_file = STR("/secrets/token");
	r.options.endpoint.read_file = read_file;
	r.options.endpoint.read_file_ctx = &file;
	rig_open(&r, fake_accept);
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
		server_refuse(out, 401, "{\"error\":\"invalid_client\"}");
	else
		server_refuse(out, 200, f->states[0] < 4
			? "{\"token_type\":\"bearer\",\"x\":{\"access_token\":\"no\"},\"access_token\":\"t1\",\"expires_in\":60}"
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
	r.options.endpoint.oauth2.client_id = STR("id");
	r.options.endpoint.oauth2.client_secret = STR("s &t");
	r.options.endpoint.oauth2.scopes = STR("a b");
	r.options.endpoint.oauth2.token_url = str_of(token_url);
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
	r.options.endpoint.basic_auth.username = STR("user");
	r.options.endpoint.basic_auth.password = STR("pass");
	r.options.endpoint.tenant_id = STR("team-a");
	r.options.endpoint.headers = headers;
	r.options.endpoint.header_count = 2;
	rig_open(&r, guarding);
	snprintf(r.fake.text, sizeof r.fake.text, "\r\nContent-Type: application/x-protobuf\r\nX-Scope-OrgID: "
		"team-a\r\nAuthorization: Basic dXNlcjpwYXNz\r\n"
						  "X-One: 1\r\nX-Two: 2\r\n");
	rig_append(&r, 0, 5);
	ck_assert(rig_run(&r, 10));
	check_all(&r, "headers", 0);
	rig_close(&r);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("authorization");
	TCase *t = tcase_create("authorization");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, a_header_of_another_name, 0, 2);
	tcase_add_test(t, a_rotated_token_is_read_again);
	tcase_add_loop_test(t, unusable_tokens_are_not_sent, 0, COUNT_OF(token_cases));
	tcase_add_loop_test(t, oauth2_tokens, 0, 2);
	tcase_add_test(t, basic_tenant_and_headers_are_sent);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
