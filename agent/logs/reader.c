/* One chunk: find line feeds, take off the runtime's framing, join pieces, hand each line to the lane (agent/logs/lane.c).
 * Everything is a view into the read buffer until the batch copies it as wire bytes; nothing is allocated per line. What can be
 * asked of a whole chunk (is it UTF-8, has it NULs) is asked once per chunk. */
#include "agent/logs/reader_turn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/log.h"
#include "agent/logs/recall.h"
#include "config/config.h"
#include "parsers/bytes/utf8.h"
#include "parsers/cri.h"
#include "parsers/dockerjson.h"

enum { QUANTUM_BYTES = 64 << 10, /* stays in the cache between reading and parsing */ ROOM_BYTES = 256 << 10, FRAMING_BYTES = 4096, TURN_BYTES = 384 << 10 };
/* Of a chunk only the last part goes to the ring of newest records, and of one that is followed by others only the last lines: in a
 * backlog the rest would be pushed out before anybody could look, at the price of a copy of everything. */
enum { RING_TAIL_BYTES = 16 << 10, RING_SAMPLE_BYTES = 1 << 10 };

/* ---- ledger ---- */

/* Another lane has read the line at `offset` before us, in this life. */
static bool is_repeat(const struct turn *t, uint64_t offset)
{
	size_t count = t->r->o.lanes->count;
	const struct cursor *c = t->c->generation->cursors;
	for (size_t i = 0; i < count && count > 1; i++)
		if (i != t->lane_index && offset >= c[i].start && offset < c[i].read)
			return true;
	return false;
}

/* Where another lane stands to the line at `offset`: was it read before us, or acknowledged in an earlier life? */
static void count_line(struct turn *t, uint64_t offset, bool was_read)
{
	struct lanes *l = t->r->o.lanes;
	struct generation *g = t->c->generation;
	if (was_read && t->c->ahead_lines) {
		t->c->ahead_lines--;
		t->lane->ahead_lines--;
		return;
	}
	l->o.counters->lines_read++;
	for (size_t i = 0; i < l->count && l->count > 1; i++) {
		if (i == t->lane_index)
			continue;
		bool is_behind = offset >= g->cursors[i].read && !g->is_abandoned;
		if (is_behind) {
			g->cursors[i].ahead_lines++;
			l->at[i].ahead_lines++;
		} else {
			l->at[i].earlier_sent++;
		}
	}
}

/* The furthest reader has nobody ahead of it: what is left of the count was framed differently by the other lane (a piece that
 * timed out there and was joined here) and went out inside other lines. */
static void settle_ahead(struct turn *t)
{
	struct cursor *c = t->c;
	for (size_t i = 0; i < t->r->o.lanes->count && c->ahead_lines; i++)
		if (c->generation->cursors[i].read > c->read)
			return;
	t->lane->ahead_lines -= c->ahead_lines;
	t->lane->earlier_sent += c->ahead_lines;
	c->ahead_lines = 0;
}

/* ---- one line ---- */

/* offset: of the last piece in the cursor's file. was_cut: bytes of it were thrown away already. place: of its first piece, NULL: not needed. */
static void emit(struct turn *t, int64_t timestamp_ns, bool is_stderr, struct str text, uint64_t offset, bool is_clean, bool was_cut,
		 const struct entry_place *place)
{
	struct lane_state *state = &t->s->lane[t->lane_index];
	struct lane_line line = { .text = text, .timestamp_ns = timestamp_ns, .is_stderr = is_stderr, .is_clean = is_clean,
				  .offset = offset, .is_lasting = text.p >= t->data.p && text.p < t->data.p + t->data.n,
				  .was_joined = t->is_long || t->is_joined, .has_time = t->s->format != FORMAT_RAW,
				  .was_cut = was_cut, .is_repeat = is_repeat(t, offset), .is_newest = t->is_near_end };
	if (t->s->metadata) {
		line.metadata = t->s->metadata->of[is_stderr].at;
		line.metadata_count = t->s->metadata->of[is_stderr].count;
	}
	struct lane_place stands;
	if (place) {
		stands = (struct lane_place){ *place, state->order };
		line.place = &stands;
	}
	t->s->lines_read += !line.is_repeat;
	count_line(t, offset, line.is_repeat);
	lane_line(t->r->o.lanes, t->lane_index, &t->from, &line, &t->outcome);
	t->last_ns = state->last_timestamp_ns = timestamp_ns;
	if (!t->oldest_ns)
		t->oldest_ns = timestamp_ns;
}

