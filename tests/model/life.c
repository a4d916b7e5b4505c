/* One life at a time. A kill throws the agent's memory away and saves nothing; the positions file and the world stay. The ledger is
 * checked after every look, content and order at every line. Included by the model. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"
#include "config/config.h"
#include "tests/model/fake_destination.h"
#include "tests/model/life.h"
#include "tests/model/virtual_loop.h"

#define MARK_OF_CUT " [truncated by spoor]"
static const int64_t SECOND_NS = 1000000000;

struct life {
	struct world *w;
	struct life_rules rules;
	char state_path[300];
	struct loop *loop;
	struct worker *worker;
	struct config config;
	struct config_scrape job;
	struct coverage coverage;
	struct line_counts line_counts;
	struct tail tail;
	struct lanes lanes;
	struct reader reader;
	struct counters counters;
	int lives;
	bool has_flushed;   /* pieces may come apart from now on */
	uint64_t unread_and_gone; /* when this life began */
	int newest[MODEL_LANES][MAX_LOGS][2]; /* last piece read in this life, plus one */
};

static void show_file(void *ctx, const struct file_status *f)
{
	const struct life *l = ctx;
	fprintf(l->w->trace, "      " STR_FMT ": state %d, %llu bytes, read %llu, settled %llu, error \"%s\"\n", STR_ARG(f->path), (int)f->state,
		(unsigned long long)f->size_bytes, (unsigned long long)f->read_bytes, (unsigned long long)f->acked_bytes, f->error);
}

void life_fail(struct life *l, const char *format, ...)
{
	va_list args;
	if (l->w->trace && life_is_up(l))
		tail_each_file(&l->tail, loop_wall_ns(l->loop), show_file, l);
	va_start(args, format);
	fprintf(stderr, "life %d, step %llu: ", l->lives, (unsigned long long)l->w->epoch);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	model_report_seed();
	exit(1);
}

/* ---- what comes out ---- */

/* Does line end with piece p, with the pieces of its message before it? The first of them, or NONE. Something else may stand in
 * front of a whole message where an earlier one was severed. */
static int first_piece(const struct world *w, int p, struct str line)
{
	bool is_severed = w->logs[w->pieces[p].log].is_severed[w->pieces[p].is_stderr];
	for (;; p = w->pieces[p].previous) {
		const struct piece *piece = &w->pieces[p];
		if (line.n < piece->n || memcmp(line.p + line.n - piece->n, piece->text, piece->n) != 0)
			return NONE;
		line.n -= piece->n;
		if (line.n == 0)
			return p;
		if (piece->previous == NONE)
			return is_severed ? p : NONE;
	}
}

static bool is_cut_head(const struct life *l, const struct piece *p, struct str line)
{
	struct str mark = STR(MARK_OF_CUT);
	if (!l->w->rules.has_long_lines || p->n <= l->rules.max_line_bytes || line.n != l->rules.max_line_bytes)
		return false;
	return str_ends(line, mark) && memcmp(line.p, p->text, line.n - mark.n) == 0;
}

static void check_whole(struct life *l, size_t lane, int first, int last)
{
	const struct world *w = l->w;
	bool may_come_apart = l->has_flushed || l->counters.partials_flushed;
	const struct piece *before = w->pieces[first].previous == NONE ? NULL : &w->pieces[w->pieces[first].previous];
	bool is_lost = before && (before->lane[lane].is_excused || w->files[before->file].place >= FILE_REMOVED_);
	if (before && !is_lost && !may_come_apart)
		life_fail(l, "lane %zu: piece %d came without the one before it, %d, though nothing was flushed", lane, first, w->pieces[first].previous);
	if (!w->pieces[last].is_last && !may_come_apart)
		life_fail(l, "lane %zu: piece %d came before its message was complete, though nothing was flushed", lane, last);
}

