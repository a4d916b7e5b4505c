/* Simpler than pods: nobody waits for these objects, so nothing has a deadline; a watch that brought junk is answered by a list, after a wait that
 * doubles. What is known stays known while the server is away. */
#include "agent/kubernetes/api_objects.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/log.h"
#include "exporters/backoff.h"

enum {
	LIST_BYTES_MAX = 16 << 20, EVENT_BYTES_MAX = 4 << 20, VERSION_MAX = 128, CONTINUE_MAX = 4096, PATH_MAX_BYTES = 8000, PAGE_OBJECTS = 250,
	LIST_TIMEOUT_MS = 30000, WATCH_MIN_S = 300, WATCH_MAX_S = 600, WATCH_MORE_S = 30, RESTART_MAX_MS = 1000, WELL_MS = 10000,
	UNKNOWN_MIN_MS = 45000, UNKNOWN_MAX_MS = 75000 /* between questions for a kind that there is not */
};

struct api_objects {
	struct api_objects_options o;
	struct pods_client client;
	struct object_table table;
	struct loop_timer timer;
	struct http_call *call;
	struct event_lines lines;
	struct arena arena;
	char version[VERSION_MAX]; /* empty: list */
	struct buf next_page;
	bool is_accepted, has_progress, must_list, is_unknown_told, is_known, is_paged;
	int64_t watch_start_ns;
	uint64_t lists, watches, events;
};

static void ask(struct api_objects *a);
static void on_list(void *ctx, const struct http_reply *reply);
static void on_watch(void *ctx, const struct http_reply *reply);
static bool on_piece(void *ctx, struct str bytes);

static void on_timer(void *ctx)
{
	ask(ctx);
}

static void ask_later(struct api_objects *a, int64_t wait_ms)
{
	loop_arm(a->o.loop, &a->timer, loop_now_ns(a->o.loop) + wait_ms * 1000000, on_timer, a);
}

static void fail(struct api_objects *a, const struct http_reply *reply)
{
	buf_reset(&a->next_page);
	ask_later(a, pods_client_wait_ms(&a->client, reply));
}

static void junk(struct api_objects *a, const char *why)
{
	char text[256];
	snprintf(text, sizeof text, "what it says of %s cannot be read: %s", a->o.kind, why);
	pods_client_complain(&a->client, "junk", text);
	a->version[0] = '\0';
	fail(a, NULL);
}

/* ---- questions ---- */

static void send_off(struct api_objects *a, struct buf *path, const struct pods_request *request, http_done *done)
{
	struct pods_request r = *request;
	r.path = buf_view(path);
	a->call = pods_client_get(&a->client, &r, done, a);
	buf_fini(path);
	if (!a->call)
		fail(a, NULL);
}

/* Out of the server's cache, as pods: a fleet that starts at once costs it next to nothing. In pages, which it takes from its disk, only where that
 * is too large for us. */
static void ask_list(struct api_objects *a)
{
	struct buf path;
	buf_init(&path, PATH_MAX_BYTES);
	if (a->is_paged)
		buf_printf(&path, "%s?limit=%d", a->o.path, PAGE_OBJECTS);
	else
		buf_printf(&path, "%s?resourceVersion=0", a->o.path);
	if (a->next_page.n) {
		buf_str(&path, STR("&continue="));
		pods_client_escape(&path, buf_view(&a->next_page));
	}
	a->lists += a->next_page.n == 0;
	send_off(a, &path, &(struct pods_request){ .timeout_ms = LIST_TIMEOUT_MS, .max_reply_bytes = LIST_BYTES_MAX }, on_list);
}

static void ask_watch(struct api_objects *a)
{
	struct buf path;
	int64_t most_s = backoff_between(WATCH_MIN_S, WATCH_MAX_S, &a->client.random);
	buf_init(&path, PATH_MAX_BYTES);
	buf_printf(&path, "%s?watch=true&allowWatchBookmarks=true&timeoutSeconds=%lld&resourceVersion=", a->o.path, (long long)most_s);
	pods_client_escape(&path, str_of(a->version));
	a->watches++;
	a->is_accepted = a->has_progress = a->must_list = false;
	a->watch_start_ns = loop_now_ns(a->o.loop);
	event_lines_reset(&a->lines);
	send_off(a, &path, &(struct pods_request){ .timeout_ms = (most_s + WATCH_MORE_S) * 1000, .piece = on_piece }, on_watch);
}

