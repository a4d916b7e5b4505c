/* For each job and lane: take the block that the thread has filled, give its lines to the lane, put a mark behind it, give it back. A
 * block whose next line has to wait (its stream is throttled) stays, so the thread does not read on: the journal is the queue. */
#include "agent/journal/journald_inside.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/log.h"
#include "config/promtail_positions.h"
#include "parsers/bytes/utf8.h"

enum { RING_TAIL_BYTES = 16 << 10, JSON_SLACK_BYTES = 64 };
static const int64_t WAITING_NS = 200 * 1000000;
static const int64_t DISORDER_NS = 1000000000; /* entries of several processes are in the order of their times, or nearly */

static const enum drop_reason drop_reasons[JOURNAL_DROPS] = {
	[JOURNAL_DROP_NO_MESSAGE] = DROP_NO_MESSAGE,
	[JOURNAL_DROP_RELABEL] = DROP_RELABEL,
	[JOURNAL_DROP_NO_LABELS] = DROP_NO_LABELS,
	[JOURNAL_DROP_BAD_LABELS] = DROP_INVALID_LABELS,
};

/* ---- what is acknowledged ---- */

static void on_settled(void *owner, struct mark *mark)
{
	struct part *p = owner;
	struct journal_mark *m = (struct journal_mark *)mark;
	m->is_settled = true;
	while ((m = p->oldest_mark) && m->is_settled) {
		p->oldest_mark = m->next;
		if (!p->oldest_mark)
			p->youngest_mark = NULL;
		if (m->cursor[0])
			journal_saver_move(&p->job->journald->saver, p->row, m->cursor);
		free(m);
	}
}

/* cursor NULL: the place stays. */
static void put_mark(struct part *p, const char *cursor)
{
	cursor = cursor ? cursor : "";
	size_t n = strlen(cursor) + 1;
	struct journal_mark *m = malloc(sizeof *m + n);
	if (!m)
		abort();
	*m = (struct journal_mark){ .mark = { on_settled, p }, .oldest_ns = p->begun_ns };
	memcpy(m->cursor, cursor, n);
	if (p->youngest_mark)
		p->youngest_mark->next = m;
	else
		p->oldest_mark = m;
	p->youngest_mark = m;
	lane_mark(&p->job->journald->o.lanes->at[p->lane], &m->mark); /* settled at once where there is no destination */
}

/* ---- lines that stages hold back ---- */

static void on_place(void *ctx, struct entry_place *place)
{
	uint64_t *lowest = ctx;
	*lowest = place->order < *lowest ? place->order : *lowest;
}

/* The cursor that a mark may have now; NULL: none. */
static const char *free_cursor(struct part *p)
{
	uint64_t lowest = UINT64_MAX;
	for (const struct journal_stream *m = p->streams.newest; m; m = m->older)
		lane_each_place(&m->source, on_place, &lowest);
	return journal_hold_free(&p->hold, lowest);
}

static void on_going(void *ctx, struct journal_stream *m)
{
	struct part *p = ctx;
	struct lane_outcome out = { 0 };
	if (p->may_hold)
		lane_flush(p->job->journald->o.lanes, p->lane, &m->source, true, &out);
}

/* Lets out what has no next line to wait for: streams that are behind by their own times; those that the clock says it of, when nothing more
 * is there to read; all, when what is held keeps the place back for too long. */
static void flush_held(struct part *p, bool is_idle)
{
	struct journald *j = p->job->journald;
	struct lane_outcome out = { 0 };
	int64_t now_ns = loop_now_ns(j->o.loop), at_ns = INT64_MAX;
	for (const struct journal_stream *m = p->streams.newest; m; m = m->older) {
		if (!lane_may_hold(&m->source) || !source_stages_is_holding(m->source.stages))
			continue;
		bool all = p->newest_ns - m->newest_ns > p->wait_ns + DISORDER_NS || journal_hold_is_long(&p->hold);
		int64_t next_ns = now_ns + (is_idle ? WAITING_NS : p->wait_ns);
		if ((all || is_idle) && lane_takes(j->o.lanes, p->lane, &m->source))
			next_ns = lane_flush(j->o.lanes, p->lane, &m->source, all, &out);
		at_ns = next_ns < at_ns ? next_ns : at_ns;
	}
	p->flush_at_ns = at_ns == INT64_MAX ? 0 : at_ns;
}

/* Nothing comes, and something has waited for long enough. */
static void flush_due(struct part *p)
{
	struct journald *j = p->job->journald;
	int64_t now_ns = loop_now_ns(j->o.loop);
	if (!p->flush_at_ns || p->flush_at_ns > now_ns)
		return;
	p->flush_at_ns = now_ns + WAITING_NS;
	if (!lane_has_room(&j->o.lanes->at[p->lane]))
		return;
	flush_held(p, true);
	put_mark(p, free_cursor(p));
}

