/* Requests before they are bytes: made of items, split, thinned, and at last settled. Each item belongs to a frame of the journal; a
 * frame is settled when none of its items is on its way any more, and frames are reported in order. */
#include <stdlib.h>

#include "exporters/remote_write/remote_write_state.h"

enum { EXTRA_BYTES_MAX = 64 * 1024 * 1024 };

struct rw_request *rw_request_new(struct rw_table *table)
{
	struct rw_request *r = calloc(1, sizeof *r);
	if (!r)
		abort();
	r->table = table;
	table->references++;
	r->oldest_ms = INT64_MAX;
	r->newest_ms = INT64_MIN;
	buf_init(&r->extra, EXTRA_BYTES_MAX);
	return r;
}

void rw_request_free(struct rw_request *r)
{
	if (!r)
		return;
	rw_table_release(r->table);
	free(r->items);
	free(r->spans);
	free(r->body);
	buf_fini(&r->extra);
	free(r);
}

static void *more(void *p, uint32_t *room, uint32_t first, size_t size)
{
	*room = *room ? 2 * *room : first;
	void *fresh = realloc(p, *room * size);
	if (!fresh)
		abort();
	return fresh;
}

static void add_span(struct rw_request *r, uint64_t frame, uint32_t n)
{
	if (r->span_count && r->spans[r->span_count - 1].frame == frame) {
		r->spans[r->span_count - 1].n += n;
		return;
	}
	if (r->span_count == r->span_room)
		r->spans = more(r->spans, &r->span_room, 4, sizeof *r->spans);
	r->spans[r->span_count++] = (struct rw_span){ frame, n };
}

struct rw_item *rw_request_add(struct rw_request *r, uint64_t frame)
{
	if (r->n == r->room)
		r->items = more(r->items, &r->room, 64, sizeof *r->items);
	add_span(r, frame, 1);
	return &r->items[r->n++];
}

uint32_t rw_request_chunk(struct rw_request *r, struct str bytes)
{
	uint32_t place = (uint32_t)r->extra.n, n = (uint32_t)bytes.n;
	char *p = buf_reserve(&r->extra, sizeof n + bytes.n);
	if (!p) {
		r->extra.is_full = false;
		return UINT32_MAX;
	}
	memcpy(p, &n, sizeof n);
	if (n)
		memcpy(p + sizeof n, bytes.p, n);
	buf_grow(&r->extra, sizeof n + bytes.n);
	return place;
}

struct str rw_request_extra(const struct rw_request *r, uint32_t place)
{
	uint32_t n;
	memcpy(&n, r->extra.p + place, sizeof n);
	return (struct str){ r->extra.p + place + sizeof n, n };
}

void rw_request_forget_body(struct rw_request *r)
{
	free(r->body);
	r->body = NULL;
}

/* Counts and bounds anew, after items went. */
static void recount(struct rw_request *r)
{
	r->oldest_ms = INT64_MAX;
	r->newest_ms = INT64_MIN;
	r->histograms = r->exemplars = 0;
	for (uint32_t i = 0; i < r->n; i++) {
		const struct rw_item *item = &r->items[i];
		r->oldest_ms = item->ms < r->oldest_ms ? item->ms : r->oldest_ms;
		r->newest_ms = item->ms > r->newest_ms ? item->ms : r->newest_ms;
		r->histograms += (item->series & RW_HISTOGRAM) != 0;
		if (item->exemplars)
			r->exemplars += rw_request_extra(r, item->exemplars - 1).n / sizeof(uint32_t);
	}
}