static void ask(struct api_objects *a)
{
	if (a->version[0])
		ask_watch(a);
	else
		ask_list(a);
}

/* ---- lists ---- */

static bool keep_version(struct api_objects *a, struct str version)
{
	bool is_good = version.n > 0 && version.n < sizeof a->version && !memchr(version.p, '\0', version.n);
	if (is_good)
		snprintf(a->version, sizeof a->version, STR_FMT, STR_ARG(version));
	return is_good;
}

static void end_list(struct api_objects *a, struct str version)
{
	buf_reset(&a->next_page);
	a->is_known = true;
	a->is_unknown_told = false;
	bool has_changed = object_table_end(&a->table);
	pods_client_is_well(&a->client);
	if (has_changed)
		a->o.changed(a->o.ctx);
	if (!keep_version(a, version))
		junk(a, "the list has no resourceVersion");
	else if (a->client.failures) /* a server whose watches are no good is not asked for lists as fast as it answers */
		ask_later(a, backoff_ms(a->client.failures, 1, RESTART_MAX_MS, &a->client.random));
	else
		ask_watch(a);
}

static void take_list(struct api_objects *a, struct str body)
{
	struct objects list;
	const char *why = NULL;
	arena_reset(&a->arena);
	if (!objects_parse(body, &list, &a->arena, &why) || !list.is_list) {
		junk(a, why ? why : "it is no list");
		return;
	}
	if (a->next_page.n == 0)
		object_table_begin(&a->table);
	for (size_t i = 0; i < list.count; i++)
		object_table_put(&a->table, &list.at[i]);
	buf_reset(&a->next_page);
	buf_str(&a->next_page, list.continue_);
	if (a->next_page.is_full)
		junk(a, "the token of the next page is too long");
	else if (list.continue_.n)
		ask_list(a);
	else
		end_list(a, list.resource_version);
}

/* The kind is not there: its CRD was not installed, or is gone. */
static void take_none(struct api_objects *a)
{
	a->client.requests[PODS_CODE_404]++;
	a->version[0] = '\0';
	a->is_known = false;
	buf_reset(&a->next_page);
	object_table_begin(&a->table);
	if (object_table_end(&a->table))
		a->o.changed(a->o.ctx);
	if (!a->is_unknown_told)
		LOG_INFO("Kubernetes API at %s: there are no %s, their CRD is not installed; asked again in a minute", a->client.url, a->o.kind);
	a->is_unknown_told = true;
	a->client.failures = 0;
	ask_later(a, backoff_between(UNKNOWN_MIN_MS, UNKNOWN_MAX_MS, &a->client.random));
}

static void on_list(void *ctx, const struct http_reply *reply)
{
	struct api_objects *a = ctx;
	a->call = NULL;
	if (reply->status == 404) {
		take_none(a);
		return;
	}
	enum pods_verdict verdict = pods_client_judge(&a->client, reply);
	if (verdict == PODS_GOOD && reply->is_too_large && !a->is_paged) {
		a->is_paged = true;
		ask_list(a);
	} else if (verdict == PODS_GOOD && reply->is_too_large)
		junk(a, "a page of the list is larger than 16 MiB");
	else if (verdict == PODS_GOOD)
		take_list(a, reply->body);
	else
		fail(a, reply);
}

/* ---- watches ---- */

static bool take_error(struct api_objects *a, const struct objects *event)
{
	a->must_list = true;
	if (event->status_code != 410 && !str_eq(event->status_reason, STR("Expired")))
		pods_client_complain(&a->client, "watch error", "the watch was ended with an error");
	return false;
}