/* ---- one block ---- */

static void tell(struct part *p, const struct journal_block *b)
{
	struct journald *j = p->job->journald;
	struct str job = p->job->scrape->job_name, lane = j->o.names[p->lane];
	if (b->note[0])
		LOG_WARN("job " STR_FMT ", destination " STR_FMT ": %s", STR_ARG(job), STR_ARG(lane), b->note);
	if (b->problem[0] && strcmp(b->problem, p->problem) != 0)
		LOG_WARN("job " STR_FMT ", destination " STR_FMT ": %s", STR_ARG(job), STR_ARG(lane), b->problem);
	else if (p->problem[0] && !b->problem[0])
		LOG_INFO("job " STR_FMT ", destination " STR_FMT ": the journal is read again", STR_ARG(job), STR_ARG(lane));
	memcpy(p->problem, b->problem, sizeof p->problem);
}

static void begin(struct part *p, const struct journal_block *b)
{
	struct journald *j = p->job->journald;
	struct lane *lane = &j->o.lanes->at[p->lane];
	uint64_t dropped = 0;
	p->is_begun = true;
	p->begun_ns = 0;
	p->is_at_end = b->is_at_end;
	tell(p, b);
	for (size_t i = 0; i < JOURNAL_GAPS; i++) {
		j->o.counters->journal_gaps[i] += b->gaps[i];
		p->gaps += b->gaps[i];
		p->has_gap |= b->gaps[i] > 0;
	}
	j->o.counters->journal_damaged_entries += b->damaged_entries;
	for (size_t i = 0; i < JOURNAL_DROPS; i++) {
		lane->source_dropped[drop_reasons[i]] += b->dropped[i];
		dropped += b->dropped[i];
	}
	p->entries += journal_block_entries(b);
	j->o.counters->journal_entries += journal_block_entries(b);
	journal_account_read(&p->job->account, j->o.lanes, p->lane, dropped, b->acknowledged);
}

/* Lines of the block up to its end (true), or to one that has to wait. */
static bool give_lines(struct part *p, struct journal_block *b)
{
	struct journald *j = p->job->journald;
	const struct journal_account *a = &p->job->account;
	struct lane_outcome out = { 0 };
	struct journal_line line;
	uint64_t lines = 0;
	bool is_through = true;
	for (size_t before = b->at; journal_block_next(b, &line); before = b->at) {
		struct journal_stream *stream = journal_streams_get(&p->streams, line.key);
		const struct lane_source *source = &stream->source;
		if (!lane_takes(j->o.lanes, p->lane, source)) {
			b->at = before;
			is_through = false;
			break;
		}
		struct lane_place place;
		p->may_hold = lane_may_hold(source);
		if (p->may_hold)
			place = journal_hold_line(&p->hold);
		stream->newest_ns = line.timestamp_ns;
		p->newest_ns = line.timestamp_ns > p->newest_ns ? line.timestamp_ns : p->newest_ns;
		bool is_clean = utf8_valid(line.text) == line.text.n && (line.text.n == 0 || !memchr(line.text.p, '\0', line.text.n));
		lane_line(j->o.lanes, p->lane, source,
			  &(struct lane_line){ .text = line.text,
					       .timestamp_ns = line.timestamp_ns,
					       .level = line.level,
					       .has_time = true,
					       .is_clean = is_clean,
					       .was_cut = line.was_cut,
					       .place = p->may_hold ? &place : NULL,
					       .is_repeat = a->total[p->lane] + lines < a->read,
					       .is_newest = b->bytes.n - b->at < RING_TAIL_BYTES },
			  &out);
		lines++;
		if (!p->begun_ns)
			p->begun_ns = line.timestamp_ns;
	}
	journal_account_read(&p->job->account, j->o.lanes, p->lane, lines, b->acknowledged);
	return is_through;
}

/* Lanes that stand at the same entry: who lacks something will never have it. */
static void meet(struct part *p)
{
	struct job *job = p->job;
	struct lanes *lanes = job->journald->o.lanes;
	for (size_t i = 0; i < lanes->count; i++) {
		struct part *other = &job->parts[i];
		if (other == p || other->is_begun || !other->cursor[0] || strcmp(other->cursor, p->cursor) != 0)
			continue;
		journal_account_meet(&job->account, lanes, p->lane, i, p->has_gap);
		journal_account_meet(&job->account, lanes, i, p->lane, other->has_gap);
		p->has_gap = other->has_gap = false;
	}
}