/* A line that stands whole at this offset. */
static void emit_at(struct turn *t, int64_t timestamp_ns, bool is_stderr, struct str text, uint64_t offset, bool is_clean)
{
	struct entry_place place;
	if (t->may_hold)
		place = reader_places_of(t, offset);
	emit(t, timestamp_ns, is_stderr, text, offset, is_clean, false, t->may_hold ? &place : NULL);
}

/* ---- pieces ---- */

struct frontier reader_frontier_at(const struct turn *t, const char *at)
{
	uint64_t offset = t->c->read + (uint64_t)(at - t->data.p);
	return frontier_of(offset, (struct str){ t->buffer, (size_t)(at - t->buffer) });
}

static void hold(struct turn *t, int slot, const char *at)
{
	if (t->c->held[slot].offset == UINT64_MAX)
		t->c->held[slot] = reader_frontier_at(t, at);
}

/* A message ends while one of the other stream is open. A restart resumes each file from where the open one began in it: when that is
 * in or behind the first file of this message, its pieces could be met in part, and a part sent as a line that never was. So the
 * open one takes over this message's places, and a restart meets all of it or nothing. */
static bool is_entangled(const struct turn *t, int slot)
{
	bool has_begun = false;
	for (const struct generation *g = t->s->oldest; g && has_open_join(t, !slot); g = g->next) {
		const struct frontier *held = g->cursors[t->lane_index].held;
		has_begun |= held[slot].offset != UINT64_MAX;
		if (has_begun && held[!slot].offset != UINT64_MAX)
			return true;
	}
	return false;
}

/* Nothing is unfinished in `slot` any more, in any generation of the source: those before this one may move on too. */
static void release(struct turn *t, int slot)
{
	bool is_inherited = is_entangled(t, slot);
	for (struct generation *g = t->s->oldest, *next; g; g = next) {
		struct cursor *c = &g->cursors[t->lane_index];
		next = g->next; /* settling may have been all that g waited for */
		if (c->held[slot].offset == UINT64_MAX)
			continue;
		if (is_inherited && c->held[slot].offset < c->held[!slot].offset)
			c->held[!slot] = c->held[slot];
		c->held[slot].offset = UINT64_MAX;
		if (c == t->c)
			continue;
		lane_mark(t->lane, tail_mark(t->r->o.tail, c, t->last_ns));
	}
}

void reader_finish_join(struct turn *t, bool is_stderr, uint64_t offset)
{
	struct join *join = t->s->lane[t->lane_index].join[is_stderr];
	struct str line;
	int64_t timestamp_ns;
	bool was_cut = join->is_over;
	if (!join_take(join, &line, &timestamp_ns))
		return;
	struct entry_place *from = &t->s->lane[t->lane_index].joined_from[is_stderr], place = *from;
	from->order = 0;
	t->is_joined = true;
	emit(t, timestamp_ns, is_stderr, line, offset, utf8_valid(line) == line.n && !memchr(line.p, '\0', line.n), was_cut,
	     t->may_hold ? &place : NULL);
	t->is_joined = false;
	join_reset(join);
	release(t, is_stderr);
}

static void framed(struct turn *t, const struct runtime_line *piece, const char *at, bool is_clean)
{
	struct lane_state *state = &t->s->lane[t->lane_index];
	uint64_t offset = t->c->read + (uint64_t)(at - t->data.p);
	if (!piece->is_partial && !has_open_join(t, piece->is_stderr)) {
		emit_at(t, piece->timestamp_ns, piece->is_stderr, piece->message, offset, is_clean);
		return;
	}
	struct join **join = &state->join[piece->is_stderr];
	if (!*join)
		*join = join_new();
	if (t->may_hold) {
		const struct entry_place place = reader_places_of(t, offset);
		if (!(*join)->is_open)
			state->joined_from[piece->is_stderr] = place;
	}
	hold(t, piece->is_stderr, at);
	join_add(*join, piece, t->r->o.lanes->o.max_line_bytes);
	state->joined_since_ns[piece->is_stderr] = loop_now_ns(t->r->o.lanes->o.loop);
	if (!piece->is_partial)
		reader_finish_join(t, piece->is_stderr, offset);
}

