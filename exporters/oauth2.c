/* The client shows itself in the Authorization header, as the RFC asks; servers that refuse this get the id and the secret in
 * the body from then on, as Go's client does. */
#include "exporters/oauth2.h"

#include <stdio.h>
#include <stdlib.h>

#include "exporters/encode.h"

enum { TEXT_MAX = 80 * 1024, REPLY_MAX = 128 * 1024, TIMEOUT_MS = 30000 };
static const int64_t second_ns = INT64_C(1000000000), margin_ns = 10 * INT64_C(1000000000);

struct oauth2 {
	const struct oauth2_options *options;
	struct http *http;
	struct http_call *call;
	void (*wake)(void *ctx);
	void *wake_ctx;
	struct buf form;          /* the body of the call */
	struct buf authorization; /* "Bearer TOKEN" */
	int64_t expires_ns;       /* INT64_MAX: not told */
	bool in_body;             /* this server wants id and secret in the form */
	bool has_reply;
	int status;
	struct buf reply;
	char error[160];
};

struct oauth2 *oauth2_new(const struct endpoint_options *options, struct http *http, void (*wake)(void *ctx), void *ctx)
{
	struct oauth2 *o = calloc(1, sizeof *o);
	if (!o)
		abort();
	*o = (struct oauth2){ .options = &options->oauth2, .http = http, .wake = wake, .wake_ctx = ctx };
	buf_init(&o->form, TEXT_MAX * 4);
	buf_init(&o->authorization, TEXT_MAX * 2);
	buf_init(&o->reply, REPLY_MAX);
	return o;
}

void oauth2_free(struct oauth2 *o)
{
	if (!o)
		return;
	if (o->call)
		http_cancel(o->http, o->call);
	buf_fini(&o->form);
	buf_fini(&o->authorization);
	buf_fini(&o->reply);
	free(o);
}

void oauth2_forget(struct oauth2 *o)
{
	buf_reset(&o->authorization);
}

struct str oauth2_authorization(const struct oauth2 *o)
{
	return buf_view(&o->authorization);
}

static void on_reply(void *ctx, const struct http_reply *reply)
{
	struct oauth2 *o = ctx;
	o->call = NULL;
	o->has_reply = true;
	o->status = reply->status;
	snprintf(o->error, sizeof o->error, "%s", reply->error);
	buf_reset(&o->reply);
	buf_str(&o->reply, reply->body);
	o->wake(o->wake_ctx);
}

static void field(struct buf *form, const char *name, struct str value)
{
	if (form->n)
		buf_char(form, '&');
	buf_str(form, str_of(name));
	buf_char(form, '=');
	encode_form(form, value);
}

static void write_form(struct oauth2 *o, struct str secret)
{
	buf_reset(&o->form);
	field(&o->form, "grant_type", STR("client_credentials"));
	if (o->options->scopes.n)
		field(&o->form, "scope", o->options->scopes);
	if (o->in_body) {
		field(&o->form, "client_id", o->options->client_id);
		field(&o->form, "client_secret", secret);
	}
	if (o->options->endpoint_params.n) {
		buf_char(&o->form, '&');
		buf_str(&o->form, o->options->endpoint_params);
	}
}

static bool ask(struct oauth2 *o, struct str secret)
{
	struct buf pair, header;
	buf_init(&pair, TEXT_MAX * 4);
	buf_init(&header, TEXT_MAX * 8);
	encode_form(&pair, o->options->client_id);
	buf_char(&pair, ':');
	encode_form(&pair, secret);
	buf_append(&header, "Authorization: Basic ", 21);
	encode_base64(&header, buf_view(&pair));
	write_form(o, secret);
	const struct str headers[] = {
		STR("Content-Type: application/x-www-form-urlencoded"),
		STR("Accept: application/json"),
		buf_view(&header), /* the last one: left out when the form holds it */
	};
	const struct http_request request = {
		.url = o->options->token_url,
		.headers = headers,
		.header_count = o->in_body ? 2 : 3,
		.body = buf_view(&o->form),
		.tls = o->options->tls,
		.proxy_url = o->options->proxy_url,
		.timeout_ms = TIMEOUT_MS,
		.max_reply_bytes = REPLY_MAX,
	};
	o->call = http_start(o->http, &request, on_reply, o);
	if (pair.p)
		explicit_bzero(pair.p, pair.room);
	if (header.p)
		explicit_bzero(header.p, header.room);
	buf_fini(&pair);
	buf_fini(&header);
	return o->call != NULL;
}

/* 1 = a token, 0 = ask again in the other way, -1 = none. */
static int take_reply(struct oauth2 *o, int64_t now_ns, char err[256])
{
	struct oauth2_token token;
	o->has_reply = false;
	if (o->form.p)
		explicit_bzero(o->form.p, o->form.room);
	if (o->status == 0) {
		snprintf(err, 256, "oauth2 token_url: %s", o->error);
		return -1;
	}
	if (o->status / 100 != 2) {
		bool is_refused = o->status == 400 || o->status == 401;
		if (is_refused && !o->in_body) {
			o->in_body = true;
			return 0;
		}
		o->in_body = false;
		snprintf(err, 256, "oauth2 token_url: status %d", o->status);
		return -1;
	}
	bool is_read = oauth2_token_read(buf_view(&o->reply), &token);
	if (is_read) {
		buf_reset(&o->authorization);
		buf_str(&o->authorization, token.token_type);
		buf_char(&o->authorization, ' ');
		buf_str(&o->authorization, token.access_token);
		o->expires_ns = token.expires_in_s ? now_ns + token.expires_in_s * second_ns : INT64_MAX;
	} else {
		snprintf(err, 256, "oauth2 token_url: the answer holds no access_token");
	}
	if (o->reply.p)
		explicit_bzero(o->reply.p, o->reply.room);
	buf_fini(&o->reply);
	return is_read ? 1 : -1;
}

int oauth2_step(struct oauth2 *o, struct str secret, int64_t now_ns, char err[256])
{
	if (o->call)
		return 0;
	if (o->has_reply) {
		int taken = take_reply(o, now_ns, err);
		if (taken)
			return taken;
	} else if (o->authorization.n && (o->expires_ns == INT64_MAX || now_ns < o->expires_ns - margin_ns)) {
		return 1;
	}
	if (ask(o, secret))
		return 0;
	snprintf(err, 256, "oauth2 token_url: not a usable http or https URL");
	return -1;
}
