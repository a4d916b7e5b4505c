/* What every endpoint's options must be, and the part of a request that comes from them. */
#include "exporters/endpoint.h"

#include <check.h>
#include <stdio.h>

#include "exporters/credentials.h"
#include "exporters/tls_files.h"

static const char *const reserved[] = { "host", "retry-attempt" };

static const struct check_case {
	const char *name, *url, *token_url, *header, *want; /* want: of the sentence; NULL: the options can work */
} check_cases[] = {
	{ "plain", "http://h/", NULL, NULL, NULL },
	{ "no url", "", NULL, NULL, "url must be" },
	{ "another scheme", "unix:///x", NULL, NULL, "url must be" },
	{ "token_url", "http://h/", "https://t/", NULL, NULL },
	{ "a token_url that is none", "http://h/", "t", NULL, "oauth2.token_url must be" },
	{ "a header", "http://h/", NULL, "X-A: 1", NULL },
	{ "a header without a value", "http://h/", NULL, "X-A:", NULL },
	{ "a header without a colon", "http://h/", NULL, "X-A", "header X-A must be" },
	{ "a header without a name", "http://h/", NULL, ": 1", "must be \"Name: value\"" },
	{ "a header with a line end", "http://h/", NULL, "X-A: 1\r\nX-B: 2", "header X-A must be" },
	{ "a header with DEL", "http://h/", NULL, "X-A: \x7f", "header X-A must be" },
	{ "the protocol's header", "http://h/", NULL, "HOST: x", "header host is set by the program itself." },
	{ "the protocol's header, badly", "http://h/", NULL, "Retry-Attempt", "header retry-attempt is set by" },
};

START_TEST(checked)
{
	const struct check_case *c = &check_cases[_i];
	char err[256] = "", shown[64] = "";
	const struct str headers[] = { STR("X-First: 1"), str_of(c->header) };
	struct endpoint_options o = { .url = str_of(c->url), .headers = headers, .header_count = c->header ? 2 : 1 };
	if (c->token_url)
		o.oauth2 = (struct oauth2_options){ .client_id = STR("id"), .token_url = str_of(c->token_url) };
	bool is_good = endpoint_check(&o, reserved, COUNT_OF(reserved), shown, sizeof shown, err);
	ck_assert_msg(is_good == !c->want, "%s: \"%s\"", c->name, err);
	ck_assert_msg(!c->want || strstr(err, c->want), "%s: got \"%s\", want \"%s\"", c->name, err, c->want);
	ck_assert_msg(c->want || !err[0], "%s: \"%s\"", c->name, err);
	if (is_good)
		ck_assert_str_eq(shown, c->url);
}
END_TEST

START_TEST(nothing_reserved)
{
	char err[256] = "", shown[64];
	const struct str header = STR("Host: x");
	const struct endpoint_options o = { .url = STR("http://u:secret@h/p?q=1"), .headers = &header, .header_count = 1 };
	ck_assert_msg(endpoint_check(&o, NULL, 0, shown, sizeof shown, err), "%s", err);
	ck_assert_str_eq(shown, "http://h/p");
}
END_TEST

enum { ROOM = 6 };
static const struct headers_case {
	const char *name, *tenant, *credentials;
	size_t own;
	const char *want; /* joined with '|' */
} headers_cases[] = {
	{ "none", NULL, NULL, 0, "A: 1" },
	{ "tenant", "blue", NULL, 0, "A: 1|X-Scope-OrgID: blue" },
	{ "credentials", NULL, "Authorization: Bearer x", 0, "A: 1|Authorization: Bearer x" },
	{ "all, in order", "blue", "Authorization: Bearer x", 2, "A: 1|X-Scope-OrgID: blue|Authorization: Bearer x|X-0: v|X-1: v" },
	{ "more than there is room", "blue", NULL, 9, "A: 1|X-Scope-OrgID: blue|X-0: v|X-1: v|X-2: v|X-3: v" },
};

