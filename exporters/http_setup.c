/* Strict on purpose: http and https only, no proxies from the environment, nothing with control bytes in it.
 *
 * A TLS file with new content needs new connections, but libcurl compares file names, not contents. So a generation number is
 * turned into another spelling of the same name ("dir/././file"): to libcurl that is another configuration, and connections and
 * sessions of the old one are left to expire.
 *
 * The name that a certificate must carry is, for libcurl, the host of the URL. With server_name the URL gets that host, and the
 * connection is led to the real one (CURLOPT_CONNECT_TO); the Host header stays the real one, as Go's client does it. */
#include "exporters/http_setup.h"

#include <stdio.h>
#include <stdlib.h>

#include "exporters/http_headers.h"

enum {
	CONNECT_TIMEOUT_MAX_MS = 10000,
	TIMEOUT_MAX_MS = 3600000,
	/* Where large replies are expected, they are read in larger pieces: each one costs a turn of the loop. */
	LARGE_REPLY_BYTES = 1 << 20,
	LARGE_BUFFER_BYTES = 128 << 10,
	UPLOAD_BUFFER_BYTES = 512 << 10, /* libcurl sends one of them for each turn of the loop; 64 KiB unless told */
	SPELLINGS = 8 /* of a file name, one for each generation modulo this */
};

/* A NUL-terminated copy for libcurl; free() it. NULL for control bytes (NUL among them). */
static char *text_of(struct str s)
{
	char *z = str_has_control(s) ? NULL : malloc(s.n + 1);
	if (!z)
		return NULL;
	if (s.n)
		memcpy(z, s.p, s.n);
	z[s.n] = '\0';
	return z;
}

static bool set_text(CURL *easy, CURLoption option, struct str s)
{
	char *z = text_of(s);
	bool is_set = z && curl_easy_setopt(easy, option, z) == CURLE_OK;
	free(z);
	return is_set;
}

/* The file under the spelling of its generation. */
static bool set_file(CURL *easy, CURLoption option, struct str path, unsigned generation)
{
	if (path.n == 0)
		return true;
	size_t dir = path.n;
	while (dir && path.p[dir - 1] != '/')
		dir--;
	struct buf name;
	buf_init(&name, path.n + 2 * SPELLINGS + 1);
	buf_str(&name, str_take(path, dir));
	for (unsigned i = 0; i < generation % SPELLINGS; i++)
		buf_append(&name, "./", 2);
	buf_str(&name, str_skip(path, dir));
	bool is_set = set_text(easy, option, buf_view(&name));
	buf_fini(&name);
	return is_set;
}

static const struct tls_version {
	struct str name;
	long version;
} tls_versions[] = {
	{ STR(""), CURL_SSLVERSION_TLSv1_2 },      { STR("TLS10"), CURL_SSLVERSION_TLSv1_0 },
	{ STR("TLS11"), CURL_SSLVERSION_TLSv1_1 }, { STR("TLS12"), CURL_SSLVERSION_TLSv1_2 },
	{ STR("TLS13"), CURL_SSLVERSION_TLSv1_3 },
};

static bool set_tls(CURL *easy, const struct http_tls *tls)
{
	size_t i = 0;
	while (i < COUNT_OF(tls_versions) && !str_eq(tls->min_version, tls_versions[i].name))
		i++;
	if (i == COUNT_OF(tls_versions))
		return false;
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, tls_versions[i].version);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, tls->insecure_skip_verify ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, tls->insecure_skip_verify ? 0L : 2L);
	return set_file(easy, CURLOPT_CAINFO, tls->ca_file, tls->generation) &&
	       set_file(easy, CURLOPT_SSLCERT, tls->cert_file, tls->generation) &&
	       set_file(easy, CURLOPT_SSLKEY, tls->key_file, tls->generation);
}

