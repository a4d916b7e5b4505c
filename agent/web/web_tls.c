/* libmicrohttpd has one switch, "authorities of clients", and asks for a certificate without minding the answer. The five kinds of
 * client_auth_type are made of it here: the question before the handshake, the judgement before the first answer. */
#include "agent/web/web_tls.h"

#include <gnutls/gnutls.h>
#include <stdio.h>

static const struct { const char *name, *priority; } versions[] = {
	{ "TLS10", "VERS-TLS1.0" }, { "TLS11", "VERS-TLS1.1" }, { "TLS12", "VERS-TLS1.2" }, { "TLS13", "VERS-TLS1.3" },
};
enum { USUAL_MIN = 2 };

static size_t version_of(struct str name, size_t usual)
{
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		if (str_eq(name, str_of(versions[i].name)))
			return i;
	return usual;
}

void web_tls_options(const struct web_config *c, char priority[WEB_TLS_PRIORITY], struct MHD_OptionItem out[WEB_TLS_OPTIONS])
{
	size_t least = version_of(c->min_version, USUAL_MIN), most = version_of(c->max_version, COUNT_OF(versions) - 1), n = 0;
	int at = snprintf(priority, WEB_TLS_PRIORITY, "NORMAL:-VERS-TLS-ALL");
	for (size_t i = most + 1; i-- > least && at > 0 && at < WEB_TLS_PRIORITY;)
		at += snprintf(priority + at, (size_t)(WEB_TLS_PRIORITY - at), ":+%s", versions[i].priority);
	out[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)c->key.p };
	out[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)c->cert.p };
	out[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0, priority };
	if (c->client_ca.n)
		out[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)(uintptr_t)c->client_ca.p };
	out[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
}

static gnutls_session_t session_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info ? (gnutls_session_t)info->tls_session : NULL;
}

void web_tls_begin(const struct web_config *c, struct MHD_Connection *connection)
{
	static const gnutls_certificate_request_t requests[] = {
		[CLIENT_AUTH_NONE] = GNUTLS_CERT_IGNORE,
		[CLIENT_AUTH_REQUEST] = GNUTLS_CERT_REQUEST,
		[CLIENT_AUTH_ANY] = GNUTLS_CERT_REQUIRE,
		[CLIENT_AUTH_VERIFY_IF_GIVEN] = GNUTLS_CERT_REQUEST,
		[CLIENT_AUTH_VERIFY] = GNUTLS_CERT_REQUIRE,
	};
	gnutls_session_t session = session_of(connection);
	if (session)
		gnutls_certificate_server_set_request(session, requests[c->client_auth]);
}

bool web_tls_is_welcome(const struct web_config *c, struct MHD_Connection *connection)
{
	if (c->client_auth == CLIENT_AUTH_NONE || c->client_auth == CLIENT_AUTH_REQUEST)
		return true;
	gnutls_session_t session = session_of(connection);
	unsigned count = 0, status = 0;
	if (!session)
		return false;
	bool has_one = gnutls_certificate_get_peers(session, &count) && count;
	if (!has_one || c->client_auth == CLIENT_AUTH_ANY)
		return has_one || c->client_auth == CLIENT_AUTH_VERIFY_IF_GIVEN;
	return gnutls_certificate_verify_peers2(session, &status) == 0 && status == 0;
}

bool web_tls_differs(const struct web_config *a, const struct web_config *b)
{
	return a->has_tls != b->has_tls || a->client_auth != b->client_auth || !str_eq(a->cert, b->cert) || !str_eq(a->key, b->key) ||
	       !str_eq(a->client_ca, b->client_ca) || !str_eq(a->min_version, b->min_version) || !str_eq(a->max_version, b->max_version);
}
