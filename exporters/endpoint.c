/* What is the same for everybody who pushes: whether the options can work, the part of a request that comes from them, and how a
 * failure is told. The caller adds what its protocol says. Whether a file of a secret can be read is no question here: it may
 * appear later (credentials.c). */
#include "exporters/endpoint.h"

#include <stdio.h>

#include "exporters/credentials.h"
#include "exporters/drops.h"
#include "exporters/secret.h"
#include "exporters/tls_files.h"

static bool header_is_bad(struct str line, const char *const *reserved, size_t reserved_count, char err[256])
{
	struct str name = str_take(line, str_find(line, ':'));
	for (size_t i = 0; i < reserved_count; i++)
		if (str_ieq(name, str_of(reserved[i]))) {
			snprintf(err, 256, "header %s is set by the program itself.", reserved[i]);
			return true;
		}
	bool is_bad = name.n == line.n || name.n == 0;
	for (size_t i = 0; i < line.n; i++)
		is_bad |= (unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7f;
	if (is_bad)
		snprintf(err, 256, "header " STR_FMT " must be \"Name: value\" without control bytes.", STR_ARG(str_take(name, 100)));
	return is_bad;
}

bool endpoint_check(const struct endpoint_options *o, const char *const *reserved, size_t reserved_count, char *shown_url,
		    size_t room, char err[256])
{
	if (!http_url_check(o->url, shown_url, room)) {
		snprintf(err, 256, "url must be an absolute http or https URL with a host.");
		return false;
	}
	if (o->oauth2.client_id.n && !http_url_check(o->oauth2.token_url, (char[256]){ 0 }, 256)) {
		snprintf(err, 256, "oauth2.token_url must be an absolute http or https URL with a host.");
		return false;
	}
	for (size_t i = 0; i < o->header_count; i++)
		if (header_is_bad(o->headers[i], reserved, reserved_count, err))
			return false;
	return true;
}

size_t endpoint_headers(const struct endpoint_options *o, struct str credentials, struct str *headers, size_t n, size_t room,
			struct buf *text)
{
	if (o->tenant_id.n) {
		size_t at = text->n;
		buf_str(text, STR("X-Scope-OrgID: "));
		buf_str(text, o->tenant_id);
		headers[n++] = (struct str){ text->p + at, text->n - at };
	}
	if (credentials.n)
		headers[n++] = credentials;
	for (size_t i = 0; i < o->header_count && n < room; i++)
		headers[n++] = o->headers[i];
	return n;
}

struct http_request endpoint_request(const struct endpoint_options *o, struct tls_files *files, int64_t now_ns)
{
	const struct secret_door door = { o->read_file, o->read_file_ctx };
	tls_files_look(files, &o->tls, &door, now_ns);
	struct http_request request = {
		.url = o->url,
		.tls = o->tls,
		.proxy_url = o->proxy_url,
		.timeout_ms = o->timeout_ms,
		.follow_redirects = o->follow_redirects,
	};
	request.tls.generation = files->generation;
	return request;
}

void endpoint_error(const struct credentials *c, const char *prefix, struct str text, char *out, size_t room)
{
	char all[1024];
	snprintf(all, sizeof all, "%s" STR_FMT, prefix, STR_ARG(text));
	credentials_mask(c, all);
	struct str shown = str_of(all);
	while (shown.n && (shown.p[shown.n - 1] == '\n' || shown.p[shown.n - 1] == '\r'))
		shown.n--;
	drops_text(out, room, shown);
}
