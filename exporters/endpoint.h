/* An HTTP server that we talk to again and again, and what we show it: address, credentials, TLS, patience. The same for Loki,
 * for remote-write and for scrape targets. All views live as long as whoever uses them (the configuration's arena). */
#ifndef EXPORTERS_ENDPOINT_H
#define EXPORTERS_ENDPOINT_H

#include "exporters/http.h"

struct basic_auth { struct str username, username_file, password, password_file; };
struct oauth2_options {
	struct str client_id, client_secret, client_secret_file, token_url;
	struct str scopes;          /* blank-separated */
	struct str endpoint_params; /* already form-encoded "a=b&c=d" */
	struct http_tls tls;
	struct str proxy_url;
};
struct endpoint_options {
	struct str name;              /* metric label `destination`: host:port and path made short, or the configured name */
	struct str url;
	struct str tenant_id;         /* X-Scope-OrgID, empty: none */
	struct basic_auth basic_auth;
	/* bearer_token maps here, type "Bearer". header: instead of Authorization; then an empty type is none */
	struct str authorization_header, authorization_type, authorization_credentials, authorization_credentials_file;
	struct oauth2_options oauth2; /* used when client_id is set */
	struct http_tls tls;
	struct str proxy_url;
	const struct str *headers;    /* "Name: value" */
	size_t header_count;
	int64_t timeout_ms, backoff_min_ms, backoff_max_ms;
	bool follow_redirects;
	int64_t (*read_file)(void *ctx, struct str path, struct buf *out); /* lent file door: 0 or -errno; for *_file secrets */
	void *read_file_ctx;
};
struct tls_files;

/* Whether these options can work at all: address, token_url, headers. `reserved` are names of headers that the protocol says
 * itself. true, and the address as people may see it in shown_url (`room` bytes); false and one sentence in err. */
bool endpoint_check(const struct endpoint_options *o, const char *const *reserved, size_t reserved_count, char *shown_url,
		    size_t room, char err[256]);

/* Appends to the n headers that are there the tenant's, `credentials` when there are any, and the user's own, which are left out
 * from `room` headers on (at least n + 2). Returns how many there are then. The tenant's line is built in `text`: when there are
 * views into it already, tenant_id.n + 15 bytes must be reserved. */
size_t endpoint_headers(const struct endpoint_options *o, struct str credentials, struct str *headers, size_t n, size_t room,
			struct buf *text);

/* A request to this endpoint without headers and body. Looks at the TLS files when it is time to (now_ns is monotonic), so that a
 * new certificate is on new connections. */
struct http_request endpoint_request(const struct endpoint_options *o, struct tls_files *files, int64_t now_ns);

struct credentials;
/* What went wrong with it, for people: `prefix` and `text` (their first 1023 bytes) in `out` (`room` bytes, NUL-terminated),
 * secrets blotted out, no line end behind it, control bytes as blanks, UTF-8 repaired. */
void endpoint_error(const struct credentials *c, const char *prefix, struct str text, char *out, size_t room);

#endif
