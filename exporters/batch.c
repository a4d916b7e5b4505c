/* The write path of a log line: one reserve, one run of writes into `bytes`, and a note which stream they belong to.
 *
 *   bytes    [a1 a2 a3][b1][a4][b2 b3]          in order of arrival, each entry is field 2 of its group (log_protocol.h)
 *   extents   0         1   2   3               a: 0 -> 2    b: 1 -> 3
 *
 * Sealing walks stream by stream, writes each one's head (tag, length, labels) and its extents into the compressor.
 * Grouping compresses better than order of arrival and makes the request smaller; a stream's own order is kept.
 *
 * Streams go out in ascending order of their bytes. Loki's ingester answers for the last stream of a request only (the error of
 * an earlier one is overwritten, loki: pkg/ingester/instance.go, Push), and it is the heaviest one that meets its rate limit
 * first: last, its refusal is heard instead of being lost behind a 204.
 *
 * A stream that a stage gave to a tenant stands beside one with the same labels; a request is of one tenant, so sealing makes one for each. */
#include "exporters/batch.h"

#include <stdlib.h>

#include "exporters/wire.h"

struct batch_stream {
	const struct log_stream *owner; /* whose cache may point here; only compared */
	struct str tenant, labels;      /* what it is found by */
	struct str head;                /* of its group on the wire; the labels where they are that */
	uint32_t first, last;           /* extents */
	size_t bytes;                   /* of all extents */
	uint64_t lines;
};

struct batch_extent {
	uint32_t from, n, next; /* next is 0 at the end: extent 0 follows nobody */
};

enum { HEAD_MAX = 3 * (1 + WIRE_VARINT_MAX), ENCODED_HEAD_MAX = 1024 * 1024 };

void batch_open(struct batch *b, const struct log_protocol *protocol, uint64_t id, size_t ceiling_bytes)
{
	*b = (struct batch){ .protocol = protocol, .id = id ? id : 1 };
	buf_init(&b->bytes, ceiling_bytes < UINT32_MAX ? ceiling_bytes : UINT32_MAX);
}

void batch_trim(struct batch *b)
{
	if (b->lines)
		return;
	buf_fini(&b->bytes);
	free(b->streams);
	free(b->extents);
	free(b->window);
	b->streams = NULL;
	b->extents = NULL;
	b->window = NULL;
	b->stream_room = b->extent_room = 0;
}

static void clear(struct batch *b)
{
	buf_reset(&b->bytes);
	arena_fini(&b->labels);
	map_fini(&b->by_labels);
	b->by_labels = (struct map){ 0 };
	b->stream_count = b->extent_count = b->label_bytes = 0;
	b->lines = 0;
	b->has_metadata = false;
	b->id++;
}

void batch_close(struct batch *b)
{
	clear(b);
	batch_trim(b);
}

/* Room for one more element of `size` bytes; doubles. Running out of memory ends the process, as everywhere for small things. */
static void *grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 16;
	void *p = realloc(array, *room * size);
	if (!p)
		abort();
	return p;
}

/* Once for each stream and batch. */
static struct str encode_head(struct batch *b, struct str labels)
{
	struct buf head;
	buf_init(&head, ENCODED_HEAD_MAX);
	b->protocol->head(labels, &head);
	struct str kept = arena_copy(&b->labels, buf_view(&head));
	buf_fini(&head);
	return kept;
}

static uint32_t stream_add(struct batch *b, const struct log_stream *stream, bool is_head)
{
	uint32_t slot = (uint32_t)b->stream_count;
	struct str key = arena_copy(&b->labels, log_stream_key(stream));
	b->streams = grow(b->streams, b->stream_count, &b->stream_room, sizeof *b->streams);
	struct batch_stream *s = &b->streams[b->stream_count++];
	*s = (struct batch_stream){ .tenant = str_take(key, stream->tenant_bytes), .labels = str_skip(key, stream->tenant_bytes) };
	s->head = is_head || !b->protocol->head ? s->labels : encode_head(b, s->labels);
	b->label_bytes += s->head.n + HEAD_MAX;
	if (key.n)
		map_put(&b->by_labels, key, (void *)((uintptr_t)slot + 1));
	return slot;
}

/* The cache in log_stream answers nearly always. Its owner is compared too, so that a stream that two batches share (their ids
 * are not unique between destinations) can never end up under foreign labels. */
static struct batch_stream *stream_find(struct batch *b, struct log_stream *stream, bool is_head)
{
	if (stream->batch_id == b->id && stream->slot < b->stream_count && b->streams[stream->slot].owner == stream)
		return &b->streams[stream->slot];
	struct str key = log_stream_key(stream);
	uintptr_t known = key.n ? (uintptr_t)map_get(&b->by_labels, key) : 0;
	uint32_t slot = known ? (uint32_t)(known - 1) : stream_add(b, stream, is_head);
	b->streams[slot].owner = stream;
	stream->batch_id = b->id;
	stream->slot = slot;
	return &b->streams[slot];
}

