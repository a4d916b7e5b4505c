/* Rules between keys: what no single row of the table can say. One function a rule; pairs of keys that exclude or need each
 * other are tables. The jobs' rules are in check_jobs.c. A rule about a value that is already in error says nothing more. */
#include "config/check.h"

#include "config/address.h"
#include "parsers/bytes/utf8.h"

enum { LINE_SIZE_LEAST = 256 };

#define CLIENT(field) offsetof(struct config_client, field)

struct pair { size_t a, b; const char *name_a, *name_b; };

static const struct pair exclusive[] = {
	{ CLIENT(http.basic_auth.username), CLIENT(http.basic_auth.username_file), "username", "username_file" },
	{ CLIENT(http.basic_auth.password), CLIENT(http.basic_auth.password_file), "password", "password_file" },
	{ CLIENT(http.authorization_credentials), CLIENT(http.authorization_credentials_file), "credentials", "credentials_file" },
	{ CLIENT(http.bearer_token), CLIENT(http.bearer_token_file), "bearer_token", "bearer_token_file" },
	{ CLIENT(http.oauth2.client_secret), CLIENT(http.oauth2.client_secret_file), "client_secret", "client_secret_file" },
};

/* When a is set, b must be. */
static const struct pair needs[] = {
	{ CLIENT(http.tls_config.cert_file), CLIENT(http.tls_config.key_file), "cert_file", "key_file" },
	{ CLIENT(http.tls_config.key_file), CLIENT(http.tls_config.cert_file), "key_file", "cert_file" },
	{ CLIENT(http.oauth2.tls_config.cert_file), CLIENT(http.oauth2.tls_config.key_file), "cert_file", "key_file" },
	{ CLIENT(http.oauth2.tls_config.key_file), CLIENT(http.oauth2.tls_config.cert_file), "key_file", "cert_file" },
	{ CLIENT(http.oauth2.client_id), CLIENT(http.oauth2.token_url), "client_id", "token_url" },
	{ CLIENT(http.oauth2.token_url), CLIENT(http.oauth2.client_id), "token_url", "client_id" },
	{ CLIENT(http.oauth2.client_secret), CLIENT(http.oauth2.client_id), "client_secret", "client_id" },
	{ CLIENT(http.oauth2.client_secret_file), CLIENT(http.oauth2.client_id), "client_secret_file", "client_id" },
};

/* Fields that show that a kind of authentication is asked for. */
static const struct { const char *kind; size_t field; } authentication[] = {
	{ "basic_auth", CLIENT(http.basic_auth.username) },
	{ "basic_auth", CLIENT(http.basic_auth.username_file) },
	{ "basic_auth", CLIENT(http.basic_auth.password) },
	{ "basic_auth", CLIENT(http.basic_auth.password_file) },
	{ "authorization", CLIENT(http.authorization_credentials) },
	{ "authorization", CLIENT(http.authorization_credentials_file) },
	{ "bearer_token", CLIENT(http.bearer_token) },
	{ "bearer_token", CLIENT(http.bearer_token_file) },
	{ "oauth2", CLIENT(http.oauth2.client_id) },
};

static struct str *text_at(struct config_client *c, size_t offset)
{
	return (void *)((char *)c + offset);
}

static void check_pairs(struct loader *r, struct config_client *c)
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

static const char *authentication_of(struct loader *r, struct config_client *c)
{
	const char *kind = NULL;
	for (size_t i = 0; i < COUNT_OF(authentication); i++) {
		if (!text_at(c, authentication[i].field)->n)
			continue;
		const struct place *at = loader_field(r, text_at(c, authentication[i].field));
		if (kind && at && strcmp(kind, authentication[i].kind) != 0) {
			loader_key_error(r, at, "one kind of authentication for each destination: %s is given already", kind);
			return kind;
		}
		kind = authentication[i].kind;
	}
	return kind;
}

