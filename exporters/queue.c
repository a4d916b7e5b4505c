/* One singly linked list for all pieces. It is short: queue_batches entries as a rule, and some dozens while a server throttles
 * streams, so plain walks are what is fastest to read and fast enough to run. */
#include "exporters/queue.h"

#include <stdlib.h>

#include "parsers/bytes/hash.h"

void marks_add(struct lot *lot, void *mark)
{
	if (lot->mark_count == lot->mark_room) {
		lot->mark_room = lot->mark_room ? lot->mark_room * 2 : 8;
		lot->marks = realloc(lot->marks, lot->mark_room * sizeof *lot->marks);
		if (!lot->marks)
			abort();
	}
	lot->marks[lot->mark_count++] = mark;
}

void lot_free(struct lot *lot)
{
	free(lot->marks);
	free(lot);
}

uint64_t queue_stream(struct str tenant, struct str labels)
{
	uint64_t hash = hash_bytes(labels);
	return (tenant.n ? hash_u64(hash ^ hash_bytes(tenant)) : hash) | 1;
}

uint64_t queue_tenant(struct str tenant)
{
	return (hash_u64(hash_bytes(tenant)) + 2) | 1; /* of no labels at all: no stream's */
}

static void line_enter(struct queue *q, struct lot *lot)
{
	if (lot->in_line++ == 0)
		q->lots_in_line++;
}

static void line_leave(struct queue *q, struct lot *lot)
{
	if (--lot->in_line == 0)
		q->lots_in_line--;
}

/* What a parked piece weighs against the places of the queue: small ones are not free either. */
static size_t weight(const struct piece *piece)
{
	return piece->payload.raw_bytes + 1024;
}

static struct piece *piece_new(struct queue *q, struct lot *lot, struct payload *payload)
{
	struct piece *piece = calloc(1, sizeof *piece);
	if (!piece)
		abort();
	piece->lot = lot;
	piece->payload = *payload;
	*payload = (struct payload){ 0 };
	lot->pieces++;
	q->piece_count++;
	q->lines += piece->payload.lines;
	return piece;
}

struct piece *queue_add(struct queue *q, struct payload *payload, struct lot *lot)
{
	struct piece *piece = piece_new(q, lot, payload), **at = &q->first;
	while (*at)
		at = &(*at)->next;
	*at = piece;
	q->newest = lot;
	line_enter(q, lot);
	return piece;
}

struct piece *queue_add_part(struct queue *q, struct piece *of, struct payload *payload)
{
	if (payload->lines == 0)
		return NULL;
	payload_set_tenant(payload, payload_tenant(&of->payload));
	struct piece *piece = piece_new(q, of->lot, payload);
	piece->next = of->next;
	of->next = piece;
	line_enter(q, piece->lot);
	if (of->is_parked)
		queue_park(q, piece, of->stream_hash, of->retry_at_ns);
	return piece;
}

static bool is_of_stream(const struct piece *piece, uint64_t hash)
{
	return piece->is_parked && hash && piece->stream_hash == hash;
}

/* Marks every parked piece of the stream but the first as behind it. */
static void order_stream(struct queue *q, uint64_t hash)
{
	bool is_first = true;
	for (struct piece *p = hash ? q->first : NULL; p; p = p->next) {
		if (!is_of_stream(p, hash))
			continue;
		p->is_behind = !is_first;
		is_first = false;
	}
}

void queue_park(struct queue *q, struct piece *piece, uint64_t stream_hash, int64_t retry_at_ns)
{
	if (!piece->is_parked) {
		piece->is_parked = true;
		q->parked_count++;
		q->parked_bytes += weight(piece);
		line_leave(q, piece->lot);
	}
	uint64_t before = piece->stream_hash;
	piece->stream_hash = stream_hash;
	piece->retry_at_ns = retry_at_ns;
	piece->is_behind = false;
	order_stream(q, stream_hash);
	if (before != stream_hash) /* what was behind it is not any more */
		order_stream(q, before);
}

static void settle(struct queue *q, struct lot *lot)
{
	if (q->newest == lot)
		q->newest = NULL;
	if (!q->settled)
		q->settled_end = &q->settled;
	lot->next = NULL;
	*q->settled_end = lot;
	q->settled_end = &lot->next;
}

void queue_done(struct queue *q, struct piece *piece)
{
	struct piece **at = &q->first;
	while (*at != piece)
		at = &(*at)->next;
	*at = piece->next;
	q->piece_count--;
	q->lines -= piece->payload.lines;
	if (piece->is_parked) {
		q->parked_count--;
		q->parked_bytes -= weight(piece);
		order_stream(q, piece->stream_hash);
	} else {
		line_leave(q, piece->lot);
	}
	if (--piece->lot->pieces == 0)
		settle(q, piece->lot);
	payload_free(&piece->payload);
	free(piece);
}

struct piece *queue_next(const struct queue *q, int64_t now_ns)
{
	struct piece *in_line = NULL;
	for (struct piece *p = q->first; p; p = p->next) {
		if (p->is_parked && !p->is_behind && p->retry_at_ns <= now_ns)
			return p;
		if (!p->is_parked && !in_line)
			in_line = p;
	}
	return in_line;
}

int64_t queue_due_ns(const struct queue *q)
{
	int64_t due = INT64_MAX;
	for (const struct piece *p = q->first; p; p = p->next) {
		int64_t at = !p->is_parked ? INT64_MIN : p->is_behind ? INT64_MAX : p->retry_at_ns;
		due = at < due ? at : due;
	}
	return due;
}

bool queue_holds_stream(const struct queue *q, uint64_t stream_hash)
{
	for (const struct piece *p = q->parked_count ? q->first : NULL; p; p = p->next)
		if (is_of_stream(p, stream_hash))
			return true;
	return false;
}

struct lot *queue_take_settled(struct queue *q)
{
	struct lot *lot = q->settled;
	if (lot)
		q->settled = lot->next;
	return lot;
}

void queue_fini(struct queue *q)
{
	while (q->first)
		queue_done(q, q->first);
	for (struct lot *lot; (lot = queue_take_settled(q));)
		lot_free(lot);
	*q = (struct queue){ 0 };
}
