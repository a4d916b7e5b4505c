/* Rules of what has a url to send to: Loki and remote-write receivers alike. */
#include "config/checks/check.h"

#include "config/address.h"
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

static void name_by_tenant(struct loader *r, const struct destination *c)
{
	struct address address;
	struct buf name;
	if (address_parse(*c->url, "http|https", &address))
		return;
	buf_init(&name, 1024);
	buf_str(&name, str_take(address.host, 256));
	buf_str(&name, c->tenant_id->n ? STR("/") : STR(""));
	buf_str(&name, str_take(*c->tenant_id, 256));
	*c->name = arena_copy(&r->config->arena, buf_view(&name));
	buf_fini(&name);
}

/* Two destinations must not share a name: their counters would be added up and the ledger could not balance. */
void check_twins(struct loader *r, const struct destination *c, const struct destination *other)
{
	const struct place *at = loader_field(r, c->name), *url = loader_field(r, c->url);
	if (at && c->name->n && str_eq(*c->name, *other->name)) {
		loader_error(r, at, "the name is taken by the destination in line %llu", (unsigned long long)other->line);
		return;
	}
	if (!url || !c->url->n || !str_eq(*c->url, *other->url) || (c->name->n && other->name->n))
		return;
	if (str_eq(*c->tenant_id, *other->tenant_id)) {
		loader_error(r, url, "the same destination as in line %llu: everything would be sent twice; if that is meant, give "
			"each a name",
			     (unsigned long long)other->line);
		return;
	}
	if (!c->name->n)
		name_by_tenant(r, c);
	if (!other->name->n)
		name_by_tenant(r, other);
}

