/* OAuth 2.0 client credentials (RFC 6749 §4.4): an access token from a token endpoint, fetched again before it expires. */
#ifndef EXPORTERS_OAUTH2_H
#define EXPORTERS_OAUTH2_H

#include "exporters/endpoint.h"
#include "exporters/secret.h"

/* What a token endpoint's JSON answer holds. Views into it, without escapes (a token never has any). */
struct oauth2_token {
	struct str access_token;
	struct str token_type; /* "Bearer" when absent */
	int64_t expires_in_s;  /* 0: not told */
};
bool oauth2_token_read(struct str json, struct oauth2_token *out);

struct oauth2;
/* options live as long as it does. wake is called when an answer has arrived: oauth2_step again. */
struct oauth2 *oauth2_new(const struct endpoint_options *options, struct http *http, void (*wake)(void *ctx), void *ctx);
void oauth2_free(struct oauth2 *o);

/* Keeps the token fresh. 1 = there is one, 0 = it is being fetched, -1 = it could not be fetched, err says why
 * (the next call tries again). secret is the client's secret as it is now. */
int oauth2_step(struct oauth2 *o, struct str secret, int64_t now_ns, char err[256]);
struct str oauth2_authorization(const struct oauth2 *o); /* "Bearer TOKEN"; empty when there is none */
void oauth2_forget(struct oauth2 *o);                    /* the server refused the token */

#endif
