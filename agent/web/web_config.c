/* A short table of keys over config/tree.c. Everything that is wrong is told at once, with its place; what the exporters know and this
 * program does not do is refused by name, because a file about access must not mean less than it says. A value behind a user's name is
 * never shown: it may be the password that somebody took for its hash. */
#include "agent/web/web_config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "agent/os.h"
#include "config/nearest.h"
#include "config/tree.h"

enum {
	FILE_MOST = 1 << 20,
	USERS_MOST = 1000,
	HEADERS_MOST = 64,
	BCRYPT_BYTES = 60,
	COST_MOST = 16 /* 31 would take a day for one password, and an end of the program as long */
};

struct reader {
	struct web_config *config;
	struct config_problems *problems;
	struct str name;
	const char *section; /* "tls_server_config", "" at the top */
};

typedef void read_fn(struct reader *r, const struct node_entry *e, size_t offset);
struct key {
	const char *section, *name;
	read_fn *read;
	size_t offset;
};

static void fault(struct reader *r, const struct node_entry *e, bool at_value, const char *what)
{
	char path[256];
	snprintf(path, sizeof path, "%s%s%.128s", r->section, r->section[0] ? "." : "", e->key.p ? e->key.p : "");
	bool has_value = at_value && e->value->kind != NODE_NULL;
	problem_add(r->problems, false, has_value ? e->value->line : e->line, has_value ? e->value->column : e->column, str_of(path), "%s", what);
}

static struct str text_of(struct reader *r, const struct node_entry *e)
{
	if (e->value->kind == NODE_SCALAR && str_find(e->value->text, '\0') == e->value->text.n)
		return arena_copy(&r->config->arena, e->value->text);
	if (e->value->kind != NODE_NULL)
		fault(r, e, true, "expected text");
	return (struct str){ 0 };
}

static void read_text(struct reader *r, const struct node_entry *e, size_t offset)
{
	struct str text = text_of(r, e);
	memcpy((char *)r->config + offset, &text, sizeof text);
}

/* A path, from the folder of the file that names it. */
static void read_path(struct reader *r, const struct node_entry *e, size_t offset)
{
	struct str path = text_of(r, e);
	size_t folder = r->name.n;
	while (folder && r->name.p[folder - 1] != '/')
		folder--;
	if (path.n && path.p[0] != '/' && folder) {
		struct buf b;
		buf_init(&b, folder + path.n);
		buf_str(&b, str_take(r->name, folder));
		buf_str(&b, path);
		path = arena_copy(&r->config->arena, buf_view(&b));
		buf_fini(&b);
	}
	memcpy((char *)r->config + offset, &path, sizeof path);
}

static void read_version(struct reader *r, const struct node_entry *e, size_t offset)
{
	static const char *const versions[] = { "TLS10", "TLS11", "TLS12", "TLS13" };
	struct str text = text_of(r, e);
	bool is_known = !text.n;
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		is_known = is_known || str_eq(text, str_of(versions[i]));
	if (!is_known)
		fault(r, e, true, "expected one of TLS10, TLS11, TLS12, TLS13");
	memcpy((char *)r->config + offset, &text, sizeof text);
}

static void read_client_auth(struct reader *r, const struct node_entry *e, size_t offset)
{
	static const struct { const char *name; enum web_client_auth is; } types[] = {
		{ "NoClientCert", CLIENT_AUTH_NONE },
		{ "RequestClientCert", CLIENT_AUTH_REQUEST },
		{ "RequireAnyClientCert", CLIENT_AUTH_ANY },
		{ "RequireClientCert", CLIENT_AUTH_ANY },
		{ "VerifyClientCertIfGiven", CLIENT_AUTH_VERIFY_IF_GIVEN },
		{ "RequireAndVerifyClientCert", CLIENT_AUTH_VERIFY },
	};
	struct str text = text_of(r, e);
	(void)offset;
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (str_eq(text, str_of(types[i].name))) {
			r->config->client_auth = types[i].is;
			return;
		}
	if (text.n)
		fault(r, e, true, "expected one of NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, "
			"RequireAndVerifyClientCert");
}