/* ---- lines ---- */

static int64_t wall_timestamp(struct turn *t)
{
	/* Lines of one log keep their order: a nanosecond apart, over chunks too, since the clock is read once for several. */
	int64_t now = loop_wall_ns(t->r->o.lanes->o.loop), before = t->s->lane[t->lane_index].last_timestamp_ns;
	return before >= now ? before + 1 : now;
}

static bool parse_as(struct turn *t, int format, struct str line, struct runtime_line *out)
{
	if (format == FORMAT_CRI)
		return cri_parse(line, out);
	buf_reset(&t->r->unescaped);
	return dockerjson_parse(line, &t->r->unescaped, out);
}

static struct str skip_nuls(struct turn *t, struct str line)
{
	size_t n = 0;
	while (n < line.n && line.p[n] == '\0')
		n++;
	t->r->counters->nul_bytes_skipped += n;
	return str_skip(line, n);
}

/* A byte order mark is no part of the first line. */
static struct str decode(struct turn *t, struct str line)
{
	bool is_first = t->c->read == 0 && line.p == t->data.p;
	struct str text = decoder_line(t->s->decoder, t->units, line, t->r->room);
	t->is_clean = !memchr(text.p, '\0', text.n);
	return is_first && str_starts(text, STR("\xef\xbb\xbf")) ? str_skip(text, 3) : text;
}

static void one_line(struct turn *t, struct str line)
{
	struct source *s = t->s;
	struct runtime_line piece;
	const char *at = line.p;
	t->is_long = line.n > RECALL_LINE_MOST;
	if (s->decoder)
		line = decode(t, line);
	if (s->format != FORMAT_RAW && line.n && line.p[0] == '\0') { /* the end of a hole: what a runtime writes behind it is a whole line */
		line = skip_nuls(t, line);
		if (line.n == 0)
			return;
		at = s->decoder ? at : line.p;
	}
	if (s->format == FORMAT_AUTO) { /* the first line tells; one that tells nothing is shipped as it is */
		if (parse_as(t, FORMAT_CRI, line, &piece))
			s->format = FORMAT_CRI;
		else if (parse_as(t, FORMAT_DOCKER, line, &piece))
			s->format = FORMAT_DOCKER;
	}
	bool is_framed = s->format == FORMAT_CRI || s->format == FORMAT_DOCKER;
	if (is_framed && parse_as(t, s->format, line, &piece)) {
		/* What docker escaped may hold anything; what stands in a clean chunk as it is does not. */
		bool is_clean = t->is_clean && s->format == FORMAT_CRI;
		if (!is_clean)
			is_clean = utf8_valid(piece.message) == piece.message.n && !memchr(piece.message.p, '\0', piece.message.n);
		framed(t, &piece, at, is_clean);
		return;
	}
	if (s->format != FORMAT_RAW)
		t->r->counters->lines_parse_errors++;
	if (t->c->read == 0 && line.p == t->data.p && str_starts(line, STR("\xef\xbb\xbf"))) {
		line = str_skip(line, 3);
		at = line.p;
	}
	/* Among framed lines one without a time happened about when its predecessor did: that is the same at every replay. */
	int64_t before = s->lane[t->lane_index].last_timestamp_ns;
	int64_t timestamp_ns = s->format != FORMAT_RAW && before ? before : wall_timestamp(t);
	bool is_clean = t->is_clean || (utf8_valid(line) == line.n && !memchr(line.p, '\0', line.n));
	emit_at(t, timestamp_ns, false, line, t->c->read + (uint64_t)(at - t->data.p), is_clean);
}

/* A line longer than the buffer: its head goes out at once with the marker, the rest is thrown away up to the line feed. The
 * position stays at its start until then: a restart sends the same head again, which Loki drops as a repeat. */
static size_t long_line(struct turn *t)
{
	struct frontier *held = &t->c->held[HELD_LONG_LINE];
	if (held->offset == UINT64_MAX) {
		*held = reader_frontier_at(t, t->data.p);
		one_line(t, t->data);
	}
	return t->data.n;
}

