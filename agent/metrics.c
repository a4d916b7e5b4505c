/* One turn, before the loop sleeps: for each receiver, frames from the spool as long as it has room, then let it send and settle. Scrapes
 * and collections run by their own timers and end in the spool; what a receiver has accepted moves its place there. */
#include "agent/metrics.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/logs/clients.h"
#include "agent/http_loop.h"
#include "agent/log.h"
#include "config/relabels.h"

enum { FRAMES_PER_TURN = 16 };
static const int64_t SYNC_EVERY_NS = 5 * 1000000000ll;

struct receiver {
	struct metrics *metrics;
	size_t i;
	char name[CLIENT_NAME_ROOM];
	struct relabel *rules;
	struct remote_write *write;
	bool has_more; /* the last look into the spool ended by the budget, not by the end */
};
struct metrics {
	struct metrics_options o;
	struct arena arena;
	struct http_loop write_http, scrape_http;
	struct drops *drops;
	struct spool *spool;
	struct collection *collection;
	struct scrape *scrape;
	struct receiver receivers[SPOOL_DESTINATIONS_MAX];
	size_t receiver_count;
	struct scrape_status last_scrape; /* of a manager that is gone */
	int64_t synced_ns;
	bool is_draining, is_syncing;
};

/* ---- hooks ---- */

static void on_settled(void *ctx, const struct journal_mark *mark)
{
	struct receiver *r = ctx;
	spool_ack(r->metrics->spool, r->i, mark);
}

static void on_wake(void *ctx)
{
	struct receiver *r = ctx;
	loop_again(r->metrics->o.loop);
}

static void on_appended(void *ctx)
{
	struct metrics *m = ctx;
	loop_again(m->o.loop);
}

/* ---- the turn ---- */

static void feed(struct receiver *r)
{
	struct spool_frame frame;
	int frames = 0;
	r->has_more = false;
	while (remote_write_has_room(r->write)) {
		if (frames++ == FRAMES_PER_TURN) {
			r->has_more = true;
			return;
		}
		if (spool_read(r->metrics->spool, r->i, &frame) <= 0)
			return;
		if (!remote_write_feed(r->write, frame.payload, &frame.end, frame.is_history))
			LOG_WARN("remote-write %s: a frame of the spool is damaged; what could be read of it is sent", r->name);
	}
}

static void run_sync(void *ctx)
{
	struct metrics *m = ctx;
	spool_sync(m->spool);
}

static void on_synced(void *ctx)
{
	struct metrics *m = ctx;
	m->is_syncing = false;
}

static void sync_sometimes(struct metrics *m, int64_t now_ns)
{
	if (m->is_syncing || now_ns - m->synced_ns < SYNC_EVERY_NS)
		return;
	if (!worker_run(m->o.worker, run_sync, on_synced, m))
		return; /* busy with positions: the next turn asks again */
	m->is_syncing = true;
	m->synced_ns = now_ns;
}

int64_t metrics_turn(struct metrics *m, int64_t now_ns, int64_t now_wall_ns)
{
	int64_t next = INT64_MAX;
	bool has_more = false;
	for (size_t i = 0; i < m->receiver_count; i++) {
		struct receiver *r = &m->receivers[i];
		feed(r);
		int64_t deadline = remote_write_turn(r->write, now_ns, now_wall_ns / 1000000, m->is_draining);
		next = deadline < next ? deadline : next;
		has_more |= r->has_more;
	}
	if (m->receiver_count)
		sync_sometimes(m, now_ns);
	if (has_more)
		loop_again(m->o.loop);
	return next;
}

/* ---- start and end ---- */

static struct remote_write_options options_of(struct receiver *r, const struct config_remote_write *c)
{
	static const struct { const char *name; enum remote_write_version version; } versions[] = {
		{ "prometheus.WriteRequest", REMOTE_WRITE_1 },
		{ "io.prometheus.write.v2.Request", REMOTE_WRITE_2 },
	};
	struct remote_write_options o = {
		.endpoint = client_endpoint(&c->http, c->url, r->name, &r->metrics->arena),
		.write_relabel = r->rules,
		.max_samples_per_send = c->queue_config.max_samples_per_send,
		.batch_send_deadline_ms = c->queue_config.batch_send_deadline_ms,
		.min_shards = c->queue_config.min_shards,
		.max_shards = c->queue_config.max_shards,
		.retry_on_http_429 = c->queue_config.retry_on_http_429,
		.sample_age_limit_ms = c->queue_config.sample_age_limit_ms,
		.send_exemplars = c->send_exemplars,
		.send_native_histograms = c->send_native_histograms,
		.send_metadata = c->metadata_config.send,
		.metadata_interval_ms = c->metadata_config.send_interval_ms,
	};
	o.endpoint.tenant_id = c->tenant_id;
	o.endpoint.timeout_ms = c->remote_timeout_ms;
	o.endpoint.backoff_min_ms = c->queue_config.min_backoff_ms;
	o.endpoint.backoff_max_ms = c->queue_config.max_backoff_ms;
	for (size_t i = 0; i < COUNT_OF(versions); i++)
		if (str_eq(c->protobuf_message, str_of(versions[i].name)))
			o.version = versions[i].version;
	if (str_eq(c->protocol, STR("otlphttp")))
		o.version = REMOTE_WRITE_OTLP;
	return o;
}

