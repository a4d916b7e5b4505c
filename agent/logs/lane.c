/* The hot path between a source's framing and the batch: nothing is allocated, locked or formatted per line here, and a line is copied
 * only where it must be repaired. */
#include "agent/logs/lane.h"

#include <stdlib.h>

#include "agent/logs/log_stages.h"
#include "parsers/bytes/utf8.h"

enum { ENTRY_OVERHEAD = 160 };
#define MARKER " [truncated by spoor]"

struct way { /* of one line */
	struct lanes *l;
	size_t index;
	struct lane *lane;
	const struct lane_source *from;
	struct lane_outcome *out;
	bool is_newest;
	struct str line; /* as it went into the stages */
};

void lanes_init(struct lanes *l, const struct lanes_options *options, size_t room_bytes)
{
	static const struct trace_rules none = { .find = false };
	*l = (struct lanes){ .o = *options };
	if (!l->o.rules)
		l->o.rules = &none;
	buf_init(&l->repaired, room_bytes * 3 + sizeof MARKER); /* three bytes of U+FFFD for one that is bad */
}

void lanes_fini(struct lanes *l)
{
	buf_fini(&l->repaired);
}

bool lane_has_room(const struct lane *lane)
{
	return !lane->destination || destination_has_room(lane->destination);
}

bool lane_takes(const struct lanes *l, size_t lane, const struct lane_source *from)
{
	const struct destination *d = l->at[lane].destination;
	if (from->stages && source_stages_not_before(from->stages) > loop_wall_ns(l->o.loop))
		return false;
	const struct log_stream *made;
	if (d && from->stages && source_stages_made(from->stages, &made))
		return destination_takes(d, made);
	return !d || (destination_takes(d, &from->streams[0]) && destination_takes(d, &from->streams[1]));
}

void lane_mark(struct lane *lane, struct mark *mark)
{
	mark->lane = lane;
	mark->joined = lane->joined_open;
	lane->joined_open = 0;
	if (lane->destination)
		destination_mark(lane->destination, mark);
	else
		lane_settled(mark);
}

void lane_settled(struct mark *mark)
{
	mark->lane->joined_pending -= mark->joined;
	mark->lane->joined_sent += mark->joined;
	mark->settled(mark->owner, mark);
}

uint64_t lane_more_sent(const struct lane *lane)
{
	return lane->ring_sent + lane->earlier_sent + lane->joined_sent;
}

uint64_t lane_more_pending(const struct lane *lane)
{
	return lane->ahead_lines + lane->held_lines + lane->joined_pending;
}

/* ---- one line ---- */

static struct str clean(struct lanes *l, struct str line)
{
	struct buf *out = &l->repaired;
	buf_reset(out);
	size_t repaired = utf8_repair(line, out);
	/* Terminals, C programs and JSON tools stop at NUL: one byte of the same width as nothing, visible as a blank. */
	for (char *nul = out->p; nul && (nul = memchr(nul, '\0', out->n - (size_t)(nul - out->p)));)
		*nul = ' ', repaired++;
	l->o.counters->lines_utf8_repaired += repaired > 0;
	return out->is_full ? (struct str){ 0 } : buf_view(out);
}

static struct str cut(struct lanes *l, struct str line)
{
	size_t keep = utf8_floor(line, l->o.max_line_bytes - (sizeof MARKER - 1));
	char *whole = malloc(keep + sizeof MARKER);
	if (!whole)
		abort();
	l->o.counters->bytes_truncated += line.n > keep ? line.n - keep : 0;
	memcpy(whole, line.p, keep);
	memcpy(whole + keep, MARKER, sizeof MARKER - 1);
	buf_reset(&l->repaired);
	buf_append(&l->repaired, whole, keep + sizeof MARKER - 1);
	free(whole);
	return buf_view(&l->repaired);
}

