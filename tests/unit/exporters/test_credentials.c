/* The small parts behind a destination: encodings, secrets in files, token answers, header rules, backoff, the ring of drops. */

#include <check.h>
#include <errno.h>
#include <stdlib.h>

#include "exporters/backoff.h"
#include "exporters/drops.h"
#include "exporters/encode.h"
#include "exporters/http_headers.h"
#include "exporters/oauth2.h"
#include "exporters/secret.h"
#include "exporters/tls_files.h"

static const struct encode_case {
	const char *in, *base64, *form;
} encode_cases[] = {
	{ "", "", "" },
	{ "f", "Zg==", "f" },
	{ "fo", "Zm8=", "fo" },
	{ "foo", "Zm9v", "foo" },
	{ "foob", "Zm9vYg==", "foob" },
	{ "user:p\xc3\xa4ss", "dXNlcjpww6Rzcw==", "user%3Ap%C3%A4ss" },
	{ "a b&c=d+e%", "YSBiJmM9ZCtlJQ==", "a+b%26c%3Dd%2Be%25" },
	{ "-._~", "LS5ffg==", "-._~" },
};

START_TEST(encodings)
{
	const struct encode_case *c = &encode_cases[_i];
	struct buf b;
	buf_init(&b, 1000);
	encode_base64(&b, str_of(c->in));
	ck_assert_msg(str_eq(buf_view(&b), str_of(c->base64)), "%s: " STR_FMT, c->in, STR_ARG(buf_view(&b)));
	buf_reset(&b);
	encode_form(&b, str_of(c->in));
	ck_assert_msg(str_eq(buf_view(&b), str_of(c->form)), "%s: " STR_FMT, c->in, STR_ARG(buf_view(&b)));
	buf_fini(&b);
}
END_TEST

static const struct token_case {
	const char *json, *token, *type; /* token NULL: refused */
	int64_t expires_in_s;
} token_cases[] = {
	{ "{\"access_token\":\"abc\",\"token_type\":\"bearer\",\"expires_in\":3600}", "abc", "Bearer", 3600 },
	{ " {\n \"expires_in\" : \"60\" , \"access_token\" : \"a.b-c_d/e+f=\" } ", "a.b-c_d/e+f=", "Bearer", 60 },
	{ "{\"x\":{\"access_token\":\"no\"},\"y\":[1,{\"a\":\"}\"}],\"access_token\":\"yes\"}", "yes", "Bearer", 0 },
	{ "{\"access_token\":\"a\",\"expires_in\":3599.5,\"token_type\":\"MAC\"}", "a", "MAC", 3599 },
	{ "{\"access_token\":\"a\",\"expires_in\":-1,\"n\":null,\"t\":true}", "a", "Bearer", 0 },
	{ "{\"access_token\":\"a\",\"expires_in\":99999999999999}", "a", "Bearer", 10LL * 365 * 24 * 3600 },
	{ "{\"access_token\":\"a\\nb\"}", NULL, NULL, 0 },
	{ "{\"access_token\":\"a b\"}", NULL, NULL, 0 },
	{ "{\"access_token\":\"\"}", NULL, NULL, 0 },
	{ "{\"access_token\":\"a\"", NULL, NULL, 0 },
	{ "{\"access_token\":\"a", NULL, NULL, 0 },
	{ "{\"error\":\"invalid_client\"}", NULL, NULL, 0 },
	{ "{\"access_token\" \"a\"}", NULL, NULL, 0 },
	{ "[\"access_token\",\"a\"]", NULL, NULL, 0 },
	{ "{}", NULL, NULL, 0 },
	{ "{\"a\":}", NULL, NULL, 0 },
	{ "{\"a\":[[[[", NULL, NULL, 0 },
	{ "<html>", NULL, NULL, 0 },
	{ "", NULL, NULL, 0 },
};

START_TEST(tokens)
{
	const struct token_case *c = &token_cases[_i];
	struct oauth2_token t;
	bool is_read = oauth2_token_read(str_of(c->json), &t);
	ck_assert_msg(is_read == (c->token != NULL), "%s: %d", c->json, is_read);
	if (!is_read)
		return;
	ck_assert_msg(str_eq(t.access_token, str_of(c->token)), "%s: " STR_FMT, c->json, STR_ARG(t.access_token));
	ck_assert_msg(str_eq(t.token_type, str_of(c->type)), "%s: " STR_FMT, c->json, STR_ARG(t.token_type));
	ck_assert_int_eq(t.expires_in_s, c->expires_in_s);
}
END_TEST

