/* Two callbacks each way: libcurl says what to watch and when to wake it, the loop says what became ready and that it is time. */
#include "agent/http_loop.h"

#include "agent/os.h"

static void on_timer(void *ctx)
{
	struct http_loop *h = ctx;
	http_timer(h->http);
}

static void arm(void *ctx, long delay_ms)
{
	struct http_loop *h = ctx;
	if (delay_ms < 0)
		loop_disarm(h->loop, &h->timer);
	else
		loop_arm(h->loop, &h->timer, os_now_ns() + delay_ms * 1000000, on_timer, h);
}

static void on_ready(void *ctx, int fd, int events)
{
	struct http_loop *h = ctx;
	http_ready(h->http, fd, events);
}

static void watch(void *ctx, int fd, int events)
{
	struct http_loop *h = ctx;
	loop_watch(h->loop, fd, events, on_ready, h);
}

void http_loop_open(struct http_loop *h, struct loop *loop)
{
	struct http_host host = { h, watch, arm };
	*h = (struct http_loop){ .loop = loop };
	h->http = http_new(&host);
}

void http_loop_close(struct http_loop *h)
{
	if (!h->loop)
		return;
	http_free(h->http);
	loop_disarm(h->loop, &h->timer);
	*h = (struct http_loop){ 0 };
}
