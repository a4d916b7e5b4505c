/* Rules of what has a url to send to: Loki and remote-write receivers alike. */
#include "config/checks/check.h"

#include "config/address.h"
#include "parsers/bytes/hash.h"
#include "parsers/bytes/utf8.h"

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

void check_url(struct loader *r, const struct destination *d, const struct place *element, const char *authentication_kind)
{
	const struct place *at = loader_field(r, d->url);
	struct address address;
	if (!d->url->n) {
		if (element && element->node->kind == NODE_MAP && (!at || at->node->kind == NODE_NULL || at->node->text.n == 0))
			loader_key_error(r, element, "url is missing: where to send to, such as %s", d->example);
		return;
	}
	const char *why = address_parse(*d->url, "http|https", &address);
	if (!at || why) {
		if (at)
			loader_error(r, at, "not an address to send to: %s", why);
		return;
	}
	if (!has_path(&address))
		loader_warning(r, at, "has no path; %s", d->usual);
	if (!address.has_user)
		return;
	if (authentication_kind) {
		loader_key_error(r, at, "user and password stand in the url and in %s: keep one of them", authentication_kind);
		return;
	}
	loader_warning(r, at, "user and password in an address end in logs and process lists: put them into basic_auth, with "
		"password_file");
	d->http->basic_auth.username = address_decode(address.user, &r->config->arena);
	d->http->basic_auth.password = address_decode(address.password, &r->config->arena);
	if (!is_clean(d->http->basic_auth.username) || !is_clean(d->http->basic_auth.password))
		loader_key_error(r, at, "user or password in the url holds %%-escapes that are no text");
	*d->url = address_without_user(&address, &r->config->arena);
}

static bool is_named(struct loader *r, const struct destination *d)
{
	return d->name->n && loader_field(r, d->name);
}

static bool is_alike(const struct config_labels *a, const struct config_labels *b)
{
	for (size_t i = 0; a->count == b->count && i < a->count; i++)
		if (!str_eq(a->at[i].name, b->at[i].name) || !str_eq(a->at[i].value, b->at[i].value))
			return false;
	return a->count == b->count;
}

/* Who asks, and with what: what makes two of one address different destinations. */
enum { MARKS = 11 };
static void marks_of(const struct destination *d, struct str marks[MARKS])
{
	const struct config_http *h = d->http;
	const struct str all[MARKS] = { h->basic_auth.username, h->basic_auth.username_file, h->basic_auth.password, h->basic_auth.password_file,
					h->authorization_credentials, h->authorization_credentials_file, h->bearer_token, h->bearer_token_file,
					h->oauth2.client_id, h->oauth2.client_secret_file, h->tls_config.cert_file };
	memcpy(marks, all, sizeof all);
}

static bool are_alike(const struct config_relabels *a, const struct config_relabels *b)
{
	for (size_t i = 0; a->count == b->count && i < a->count; i++) {
		const struct config_relabel *one = &a->at[i], *two = &b->at[i];
		bool is_alike = str_eq(one->regex, two->regex) && str_eq(one->action, two->action) && str_eq(one->target_label, two->target_label) &&
				str_eq(one->replacement, two->replacement) && one->source_labels.count == two->source_labels.count;
		for (size_t k = 0; is_alike && k < one->source_labels.count; k++)
			is_alike = str_eq(one->source_labels.at[k], two->source_labels.at[k]);
		if (!is_alike)
			return false;
	}
	return a->count == b->count;
}

static bool is_same(const struct destination *a, const struct destination *b)
{
	struct str ours[MARKS], theirs[MARKS];
	marks_of(a, ours);
	marks_of(b, theirs);
	for (size_t i = 0; i < MARKS; i++)
		if (!str_eq(ours[i], theirs[i]))
			return false;
	return str_eq(*a->tenant_id, *b->tenant_id) && is_alike(&a->http->headers, &b->http->headers) &&
	       is_alike(a->labels, b->labels) && are_alike(a->rules, b->rules);
}

/* Of what is no secret: the name is seen by everybody. */
static uint64_t hash_of(const struct destination *d)
{
	uint64_t hash = hash_bytes(d->http->basic_auth.username);
	for (size_t i = 0; i < d->labels->count; i++)
		hash = hash_u64(hash_u64(hash ^ hash_bytes(d->labels->at[i].name)) + hash_bytes(d->labels->at[i].value));
	for (size_t i = 0; i < d->rules->count; i++)
		hash = hash_u64(hash_u64(hash ^ hash_bytes(d->rules->at[i].regex)) + hash_bytes(d->rules->at[i].action));
	return hash;
}

/* By what stands in the file and not by its place there: progress is kept under this name. */
static void name_apart(struct loader *r, const struct destination *c, bool is_by_tenant)
{
	struct address address;
	struct buf name;
	if (is_named(r, c) || address_parse(*c->url, "http|https", &address))
		return;
	struct str user = c->http->basic_auth.username;
	buf_init(&name, 1024);
	buf_str(&name, str_take(address.host, 256));
	buf_str(&name, c->tenant_id->n ? STR("/") : STR(""));
	buf_str(&name, str_take(*c->tenant_id, 256));
	if (!is_by_tenant && user.n)
		buf_printf(&name, "/%.*s", STR_ARG(str_take(user, 64)));
	if (!is_by_tenant)
		buf_printf(&name, "/%06x", (unsigned)(hash_of(c) & 0xffffff));
	*c->name = arena_copy(&r->config->arena, buf_view(&name));
	buf_fini(&name);
}

/* Two destinations must not share a name: their counters would be added up and the ledger could not balance. */
void check_twins(struct loader *r, const struct destination *c, const struct destination *other)
{
	const struct place *at = loader_field(r, c->name), *url = loader_field(r, c->url);
	if (is_named(r, c) && str_eq(*c->name, *other->name)) {
		loader_error(r, at, "the name is taken by the destination in line %llu", (unsigned long long)other->line);
		return;
	}
	if (!url || !c->url->n || !str_eq(*c->url, *other->url) || (is_named(r, c) && is_named(r, other)))
		return;
	if (is_same(c, other)) {
		loader_error(r, url, "the same destination as in line %llu: everything would be sent twice; if that is meant, give "
			"each a name",
			     (unsigned long long)other->line);
		return;
	}
	bool is_by_tenant = !str_eq(*c->tenant_id, *other->tenant_id);
	if (!is_by_tenant || !c->name->n)
		name_apart(r, c, is_by_tenant);
	if (!is_by_tenant || !other->name->n)
		name_apart(r, other, is_by_tenant);
}
