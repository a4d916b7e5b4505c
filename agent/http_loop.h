/* Lends our loop to one `struct http`: libcurl's descriptors and its timer become ours. */
#ifndef AGENT_HTTP_LOOP_H
#define AGENT_HTTP_LOOP_H

#include "agent/loop.h"
#include "exporters/http.h"

struct http_loop { /* stays where it is while open; {0} is closed */
	struct loop *loop;
	struct http *http;
	struct loop_timer timer;
};
void http_loop_open(struct http_loop *h, struct loop *loop);
void http_loop_close(struct http_loop *h); /* calls in flight end without a callback */

#endif
