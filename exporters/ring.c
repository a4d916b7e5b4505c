/* A byte ring for the texts and a small table that finds entry `seq` in it.
 *
 *   offsets[seq % slots] --> | header | labels | line | pad to 8 |
 *
 * Entries lie in one piece each, in the order of their seq; one that does not fit before the end starts again at 0. Adding
 * evicts the oldest entries that stand where the new one goes: no list, no free space to manage, and a cursor is a seq, so a
 * stale one finds nothing instead of something else.
 *
 * Labels are copied with each entry: sharing them would save a tenth of the memory and cost a reference count per entry.
 * Left out on purpose: an index by trace id; a search reads the ring from end to end in well under a millisecond. */
#include "exporters/ring.h"

#include <stdlib.h>

#include "parsers/bytes/utf8.h"

enum { LINE_CAP = 8192, LABELS_CAP = 4096, MIN_BYTES = 64 * 1024, MAX_BYTES = 1 << 30, BYTES_PER_SLOT = 256 };

struct header {
	int64_t timestamp_ns;
	uint32_t labels_n, line_n;
	uint8_t level, trace_result;
	struct trace_context trace;
};

struct ring {
	size_t room, head; /* head: where the next entry goes */
	uint64_t oldest, next; /* seqs; equal: empty */
	uint64_t slots; /* power of two */
	uint32_t *offsets;
	char *bytes;
};

static size_t offset_of(const struct ring *r, uint64_t seq)
{
	return r->offsets[seq & (r->slots - 1)];
}

static bool is_empty(const struct ring *r)
{
	return r->oldest == r->next;
}

/* Where `need` bytes may be written; what stood there is forgotten. */
static size_t make_room(struct ring *r, size_t need)
{
	if (r->head + need > r->room) {
		while (!is_empty(r) && offset_of(r, r->oldest) >= r->head)
			r->oldest++;
		r->head = 0;
	}
	while (!is_empty(r) && offset_of(r, r->oldest) >= r->head && offset_of(r, r->oldest) < r->head + need)
		r->oldest++;
	if (r->next - r->oldest == r->slots)
		r->oldest++;
	return r->head;
}

struct ring *ring_new(size_t bytes)
{
	bytes = bytes < MIN_BYTES ? MIN_BYTES : bytes > MAX_BYTES ? MAX_BYTES : bytes & ~(size_t)7;
	struct ring *r = calloc(1, sizeof *r);
	if (!r)
		abort();
	*r = (struct ring){ .room = bytes, .oldest = 1, .next = 1, .slots = 1 };
	while (r->slots * 2 * BYTES_PER_SLOT <= bytes)
		r->slots *= 2;
	r->bytes = malloc(bytes);
	r->offsets = malloc(r->slots * sizeof *r->offsets);
	if (!r->bytes || !r->offsets)
		abort();
	return r;
}

void ring_free(struct ring *r)
{
	if (!r)
		return;
	free(r->offsets);
	free(r->bytes);
	free(r);
}

static struct str cut(struct str s, size_t cap)
{
	return s.n <= cap ? s : str_take(s, utf8_floor(s, cap));
}

void ring_add(struct ring *r, struct str labels, const struct record *record)
{
	labels = cut(labels, LABELS_CAP);
	struct str line = cut(record->line, LINE_CAP);
	size_t need = (sizeof(struct header) + labels.n + line.n + 7) & ~(size_t)7;
	size_t at = make_room(r, need);
	char *to = r->bytes + at;
	struct header h = { .timestamp_ns = record->timestamp_ns, .labels_n = (uint32_t)labels.n, .line_n = (uint32_t)line.n,
			    .level = (uint8_t)record->level, .trace_result = (uint8_t)record->trace_result };
	if (record->trace_result == TRACE_VALID)
		h.trace = record->trace;
	memcpy(to, &h, sizeof h);
	if (labels.n)
		memcpy(to + sizeof h, labels.p, labels.n);
	if (line.n)
		memcpy(to + sizeof h + labels.n, line.p, line.n);
	r->offsets[r->next++ & (r->slots - 1)] = (uint32_t)at;
	r->head = at + need;
}

bool ring_next(const struct ring *r, uint64_t *cursor, struct ring_entry *out)
{
	uint64_t seq = *cursor ? *cursor - 1 : r->next - 1;
	if (seq < r->oldest || seq >= r->next)
		return false;
	const char *from = r->bytes + offset_of(r, seq);
	struct header h;
	memcpy(&h, from, sizeof h);
	from += sizeof h;
	*out = (struct ring_entry){
		.seq = seq,
		.labels = { from, h.labels_n },
		.record = { .timestamp_ns = h.timestamp_ns, .line = { from + h.labels_n, h.line_n }, .level = (enum level)h.level,
			    .trace_result = (enum trace_result)h.trace_result, .trace = h.trace },
	};
	*cursor = seq;
	return true;
}