static int open_receiver(struct metrics *m, size_t i, char names[][CLIENT_NAME_ROOM], char err[256])
{
	const struct config_remote_write *c = &m->o.config->metrics.remotes[i];
	struct receiver *r = &m->receivers[i];
	*r = (struct receiver){ .metrics = m, .i = i };
	client_name(names, i, c->name, c->url);
	snprintf(r->name, sizeof r->name, "%s", names[i]);
	m->receiver_count++;
	r->rules = relabels_compile(&c->write_relabel_configs, err);
	if (err[0])
		return -1;
	struct remote_write_options options = options_of(r, c);
	struct remote_write_hooks hooks = { .ctx = r, .settled = on_settled, .wake = on_wake };
	r->write = remote_write_new(&options, m->write_http.http, m->drops, &hooks, err);
	return r->write ? 0 : -1;
}

static int open_receivers(struct metrics *m, char err[256])
{
	const struct config *c = m->o.config;
	char names[SPOOL_DESTINATIONS_MAX][CLIENT_NAME_ROOM];
	struct spool_options spool = { .directory = m->o.spool_path, .cap_bytes = c->metrics.spool.max_bytes, .destination_count = c->metrics.remote_count };
	if (c->metrics.remote_count > SPOOL_DESTINATIONS_MAX) {
		snprintf(err, 256, "metrics.remote_write: at most %d receivers, got %zu", SPOOL_DESTINATIONS_MAX, c->metrics.remote_count);
		return -1;
	}
	http_loop_open(&m->write_http, m->o.loop);
	for (size_t i = 0; i < c->metrics.remote_count; i++) {
		if (open_receiver(m, i, names, err) < 0)
			return -1;
		spool.names[i] = m->receivers[i].name;
	}
	err[0] = '\0';
	m->spool = spool_open(&spool, err);
	if (err[0])
		LOG_WARN("%s: samples are kept in memory, a restart loses what is not sent", err);
	return 0;
}

/* Without a receiver nothing is scraped and nothing is kept: /metrics alone is what there is. */
static int open_sending(struct metrics *m, char err[256])
{
	if (m->o.config->metrics.remote_count == 0)
		return 0;
	if (open_receivers(m, err) < 0)
		return -1;
	http_loop_open(&m->scrape_http, m->o.loop);
	struct scrape_options scrape = { .config = m->o.config, .node_name = m->o.node_name, .loop = m->o.loop, .http = m->scrape_http.http,
					 .spool = m->spool, .collection = m->collection, .own = m->o.own, .own_ctx = m->o.own_ctx,
					 .appended = on_appended, .appended_ctx = m };
	m->scrape = scrape_new(&scrape, err);
	return m->scrape ? 0 : -1;
}

struct metrics *metrics_start(const struct metrics_options *options, char err[256])
{
	struct metrics *m = calloc(1, sizeof *m);
	if (!m)
		abort();
	m->o = *options;
	m->drops = drops_new();
	struct collection_options collection = { .roots = options->roots, .flags = options->collector_flags,
						 .flag_count = options->collector_flag_count, .loop = options->loop, .shelf = options->shelf };
	m->collection = collection_new(&collection, err);
	if (!m->collection || open_sending(m, err) < 0) {
		metrics_free(m);
		return NULL;
	}
	return m;
}

static void stop_scraping(struct metrics *m)
{
	if (!m->scrape)
		return;
	scrape_status(m->scrape, &m->last_scrape);
	scrape_free(m->scrape);
	m->scrape = NULL;
}

void metrics_drain(struct metrics *m)
{
	m->is_draining = true;
	stop_scraping(m);
	loop_again(m->o.loop);
}

/* What is left is in the spool and goes out after the next start: nobody waits long for a receiver that is away. */
bool metrics_is_drained(const struct metrics *m, bool is_patience_over)
{
	struct spool_status spool;
	struct remote_write_status write;
	if (!m->spool)
		return true;
	spool_status(m->spool, &spool);
	for (size_t i = 0; i < m->receiver_count; i++) {
		if (remote_write_is_empty(m->receivers[i].write) && spool.destination[i].samples_pending == 0)
			continue;
		remote_write_status(m->receivers[i].write, &write);
		if (!is_patience_over || write.state == RW_IDLE || write.state == RW_SENDING)
			return false;
	}
	return true;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	stop_scraping(m);
	if (m->is_syncing)
		worker_wait(m->o.worker);
	for (size_t i = 0; i < m->receiver_count; i++) {
		remote_write_free(m->receivers[i].write);
		relabel_free(m->receivers[i].rules);
	}
	http_loop_close(&m->scrape_http);
	http_loop_close(&m->write_http);
	if (m->spool)
		spool_close(m->spool);
	collection_free(m->collection);
	drops_free(m->drops);
	arena_fini(&m->arena);
	free(m);
}

void metrics_set_pods(struct metrics *m, const struct podlist *pods, const struct monitor_tables *monitors)
{
	if (m->scrape)
		scrape_set_pods(m->scrape, pods, monitors);
}

/* ---- for people ---- */

struct collection *metrics_collection(struct metrics *m)
{
	return m->collection;
}

void metrics_status(const struct metrics *m, struct metrics_status *out)
{
	*out = (struct metrics_status){ .receiver_count = m->receiver_count, .scrape = m->last_scrape };
	if (m->scrape)
		scrape_status(m->scrape, &out->scrape);
	if (m->spool)
		spool_status(m->spool, &out->spool);
}

const struct drops *metrics_drops(const struct metrics *m)
{
	return m->drops;
}

void metrics_receiver(const struct metrics *m, size_t i, struct remote_write_status *out)
{
	remote_write_status(m->receivers[i].write, out);
}

void metrics_each_target(const struct metrics *m, void (*fn)(void *ctx, const struct target_status *target), void *ctx)
{
	if (m->scrape)
		scrape_each_target(m->scrape, fn, ctx);
}
