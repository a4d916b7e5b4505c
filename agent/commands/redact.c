/* Two passes that know nothing of each other: known values, searched byte by byte; then shapes. What is blotted out once too often does no
 * harm, so no shape is looked at closely. */
#include "agent/commands/redact.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/os.h"
#include "exporters/encode.h"
#include "parsers/bytes/array.h"

enum { SECRET_LEAST = 4, FILE_MOST = 64 << 10, URL_MOST = 4096 };
#define BLOT STR("<secret>")

/* ---- what is known ---- */

static void add(struct redact *r, struct str s)
{
	if (s.n < SECRET_LEAST)
		return;
	r->secrets = array_room(r->secrets, r->count, &r->room, sizeof *r->secrets);
	r->secrets[r->count++] = arena_copy(&r->arena, s);
}

void redact_add(struct redact *r, struct str secret)
{
	struct buf other;
	buf_init(&other, FILE_MOST * 4);
	add(r, secret);
	encode_form(&other, secret);
	if (!str_eq(buf_view(&other), secret))
		add(r, buf_view(&other));
	buf_fini(&other);
}

static void add_file(struct redact *r, struct str path)
{
	char name[4096];
	struct buf content;
	if (path.n == 0 || snprintf(name, sizeof name, STR_FMT, STR_ARG(path)) >= (int)sizeof name)
		return;
	buf_init(&content, FILE_MOST + 8192);
	if (os_read_file(name, FILE_MOST, &content) >= 0)
		for (struct str rest = buf_view(&content); rest.n;) {
			struct str line = str_cut(&rest, '\n');
			while (line.n && (line.p[line.n - 1] == '\r' || line.p[line.n - 1] == ' '))
				line.n--;
			redact_add(r, line);
		}
	buf_fini(&content);
}

static void add_user(struct redact *r, struct str url)
{
	const char *at = url.n ? memmem(url.p, url.n, "://", 3) : NULL;
	struct str rest = at ? str_skip(url, (size_t)(at - url.p) + 3) : (struct str){ 0 };
	rest = str_take(rest, str_find(rest, '/'));
	if (str_find(rest, '@') == rest.n)
		return;
	struct str user = str_cut(&rest, '@');
	str_cut(&user, ':');
	redact_add(r, user);
}

static void add_pair(struct redact *r, const struct config_basic_auth *b)
{
	struct buf pair, code;
	buf_init(&pair, FILE_MOST);
	buf_init(&code, FILE_MOST * 2);
	buf_printf(&pair, STR_FMT ":" STR_FMT, STR_ARG(b->username), STR_ARG(b->password));
	encode_base64(&code, buf_view(&pair));
	if (b->password.n)
		add(r, buf_view(&code));
	buf_fini(&pair);
	buf_fini(&code);
}

static void add_http(struct redact *r, const struct config_http *h)
{
	const struct str values[] = { h->basic_auth.password, h->authorization_credentials, h->bearer_token, h->oauth2.client_secret };
	const struct str files[] = { h->basic_auth.password_file, h->authorization_credentials_file, h->bearer_token_file, h->oauth2.client_secret_file };
	const struct str urls[] = { h->proxy_url, h->oauth2.token_url, h->oauth2.proxy_url };
	for (size_t i = 0; i < COUNT_OF(values); i++)
		redact_add(r, values[i]);
	for (size_t i = 0; i < COUNT_OF(files); i++)
		add_file(r, files[i]);
	for (size_t i = 0; i < COUNT_OF(urls); i++)
		add_user(r, urls[i]);
	for (size_t i = 0; i < h->headers.count; i++)
		redact_add(r, h->headers.at[i].value);
	for (size_t i = 0; i < h->oauth2.endpoint_params.count; i++)
		redact_add(r, h->oauth2.endpoint_params.at[i].value);
	add_pair(r, &h->basic_auth);
}