static bool take_event(struct api_objects *a, const struct objects *event)
{
	static const char *const names[] = { "ADDED", "MODIFIED", "DELETED", "BOOKMARK" };
	size_t kind = 0;
	while (kind < COUNT_OF(names) && !str_eq(event->event, str_of(names[kind])))
		kind++;
	if (kind == COUNT_OF(names))
		return false;
	bool has_changed = false;
	for (size_t i = 0; i < event->count && kind < 3; i++)
		has_changed |= kind == 2 ? object_table_remove(&a->table, &event->at[i]) : object_table_put(&a->table, &event->at[i]);
	if (has_changed)
		a->o.changed(a->o.ctx);
	return keep_version(a, event->resource_version);
}

static bool on_line(void *ctx, struct str line)
{
	struct api_objects *a = ctx;
	struct objects event;
	const char *why;
	arena_reset(&a->arena);
	bool is_json = objects_parse(line, &event, &a->arena, &why);
	if (is_json && str_eq(event.event, STR("ERROR")))
		return take_error(a, &event);
	if (!is_json || !take_event(a, &event)) {
		a->must_list = true;
		pods_client_complain(&a->client, "junk in the watch", is_json ? "the watch sends what is no event" : why);
		return false;
	}
	a->events++;
	a->has_progress = true;
	return true;
}

static bool on_piece(void *ctx, struct str bytes)
{
	struct api_objects *a = ctx;
	if (bytes.n == 0) {
		a->is_accepted = true;
		a->client.requests[PODS_CODE_200]++;
		return true;
	}
	bool goes_on = event_lines_feed(&a->lines, bytes, on_line, a);
	if (a->lines.skipping_bytes)
		a->must_list = true;
	return goes_on && !a->must_list;
}

static void on_watch(void *ctx, const struct http_reply *reply)
{
	struct api_objects *a = ctx;
	a->call = NULL;
	event_lines_reset(&a->lines);
	bool has_lasted = loop_now_ns(a->o.loop) - a->watch_start_ns >= WELL_MS * INT64_C(1000000);
	if (a->is_accepted && !a->must_list && (a->has_progress || has_lasted)) {
		a->client.failures = 0;
		ask_later(a, backoff_between(1, RESTART_MAX_MS, &a->client.random));
		return;
	}
	if (a->must_list || reply->status == 404 || reply->status == 410)
		a->version[0] = '\0';
	if (!a->is_accepted && reply->status != 404)
		pods_client_judge(&a->client, reply);
	fail(a, a->is_accepted ? NULL : reply);
}

/* ---- start and end ---- */

static void on_retry(void *ctx)
{
	struct api_objects *a = ctx;
	if (!a->call)
		ask_later(a, 0);
}

struct api_objects *api_objects_start(const struct api_objects_options *options)
{
	char err[256];
	struct api_objects *a = calloc(1, sizeof *a);
	if (!a)
		abort();
	a->o = *options;
	buf_init(&a->next_page, CONTINUE_MAX);
	event_lines_init(&a->lines, EVENT_BYTES_MAX);
	if (pods_client_init(&a->client, options->where, options->loop, on_retry, a, err) < 0) {
		LOG_WARN("%s are not asked for: %s", options->kind, err);
		api_objects_stop(a);
		return NULL;
	}
	a->client.right = options->right;
	a->client.meanwhile = "targets go on as they are";
	ask(a);
	return a;
}

void api_objects_stop(struct api_objects *a)
{
	if (!a)
		return;
	loop_disarm(a->o.loop, &a->timer);
	pods_client_cancel(&a->client, a->call);
	pods_client_fini(&a->client);
	object_table_fini(&a->table);
	event_lines_fini(&a->lines);
	buf_fini(&a->next_page);
	arena_fini(&a->arena);
	free(a);
}

const struct object_table *api_objects_table(const struct api_objects *a)
{
	return &a->table;
}

void api_objects_status(const struct api_objects *a, struct api_objects_status *out)
{
	*out = (struct api_objects_status){ .error = a->client.error, .objects = a->table.by_name.count, .skipped = a->table.skipped, .lists = a->lists,
					    .watches = a->watches, .events = a->events, .is_known = a->is_known };
}
