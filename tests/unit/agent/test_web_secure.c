/* Our own port with TLS and users, by libcurl: who is let in, who is not, and that a change of the files needs no restart. The loop runs in
 * a thread of its own, the test is the client. */
#include "agent/web/web.h"

#include <check.h>
#include <crypt.h>
#include <curl/curl.h>
#include <pthread.h>
#include <stdarg.h>
#include <time.h>

#include "tests/unit/agent/temp_dir.h"
#include "tests/unit/agent/web_rig.h"

static struct web_rig rig;
static struct temp_dir dir;
static char reply[1 << 20];
static size_t reply_bytes;

/* A bcrypt of the least cost. */
static const char *hash_of(const char *password)
{
	static struct crypt_data data;
	return crypt_rn(password, "$2b$04$abcdefghijklmnopqrstuu", &data, sizeof data);
}

static void write_config(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void write_config(const char *format, ...)
{
	char text[4096];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof text, format, args);
	va_end(args);
	temp_write(&dir, "w.yml", text, (size_t)n);
}

static void start(void)
{
	static char path[128]; /* it is read again while the server lives */
	snprintf(path, sizeof path, "%s", temp_path(&dir, "w.yml"));
	web_rig_init(&rig);
	web_rig_start(&rig, (struct web_options){ .web_config_file = path, .web_config_age_ms = 20 });
}

static void finish(void)
{
	web_rig_pause(&rig);
	web_rig_fini(&rig);
	temp_dir_remove(&dir);
}

static size_t take(char *bytes, size_t one, size_t n, void *ctx)
{
	(void)ctx;
	n *= one;
	n = n < sizeof reply - 1 - reply_bytes ? n : sizeof reply - 1 - reply_bytes;
	memcpy(reply + reply_bytes, bytes, n);
	reply_bytes += n;
	reply[reply_bytes] = '\0';
	return n;
}

struct ask {
	const char *scheme, *user, *ca, *cert, *key, *path;
	long tls; /* CURL_SSLVERSION_... */
};

/* Status, 0 when no answer came. Head and body are in `reply`. */
static long ask(struct ask a)
{
	char url[256];
	long code = 0;
	reply_bytes = 0;
	reply[0] = '\0';
	CURL *c = curl_easy_init();
	snprintf(url, sizeof url, "%s://127.0.0.1:%u%s", a.scheme ? a.scheme : "http", web_port(rig.web), a.path ? a.path : "/-/healthy");
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, 8000L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_HEADER, 1L);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, a.ca ? 1L : 0L);
	if (a.ca)
		curl_easy_setopt(c, CURLOPT_CAINFO, a.ca);
	if (a.cert)
		curl_easy_setopt(c, CURLOPT_SSLCERT, a.cert);
	if (a.key)
		curl_easy_setopt(c, CURLOPT_SSLKEY, a.key);
	if (a.tls)
		curl_easy_setopt(c, CURLOPT_SSLVERSION, a.tls);
	if (a.user)
		curl_easy_setopt(c, CURLOPT_USERPWD, a.user);
	if (curl_easy_perform(c) == CURLE_OK)
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_cleanup(c);
	return code;
}

static const struct { const char *user, *path; long code; } logins[] = {
	{ "alice:opensesame", NULL, 200 }, { "bob:b:o:b", "/metrics", 200 }, { "alice:opensesam", NULL, 401 }, { "alice:", NULL, 401 },
	{ "nobody:opensesame", NULL, 401 }, { ":opensesame", NULL, 401 }, { NULL, NULL, 401 }, { NULL, "/metrics", 401 }, { NULL, "/", 401 },
	{ NULL, "/api/v1/status", 401 }, { NULL, "/nowhere", 401 },
};