static void extent_note(struct batch *b, struct batch_stream *s, size_t from)
{
	uint32_t n = (uint32_t)(b->bytes.n - from);
	bool is_new = s->bytes == 0;
	s->bytes += n;
	s->lines++;
	b->lines++;
	if (!is_new && b->extents[s->last].from + b->extents[s->last].n == from) {
		b->extents[s->last].n += n;
		return;
	}
	uint32_t at = (uint32_t)b->extent_count;
	b->extents = grow(b->extents, b->extent_count, &b->extent_room, sizeof *b->extents);
	b->extents[b->extent_count++] = (struct batch_extent){ .from = (uint32_t)from, .n = n };
	if (is_new)
		s->first = at;
	else
		b->extents[s->last].next = at;
	s->last = at;
}

bool batch_append(struct batch *b, struct log_stream *stream, const struct record *record, bool with_metadata)
{
	size_t from = b->bytes.n;
	b->protocol->entry(&b->bytes, record, with_metadata);
	if (b->bytes.is_full) {
		b->bytes.is_full = false; /* left out whole; a smaller one may fit */
		return false;
	}
	b->has_metadata |= with_metadata;
	extent_note(b, stream_find(b, stream, false), from);
	return true;
}

bool batch_append_field(struct batch *b, struct log_stream *stream, struct str field)
{
	size_t from = b->bytes.n;
	buf_str(&b->bytes, field);
	if (b->bytes.is_full) {
		b->bytes.is_full = false;
		return false;
	}
	extent_note(b, stream_find(b, stream, true), from);
	return true;
}

static size_t stream_size(const struct batch *b, const struct batch_stream *s)
{
	return wire_bytes_size(s->head.n) + (b->protocol->is_nested ? wire_bytes_size(s->bytes) : s->bytes);
}

static int by_tenant_and_bytes(const void *a, const void *b)
{
	const struct batch_stream *x = *(const struct batch_stream *const *)a, *y = *(const struct batch_stream *const *)b;
	int tenant = x->tenant.n || y->tenant.n ? str_cmp(x->tenant, y->tenant) : 0;
	if (tenant)
		return tenant;
	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? -1 : 1;
	return x < y ? -1 : x > y;
}

static void stream_write(const struct batch *b, const struct batch_stream *s, struct pack *pack)
{
	char head[HEAD_MAX], *p = wire_varint(wire_tag(head, 1, WIRE_BYTES), stream_size(b, s));
	p = wire_varint(wire_tag(p, 1, WIRE_BYTES), s->head.n);
	pack_add(pack, (struct str){ head, (size_t)(p - head) });
	pack_add(pack, s->head);
	if (b->protocol->is_nested) {
		p = wire_varint(wire_tag(head, 2, WIRE_BYTES), s->bytes);
		pack_add(pack, (struct str){ head, (size_t)(p - head) });
	}
	for (uint32_t i = s->first;; i = b->extents[i].next) {
		pack_add(pack, (struct str){ b->bytes.p + b->extents[i].from, b->extents[i].n });
		if (i == s->last)
			return;
	}
}

/* The streams of one tenant. */
static bool group_seal(struct batch *b, const struct batch_stream *const *streams, size_t count, struct payload *out)
{
	struct pack pack;
	size_t total = 0;
	*out = (struct payload){ .protocol = b->protocol, .has_metadata = b->has_metadata };
	for (size_t i = 0; i < count; i++) {
		total += wire_bytes_size(stream_size(b, streams[i]));
		out->lines += streams[i]->lines;
	}
	if (!pack_begin(&pack, b->protocol->packing, &b->window, total))
		return false;
	for (size_t i = 0; i < count; i++)
		stream_write(b, streams[i], &pack);
	out->raw_bytes = total;
	payload_set_tenant(out, streams[0]->tenant);
	out->body = pack_finish(&pack, &out->n);
	return out->body != NULL;
}

static size_t group_size(const struct batch_stream *const *streams, size_t count)
{
	size_t n = 1;
	while (n < count && str_eq(streams[n]->tenant, streams[0]->tenant))
		n++;
	return n;
}

static size_t groups(const struct batch_stream *const *streams, size_t count)
{
	size_t n = 0;
	for (size_t at = 0; at < count; n++)
		at += group_size(streams + at, count - at);
	return n;
}

size_t batch_seal_tenants(struct batch *b, struct payload **out)
{
	const struct batch_stream **order = malloc((b->stream_count + 1) * sizeof *order);
	size_t count = b->stream_count, made = 0, wanted = 1;
	*out = NULL;
	if (order) {
		for (size_t i = 0; i < count; i++)
			order[i] = &b->streams[i];
		qsort(order, count, sizeof *order, by_tenant_and_bytes);
		wanted = groups(order, count);
		*out = calloc(wanted + 1, sizeof **out);
	}
	for (size_t at = 0; *out && made < wanted; made++) {
		size_t n = group_size(order + at, count - at);
		if (!group_seal(b, order + at, n, &(*out)[made]))
			break;
		at += n;
	}
	free(order);
	if (*out && made == wanted) {
		clear(b);
		return made;
	}
	for (size_t i = 0; *out && i <= made; i++)
		payload_free(&(*out)[i]);
	free(*out);
	*out = NULL;
	return 0;
}

bool batch_seal(struct batch *b, struct payload *out)
{
	struct payload *all;
	size_t count = batch_seal_tenants(b, &all);
	if (count == 0)
		return false;
	if (count > 1)
		abort(); /* lines would be lost */
	*out = all[0];
	free(all);
	return true;
}