void redact_add_config(struct redact *r, const struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->logs.client_count; i++) {
		add_http(r, &c->logs.clients[i].http);
		add_user(r, c->logs.clients[i].url);
	}
	add_http(r, &c->kubernetes.http);
	for (size_t i = 0; i < c->metrics.remote_count; i++) {
		add_http(r, &c->metrics.remotes[i].http);
		add_user(r, c->metrics.remotes[i].url);
	}
	for (size_t i = 0; i < c->metrics.scrape_count; i++) {
		add_http(r, &c->metrics.scrapes[i].http);
		for (size_t k = 0; k < c->metrics.scrapes[i].params.count; k++)
			redact_add(r, c->metrics.scrapes[i].params.at[k].value);
	}
}

void redact_fini(struct redact *r)
{
	for (size_t i = 0; i < r->count; i++)
		explicit_bzero((char *)(uintptr_t)r->secrets[i].p, r->secrets[i].n);
	free(r->secrets);
	arena_fini(&r->arena);
	*r = (struct redact){ 0 };
}

/* ---- blotting ---- */

static struct str secret_at(const struct redact *r, struct str text)
{
	struct str longest = { 0 };
	for (size_t i = 0; i < r->count; i++)
		if (r->secrets[i].n > longest.n && r->secrets[i].p[0] == text.p[0] && str_starts(text, r->secrets[i]))
			longest = r->secrets[i];
	return longest;
}

static void blot_known(const struct redact *r, struct str text, struct buf *out)
{
	for (size_t from = 0; from < text.n;) {
		struct str rest = str_skip(text, from), found = { 0 };
		size_t n = 0;
		while (n < rest.n && (found = secret_at(r, str_skip(rest, n))).n == 0)
			n++;
		buf_str(out, str_take(rest, n));
		if (found.n)
			buf_str(out, BLOT);
		from += n + found.n;
	}
}

static bool ends_word(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '"' || c == '\'' || c == '\\' || c == ',' || c == '}';
}

static size_t word_of(struct str s)
{
	size_t n = 0;
	while (n < s.n && n < URL_MOST && !ends_word(s.p[n]))
		n++;
	return n;
}

/* Behind "://": user, query. Returns how much of s is done. */
static size_t blot_url(struct str s, struct buf *out)
{
	struct str word = str_take(s, word_of(s));
	struct str host = str_take(word, str_find(word, '/'));
	size_t at = host.n;
	while (at && host.p[at - 1] != '@')
		at--;
	if (at) {
		buf_str(out, BLOT);
		buf_char(out, '@');
	}
	struct str rest = str_skip(word, at);
	size_t query = str_find(rest, '?');
	buf_str(out, str_take(rest, query));
	if (query < rest.n) {
		buf_char(out, '?');
		buf_str(out, BLOT);
	}
	return word.n;
}

static const struct str shapes[] = { STR("Authorization: "), STR("authorization: "), STR("Bearer "), STR("Basic "), STR("://") };

static size_t shape_at(struct str s)
{
	for (size_t i = 0; i < COUNT_OF(shapes); i++)
		if (shapes[i].p[0] == s.p[0] && str_starts(s, shapes[i]))
			return i;
	return COUNT_OF(shapes);
}

void redact_text(const struct redact *r, struct str text, struct buf *out)
{
	struct buf known;
	buf_init(&known, text.n * 4 + 64);
	blot_known(r, text, &known);
	struct str rest = buf_view(&known);
	while (rest.n) {
		size_t n = 0, shape = COUNT_OF(shapes);
		while (n < rest.n && (shape = shape_at(str_skip(rest, n))) == COUNT_OF(shapes))
			n++;
		buf_str(out, str_take(rest, n));
		rest = str_skip(rest, n);
		if (rest.n == 0)
			break;
		buf_str(out, shapes[shape]);
		rest = str_skip(rest, shapes[shape].n);
		if (shape + 1 == COUNT_OF(shapes)) {
			rest = str_skip(rest, blot_url(rest, out));
			continue;
		}
		size_t word = word_of(rest);
		bool is_scheme = str_starts(rest, STR("Bearer ")) || str_starts(rest, STR("Basic "));
		if (word && !is_scheme && !str_starts(rest, STR("<secret>")))
			buf_str(out, BLOT);
		rest = is_scheme ? rest : str_skip(rest, word);
	}
	buf_fini(&known);
}