static void check_authorization(struct loader *r, struct config_client *c)
{
	const struct place *at = loader_field(r, &c->http.authorization_type);
	if (at && str_ieq(c->http.authorization_type, STR("basic")))
		loader_error(r, at, "use basic_auth for user and password");
	else if (at && str_find(c->http.authorization_type, ' ') < c->http.authorization_type.n)
		loader_error(r, at, "expected one word such as Bearer");
	if (!c->http.authorization_credentials.n && !c->http.authorization_credentials_file.n)
		c->http.authorization_type = (struct str){ 0 };
}

static bool is_clean(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return false;
	return utf8_valid(s) == s.n;
}

/* The path of a url, "/" and nothing being the same. */
static bool has_path(const struct address *a)
{
	return a->path.n > 1;
}

static void check_url(struct loader *r, struct config_client *c, const struct place *element, const char *authentication_kind)
{
	const struct place *at = loader_field(r, &c->url);
	struct address address;
	if (!c->url.n) {
		if (element && element->node->kind == NODE_MAP && (!at || at->node->kind == NODE_NULL || at->node->text.n == 0))
			loader_key_error(r, element, "url is missing: where to send to, such as http://loki:3100/loki/api/v1/push");
		return;
	}
	const char *why = address_parse(c->url, "http|https", &address);
	if (!at || why) {
		if (at)
			loader_error(r, at, "not an address to send to: %s", why);
		return;
	}
	if (!has_path(&address))
		loader_warning(r, at, "has no path; Loki takes logs at /loki/api/v1/push");
	if (!address.has_user)
		return;
	if (authentication_kind) {
		loader_key_error(r, at, "user and password stand in the url and in %s: keep one of them", authentication_kind);
		return;
	}
	loader_warning(r, at, "user and password in an address end in logs and process lists: put them into basic_auth, with "
		"password_file");
	c->http.basic_auth.username = address_decode(address.user, &r->config->arena);
	c->http.basic_auth.password = address_decode(address.password, &r->config->arena);
	if (!is_clean(c->http.basic_auth.username) || !is_clean(c->http.basic_auth.password))
		loader_key_error(r, at, "user or password in the url holds %%-escapes that are no text");
	c->url = address_without_user(&address, &r->config->arena);
}

static void check_other_urls(struct loader *r, struct config_client *c)
{
	const struct { struct str *url; const char *schemes; } urls[] = {
		{ &c->http.proxy_url, "http|https|socks5|socks5h" },
		{ &c->http.oauth2.proxy_url, "http|https|socks5|socks5h" },
		{ &c->http.oauth2.token_url, "http|https" },
	};
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		const struct place *at = loader_field(r, urls[i].url);
		struct address address;
		const char *why = urls[i].url->n ? address_parse(*urls[i].url, urls[i].schemes, &address) : NULL;
		if (at && why)
			loader_error(r, at, "not an address: %s", why);
	}
}

static void check_backoff(struct loader *r, struct config_client *c)
{
	const struct place *least = loader_field(r, &c->backoff_min_period_ms), *most = loader_field(r, &c->backoff_max_period_ms);
	if (c->backoff_min_period_ms > c->backoff_max_period_ms && (most || least))
		loader_error(r, most ? most : least, "max_period must not be shorter than min_period");
}

static bool is_header_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);
		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && !memchr("!#$%&'*+-.^_`|~", c, 15))
			return false;
	}
	return s.n > 0;
}

static void check_headers(struct loader *r, struct config_client *c)
{
	static const struct { const char *name, *advice; } own[] = {
		{ "authorization", "use basic_auth, authorization or oauth2" },
		{ "content-type", "remove it" },
		{ "content-encoding", "remove it" },
		{ "content-length", "remove it" },
		{ "transfer-encoding", "remove it" },
		{ "host", "put the name into url" },
		{ "user-agent", "remove it" },
		{ "x-scope-orgid", "use tenant_id" },
	};
	const struct place *at = loader_field(r, &c->http.headers);
	for (size_t i = 0; at && i < c->http.headers.count; i++) {
		struct str name = c->http.headers.at[i].name;
		if (!is_header_name(name))
			loader_key_error(r, at, "\"%.*s\" is not a header name", STR_ARG(str_take(name, 64)));
		for (size_t j = 0; j < COUNT_OF(own); j++)
			if (str_ieq(name, str_of(own[j].name)))
				loader_key_error(r, at, "the header %s is set by the program itself: %s", own[j].name,
					own[j].advice);
	}
}

