/* Rules of http_config, wherever it stands: pairs of keys that exclude or need each other are tables. */
#include "config/checks/check.h"

#include "config/address.h"

#define HTTP(field) offsetof(struct config_http, field)

struct pair { size_t a, b; const char *name_a, *name_b; };

static const struct pair exclusive[] = {
	{ HTTP(basic_auth.username), HTTP(basic_auth.username_file), "username", "username_file" },
	{ HTTP(basic_auth.password), HTTP(basic_auth.password_file), "password", "password_file" },
	{ HTTP(authorization_credentials), HTTP(authorization_credentials_file), "credentials", "credentials_file" },
	{ HTTP(bearer_token), HTTP(bearer_token_file), "bearer_token", "bearer_token_file" },
	{ HTTP(oauth2.client_secret), HTTP(oauth2.client_secret_file), "client_secret", "client_secret_file" },
};

/* When a is set, b must be. */
static const struct pair needs[] = {
	{ HTTP(tls_config.cert_file), HTTP(tls_config.key_file), "cert_file", "key_file" },
	{ HTTP(tls_config.key_file), HTTP(tls_config.cert_file), "key_file", "cert_file" },
	{ HTTP(oauth2.tls_config.cert_file), HTTP(oauth2.tls_config.key_file), "cert_file", "key_file" },
	{ HTTP(oauth2.tls_config.key_file), HTTP(oauth2.tls_config.cert_file), "key_file", "cert_file" },
	{ HTTP(oauth2.client_id), HTTP(oauth2.token_url), "client_id", "token_url" },
	{ HTTP(oauth2.token_url), HTTP(oauth2.client_id), "token_url", "client_id" },
	{ HTTP(oauth2.client_secret), HTTP(oauth2.client_id), "client_secret", "client_id" },
	{ HTTP(oauth2.client_secret_file), HTTP(oauth2.client_id), "client_secret_file", "client_id" },
};

/* Fields that show that a kind of authentication is asked for. */
static const struct { const char *kind; size_t field; } authentication[] = {
	{ "basic_auth", HTTP(basic_auth.username) },
	{ "basic_auth", HTTP(basic_auth.username_file) },
	{ "basic_auth", HTTP(basic_auth.password) },
	{ "basic_auth", HTTP(basic_auth.password_file) },
	{ "authorization", HTTP(authorization_credentials) },
	{ "authorization", HTTP(authorization_credentials_file) },
	{ "bearer_token", HTTP(bearer_token) },
	{ "bearer_token", HTTP(bearer_token_file) },
	{ "oauth2", HTTP(oauth2.client_id) },
};

static struct str *text_at(struct config_http *c, size_t offset)
{
	return (void *)((char *)c + offset);
}

static void check_pairs(struct loader *r, struct config_http *c)
{
	for (size_t i = 0; i < COUNT_OF(exclusive); i++) {
		const struct place *at = loader_field(r, text_at(c, exclusive[i].b));
		if (at && text_at(c, exclusive[i].a)->n && text_at(c, exclusive[i].b)->n)
			loader_key_error(r, at, "not together with %s: keep one of them", exclusive[i].name_a);
	}
	for (size_t i = 0; i < COUNT_OF(needs); i++) {
		const struct place *at = loader_field(r, text_at(c, needs[i].a));
		if (at && text_at(c, needs[i].a)->n && !text_at(c, needs[i].b)->n)
			loader_key_error(r, at, "needs %s as well", needs[i].name_b);
	}
}

static const char *authentication_of(struct loader *r, struct config_http *c)
{
	const char *kind = NULL;
	for (size_t i = 0; i < COUNT_OF(authentication); i++) {
		if (!text_at(c, authentication[i].field)->n)
			continue;
		const struct place *at = loader_field(r, text_at(c, authentication[i].field));
		if (kind && at && strcmp(kind, authentication[i].kind) != 0) {
			loader_key_error(r, at, "one kind of authentication: %s is given already", kind);
			return kind;
		}
		kind = authentication[i].kind;
	}
	return kind;
}

static bool is_header_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);
		if ((c < 'a' || c > 'z') && !ascii_is_digit(c) && !memchr("!#$%&'*+-.^_`|~", c, 15))
			return false;
	}
	return s.n > 0;
}