/* The URL taken apart, or NULL when it is none that we take; curl_url_cleanup it. */
static CURLU *url_parse(const char *url)
{
	CURLU *parts = curl_url();
	char *scheme = NULL, *host = NULL;
	/* libcurl forgives a third slash and takes the first part of the path as the host. */
	bool is_good = parts && !strstr(url, ":///") && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
		       curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
		       curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK && host[0] &&
		       (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
	curl_free(scheme);
	curl_free(host);
	if (is_good)
		return parts;
	curl_url_cleanup(parts);
	return NULL;
}

bool http_url_check(struct str url, char *shown, size_t room)
{
	static const CURLUPart secrets[] = {
		CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY, CURLUPART_FRAGMENT,
	};
	char *text = text_of(url), *whole = NULL;
	CURLU *parts = text ? url_parse(text) : NULL;
	free(text);
	if (!parts)
		return false;
	for (size_t i = 0; i < COUNT_OF(secrets); i++)
		curl_url_set(parts, secrets[i], NULL, 0);
	bool is_shown = curl_url_get(parts, CURLUPART_URL, &whole, 0) == CURLUE_OK;
	snprintf(shown, room, "%s", is_shown ? whole : "");
	curl_free(whole);
	curl_url_cleanup(parts);
	return is_shown;
}

static bool same_part(CURLU *a, CURLU *b, CURLUPart part)
{
	char *x = NULL, *y = NULL;
	bool is_same = curl_url_get(a, part, &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		       curl_url_get(b, part, &y, CURLU_DEFAULT_PORT) == CURLUE_OK && str_ieq(str_of(x), str_of(y));
	curl_free(x);
	curl_free(y);
	return is_same;
}

bool http_same_origin(const char *from, const char *to)
{
	CURLU *a = url_parse(from), *b = url_parse(to);
	bool is_same = a && b && same_part(a, b, CURLUPART_SCHEME) && same_part(a, b, CURLUPART_HOST) &&
		       same_part(a, b, CURLUPART_PORT);
	curl_url_cleanup(a);
	curl_url_cleanup(b);
	return is_same;
}

static bool add_line(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = line ? curl_slist_append(*list, line) : NULL;
	if (longer)
		*list = longer;
	return longer != NULL;
}

static bool set_server_name(struct http_setup *s, CURL *easy, struct str name)
{
	char *host = NULL, *port = NULL, *explicit_port = NULL, *url = NULL, *server = text_of(name), line[640];
	CURLU *parts = url_parse(s->url);
	bool is_set = server && parts && curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		      curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		      curl_url_set(parts, CURLUPART_HOST, server, 0) == CURLUE_OK &&
		      curl_url_get(parts, CURLUPART_URL, &url, 0) == CURLUE_OK;
	if (is_set) {
		bool has_port = curl_url_get(parts, CURLUPART_PORT, &explicit_port, 0) == CURLUE_OK;
		snprintf(line, sizeof line, "::%s:%s", host, port);
		is_set = s->connect_to || add_line(&s->connect_to, line);
		snprintf(line, sizeof line, "Host: %s%s%s", host, has_port ? ":" : "", has_port ? port : "");
		is_set = is_set && add_line(&s->headers, line) && curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK;
	}
	curl_free(host);
	curl_free(port);
	curl_free(explicit_port);
	curl_free(url);
	curl_url_cleanup(parts);
	free(server);
	return is_set;
}

/* libcurl reads "Name:" as "leave this header out" and "Name;" as an empty one: an empty value is spelled that way. */
static bool add_header(struct http_setup *s, struct str line)
{
	char *z = http_header_is_safe(line) ? text_of(line) : NULL;
	if (z && line.p[line.n - 1] == ':')
		z[line.n - 1] = ';';
	bool is_added = add_line(&s->headers, z);
	free(z);
	return is_added;
}

static bool set_headers(struct http_setup *s, const struct http_request *request)
{
	/* No "Expect: 100-continue": it costs a round trip for each batch, and some servers never answer it. */
	bool is_set = add_line(&s->headers, "Expect:");
	for (size_t i = 0; is_set && i < request->header_count; i++)
		is_set = add_header(s, request->headers[i]);
	return is_set;
}

/* "IP:port": whatever host and port the URL names, this is where the connection goes. */
static bool set_connect_to(struct http_setup *s, struct str to)
{
	struct buf line;
	buf_init(&line, to.n + 3);
	buf_append(&line, "::", 2);
	buf_str(&line, to);
	char *z = text_of(buf_view(&line));
	bool is_set = add_line(&s->connect_to, z);
	free(z);
	buf_fini(&line);
	return is_set;
}

static void set_method(CURL *easy, const struct http_request *request)
{
	if (request->body.p) {
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.n);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body.p);
		if (request->body.n > 64 << 10)
			curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER_BYTES);
	}
	if (request->method)
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
}

static void set_timeouts(CURL *easy, int64_t timeout_ms)
{
	long total = timeout_ms > 0 && timeout_ms < TIMEOUT_MAX_MS ? (long)timeout_ms : (long)TIMEOUT_MAX_MS;
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, total);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, total < CONNECT_TIMEOUT_MAX_MS ? total : (long)CONNECT_TIMEOUT_MAX_MS);
}

bool http_setup(struct http_setup *s, CURL *easy, const struct http_request *request)
{
	*s = (struct http_setup){ .url = text_of(request->url) };
	CURLU *parts = s->url ? url_parse(s->url) : NULL;
	curl_url_cleanup(parts);
	if (!parts || curl_easy_setopt(easy, CURLOPT_URL, s->url) != CURLE_OK)
		return false;
	set_method(easy, request);
	set_timeouts(easy, request->timeout_ms);
	/* An empty proxy keeps libcurl from asking the environment. */
	if (!set_text(easy, CURLOPT_PROXY, request->proxy_url) || !set_tls(easy, &request->tls) || !set_headers(s, request))
		return false;
	if (request->accept_gzip && curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip") != CURLE_OK)
		return false;
	if (request->max_reply_bytes >= LARGE_REPLY_BYTES)
		curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)LARGE_BUFFER_BYTES);
	if (request->connect_to.n && !set_connect_to(s, request->connect_to))
		return false;
	bool is_https = str_ieq(str_take(request->url, 6), STR("https:"));
	if (is_https && request->tls.server_name.n && !set_server_name(s, easy, request->tls.server_name))
		return false;
	return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, s->headers) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CONNECT_TO, s->connect_to) == CURLE_OK;
}

void http_setup_free(struct http_setup *s)
{
	curl_slist_free_all(s->headers);
	curl_slist_free_all(s->connect_to);
	free(s->url);
	*s = (struct http_setup){ 0 };
}
