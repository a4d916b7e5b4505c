/* The listen address turned around: what the agent binds is where it is asked, "all addresses" becoming the loopback. With TLS its own
 * certificate file is what is trusted, unless --web.ca-file names another: whoever may read the agent's configuration knows it. */
#include "agent/commands/ask.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/os.h"
#include "agent/web/web_config.h"
#include "exporters/encode.h"

enum { PROBLEMS_MOST = 1 << 20, FILE_MOST = 64 << 10, PATIENCE_MS = 10000, STREAM_MS = 3600000, URL_ROOM = 16 << 10 };

static const char *file_of(const struct ask *a)
{
	return a->flags.config_file ? a->flags.config_file : "(no configuration file)";
}

static void load(struct ask *a)
{
	buf_init(&a->settings_problem, PROBLEMS_MOST);
	if (settings_load(&a->flags, &a->settings, &a->settings_problem) < 0)
		a->settings = (struct settings){ 0 };
	if (!a->settings.config && a->settings_problem.n == 0)
		buf_printf(&a->settings_problem, "%s cannot be loaded\n", file_of(a));
}

/* ---- address ---- */

static bool is_any(struct str host)
{
	return host.n == 0 || str_eq(host, STR("0.0.0.0")) || str_eq(host, STR("[::]")) || str_eq(host, STR("*"));
}

static bool choose_address(struct ask *a, bool has_tls)
{
	struct str address = str_of(a->settings.listen_address);
	if (!a->settings.config)
		address = a->flags.web_listen_address ? str_of(a->flags.web_listen_address) : STR("127.0.0.1:9195");
	size_t colon = address.n;
	while (colon && address.p[colon - 1] != ':')
		colon--;
	struct str host = str_take(address, colon ? colon - 1 : 0), port = str_skip(address, colon);
	if (!colon || !port.n || address.n > 255) {
		snprintf(a->err, sizeof a->err, "\"%.*s\" is no address of an agent: --web.listen-address=HOST:PORT", STR_ARG(str_take(address, 100)));
		return false;
	}
	if (is_any(host))
		host = STR("127.0.0.1");
	snprintf(a->url, sizeof a->url, "%s://" STR_FMT ":" STR_FMT, has_tls ? "https" : "http", STR_ARG(host), STR_ARG(port));
	return true;
}

/* ---- TLS and user ---- */

/* A name that this certificate is for: the first of its DNS names, else its common name. Empty: none could be read. */
static struct str certificate_name(struct ask *a, struct str path)
{
	char name[256] = "";
	size_t room = sizeof name;
	struct buf pem;
	gnutls_x509_crt_t list[8];
	unsigned count = COUNT_OF(list);
	buf_init(&pem, FILE_MOST + 8192);
	bool is_read = os_read_file(path.p, FILE_MOST, &pem) >= 0;
	gnutls_datum_t data = { (unsigned char *)pem.p, (unsigned)pem.n };
	int got = is_read ? gnutls_x509_crt_list_import(list, &count, &data, GNUTLS_X509_FMT_PEM, 0) : -1;
	buf_fini(&pem);
	if (got < 0)
		return (struct str){ 0 };
	bool is_found = false;
	for (unsigned i = 0; got > 0 && i < 32 && !is_found; i++) {
		room = sizeof name;
		int kind = gnutls_x509_crt_get_subject_alt_name(list[0], i, name, &room, NULL);
		is_found = kind == GNUTLS_SAN_DNSNAME;
		if (kind < 0 && kind != GNUTLS_E_SHORT_MEMORY_BUFFER)
			break;
	}
	room = is_found ? room : sizeof name;
	if (got > 0 && !is_found)
		is_found = gnutls_x509_crt_get_dn_by_oid(list[0], GNUTLS_OID_X520_COMMON_NAME, 0, 0, name, &room) >= 0;
	for (int i = 0; i < got; i++)
		gnutls_x509_crt_deinit(list[i]);
	return is_found ? arena_copy(&a->arena, str_take((struct str){ name, room }, strnlen(name, room))) : (struct str){ 0 };
}

static void choose_tls(struct ask *a, const struct web_config *c)
{
	const struct flags *f = &a->flags;
	a->tls = (struct http_tls){ .ca_file = str_of(f->web_ca_file), .cert_file = str_of(f->web_cert_file), .key_file = str_of(f->web_key_file),
				    .min_version = STR("TLS12") };
	if (a->tls.ca_file.n == 0)
		a->tls.ca_file = arena_copy(&a->arena, c->files[1].path);
	a->tls.server_name = certificate_name(a, c->files[1].path);
}

static bool choose_user(struct ask *a)
{
	const struct flags *f = &a->flags;
	struct buf pair, password;
	if (!f->web_user)
		return true;
	buf_init(&password, FILE_MOST + 8192);
	buf_init(&pair, FILE_MOST * 3);
	int error = f->web_password_file ? os_read_file(f->web_password_file, FILE_MOST, &password) : 0;
	struct str secret = buf_view(&password);
	while (secret.n && (secret.p[secret.n - 1] == '\n' || secret.p[secret.n - 1] == '\r'))
		secret.n--;
	buf_printf(&pair, "%s:" STR_FMT, f->web_user, STR_ARG(secret));
	struct str plain = arena_copy(&a->arena, buf_view(&pair));
	size_t at = pair.n;
	buf_str(&pair, STR("Authorization: Basic "));
	encode_base64(&pair, plain);
	a->headers[0] = arena_copy(&a->arena, str_skip(buf_view(&pair), at));
	a->header_count = 1;
	buf_fini(&pair);
	buf_fini(&password);
	if (error < 0)
		snprintf(a->err, sizeof a->err, "--web.password-file=%.200s: %s", f->web_password_file, strerror(-error));
	return error >= 0;
}

