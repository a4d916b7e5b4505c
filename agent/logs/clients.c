/* Promtail's words on one side, the exporter's on the other. */
#include "agent/logs/clients.h"

#include <errno.h>
#include <stdio.h>

#include "agent/os.h"

enum { QUEUE_BATCHES = 4, TEXT_CAP_BYTES = 64 << 10 };

static int64_t read_file(void *ctx, struct str path, struct buf *out)
{
	char name[4096];
	(void)ctx;
	if (snprintf(name, sizeof name, STR_FMT, STR_ARG(path)) >= (int)sizeof name)
		return -ENAMETOOLONG;
	return os_read_file(name, out->cap_bytes, out);
}

/* "loki.example:3100", made unique: the value of the label `destination` and the key of its positions. */
void client_name(char names[][CLIENT_NAME_ROOM], size_t i, struct str name, struct str url)
{
	struct str rest = url;
	size_t scheme = 0;
	for (size_t at = 0; at + 2 < rest.n; at++)
		if (memcmp(rest.p + at, "://", 3) == 0) {
			scheme = at + 3;
			break;
		}
	rest = str_skip(rest, scheme);
	struct str host = str_cut(&rest, '/'), after_user = host;
	str_cut(&after_user, '@');
	if (after_user.n)
		host = after_user;
	int n = snprintf(names[i], (size_t)CLIENT_NAME_ROOM, STR_FMT, STR_ARG(name.n ? name : host));
	size_t used = n < 0 ? 0 : (size_t)n >= (size_t)CLIENT_NAME_ROOM ? (size_t)CLIENT_NAME_ROOM - 1 : (size_t)n;
	for (size_t k = 0; k < i; k++)
		if (strcmp(names[k], names[i]) == 0) {
			if (used > (size_t)CLIENT_NAME_ROOM - 4)
				used = (size_t)CLIENT_NAME_ROOM - 4;
			snprintf(names[i] + used, (size_t)CLIENT_NAME_ROOM - used, "-%zu", i + 1);
		}
}

static struct http_tls tls_of(const struct config_tls *t)
{
	return (struct http_tls){ .ca_file = t->ca_file, .cert_file = t->cert_file, .key_file = t->key_file, .server_name = t->server_name,
				  .min_version = t->min_version, .insecure_skip_verify = t->insecure_skip_verify };
}

static struct str join_words(struct arena *arena, const struct config_strings *words)
{
	struct buf text;
	buf_init(&text, TEXT_CAP_BYTES);
	for (size_t i = 0; i < words->count; i++) {
		if (i)
			buf_char(&text, ' ');
		buf_str(&text, words->at[i]);
	}
	struct str joined = arena_copy(arena, buf_view(&text));
	buf_fini(&text);
	return joined;
}

static void form_encode(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool is_plain = ascii_is_digit(c) || ascii_is_letter(c) || c == '-' || c == '_' || c == '.';
		if (is_plain)
			buf_char(out, c);
		else
			buf_printf(out, "%%%02X", (unsigned char)c);
	}
}

static struct oauth2_options oauth2_of(struct arena *arena, const struct config_oauth2 *c)
{
	struct buf form;
	buf_init(&form, TEXT_CAP_BYTES);
	for (size_t i = 0; i < c->endpoint_params.count; i++) {
		if (i)
			buf_char(&form, '&');
		form_encode(&form, c->endpoint_params.at[i].name);
		buf_char(&form, '=');
		form_encode(&form, c->endpoint_params.at[i].value);
	}
	struct oauth2_options options = { .client_id = c->client_id, .client_secret = c->client_secret, .client_secret_file = c->client_secret_file,
					  .token_url = c->token_url, .scopes = join_words(arena, &c->scopes),
					  .endpoint_params = arena_copy(arena, buf_view(&form)), .tls = tls_of(&c->tls_config), .proxy_url = c->proxy_url };
	buf_fini(&form);
	return options;
}

static void fill_headers(struct arena *arena, struct endpoint_options *o, const struct config_labels *headers)
{
	struct str *lines = arena_alloc(arena, (headers->count + 1) * sizeof *lines);
	for (size_t i = 0; i < headers->count; i++) {
		struct buf line;
		buf_init(&line, TEXT_CAP_BYTES);
		buf_str(&line, headers->at[i].name);
		buf_str(&line, STR(": "));
		buf_str(&line, headers->at[i].value);
		lines[i] = arena_copy(arena, buf_view(&line));
		buf_fini(&line);
	}
	o->headers = lines;
	o->header_count = headers->count;
}

struct endpoint_options client_endpoint(const struct config_http *c, struct str url, const char *name, struct arena *arena)
{
	bool has_bearer = c->bearer_token.n || c->bearer_token_file.n;
	struct endpoint_options o = {
		.name = str_of(name),
		.url = url,
		.basic_auth = { c->basic_auth.username, c->basic_auth.username_file, c->basic_auth.password, c->basic_auth.password_file },
		.authorization_header = has_bearer ? (struct str){ 0 } : c->authorization_header,
		.authorization_type = has_bearer ? STR("Bearer") : c->authorization_type,
		.authorization_credentials = has_bearer ? c->bearer_token : c->authorization_credentials,
		.authorization_credentials_file = has_bearer ? c->bearer_token_file : c->authorization_credentials_file,
		.oauth2 = oauth2_of(arena, &c->oauth2),
		.tls = tls_of(&c->tls_config),
		.proxy_url = c->proxy_url,
		.follow_redirects = c->follow_redirects,
		.read_file = read_file,
	};
	fill_headers(arena, &o, &c->headers);
	return o;
}

struct destination_options client_options(const struct config_client *c, const char *name, struct arena *arena)
{
	struct destination_options o = {
		.endpoint = client_endpoint(&c->http, c->url, name, arena),
		.protocol = log_protocol_find(c->protocol),
		.batch_wait_ms = c->batchwait_ms,
		.batch_bytes = c->batchsize_bytes,
		.max_retries = c->backoff_max_retries,
		.drop_rate_limited_batches = c->drop_rate_limited_batches,
		.send_structured_metadata = true,
		.queue_batches = QUEUE_BATCHES,
	};
	o.endpoint.tenant_id = c->tenant_id;
	o.endpoint.timeout_ms = c->timeout_ms;
	o.endpoint.backoff_min_ms = c->backoff_min_period_ms;
	o.endpoint.backoff_max_ms = c->backoff_max_period_ms;
	return o;
}