START_TEST(headers)
{
	const struct headers_case *c = &headers_cases[_i];
	struct str own[9], got[ROOM] = { STR("A: 1") };
	char lines[9][16], joined[256] = "";
	struct buf text;
	for (size_t i = 0; i < COUNT_OF(own); i++) {
		snprintf(lines[i], sizeof lines[i], "X-%zu: v", i);
		own[i] = str_of(lines[i]);
	}
	const struct endpoint_options o = { .tenant_id = str_of(c->tenant), .headers = own, .header_count = c->own };
	buf_init(&text, 256);
	buf_str(&text, STR("before")); /* the tenant's line goes behind what is there */
	size_t n = endpoint_headers(&o, str_of(c->credentials), got, 1, ROOM, &text);
	ck_assert_uint_le(n, ROOM);
	for (size_t i = 0, at = 0; i < n; i++)
		at += (size_t)snprintf(joined + at, sizeof joined - at, "%s" STR_FMT, i ? "|" : "", STR_ARG(got[i]));
	ck_assert_msg(strcmp(joined, c->want) == 0, "%s: got %s", c->name, joined);
	buf_fini(&text);
}
END_TEST

static int64_t read_file(void *ctx, struct str path, struct buf *out)
{
	ck_assert(str_eq(path, STR("/ca.pem")));
	buf_str(out, str_of(ctx));
	return 0;
}

START_TEST(a_new_certificate_is_another_generation)
{
	char content[] = "one";
	const struct endpoint_options o = {
		.url = STR("https://h/"), .proxy_url = STR("http://p/"), .timeout_ms = 7, .follow_redirects = true,
		.tls = { .ca_file = STR("/ca.pem"), .generation = 99 }, .read_file = read_file, .read_file_ctx = content,
	};
	struct tls_files files = { 0 };
	int64_t now_ns = 1000000000000;
	struct http_request first = endpoint_request(&o, &files, now_ns);
	ck_assert(str_eq(first.url, o.url) && str_eq(first.proxy_url, o.proxy_url) && str_eq(first.tls.ca_file, o.tls.ca_file));
	ck_assert(first.timeout_ms == 7 && first.follow_redirects && first.header_count == 0 && first.body.n == 0);
	ck_assert_uint_eq(first.tls.generation, files.generation);
	content[0] = 'O';
	ck_assert_uint_eq(endpoint_request(&o, &files, now_ns + 1).tls.generation, first.tls.generation); /* looked a moment ago */
	ck_assert_uint_ne(endpoint_request(&o, &files, now_ns + 60 * INT64_C(1000000000)).tls.generation, first.tls.generation);
}
END_TEST

START_TEST(an_error_shows_no_secret)
{
	char shown[32];
	const struct endpoint_options o = { .authorization_type = STR("Bearer"), .authorization_credentials = STR("s3cret") };
	struct credentials *c = credentials_new(&o, NULL, NULL, NULL);
	ck_assert_int_eq(credentials_prepare(c, 1000000000), CREDENTIALS_READY);
	endpoint_error(c, "401: ", STR("s3cret\tis s3cret\xff\r\n\n"), shown, sizeof shown);
	ck_assert_str_eq(shown, "401: ****** is ******\xef\xbf\xbd");
	endpoint_error(c, "", STR("0123456789012345678901234567890123456789"), shown, sizeof shown);
	ck_assert_str_eq(shown, "0123456789012345678901234567890");
	credentials_free(c);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("endpoint");
	TCase *t = tcase_create("endpoint");
	tcase_add_loop_test(t, checked, 0, COUNT_OF(check_cases));
	tcase_add_test(t, nothing_reserved);
	tcase_add_loop_test(t, headers, 0, COUNT_OF(headers_cases));
	tcase_add_test(t, a_new_certificate_is_another_generation);
	tcase_add_test(t, an_error_shows_no_secret);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