/* Of the agent's web configuration only what it says about TLS: certificate and key are not read here. */
static bool choose_manners(struct ask *a)
{
	const char *path = a->settings.config ? a->settings.web_config_file : a->flags.web_config_file;
	struct buf text, problems;
	struct web_config *c = NULL;
	buf_init(&text, FILE_MOST * 2);
	buf_init(&problems, PROBLEMS_MOST);
	if (path && os_read_file(path, FILE_MOST, &text) >= 0)
		c = web_config_parse(buf_view(&text), str_of(path), &problems);
	bool has_tls = (c && c->has_tls) || a->flags.web_ca_file;
	if (c && c->has_tls)
		choose_tls(a, c);
	else if (has_tls)
		a->tls = (struct http_tls){ .ca_file = str_of(a->flags.web_ca_file), .cert_file = str_of(a->flags.web_cert_file),
					    .key_file = str_of(a->flags.web_key_file) };
	web_config_free(c);
	buf_fini(&problems);
	buf_fini(&text);
	return choose_address(a, has_tls) && choose_user(a);
}

bool ask_open(struct ask *a, const struct flags *flags)
{
	*a = (struct ask){ .flags = *flags };
	if (!flags->config_file && !flags->web_listen_address)
		running_find("/proc", &a->running);
	if (a->running.pid)
		flags_inherit(&a->flags, &a->running.flags);
	load(a);
	return choose_manners(a);
}

void ask_fini(struct ask *a)
{
	settings_fini(&a->settings);
	buf_fini(&a->settings_problem);
	running_fini(&a->running);
	arena_fini(&a->arena);
}

/* ---- asking ---- */

static void explain_silence(struct ask *a, const struct probe_result *r)
{
	bool is_unread = a->flags.config_file && !a->settings.config && !a->flags.web_listen_address;
	const char *hint = is_unread ? "the configuration that was named cannot be read, or is not valid: spoor check FILE says why"
			   : a->running.count > 1 ? "several agents run here, say which with --web.listen-address"
			   : r->is_certificate_refused ? "say whom to trust with --web.ca-file"
			   : "is it running? Say where it listens with --web.listen-address or --config.file";
	snprintf(a->err, sizeof a->err, "no agent answers at %.260s: %.120s; %s", a->url, r->error[0] ? r->error : "no reply", hint);
}

static void explain_status(struct ask *a, const char *path, struct str body)
{
	struct str line = str_take(body, str_find(body, '\n'));
	if (a->status == 401)
		snprintf(a->err, sizeof a->err, "the agent at %.260s wants a user: --web.user=NAME --web.password-file=FILE", a->url);
	else if (a->status == 404)
		snprintf(a->err, sizeof a->err, "what answers at %.260s does not know %.60s: is it another program, or an older version?", a->url, path);
	else
		snprintf(a->err, sizeof a->err, "the agent at %.220s answers %d: %.*s", a->url, a->status, STR_ARG(str_take(line, 180)));
}

static struct http_request request_of(const struct ask *a, struct str url, int64_t timeout_ms)
{
	return (struct http_request){ .url = url, .headers = a->headers, .header_count = a->header_count, .tls = a->tls, .timeout_ms = timeout_ms };
}

bool ask_get(struct ask *a, const char *path, struct buf *out)
{
	char url[URL_ROOM];
	size_t from = out->n;
	snprintf(url, sizeof url, "%s%s", a->url, path);
	struct probe_request request = { .http = request_of(a, str_of(url), PATIENCE_MS), .body = out };
	struct probe_result result;
	probe_run(&request, &result);
	a->status = result.status;
	if (result.stage == PROBE_DONE && result.status == 200)
		return true;
	if (result.stage == PROBE_DONE)
		explain_status(a, path, str_skip(buf_view(out), from));
	else
		explain_silence(a, &result);
	out->n = from;
	return false;
}

bool ask_stream(struct ask *a, const char *path, bool (*take)(void *ctx, struct str piece), void *ctx)
{
	char url[URL_ROOM];
	snprintf(url, sizeof url, "%s%s", a->url, path);
	struct buf refusal;
	buf_init(&refusal, 1024);
	struct probe_request request = { .http = request_of(a, str_of(url), STREAM_MS), .body = &refusal, .take = take, .ctx = ctx };
	struct probe_result result;
	probe_run(&request, &result);
	a->status = result.status;
	bool is_good = result.stage == PROBE_DONE && result.status == 200;
	if (!is_good && result.stage == PROBE_DONE)
		explain_status(a, path, buf_view(&refusal));
	else if (!is_good)
		explain_silence(a, &result);
	buf_fini(&refusal);
	return is_good;
}
