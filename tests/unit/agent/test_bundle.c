/* What leaves the machine in a bundle: the archive's form, and that no secret is in it. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "agent/commands/findings.h"
#include "agent/commands/redact.h"
#include "agent/commands/ustar.h"
#include "config/load.h"
#include "tests/unit/agent/temp_dir.h"

/* ---- tar ---- */

static uint64_t octal(const char *at, size_t n)
{
	char text[16] = "";
	memcpy(text, at, n);
	return strtoull(text, NULL, 8);
}

START_TEST(header)
{
	struct buf out;
	buf_init(&out, 1 << 20);
	ck_assert(ustar_file(&out, STR("a/b.txt"), STR("hello"), 1795255200));
	ck_assert_uint_eq(out.n, 1024);
	ck_assert_str_eq(out.p, "a/b.txt");
	ck_assert_uint_eq(octal(out.p + 100, 7), 0600);
	ck_assert_uint_eq(octal(out.p + 124, 11), 5);
	ck_assert_uint_eq(octal(out.p + 136, 11), 1795255200);
	ck_assert_int_eq(out.p[156], '0');
	ck_assert(memcmp(out.p + 257, "ustar\00000", 8) == 0);
	unsigned sum = 8 * ' ';
	for (size_t i = 0; i < 512; i++)
		sum += i >= 148 && i < 156 ? 0 : (unsigned char)out.p[i];
	ck_assert_uint_eq(octal(out.p + 148, 6), sum);
	ck_assert(memcmp(out.p + 512, "hello\0\0", 7) == 0);
	ck_assert(ustar_file(&out, STR("empty"), (struct str){ 0 }, 0));
	ck_assert_uint_eq(out.n, 1536);
	ustar_end(&out);
	ck_assert_uint_eq(out.n, 2560);
	buf_fini(&out);
}
END_TEST

START_TEST(refused)
{
	static char name[102];
	struct buf out;
	memset(name, 'x', 101);
	buf_init(&out, 1500);
	ck_assert(!ustar_file(&out, str_of(name), STR("x"), 0));
	ck_assert(!ustar_file(&out, STR(""), STR("x"), 0));
	ck_assert(ustar_file(&out, str_take(str_of(name), 100), STR("x"), -5));
	size_t before = out.n;
	ck_assert_msg(!ustar_file(&out, STR("more"), STR("x"), 0), "beyond the ceiling");
	ck_assert_uint_eq(out.n, before);
	buf_fini(&out);
}
END_TEST

/* The system's tar reads it. */
START_TEST(by_tar)
{
	struct temp_dir d = temp_dir_make();
	struct buf out;
	char command[512];
	static char large[100000];
	memset(large, 'z', sizeof large);
	buf_init(&out, 1 << 20);
	ustar_file(&out, STR("spoor/one.txt"), STR("first\n"), 1795255200);
	ustar_file(&out, STR("spoor/two.bin"), (struct str){ large, sizeof large }, 1795255200);
	ustar_end(&out);
	temp_write(&d, "x.tar", out.p, out.n);
	snprintf(command, sizeof command, "cd %s && tar xf x.tar && test \"$(cat spoor/one.txt)\" = first && test $(tr -d -c z <spoor/two.bin | wc -c) = 100000 && rm -r spoor", d.path);
	int status = system(command);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "tar: %d", status);
	buf_fini(&out);
	temp_dir_remove(&d);
}
END_TEST

/* ---- secrets ---- */

static const char *const secrets[] = { "basic-Pw+1", "bearer-tok/2", "oauth-sec3", "file-secret-4", "url-pass-5", "proxy-pass-6", "header-value-7", "param-8-value",
	"rw-token-9", "scrape-param-10" };

static struct config *configuration(struct temp_dir *d)
{
	char yaml[4096];
	struct config_problems problems = { 0 };
	temp_write(d, "password", "file-secret-4\n", 14);
	snprintf(yaml, sizeof yaml, "logs:\n  clients:\n"
		"    - {url: 'http://a/push', basic_auth: {username: u, password: basic-Pw+1}, headers: {X-Key: header-value-7}}\n"
		"    - {url: 'http://b/push', bearer_token: bearer-tok/2, proxy_url: 'http://p:proxy-pass-6@proxy:1'}\n"
		"    - {url: 'http://c/push', oauth2: {client_id: i, client_secret: oauth-sec3, token_url: 'http://t/', endpoint_params: {k: param-8-value}}}\n"
		"    - {url: 'http://d/push', basic_auth: {username: u, password_file: '%s'}}\n"
		"    - {url: 'http://u:url-pass-5@e/push'}\n"
		"metrics:\n  remote_write: [{url: 'http://r/', authorization: {credentials: rw-token-9}}]\n"
		"  scrape_configs: [{job_name: j, params: {token: [scrape-param-10]}, static_configs: [{targets: ['h:1']}]}]\n", temp_path(d, "password"));
	struct config *c = config_load(str_of(yaml), STR("x.yaml"), &problems);
	struct buf text;
	buf_init(&text, 1 << 16);
	config_problems_print(&problems, STR("x.yaml"), &text);
	ck_assert_msg(c != NULL, STR_FMT, STR_ARG(buf_view(&text)));
	buf_fini(&text);
	config_problems_fini(&problems);
	return c;
}

