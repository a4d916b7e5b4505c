/* One life at a time. A kill throws the agent's memory away and saves nothing; the positions file and the world stay. The ledger is
 * checked after every look, content and order at every line. Included by the model. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/log.h"
#include "agent/logs/log_stages.h"
#include "config/config.h"
#include "parsers/bytes/hash.h"
#include "tests/model/fake_destination.h"
#include "tests/model/life.h"
#include "tests/model/virtual_loop.h"

#define MARK_OF_CUT " [truncated by spoor]"
static const int64_t SECOND_NS = 1000000000;

enum { HELD_CAP_BYTES_ = 3000 }; /* where few files may be open */
enum { WHOLE_CHUNK_BYTES = 200000 }; /* a longer piece may not fit into a chunk: its head goes out before its end is seen */

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
	struct log_stages *stages[MODEL_LANES]; /* of this life */
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

/* One message of a record, which ends with piece id. */
static void check_message(struct life *l, size_t lane, int id, struct str line)
{
	struct world *w = l->w;
	const struct piece *last = &w->pieces[id];
	if (!last->is_written && last->n <= WHOLE_CHUNK_BYTES)
		life_fail(l, "lane %zu: piece %d was not written to its end yet", lane, id);
	int first = is_cut_head(l, last, line) ? id : first_piece(w, id, line);
	if (first == NONE)
		life_fail(l, "lane %zu: piece %d (%zu bytes) came with another text: %zu bytes, \"%.*s\"", lane, id, last->n, line.n,
			  (int)(line.n < 100 ? line.n : 100), line.p);
	if (w->trace)
		fprintf(w->trace, "      lane %zu: log %d/%d file %d: pieces %d to %d\n", lane, last->log, last->is_stderr, last->file, first, id);
	check_whole(l, lane, first, id);
	int *newest = &l->newest[lane][last->log][last->is_stderr];
	if (first < *newest)
		life_fail(l, "lane %zu: log %d/%d: piece %d after %d in one life", lane, last->log, last->is_stderr, first, *newest - 1);
	*newest = id + 1;
	for (int p = id;; p = w->pieces[p].previous) {
		bool is_whole_chunk = w->pieces[p].n > WHOLE_CHUNK_BYTES; /* a restart repeats its head */
		if (w->pieces[p].lane[lane].is_persisted && l->rules.is_strict && !is_whole_chunk)
			life_fail(l, "lane %zu: piece %d of log %d, file %d, came again though it was settled and saved", lane, p, last->log, w->pieces[p].file);
		w->pieces[p].lane[lane].read_in_life = w->life;
		if (p == first)
			return;
	}
}

/* Whoever reads a block again, in another life or another lane, must make the same of it, unless time has told where it ends, or a file
 * of it is not there any more. */
static void check_block(struct life *l, size_t lane, int head, int last)
{
	struct world *w = l->w;
	struct piece *p = &w->pieces[head];
	bool has_lost = false;
	for (int i = 0; i < w->file_count; i++)
		has_lost |= w->files[i].log == p->log && w->files[i].place >= FILE_REMOVED_;
	if (l->rules.is_patient && !has_lost && !l->has_flushed && !l->counters.partials_flushed && p->entry_last && p->entry_last != last + 1)
		life_fail(l, "lane %zu: the block from piece %d to %d came before as %d to %d", lane, head, last, head, p->entry_last - 1);
	p->entry_last = last + 1;
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
	struct str rest = record->line;
	int head = (int)id, before = NONE;
	/* What follows a block that has gone out has its time. */
	bool is_rest = l->rules.has_blocks && !l->rules.is_patient && !is_head(rest) && begins_with(w, log, stream, str_take(rest, str_find(rest, '\n'))) >= 0;
	if (is_rest)
		head = last_piece(w, begins_with(w, log, stream, str_take(rest, str_find(rest, '\n'))), str_take(rest, str_find(rest, '\n')));
	for (bool is_first = true; is_first || rest.n; is_first = false) {
		struct str line = str_cut(&rest, '\n');
		int begin = begins_with(w, log, stream, line), last;
		if (!is_first && (!l->rules.has_blocks || begin == NONE || is_head(line)))
			life_fail(l, "lane %zu: log %d/%d: piece %d goes on with \"%.*s\"", lane, log, stream, head, (int)(line.n < 60 ? line.n : 60), line.p);
		last = is_first ? head : last_piece(w, begin, line);
		if (w->pieces[last].log != log || w->pieces[last].is_stderr != stream)
			life_fail(l, "lane %zu: piece %d of log %d/%d came as log %d/%d", lane, last, w->pieces[last].log, w->pieces[last].is_stderr, log, stream);
		check_message(l, lane, last, line);
		w->pieces[last].lane[lane].entry_before = before + 1;
		before = last;
	}
	if (l->rules.has_blocks && !is_rest)
		check_block(l, lane, head, before);
	return before;
}

