/* For tests: the link to Kubernetes on a real loop, and a server that answers its requests one after the other, by a script. */
#ifndef TESTS_UNIT_AGENT_KUBE_RIG_H
#define TESTS_UNIT_AGENT_KUBE_RIG_H

#include "agent/kubernetes/kubernetes.h"
#include "agent/log.h"
#include "tests/unit/agent/temp_dir.h"
#include "tests/unit/exporters/server.h"

struct step {
	const char *wants;  /* what the request holds; NULL: anything */
	int status;
	const char *body;   /* lines of a watch, or a whole answer */
	enum { WHOLE, HUGE_, STREAM_OPEN, STREAM_ENDS, STREAM_BREAKS, NOTHING } how; /* huge: 20 MiB */
	size_t large;       /* so many 'x' first */
};
struct kube_rig {
	struct server server;
	const struct step *steps;
	size_t step_count;
	struct buf asked;   /* request lines; the server's lock */
	char wrong[512];    /* the first request that was not what its step wants */
	struct loop *loop;
	struct config config;
	char url[64], folder[256];
	struct kubernetes *kubernetes;
	struct node_pods_listener listener;
	struct buf told;    /* of pods, in words */
	size_t lists;       /* told by `changed` */
	size_t last_count;
	struct loop_timer watch;
	bool (*is_done)(struct kube_rig *r);
	int64_t give_up_ns;
};

static inline void rig_chunk(struct buf *out, struct str body)
{
	if (body.n)
		buf_printf(out, "%zx\r\n" STR_FMT "\r\n", body.n, STR_ARG(body));
}

/* The last step stands for all that follow. */
static inline void rig_script(void *ctx, const struct server_request *request, struct server_answer *out)
{
	struct kube_rig *r = ctx;
	size_t i = (size_t)request->number - 1 < r->step_count ? (size_t)request->number - 1 : r->step_count - 1;
	const struct step *s = &r->steps[i];
	struct str head = request->head;
	buf_str(&r->asked, str_cut(&head, '\r'));
	buf_char(&r->asked, '\n');
	if (s->wants && !contains(request->head, s->wants) && !r->wrong[0])
		snprintf(r->wrong, sizeof r->wrong, "request %d lacks \"%s\": %.300s", request->number, s->wants, request->head.p);
	struct buf body;
	buf_init(&body, 1 << 24);
	for (size_t k = 0; k < s->large; k++)
		buf_char(&body, 'x');
	buf_str(&body, str_of(s->body ? s->body : ""));
	if (s->how == NOTHING) {
		out->kind = ANSWER_NEVER;
	} else if (s->how == HUGE_) {
		buf_str(&out->bytes, STR("HTTP/1.1 200 OK\r\nContent-Length: 20971520\r\n\r\n"));
		for (int k = 0; k < 1 << 20; k++)
			buf_char(&out->bytes, ' ');
		out->repeat = 19;
		out->repeat_bytes = 1 << 20;
	} else if (s->how == WHOLE) {
		server_reply(out, s->status, "Content-Type: application/json\r\n", buf_view(&body));
	} else {
		buf_printf(&out->bytes, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		rig_chunk(&out->bytes, buf_view(&body));
		if (s->how == STREAM_ENDS)
			buf_str(&out->bytes, STR("0\r\n\r\n"));
		out->kind = s->how == STREAM_BREAKS ? ANSWER_SEND_AND_CLOSE : ANSWER_SEND;
	}
	buf_fini(&body);
}

static inline void rig_changed(void *ctx, struct str uid, const struct pod *pod, enum pod_change change)
{
	struct kube_rig *r = ctx;
	buf_printf(&r->told, "%c" STR_FMT "=" STR_FMT " ", "+~-"[change], STR_ARG(uid), STR_ARG(pod->phase));
}

static inline void rig_listed(void *ctx, const struct podlist *pods)
{
	struct kube_rig *r = ctx;
	r->lists++;
	r->last_count = pods->count;
}

static inline void rig_open(struct kube_rig *r, const struct step *steps, size_t count)
{
	*r = (struct kube_rig){ .steps = steps, .step_count = count, .loop = loop_new() };
	buf_init(&r->asked, 1 << 16);
	buf_init(&r->told, 1 << 16);
	server_start(&r->server, rig_script, r);
	snprintf(r->url, sizeof r->url, "http://127.0.0.1:%d/", r->server.port);
	r->config.kubernetes = (struct config_kubernetes){ .metadata = STR("auto"), .api_server = str_of(r->url), .metadata_wait_ms = 10000,
							   .poll_interval_ms = 1000 };
	setenv("NODE_NAME", "node-1", 1);
}

static inline void rig_start(struct kube_rig *r)
{
	struct kubernetes_options options = { .config = &r->config, .loop = r->loop, .changed = rig_listed, .ctx = r,
					      .service_account = r->folder[0] ? r->folder : NULL };
	r->kubernetes = kubernetes_start(&options);
	r->listener = (struct node_pods_listener){ .changed = rig_changed, .ctx = r };
	node_pods_listen(kubernetes_pods(r->kubernetes), &r->listener);
}

static inline void rig_look(void *ctx)
{
	struct kube_rig *r = ctx;
	pthread_mutex_lock(&r->server.lock);
	bool is_done = r->is_done(r);
	pthread_mutex_unlock(&r->server.lock);
	if (is_done || loop_now_ns(r->loop) > r->give_up_ns)
		loop_stop(r->loop);
	else
		loop_arm(r->loop, &r->watch, loop_now_ns(r->loop) + 5000000, rig_look, r);
}

/* Turns until is_done, for 30 seconds at most. */
static inline bool rig_run(struct kube_rig *r, bool (*is_done)(struct kube_rig *r))
{
	r->is_done = is_done;
	r->give_up_ns = loop_now_ns(r->loop) + INT64_C(30000000000);
	loop_arm(r->loop, &r->watch, loop_now_ns(r->loop), rig_look, r);
	loop_run(r->loop);
	pthread_mutex_lock(&r->server.lock);
	bool was_done = is_done(r);
	pthread_mutex_unlock(&r->server.lock);
	return was_done;
}

static inline void rig_close(struct kube_rig *r)
{
	kubernetes_stop(r->kubernetes);
	loop_disarm(r->loop, &r->watch);
	server_stop(&r->server);
	loop_free(r->loop);
	buf_fini(&r->asked);
	buf_fini(&r->told);
}

#define POD(uid, phase, version)                                                                                                    \
	"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"pod-" uid "\",\"namespace\":\"ns\",\"uid\":\"" uid "\",\"resourceVersion\":\"" version        \
	"\"},\"status\":{\"phase\":\"" phase "\"}}"
#define LIST(version, items) "{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"" version "\"},\"items\":[" items "]}"
#define PAGE(version, token, items)                                                                                                 \
	"{\"kind\":\"PodList\",\"metadata\":{\"resourceVersion\":\"" version "\",\"continue\":\"" token "\"},\"items\":[" items "]}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"
#define BOOKMARK(version) EVENT("BOOKMARK", "{\"kind\":\"Pod\",\"metadata\":{\"resourceVersion\":\"" version "\"}}")
#define STATUS(code, reason, message)                                                                                               \
	"{\"kind\":\"Status\",\"metadata\":{},\"status\":\"Failure\",\"message\":\"" message "\",\"reason\":\"" reason "\",\"code\":" code "}"

#endif