START_TEST(planted)
{
	struct temp_dir d = temp_dir_make();
	struct config *c = configuration(&d);
	struct redact r = { 0 };
	struct buf text, out;
	redact_add_config(&r, c);
	buf_init(&text, 1 << 16);
	buf_init(&out, 1 << 16);
	for (size_t i = 0; i < COUNT_OF(secrets); i++)
		buf_printf(&text, "error %zu: \"%s\" was refused, twice: %s%s; x%sx\n", i, secrets[i], secrets[i], secrets[i], secrets[i]);
	buf_str(&text, STR("dTpiYXNpYy1QdysxCg== no, dTpiYXNpYy1QdysxaaaadTpiYXNpYy1QdysxXX basic%2DPw%2B1 basic-Pw%2B1\n"));
	redact_text(&r, buf_view(&text), &out);
	buf_char(&out, '\0');
	for (size_t i = 0; i < COUNT_OF(secrets); i++)
		ck_assert_msg(!strstr(out.p, secrets[i]), "%s is there:\n%s", secrets[i], out.p);
	ck_assert_msg(!strstr(out.p, "basic-Pw%2B1"), "form-encoded:\n%s", out.p);
	ck_assert_msg(strstr(out.p, "error 9: \"<secret>\" was refused"), "%s", out.p);
	buf_fini(&text);
	buf_fini(&out);
	redact_fini(&r);
	config_free(c);
	temp_dir_remove(&d);
}
END_TEST

static const struct { const char *text, *want; } shapes[] = {
	{ "see https://ann:pw@host:1/p for more", "see https://<secret>@host:1/p for more" },
	{ "see https://host:1/p?token=abc&x=1, and", "see https://host:1/p?<secret>, and" },
	{ "url: \"http://a:b@c/d?e\"}", "url: \"http://<secret>@c/d?<secret>\"}" },
	{ "http://a@b@c/", "http://<secret>@c/" },
	{ "http://host/a@b", "http://host/a@b" },
	{ "Authorization: Bearer abc.def", "Authorization: Bearer <secret>" },
	{ "Authorization: token-1 x", "Authorization: <secret> x" },
	{ "curl said Basic dXNlcg==\nnext", "curl said Basic <secret>\nnext" },
	{ "nothing here: level=info 12:00 a://", "nothing here: level=info 12:00 a://" },
	{ "", "" },
	{ "Bearer ", "Bearer " },
	{ "://", "://" },
};

START_TEST(shape)
{
	struct redact none = { 0 };
	struct buf out;
	buf_init(&out, 4096);
	redact_text(&none, str_of(shapes[_i].text), &out);
	buf_char(&out, '\0');
	ck_assert_str_eq(out.p, shapes[_i].want);
	buf_fini(&out);
}
END_TEST

/* ---- findings ---- */

START_TEST(rows)
{
	struct findings f = { 0 };
	struct buf out;
	buf_init(&out, 4096);
	findings_add(&f, FINDING_OK, "state", STR("/var"), "", "writable, %d ms", 3);
	findings_add(&f, FINDING_FAIL, "destination", STR("a\x1b[31m"), "do this", "refused");
	findings_print(&f, &out);
	buf_char(&out, '\0');
	ck_assert_str_eq(out.p, "ok    state          /var: writable, 3 ms\n"
		"FAIL  destination    a?[31m: refused\n"
		"                     -> do this\n"
		"1 ok, 0 notes, 0 warnings, 1 failed\n");
	buf_reset(&out);
	findings_print_json(&f, &out);
	buf_char(&out, '\0');
	ck_assert_msg(strstr(out.p, "{\"level\":\"fail\",\"area\":\"destination\",\"subject\":\"a?[31m\",\"text\":\"refused\",\"advice\":\"do this\"}") &&
		strstr(out.p, "\"warnings\":0,\"failed\":1}"), "%s", out.p);
	buf_fini(&out);
	findings_fini(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("bundle");
	TCase *tests = tcase_create("bundle");
	tcase_add_test(tests, header);
	tcase_add_test(tests, refused);
	tcase_add_test(tests, by_tar);
	tcase_add_test(tests, planted);
	tcase_add_loop_test(tests, shape, 0, COUNT_OF(shapes));
	tcase_add_test(tests, rows);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
