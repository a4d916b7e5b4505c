/* HTTP requests on somebody else's event loop (libcurl multi). One `struct http` serves all destinations of a loop.
 * The loop lends itself through `struct http_host`; this library never blocks and never starts threads of its own
 * (libcurl's resolver thread apart). */
#ifndef EXPORTERS_HTTP_H
#define EXPORTERS_HTTP_H

#include "parsers/bytes/buf.h"

/* What the loop does for us. */
struct http_host {
	void *ctx;
	/* Call http_ready(h, fd, …) when fd is readable (1) and/or writable (2); 0 means stop watching. */
	void (*watch)(void *ctx, int fd, int events);
	/* Call http_timer(h) once after delay_ms; -1 means cancel. Replaces the one before. */
	void (*arm)(void *ctx, long delay_ms);
};

struct http;
struct http_call;

struct http_tls {
	struct str ca_file, cert_file, key_file, server_name; /* empty: libcurl's default */
	struct str min_version; /* "", "TLS10" … "TLS13" as Prometheus spells them */
	bool insecure_skip_verify;
	/* Raise it when one of the files has new content: connections opened under another number are not used again. */
	unsigned generation;
};

struct http_request {
	const char *method;          /* NULL: POST with a body, else GET */
	struct str url;
	const struct str *headers;   /* "Name: value"; control bytes are refused */
	size_t header_count;
	struct str body;             /* must live until the call is done */
	struct http_tls tls;
	struct str proxy_url;
	int64_t timeout_ms;          /* whole request, connect included */
	size_t max_reply_bytes;      /* reply bytes beyond it are thrown away unread; 0: 64 KiB */
	bool follow_redirects;       /* same host only; credentials never cross origin */
	bool accept_gzip;            /* ask for gzip and decode it; max_reply_bytes counts decoded bytes */
	bool fail_when_larger;       /* a reply over max_reply_bytes ends the call with is_too_large instead of being cut */
	struct str connect_to;       /* "IP:port" to connect to instead of what the URL's host resolves to; empty: resolve */
	const struct str *want_headers; /* names of reply headers to keep, at most HTTP_WANTED_MAX */
	size_t want_header_count;
	/* Set: the body of a 2xx answer is handed out as it comes and not kept, however long it is: first once without bytes, when its head is
	 * there. false ends the call as if the body had ended. Not together with accept_gzip. It must not end or start calls. ctx is that of
	 * `done`. Bodies of other answers are kept for `done` as usual. */
	bool (*piece)(void *ctx, struct str bytes);
};
enum { HTTP_WANTED_MAX = 4 };

struct http_reply {
	int status;                  /* 0: no answer, see error */
	struct str body;             /* at most max_reply_bytes; valid during the callback */
	int64_t retry_after_ms;      /* -1 none; already clamped to [0, 5 min]; a date is turned into a delay */
	const char *error;           /* transport error in libcurl's words, or "" */
	struct str headers[HTTP_WANTED_MAX]; /* values of want_headers, in that order; p == NULL: absent */
	bool is_too_large;
};
typedef void http_done(void *ctx, const struct http_reply *reply);

struct http *http_new(const struct http_host *host); /* host is copied */
void http_free(struct http *h);                      /* calls in flight end without a callback */
void http_ready(struct http *h, int fd, int events); /* from the loop: 1 readable, 2 writable, 4 error */
void http_timer(struct http *h);

/* Starts a call; done is called exactly once, from http_ready or http_timer, never from here. NULL: refused
 * (bad URL, header with control bytes); nothing will be called. The request struct itself is copied, body is not. */
struct http_call *http_start(struct http *h, const struct http_request *request, http_done *done, void *ctx);
/* Ends a call without its callback. */
void http_cancel(struct http *h, struct http_call *call);

/* Whether http_start would take this URL: absolute, http or https, with a host, no control bytes. `shown` (room bytes,
 * NUL-terminated) becomes the URL without user-info, query and fragment, fit for people and metrics. */
bool http_url_check(struct str url, char *shown, size_t room);

#endif
