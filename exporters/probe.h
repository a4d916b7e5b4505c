/* One HTTP request that is waited for, and what was met on the way: for commands, which have nothing else to do meanwhile; never from
 * the loop. It is set up by the rules of the agent's own requests (http_setup), so that it meets what they meet. */
#ifndef EXPORTERS_PROBE_H
#define EXPORTERS_PROBE_H

#include "exporters/http.h"

/* How far it came. */
enum probe_stage { PROBE_REQUEST /* cannot be asked */, PROBE_NAME, PROBE_CONNECT, PROBE_TLS, PROBE_REPLY /* connected, no whole reply */, PROBE_DONE };

struct probe_request {
	struct http_request http;   /* follow_redirects, accept_gzip, want_headers are not looked at */
	bool is_dial_only;          /* connect, TLS and no more: nothing is asked for */
	struct buf *body;           /* the reply, cut at the ceiling; NULL: none is kept */
	/* Of a reply with status 200 the pieces as they come, instead of into body. false ends the request. */
	bool (*take)(void *ctx, struct str piece);
	void *ctx;
};
struct probe_result {
	enum probe_stage stage;     /* PROBE_DONE: all of it worked */
	int status;                 /* 0: no reply */
	char error[256];            /* libcurl's words; "" when there is none */
	bool is_too_late;           /* the time was over */
	bool has_ended;             /* take has said false */
	char address[64];           /* that was connected to */
	int64_t date_s;             /* the server's clock, Unix time; 0: it does not say */
	/* Of the server's certificate, also when it was refused; empty and 0: none was seen. */
	char subject[256], issuer[256];
	int64_t not_before_s, not_after_s;
	bool is_certificate_refused;
};

void probe_run(const struct probe_request *request, struct probe_result *out);

#endif