static struct tap_place place_of(const struct way *w)
{
	return (struct tap_place){ .lane = w->index, .destination = w->lane->name, .origin = &w->from->origin, .now_ns = loop_now_ns(w->l->o.loop) };
}

static void append(const struct way *w, struct log_stream *stream, const struct record *record)
{
	if (taps_any(w->l->o.taps)) {
		struct tap_place place = place_of(w);
		place.tenant = log_stream_tenant(stream);
		taps_sent(w->l->o.taps, &place, record, stream->labels);
	}
	if (w->index == 0 && w->is_newest)
		ring_add(w->l->o.ring, stream->labels, record);
	if (w->lane->destination)
		destination_append(w->lane->destination, stream, record, loop_now_ns(w->l->o.loop));
	else
		w->lane->ring_sent++;
	w->out->bytes += record->line.n + ENTRY_OVERHEAD;
}

/* What passes stages from here on is at this place, for those who look; place is memory for it, NULL: no more. */
static void show_stages(const struct way *w, struct tap_place *place)
{
	if (!taps_any(w->l->o.taps))
		return;
	if (place)
		*place = place_of(w);
	w->l->o.taps->place = place;
}

/* A line goes across what the source has begun itself. */
static void move_back(const struct lane_source *from, const struct entry *e)
{
	if (from->across && e->last > e->first.order)
		from->across(from->across_ctx, e);
	for (size_t i = 0; i < COUNT_OF(from->open) && e->last > e->first.order; i++)
		if (from->open[i])
			stages_move_back(from->open[i], e);
}

/* What a stage made may be anything; what it left alone is clean. */
static void on_staged(void *ctx, const struct staged *out)
{
	const struct way *w = ctx;
	struct lanes *l = w->l;
	struct record record = *out->record;
	uint64_t joined = out->entry->joined;
	move_back(w->from, out->entry);
	w->lane->held_lines -= 1 + joined;
	if (out->drop_reason) {
		w->lane->stage_dropped_lines += 1 + joined;
		stage_drops_count(&w->lane->stage_drops, str_of(out->drop_reason), 1 + joined);
		w->from->lines->dropped += w->index == 0 ? 1 + joined : 0;
		if (taps_any(l->o.taps)) {
			struct tap_place place = place_of(w);
			place.tenant = out->entry->tenant;
			taps_dropped(l->o.taps, &place, &record, out->stream->labels, str_of(out->drop_reason));
		}
		return;
	}
	w->lane->joined_open += joined;
	w->lane->joined_pending += joined;
	if (record.line.p != w->line.p && utf8_valid(record.line) != record.line.n)
		record.line = clean(l, record.line);
	if (record.line.n > l->o.max_line_bytes) {
		record.line = cut(l, record.line);
		l->o.counters->lines_truncated++;
	}
	append(w, out->stream, &record);
}

static void through_stages(struct way *w, const struct record *record, const struct lane_line *line)
{
	struct staged_line staged = { .record = record, .is_stderr = line->is_stderr, .is_repeat = line->is_repeat };
	if (line->place) {
		staged.first = line->place->first;
		staged.last = line->place->last;
	}
	w->line = record->line;
	w->lane->held_lines++;
	struct tap_place place;
	show_stages(w, &place);
	source_stages_run(w->from->stages, &staged, loop_wall_ns(w->l->o.loop), on_staged, w);
	show_stages(w, NULL);
}

bool lane_may_hold(const struct lane_source *from)
{
	return from->stages && source_stages_may_hold(from->stages);
}

void lane_each_place(const struct lane_source *from, void (*fn)(void *ctx, struct entry_place *place), void *ctx)
{
	if (from->stages)
		source_stages_each_place(from->stages, fn, ctx);
}