static struct rw_request *split(struct rw_request *r, uint32_t n)
{
	struct rw_request *tail = rw_request_new(r->table);
	uint32_t seen = 0, kept = 0;
	for (uint32_t i = 0; i < r->span_count; i++) {
		struct rw_span span = r->spans[i];
		uint32_t head = seen >= n ? 0 : n - seen < span.n ? n - seen : span.n;
		if (span.n > head)
			add_span(tail, span.frame, span.n - head);
		if (head)
			r->spans[kept++] = (struct rw_span){ span.frame, head };
		seen += span.n;
	}
	r->span_count = kept;
	tail->n = r->n - n;
	tail->room = tail->n ? tail->n : 1;
	tail->items = malloc(tail->room * sizeof *tail->items);
	if (!tail->items)
		abort();
	memcpy(tail->items, r->items + n, tail->n * sizeof *tail->items);
	buf_append(&tail->extra, r->extra.p, r->extra.n);
	tail->estimate_bytes = r->n ? r->estimate_bytes * tail->n / r->n : 0;
	r->estimate_bytes -= tail->estimate_bytes;
	r->n = n;
	rw_request_forget_body(r);
	memcpy(tail->was_refused, r->was_refused, sizeof tail->was_refused);
	tail->attempts = r->attempts;
	tail->opened_ns = r->opened_ns;
	tail->next = r->next;
	r->next = tail;
	recount(r);
	recount(tail);
	return tail;
}

static struct rw_frame *frame_of(struct remote_write *rw, uint64_t frame)
{
	return &rw->frames[frame % rw->frame_room];
}

uint32_t rw_request_drop_older(struct remote_write *rw, struct rw_request *r, int64_t oldest_ms)
{
	uint32_t kept = 0, kept_spans = 0, at = 0;
	for (uint32_t i = 0; i < r->span_count; i++) {
		struct rw_span span = r->spans[i];
		uint32_t before = kept;
		for (uint32_t k = 0; k < span.n; k++, at++)
			if (r->items[at].ms >= oldest_ms)
				r->items[kept++] = r->items[at];
		frame_of(rw, span.frame)->outstanding -= span.n - (kept - before);
		if (kept > before)
			r->spans[kept_spans++] = (struct rw_span){ span.frame, kept - before };
	}
	uint32_t dropped = r->n - kept;
	r->n = kept;
	r->span_count = kept_spans;
	rw->pending -= dropped;
	if (dropped)
		rw_request_forget_body(r);
	recount(r);
	return dropped;
}

void rw_request_done(struct remote_write *rw, struct rw_request *r)
{
	for (uint32_t i = 0; i < r->span_count; i++)
		frame_of(rw, r->spans[i].frame)->outstanding -= r->spans[i].n;
	rw->pending -= r->n;
	rw_request_free(r);
}

void rw_frames_settle(struct remote_write *rw)
{
	struct journal_mark mark;
	bool is_there = false;
	for (; rw->frame_first < rw->frame_next; rw->frame_first++) {
		const struct rw_frame *f = frame_of(rw, rw->frame_first);
		if (!f->is_whole || f->outstanding)
			break;
		mark = f->mark;
		is_there = true;
	}
	if (is_there) /* everything up to the last one: one word is enough */
		rw->hooks.settled(rw->hooks.ctx, &mark);
}

void rw_shard_queue(struct rw_shard *shard, struct rw_request *r)
{
	if (shard->last)
		shard->last->next = r;
	else
		shard->first = r;
	shard->last = r;
	shard->queued++;
}

void rw_shard_split(struct rw_shard *shard, uint32_t n)
{
	const struct rw_request *r = shard->first;
	uint32_t later = n, earlier = n;
	while (!rw_may_cut(shard->rw, r, later))
		later++;
	while (!rw_may_cut(shard->rw, r, earlier))
		earlier--;
	n = later < r->n ? later : earlier ? earlier : n;
	struct rw_request *tail = split(shard->first, n);
	if (shard->last == shard->first)
		shard->last = tail;
	shard->queued++;
	shard->rw->status.splits++;
}

void rw_shard_close_open(struct rw_shard *shard)
{
	if (!shard->open)
		return;
	rw_shard_queue(shard, shard->open);
	shard->open = NULL;
}