static void name_by_tenant(struct loader *r, struct config_client *c)
{
	struct address address;
	struct buf name;
	if (address_parse(c->url, "http|https", &address))
		return;
	buf_init(&name, 1024);
	buf_str(&name, str_take(address.host, 256));
	buf_str(&name, c->tenant_id.n ? STR("/") : STR(""));
	buf_str(&name, str_take(c->tenant_id, 256));
	c->name = arena_copy(&r->config->arena, buf_view(&name));
	buf_fini(&name);
}

/* Two destinations must not share a name: their counters would be added up and the ledger could not balance. */
static void check_twins(struct loader *r, struct config_client *c, struct config_client *other)
{
	const struct place *at = loader_field(r, &c->name), *url = loader_field(r, &c->url);
	if (at && c->name.n && str_eq(c->name, other->name)) {
		loader_error(r, at, "the name is taken by the destination in line %llu", (unsigned long long)other->line);
		return;
	}
	if (!url || !c->url.n || !str_eq(c->url, other->url) || (c->name.n && other->name.n))
		return;
	if (str_eq(c->tenant_id, other->tenant_id)) {
		loader_error(r, url, "the same destination as in line %llu: every line would be sent twice; if that is meant, give "
			"each a name",
			     (unsigned long long)other->line);
		return;
	}
	if (!c->name.n)
		name_by_tenant(r, c);
	if (!other->name.n)
		name_by_tenant(r, other);
}

static void check_username(struct loader *r, const struct config_client *c)
{
	const struct place *at = loader_field(r, &c->http.basic_auth.username);
	if (at && str_find(c->http.basic_auth.username, ':') < c->http.basic_auth.username.n)
		loader_error(r, at, "a user name cannot hold ':' in basic authentication");
}

static void check_client(struct loader *r, struct config_client *c)
{
	const struct place *element = loader_element(r, c);
	c->line = element ? element->line : 0;
	check_pairs(r, c);
	check_authorization(r, c);
	check_url(r, c, element, authentication_of(r, c));
	check_other_urls(r, c);
	check_username(r, c);
	check_backoff(r, c);
	check_headers(r, c);
}

/* Promtail keeps YAML under such names and does not start when it finds something else there. */
static void check_positions(struct loader *r)
{
	struct str filename = r->config->logs.positions.filename;
	const struct place *at = loader_field(r, &r->config->logs.positions.filename);
	if (at && (str_ends(filename, STR(".yaml")) || str_ends(filename, STR(".yml"))))
		loader_warning(r, at, "the file is not YAML any more once it is written: with another name Promtail's own stays "
			"usable");
}

/* Promtail's 0 says "no limit": here it is the default, because Loki has one. */
static void check_limits(struct loader *r)
{
	uint64_t *size = &r->config->logs.limits_config.max_line_size_bytes;
	const struct place *at = loader_field(r, size);
	if (at && *size && *size < LINE_SIZE_LEAST)
		loader_error(r, at, "expected 0 or at least %d", LINE_SIZE_LEAST);
	struct buf why;
	buf_init(&why, 256);
	if (at && !*size)
		value_read(at->option, str_of(at->option->fallback), (char *)size, &r->config->arena, &why);
	buf_fini(&why);
}

void check_config(struct loader *r)
{
	struct config *c = r->config;
	for (size_t i = 0; i < c->logs.client_count; i++)
		check_client(r, &c->logs.clients[i]);
	for (size_t i = 0; i < c->logs.client_count; i++)
		for (size_t j = 0; j < i; j++)
			check_twins(r, &c->logs.clients[i], &c->logs.clients[j]);
	check_limits(r);
	check_positions(r);
	check_jobs(r);
}