enum { ANYWHERE = HTTP_OF_CLIENT | HTTP_OF_SCRAPE | HTTP_OF_REMOTE };
/* What the program says itself. */
static const struct own { const char *name; int where; const char *advice; } own[] = {
	{ "authorization", ANYWHERE, "use basic_auth, authorization or oauth2" },
	{ "content-type", ANYWHERE, "remove it" },
	{ "content-encoding", ANYWHERE, "remove it" },
	{ "content-length", ANYWHERE, "remove it" },
	{ "transfer-encoding", ANYWHERE, "remove it" },
	{ "host", ANYWHERE, "put the name into the address" },
	{ "user-agent", ANYWHERE, "remove it" },
	{ "x-scope-orgid", HTTP_OF_CLIENT, "use tenant_id" },
	{ "x-prometheus-remote-write-version", HTTP_OF_REMOTE, "use protobuf_message" },
	{ "accept", HTTP_OF_SCRAPE, "use scrape_protocols" },
	{ "accept-encoding", HTTP_OF_SCRAPE, "use enable_compression" },
	{ "x-prometheus-scrape-timeout-seconds", HTTP_OF_SCRAPE, "use scrape_timeout" },
};

static const struct own *own_header(struct str name, enum http_place where)
{
	for (size_t i = 0; i < COUNT_OF(own); i++)
		if ((own[i].where & (int)where) && str_ieq(name, str_of(own[i].name)))
			return &own[i];
	return NULL;
}

/* Credentials under another name stand there without a type, unless one is written. */
static void check_authorization_header(struct loader *r, struct config_http *c, enum http_place where)
{
	const struct place *at = loader_field(r, &c->authorization_header);
	struct str name = c->authorization_header;
	if (!at || !name.n)
		return;
	if (!is_header_name(name))
		loader_error(r, at, "not a header name");
	else if (str_ieq(name, STR("authorization")) || own_header(name, where))
		loader_error(r, at, "the header is set by the program itself: remove this key");
	else if (!c->authorization_credentials.n && !c->authorization_credentials_file.n)
		loader_key_error(r, at, "needs credentials or credentials_file as well");
	if (!loader_field(r, &c->authorization_type))
		c->authorization_type = (struct str){ 0 };
}

static void check_authorization(struct loader *r, struct config_http *c)
{
	const struct place *at = loader_field(r, &c->authorization_type);
	if (at && str_ieq(c->authorization_type, STR("basic")))
		loader_error(r, at, "use basic_auth for user and password");
	else if (at && str_find(c->authorization_type, ' ') < c->authorization_type.n)
		loader_error(r, at, "expected one word such as Bearer");
	if (!c->authorization_credentials.n && !c->authorization_credentials_file.n)
		c->authorization_type = (struct str){ 0 };
}

static void check_other_urls(struct loader *r, struct config_http *c)
{
	const struct { struct str *url; const char *schemes; } urls[] = {
		{ &c->proxy_url, "http|https|socks5|socks5h" },
		{ &c->oauth2.proxy_url, "http|https|socks5|socks5h" },
		{ &c->oauth2.token_url, "http|https" },
	};
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		const struct place *at = loader_field(r, urls[i].url);
		struct address address;
		const char *why = urls[i].url->n ? address_parse(*urls[i].url, urls[i].schemes, &address) : NULL;
		if (at && why)
			loader_error(r, at, "not an address: %s", why);
	}
}

static void check_headers(struct loader *r, const struct config_labels *headers, enum http_place where)
{
	const struct place *at = loader_field(r, headers);
	for (size_t i = 0; at && i < headers->count; i++) {
		struct str name = headers->at[i].name;
		if (!is_header_name(name))
			loader_key_error(r, at, "\"%.*s\" is not a header name", STR_ARG(str_take(name, 64)));
		const struct own *ours = own_header(name, where);
		if (ours)
			loader_key_error(r, at, "the header %s is set by the program itself: %s", ours->name, ours->advice);
	}
}

static void check_username(struct loader *r, const struct config_http *c)
{
	const struct place *at = loader_field(r, &c->basic_auth.username);
	if (at && str_find(c->basic_auth.username, ':') < c->basic_auth.username.n)
		loader_error(r, at, "a user name cannot hold ':' in basic authentication");
}

/* Prometheus' form of headers beside ours: one list from here on. */
static void join_headers(struct loader *r, struct config_http *c)
{
	struct config_label *all = arena_alloc(&r->config->arena, (c->headers.count + c->http_headers.count + 1) * sizeof *all);
	for (size_t i = 0; i < c->headers.count; i++)
		all[i] = c->headers.at[i];
	for (size_t i = 0; i < c->http_headers.count; i++)
		all[c->headers.count + i] = c->http_headers.at[i];
	c->headers = (struct config_labels){ all, c->headers.count + c->http_headers.count };
	c->http_headers = (struct config_labels){ 0 };
}

const char *check_http(struct loader *r, struct config_http *c, enum http_place where)
{
	check_pairs(r, c);
	check_authorization_header(r, c, where);
	check_authorization(r, c);
	check_other_urls(r, c);
	check_username(r, c);
	check_headers(r, &c->headers, where);
	check_headers(r, &c->http_headers, where);
	if (c->http_headers.count)
		join_headers(r, c);
	return authentication_of(r, c);
}