static bool take_block(struct part *p, struct journal_block *b)
{
	struct journald *j = p->job->journald;
	int64_t now_ns = loop_now_ns(j->o.loop);
	if (p->waits_until_ns > now_ns)
		return false;
	p->waits_until_ns = 0;
	if (!p->is_begun)
		begin(p, b);
	if (!give_lines(p, b)) {
		p->waits_until_ns = now_ns + WAITING_NS;
		return false;
	}
	p->is_begun = false;
	if (b->cursor[0]) {
		memcpy(p->cursor, b->cursor, sizeof p->cursor);
		if (p->may_hold) {
			journal_hold_end(&p->hold, b->cursor);
			flush_held(p, b->is_at_end);
		}
		put_mark(p, p->may_hold ? free_cursor(p) : b->cursor);
		meet(p);
	}
	p->begun_ns = 0;
	journal_thread_give_back(j->thread, p->slot);
	return true;
}

bool journald_turn(struct journald *j, size_t lane)
{
	bool has_taken = false;
	for (size_t i = 0; j && j->thread && i < j->job_count; i++) {
		struct part *p = &j->jobs[i].parts[lane];
		struct journal_block *b = journal_thread_block(j->thread, p->slot);
		if (b && lane_has_room(&j->o.lanes->at[lane]))
			has_taken |= take_block(p, b);
		else if (!b)
			flush_due(p);
	}
	return has_taken;
}

int64_t journald_due_ns(const struct journald *j)
{
	int64_t due_ns = INT64_MAX;
	for (size_t i = 0; j && i < j->job_count; i++)
		for (size_t lane = 0; lane < j->o.lanes->count; lane++) {
			const struct part *p = &j->jobs[i].parts[lane];
			int64_t at_ns = p->waits_until_ns ? p->waits_until_ns : p->flush_at_ns;
			due_ns = at_ns && at_ns < due_ns ? at_ns : due_ns;
		}
	return due_ns;
}

/* ---- start ---- */

static void describe_streams(struct part *p)
{
	const struct journald *j = p->job->journald;
	const struct str none = { 0 }, path = p->job->scrape->journal.path;
	p->lines = line_counts_use(j->o.line_counts, none, none, none, p->job->scrape->job_name, loop_now_ns(j->o.loop));
	const struct label_rules *rules = j->o.rules;
	const struct config_client *client = rules->clients[p->lane];
	struct journal_streams_options o = { .is_native = !p->job->scrape->is_promtail,
					     .node_name = rules->node_name,
					     .path = path.n ? path : STR("/var/log/journal"),
					     .everywhere = &j->o.config->global.external_labels,
					     .of_client = client ? &client->external_labels : NULL,
					     .tenant = client ? client->tenant_id : (struct str){ 0 },
					     .coverage = coverage_row(j->o.coverage, (struct str){ 0 }),
					     .lines = p->lines,
					     .limit = j->o.config->logs.limits_config.max_streams };
	o.joins = p->job->scrape->stack_traces;
	if (rules->stages_of)
		o.stages = rules->stages_of(rules->stages_ctx, p->job->scrape, p->lane);
	o.across = journal_hold_across;
	o.across_ctx = &p->hold;
	o.going = on_going;
	o.going_ctx = p;
	p->wait_ns = o.stages ? log_stages_wait_ns(o.stages) : 0;
	journal_streams_init(&p->streams, &o);
}

/* The cursor that Promtail kept for a job of this name. It goes back behind max_age no more than one of ours. */
static bool take_over(const struct journald *j, struct str job, struct journal_place_row *row)
{
	struct str cursor = j->o.promtail ? promtail_positions_cursor(j->o.promtail, job) : (struct str){ 0 };
	struct journal_cursor at;
	if (!j->is_fresh || cursor.n > JOURNAL_CURSOR_MAX || !journal_cursor_parse(cursor, &at))
		return false;
	snprintf(row->cursor, sizeof row->cursor, STR_FMT, STR_ARG(cursor));
	LOG_INFO("%.*s: the journal is read from where Promtail stopped", STR_ARG(job));
	return true;
}

/* From where on: the saved place, unless it is older than the job wants; else a time. */
static void find_place(struct part *p, int64_t wall_ns, struct journal_place *out, char left_out_from[JOURNAL_CURSOR_MAX + 1])
{
	struct journald *j = p->job->journald;
	const struct config_journal *c = &p->job->scrape->journal;
	bool was_there;
	p->row = journal_saver_row(&j->saver, p->job->scrape->job_name, j->o.names[p->lane], &was_there);
	struct journal_place_row *row = &j->saver.places.rows[p->row];
	was_there |= take_over(j, p->job->scrape->job_name, row);
	uint64_t now_us = (uint64_t)wall_ns / 1000, most_us = (uint64_t)c->max_age_ms * 1000;
	uint64_t first_us = c->first_age_ms ? (uint64_t)c->first_age_ms * 1000 : most_us, oldest_us = now_us > most_us ? now_us - most_us : 0;
	*out = (struct journal_place){ .since_us = oldest_us };
	left_out_from[0] = '\0';
	if (!was_there)
		row->since_us = out->since_us = now_us > first_us ? now_us - first_us : 0;
	else if (!row->cursor[0] && row->since_us > oldest_us)
		out->since_us = row->since_us;
	if (!row->cursor[0] || !journal_cursor_parse(str_of(row->cursor), &out->at))
		return;
	memcpy(out->at.realtime_us < oldest_us ? left_out_from : out->cursor, row->cursor, sizeof row->cursor);
}

