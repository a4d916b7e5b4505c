/* The list comes out of the API server's cache (resourceVersion=0): whatever is missing from it comes with the watch, and a whole fleet of
 * agents that starts at the same time costs the server next to nothing. Only when that is too large for us, which no node's pods are,
 * it is read in pages, which the server takes from its disk.
 *
 * A watch is asked for with a time of 5 to 10 minutes, as kubelets do it, and for bookmarks, which move the version on while no pod
 * changes. What a watch cannot say is that its connection is dead; TCP's keep-alive and that time are the bound. */
#include "agent/kubernetes/api_pods.h"

#include <stdio.h>
#include <stdlib.h>

#include "exporters/backoff.h"
#include "parsers/kubernetes/event_lines.h"

enum {
	LIST_BYTES_MAX = 16 << 20,  /* of one answer */
	EVENT_BYTES_MAX = 4 << 20,  /* the largest object that etcd takes has 1.5 MiB */
	SKIPPED_BYTES_MAX = 256 << 20, /* of one that is skipped: beyond, nothing comes any more */
	PAGE_PODS = 64,
	VERSION_MAX = 128, CONTINUE_MAX = 4096, PATH_MAX_BYTES = 8000,
	LIST_TIMEOUT_MS = 30000,
	WATCH_MIN_S = 300, WATCH_MAX_S = 600, WATCH_MORE_S = 30,
	RESTART_MAX_MS = 1000,      /* jitter between a watch that went well and the next */
	WELL_MS = 10000             /* a watch that lasted so long went well */
};

struct api_pods {
	struct api_pods_options o;
	struct loop_timer timer;
	struct http_call *call;
	struct event_lines lines;
	struct arena arena;         /* of one answer or event */
	char version[VERSION_MAX];  /* empty: list */
	struct buf next_page;       /* the token of it */
	unsigned page_pods;         /* 0: all at once */
	bool is_accepted;           /* the watch that runs: its answer has begun */
	bool has_progress;          /* and brought something */
	bool must_list;             /* and said that only a list helps */
	bool was_junk;              /* a watch brought what cannot be read, and none has gone well since */
	int64_t watch_start_ns;
};

static void on_list(void *ctx, const struct http_reply *reply);
static void on_watch(void *ctx, const struct http_reply *reply);
static bool on_piece(void *ctx, struct str bytes);
static void ask(struct api_pods *a);

/* ---- later ---- */

static void on_timer(void *ctx)
{
	ask(ctx);
}

static void ask_later(struct api_pods *a, int64_t wait_ms)
{
	loop_arm(a->o.loop, &a->timer, loop_now_ns(a->o.loop) + wait_ms * 1000000, on_timer, a);
}

/* Somebody waits for a pod that is not known. */
static void on_wanted(void *ctx)
{
	struct api_pods *a = ctx;
	if (a->call || a->o.client->failures == 0)
		return;
	int64_t at_ns = pods_client_wanted_ns(a->o.client);
	if (at_ns < a->timer.at_ns)
		loop_arm(a->o.loop, &a->timer, at_ns, on_timer, a);
}

/* After an answer that brought nothing. */
static void fail(struct api_pods *a, enum pods_verdict verdict, const struct http_reply *reply)
{
	node_pods_set_state(a->o.pods, verdict == PODS_FORBIDDEN ? NODE_PODS_OFF : NODE_PODS_AWAY);
	bool is_at_once = verdict == PODS_NEW_TOKEN && a->o.client->failures == 0;
	int64_t wait_ms = pods_client_wait_ms(a->o.client, reply);
	ask_later(a, is_at_once ? 0 : wait_ms);
}

/* ---- questions ---- */

static void begin_path(struct buf *path, const struct api_pods *a)
{
	buf_init(path, PATH_MAX_BYTES);
	buf_str(path, STR("/api/v1/pods?fieldSelector=spec.nodeName%3D"));
	pods_client_escape(path, a->o.node_name);
}

static void send_off(struct api_pods *a, struct buf *path, const struct pods_request *request, http_done *done)
{
	struct pods_request r = *request;
	r.path = buf_view(path);
	a->call = pods_client_get(a->o.client, &r, done, a);
	buf_fini(path);
	if (!a->call)
		fail(a, PODS_BAD, NULL);
}

static void ask_list(struct api_pods *a)
{
	struct buf path;
	begin_path(&path, a);
	if (a->page_pods == 0)
		buf_str(&path, STR("&resourceVersion=0"));
	else
		buf_printf(&path, "&limit=%u", a->page_pods);
	if (a->next_page.n) {
		buf_str(&path, STR("&continue="));
		pods_client_escape(&path, buf_view(&a->next_page));
	}
	a->o.stats->lists += a->next_page.n == 0;
	send_off(a, &path, &(struct pods_request){ .timeout_ms = LIST_TIMEOUT_MS, .max_reply_bytes = LIST_BYTES_MAX }, on_list);
}

