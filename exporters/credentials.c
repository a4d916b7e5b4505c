/* One of: nothing, basic (user name and password), a type with credentials ("Bearer TOKEN"), or OAuth 2.0. Each part may come
 * from a file that is rotated while we run. A file that turns bad keeps its last good value (secret.c); only a part that never
 * had a value stops the sending, since going out without it would be refused anyway and might be counted against us. */
#include "exporters/credentials.h"

#include <stdio.h>
#include <stdlib.h>

#include "exporters/encode.h"
#include "exporters/oauth2.h"
#include "exporters/secret.h"

enum { HEADER_MAX = 256 * 1024, MASK_MIN = 4 /* shorter ones would blot out ordinary words */ };
enum part { PART_USERNAME, PART_PASSWORD, PART_CREDENTIALS, PART_CLIENT_SECRET, PARTS };
static const int64_t read_every_ns = INT64_C(1000000000);

struct credentials {
	const struct endpoint_options *options;
	struct secret_door door;
	struct secret parts[PARTS];
	struct oauth2 *oauth2;
	struct buf header;
	int64_t next_read_ns;
	bool was_read;
	char error[256];
};

static const char *const part_names[PARTS] = {
	[PART_USERNAME] = "username_file",
	[PART_PASSWORD] = "password_file",
	[PART_CREDENTIALS] = "credentials_file",
	[PART_CLIENT_SECRET] = "client_secret_file",
};

struct credentials *credentials_new(const struct endpoint_options *o, struct http *http, void (*wake)(void *ctx), void *ctx)
{
	struct credentials *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	c->options = o;
	c->door = (struct secret_door){ o->read_file, o->read_file_ctx };
	secret_init(&c->parts[PART_USERNAME], o->basic_auth.username, o->basic_auth.username_file);
	secret_init(&c->parts[PART_PASSWORD], o->basic_auth.password, o->basic_auth.password_file);
	secret_init(&c->parts[PART_CREDENTIALS], o->authorization_credentials, o->authorization_credentials_file);
	secret_init(&c->parts[PART_CLIENT_SECRET], o->oauth2.client_secret, o->oauth2.client_secret_file);
	if (o->oauth2.client_id.n)
		c->oauth2 = oauth2_new(o, http, wake, ctx);
	buf_init(&c->header, HEADER_MAX);
	return c;
}

void credentials_free(struct credentials *c)
{
	if (!c)
		return;
	oauth2_free(c->oauth2);
	for (size_t i = 0; i < PARTS; i++)
		secret_fini(&c->parts[i]);
	if (c->header.p)
		explicit_bzero(c->header.p, c->header.room);
	buf_fini(&c->header);
	free(c);
}

/* All files. Whether one has another value; error is about the last one that is unusable. */
static bool read_files(struct credentials *c, int64_t now_ns)
{
	bool is_other = false;
	char fault[256];
	c->error[0] = '\0';
	c->next_read_ns = now_ns + read_every_ns;
	c->was_read = true;
	for (size_t i = 0; i < PARTS; i++) {
		int status = secret_read(&c->parts[i], &c->door, fault);
		if (status < 0)
			snprintf(c->error, sizeof c->error, "%s %.220s", part_names[i], fault);
		is_other |= status > 0;
	}
	return is_other;
}

/* Whether a part that has a file never had a value. */
static bool is_incomplete(const struct credentials *c)
{
	for (size_t i = 0; i < PARTS; i++)
		if (c->parts[i].path.n && !secret_is_set(&c->parts[i]))
			return true;
	return false;
}

static struct str part(const struct credentials *c, enum part which)
{
	return buf_view(&c->parts[which].value);
}

static void write_basic(struct credentials *c)
{
	struct buf pair;
	buf_init(&pair, HEADER_MAX);
	buf_str(&pair, part(c, PART_USERNAME));
	buf_char(&pair, ':');
	buf_str(&pair, part(c, PART_PASSWORD));
	buf_append(&c->header, "Basic ", 6);
	encode_base64(&c->header, buf_view(&pair));
	explicit_bzero(pair.p, pair.room);
	buf_fini(&pair);
}

static void write_header(struct credentials *c)
{
	const struct endpoint_options *o = c->options;
	buf_reset(&c->header);
	buf_str(&c->header, o->authorization_header.n ? o->authorization_header : STR("Authorization"));
	buf_str(&c->header, STR(": "));
	const size_t name_bytes = c->header.n;
	if (c->oauth2) {
		buf_str(&c->header, oauth2_authorization(c->oauth2));
	} else if (secret_is_set(&c->parts[PART_CREDENTIALS])) {
		struct str type = o->authorization_type.n || o->authorization_header.n ? o->authorization_type : STR("Bearer");
		buf_str(&c->header, type);
		buf_str(&c->header, type.n ? STR(" ") : STR(""));
		buf_str(&c->header, part(c, PART_CREDENTIALS));
	} else if (secret_is_set(&c->parts[PART_USERNAME]) || secret_is_set(&c->parts[PART_PASSWORD])) {
		write_basic(c);
	}
	if (c->header.n == name_bytes)
		buf_reset(&c->header);
}

enum credentials_state credentials_prepare(struct credentials *c, int64_t now_ns)
{
	if (!c->was_read || now_ns >= c->next_read_ns)
		read_files(c, now_ns);
	if (is_incomplete(c))
		return CREDENTIALS_FAILED;
	if (c->oauth2) {
		int status = oauth2_step(c->oauth2, part(c, PART_CLIENT_SECRET), now_ns, c->error);
		if (status <= 0)
			return status == 0 ? CREDENTIALS_WAITING : CREDENTIALS_FAILED;
	}
	write_header(c);
	return CREDENTIALS_READY;
}

bool credentials_refused(struct credentials *c, int64_t now_ns)
{
	if (c->oauth2)
		oauth2_forget(c->oauth2);
	return read_files(c, now_ns);
}

struct str credentials_header(const struct credentials *c)
{
	return buf_view(&c->header);
}

const char *credentials_error(const struct credentials *c)
{
	return c->error;
}

static void mask(char *text, struct str secret)
{
	if (secret.n < MASK_MIN)
		return;
	for (char *at = text; (at = memmem(at, strlen(at), secret.p, secret.n)); at += secret.n)
		memset(at, '*', secret.n);
}

void credentials_mask(const struct credentials *c, char *text)
{
	for (size_t i = PART_PASSWORD; i < PARTS; i++)
		mask(text, part(c, (enum part)i));
	struct str header = credentials_header(c); /* "Authorization: TYPE VALUE": the value alone is the secret */
	const char *blank = header.n ? memrchr(header.p, ' ', header.n) : NULL;
	if (blank)
		mask(text, str_skip(header, (size_t)(blank + 1 - header.p)));
}
