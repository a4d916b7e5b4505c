/* Asking a job's targets over HTTP: headers, credentials, TLS, limits. One for each job; it knows nothing of samples. */
#ifndef AGENT_SCRAPE_FETCH_H
#define AGENT_SCRAPE_FETCH_H

#include "agent/scrape/discovery.h"
#include "exporters/http.h"
#include "parsers/exposition/exposition.h"

struct fetch;
struct fetch_request {
	struct str url;
	struct str pod_ip;          /* not empty: the connection goes there and nowhere else, and redirects are not followed */
	int64_t timeout_ms, deadline_ms; /* what the target is told; what is left of it */
	bool is_near;               /* on this machine: packing costs more than it saves */
};
struct fetch_answer { /* until the callback returns */
	const char *error;          /* NULL: body and format are there */
	struct str body;
	enum exposition_format format;
	bool is_too_large;
};
typedef void fetch_done(void *ctx, const struct fetch_answer *answer);
struct fetch_call { /* stays where it is while in flight; {0} is none */
	struct fetch *fetch;
	struct http_call *http;
	fetch_done *done;
	void *ctx;
};

/* wake: a token has come, ask again. body_limit_bytes: of the body, unpacked. NULL and err: the job's HTTP options cannot be. */
struct fetch *fetch_new(const struct config_metric_scrape *job, struct http *http, void (*wake)(void *ctx), void *ctx, char err[256]);
void fetch_free(struct fetch *f);
enum fetch_state { FETCH_STARTED, FETCH_WAITING, FETCH_FAILED };
/* WAITING: for a token, wake follows. FAILED: err. done is called exactly once when started, never from here. */
enum fetch_state fetch_start(struct fetch *f, const struct fetch_request *request, int64_t now_ns, fetch_done *done, void *ctx,
			     struct fetch_call *call, char err[256]);
void fetch_cancel(struct fetch_call *call); /* no callback any more; nothing to do when it is not in flight */
/* Whether the address names this machine itself: localhost, 127.0.0.0/8, ::1. */
bool fetch_is_near(struct str address);
/* The Accept header's value for the job's protocols. */
void fetch_accept(const struct config_metric_scrape *job, struct buf *out);

#endif
