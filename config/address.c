/* Just enough of RFC 3986 to refuse what cannot work and to take user-info out; libcurl reads the rest. */
#include "config/address.h"

#include "parsers/bytes/num.h"

static bool is_scheme(struct str scheme, const char *schemes)
{
	for (struct str rest = str_of(schemes); rest.n;)
		if (str_ieq(str_cut(&rest, '|'), scheme))
			return true;
	return false;
}

static bool is_host_name(struct str host)
{
	for (size_t i = 0; i < host.n; i++) {
		char c = ascii_lower(host.p[i]);
		if ((c < 'a' || c > 'z') && !ascii_is_digit(c) && !memchr(".-_:[]%", c, 7))
			return false;
	}
	return true;
}

static const char *judge_host(struct str host)
{
	uint64_t port;
	size_t colon = host.n, bracket = str_find(host, ']');
	for (size_t i = bracket == host.n ? 0 : bracket; i < host.n; i++)
		colon = host.p[i] == ':' && colon == host.n ? i : colon;
	if (colon == 0 || host.n == 0)
		return "the host is missing";
	if (!is_host_name(host))
		return "the host holds a character that no host name has";
	if ((host.p[0] == '[') != (bracket < host.n))
		return "the brackets around the IPv6 address do not match";
	if (colon < host.n && (!num_u64(str_skip(host, colon + 1), &port) || port == 0 || port > 65535))
		return "the port is not a number from 1 to 65535 (an IPv6 address stands in brackets)";
	return NULL;
}

const char *address_parse(struct str text, const char *schemes, struct address *out)
{
	*out = (struct address){ 0 };
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= 0x20 || text.p[i] == 0x7f)
			return "blanks and control characters are not allowed in an address";
	size_t colon = str_find(text, ':');
	out->scheme = str_take(text, colon);
	if (colon == text.n || !is_scheme(out->scheme, schemes) || !str_starts(str_skip(text, colon), STR("://")))
		return "it must start with http:// or https://";
	struct str rest = str_skip(text, colon + 3);
	size_t end = 0, sign = 0;
	while (end < rest.n && !memchr("/?#", rest.p[end], 3))
		end++;
	struct str authority = str_take(rest, end);
	out->path = str_skip(rest, end);
	for (size_t i = 0; i < authority.n; i++)
		if (authority.p[i] == '@') {
			sign = i;
			out->has_user = true;
		}
	if (out->has_user) {
		struct str user = str_take(authority, sign);
		out->user = str_cut(&user, ':');
		out->password = user;
	}
	out->host = out->has_user ? str_skip(authority, sign + 1) : authority;
	return str_find(out->path, '#') < out->path.n ? "an address to send to has no #fragment" : judge_host(out->host);
}

struct str address_without_user(const struct address *a, struct arena *arena)
{
	struct str parts[] = { a->scheme, STR("://"), a->host, a->path };
	size_t n = 0;
	for (size_t i = 0; i < COUNT_OF(parts); i++)
		n += parts[i].n;
	char *at = arena_alloc(arena, n + 1), *to = at;
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		if (parts[i].n)
			memcpy(to, parts[i].p, parts[i].n);
		to += parts[i].n;
	}
	return (struct str){ at, n };
}

struct str address_decode(struct str s, struct arena *arena)
{
	char *at = arena_alloc(arena, s.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++) {
		bool is_escape = s.p[i] == '%' && i + 2 < s.n && hex_value(s.p[i + 1]) >= 0 && hex_value(s.p[i + 2]) >= 0;
		at[n++] = is_escape ? (char)(hex_value(s.p[i + 1]) << 4 | hex_value(s.p[i + 2])) : s.p[i];
		i += is_escape ? 2 : 0;
	}
	return (struct str){ at, n };
}
