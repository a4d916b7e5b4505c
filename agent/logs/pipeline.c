/* One turn of the loop, before it sleeps: read a few chunks for each lane in turn (a lane whose destination has no room is
 * passed over: the disk is the queue), then let each destination seal, send and settle. Settled marks move positions. */
#include "agent/logs/pipeline_inside.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/log.h"
#include "agent/logs/log_stages.h"
#include "agent/tail/pod_gate.h"

enum { CHUNKS_PER_TURN = 32, RING_BYTES = 1 << 20 };
static const int64_t WAITING_NS = 200 * 1000000, PATIENCE_NS = 2 * 1000000000ll,
		     EXPIRE_EVERY_NS = 60 * 1000000000ll, NEWS_EVERY_NS = 1000000000ll;

/* ---- hooks ---- */

static void on_settled(void *ctx, void *mark)
{
	(void)ctx;
	lane_settled(mark);
}

static void on_wake(void *ctx)
{
	struct pipeline *p = ctx;
	loop_again(p->o.loop);
}

static bool counts_lines(const struct source *s)
{
	return s->lines != NULL;
}

/* What its pod asks for now; true: another way of its stack traces. */
static bool take_asks(struct source *s)
{
	struct pod_wishes wishes;
	struct line_asks asks;
	bool before = s->joins_traces;
	pod_gate_wishes(s->folder, &wishes);
	bool has_asks = line_asks_read(&asks, &wishes);
	if (!line_asks_eq(s->asks, has_asks ? &asks : NULL)) {
		free(s->asks);
		s->asks = has_asks ? malloc(sizeof asks) : NULL;
		if (has_asks && !s->asks)
			abort();
		if (has_asks)
			*s->asks = asks;
	}
	s->joins_traces = wishes.has_stack_traces ? wishes.joins_stack_traces : s->scrape->stack_traces;
	return s->joins_traces != before;
}

static void on_asked(void *ctx, struct source *s)
{
	struct pipeline *p = ctx;
	if (!take_asks(s))
		return;
	for (size_t lane = 0; lane < s->lanes; lane++)
		s->lane[lane].must_restage = true;
	tail_queue_all(&p->tail, s);
	loop_again(p->o.loop);
}

static void on_restage(void *ctx, struct source *s, size_t lane)
{
	const struct pipeline *p = ctx;
	stream_labels_restage(&p->rules, s, lane);
}

static void on_source(void *ctx, struct source *s)
{
	struct pipeline *p = ctx;
	take_asks(s);
	uint64_t limit = p->o.config->logs.limits_config.max_streams;
	stream_labels_describe(&p->rules, s, limit && p->tail.sources >= limit);
	s->coverage = coverage_row(&p->coverage, s->namespace_);
	for (size_t lane = 0; lane < s->lanes; lane++)
		s->lane[lane].memory = log_memory_new(&p->trace_rules, pods_requests_use(&p->pods_requests, &p->trace_rules, s->namespace_, s->pod, lane));
	/* Several jobs may read a log; what it holds is counted once. */
	if (!source_beside(s, counts_lines))
		s->lines = line_counts_use(&p->line_counts, s->namespace_, s->pod, s->container, s->job, loop_now_ns(p->o.loop));
}

static void on_lines_lost(void *ctx, size_t lane, uint64_t lines)
{
	struct pipeline *p = ctx;
	p->lanes.at[lane].ahead_lines -= lines;
	p->lanes.at[lane].lost_lines += lines;
}

/* ---- the turn ---- */

static bool read_some(struct pipeline *p)
{
	bool has_more = false;
	for (size_t lane = 0; lane < p->lanes.count; lane++) {
		int chunks = 0;
		while (chunks < CHUNKS_PER_TURN && reader_turn(&p->reader, lane))
			chunks++;
		has_more |= chunks == CHUNKS_PER_TURN;
		has_more |= journald_turn(p->journald, lane);
	}
	return has_more;
}

static void on_turn_timer(void *ctx)
{
	(void)ctx; /* waking up is all: the turn follows before the loop sleeps again */
}

/* Nothing that is left can be delivered now: the destinations that still hold something answer nothing good. */
static bool is_hopeless(const struct pipeline *p)
{
	struct destination_status status;
	for (size_t i = 0; i < p->destination_count; i++) {
		if (destination_is_empty(p->lanes.at[i].destination))
			continue;
		destination_status(p->lanes.at[i].destination, &status);
		if (status.state == DEST_IDLE || status.state == DEST_SENDING)
			return false;
	}
	return true;
}