int64_t lane_flush(struct lanes *l, size_t lane, const struct lane_source *from, bool all, struct lane_outcome *out)
{
	struct way w = { .l = l, .index = lane, .lane = &l->at[lane], .from = from, .out = out, .is_newest = true };
	int64_t wall_ns = loop_wall_ns(l->o.loop);
	struct tap_place place;
	show_stages(&w, &place);
	int64_t at_ns = source_stages_flush(from->stages, wall_ns, all, on_staged, &w);
	show_stages(&w, NULL);
	return at_ns == INT64_MAX ? INT64_MAX : loop_now_ns(l->o.loop) + (at_ns > wall_ns ? at_ns - wall_ns : 0);
}

static void leave_out(const struct way *w, struct str labels, const struct record *record, enum drop_reason why)
{
	*(why == DROP_SAMPLED ? &w->lane->sampled_lines : &w->lane->surplus_lines) += 1;
	if (!taps_any(w->l->o.taps))
		return;
	const struct tap_place place = place_of(w);
	taps_dropped(w->l->o.taps, &place, record, labels, str_of(drop_reason_names[why]));
}

/* Before any stage, once for all lanes. A trace that is known not to be sampled is nowhere to be looked at, and of one whose lines are left
 * out there would be no line. own: what the line itself said. */
static void count(const struct lanes *l, const struct lane_source *from, const struct record *record, enum trace_result own, bool is_kept)
{
	bool is_valid = record->trace_result == TRACE_VALID, is_traced = is_valid && record->trace.sampled != 0 && is_kept;
	from->coverage->lines[own]++;
	if (is_valid && own != TRACE_VALID)
		l->o.counters->lines_correlated[record->trace.source]++;
	if (from->lines)
		line_row_count(from->lines, record->level, is_traced ? &record->trace : NULL, record->timestamp_ns);
}

void lane_line(struct lanes *l, size_t lane, const struct lane_source *from, const struct lane_line *line, struct lane_outcome *out)
{
	struct way w = { .l = l, .index = lane, .lane = &l->at[lane], .from = from, .out = out, .is_newest = line->is_newest };
	struct record record = { .timestamp_ns = line->timestamp_ns, .line = line->text, .metadata = line->metadata,
				 .metadata_count = line->metadata_count };
	if (record.line.n && record.line.p[record.line.n - 1] == '\r')
		record.line.n--;
	if (!line->is_clean)
		record.line = clean(l, record.line);
	if (line->was_cut || record.line.n > l->o.max_line_bytes) {
		record.line = cut(l, record.line);
		l->o.counters->lines_truncated++;
	}
	record.level = line_trace_level(from->asks, record.line);
	if (record.level == LEVEL_UNKNOWN)
		record.level = line->level;
	struct memory_line memory = { .at = line->offset, .timestamp_ns = line->has_time ? line->timestamp_ns : 0, .is_stderr = line->is_stderr,
				      .is_lasting = line->is_lasting && record.line.p == line->text.p, .was_joined = line->was_joined };
	enum level level;
	enum trace_result own = line_trace_find(l->o.rules, from->asks, from->memory, &memory, &record, &level);
	bool is_sampled = !l->o.rules->is_sampling || line_trace_keeps(l->o.rules, &record, level);
	bool is_kept = is_sampled && line_asks_takes(from->asks, from->window, record.timestamp_ns);
	if (!line->is_repeat)
		count(l, from, &record, own, is_kept);
	if (record.timestamp_ns <= from->bare_until_ns) {
		record.level = LEVEL_UNKNOWN;
		record.trace_result = TRACE_NONE;
	}
	if (taps_any(l->o.taps)) {
		const struct tap_place place = place_of(&w);
		taps_line(l->o.taps, &place, &record, from->streams[line->is_stderr].labels);
	}
	if (!is_kept) {
		leave_out(&w, from->streams[line->is_stderr].labels, &record, is_sampled ? DROP_POD_RATE : DROP_SAMPLED);
		return;
	}
	if (from->stages) {
		through_stages(&w, &record, line);
		return;
	}
	append(&w, &from->streams[line->is_stderr], &record);
}
