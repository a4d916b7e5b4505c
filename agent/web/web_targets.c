/* Scrape targets: Prometheus' API (web/api/v1: /api/v1/targets) field by field, and a page that shows it. */
#include "agent/web/web_json.h"

#include <stdio.h>

#include "agent/metrics.h"
#include "agent/web/page.h"
#include "parsers/bytes/map.h"

enum { TARGETS_BYTES = 6 * 1024 * 1024 }; /* of the answer; what comes after is left out */

struct listing {
	struct web_request *r;
	struct str pool;             /* only this job, empty: all */
	bool is_active, wants_dropped;
	size_t count;
	struct map pools;            /* job -> struct pool */
	struct arena arena;
};
struct pool { struct str name; uint64_t dropped; };

void web_targets_page(struct web_request *r)
{
	r->content_type = "text/html; charset=utf-8";
	r->fixed = (struct str){ (const char *)targets_html, targets_html_bytes };
	r->script_hash = targets_script_hash;
	r->style_hash = targets_style_hash;
	r->may_compress = true;
}

/* 90000 -> "1m30s", as Prometheus writes durations. */
static void duration(struct buf *out, const char *name, int64_t ms)
{
	static const struct { int64_t ms; const char *unit; } units[] = {
		{ 365 * 86400000ll, "y" }, { 7 * 86400000ll, "w" }, { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" },
	};
	char text[128] = "0s";
	size_t n = 0;
	for (size_t i = 0; i < COUNT_OF(units) && ms > 0; i++) {
		bool is_whole_only = i < 3; /* years, weeks and days only when nothing is left over */
		if (ms < units[i].ms || (is_whole_only && ms % units[i].ms))
			continue;
		n += (size_t)snprintf(text + n, sizeof text - n, "%lld%s", (long long)(ms / units[i].ms), units[i].unit);
		ms %= units[i].ms;
	}
	web_json_text(out, name, str_of(text));
}

static void one_active(struct buf *out, const struct target_status *t)
{
	static const char *const health[] = { [TARGET_UNKNOWN] = "unknown", [TARGET_UP] = "up", [TARGET_DOWN] = "down" };
	buf_char(out, '{');
	web_json_labels(out, "discoveredLabels", t->discovered);
	web_json_labels(out, "labels", t->labels);
	web_json_text(out, "scrapePool", t->job);
	web_json_text(out, "scrapeUrl", t->scrape_url);
	web_json_text(out, "globalUrl", t->scrape_url);
	web_json_text(out, "lastError", t->last_error);
	if (t->last_scrape_wall_ns > 0)
		web_json_time(out, "lastScrape", t->last_scrape_wall_ns);
	else
		web_json_text(out, "lastScrape", STR("0001-01-01T00:00:00Z"));
	web_json_key(out, "lastScrapeDuration");
	buf_printf(out, "%.9g", (double)t->last_duration_ns / 1e9);
	web_json_text(out, "health", str_of(health[t->health]));
	duration(out, "scrapeInterval", t->interval_ms);
	duration(out, "scrapeTimeout", t->timeout_ms);
	buf_char(out, '}');
}

static void one_dropped(struct buf *out, const struct target_status *t)
{
	buf_char(out, '{');
	web_json_labels(out, "discoveredLabels", t->discovered);
	web_json_text(out, "scrapePool", t->job);
	buf_char(out, '}');
}

static struct pool *pool_of(struct listing *l, struct str name)
{
	struct pool *pool = name.n ? map_get(&l->pools, name) : NULL;
	if (pool || !name.n)
		return pool;
	pool = arena_alloc(&l->arena, sizeof *pool);
	pool->name = arena_copy(&l->arena, name);
	map_put(&l->pools, pool->name, pool);
	return pool;
}

static void add(void *ctx, const struct target_status *t)
{
	struct listing *l = ctx;
	struct buf *out = &l->r->body;
	if (l->pool.n && !str_eq(l->pool, t->job))
		return;
	struct pool *pool = l->is_active ? pool_of(l, t->job) : NULL;
	if (pool)
		pool->dropped += t->is_dropped;
	if (t->is_dropped == l->is_active || out->n > TARGETS_BYTES || (t->is_dropped && !l->wants_dropped))
		return;
	if (l->count++)
		buf_char(out, ',');
	if (t->is_dropped)
		one_dropped(out, t);
	else
		one_active(out, t);
}

static void counts(struct listing *l, struct buf *out)
{
	const struct pool *pool;
	web_json_key(out, "droppedTargetCounts");
	buf_char(out, '{');
	for (size_t i = 0, n = 0; (pool = map_next(&l->pools, &i)); n++) {
		if (n)
			buf_char(out, ',');
		web_json_string(out, pool->name);
		buf_char(out, ':');
		buf_u64(out, pool->dropped);
	}
	buf_char(out, '}');
}

static void skip(void *ctx, const struct target_status *t)
{
	struct listing *l = ctx;
	struct pool *pool = !l->pool.n || str_eq(l->pool, t->job) ? pool_of(l, t->job) : NULL;
	if (pool)
		pool->dropped += t->is_dropped;
}

void web_api_targets(struct web_request *r)
{
	struct status status;
	struct str state = web_arg(r, "state");
	struct listing l = { .r = r, .pool = web_arg(r, "scrapePool"), .is_active = true };
	bool is_any = state.n == 0 || str_ieq(state, STR("any")), is_active = is_any || str_ieq(state, STR("active"));
	l.wants_dropped = is_any || str_ieq(state, STR("dropped"));
	web_json_begin(r, &status);
	buf_str(&r->body, STR("{\"activeTargets\":["));
	if (status.metrics)
		metrics_each_target(status.metrics, is_active ? add : skip, &l);
	buf_str(&r->body, STR("],\"droppedTargets\":["));
	l.is_active = false;
	l.count = 0;
	if (status.metrics && l.wants_dropped)
		metrics_each_target(status.metrics, add, &l);
	buf_char(&r->body, ']');
	counts(&l, &r->body);
	buf_char(&r->body, '}');
	web_json_end(r);
	map_fini(&l.pools);
	arena_fini(&l.arena);
}