static void finish_drain(struct pipeline *p, int64_t now)
{
	bool is_empty = true;
	for (size_t i = 0; i < p->destination_count; i++)
		is_empty &= destination_is_empty(p->lanes.at[i].destination);
	/* Leaving loses nothing: what is not acknowledged is read again. So nobody waits long for a server that is away. */
	if (!is_empty && now >= p->drain_patience_ns && is_hopeless(p))
		is_empty = true;
	is_empty &= metrics_is_drained(p->metrics, now >= p->drain_patience_ns);
	if ((!is_empty && now < p->drain_deadline_ns) || !p->drained)
		return;
	loop_fn *done = p->drained;
	p->drained = NULL;
	done(p->drained_ctx);
}

static void retry_waiting(struct pipeline *p, int64_t now)
{
	p->waited_at_ns = now;
	for (size_t lane = 0; lane < p->lanes.count; lane++)
		if (p->lanes.at[lane].has_waiting)
			reader_retry_waiting(&p->reader, lane);
}

static int64_t tell_of_lines(struct pipeline *p, size_t i, int64_t now)
{
	struct destination_status s;
	destination_status(p->lanes.at[i].destination, &s);
	struct delivery_look look = { "destination", "lines", s.name, s.last_error, 0 };
	for (size_t k = 0; k < DROP_REASONS; k++)
		look.dropped += s.lines_dropped[k];
	return delivery_news_look(&p->news[i], &look, now);
}

static int64_t tell_of_samples(struct pipeline *p, size_t i, int64_t now)
{
	struct remote_write_status s;
	metrics_receiver(p->metrics, i, &s);
	struct delivery_look look = { "remote-write", "samples", s.name, s.last_error, 0 };
	for (size_t k = 0; k < SAMPLE_DROPS; k++)
		look.dropped += s.samples_dropped[k];
	return delivery_news_look(&p->receiver_news[i], &look, now);
}

/* Our own log; at most once a second. Returns when the next look is due. */
static int64_t tell(struct pipeline *p, int64_t now)
{
	if (now < p->news_at_ns)
		return p->news_due_ns;
	int64_t due = INT64_MAX, next;
	for (size_t i = 0; i < p->destination_count; i++)
		due = (next = tell_of_lines(p, i, now)) < due ? next : due;
	for (size_t i = 0; i < p->o.config->metrics.remote_count; i++)
		due = (next = tell_of_samples(p, i, now)) < due ? next : due;
	p->news_at_ns = now + NEWS_EVERY_NS;
	p->news_due_ns = due < p->news_at_ns ? p->news_at_ns : due;
	return p->news_due_ns;
}

static void turn(void *ctx)
{
	struct pipeline *p = ctx;
	int64_t now = loop_now_ns(p->o.loop), next = INT64_MAX;
	if (now - p->waited_at_ns >= WAITING_NS)
		retry_waiting(p, now);
	if (now - p->expired_at_ns >= EXPIRE_EVERY_NS) {
		line_counts_expire(&p->line_counts, now);
		pods_requests_expire(&p->pods_requests);
		p->expired_at_ns = now;
	}
	for (size_t lane = 0; lane < p->lanes.count && !p->is_draining; lane++)
		if (p->lanes.at[lane].flush_at_ns && p->lanes.at[lane].flush_at_ns <= now)
			reader_flush_due(&p->reader, lane);
	bool has_more = !p->is_draining && read_some(p);
	int64_t journal_due = p->is_draining ? INT64_MAX : journald_due_ns(p->journald);
	next = journal_due < next ? journal_due : next;
	int64_t metrics_due = metrics_turn(p->metrics, now, loop_wall_ns(p->o.loop));
	next = metrics_due < next ? metrics_due : next;
	for (size_t i = 0; i < p->destination_count; i++) {
		int64_t deadline = destination_turn(p->lanes.at[i].destination, now, p->is_draining);
		next = deadline < next ? deadline : next;
	}
	int64_t news_due = tell(p, now);
	next = news_due < next ? news_due : next;
	for (size_t i = 0; i < p->lanes.count; i++) {
		const struct lane *lane = &p->lanes.at[i];
		if (lane->has_waiting && p->waited_at_ns + WAITING_NS < next)
			next = p->waited_at_ns + WAITING_NS;
		if (lane->flush_at_ns && lane->flush_at_ns < next && !p->is_draining)
			next = lane->flush_at_ns;
	}
	if (p->is_draining) {
		int64_t until = now < p->drain_patience_ns ? p->drain_patience_ns : now + WAITING_NS;
		until = p->drain_deadline_ns < until ? p->drain_deadline_ns : until;
		next = until < next ? until : next;
		finish_drain(p, now);
	}
	if (has_more)
		loop_again(p->o.loop);
	if (next == INT64_MAX)
		loop_disarm(p->o.loop, &p->turn_timer);
	else
		loop_arm(p->o.loop, &p->turn_timer, next, on_turn_timer, p);
}

/* ---- start ---- */

