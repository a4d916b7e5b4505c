/* What a destination shows of itself: one header, Authorization as a rule, kept up to date with the files behind it. */
#ifndef EXPORTERS_CREDENTIALS_H
#define EXPORTERS_CREDENTIALS_H

#include "exporters/endpoint.h"

enum credentials_state {
	CREDENTIALS_READY,   /* send */
	CREDENTIALS_WAITING, /* a token is being fetched; wake follows */
	CREDENTIALS_FAILED   /* see credentials_error; ask again later */
};

struct credentials;
/* options live as long as it does. wake: call credentials_prepare again. */
struct credentials *credentials_new(const struct endpoint_options *options, struct http *http, void (*wake)(void *ctx),
				    void *ctx);
void credentials_free(struct credentials *c);

/* Before each request: files are read again when a second has passed since the last time. */
enum credentials_state credentials_prepare(struct credentials *c, int64_t now_ns);
/* The server refused them (401, 403, 404): files are read again at once and a fetched token is forgotten.
 * true: they are other ones now, so a new attempt need not wait. */
bool credentials_refused(struct credentials *c, int64_t now_ns);

/* "Authorization: …" or what the options name in its place, empty when there is none; until the next call */
struct str credentials_header(const struct credentials *c);
const char *credentials_error(const struct credentials *c);
/* Overwrites every occurrence of a secret in a text that came from outside and will be shown. */
void credentials_mask(const struct credentials *c, char *text);

#endif