/* follows NULL: nobody reads, the places are kept for the day when somebody does. */
static void open_job(struct job *job, size_t first_slot, struct follow **follows, char err[256])
{
	struct journald *j = job->journald;
	struct follow_options o = { .library = j->library, .journal = &job->scrape->journal, .rules = &job->scrape->relabel_configs,
				    .line_max_bytes = j->o.config->logs.limits_config.max_line_size_bytes, .lane_count = j->o.lanes->count };
	char left_out[LANES_MAX][JOURNAL_CURSOR_MAX + 1];
	for (size_t lane = 0; lane < j->o.lanes->count; lane++) {
		struct part *p = &job->parts[lane];
		*p = (struct part){ .job = job, .lane = lane, .slot = first_slot + lane };
		find_place(p, loop_wall_ns(j->o.loop), &o.places[lane], left_out[lane]);
		describe_streams(p);
	}
	for (o.lane = 0; follows && !err[0] && o.lane < j->o.lanes->count; o.lane++) {
		memcpy(o.left_out_from, left_out[o.lane], sizeof o.left_out_from);
		follows[first_slot + o.lane] = follow_new(&o, err);
	}
}

static void on_filled(void *ctx)
{
	struct journald *j = ctx;
	j->o.readable(j->o.ctx);
}

static bool open_all(struct journald *j, char err[256])
{
	const struct config *c = j->o.config;
	char path[4096] = "";
	size_t count = j->job_count * j->o.lanes->count, at = 0;
	if (j->o.checkpoint_path)
		snprintf(path, sizeof path, "%s.journal", j->o.checkpoint_path);
	if (journal_saver_start(&j->saver, j->o.loop, j->o.worker, j->o.counters, path[0] ? path : NULL, c->logs.positions.sync_period_ms, err) < 0)
		return false;
	j->is_fresh = j->saver.places.count == 0;
	struct follow **follows = calloc(count, sizeof *follows);
	j->jobs = calloc(j->job_count, sizeof *j->jobs);
	if (!follows || !j->jobs)
		abort();
	j->library = sdjournal_load(j->unavailable);
	for (size_t i = 0; i < c->logs.scrape_count && !err[0]; i++) {
		if (!c->logs.scrapes[i].journal.is_there)
			continue;
		struct job *job = &j->jobs[at];
		*job = (struct job){ .journald = j, .scrape = &c->logs.scrapes[i] };
		open_job(job, at * j->o.lanes->count, j->library ? follows : NULL, err);
		at++;
	}
	if (!err[0] && j->library)
		j->thread = journal_thread_start(j->o.loop, follows, count, c->logs.limits_config.max_line_size_bytes + JSON_SLACK_BYTES, on_filled, j, err);
	for (size_t i = 0; i < count && err[0] && !j->thread; i++)
		follow_free(follows[i]);
	free(follows);
	if (j->unavailable[0])
		LOG_ERROR("%s: the journal is not read, everything else is", j->unavailable);
	return !err[0];
}

struct journald *journald_start(const struct journald_options *options, char err[256])
{
	size_t jobs = 0;
	err[0] = '\0';
	for (size_t i = 0; i < options->config->logs.scrape_count; i++)
		jobs += options->config->logs.scrapes[i].journal.is_there;
	if (jobs == 0)
		return NULL;
	struct journald *j = calloc(1, sizeof *j);
	if (!j)
		abort();
	j->o = *options;
	j->job_count = jobs;
	if (open_all(j, err))
		return j;
	journald_stop(j);
	return NULL;
}

void journald_stop(struct journald *j)
{
	if (!j)
		return;
	journal_thread_stop(j->thread);
	journal_saver_stop(&j->saver);
	for (size_t i = 0; j->jobs && i < j->job_count; i++)
		for (size_t lane = 0; lane < LANES_MAX; lane++) {
			struct part *p = &j->jobs[i].parts[lane];
			journal_streams_fini(&p->streams);
			journal_hold_fini(&p->hold);
			line_row_leave(p->lines);
			for (struct journal_mark *m = p->oldest_mark, *next; m; m = next) {
				next = m->next;
				free(m);
			}
		}
	free(j->library);
	free(j->jobs);
	free(j);
}
