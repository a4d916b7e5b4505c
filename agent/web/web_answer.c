/* From a request that was handled to the library's response: compressed when that is asked for, with the headers that keep browsers from
 * doing more with it than show it. */
#include "agent/web/web_request.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "agent/web/web_accept.h"

enum { MIN_GZIP_BYTES = 512, PIECE_BYTES = 16 << 10 };

struct str web_arg(const struct web_request *r, const char *name)
{
	struct str value = { 0 };
	MHD_lookup_connection_value_n(r->connection, MHD_GET_ARGUMENT_KIND, name, strlen(name), &value.p, &value.n);
	return value.p ? value : (struct str){ 0 };
}

struct str web_header(const struct web_request *r, const char *name)
{
	return str_of(MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name));
}

static bool is_loopback(const struct sockaddr *a)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	if (a->sa_family == AF_INET) {
		memcpy(&v4, a, sizeof v4);
		return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
	}
	if (a->sa_family != AF_INET6)
		return false;
	memcpy(&v6, a, sizeof v6);
	bool is_mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && v6.sin6_addr.s6_addr[12] == 127;
	return is_mapped || IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

bool web_is_local(const struct web_request *r)
{
	static const char *const proxied[] = { "Forwarded", "X-Forwarded-For", "X-Real-IP", "Via" };
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	for (size_t i = 0; i < COUNT_OF(proxied); i++)
		if (web_header(r, proxied[i]).p)
			return false;
	return info && info->client_addr && is_loopback(info->client_addr);
}

static struct MHD_Response *response_of(struct web_request *r)
{
	if (r->read)
		return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES, web_read, r, NULL);
	if (r->body.is_full) {
		buf_fini(&r->body);
		r->code = 500;
		r->fixed = STR("The answer is too large: ask for less with ?limit=.\n");
		r->content_type = "text/plain; charset=utf-8";
		r->may_compress = false;
	}
	struct str body = r->fixed.n ? r->fixed : buf_view(&r->body);
	struct buf packed;
	buf_init(&packed, WEB_ANSWER_MAX + 64 * 1024);
	bool is_packed = r->may_compress && body.n >= MIN_GZIP_BYTES &&
			 web_accept_quality(web_header(r, "Accept-Encoding"), STR("gzip")) > 0 && web_gzip(body, &packed);
	struct MHD_Response *response;
	if (is_packed) {
		response = MHD_create_response_from_buffer(packed.n, packed.p, MHD_RESPMEM_MUST_FREE);
		buf_fini(&r->body);
	} else if (r->fixed.n) {
		buf_fini(&packed);
		response = MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p, MHD_RESPMEM_PERSISTENT);
	} else {
		buf_fini(&packed);
		response = MHD_create_response_from_buffer(r->body.n, r->body.p, MHD_RESPMEM_MUST_FREE);
		if (response)
			buf_init(&r->body, 0); /* it is the library's now */
	}
	if (response && is_packed)
		MHD_add_response_header(response, "Content-Encoding", "gzip");
	if (response && r->may_compress)
		MHD_add_response_header(response, "Vary", "Accept, Accept-Encoding");
	return response;
}

/* A header of ours, unless the configuration has one of that name. */
static void add_header(const struct web_config *c, struct MHD_Response *response, const char *name, const char *value)
{
	for (size_t i = 0; c && i < c->header_count; i++)
		if (str_ieq(c->headers[i].name, str_of(name)))
			return;
	MHD_add_response_header(response, name, value);
}

static void add_security_policy(const struct web_config *c, struct MHD_Response *response, const struct web_request *r)
{
	char policy[512] = "default-src 'none'; frame-ancestors 'none'";
	if (r->script_hash)
		snprintf(policy, sizeof policy, "default-src 'none'; script-src %s; style-src %s; connect-src 'self'; img-src data:; base-uri 'none'; "
			 "form-action 'none'; frame-ancestors 'none'", r->script_hash, r->style_hash);
	add_header(c, response, "Content-Security-Policy", policy);
}

int web_answer(struct web_request *r, const struct web_config *c)
{
	struct MHD_Response *response = response_of(r);
	if (!response)
		return (int)MHD_NO;
	MHD_add_response_header(response, "Content-Type", r->content_type);
	add_header(c, response, "X-Content-Type-Options", "nosniff");
	add_header(c, response, "Referrer-Policy", "no-referrer");
	add_header(c, response, "Cache-Control", "no-store");
	add_security_policy(c, response, r);
	for (size_t i = 0; c && i < c->header_count; i++)
		MHD_add_response_header(response, c->headers[i].name.p, c->headers[i].value.p);
	if (r->allow)
		MHD_add_response_header(response, "Allow", r->allow);
	if (r->is_challenge)
		MHD_add_response_header(response, "WWW-Authenticate", "Basic");
	int result = (int)MHD_queue_response(r->connection, r->code, response);
	MHD_destroy_response(response);
	return result;
}

void web_plain(struct web_request *r, unsigned code, struct str text)
{
	buf_fini(&r->body);
	r->code = code;
	r->content_type = "text/plain; charset=utf-8";
	r->may_compress = false;
	r->fixed = text;
}

