/* Frames of the journal to items of requests. The inner loop is take_run: one series, one item, no allocation as a rule. */
#include <stdlib.h>

#include "exporters/otlp/otlp_metrics.h"
#include "exporters/wire.h"
#include "parsers/bytes/hash.h"

enum {
	SAMPLE_BYTES = 24, /* of an encoded sample beside its labels, about */
	EXEMPLAR_CHARACTERS_MAX = 128, /* OpenMetrics; Prometheus refuses more */
	SEEN_ROOM = 16384,
	WAITING_BYTES_MAX = 1024 * 1024,
	FRAME_ROOM = 64
};

struct waiting { uint64_t id; uint32_t n; }; /* before the bytes of an exemplar in rw->waiting */

struct feed {
	struct remote_write *rw;
	uint64_t frame;
	struct rw_frame *at; /* it; frames do not move while one is fed */
	int64_t ms;
	bool skips; /* definitions only */
};

static void use_table(struct remote_write *rw, uint64_t segment)
{
	if (rw->table && rw->table->segment == segment)
		return;
	/* A request's items are numbered in one table. */
	for (size_t i = 0; i < rw->shard_count; i++)
		rw_shard_close_open(&rw->shards[i]);
	rw_table_release(rw->table);
	rw->table = rw_table_new(segment);
	rw->metadata_next = 0;
}

static uint64_t open_frame(struct remote_write *rw, const struct journal_mark *mark)
{
	if (rw->frame_next - rw->frame_first == rw->frame_room) {
		size_t room = rw->frame_room ? 2 * rw->frame_room : FRAME_ROOM;
		struct rw_frame *fresh = calloc(room, sizeof *fresh);
		if (!fresh)
			abort();
		for (uint64_t f = rw->frame_first; f < rw->frame_next; f++)
			fresh[f % room] = rw->frames[f % rw->frame_room];
		free(rw->frames);
		rw->frames = fresh;
		rw->frame_room = room;
	}
	rw->frames[rw->frame_next % rw->frame_room] = (struct rw_frame){ .mark = *mark };
	return rw->frame_next++;
}

/* What every sample that is never sent comes to. */
static void drop(struct feed *f, enum sample_drop reason, uint64_t n)
{
	f->rw->status.samples_fed += n;
	f->rw->status.samples_dropped[reason] += n;
}

/* Whether the next sample, of series s, begins a new request. The series of one histogram stay together as long as that is no more than twice as
 * much. */
static bool is_full(const struct remote_write *rw, const struct rw_request *r, const struct rw_series *s, size_t bytes)
{
	if (r->n < rw->options.max_samples_per_send && r->estimate_bytes + bytes <= rw->raw_cap_bytes)
		return false;
	bool is_kin = rw->version == REMOTE_WRITE_OTLP && r->n && r->table->series[r->items[r->n - 1].series & ~RW_HISTOGRAM].hash == s->hash;
	return !is_kin || r->n >= 2 * rw->options.max_samples_per_send || r->estimate_bytes > 2 * rw->raw_cap_bytes;
}

static struct rw_item *add_item(struct feed *f, const struct rw_series *s, size_t bytes)
{
	struct remote_write *rw = f->rw;
	struct rw_shard *shard = &rw->shards[rw->shard_count > 1 ? s->hash % rw->shard_count : 0];
	if (shard->open && is_full(rw, shard->open, s, bytes))
		rw_shard_close_open(shard);
	if (!shard->open)
		shard->open = rw_request_new(rw->table);
	struct rw_request *r = shard->open;
	struct rw_item *item = rw_request_add(r, f->frame);
	r->estimate_bytes += bytes;
	r->oldest_ms = f->ms < r->oldest_ms ? f->ms : r->oldest_ms;
	r->newest_ms = f->ms > r->newest_ms ? f->ms : r->newest_ms;
	*item = (struct rw_item){ .series = (uint32_t)(s - rw->table->series), .ms = f->ms, .start_ms = s->start_ms };
	f->at->outstanding++;
	rw->pending++;
	rw->status.samples_fed++;
	return item;
}

