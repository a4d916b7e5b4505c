/* exporters/destination.h and ring.h as far as the reader needs them: batches of piece numbers. What a lane has is checked when it
 * is appended, counts as delivered when its batch is settled, and is forgotten when the agent dies. Included by the model. */
#include <stdlib.h>

#include "exporters/destination.h"
#include "exporters/ring.h"
#include "tests/model/fake_destination.h"

enum { QUEUE_ROOM = 4, OPEN_LINES = 1500 };

struct list {
	void **at;
	size_t n, room;
};
struct batch {
	struct list records, marks; /* records: number of the last piece, plus one */
};
struct destination {
	struct batch queue[QUEUE_ROOM + 1]; /* oldest first; [count] is open */
	size_t count;
	uint64_t appended;
	bool is_blocked;
	char parked; /* streams whose labels begin with this digit wait alone; 0: none */
	size_t lane;
	void *ctx;
	fake_append_fn *on_append;
	fake_settle_fn *on_record;
	void (*on_mark)(void *ctx, struct mark *m);
};

static void push(struct list *l, void *value)
{
	if (l->n == l->room) {
		l->room = l->room ? l->room * 2 : 64;
		l->at = realloc(l->at, l->room * sizeof *l->at);
		if (!l->at)
			abort();
	}
	l->at[l->n++] = value;
}

static void batch_free(struct batch *b)
{
	free(b->records.at);
	free(b->marks.at);
	*b = (struct batch){ 0 };
}

struct destination *fake_new(size_t lane, void *ctx, fake_append_fn *on_append, fake_settle_fn *on_record, void (*on_mark)(void *, struct mark *))
{
	struct destination *d = calloc(1, sizeof *d);
	if (!d)
		abort();
	*d = (struct destination){ .lane = lane, .ctx = ctx, .on_append = on_append, .on_record = on_record, .on_mark = on_mark };
	return d;
}

void destination_free(struct destination *d)
{
	for (size_t i = 0; d && i <= d->count; i++)
		batch_free(&d->queue[i]);
	free(d);
}

bool destination_has_room(const struct destination *d)
{
	return !d->is_blocked && d->count < QUEUE_ROOM && d->queue[d->count].records.n < OPEN_LINES;
}

void destination_append(struct destination *d, struct log_stream *stream, const struct record *record, int64_t now_ns)
{
	(void)now_ns;
	int piece = d->on_append(d->ctx, d->lane, stream->labels, record);
	d->appended++;
	push(&d->queue[d->count].records, (void *)(uintptr_t)(piece + 1));
}

void destination_mark(struct destination *d, void *mark)
{
	push(&d->queue[d->count].marks, mark);
}

bool destination_takes(const struct destination *d, const struct log_stream *stream)
{
	return !d->parked || stream->labels.p[0] != d->parked;
}

void fake_park(struct destination *d, char digit)
{
	d->parked = digit;
}

void fake_block(struct destination *d, bool is_blocked)
{
	d->is_blocked = is_blocked;
}

void fake_seal(struct destination *d)
{
	const struct batch *open = &d->queue[d->count];
	if (d->count < QUEUE_ROOM && open->records.n + open->marks.n)
		d->queue[++d->count] = (struct batch){ 0 };
}

size_t fake_sealed(const struct destination *d)
{
	return d->count;
}

void fake_settle(struct destination *d, size_t i)
{
	struct batch done = d->queue[i];
	for (size_t k = i; k < d->count; k++)
		d->queue[k] = d->queue[k + 1];
	d->count--;
	for (size_t k = 0; k < done.records.n; k++)
		d->on_record(d->ctx, d->lane, (int)(uintptr_t)done.records.at[k] - 1);
	for (size_t k = 0; k < done.marks.n; k++)
		d->on_mark(d->ctx, done.marks.at[k]);
	batch_free(&done);
}

uint64_t fake_appended(const struct destination *d)
{
	return d->appended;
}

/* The ring of the model is the model. */
void ring_add(struct ring *r, struct str labels, const struct record *record)
{
	fake_ring_add((void *)r, labels, record);
}