START_TEST(users_are_asked_for_their_password)
{
	char alice[128];
	dir = temp_dir_make();
	snprintf(alice, sizeof alice, "%s", hash_of("opensesame"));
	write_config("basic_auth_users:\n  alice: %s\n  bob: %s\n", alice, hash_of("b:o:b"));
	start();
	for (int round = 0; round < 3; round++) /* from the second on, answers are remembered */
		for (size_t i = 0; i < COUNT_OF(logins); i++) {
			long code = ask((struct ask){ .user = logins[i].user, .path = logins[i].path });
			ck_assert_msg(code == logins[i].code, "round %d: %s: got %ld, want %ld", round, logins[i].user, code, logins[i].code);
			ck_assert_msg((strstr(reply, "WWW-Authenticate: Basic") != NULL) == (code == 401), "%.300s", reply);
			ck_assert_msg(code == 200 || !strstr(reply, "spoor_"), "%.300s", reply);
		}
	finish();
}
END_TEST

static void *one_login(void *user)
{
	char url[256];
	long code = 0;
	CURL *c = curl_easy_init();
	snprintf(url, sizeof url, "http://127.0.0.1:%u/-/healthy", web_port(rig.web));
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(c, CURLOPT_USERPWD, user);
	if (curl_easy_perform(c) == CURLE_OK)
		curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_cleanup(c);
	return (void *)(intptr_t)code;
}

START_TEST(many_at_once_all_get_their_answer)
{
	enum { CLIENTS = 24 };
	static char users[CLIENTS][32];
	pthread_t threads[CLIENTS];
	dir = temp_dir_make();
	write_config("basic_auth_users: { alice: %s }\n", hash_of("opensesame"));
	start();
	for (int i = 0; i < CLIENTS; i++) {
		snprintf(users[i], sizeof users[i], i % 3 ? "alice:wrong%d" : "alice:opensesame", i);
		ck_assert_int_eq(pthread_create(&threads[i], NULL, one_login, users[i]), 0);
	}
	for (int i = 0; i < CLIENTS; i++) {
		void *code;
		pthread_join(threads[i], &code);
		ck_assert_msg((intptr_t)code == (i % 3 ? 401 : 200), "%s: got %ld", users[i], (long)(intptr_t)code);
	}
	finish();
}
END_TEST

START_TEST(stopping_does_not_wait_for_a_hash)
{
	dir = temp_dir_make();
	write_config("basic_auth_users: { alice: %s }\n", "$2b$12$abcdefghijklmnopqrstuuFT0lvF1M0vY6ZDZRkrcuzAuPkTkBN1a");
	start();
	static char user[] = "alice:x";
	pthread_t client;
	ck_assert_int_eq(pthread_create(&client, NULL, one_login, user), 0);
	nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	finish();
	pthread_join(client, NULL); /* whatever it heard */
}
END_TEST

