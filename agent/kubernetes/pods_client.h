/* A server that knows pods, the API server or a kubelet: requests with credentials and TLS files that are read again as they change,
 * what its answers mean, how long to wait after a bad one, and one message for each cause of failure. */
#ifndef AGENT_KUBERNETES_PODS_CLIENT_H
#define AGENT_KUBERNETES_PODS_CLIENT_H

#include "agent/http_loop.h"
#include "agent/kubernetes/where.h"
#include "exporters/credentials.h"
#include "exporters/tls_files.h"

enum pods_code { /* of answers, as the metrics tell them */
	PODS_CODE_NONE, PODS_CODE_200, PODS_CODE_401, PODS_CODE_403, PODS_CODE_404, PODS_CODE_410, PODS_CODE_429, PODS_CODE_4XX,
	PODS_CODE_5XX, PODS_CODE_OTHER, PODS_CODES
};
extern const char *const pods_code_names[PODS_CODES];

enum pods_verdict {
	PODS_GOOD,
	PODS_EXPIRED,    /* 410: what was gone on from is too old */
	PODS_NEW_TOKEN,  /* 401, and the token's file has another one by now: ask again */
	PODS_FORBIDDEN,  /* 403: known to everybody who waits */
	PODS_BAD
};

struct pods_client {
	struct http_loop http;
	struct loop *loop;
	struct arena arena;
	struct endpoint_options endpoint;
	struct credentials *credentials;
	struct tls_files tls_files;
	enum kubernetes_source source;
	char url[512];                     /* as people may see it */
	uint64_t requests[PODS_CODES];
	unsigned failures;                 /* in a row; set to 0 by who has got what it wanted */
	int64_t asked_ns, not_before_ns;   /* the last question; until when the server asked for quiet */
	uint64_t random;
	char error[512];                   /* of the last answer; empty: it was good */
	int64_t error_wall_ns;
	char told[64];                     /* cause of what was logged last */
	const char *right, *meanwhile;     /* for messages: the rule that is missing after a 403, what happens until it answers; NULL: of pods */
};
struct pods_request {
	struct str path;                   /* with the query, from the slash on */
	int64_t timeout_ms;
	size_t max_reply_bytes;
	bool (*piece)(void *ctx, struct str bytes); /* NULL, or see http.h */
};

/* where: copied as far as needed; its texts live longer. retry: ask again, a token has come. -1 and err: the address or TLS
 * configuration cannot work. */
int pods_client_init(struct pods_client *c, const struct kubernetes_where *where, struct loop *loop, void (*retry)(void *ctx), void *ctx,
		     char err[256]);
void pods_client_fini(struct pods_client *c);

/* NULL: nothing was sent; c->error says why, unless a token is on its way (then retry follows). */
struct http_call *pods_client_get(struct pods_client *c, const struct pods_request *request, http_done *done, void *ctx);
void pods_client_cancel(struct pods_client *c, struct http_call *call); /* NULL is fine */
/* Counts the answer, sets c->error, logs it if it is another cause than before. */
enum pods_verdict pods_client_judge(struct pods_client *c, const struct http_reply *reply);
/* The same for an answer that was good as HTTP and for nothing else. cause: a few words, the same for the same trouble. */
void pods_client_complain(struct pods_client *c, const char *cause, const char *text);
void pods_client_is_well(struct pods_client *c); /* says so if it was told otherwise */
/* After one more failure: how long to wait. reply: NULL, or for its Retry-After. */
int64_t pods_client_wait_ms(struct pods_client *c, const struct http_reply *reply);
/* When to ask for somebody who waits for a pod that is not known: some seconds after the last question, however long the wait after so many
 * failures would be. New pods are a sign that the server is there again, and what is told late would come after the labels are chosen. */
int64_t pods_client_wanted_ns(struct pods_client *c);

void pods_client_escape(struct buf *out, struct str s); /* as the value of a query */

#endif
