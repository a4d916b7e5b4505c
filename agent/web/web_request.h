/* One HTTP request on its way through a handler: what was asked, and the answer being made. Lives for the request. */
#ifndef AGENT_WEB_WEB_REQUEST_H
#define AGENT_WEB_WEB_REQUEST_H

#include <sys/types.h>

#include "agent/web/web.h"
#include "agent/web/web_config.h"

struct MHD_Connection;
enum web_stage {
	WEB_ARRIVING,  /* the body, if any */
	WEB_ASKING,    /* the password is being hashed */
	WEB_WELCOME, WEB_UNWELCOME,
	WEB_WAITING,   /* the handler has begun something that ends later */
	WEB_ANSWERED,
};
struct web_request {
	const struct web_options *options;
	struct MHD_Connection *connection;
	struct loop *loop;
	struct web *web;
	struct web_request *next; /* of all that are in progress */
	enum web_stage stage;
	bool is_suspended;
	struct loop_timer deadline;                /* of what a handler waits for */
	void (*cancel)(struct web_request *r);     /* makes that forget this request */
	bool is_openmetrics, wants_self, wants_logs; /* web_metrics.c */
	struct str method, path;
	size_t body_bytes;        /* of the request; thrown away, nothing takes a body */
	/* the answer */
	unsigned code;
	const char *content_type;
	const char *allow;        /* with 405 */
	bool is_challenge;        /* with 401 */
	struct str fixed;         /* answer that lives as long as the program; otherwise `body` */
	struct buf body;          /* capped; full: the answer becomes a 500 that says so */
	/* An answer in pieces whose end nobody knows yet, instead of body: bytes now, 0: none until web_more is called, -1: that was all. close: whatever
	 * happened, once. */
	ssize_t (*read)(struct web_request *r, char *to, size_t room);
	void (*close)(struct web_request *r);
	void *reading;            /* theirs */
	bool is_ending, is_beat_due;
	const char *script_hash, *style_hash; /* of a page: let these two run; NULL: nothing may */
	bool may_compress;
};

enum { WEB_ANSWER_MAX = 8 * 1024 * 1024 };
/* agent/web/web_answer.c: gives *r to the library. c: headers of the configuration, may be NULL. An MHD_Result. */
int web_answer(struct web_request *r, const struct web_config *c);
/* A short text instead of whatever was being made. */
void web_plain(struct web_request *r, unsigned code, struct str text);
/* Value of a query argument, decoded; empty when absent. */
struct str web_arg(const struct web_request *r, const char *name);
struct str web_header(const struct web_request *r, const char *name);

/* A handler that cannot answer yet: it calls web_wake when the answer is in *r. When deadline_ns (monotonic) comes first, cancel is called and
 * the answer is a 503. cancel is also called when the server stops. */
void web_wait(struct web_request *r, int64_t deadline_ns, void (*cancel)(struct web_request *r));
void web_wake(struct web_request *r);
/* There is something to read again. */
void web_more(struct web_request *r);
/* For the library's response: r is the request. */
ssize_t web_read(void *r, uint64_t position, char *to, size_t room);
/* Is the client on this machine, and not a proxy that speaks for somebody else? */
bool web_is_local(const struct web_request *r);

/* agent/web/web_routes.c: finds the handler by path and method and lets it answer. */
void web_route(struct web_request *r);
/* agent/web/web_api.c: the JSON under /api/v1. */
void web_api_buildinfo(struct web_request *r);
void web_api_status(struct web_request *r);
void web_api_files(struct web_request *r);
void web_api_log_targets(struct web_request *r);
void web_api_lines(struct web_request *r);
void web_api_destinations(struct web_request *r);
void web_api_drops(struct web_request *r);
void web_api_records(struct web_request *r);
/* agent/web/web_file.c: one file in detail, for `explain`. */
void web_api_file(struct web_request *r);
/* agent/web/web_tap.c: /api/v1/tap, an object a line for as long as the client reads. */
void web_api_tap(struct web_request *r);
/* agent/web/web_journal.c */
void web_api_journals(struct web_request *r);
/* agent/web/web_metrics.c: text for Prometheus. */
void web_metrics(struct web_request *r);      /* all of it */
void web_metrics_self(struct web_request *r);
void web_metrics_logs(struct web_request *r);
void web_metrics_node(struct web_request *r);
void web_metrics_pods(struct web_request *r);
/* agent/web/web_targets.c */
void web_targets_page(struct web_request *r);
void web_api_targets(struct web_request *r);

#endif