static void ask_watch(struct api_pods *a)
{
	struct buf path;
	int64_t most_s = backoff_between(WATCH_MIN_S, WATCH_MAX_S, &a->o.client->random);
	begin_path(&path, a);
	buf_printf(&path, "&watch=true&allowWatchBookmarks=true&timeoutSeconds=%lld&resourceVersion=", (long long)most_s);
	pods_client_escape(&path, str_of(a->version));
	a->o.stats->watches++;
	a->is_accepted = a->has_progress = a->must_list = false;
	a->watch_start_ns = loop_now_ns(a->o.loop);
	event_lines_reset(&a->lines);
	send_off(a, &path, &(struct pods_request){ .timeout_ms = (most_s + WATCH_MORE_S) * 1000, .piece = on_piece }, on_watch);
}

static void ask(struct api_pods *a)
{
	if (a->version[0])
		ask_watch(a);
	else
		ask_list(a);
}

/* ---- lists ---- */

static bool keep_version(struct api_pods *a, struct str version)
{
	bool is_good = version.n > 0 && version.n < sizeof a->version && !memchr(version.p, '\0', version.n);
	if (is_good)
		snprintf(a->version, sizeof a->version, STR_FMT, STR_ARG(version));
	return is_good;
}

static void junk(struct api_pods *a, const char *what, const char *why)
{
	char text[256];
	snprintf(text, sizeof text, "%s cannot be read: %s", what, why);
	pods_client_complain(a->o.client, what, text);
	fail(a, PODS_BAD, NULL);
}

/* An answer that is too large for us: pages, and smaller ones. */
static void ask_for_less(struct api_pods *a)
{
	if (a->page_pods == 1) {
		a->page_pods = 0;
		buf_reset(&a->next_page);
		junk(a, "the list of pods", "one object of it is larger than 16 MiB");
		return;
	}
	a->page_pods = a->page_pods ? a->page_pods / 2 : PAGE_PODS;
	ask_list(a);
}

static void end_list(struct api_pods *a, struct str version)
{
	buf_reset(&a->next_page);
	a->page_pods = 0;
	node_pods_end(a->o.pods);
	if (!a->was_junk)
		pods_client_is_well(a->o.client);
	a->o.stats->synced_wall_ns = loop_wall_ns(a->o.loop);
	if (!keep_version(a, version)) {
		junk(a, "the list of pods", "its resourceVersion is missing or too long");
		return;
	}
	/* A server whose watches are no good is not asked for lists as fast as it answers. */
	if (a->o.client->failures)
		ask_later(a, backoff_ms(a->o.client->failures, 1, RESTART_MAX_MS, &a->o.client->random));
	else
		ask_watch(a);
}

static void take_list(struct api_pods *a, struct str body)
{
	struct podlist list;
	const char *why = NULL;
	arena_reset(&a->arena);
	if (!podlist_parse(body, &list, &a->arena, &why) || !list.is_list) {
		junk(a, "the list of pods", why ? why : "it is no PodList");
		return;
	}
	if (a->next_page.n == 0)
		node_pods_begin(a->o.pods);
	for (size_t i = 0; i < list.count; i++)
		node_pods_put(a->o.pods, &list.at[i]);
	buf_reset(&a->next_page);
	buf_str(&a->next_page, list.continue_);
	if (a->next_page.is_full)
		junk(a, "the list of pods", "the token of its next page is too long");
	else if (list.continue_.n)
		ask_list(a);
	else
		end_list(a, list.resource_version);
}

static void on_list(void *ctx, const struct http_reply *reply)
{
	struct api_pods *a = ctx;
	a->call = NULL;
	enum pods_verdict verdict = pods_client_judge(a->o.client, reply);
	if (verdict == PODS_GOOD && reply->is_too_large)
		ask_for_less(a);
	else if (verdict == PODS_GOOD)
		take_list(a, reply->body);
	else {
		buf_reset(&a->next_page); /* a token of a page may be too old: from the beginning */
		fail(a, verdict, reply);
	}
}

/* ---- watches ---- */

static bool take_put(struct api_pods *a, const struct podlist *event)
{
	for (size_t i = 0; i < event->count; i++)
		node_pods_put(a->o.pods, &event->at[i]);
	return true;
}

static bool take_deleted(struct api_pods *a, const struct podlist *event)
{
	for (size_t i = 0; i < event->count; i++)
		node_pods_remove(a->o.pods, event->at[i].uid);
	return true;
}

static bool take_bookmark(struct api_pods *a, const struct podlist *event)
{
	(void)a, (void)event;
	return true;
}

/* 410: too old, list again. Others (a server that goes away says 500) end this watch. */
static bool take_error(struct api_pods *a, const struct podlist *event)
{
	char text[512];
	a->must_list = event->status_code == 410 || str_eq(event->status_reason, STR("Expired"));
	a->has_progress = false;
	snprintf(text, sizeof text, "the watch was ended: %lld " STR_FMT, (long long)event->status_code,
		 STR_ARG(str_take(event->status_message, 300)));
	if (!a->must_list)
		pods_client_complain(a->o.client, "watch error", text);
	return false;
}

