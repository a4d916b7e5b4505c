/* libcurl's easy interface around the same set-up as exporters/http.c. Where it stopped is read out of the times that libcurl has taken: a
 * step that has none was not finished. */
#include "exporters/probe.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "exporters/http_headers.h"
#include "exporters/http_setup.h"
#include "parsers/bytes/rfc3339.h"

struct probe {
	const struct probe_request *request;
	struct probe_result *out;
	CURL *easy;
};

/* "2026-11-23 17:36:00 GMT" (GnuTLS) or "Nov 23 17:36:00 2026 GMT" (OpenSSL); 0: neither. */
static int64_t date_of(const char *text)
{
	char iso[RFC3339_ROOM] = "";
	int64_t ns;
	if (strlen(text) >= 19 && text[4] == '-' && text[10] == ' ') {
		snprintf(iso, sizeof iso, "%.10sT%.8sZ", text, text + 11);
		return rfc3339_parse(str_of(iso), &ns) ? ns / 1000000000 : 0;
	}
	int64_t s = (int64_t)curl_getdate(text, NULL);
	return s > 0 ? s : 0;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
	struct probe *p = ctx;
	struct str line = { bytes, size * count }, value;
	char date[64];
	while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	if (!http_header_value(line, STR("date"), &value))
		return size * count;
	snprintf(date, sizeof date, STR_FMT, STR_ARG(str_take(value, sizeof date - 1)));
	p->out->date_s = date_of(date);
	return size * count;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct probe *p = ctx;
	struct buf *body = p->request->body;
	size_t n = size * count;
	long status = 0;
	curl_easy_getinfo(p->easy, CURLINFO_RESPONSE_CODE, &status);
	if (p->request->take && status == 200) {
		p->out->has_ended = !p->request->take(p->request->ctx, (struct str){ bytes, n });
		return p->out->has_ended ? 0 : n;
	}
	size_t room = body ? body->cap_bytes - body->n : 0;
	if (body)
		buf_append(body, bytes, n < room ? n : room);
	return n;
}

static void set_options(struct probe *p, char *error)
{
	CURL *easy = p->easy;
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "spoor/" SPOOR_VERSION);
	curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, p);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, p);
	if (p->request->is_dial_only)
		curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
}

static void take_field(struct probe_result *out, struct str line)
{
	struct str name = str_cut(&line, ':');
	char text[256];
	snprintf(text, sizeof text, STR_FMT, STR_ARG(str_take(line, sizeof text - 1)));
	if (str_ieq(name, STR("subject")))
		snprintf(out->subject, sizeof out->subject, "%s", text);
	else if (str_ieq(name, STR("issuer")))
		snprintf(out->issuer, sizeof out->issuer, "%s", text);
	else if (str_ieq(name, STR("start date")))
		out->not_before_s = date_of(text);
	else if (str_ieq(name, STR("expire date")))
		out->not_after_s = date_of(text);
}

static void take_certificate(CURL *easy, struct probe_result *out)
{
	struct curl_certinfo *chain = NULL;
	if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || !chain || chain->num_of_certs < 1)
		return;
	for (const struct curl_slist *field = chain->certinfo[0]; field; field = field->next)
		take_field(out, str_of(field->data));
}

static bool is_done(CURL *easy, CURLINFO when)
{
	curl_off_t us = 0;
	return curl_easy_getinfo(easy, when, &us) == CURLE_OK && us > 0;
}

static enum probe_stage stage_of(CURL *easy, CURLcode code, bool is_https)
{
	if (code == CURLE_OK)
		return PROBE_DONE;
	if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY || !is_done(easy, CURLINFO_NAMELOOKUP_TIME_T))
		return PROBE_NAME;
	/* libcurl counts as connected only what has shaken hands. */
	if (is_https && (code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CIPHER))
		return PROBE_TLS;
	if (code == CURLE_COULDNT_CONNECT || !is_done(easy, CURLINFO_CONNECT_TIME_T))
		return PROBE_CONNECT;
	return is_https && !is_done(easy, CURLINFO_APPCONNECT_TIME_T) ? PROBE_TLS : PROBE_REPLY;
}

static void finish(struct probe *p, CURLcode code, const char *error)
{
	CURL *easy = p->easy;
	struct probe_result *out = p->out;
	const char *address = NULL;
	long status = 0;
	code = out->has_ended ? CURLE_OK : code;
	out->stage = stage_of(easy, code, str_ieq(str_take(p->request->http.url, 6), STR("https:")));
	out->is_too_late = code == CURLE_OPERATION_TIMEDOUT;
	out->is_certificate_refused = code == CURLE_PEER_FAILED_VERIFICATION;
	if (curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK && code == CURLE_OK)
		out->status = (int)status;
	if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK && address)
		snprintf(out->address, sizeof out->address, "%s", address);
	if (code != CURLE_OK)
		snprintf(out->error, sizeof out->error, "%.255s", error[0] ? error : curl_easy_strerror(code));
	take_certificate(easy, out);
}

void probe_run(const struct probe_request *request, struct probe_result *out)
{
	struct http_setup setup = { 0 };
	char error[CURL_ERROR_SIZE] = "";
	*out = (struct probe_result){ .stage = PROBE_REQUEST };
	struct probe p = { request, out, curl_global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl_easy_init() };
	if (!p.easy)
		abort();
	if (http_setup(&setup, p.easy, &request->http)) {
		set_options(&p, error);
		finish(&p, curl_easy_perform(p.easy), error);
	} else {
		snprintf(out->error, sizeof out->error, "the request cannot be made: a bad address, header or TLS version");
	}
	curl_easy_cleanup(p.easy);
	http_setup_free(&setup);
	curl_global_cleanup();
}