/* Bytes used of t->data. */
static size_t lines(struct turn *t, bool flush_tail, bool is_full)
{
	const char *at = t->data.p, *end = t->data.p + t->data.n, *feed;
	if (t->c->held[HELD_LONG_LINE].offset != UINT64_MAX) {
		feed = find_feed(t, at, end);
		if (!feed && !flush_tail)
			return t->data.n;
		t->c->held[HELD_LONG_LINE].offset = UINT64_MAX;
		at = feed ? feed + charset_feed_bytes(t->units) : end;
	}
	bool is_followed = !t->c->is_at_end && t->data.n >= QUANTUM_BYTES; /* not only the end of a compressed file that is still being written */
	ptrdiff_t shown = is_followed ? RING_SAMPLE_BYTES : RING_TAIL_BYTES;
	while (at < end && t->outcome.bytes < TURN_BYTES && (feed = find_feed(t, at, end))) {
		t->is_near_end = end - feed < shown;
		one_line(t, (struct str){ at, (size_t)(feed - at) });
		at = feed + charset_feed_bytes(t->units);
	}
	if (at == end || t->outcome.bytes >= TURN_BYTES)
		return (size_t)(at - t->data.p);
	if (flush_tail) {
		one_line(t, (struct str){ at, (size_t)(end - at) });
		return t->data.n;
	}
	if (is_full && at == t->data.p)
		return long_line(t);
	return (size_t)(at - t->data.p);
}

/* ---- turns ---- */

void reader_mark(struct turn *t)
{
	struct cursor *c = t->c;
	struct frontier now = cursor_frontier(c);
	if (t->outcome.bytes == 0 && now.offset <= c->marked)
		return;
	lane_mark(t->lane, tail_mark(t->r->o.tail, c, t->oldest_ns));
}

static void failed(struct turn *t, struct generation *g, int error)
{
	struct tail *tail = t->r->o.tail;
	if (error == -EAGAIN)
		return;
	if (error == -ESTALE && (!g->is_gz || t->s->is_packed)) {
		tail_restart(tail, g);
		return;
	}
	if (error == -EBADMSG || error == -ESTALE) {
		LOG_WARN("%s/%s: damaged or not what it was; what is left of it cannot be read", g->source->folder->path, g->name);
		tail_abandon(tail, g, LOST_UNREADABLE, g->size_bytes);
		return;
	}
	t->r->counters->read_errors++;
	if (!g->error[0]) /* what folder_open refused is told already */
		LOG_WARN("%s/%s: %s; other files go on, this one is tried again every few seconds", g->source->folder->path, g->name, strerror(-error));
	snprintf(g->error, sizeof g->error, "%s", strerror(-error));
	t->c->is_at_end = true;
}

static int fetch(struct turn *t, size_t room)
{
	uint32_t before = t->c->generation->is_gz ? 0 : t->c->last_read.bytes;
	int got = cursor_fetch(t->c, t->r->bytes, room, &t->data, t->r->counters);
	t->buffer = t->data.p - (got > 0 && t->data.p > t->r->bytes ? before : 0);
	return got;
}

/* The memory is about this file, up to the cursor. */
static void remember(struct turn *t, const struct generation *g)
{
	struct log_memory *m = t->from.memory;
	if (!m || (m->of == g && t->c->is_remembered))
		return;
	trace_memory_reset(&m->lines);
	m->of = g;
	t->c->is_remembered = true;
	const struct recall recall = { t->r->o.lanes->o.rules, t->from.asks, m, t->s->decoder, t->s->format, t->r->bytes, t->r->room, &t->r->unescaped };
	recall_before(&recall, t->c);
}