static int on_append(void *ctx, size_t lane, struct str labels, const struct record *record)
{
	struct life *l = ctx;
	struct world *w = l->w;
	int64_t id = record->timestamp_ns - w->base_ns;
	int log = NONE, stream = NONE;
	char text[32];
	snprintf(text, sizeof text, STR_FMT, STR_ARG(labels));
	if (sscanf(text, "%d %d", &log, &stream) != 2)
		life_fail(l, "labels \"%s\" are not ours", text);
	if (id < 0 || id >= w->piece_count)
		life_fail(l, "lane %zu: a line of log %d that nobody wrote, timestamp %lld: %.60s", lane, log, (long long)record->timestamp_ns, record->line.p);
	struct piece *last = &w->pieces[id];
	if (last->log != log || last->is_stderr != stream)
		life_fail(l, "lane %zu: piece %lld of log %d/%d came as log %d/%d", lane, (long long)id, last->log, last->is_stderr, log, stream);
	if (!last->is_written)
		life_fail(l, "lane %zu: piece %lld was not written to its end yet", lane, (long long)id);
	int first = is_cut_head(l, last, record->line) ? (int)id : first_piece(w, (int)id, record->line);
	if (first == NONE)
		life_fail(l, "lane %zu: piece %lld (%zu bytes) came with another text: %zu bytes, \"%.*s\"", lane, (long long)id, last->n, record->line.n,
			  (int)(record->line.n < 100 ? record->line.n : 100), record->line.p);
	if (w->trace)
		fprintf(w->trace, "      lane %zu: log %d/%d file %d: pieces %d to %d\n", lane, log, stream, last->file, first, (int)id);
	check_whole(l, lane, first, (int)id);
	int *newest = &l->newest[lane][log][stream];
	if (first < *newest)
		life_fail(l, "lane %zu: log %d/%d: piece %d after %d in one life", lane, log, stream, first, *newest - 1);
	*newest = (int)id + 1;
	for (int p = (int)id;; p = w->pieces[p].previous) {
		bool is_whole_chunk = w->pieces[p].n > 200000; /* its head goes out before its end is seen: a restart repeats it */
		if (w->pieces[p].lane[lane].is_persisted && l->rules.is_strict && !is_whole_chunk)
			life_fail(l, "lane %zu: piece %d of log %d, file %d, came again though it was settled and saved", lane, p, log, w->pieces[p].file);
		w->pieces[p].lane[lane].read_in_life = w->life;
		if (p == first)
			return (int)id;
	}
}

/* Which pieces a record covered is known by who was read in this life. */
static void on_record_settled(void *ctx, size_t lane, int piece)
{
	struct life *l = ctx;
	for (int p = piece; p != NONE && l->w->pieces[p].lane[lane].read_in_life; p = l->w->pieces[p].previous)
		l->w->pieces[p].lane[lane].is_settled = true, l->w->pieces[p].lane[lane].settled_in_life = l->w->life;
}

static void on_mark_settled(void *ctx, struct mark *m)
{
	(void)ctx;
	m->settled(m->owner, m);
}

void fake_ring_add(void *ctx, struct str labels, const struct record *record)
{
	struct life *l = ctx;
	if (l->rules.is_ring)
		on_record_settled(l, 0, on_append(l, 0, labels, record));
}

/* ---- hooks of the tailer ---- */

static void on_source(void *ctx, struct source *s)
{
	struct life *l = ctx;
	int log = world_find_log(l->w, s->path);
	if (log == NONE)
		life_fail(l, "a log that nobody made: %s", s->path);
	for (size_t lane = 0; lane < l->rules.lanes; lane++)
		for (int stream = 0; stream < 2; stream++) {
			char text[32];
			snprintf(text, sizeof text, "%d %d", log, stream);
			s->lane[lane].streams[stream].labels = str_of(strdup(text));
		}
	s->coverage = coverage_row(&l->coverage, s->namespace_);
	s->lines = line_counts_use(&l->line_counts, s->namespace_, s->pod, s->container, s->job, 1);
}

static void on_readable(void *ctx)
{
	(void)ctx;
}

static void on_lines_lost(void *ctx, size_t lane, uint64_t lines)
{
	struct life *l = ctx;
	l->lanes.at[lane].ahead_lines -= lines;
	l->lanes.at[lane].lost_lines += lines;
}

/* ---- ledger ---- */