/* Which pieces a record covered is known by who was read in this life. */
static void on_record_settled(void *ctx, size_t lane, int piece)
{
	struct life *l = ctx;
	struct piece *all = l->w->pieces;
	for (int last = piece; last != NONE; last = all[last].lane[lane].entry_before - 1)
		for (int p = last; p != NONE && all[p].lane[lane].read_in_life; p = all[p].previous)
			all[p].lane[lane].is_settled = true, all[p].lane[lane].settled_in_life = l->w->life;
}

static void on_mark_settled(void *ctx, struct mark *m)
{
	(void)ctx;
	lane_settled(m);
}

void fake_ring_add(void *ctx, struct str labels, const struct record *record)
{
	struct life *l = ctx;
	if (l->rules.is_ring)
		on_record_settled(l, 0, on_append(l, 0, labels, record));
}

/* ---- hooks of the tailer ---- */

#define STREAM_LABELS(stream) { (struct label[]){ { STR("stream"), STR(stream) } }, 1, 1 }

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
	for (size_t lane = 0; lane < l->rules.lanes && l->rules.has_blocks; lane++)
		s->lane[lane].stages = source_stages_new(l->stages[lane], (struct labels[2]){ STREAM_LABELS("o"), STREAM_LABELS("e") },
							 s->lane[lane].streams, false);
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
		uint64_t sum = appended + lane_more_sent(lane) + lane_more_pending(lane) + lane->lost_lines;
		if (sum != l->counters.lines_read)
			life_fail(l, "lane %zu: %llu lines read, but %llu appended + %llu sent otherwise + %llu pending otherwise + %llu lost", i,
				  (unsigned long long)l->counters.lines_read, (unsigned long long)appended, (unsigned long long)lane_more_sent(lane),
				  (unsigned long long)lane_more_pending(lane), (unsigned long long)lane->lost_lines);
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
	uint64_t written = 0, all = 0;
	for (int i = 0; i < l->w->file_count; i++)
		written += l->w->files[i].size;
	for (size_t i = 0; i < LOST_REASONS; i++)
		all += lost[i];
	if (all > written)
		life_fail(l, "%llu bytes counted as lost, but no more than %llu were written", (unsigned long long)all, (unsigned long long)written);
}

