/* TLS of our own port: what libmicrohttpd is told at its start, and what it leaves to us. */
#ifndef AGENT_WEB_WEB_TLS_H
#define AGENT_WEB_WEB_TLS_H

#include <microhttpd.h>

#include "agent/web/web_config.h"

enum { WEB_TLS_OPTIONS = 5, WEB_TLS_PRIORITY = 128 };
/* Fills the options of a daemon that speaks TLS, their end included; c outlives the daemon. */
void web_tls_options(const struct web_config *c, char priority[WEB_TLS_PRIORITY], struct MHD_OptionItem out[WEB_TLS_OPTIONS]);
/* Before the handshake: whether a client is asked for its certificate. */
void web_tls_begin(const struct web_config *c, struct MHD_Connection *connection);
/* After it: false when the client's certificate is not what the configuration asks for. */
bool web_tls_is_welcome(const struct web_config *c, struct MHD_Connection *connection);
/* Would a daemon have to be started anew for the other configuration? */
bool web_tls_differs(const struct web_config *a, const struct web_config *b);

#endif