static void check_ledger(struct life *l)
{
	for (size_t i = 0; i < l->rules.lanes; i++) {
		const struct lane *lane = &l->lanes.at[i];
		uint64_t appended = lane->destination ? fake_appended(lane->destination) : 0;
		uint64_t sum = appended + lane->ahead_lines + lane->ring_sent + lane->earlier_sent + lane->lost_lines;
		if (sum != l->counters.lines_read)
			life_fail(l, "lane %zu: %llu lines read, but %llu appended + %llu ahead + %llu to the ring + %llu sent earlier + %llu lost", i,
				  (unsigned long long)l->counters.lines_read, (unsigned long long)appended, (unsigned long long)lane->ahead_lines,
				  (unsigned long long)lane->ring_sent, (unsigned long long)lane->earlier_sent, (unsigned long long)lane->lost_lines);
	}
}

/* What is counted as lost must have a cause, and bytes that were seen and went unread must be counted. */
static void check_lost(struct life *l)
{
	const uint64_t *lost = l->counters.bytes_lost;
	if (lost[LOST_UNREADABLE] && !l->w->rules.has_holes) /* two holes look alike: a copy may be taken for another's and refused */
		life_fail(l, "%llu bytes counted as unreadable, but every .gz is whole", (unsigned long long)lost[LOST_UNREADABLE]);
	if (lost[LOST_DELETED_UNREAD] && !l->w->rules.is_forgetful)
		life_fail(l, "%llu bytes counted as deleted unread, but every file stays open", (unsigned long long)lost[LOST_DELETED_UNREAD]);
	if (lost[LOST_TRUNCATED] && !l->w->rules.has_cuts)
		life_fail(l, "%llu bytes counted as truncated, but nothing was cut", (unsigned long long)lost[LOST_TRUNCATED]);
}

static void check_cuts(struct life *l)
{
	bool is_cut_unread = false;
	for (int i = 0; i < l->w->piece_count; i++) {
		const struct piece *p = &l->w->pieces[i];
		const struct file *f = &l->w->files[p->file];
		for (size_t lane = 0; lane < l->rules.lanes; lane++)
			is_cut_unread |= f->place == FILE_CUT_ && f->cut_life == l->w->life && f->looked_life == l->w->life && p->is_written &&
					 p->end <= f->looked_size && !p->lane[lane].read_in_life && !l->w->logs[f->log].is_removed;
	}
	if (is_cut_unread && !l->rules.is_ring && !l->counters.bytes_lost[LOST_TRUNCATED])
		life_fail(l, "bytes that were seen and then cut away unread are not counted as lost");
}

/* Lines that were seen, saved as unread and gone when the agent came back: an hour later at the latest they are counted. */
static void check_gone_while_down(struct life *l)
{
	virtual_loop_pass(l->loop, 7200 * SECOND_NS);
	tail_save(&l->tail);
	if (l->unread_and_gone && !l->counters.bytes_lost[LOST_ROTATED_WHILE_DOWN])
		life_fail(l, "%llu removed files were saved with unread bytes, and none is counted as lost", (unsigned long long)l->unread_and_gone);
	bool is_anything_gone = l->w->rules.has_cuts;
	for (int i = 0; i < l->w->file_count; i++)
		is_anything_gone |= l->w->files[i].place >= FILE_REMOVED_;
	if (!is_anything_gone && l->counters.bytes_lost[LOST_ROTATED_WHILE_DOWN])
		life_fail(l, "%llu bytes are counted as lost while down, but nothing had gone",
			  (unsigned long long)l->counters.bytes_lost[LOST_ROTATED_WHILE_DOWN]);
}

/* Files that by the positions file had unread bytes and are not there any more, once for each lane. */
static uint64_t find_unread_and_gone(const struct life *l)
{
	struct checkpoint c;
	const struct checkpoint_row *row;
	uint64_t unread = 0;
	if (checkpoint_load(&c, l->state_path) < 0)
		return 0;
	for (size_t i = 0; (row = map_next(&c.logs, &i));)
		for (; row; row = row->next) {
			bool is_there = false;
			for (int k = 0; k < l->w->file_count; k++)
				is_there |= l->w->files[k].place < FILE_REMOVED_ &&
					    (l->w->files[k].ino == row->identity.ino || l->w->files[k].gz_ino == row->identity.ino);
			for (size_t k = 0; k < row->position_count && !is_there; k++)
				unread += row->positions[k].acked.offset < row->size_bytes;
		}
	checkpoint_fini(&c);
	return unread;
}