static const struct retry_case {
	const char *value;
	int64_t want_ms;
} retry_cases[] = {
	{ "0", 0 }, { "1", 1000 }, { "120", 120000 }, { "300", 300000 }, { "301", 300000 }, { "99999999999999999999999", 300000 },
	{ "-1", 0 }, { "-99999999999999999999", 0 }, { "", -1 }, { "-", -1 }, { "1.5", -1 }, { "1 ", -1 }, { "0x10", -1 },
		{ "soon", -1 },
	{ "Sun, 06 Nov 1994 08:49:37 GMT", 0 }, { "Wed, 15 Nov 2023 00:00:00 GMT", 300000 }, { "Tue, 14 Nov 2023 22:14:20 GMT",
		60000 },
	{ "Tue, 14 Nov 2023 22:14:20 +0000", -1 }, { "Tuesday, 14-Nov-23 22:14:20 GMT", -1 }, { "Tue, 99 Nov 2023 22:14:20 GMT",
		-1 },
	{ "20231114", 300000 }, { "Tue, GMT", -1 }, { "12:00", -1 },
};

START_TEST(retry_after)
{
	const struct retry_case *c = &retry_cases[_i];
	int64_t got = http_retry_after_ms(str_of(c->value), 1700000000); /* Tue, 14 Nov 2023 22:13:20 GMT */
	ck_assert_msg(got == c->want_ms, "\"%s\": %lld, want %lld", c->value, (long long)got, (long long)c->want_ms);
}
END_TEST

static const struct header_case {
	const char *line;
	bool is_safe;
} header_cases[] = {
	{ "A: b", true }, { "X-Scope-OrgID: team|other", true }, { "A:", true }, { "A: tab\there", true },
		{ "A: gr\xc3\xbc\xc3\x9f", true },
	{ "A b: c", false }, { "A", false }, { ":", false }, { ": b", false }, { "A: b\r\nC: d", false }, { "A: b\n", false },
		{ "A: \x7f", false },
	{ "A\t: b", false }, { "\xc3\xbc: b", false }, { "", false },
};

START_TEST(headers)
{
	const struct header_case *c = &header_cases[_i];
	ck_assert_msg(http_header_is_safe(str_of(c->line)) == c->is_safe, "%s", c->line);
}
END_TEST

START_TEST(a_nul_in_a_header_is_not_safe)
{
	ck_assert(!http_header_is_safe(STR("A: b\0c")));
	ck_assert(!http_header_is_safe(STR("A\0: b")));
}
END_TEST

static int64_t read_text(void *ctx, struct str path, struct buf *out)
{
	(void)path;
	const char *content = *(const char *const *)ctx;
	if (!content)
		return -EACCES;
	buf_str(out, str_of(content));
	return 0;
}

START_TEST(a_secret_keeps_its_last_good_value)
{
	static const struct step {
		const char *content;
		int want;
		const char *value, *err;
	} steps[] = {
		{ "one\n", 1, "one", "" },          { "one\r\n", 0, "one", "" },          { "", -1, "one", "is empty" },
		{ NULL, -1, "one", "Permission" },  { "two", 1, "two", "" },              { "th\nree", -1, "two", "control byte" },
		{ "  lead", 1, "  lead", "" },      { "tail \t\n\n", 1, "tail", "" },     { "\n\n", -1, "tail", "is empty" },
	};
	const char *content;
	const struct secret_door door = { read_text, &content };
	struct secret s;
	secret_init(&s, STR("ignored"), STR("/token"));
	ck_assert(!secret_is_set(&s));
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		char err[256] = "";
		content = steps[i].content;
		ck_assert_int_eq(secret_read(&s, &door, err), steps[i].want);
		ck_assert_msg(str_eq(buf_view(&s.value), str_of(steps[i].value)), "step %zu: " STR_FMT, i,
			STR_ARG(buf_view(&s.value)));
		ck_assert_msg(strstr(err, steps[i].err) && (steps[i].want >= 0 || strncmp(err, "/token: ", 8) == 0),
			"step %zu: %s", i, err);
	}
	secret_fini(&s);
	secret_init(&s, STR("literal"), (struct str){ 0 });
	char err[256] = "";
	ck_assert_int_eq(secret_read(&s, &door, err), 0);
	ck_assert(str_eq(buf_view(&s.value), STR("literal")));
	secret_fini(&s);
}
END_TEST