static const struct { struct str name; bool (*take)(struct api_pods *a, const struct podlist *event); } events[] = {
	{ STR("ADDED"), take_put },         { STR("MODIFIED"), take_put }, { STR("DELETED"), take_deleted },
	{ STR("BOOKMARK"), take_bookmark }, { STR("ERROR"), take_error },
};

static bool has_lasted(const struct api_pods *a)
{
	return loop_now_ns(a->o.loop) - a->watch_start_ns >= WELL_MS * INT64_C(1000000);
}

static void progress(struct api_pods *a)
{
	a->o.stats->events++;
	a->o.stats->synced_wall_ns = loop_wall_ns(a->o.loop);
	a->has_progress = true;
	if (a->was_junk && has_lasted(a)) {
		a->was_junk = false;
		pods_client_is_well(a->o.client);
	}
}

/* Nobody knows what it was about: only a list can tell. */
static bool skip_event(struct api_pods *a, const char *why)
{
	a->o.stats->events_skipped++;
	a->must_list = a->was_junk = true;
	pods_client_complain(a->o.client, "junk in the watch", why);
	return false;
}

static bool on_line(void *ctx, struct str line)
{
	struct api_pods *a = ctx;
	struct podlist event;
	const char *why = NULL;
	arena_reset(&a->arena);
	if (!podlist_parse(line, &event, &a->arena, &why))
		return skip_event(a, why);
	for (size_t i = 0; i < COUNT_OF(events); i++) {
		if (!str_eq(event.event, events[i].name))
			continue;
		if (!events[i].take(a, &event))
			return false;
		progress(a);
		return keep_version(a, event.resource_version) || skip_event(a, "an event without resourceVersion");
	}
	return skip_event(a, "the watch sends what is no event");
}

static bool on_piece(void *ctx, struct str bytes)
{
	struct api_pods *a = ctx;
	if (bytes.n == 0) { /* accepted: what it will say completes what is known */
		a->is_accepted = true;
		a->o.client->requests[PODS_CODE_200]++;
		node_pods_set_state(a->o.pods, NODE_PODS_COMPLETE);
		if (!a->was_junk)
			pods_client_is_well(a->o.client);
		return true;
	}
	uint64_t skipped = a->lines.skipped;
	bool goes_on = event_lines_feed(&a->lines, bytes, on_line, a);
	a->o.stats->events_skipped += a->lines.skipped - skipped;
	return a->lines.skipping_bytes <= SKIPPED_BYTES_MAX ? goes_on : skip_event(a, "an event has no end");
}

static void end_watch(struct api_pods *a)
{
	if (a->must_list)
		a->version[0] = '\0';
	if (!a->must_list && (a->has_progress || has_lasted(a))) { /* its time is over, or somebody on the way ended it: on from here */
		a->o.client->failures = 0;
		ask_later(a, backoff_between(1, RESTART_MAX_MS, &a->o.client->random));
		return;
	}
	ask_later(a, pods_client_wait_ms(a->o.client, NULL));
}

static void on_watch(void *ctx, const struct http_reply *reply)
{
	struct api_pods *a = ctx;
	a->call = NULL;
	a->o.stats->watch_restarts++;
	event_lines_reset(&a->lines);
	if (a->is_accepted) {
		end_watch(a);
		return;
	}
	enum pods_verdict verdict = pods_client_judge(a->o.client, reply);
	if (verdict != PODS_EXPIRED) {
		fail(a, verdict, reply);
		return;
	}
	a->version[0] = '\0';
	ask_later(a, pods_client_wait_ms(a->o.client, reply));
}

/* ---- start and end ---- */

struct api_pods *api_pods_start(const struct api_pods_options *options)
{
	struct api_pods *a = calloc(1, sizeof *a);
	if (!a)
		abort();
	a->o = *options;
	buf_init(&a->next_page, CONTINUE_MAX);
	event_lines_init(&a->lines, EVENT_BYTES_MAX);
	node_pods_set_state(a->o.pods, NODE_PODS_ASKING);
	node_pods_on_wanted(a->o.pods, on_wanted, a);
	ask(a);
	return a;
}

void api_pods_stop(struct api_pods *a)
{
	if (!a)
		return;
	node_pods_on_wanted(a->o.pods, NULL, NULL);
	loop_disarm(a->o.loop, &a->timer);
	pods_client_cancel(a->o.client, a->call);
	event_lines_fini(&a->lines);
	buf_fini(&a->next_page);
	arena_fini(&a->arena);
	free(a);
}

void api_pods_retry(struct api_pods *a)
{
	if (!a->call)
		ask_later(a, 0);
}