/* ---- one life ---- */

bool life_is_up(const struct life *l)
{
	return l->w->life > 0;
}

void life_start(struct life *l)
{
	char err[256] = "";
	struct tail_options o = { .config = &l->config, .pods_path = l->w->pods_path, .docker_path = "", .checkpoint_path = l->state_path,
				  .is_state_usable = true, .lanes = { STR("loki"), STR("other") }, .lane_count = l->rules.lanes, .loop = l->loop,
				  .worker = l->worker, .counters = &l->counters, .ctx = l, .describe = on_source, .readable = on_readable,
				  .lines_lost = on_lines_lost };
	struct lanes_options lanes = { .counters = &l->counters, .ring = (void *)l, .loop = l->loop,
				       .max_line_bytes = l->rules.max_line_bytes };
	l->w->life = ++l->lives;
	l->counters = (struct counters){ 0 };
	l->unread_and_gone = find_unread_and_gone(l);
	memset(l->newest, 0, sizeof l->newest);
	world_trace(l->w, "agent: start %d", l->lives);
	lanes_init(&l->lanes, &lanes, reader_line_room(l->rules.max_line_bytes));
	reader_init(&l->reader, &(struct reader_options){ &l->tail, &l->lanes });
	l->lanes.count = l->rules.lanes;
	for (size_t lane = 0; lane < l->rules.lanes && !l->rules.is_ring; lane++)
		l->lanes.at[lane].destination = fake_new(lane, l, on_append, on_record_settled, on_mark_settled);
	if (tail_start(&l->tail, &o, err) < 0)
		life_fail(l, "start: %s", err);
	if (l->rules.open_limit)
		l->tail.open_limit = l->rules.open_limit;
	world_looked(l->w, true);
}

static void show_positions(const struct life *l)
{
	char line[1024];
	FILE *f = l->w->trace ? fopen(l->state_path, "r") : NULL;
	while (f && fgets(line, sizeof line, f))
		fprintf(l->w->trace, "      %s", line);
	if (f)
		fclose(f);
}

static void end(struct life *l)
{
	l->has_flushed |= l->counters.partials_flushed > 0;
	for (size_t lane = 0; lane < l->rules.lanes; lane++) {
		destination_free(l->lanes.at[lane].destination);
		l->lanes.at[lane].destination = NULL;
	}
	tail_stop(&l->tail);
	reader_fini(&l->reader);
	lanes_fini(&l->lanes);
	show_positions(l);
	world_agent_gone(l->w);
}

void life_kill(struct life *l)
{
	world_trace(l->w, "agent: killed");
	l->tail.o.is_state_usable = false; /* tail_stop saves only where it may */
	end(l);
}

static void persist(struct life *l)
{
	for (int i = 0; i < l->w->piece_count; i++)
		for (size_t lane = 0; lane < l->rules.lanes; lane++)
			l->w->pieces[i].lane[lane].is_persisted |= l->w->pieces[i].lane[lane].settled_in_life == l->lives;
}

static void settle_all(struct life *l)
{
	for (size_t lane = 0; lane < l->rules.lanes && !l->rules.is_ring; lane++) {
		struct destination *d = l->lanes.at[lane].destination;
		fake_seal(d);
		while (fake_sealed(d))
			fake_settle(d, 0);
		fake_seal(d);
		while (fake_sealed(d))
			fake_settle(d, 0);
	}
}

void life_stop(struct life *l)
{
	bool has_time = world_chance(l->w, 50);
	world_trace(l->w, "agent: stopped%s", has_time ? "" : " in haste");
	if (has_time)
		settle_all(l);
	check_lost(l);
	end(l);
	persist(l);
}

static void read_all(struct life *l)
{
	for (size_t lane = 0; lane < l->rules.lanes; lane++) {
		if (l->lanes.at[lane].has_waiting)
			reader_retry_waiting(&l->reader, lane);
		for (int turns = 0; reader_turn(&l->reader, lane); turns++)
			if (turns > 100000)
				life_fail(l, "lane %zu: reads and reads and gets nowhere", lane);
	}
	check_ledger(l);
}

