/* What the page, the metrics and the API say of the pipeline: one struct of views and callbacks, filled whenever somebody asks. The ledger is put
 * together here, of what the destination has counted and what its lane has beside it. */
#include "agent/logs/pipeline_inside.h"

#include "agent/logs/log_stages.h"

static void lane_status(void *ctx, size_t i, struct destination_status *out, uint64_t *pending_lines)
{
	struct pipeline *p = ctx;
	const struct lane *lane = &p->lanes.at[i];
	*out = (struct destination_status){ .name = str_of(p->names[i]) };
	if (lane->destination)
		destination_status(lane->destination, out);
	out->lines_sent += lane_more_sent(lane);
	out->lines_dropped[DROP_LOST] += lane->lost_lines;
	out->lines_dropped[DROP_PIPELINE] += lane->stage_dropped_lines;
	for (size_t k = 0; k < DROP_REASONS; k++)
		out->lines_dropped[k] += lane->source_dropped[k];
	out->lines_dropped[DROP_SAMPLED] += lane->sampled_lines;
	out->lines_dropped[DROP_POD_RATE] += lane->surplus_lines;
	*pending_lines = out->lines_pending + lane_more_pending(lane);
}

static const struct stage_drops *stage_drops(void *ctx, size_t i)
{
	const struct pipeline *p = ctx;
	return &p->lanes.at[i].stage_drops;
}

static uint64_t joined_lines(void *ctx, size_t i)
{
	const struct pipeline *p = ctx;
	return p->lanes.at[i].joined_sent + p->lanes.at[i].joined_pending;
}

/* The first lane's pipelines count for all, each line once. What was idle for its time is shown once more, then forgotten, as in Promtail. */
static void each_log_metric(void *ctx, void (*fn)(void *fn_ctx, const struct stages_metric *m), void *fn_ctx)
{
	const struct pipeline *p = ctx;
	for (size_t i = 0; i < p->o.config->logs.scrape_count; i++) {
		struct log_stages *stages = p->stages[i * LANES_MAX];
		if (!stages)
			continue;
		log_stages_each_metric(stages, fn, fn_ctx);
		log_stages_expire(stages, loop_wall_ns(p->o.loop));
	}
}

static uint64_t regexes_given_up(const struct pipeline *p)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < p->o.config->logs.scrape_count; i++)
		sum += log_stages_regex_limits(p->stages[i * LANES_MAX]);
	return sum;
}

static void each_file(void *ctx, void (*fn)(void *fn_ctx, const struct file_status *file), void *fn_ctx)
{
	struct pipeline *p = ctx;
	tail_each_file(&p->tail, loop_wall_ns(p->o.loop), fn, fn_ctx);
	journald_each_file(p->journald, loop_wall_ns(p->o.loop), fn, fn_ctx);
}

static void each_journal(void *ctx, void (*fn)(void *fn_ctx, const struct journal_status *journal), void *fn_ctx)
{
	struct pipeline *p = ctx;
	journald_each(p->journald, loop_wall_ns(p->o.loop), fn, fn_ctx);
}

static void each_refused(void *ctx, void (*fn)(void *fn_ctx, const char *path, const char *why), void *fn_ctx)
{
	struct pipeline *p = ctx;
	tail_each_refused(&p->tail, fn, fn_ctx);
}

static void each_log_target(void *ctx, size_t most, void (*fn)(void *fn_ctx, const struct tail_target *target), void *fn_ctx)
{
	struct pipeline *p = ctx;
	tail_each_target(&p->tail, most, fn, fn_ctx);
}

void pipeline_status(struct pipeline *p, struct status *out)
{
	out->counters = &p->counters;
	out->coverage = &p->coverage;
	out->line_counts = &p->line_counts;
	out->exemplar_label = p->o.config->trace.exemplar_label;
	out->lag_ns = tail_lag_ns(&p->tail, loop_wall_ns(p->o.loop));
	int64_t journal_lag_ns = journald_lag_ns(p->journald, loop_wall_ns(p->o.loop));
	out->lag_ns = journal_lag_ns > out->lag_ns ? journal_lag_ns : out->lag_ns;
	out->files_known = p->tail.generations;
	out->files_open = p->tail.open_files;
	out->files_waiting = p->tail.waiting_logs;
	out->streams = p->tail.sources + journald_streams(p->journald);
	out->inotify_watches = p->tail.watch ? watch_count(p->tail.watch) : 0;
	out->is_polling = p->tail.is_polling;
	out->containers_excluded = p->tail.shut_folders;
	out->destination_count = p->destination_count;
	out->destination = lane_status;
	out->joined_lines = joined_lines;
	out->stage_drops = stage_drops;
	out->each_log_metric = each_log_metric;
	out->regexes_given_up = regexes_given_up(p);
	out->each_file = each_file;
	out->each_refused = each_refused;
	out->each_log_target = each_log_target;
	out->each_journal = each_journal;
	out->ctx = p;
	out->kubernetes = p->kubernetes;
	out->ring = p->ring;
	out->drops = p->drops;
	if (p->tail.save_error < 0) {
		out->is_degraded = true;
		out->degraded_why = "positions could not be saved: a restart would repeat lines";
	}
	if (journald_problem(p->journald)) {
		out->is_degraded = true;
		out->degraded_why = journald_problem(p->journald);
	}
	out->is_ready &= p->tail.is_discovered;
}
