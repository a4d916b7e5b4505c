/* The file about TLS and users: what it means, and what is said about a bad one. */
#include "agent/web/web_config.h"

#include <check.h>

#include "tests/unit/agent/temp_dir.h"

#define HASH "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"

static struct buf problems;

static struct web_config *parse(const char *text)
{
	buf_init(&problems, 1 << 20);
	struct web_config *c = web_config_parse(str_of(text), STR("/etc/web/w.yml"), &problems);
	buf_char(&problems, '\0');
	return c;
}

START_TEST(everything_is_read)
{
	struct web_config *c = parse("tls_server_config:\n"
				     "  cert_file: server.crt\n"
				     "  key_file: /keys/server.key\n"
				     "  client_ca_file: ca.crt\n"
				     "  client_auth_type: RequireAndVerifyClientCert\n"
				     "  min_version: TLS13\n"
				     "  prefer_server_cipher_suites: true\n"
				     "  cipher_suites: []\n"
				     "http_server_config:\n"
				     "  http2: true\n"
				     "  headers: { X-Frame-Options: deny, Strict-Transport-Security: max-age=1 }\n"
				     "basic_auth_users:\n"
				     "  alice: " HASH "\n"
				     "  bob: " HASH "\n");
	ck_assert_msg(c != NULL, "%s", problems.p);
	ck_assert(c->has_tls);
	ck_assert_str_eq(c->files[1].path.p, "/etc/web/server.crt");
	ck_assert_str_eq(c->files[2].path.p, "/keys/server.key");
	ck_assert_str_eq(c->files[3].path.p, "/etc/web/ca.crt");
	ck_assert_int_eq(c->client_auth, CLIENT_AUTH_VERIFY);
	ck_assert_str_eq(c->min_version.p, "TLS13");
	ck_assert_uint_eq(c->header_count, 2);
	ck_assert_str_eq(c->headers[0].value.p, "deny");
	ck_assert_uint_eq(c->user_count, 2);
	ck_assert_str_eq(c->users[1].name.p, "bob");
	web_config_free(c);
	buf_fini(&problems);
}
END_TEST

static const char *const empties[] = { "", "# nothing\n", "{}", "tls_server_config:\nbasic_auth_users:\n", "tls_server_config: {}\n" };

START_TEST(an_empty_file_asks_for_nothing)
{
	struct web_config *c = parse(empties[_i]);
	ck_assert_msg(c != NULL, "%s", problems.p);
	ck_assert(!c->has_tls && !c->user_count && !c->header_count);
	web_config_free(c);
	buf_fini(&problems);
}
END_TEST

static const struct { const char *text, *wants[3]; } bad[] = {
	{ "basic_auth_user: { a: b }\n", { "/etc/web/w.yml:1:1: basic_auth_user: unknown key; did you mean basic_auth_users?" } },
	{ "basic_auth_users: { alice: hunter2 }\n", { ":1:21: basic_auth_users: expected a user name without ':' and a bcrypt hash" } },
	{ "basic_auth_users:\n  alice: hunter2\n  bob: $1$abc\n", { ":2:3: ", ":3:3: " } },
	{ "basic_auth_users: { 'a:b': " HASH " }\n", { "expected a user name" } },
	{ "basic_auth_users: [a]\n", { "expected a mapping" } },
	{ "tls_server_config: { cert_file: a }\n", { "key_file is missing" } },
	{ "tls_server_config: { key_file: a }\n", { "cert_file is missing" } },
	{ "tls_server_config: { min_version: TLS12 }\n", { "cert_file and key_file are missing" } },
	{ "tls_server_config: { cert_file: a, key_file: b, min_version: 1.2 }\n", { ":1:62: tls_server_config.min_version: expected one of TLS10" } },
	{ "tls_server_config: { cert_file: a, key_file: b, min_version: TLS13, max_version: TLS12 }\n", { "max_version is below" } },
	{ "tls_server_config: { cert_file: a, key_file: b, client_auth_type: RequireAndVerifyClientCert }\n", { "client_ca_file is missing" } },
	{ "tls_server_config: { cert_file: a, key_file: b, client_auth_type: verify }\n", { "expected one of NoClientCert" } },
	{ "tls_server_config: { cert_file: a, key_file: b, client_ca_file: c }\n", { "needs a client_auth_type" } },
	{ "tls_server_config: { cert_file: a, key_file: b, cipher_suites: [X] }\n", { "cipher_suites: is not supported" } },
	{ "tls_server_config: { cert_file: a, cert: x, key_file: b }\n", { "keep one of them" } },
	{ "tls_server_config: x\n", { "expected a mapping" } },
	{ "http_server_config: { headers: { 'X Y': a } }\n", { "not a header" } },
	{ "http_server_config: { headers: { X: \"a\\nb\" } }\n", { "not a header" } },
	{ "http_server_config: { header: { X: a } }\n", { "did you mean headers?" } },
	{ "- a\n", { "expected tls_server_config" } },
	{ "a: [\n", { "/etc/web/w.yml:" } },
};

START_TEST(a_bad_file_is_refused)
{
	struct web_config *c = parse(bad[_i].text);
	ck_assert_msg(c == NULL, "%s: accepted", bad[_i].text);
	for (size_t i = 0; i < 3 && bad[_i].wants[i]; i++)
		ck_assert_msg(strstr(problems.p, bad[_i].wants[i]) != NULL, "%s: want \"%s\" in:\n%s", bad[_i].text, bad[_i].wants[i], problems.p);
	ck_assert_msg(strstr(problems.p, "hunter2") == NULL, "a password is shown:\n%s", problems.p);
	buf_fini(&problems);
}
END_TEST

START_TEST(files_are_read_and_watched)
{
	struct temp_dir d = temp_dir_make();
	static const char text[] = "tls_server_config: { cert_file: c.pem, key_file: k.pem }\n";
	char path[128];
	temp_write(&d, "c.pem", "cert", 4);
	temp_write(&d, "w.yml", text, sizeof text - 1);
	snprintf(path, sizeof path, "%s", temp_path(&d, "w.yml"));
	buf_init(&problems, 1 << 20);
	ck_assert_ptr_null(web_config_load(path, &problems));
	buf_char(&problems, '\0');
	ck_assert_msg(strstr(problems.p, "k.pem: No such file or directory") != NULL, "%s", problems.p);
	temp_write(&d, "k.pem", "key", 3);
	struct web_config *c = web_config_load(path, &problems);
	ck_assert_ptr_nonnull(c);
	ck_assert_str_eq(c->cert.p, "cert");
	ck_assert_str_eq(c->key.p, "key");
	ck_assert(!web_config_is_stale(c));
	temp_write(&d, "k.pem", "other", 5);
	ck_assert(web_config_is_stale(c));
	web_config_free(c);
	ck_assert_ptr_null(web_config_load("/nowhere/w.yml", &problems));
	buf_fini(&problems);
	temp_dir_remove(&d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("web config");
	TCase *t = tcase_create("web config");
	tcase_add_test(t, everything_is_read);
	tcase_add_loop_test(t, an_empty_file_asks_for_nothing, 0, COUNT_OF(empties));
	tcase_add_loop_test(t, a_bad_file_is_refused, 0, COUNT_OF(bad));
	tcase_add_test(t, files_are_read_and_watched);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
