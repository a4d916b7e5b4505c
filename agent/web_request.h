/* One HTTP request on its way through a handler: what was asked, and the answer being made. Lives for the request. */
#ifndef AGENT_WEB_REQUEST_H
#define AGENT_WEB_REQUEST_H

#include "agent/web.h"

struct MHD_Connection;
struct web_request {
	const struct web_options *options;
	struct MHD_Connection *connection;
	struct str method, path;
	size_t body_bytes;        /* of the request; thrown away, nothing takes a body */
	/* the answer */
	unsigned code;
	const char *content_type;
	const char *allow;        /* with 405 */
	struct str fixed;         /* answer that lives as long as the program; otherwise `body` */
	struct buf body;          /* capped; full: the answer becomes a 500 that says so */
	bool is_page;             /* gets the page's own security policy */
	bool may_compress;
};

/* Value of a query argument, decoded; empty when absent. */
struct str web_arg(const struct web_request *r, const char *name);
struct str web_header(const struct web_request *r, const char *name);

/* agent/web_routes.c: finds the handler by path and method and lets it answer. */
void web_route(struct web_request *r);
/* agent/web_api.c: the JSON under /api/v1. */
void web_api_buildinfo(struct web_request *r);
void web_api_status(struct web_request *r);
void web_api_files(struct web_request *r);
void web_api_destinations(struct web_request *r);
void web_api_drops(struct web_request *r);
void web_api_records(struct web_request *r);
void web_api_targets(struct web_request *r);

#endif
