/* Nanoseconds that trace_find and level_detect take per line, for lines of about 290 bytes of five kinds. */
#include <stdio.h>
#include <time.h>

#include "parsers/level.h"
#include "parsers/trace/trace.h"

enum { ROUNDS = 2000000, REPEATS = 5 };

static const struct {
	const char *name, *line;
} LINES[] = {
	{ "json with id",
		"{\"level\":\"info\",\"ts\":1714060801.512345,\"caller\":\"driver/server.go:73\",\"msg\":\"Searching for nearby drivers\","
		"\"service\":\"driver\",\"trace_id\":\"e82dee19c8a4cd4fa4a0291abf759210\",\"span_id\":\"aa4d5a70470bb1c2\","
		"\"location\":\"728,326\",\"customer\":\"Rachel's Floral Designs\",\"duration_ms\":12.5,\"attempt\":1}" },
	{ "json without",
		"{\"level\":\"info\",\"ts\":1714060801.512345,\"caller\":\"driver/server.go:73\",\"msg\":\"Searching for nearby drivers\","
		"\"service\":\"driver\",\"request\":{\"method\":\"GET\",\"path\":\"/api/v1/drivers?near=728,326\",\"status\":200},"
		"\"location\":\"728,326\",\"customer\":\"Rachel's Floral Designs\",\"duration_ms\":12.5,\"attempt\":1,\"bytes\":1024}" },
	{ "logfmt with id",
		"ts=2025-04-09T09:00:00.551403339Z caller=http.go:194 level=debug component=push org_id=1218 method=POST "
		"path=/push.v1.PusherService/Push trace_id=297fcbcc3daeac8d11ade99aec6e4455 span_id=6b333ab48cd4da29 "
		"msg=\"POST /push.v1.PusherService/Push (200) 1.6ms\" status=200 duration=1.6ms bytes=23871" },
	{ "text without",
		"2025-04-09 11:22:33,444 INFO [worker-7] com.example.shop.OrderService - Order 4711 of customer 42 was packed in 3 boxes "
		"and handed over to the carrier after 12 minutes; the next pickup is at 14:30 and the queue holds 17 more orders for the "
		"same destination, 4 of them urgent and 2 with dangerous goods" },
	{ "stack trace line",
		"\tat com.example.shop.order.internal.OrderServiceImpl$$EnhancerBySpringCGLIB$$5f3a2b1c.placeOrder(OrderServiceImpl.java:217) "
		"~[order-service-2.4.1.jar!/:2.4.1] at org.springframework.cglib.proxy.MethodProxy.invoke(MethodProxy.java:218) "
		"~[spring-core-5.3.20.jar!/:5.3.20]" },
	{ "spring boot 3",
		"2025-04-09T09:00:01.114Z  INFO 1 --- [mail] [nio-8080-exec-9] [1f51d082a298767f9443988e7fb0a4ce-c1e09ca2cee8ffad] "
		"c.a.mail.MailController                  : queued message 4711 for delivery to the smarthost after the second attempt; the "
		"first one failed with a temporary error of the remote side" },
	{ "json, key but no span",
		"{\"method\":\"GET\",\"path\":\"/x\",\"request_id\":\"b54086be-0934-4dab-9c20-e8771f6d75b3\",\"response_code\":200,"
		"\"trace_id\":\"24346c8ac7b24d6d1aea85c80c38c68f\",\"authority\":\"shop.example.com\",\"upstream_host\":\"10.42.0.3:8080\","
		"\"user_agent\":\"curl/8.5.0\",\"bytes_sent\":512,\"duration\":3}" },
};

static double now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double time_trace(struct str line, unsigned *sum)
{
	double start = now_ns();
	for (int i = 0; i < ROUNDS; i++) {
		struct trace_context found;
		*sum += trace_find(line, &found) == TRACE_VALID ? (unsigned char)found.trace_id[i & 31] : 1u;
	}
	return (now_ns() - start) / ROUNDS;
}

static double time_level(struct str line, unsigned *sum)
{
	double start = now_ns();
	for (int i = 0; i < ROUNDS; i++)
		*sum += (unsigned)level_detect(line);
	return (now_ns() - start) / ROUNDS;
}

int main(void)
{
	unsigned sum = 0;
	printf("%-24s %6s %10s %10s\n", "line", "bytes", "trace ns", "level ns");
	for (size_t i = 0; i < COUNT_OF(LINES); i++) {
		struct str line = str_of(LINES[i].line);
		double trace = 1e9, level = 1e9;
		for (int k = 0; k < REPEATS; k++) {
			double a = time_trace(line, &sum), b = time_level(line, &sum);
			trace = a < trace ? a : trace;
			level = b < level ? b : level;
		}
		printf("%-24s %6zu %10.1f %10.1f\n", LINES[i].name, line.n, trace, level);
	}
	printf("checksum %u\n", sum); /* keeps the compiler from leaving the work out */
	return 0;
}