static void read_chunk(struct turn *t, struct generation *g, bool flush_tail)
{
	t->c = &g->cursors[t->lane_index];
	int got = folder_open(g, true);
	if (got == -ESTALE || got == -ENOENT) { /* renamed, compressed or replaced since the last look: the scan sorts it out */
		g->source->folder->needs_scan = true;
		g->must_wait = true;
		return;
	}
	if (got == -EMFILE || got == -ENFILE || got == -ENOMEM) { /* tried again at the next look */
		t->r->counters->read_errors++;
		g->must_wait = g->has_no_descriptor = true;
		return;
	}
	g->has_no_descriptor = false;
	size_t room = QUANTUM_BYTES + IDENTITY_FRONTIER_BYTES;
	if (g->starts_over && t->c->read == 0)
		reader_give_up_pieces(t);
	t->units = g->fd >= 0 ? generation_units(g) : CHARSET_BYTES;
	if (got >= 0) {
		remember(t, g);
		got = fetch(t, room);
	}
	if (got > 0 && !t->c->is_at_end && !find_feed(t, t->data.p, t->data.p + t->data.n) && t->c->held[HELD_LONG_LINE].offset == UINT64_MAX) {
		if (g->is_gz)
			cursor_consume(t->c, t->data, 0, false);
		room = t->r->room;
		got = fetch(t, room);
	}
	if (got < 0) {
		failed(t, g, got);
		return;
	}
	g->error[0] = '\0';
	bool is_eof = t->c->is_at_end;
	t->is_near_end = true;
	t->is_clean = utf8_valid(t->data) == t->data.n && !memchr(t->data.p, '\0', t->data.n);
	size_t used = lines(t, flush_tail && is_eof, !is_eof && room == t->r->room);
	if (t->from.memory)
		trace_memory_settle(&t->from.memory->lines);
	if (used < t->data.n && t->outcome.bytes >= TURN_BYTES)
		t->c->is_at_end = false; /* the batch had enough, not the file */
	t->r->counters->bytes_read += used;
	t->s->folder->bytes_read += used;
	if (t->may_hold)
		reader_places_hold(t);
	cursor_consume(t->c, t->data, used, t->c->is_at_end);
	settle_ahead(t);
	reader_mark(t);
}

void reader_retry_waiting(struct reader *r, size_t lane)
{
	r->o.lanes->at[lane].has_waiting = false;
	for (struct folder *f = r->o.tail->folders; f; f = f->next)
		for (struct source *s = f->sources; s; s = s->next) {
			if (s->lane[lane].is_waiting)
				tail_queue(r->o.tail, s, lane);
			s->lane[lane].is_waiting = false;
		}
}

bool reader_turn(struct reader *r, size_t lane)
{
	struct turn t = { .r = r, .lane = &r->o.lanes->at[lane], .lane_index = lane, .is_near_end = true };
	if (!lane_has_room(t.lane))
		return false;
	t.s = tail_pop(r->o.tail, lane);
	if (!t.s)
		return false;
	struct lane_state *state = &t.s->lane[lane];
	t.from = (struct lane_source){ .streams = state->streams, .stages = state->stages, .coverage = t.s->coverage, .lines = t.s->lines,
				       .origin = { str_of(t.s->path), t.s->namespace_, t.s->pod, t.s->container }, .asks = t.s->asks,
				       .window = &state->window, .memory = state->memory, .bare_until_ns = t.s->bare_until_ns,
				       .open = { &state->joined_from[0], &state->joined_from[1] } };
	t.may_hold = lane_may_hold(&t.from);
	/* A stream that the server throttles waits alone: its file is not read on, so that its lines do not fill everybody's queue. */
	if (!lane_takes(r->o.lanes, lane, &t.from)) {
		state->is_waiting = t.lane->has_waiting = true;
		return true;
	}
	if ((t.s->is_packed || t.s->has_bz2) && source_is_delayed(t.s, lane, loop_now_ns(r->o.lanes->o.loop))) {
		state->is_waiting = t.lane->has_waiting = true;
		return true;
	}
	if (state->must_restage)
		reader_restage(&t);
	bool flush_tail;
	struct generation *g = source_next(t.s, lane, loop_now_ns(r->o.lanes->o.loop), &flush_tail);
	if (g)
		read_chunk(&t, g, flush_tail);
	if (g && source_next(t.s, lane, loop_now_ns(r->o.lanes->o.loop), &flush_tail)) {
		tail_queue(r->o.tail, t.s, lane);
		return true;
	}
	reader_flush(&t);
	return true;
}

size_t reader_line_room(size_t max_line_bytes)
{
	return ROOM_BYTES + max_line_bytes + FRAMING_BYTES;
}

void reader_init(struct reader *r, const struct reader_options *options)
{
	*r = (struct reader){ .o = *options, .counters = options->lanes->o.counters };
	r->room = reader_line_room(options->lanes->o.max_line_bytes);
	/* Touched only as far as lines are long: an idle agent pays for what it used. */
	r->bytes = malloc(r->room);
	if (!r->bytes)
		abort();
	buf_init(&r->unescaped, r->room * 2);
}

void reader_fini(struct reader *r)
{
	free(r->bytes);
	buf_fini(&r->unescaped);
}