static struct destination *open_destination(struct pipeline *p, const struct config_client *c, const char *name, char err[256])
{
	struct destination_options options = client_options(c, name, &p->arena);
	struct destination_hooks hooks = { p, on_settled, on_wake };
	return destination_new(&options, p->http.http, p->drops, &hooks, err);
}

static int open_lanes(struct pipeline *p, char err[256])
{
	const struct config *c = p->o.config;
	if (c->logs.client_count > LANES_MAX) {
		snprintf(err, 256, "logs.clients: at most %d destinations, got %zu", LANES_MAX, c->logs.client_count);
		return -1;
	}
	/* Without a destination nothing of the network is even set up. */
	if (c->logs.client_count)
		http_loop_open(&p->http, p->o.loop);
	for (size_t i = 0; i < c->logs.client_count; i++) {
		client_name(p->names, i, c->logs.clients[i].name, c->logs.clients[i].url);
		p->rules.clients[i] = &c->logs.clients[i];
		p->lanes.at[i].name = str_of(p->names[i]);
		p->lanes.at[i].destination = open_destination(p, &c->logs.clients[i], p->names[i], err);
		if (!p->lanes.at[i].destination)
			return -1;
		p->destination_count++;
	}
	if (p->destination_count == 0) {
		snprintf(p->names[0], sizeof p->names[0], "ring");
		p->lanes.at[0].name = str_of(p->names[0]);
	}
	p->lanes.count = p->destination_count ? p->destination_count : 1;
	return 0;
}

/* Rules that ask for what nobody will say: better said once here than found out in Loki. */
static void warn_of_missing_objects(const struct pipeline *p)
{
	struct kubernetes_status k;
	kubernetes_status(p->kubernetes, &k);
	for (size_t i = 0; i < p->tail.jobs.count && k.source == KUBERNETES_NONE && !p->o.pods; i++) {
		const struct log_job *job = &p->tail.jobs.at[i];
		if (job->config->is_pods && job->rules.needs_pod)
			LOG_WARN("job " STR_FMT ": relabel_configs ask for " STR_FMT ", which only a pod's object has, and nobody is asked for those: %s; "
				 "see the section kubernetes of the configuration",
				 STR_ARG(job->config->job_name), STR_ARG(job->rules.needed), k.why);
	}
}

static int start_tail(struct pipeline *p, char err[256])
{
	struct tail_options o = { .config = p->o.config, .pods_path = p->o.pods_path, .docker_path = p->o.docker_path,
				  .host = p->o.host, .pods = p->o.pods ? p->o.pods : kubernetes_pods(p->kubernetes),
				  .checkpoint_path = p->o.checkpoint_path, .import_path = p->o.import_path, .is_state_usable = p->o.is_state_usable,
				  .lane_count = p->lanes.count, .loop = p->o.loop, .worker = p->o.worker, .counters = &p->counters, .ctx = p,
				  .describe = on_source, .asked = on_asked, .readable = on_wake, .lines_lost = on_lines_lost };
	for (size_t i = 0; i < o.lane_count; i++)
		o.lanes[i] = str_of(p->names[i]);
	p->is_tail_started = true;
	if (tail_start(&p->tail, &o, err) < 0)
		return -1;
	warn_of_missing_objects(p);
	return 0;
}

static void on_pods(void *ctx, const struct podlist *pods)
{
	struct pipeline *p = ctx;
	const struct monitor_tables monitors = { kubernetes_objects(p->kubernetes, KUBERNETES_POD_MONITORS),
						 kubernetes_objects(p->kubernetes, KUBERNETES_SERVICE_MONITORS),
						 kubernetes_objects(p->kubernetes, KUBERNETES_SERVICES) };
	metrics_set_pods(p->metrics, pods, &monitors);
}

/* Before what asks it: logs and targets. It answers later. */
static void start_kubernetes(struct pipeline *p)
{
	p->shelf = pod_shelf_new();
	p->kubernetes = kubernetes_start(&(struct kubernetes_options){ .config = p->o.config, .service_account = p->o.service_account_path,
								       .loop = p->o.loop, .shelf = p->shelf, .changed = on_pods, .ctx = p });
}

static int start_journal(struct pipeline *p, char err[256])
{
	struct journald_options o = { .config = p->o.config, .rules = &p->rules, .lanes = &p->lanes, .loop = p->o.loop, .worker = p->o.worker,
				      .counters = &p->counters, .coverage = &p->coverage, .line_counts = &p->line_counts,
				      .checkpoint_path = p->o.is_state_usable ? p->o.checkpoint_path : NULL,
				      .promtail = &p->tail.import.positions, .readable = on_wake, .ctx = p };
	for (size_t i = 0; i < p->lanes.count; i++)
		o.names[i] = str_of(p->names[i]);
	p->journald = journald_start(&o, err);
	return p->journald || !err[0] ? 0 : -1;
}