START_TEST(new_tls_content_is_a_new_generation)
{
	const char *content = "cert one";
	const struct secret_door door = { read_text, &content };
	const struct http_tls tls = { .ca_file = STR("/ca"), .cert_file = STR("/cert") };
	const int64_t second = 1000000000;
	struct tls_files t = { 0 };
	tls_files_look(&t, &tls, &door, 0);
	ck_assert_uint_eq(t.generation, 0);
	content = "cert two";
	tls_files_look(&t, &tls, &door, 9 * second); /* not before ten seconds */
	ck_assert_uint_eq(t.generation, 0);
	tls_files_look(&t, &tls, &door, 10 * second);
	ck_assert_uint_eq(t.generation, 1);
	content = NULL; /* in the middle of a swap */
	tls_files_look(&t, &tls, &door, 20 * second);
	content = "cert two";
	tls_files_look(&t, &tls, &door, 30 * second);
	ck_assert_uint_eq(t.generation, 1);
}
END_TEST

START_TEST(backoff_stays_in_its_bounds_and_spreads)
{
	uint64_t random = 12345;
	for (unsigned failures = 1; failures < 100; failures++) {
		int64_t top = failures < 8 ? 500 << (failures - 1) : 30000, low = INT64_MAX, high = 0;
		top = top < 30000 ? top : 30000;
		for (int i = 0; i < 200; i++) {
			int64_t ms = backoff_ms(failures, 500, 30000, &random);
			ck_assert_msg(ms >= 250 && ms <= top, "failure %u: %lld ms, want 250..%lld", failures, (long long)ms,
				(long long)top);
			low = ms < low ? ms : low;
			high = ms > high ? ms : high;
		}
		ck_assert_msg(high - low > (top - 250) / 2, "failure %u: %lld..%lld is not spread", failures, (long long)low,
			(long long)high);
	}
	random = 0;
	ck_assert_int_ge(backoff_ms(1, 0, 0, &random), 0);
	ck_assert_int_le(backoff_ms(4000000000u, 500, 1000, &random), 1000);
}
END_TEST

START_TEST(the_ring_keeps_the_newest)
{
	struct drops *d = drops_new();
	ck_assert_ptr_null(drops_at(d, 0));
	for (uint64_t i = 1; i <= 300; i++) {
		struct drop drop = { .lines = i };
		drops_text(drop.line, sizeof drop.line, STR("text"));
		drops_add(d, &drop);
		ck_assert_uint_eq(drops_at(d, 0)->lines, i);
	}
	ck_assert_uint_eq(drops_at(d, 255)->lines, 45);
	ck_assert_ptr_null(drops_at(d, 256));
	drops_free(d);
	for (size_t i = 0; i < DROP_REASONS; i++)
		ck_assert_ptr_nonnull(drop_reason_names[i]);
}
END_TEST

static const struct text_case {
	struct str in;
	size_t room;
	const char *want;
} text_cases[] = {
	{ STR("abc"), 8, "abc" },
	{ STR("abcdefgh"), 8, "abcdefg" },
	{ STR("a\0b\nc\x7f"), 8, "a b c " },
	{ STR("12345\xe6\x97\xa5"), 8, "12345" },     /* a character is not cut in two */
	{ STR("1234\xe6\x97\xa5"), 8, "1234\xe6\x97\xa5" },
	{ STR("\xff"), 8, "\xef\xbf\xbd" },
	{ STR("\xff\xff\xff"), 8, "\xef\xbf\xbd\xef\xbf\xbd" },
	{ { NULL, 0 }, 8, "" },
};

START_TEST(texts_fit_and_are_valid)
{
	const struct text_case *c = &text_cases[_i];
	char *to = malloc(c->room); /* exactly the room: one byte more is found */
	drops_text(to, c->room, c->in);
	ck_assert_msg(strcmp(to, c->want) == 0, "got \"%s\", want \"%s\"", to, c->want);
	free(to);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("credentials");
	TCase *t = tcase_create("credentials");
	tcase_add_loop_test(t, encodings, 0, COUNT_OF(encode_cases));
	tcase_add_loop_test(t, tokens, 0, COUNT_OF(token_cases));
	tcase_add_loop_test(t, retry_after, 0, COUNT_OF(retry_cases));
	tcase_add_loop_test(t, headers, 0, COUNT_OF(header_cases));
	tcase_add_test(t, a_nul_in_a_header_is_not_safe);
	tcase_add_test(t, a_secret_keeps_its_last_good_value);
	tcase_add_test(t, new_tls_content_is_a_new_generation);
	tcase_add_test(t, backoff_stays_in_its_bounds_and_spreads);
	tcase_add_test(t, the_ring_keeps_the_newest);
	tcase_add_loop_test(t, texts_fit_and_are_valid, 0, COUNT_OF(text_cases));
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed ? 1 : 0;
}