static void look(struct life *l)
{
	world_trace(l->w, "agent: looks");
	tail_reconcile(&l->tail);
	world_looked(l->w, true);
}

/* What inotify tells, as the loop would take it: at least a pause later, so that nothing waits. */
static void take_events(struct life *l)
{
	static const int64_t pauses_ms[] = { 250, 250, 250, 1000, 6000, 11000, 31000 };
	int64_t ms = pauses_ms[world_random(l->w, COUNT_OF(pauses_ms))];
	world_trace(l->w, "agent: takes events after %lld ms", (long long)ms);
	virtual_loop_pass(l->loop, ms * 1000000);
	virtual_loop_turn(l->loop);
	if (!l->tail.is_polling) /* no watches left on this machine: nothing tells */
		world_looked(l->w, false);
}

static void serve_destination(struct life *l)
{
	size_t lane = world_random(l->w, l->rules.lanes);
	struct destination *d = l->lanes.at[lane].destination;
	if (!d)
		return;
	fake_block(d, world_chance(l->w, 20));
	fake_park(d, world_chance(l->w, 20) ? (char)('0' + world_random(l->w, 10)) : 0);
	if (world_chance(l->w, 60))
		fake_seal(d);
	for (size_t n = world_random(l->w, 3); n-- && fake_sealed(d);)
		fake_settle(d, l->rules.is_loose ? world_random(l->w, fake_sealed(d)) : 0);
}

void life_act(struct life *l)
{
	uint64_t dice = world_random(l->w, 100);
	if (dice < 25) {
		look(l);
	} else if (dice < 45) {
		take_events(l);
	} else if (dice < 60) {
		serve_destination(l);
	} else if (dice < 65) {
		world_trace(l->w, "agent: saves");
		tail_save(&l->tail);
		persist(l);
	} else if (dice < 75) {
		size_t lane = world_random(l->w, l->rules.lanes);
		reader_turn(&l->reader, lane);
	} else {
		read_all(l);
	}
	if (l->tail.open_files > 4096)
		life_fail(l, "%zu files open", l->tail.open_files);
}

void life_settle_down(struct life *l)
{
	/* With two open files allowed, held ones come and go one by one: many rounds. */
	for (int round = 0; round < (l->rules.open_limit ? 60 : 12); round++) {
		for (size_t lane = 0; lane < l->rules.lanes && !l->rules.is_ring; lane++) {
			fake_block(l->lanes.at[lane].destination, false);
			fake_park(l->lanes.at[lane].destination, 0);
		}
		for (int i = 0; i < 200; i++) {
			uint64_t before = l->counters.bytes_read;
			read_all(l);
			settle_all(l);
			if (l->counters.bytes_read == before)
				break;
		}
		tail_save(&l->tail); /* what is read is only let go when that is on disk */
		virtual_loop_pass(l->loop, round < 8 ? 6 * SECOND_NS : 31 * SECOND_NS);
		look(l);
	}
	check_ledger(l);
	check_lost(l);
	check_cuts(l);
	check_gone_while_down(l);
}

uint64_t life_open_files(const struct life *l)
{
	return l->tail.open_files;
}

struct life *life_new(struct world *w, const struct life_rules *rules, const char *state_path)
{
	struct life *l = calloc(1, sizeof *l);
	if (!l)
		abort();
	l->w = w;
	l->rules = *rules;
	snprintf(l->state_path, sizeof l->state_path, "%s", state_path);
	l->loop = loop_new();
	l->worker = worker_new(l->loop);
	l->job = (struct config_scrape){ .job_name = STR("pods"), .is_pods = true };
	l->config.logs.scrapes = &l->job;
	l->config.logs.scrape_count = 1;
	l->config.logs.positions.sync_period_ms = 1000;
	l->config.logs.target_config.sync_period_ms = 10000;
	return l;
}

void life_free(struct life *l)
{
	worker_free(l->worker);
	loop_free(l->loop);
	coverage_fini(&l->coverage);
	line_counts_fini(&l->line_counts);
	free(l);
}