static int start_metrics(struct pipeline *p, char err[256])
{
	struct metrics_options o = p->o.metrics;
	o.config = p->o.config;
	o.node_name = p->o.node_name;
	o.loop = p->o.loop;
	o.worker = p->o.worker;
	o.shelf = p->shelf;
	p->metrics = metrics_start(&o, err);
	return p->metrics ? 0 : -1;
}

static struct log_stages *stages_of(void *ctx, const struct config_scrape *job, size_t lane)
{
	struct pipeline *p = ctx;
	size_t i = (size_t)(job - p->o.config->logs.scrapes);
	bool may_join = job->is_pods && (p->o.config->kubernetes.pod_wishes & POD_WISH_STACK_TRACES);
	const struct config_stages *stages = may_join ? &job->joining : config_scrape_stages(job);
	if (!stages->list)
		return NULL;
	struct log_stages **place = &p->stages[i * LANES_MAX + lane];
	if (*place)
		return *place;
	*place = log_stages_new(stages, lane ? stages_of(ctx, job, 0) : NULL);
	if (p->o.taps && p->o.taps->stage_count)
		log_stages_set_look(*place, taps_look, p->o.taps);
	return *place;
}

/* Somebody wants to see lines behind a stage, or nobody does any more. */
static void on_stages_wanted(void *ctx, bool is_wanted)
{
	struct pipeline *p = ctx;
	for (size_t i = 0; i < p->o.config->logs.scrape_count * LANES_MAX; i++)
		if (p->stages[i])
			log_stages_set_look(p->stages[i], is_wanted ? taps_look : NULL, p->o.taps);
}

struct pipeline *pipeline_start(const struct pipeline_options *options, char err[256])
{
	struct pipeline *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	p->o = *options;
	p->ring = ring_new(RING_BYTES);
	p->drops = drops_new();
	p->rules = (struct label_rules){ .config = options->config, .node_name = options->node_name, .pods_path = options->pods_path,
					 .stages_of = stages_of, .stages_ctx = p };
	p->stages = calloc(options->config->logs.scrape_count * LANES_MAX + 1, sizeof(struct log_stages *));
	if (!p->stages)
		abort();
	trace_rules_make(&p->trace_rules, options->config);
	size_t max_line_bytes = options->config->logs.limits_config.max_line_size_bytes;
	lanes_init(&p->lanes,
		   &(struct lanes_options){ .counters = &p->counters, .ring = p->ring, .loop = options->loop, .taps = options->taps,
					    .rules = &p->trace_rules, .max_line_bytes = max_line_bytes },
		   reader_line_room(max_line_bytes));
	reader_init(&p->reader, &(struct reader_options){ &p->tail, &p->lanes, on_restage, p });
	start_kubernetes(p);
	if (open_lanes(p, err) < 0 || start_tail(p, err) < 0 || start_journal(p, err) < 0 || start_metrics(p, err) < 0) {
		pipeline_free(p);
		return NULL;
	}
	if (options->taps) {
		options->taps->stages_wanted = on_stages_wanted;
		options->taps->ctx = p;
	}
	loop_before_sleep(options->loop, turn, p);
	loop_again(options->loop);
	return p;
}

void pipeline_drain(struct pipeline *p, int64_t deadline_ns, loop_fn *done, void *ctx)
{
	p->is_draining = true;
	metrics_drain(p->metrics);
	p->drain_deadline_ns = deadline_ns;
	p->drain_patience_ns = loop_now_ns(p->o.loop) + PATIENCE_NS;
	p->drained = done;
	p->drained_ctx = ctx;
	loop_again(p->o.loop);
}

void pipeline_free(struct pipeline *p)
{
	loop_before_sleep(p->o.loop, NULL, NULL);
	if (p->o.taps)
		p->o.taps->stages_wanted = NULL;
	/* Destinations first: what they still hold is forgotten, and only settled marks count for the positions saved next. */
	for (size_t i = 0; i < LANES_MAX; i++)
		destination_free(p->lanes.at[i].destination);
	if (p->is_tail_started)
		tail_stop(&p->tail);
	journald_stop(p->journald);
	metrics_free(p->metrics);
	kubernetes_stop(p->kubernetes);
	pod_shelf_let_go(p->shelf);
	http_loop_close(&p->http);
	loop_disarm(p->o.loop, &p->turn_timer);
	for (size_t i = 0; p->stages && i < p->o.config->logs.scrape_count * LANES_MAX; i++)
		log_stages_free(p->stages[i]);
	free(p->stages);
	reader_fini(&p->reader);
	lanes_fini(&p->lanes);
	coverage_fini(&p->coverage);
	line_counts_fini(&p->line_counts);
	pods_requests_fini(&p->pods_requests);
	ring_free(p->ring);
	drops_free(p->drops);
	arena_fini(&p->arena);
	free(p);
}

struct metrics *pipeline_metrics(struct pipeline *p)
{
	return p->metrics;
}
