/* The HTTP side (libmicrohttpd on our loop): page, /metrics, health, JSON. One port; small fixed pool of connections. */
#ifndef AGENT_WEB_WEB_H
#define AGENT_WEB_WEB_H

#include "agent/loop.h"
#include "agent/status.h"
#include "agent/logs/tap.h"

struct web;
struct web_options {
	struct str listen_address; /* "host:port", ":port", "[::1]:port" */
	struct str node_name;      /* for the page; empty: the host name */
	const char *web_config_file; /* TLS, users, headers (agent/web/web_config.h); read again when it changes; NULL: none */
	int64_t web_config_age_ms; /* it is looked at again after this; 0: 1 s */
	bool enable_lifecycle;     /* POST /-/reload */
	struct taps *taps;         /* for /api/v1/tap; NULL: there is none */
	bool enable_tap;           /* for other machines too */
	unsigned idle_seconds;     /* a silent connection is closed; 0: 10 */
	int64_t patience_ms;       /* a request that is not through by then is cut off; 0: 30 s */
	void *ctx;
	void (*status)(void *ctx, struct status *out); /* a fresh view, whenever asked */
	/* false: refused, answer says why. Called from inside a request: web_stop must wait until it has returned. */
	bool (*reload)(void *ctx, struct buf *answer);
};
/* NULL and err when the address cannot be bound or web_config_file is not valid (all that is wrong is in the log). */
struct web *web_start(struct loop *loop, const struct web_options *options, char err[256]);
/* Another web_config_file at the same address, or none (NULL). false and err: not valid, the one before stays. Not from inside a request. */
bool web_set_config_file(struct web *w, const char *path, char err[256]);
/* Lets requests in progress finish, for a fifth of a second at most. */
void web_stop(struct web *w);
uint16_t web_port(const struct web *w); /* the one bound, also when 0 was asked for */

#endif