/* The newest exemplar of the series, to leave out what the receiver has or would refuse. Forgetting costs a repeated exemplar. */
static struct rw_exemplar_seen *seen_of(struct remote_write *rw, uint64_t series)
{
	if (!rw->seen || rw->seen_count > SEEN_ROOM / 2) {
		free(rw->seen);
		rw->seen = calloc(SEEN_ROOM, sizeof *rw->seen);
		rw->seen_count = 0;
		if (!rw->seen)
			abort();
	}
	size_t at = series % SEEN_ROOM;
	while (rw->seen[at].series && rw->seen[at].series != series)
		at = (at + 1) % SEEN_ROOM;
	if (!rw->seen[at].series) {
		rw->seen[at] = (struct rw_exemplar_seen){ .series = series, .ms = INT64_MIN };
		rw->seen_count++;
	}
	return &rw->seen[at];
}

static size_t characters(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}

/* Time of a prometheus.Exemplar; false: one that receivers refuse. */
static bool exemplar_read(struct str bytes, int64_t *ms)
{
	struct wire_field field;
	size_t used = 0;
	*ms = 0;
	while (bytes.n) {
		struct str before = bytes;
		struct label label;
		if (!wire_read_field(&bytes, &field))
			return false;
		bool is_label = field.number == 1 && rw_label_next(&before, &label);
		if (is_label)
			used += characters(label.name) + characters(label.value);
		else if (field.number == 3 && field.type == WIRE_VARINT)
			*ms = (int64_t)field.value;
		else if (field.number != 2 || field.type != WIRE_FIXED64)
			return false;
	}
	return used <= EXEMPLAR_CHARACTERS_MAX;
}

static bool is_news(struct feed *f, const struct rw_series *s, uint64_t id, struct str bytes)
{
	int64_t ms;
	if (!f->rw->options.send_exemplars || !exemplar_read(bytes, &ms))
		return false;
	/* The number is part of the key: two series whose 32-bit hashes meet are told apart while the segment lasts. */
	struct rw_exemplar_seen *seen = seen_of(f->rw, (hash_u64((uint64_t)s->hash << 32 | (uint32_t)id)) | 1);
	if (ms <= seen->ms)
		return false;
	seen->ms = ms;
	return true;
}

/* Moves the exemplars that wait for this series into the request. Their places are a chunk of its own. */
static void attach_exemplars(struct feed *f, struct rw_series *s, uint64_t id, struct rw_item *item, struct rw_request *r)
{
	struct remote_write *rw = f->rw;
	uint32_t places[16], count = 0;
	s->has_exemplars = 0;
	for (size_t at = 0; at + sizeof(struct waiting) <= rw->waiting.n;) {
		struct waiting w;
		memcpy(&w, rw->waiting.p + at, sizeof w);
		struct str bytes = { rw->waiting.p + at + sizeof w, w.n };
		at += sizeof w + w.n;
		if (w.id != id)
			continue;
		bool fits = count < COUNT_OF(places) && is_news(f, s, id, bytes);
		uint32_t place = fits ? rw_request_chunk(r, bytes) : UINT32_MAX;
		if (place == UINT32_MAX)
			rw->status.exemplars_dropped++;
		else
			places[count++] = place;
	}
	uint32_t list = count ? rw_request_chunk(r, (struct str){ (const char *)places, count * sizeof *places }) : UINT32_MAX;
	if (list == UINT32_MAX)
		return;
	item->exemplars = list + 1;
	r->exemplars += count;
}

static enum sample_drop reason_of(const struct rw_series *s)
{
	return s && s->state == RW_SERIES_DROPPED ? SAMPLE_DROP_RELABELLED : SAMPLE_DROP_DAMAGED;
}

static bool take_run(struct feed *f, const struct journal_record *run)
{
	struct rw_table *t = f->rw->table;
	if (f->skips)
		return true;
	for (uint64_t i = 0; i < run->n; i++) {
		uint64_t id = run->id + i;
		struct rw_series *s = rw_table_series(t, id);
		if (!rw_series_is_sent(s)) {
			drop(f, reason_of(s), 1);
			continue;
		}
		struct rw_item *item = add_item(f, s, s->label_bytes + SAMPLE_BYTES);
		item->bits = journal_value(run->bytes, (size_t)i);
		if (s->has_exemplars)
			attach_exemplars(f, s, id, item, f->rw->shards[f->rw->shard_count > 1 ? s->hash % f->rw->shard_count : 0].open);
	}
	return true;
}