static bool is_header_text(struct str s, bool is_name)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);
		bool is_word = (c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == '-' || c == '_';
		if (is_name ? !is_word : (unsigned char)c < 0x20 || c == 0x7f)
			return false;
	}
	return s.n > 0 || !is_name;
}

static void read_headers(struct reader *r, const struct node_entry *e, size_t offset)
{
	struct web_config *c = r->config;
	(void)offset;
	if (e->value->kind == NODE_NULL)
		return;
	if (e->value->kind != NODE_MAP || e->value->count > HEADERS_MOST) {
		fault(r, e, true, "expected a mapping of header names to values, at most 64");
		return;
	}
	c->headers = arena_alloc(&c->arena, e->value->count * sizeof *c->headers + 1);
	for (const struct node_entry *h = e->value->first; h; h = h->next) {
		struct str value = text_of(r, h);
		if (!is_header_text(h->key, true) || !is_header_text(value, false))
			fault(r, h, false, "not a header");
		else
			c->headers[c->header_count++] = (struct web_own_header){ arena_copy(&c->arena, h->key), value };
	}
}

static bool is_bcrypt(struct str s)
{
	bool has_prefix = s.n == BCRYPT_BYTES && (str_starts(s, STR("$2a$")) || str_starts(s, STR("$2b$")) || str_starts(s, STR("$2y$")));
	for (size_t i = 7; has_prefix && i < s.n; i++) {
		char c = ascii_lower(s.p[i]);
		has_prefix = (c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == '.' || c == '/';
	}
	if (!has_prefix || s.p[4] < '0' || s.p[4] > '3' || !ascii_is_digit(s.p[5]) || s.p[6] != '$')
		return false;
	return 10 * (s.p[4] - '0') + s.p[5] - '0' <= COST_MOST;
}

static void read_users(struct reader *r, const struct node_entry *e, size_t offset)
{
	struct web_config *c = r->config;
	(void)offset;
	if (e->value->kind == NODE_NULL)
		return;
	if (e->value->kind != NODE_MAP || e->value->count > USERS_MOST) {
		fault(r, e, true, "expected a mapping of user names to bcrypt hashes, at most 1000");
		return;
	}
	c->users = arena_alloc(&c->arena, e->value->count * sizeof *c->users + 1);
	for (const struct node_entry *u = e->value->first; u; u = u->next) {
		bool is_good = u->value->kind == NODE_SCALAR && is_bcrypt(u->value->text) && u->key.n && str_find(u->key, ':') == u->key.n;
		if (is_good) {
			c->users[c->user_count++] = (struct web_user){ arena_copy(&c->arena, u->key), arena_copy(&c->arena, u->value->text) };
			continue;
		}
		struct config_problem *problem = problem_add(r->problems, false, u->line, u->column, STR("basic_auth_users"),
			"expected a user name without ':' and a bcrypt hash of a cost up to 16, such as htpasswd -nBC 10 \"\" makes ($2y$10$...)");
		if (problem && u->value->line == problem->line)
			problem->secret_column = u->value->column;
	}
}

static void accept(struct reader *r, const struct node_entry *e, size_t offset)
{
	(void)r, (void)e, (void)offset;
}

static void refuse(struct reader *r, const struct node_entry *e, size_t offset)
{
	(void)offset;
	if (e->value->kind != NODE_NULL && (e->value->kind == NODE_SCALAR || e->value->count))
		fault(r, e, false, "is not supported: the TLS library's own choice is used; remove this key");
}

static void refuse_names(struct reader *r, const struct node_entry *e, size_t offset)
{
	(void)offset;
	if (e->value->kind != NODE_NULL && (e->value->kind == NODE_SCALAR || e->value->count))
		fault(r, e, false, "is not supported: give clients an authority of their own in client_ca_file; remove this key");
}

#define AT(field) offsetof(struct web_config, field)
static const struct key keys[] = {
	{ "", "tls_server_config", NULL, 0 },
	{ "", "http_server_config", NULL, 0 },
	{ "", "basic_auth_users", read_users, 0 },
	{ "tls_server_config", "cert_file", read_path, AT(files[1].path) },
	{ "tls_server_config", "key_file", read_path, AT(files[2].path) },
	{ "tls_server_config", "client_ca_file", read_path, AT(files[3].path) },
	{ "tls_server_config", "cert", read_text, AT(cert) },
	{ "tls_server_config", "key", read_text, AT(key) },
	{ "tls_server_config", "client_ca", read_text, AT(client_ca) },
	{ "tls_server_config", "client_auth_type", read_client_auth, 0 },
	{ "tls_server_config", "min_version", read_version, AT(min_version) },
	{ "tls_server_config", "max_version", read_version, AT(max_version) },
	{ "tls_server_config", "prefer_server_cipher_suites", accept, 0 },
	{ "tls_server_config", "client_allowed_sans", refuse_names, 0 },
	{ "tls_server_config", "cipher_suites", refuse, 0 },
	{ "tls_server_config", "curve_preferences", refuse, 0 },
	{ "http_server_config", "http2", accept, 0 },
	{ "http_server_config", "headers", read_headers, 0 },
};

static void unknown_key(struct reader *r, const struct node_entry *e)
{
	struct nearest nearest = { 0 };
	char what[256];
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (strcmp(keys[i].section, r->section) == 0)
			nearest_offer(&nearest, e->key, str_of(keys[i].name));
	struct str word = nearest_word(&nearest, e->key);
	snprintf(what, sizeof what, word.n ? "unknown key; did you mean " STR_FMT "?" : "unknown key" STR_FMT, STR_ARG(word));
	fault(r, e, false, what);
}

static const struct key *find_key(const char *section, struct str name)
{
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		if (strcmp(keys[i].section, section) == 0 && str_eq(name, str_of(keys[i].name)))
			return &keys[i];
	return NULL;
}

static void read_section(struct reader *r, const struct node *map)
{
	for (const struct node_entry *e = map->kind == NODE_MAP ? map->first : NULL; e; e = e->next) {
		const struct key *key = find_key(r->section, e->key);
		if (!key)
			unknown_key(r, e);
		else if (key->read)
			key->read(r, e, key->offset);
		else if (e->value->kind != NODE_MAP && e->value->kind != NODE_NULL)
			fault(r, e, true, "expected a mapping");
	}
}

/* What no single key can say. */
static void check(struct reader *r, const struct node *tls)
{
	struct web_config *c = r->config;
	struct node_entry at = { .key = STR("tls_server_config"), .line = tls->line, .column = tls->column };
	struct node none = { 0 };
	at.value = &none;
	r->section = "";
	bool has_cert = c->cert.n || c->files[1].path.n, has_key = c->key.n || c->files[2].path.n, has_ca = c->client_ca.n || c->files[3].path.n;
	if (!has_cert || !has_key)
		fault(r, &at, false, !has_cert && !has_key ? "cert_file and key_file are missing"
			: has_cert ? "key_file is missing" : "cert_file is missing");
	if ((c->cert.n && c->files[1].path.n) || (c->key.n && c->files[2].path.n) || (c->client_ca.n && c->files[3].path.n))
		fault(r, &at, false, "a text and a file for the same: keep one of them");
	if (c->client_auth >= CLIENT_AUTH_VERIFY_IF_GIVEN && !has_ca)
		fault(r, &at, false, "client_ca_file is missing: whose certificates clients may show");
	if (has_ca && c->client_auth == CLIENT_AUTH_NONE)
		fault(r, &at, false, "client_ca_file needs a client_auth_type: RequireAndVerifyClientCert");
	if (c->min_version.n && c->max_version.n && str_cmp(c->min_version, c->max_version) > 0)
		fault(r, &at, false, "max_version is below min_version");
}

static void read_root(struct reader *r, const struct node *root)
{
	static const char *const sections[] = { "tls_server_config", "http_server_config" };
	if (root->kind != NODE_MAP && root->kind != NODE_NULL)
		problem_add(r->problems, false, root->line, root->column, (struct str){ 0 },
			    "expected tls_server_config, http_server_config and basic_auth_users");
	read_section(r, root);
	for (size_t i = 0; i < COUNT_OF(sections); i++) {
		const struct node *section = root->kind == NODE_MAP ? tree_get(root, str_of(sections[i])) : NULL;
		if (!section || section->kind != NODE_MAP)
			continue;
		r->section = sections[i];
		read_section(r, section);
		if (i == 0 && section->count) {
			r->config->has_tls = true;
			check(r, section);
		}
	}
}

struct web_config *web_config_parse(struct str text, struct str name, struct buf *problems)
{
	struct arena tree = { 0 };
	struct config_problems found = { 0 };
	struct web_config *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	struct reader r = { .config = c, .problems = &found, .name = name, .section = "" };
	c->files[0].path = arena_copy(&c->arena, name);
	const struct node *root = tree_parse(text, &tree, &found);
	if (root)
		read_root(&r, root);
	problems_finish(&found, text);
	config_problems_print(&found, name, problems);
	bool is_good = found.errors == 0;
	config_problems_fini(&found);
	arena_fini(&tree);
	if (is_good)
		return c;
	web_config_free(c);
	return NULL;
}

static int stamp(struct web_file *f)
{
	struct stat s;
	if (stat(f->path.p, &s) < 0)
		return -errno;
	f->ino = (uint64_t)s.st_ino;
	f->size_bytes = (uint64_t)s.st_size;
	f->mtime_ns = (int64_t)s.st_mtim.tv_sec * 1000000000 + s.st_mtim.tv_nsec;
	return 0;
}

/* Identity first, bytes second: what changes in between is seen as stale the next time. */
static int read_whole(struct web_config *c, size_t i, struct str *out)
{
	struct buf bytes;
	buf_init(&bytes, FILE_MOST + 8192);
	int error = stamp(&c->files[i]);
	if (error >= 0)
		error = os_read_file(c->files[i].path.p, FILE_MOST, &bytes);
	if (error >= 0)
		*out = arena_copy(&c->arena, buf_view(&bytes));
	if (bytes.p)
		explicit_bzero(bytes.p, bytes.n);
	buf_fini(&bytes);
	return error;
}

struct web_config *web_config_load(const char *path, struct buf *problems)
{
	struct web_config probe = { .files[0].path = str_of(path) };
	struct str text = { 0 };
	int error = read_whole(&probe, 0, &text);
	if (error < 0)
		buf_printf(problems, "%s: %s: name a file that this user may read in web_config_file\n", path, strerror(-error));
	struct web_config *c = error < 0 ? NULL : web_config_parse(text, str_of(path), problems);
	arena_fini(&probe.arena);
	if (!c)
		return NULL;
	probe.files[0].path = c->files[0].path;
	c->files[0] = probe.files[0];
	struct str *const texts[WEB_FILES] = { NULL, &c->cert, &c->key, &c->client_ca };
	for (size_t i = 1; i < WEB_FILES; i++) {
		error = c->files[i].path.n ? read_whole(c, i, texts[i]) : 0;
		if (error >= 0)
			continue;
		buf_printf(problems, "%s: %s: %s: name a file that this user may read\n", path, c->files[i].path.p, strerror(-error));
		web_config_free(c);
		return NULL;
	}
	return c;
}

bool web_config_is_stale(const struct web_config *c)
{
	for (size_t i = 0; i < WEB_FILES; i++) {
		struct web_file now = c->files[i];
		if (now.path.n && (stamp(&now) < 0 || now.ino != c->files[i].ino || now.size_bytes != c->files[i].size_bytes ||
				   now.mtime_ns != c->files[i].mtime_ns))
			return true;
	}
	return false;
}

void web_config_free(struct web_config *c)
{
	if (!c)
		return;
	if (c->key.p)
		explicit_bzero((char *)(uintptr_t)c->key.p, c->key.n);
	arena_fini(&c->arena);
	free(c);
}