/* Until the change is seen. */
static long ask_until(struct ask a, long want)
{
	long code = 0;
	for (int i = 0; i < 100 && (code = ask(a)) != want; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	return code;
}

START_TEST(a_changed_file_is_in_force_without_a_restart)
{
	dir = temp_dir_make();
	write_config("basic_auth_users: { alice: %s }\n", hash_of("old"));
	start();
	ck_assert_int_eq(ask((struct ask){ .user = "alice:old" }), 200);
	write_config("basic_auth_users: { alice: %s }\nhttp_server_config: { headers: { X-Own: yes, X-Content-Type-Options: other } }\n", hash_of("new"));
	ck_assert_int_eq(ask_until((struct ask){ .user = "alice:new" }, 200), 200);
	ck_assert_ptr_nonnull(strstr(reply, "X-Own: yes"));
	ck_assert_ptr_nonnull(strstr(reply, "X-Content-Type-Options: other"));
	ck_assert_ptr_null(strstr(reply, "nosniff"));
	ck_assert_int_eq(ask((struct ask){ .user = "alice:old" }), 401);
	write_config("basic_auth_users: { alice: nonsense }\n"); /* a bad one changes nothing */
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	ck_assert_int_eq(ask((struct ask){ .user = "alice:new" }), 200);
	finish();
}
END_TEST

#define PEM(name) CERTIFICATES "/" name /* made by tests/unit/certificates.sh */
#define TLS_CONFIG "tls_server_config: { cert_file: " PEM("server.pem") ", key_file: " PEM("server.key") "%s }\n"

START_TEST(tls_and_its_versions)
{
	dir = temp_dir_make();
	write_config(TLS_CONFIG, ", min_version: TLS13");
	start();
	ck_assert_int_eq(ask((struct ask){ .scheme = "https", .ca = PEM("ca.pem") }), 200);
	ck_assert_int_eq(ask((struct ask){ .scheme = "https", .ca = PEM("stranger.pem") }), 0);
	ck_assert_int_eq(ask((struct ask){ .scheme = "https", .tls = CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2 }), 0);
	ck_assert_int_eq(ask((struct ask){ .scheme = "https", .path = "/metrics" }), 200);
	ck_assert_ptr_nonnull(strstr(reply, "spoor_build_info"));
	ck_assert_int_eq(ask((struct ask){ .scheme = "http" }), 0);
	finish();
}
END_TEST

static const struct { const char *type; bool with_none, with_client, with_stranger; } client_auths[] = {
	{ "RequestClientCert", true, true, true },
	{ "RequireAnyClientCert", false, true, true },
	{ "VerifyClientCertIfGiven", true, true, false },
	{ "RequireAndVerifyClientCert", false, true, false },
};

START_TEST(clients_show_their_certificate)
{
	char more[256];
	dir = temp_dir_make();
	snprintf(more, sizeof more, ", client_ca_file: %s, client_auth_type: %s", PEM("ca.pem"), client_auths[_i].type);
	write_config(TLS_CONFIG, more);
	start();
	long none = ask((struct ask){ .scheme = "https" });
	long client = ask((struct ask){ .scheme = "https", .cert = PEM("client.pem"), .key = PEM("client.key") });
	long stranger = ask((struct ask){ .scheme = "https", .cert = PEM("stranger.pem"), .key = PEM("stranger.key") });
	ck_assert_msg((none == 200) == client_auths[_i].with_none, "%s: without: %ld", client_auths[_i].type, none);
	ck_assert_msg((client == 200) == client_auths[_i].with_client, "%s: with one: %ld", client_auths[_i].type, client);
	ck_assert_msg((stranger == 200) == client_auths[_i].with_stranger, "%s: with a stranger's: %ld", client_auths[_i].type, stranger);
	finish();
}
END_TEST

static void copy_file(const char *from, const char *to)
{
	char text[4096];
	FILE *f = fopen(from, "r");
	ck_assert_ptr_nonnull(f);
	size_t n = fread(text, 1, sizeof text, f);
	fclose(f);
	temp_write(&dir, to, text, n);
}

static char *subject(void)
{
	static char name[256];
	struct curl_certinfo *info = NULL;
	char url[128];
	name[0] = '\0';
	CURL *c = curl_easy_init();
	snprintf(url, sizeof url, "https://127.0.0.1:%u/-/healthy", web_port(rig.web));
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(c, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	if (curl_easy_perform(c) == CURLE_OK && curl_easy_getinfo(c, CURLINFO_CERTINFO, &info) == CURLE_OK && info->num_of_certs > 0)
		for (struct curl_slist *l = info->certinfo[0]; l; l = l->next)
			if (strncmp(l->data, "Subject:", 8) == 0)
				snprintf(name, sizeof name, "%s", l->data);
	curl_easy_cleanup(c);
	return name;
}

START_TEST(a_renewed_certificate_is_shown)
{
	dir = temp_dir_make();
	copy_file(PEM("server.pem"), "c.pem");
	copy_file(PEM("server.key"), "k.pem");
	write_config("tls_server_config: { cert_file: c.pem, key_file: k.pem }\n");
	start();
	ck_assert_msg(strstr(subject(), "localhost") != NULL, "%s", subject());
	copy_file(PEM("server2.pem"), "c.pem"); /* without its key for a while: the old pair stays */
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	ck_assert_msg(strstr(subject(), "localhost") != NULL, "%s", subject());
	copy_file(PEM("server2.key"), "k.pem");
	/* A connection that was waiting when the new pair came is still greeted with the old one: three in a row tell. */
	int in_a_row = 0;
	for (int i = 0; i < 100 && in_a_row < 3; i++) {
		in_a_row = strstr(subject(), "renewed") ? in_a_row + 1 : 0;
		nanosleep(&(struct timespec){ .tv_nsec = 50000000 }, NULL);
	}
	ck_assert_msg(in_a_row == 3, "%s", subject());
	finish();
}
END_TEST

/* What a reload does, on the loop's thread and not from inside a request. */
static bool set_config(const char *path, char err[256])
{
	web_rig_pause(&rig);
	bool is_taken = web_set_config_file(rig.web, path, err);
	web_rig_resume(&rig);
	return is_taken;
}

START_TEST(another_file_at_the_same_address)
{
	char err[256] = "", users[128], tls[128], bad[128];
	dir = temp_dir_make();
	write_config("http_server_config: {}\n");
	start();
	ck_assert_int_eq(ask((struct ask){ 0 }), 200);
	snprintf(users, sizeof users, "%s", temp_path(&dir, "users.yml"));
	snprintf(tls, sizeof tls, "%s", temp_path(&dir, "tls.yml"));
	snprintf(bad, sizeof bad, "%s", temp_path(&dir, "bad.yml"));
	char text[512];
	int n = snprintf(text, sizeof text, "basic_auth_users: { alice: %s }\n", hash_of("open"));
	temp_write(&dir, "users.yml", text, (size_t)n);
	n = snprintf(text, sizeof text, TLS_CONFIG, "");
	temp_write(&dir, "tls.yml", text, (size_t)n);
	temp_write(&dir, "bad.yml", "users: {}\n", 10);
	ck_assert_msg(set_config(users, err), "%s", err);
	ck_assert_int_eq(ask((struct ask){ 0 }), 401);
	ck_assert_int_eq(ask((struct ask){ .user = "alice:open" }), 200);
	ck_assert_msg(set_config(tls, err), "%s", err);
	ck_assert_int_eq(ask((struct ask){ .scheme = "http" }), 0);
	ck_assert_int_eq(ask((struct ask){ .scheme = "https", .ca = PEM("ca.pem") }), 200);
	ck_assert(!set_config(bad, err));
	ck_assert_ptr_nonnull(strstr(err, "bad.yml is not valid"));
	ck_assert_int_eq(ask((struct ask){ .scheme = "https", .ca = PEM("ca.pem") }), 200);
	ck_assert_msg(set_config(NULL, err), "%s", err);
	ck_assert_int_eq(ask((struct ask){ 0 }), 200);
	ck_assert_msg(set_config(users, err), "%s", err);
	ck_assert_int_eq(ask((struct ask){ 0 }), 401);
	finish();
}
END_TEST

START_TEST(a_bad_file_is_no_server)
{
	char err[256] = "", path[128];
	dir = temp_dir_make();
	write_config("basic_auth_user: {}\n");
	snprintf(path, sizeof path, "%s", temp_path(&dir, "w.yml"));
	struct loop *loop = loop_new();
	struct web_options options = { .listen_address = STR("127.0.0.1:0"), .status = web_rig_status, .web_config_file = path };
	ck_assert_ptr_null(web_start(loop, &options, err));
	ck_assert_msg(strstr(err, "w.yml is not valid") != NULL, "%s", err);
	write_config("tls_server_config: { cert_file: " PEM("server.pem") ", key_file: " PEM("client.key") " }\n");
	ck_assert_ptr_null(web_start(loop, &options, err));
	ck_assert_msg(strstr(err, "belong together") != NULL, "%s", err);
	loop_free(loop);
	temp_dir_remove(&dir);
}
END_TEST

int main(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
	Suite *s = suite_create("web secure");
	TCase *t = tcase_create("web secure");
	tcase_set_timeout(t, 30);
	tcase_add_test(t, users_are_asked_for_their_password);
	tcase_add_test(t, many_at_once_all_get_their_answer);
	tcase_add_test(t, stopping_does_not_wait_for_a_hash);
	tcase_add_test(t, a_changed_file_is_in_force_without_a_restart);
	tcase_add_test(t, tls_and_its_versions);
	tcase_add_loop_test(t, clients_show_their_certificate, 0, COUNT_OF(client_auths));
	tcase_add_test(t, a_renewed_certificate_is_shown);
	tcase_add_test(t, another_file_at_the_same_address);
	tcase_add_test(t, a_bad_file_is_no_server);
	suite_add_tcase(s, t);
	SRunner *r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	int failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