static bool take_histogram(struct feed *f, const struct journal_record *record)
{
	struct rw_table *t = f->rw->table;
	struct rw_series *s = rw_table_series(t, record->id);
	if (f->skips)
		return true;
	if (!rw_series_is_sent(s) || !f->rw->options.send_native_histograms) {
		drop(f, rw_series_is_sent(s) ? SAMPLE_DROP_UNSUPPORTED : reason_of(s), 1);
		return true;
	}
	struct rw_item *item = add_item(f, s, s->label_bytes + record->bytes.n + SAMPLE_BYTES);
	struct rw_request *r = f->rw->shards[f->rw->shard_count > 1 ? s->hash % f->rw->shard_count : 0].open;
	item->series |= RW_HISTOGRAM;
	item->bits = rw_request_chunk(r, record->bytes);
	r->histograms++;
	if (item->bits == UINT32_MAX) /* an extra of 64 MiB: frames are 8 at most */
		abort();
	if (s->has_exemplars)
		attach_exemplars(f, s, record->id, item, r);
	return true;
}

static bool take_exemplar(struct feed *f, const struct journal_record *record)
{
	struct rw_table *t = f->rw->table;
	struct rw_series *s = rw_table_series(t, record->id);
	struct waiting w = { record->id, (uint32_t)record->bytes.n };
	if (f->skips)
		return true;
	char *p = rw_series_is_sent(s) ? buf_reserve(&f->rw->waiting, sizeof w + record->bytes.n) : NULL;
	if (!p) {
		f->rw->waiting.is_full = false;
		f->rw->status.exemplars_dropped++;
		return true;
	}
	memcpy(p, &w, sizeof w);
	if (record->bytes.n)
		memcpy(p + sizeof w, record->bytes.p, record->bytes.n);
	buf_grow(&f->rw->waiting, sizeof w + record->bytes.n);
	s->has_exemplars = 1;
	return true;
}

static bool take_time(struct feed *f, const struct journal_record *record)
{
	f->ms = record->ms;
	return true;
}

static bool take_start(struct feed *f, const struct journal_record *record)
{
	struct rw_series *s = rw_table_series(f->rw->table, record->id);
	if (s)
		s->start_ms = record->ms;
	return true;
}

static bool take_metadata(struct feed *f, const struct journal_record *record)
{
	rw_table_metadata(f->rw->table, record);
	return true;
}

static bool take_series(struct feed *f, const struct journal_record *record)
{
	struct remote_write *rw = f->rw;
	if (!rw_table_define(rw->table, record, rw->options.write_relabel, rw->version == REMOTE_WRITE_2))
		return false;
	struct rw_series *s = rw_table_series(rw->table, record->id);
	if (rw->version == REMOTE_WRITE_OTLP && rw_series_is_sent(s))
		s->hash = otlp_series_hash(rw->table, s);
	return true;
}

static const struct {
	char tag;
	bool (*take)(struct feed *f, const struct journal_record *record);
} takers[] = {
	{ 'R', take_run },   { 'T', take_time },     { 'S', take_series },    { 'M', take_metadata },
	{ 'C', take_start }, { 'E', take_exemplar }, { 'H', take_histogram },
};

bool remote_write_feed(struct remote_write *rw, struct str payload, const struct journal_mark *end, bool definitions_only)
{
	struct journal_record record;
	bool is_good = true;
	use_table(rw, end->segment);
	struct feed f = { .rw = rw, .skips = definitions_only };
	if (!definitions_only) {
		f.frame = open_frame(rw, end);
		f.at = &rw->frames[f.frame % rw->frame_room];
	}
	buf_reset(&rw->waiting);
	rw->waiting.cap_bytes = WAITING_BYTES_MAX;
	while (journal_next(&payload, &record))
		for (size_t i = 0; i < COUNT_OF(takers); i++)
			if (takers[i].tag == record.tag)
				is_good &= takers[i].take(&f, &record);
	if (f.at)
		f.at->is_whole = true;
	return is_good && payload.n == 0;
}