/* Of a file that is cut twice between two reads the agent knows what it had first seen of it, and not what came in between. */
static void check_cuts(struct life *l)
{
	bool is_cut_unread = false;
	for (int i = 0; i < l->w->piece_count; i++) {
		const struct piece *p = &l->w->pieces[i];
		const struct file *f = &l->w->files[p->file];
		for (size_t lane = 0; lane < l->rules.lanes; lane++)
			is_cut_unread |= f->place == FILE_CUT_ && !f->is_regrown && f->cut_life == l->w->life && f->looked_life == l->w->life && p->is_written &&
					 p->end <= f->looked_size && !p->lane[lane].read_in_life && !l->w->logs[f->log].is_removed;
	}
	const uint64_t *lost = l->counters.bytes_lost;
	bool is_counted = lost[LOST_TRUNCATED] || (l->w->rules.is_forgetful && lost[LOST_DELETED_UNREAD]); /* it was closed, and compressed since */
	if (is_cut_unread && !l->rules.is_ring && !is_counted)
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

static const struct str multiline_keys[] = { { "firstline", 9 }, { "max_wait_time", 13 } }, stage_keys[] = { { "multiline", 9 } };
#define SCALAR(text_) { .kind = STAGE_SCALAR, .text = { text_, sizeof text_ - 1 } }
#define PIPELINE(wait) { .list = &(const struct stage_node){ .kind = STAGE_LIST, .count = 1, .items = &(const struct stage_node){ \
	.kind = STAGE_MAP, .count = 1, .keys = stage_keys, .items = &(const struct stage_node){ .kind = STAGE_MAP, .count = 2, \
	.keys = multiline_keys, .items = (const struct stage_node[]){ SCALAR("^[0-9]*[05]:"), SCALAR(wait) } } } } }
static const struct config_stages patient = PIPELINE("600s"), hasty = PIPELINE("2s");

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
	reader_init(&l->reader, &(struct reader_options){ .tail = &l->tail, .lanes = &l->lanes });
	l->lanes.count = l->rules.lanes;
	for (size_t lane = 0; lane < l->rules.lanes && l->rules.has_blocks; lane++)
		l->stages[lane] = log_stages_new(l->rules.is_patient ? &patient : &hasty, lane ? l->stages[0] : NULL);
	for (size_t lane = 0; lane < l->rules.lanes && !l->rules.is_ring; lane++)
		l->lanes.at[lane].destination = fake_new(lane, l, on_append, on_record_settled, on_mark_settled);
	if (tail_start(&l->tail, &o, err) < 0)
		life_fail(l, "start: %s", err);
	if (l->rules.open_limit) {
		l->tail.open_limit = l->rules.open_limit;
		l->tail.held_cap_bytes = HELD_CAP_BYTES_;
	}
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
	for (size_t lane = 0; lane < MODEL_LANES; lane++) {
		log_stages_free(l->stages[lane]);
		l->stages[lane] = NULL;
	}
	reader_fini(&l->reader);
	lanes_fini(&l->lanes);
	show_positions(l);
	world_agent_gone(l->w);
}

/* The end came while rows were added to the positions, or before the disk had them: the file ends anywhere behind its snapshot. What decides
 * takes nothing from the world's random numbers, so that a seed is the same history with and without. */
static void tear_positions(struct life *l)
{
	struct buf text;
	buf_init(&text, 64 << 20);
	if (os_read_file(l->state_path, 64 << 20, &text) >= 0 && text.n) {
		uint64_t dice = hash_u64(l->w->random);
		const char *added = memmem(text.p, text.n, "\t+", 2);
		size_t kept = added ? (size_t)(added - text.p) : text.n, torn = text.n - kept;
		if (torn && dice % 4) {
			if (truncate(l->state_path, (off_t)(kept + (dice >> 8) % torn)) < 0)
				abort();
			world_trace(l->w, "positions torn at %llu of %zu", (unsigned long long)(kept + (dice >> 8) % torn), text.n);
		}
	}
	buf_fini(&text);
}

void life_kill(struct life *l)
{
	world_trace(l->w, "agent: killed");
	l->tail.o.is_state_usable = false; /* tail_stop saves only where it may */
	end(l);
	if (l->rules.has_torn_saves)
		tear_positions(l);
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
		if (l->lanes.at[lane].flush_at_ns && l->lanes.at[lane].flush_at_ns <= loop_now_ns(l->loop))
			reader_flush_due(&l->reader, lane);
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
		virtual_loop_pass(l->loop, round < 8 ? 6 * SECOND_NS : round == 9 && l->rules.is_patient ? 601 * SECOND_NS : 31 * SECOND_NS);
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
