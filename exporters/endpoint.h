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
	/* bearer_token maps here, type "Bearer" */
	struct str authorization_type, authorization_credentials, authorization_credentials_file;
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

#endif
