/* Series of one segment, as this receiver gets them.
 *
 * Labels are kept in the form that the spoken version wants, so that encoding a sample is copying: the bytes of TimeSeries.labels for
 * 1.0, numbers of symbols for 2.0. A series that was defined before the version changed is turned over when it is next sent; its
 * old form stays behind until the segment is through. Texts of metadata are symbols in both. */
#include <stdlib.h>

#include "exporters/remote_write/remote_write_state.h"
#include "exporters/wire.h"
#include "parsers/bytes/hash.h"
#include "parsers/bytes/utf8.h"

enum {
	TABLE_BYTES_MAX = 256 * 1024 * 1024, /* a segment is 16 MiB: this is far away */
	SERIES_ROOM = 1024,
	SERIES_AHEAD = 65536,           /* numbers may be so far ahead of what was defined */
	SERIES_MAX = 1 << 24,
	FAMILIES_MAX = 1 << 20
};

struct rw_table *rw_table_new(uint64_t segment)
{
	struct rw_table *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	t->references = 1;
	t->segment = segment;
	buf_init(&t->labels, TABLE_BYTES_MAX);
	buf_init(&t->refs, TABLE_BYTES_MAX);
	buf_init(&t->texts, TABLE_BYTES_MAX);
	rw_table_intern(t, (struct str){ "", 0 }); /* symbol 0, in every request */
	return t;
}

void rw_table_release(struct rw_table *t)
{
	if (!t || --t->references)
		return;
	free(t->series);
	free(t->numbers);
	free(t->symbols);
	free(t->index);
	free(t->families);
	buf_fini(&t->labels);
	buf_fini(&t->refs);
	buf_fini(&t->texts);
	free(t);
}

/* Zeroed room for index `at`, by doubling. */
static void *grow(void *p, size_t *room, size_t at, size_t first, size_t size)
{
	size_t wanted = *room ? *room : first;
	while (wanted <= at)
		wanted *= 2;
	if (wanted == *room)
		return p;
	char *fresh = realloc(p, wanted * size);
	if (!fresh)
		abort();
	memset(fresh + *room * size, 0, (wanted - *room) * size);
	*room = wanted;
	return fresh;
}

static void rehash(struct rw_table *t)
{
	uint32_t room = t->index_room ? 2 * t->index_room : 1024;
	free(t->index);
	t->index = calloc(room, sizeof *t->index);
	if (!t->index)
		abort();
	t->index_room = room;
	for (uint32_t i = 0; i < t->symbol_count; i++) {
		uint32_t at = (uint32_t)hash_bytes(rw_symbol_text(t, i)) & (room - 1);
		while (t->index[at])
			at = (at + 1) & (room - 1);
		t->index[at] = i + 1;
	}
}

uint32_t rw_table_intern(struct rw_table *t, struct str text)
{
	if (2 * t->symbol_count >= t->index_room)
		rehash(t);
	uint32_t at = (uint32_t)hash_bytes(text) & (t->index_room - 1);
	for (; t->index[at]; at = (at + 1) & (t->index_room - 1))
		if (str_eq(rw_symbol_text(t, t->index[at] - 1), text))
			return t->index[at] - 1;
	uint32_t place = (uint32_t)t->texts.n;
	buf_str(&t->texts, text);
	if (t->texts.is_full) { /* cannot happen with what a segment holds */
		t->texts.is_full = false;
		return 0;
	}
	size_t room = t->symbol_room;
	t->symbols = grow(t->symbols, &room, t->symbol_count, 512, sizeof *t->symbols);
	t->symbol_room = (uint32_t)room;
	t->symbols[t->symbol_count] = (struct rw_symbol){ .at = place, .n = (uint32_t)text.n };
	t->index[at] = ++t->symbol_count;
	return t->symbol_count - 1;
}

/* A text that every receiver takes: protobuf strings are UTF-8. */
static struct str clean(struct str text, struct buf *scratch)
{
	if (utf8_valid(text) == text.n)
		return text;
	buf_reset(scratch);
	utf8_repair(text, scratch);
	return buf_view(scratch);
}

void rw_table_metadata(struct rw_table *t, const struct journal_record *m)
{
	if (m->id == 0 || m->id >= FAMILIES_MAX)
		return;
	struct buf scratch;
	buf_init(&scratch, 3 * (m->name.n + m->help.n + m->unit.n) + 16);
	struct rw_family f = { .type = m->type };
	f.name = rw_table_intern(t, clean(m->name, &scratch));
	f.help = rw_table_intern(t, clean(m->help, &scratch));
	f.unit = rw_table_intern(t, clean(m->unit, &scratch));
	buf_fini(&scratch);
	size_t room = t->family_room;
	t->families = grow(t->families, &room, (size_t)m->id, 64, sizeof *t->families);
	t->family_room = (uint32_t)room;
	t->families[m->id] = f;
}

/* One Label as nearly all of them are: 0a LEN 0a LEN name 12 LEN value, each length one byte. false: not in this form. */
static bool take_short(struct str *labels, struct label *out)
{
	enum { HEAD = 4, MORE = 0x80 };
	const char *p = labels->p;
	if (labels->n < HEAD || p[0] != 0x0a || p[2] != 0x0a || ((p[1] | p[3]) & MORE))
		return false;
	size_t whole = 2 + (size_t)p[1], value = HEAD + (size_t)p[3] + 2;
	if (whole > labels->n || value > whole || p[value - 2] != 0x12 || (size_t)(unsigned char)p[value - 1] != whole - value)
		return false;
	out->name = (struct str){ p + HEAD, (size_t)p[3] };
	out->value = (struct str){ p + value, whole - value };
	*labels = str_skip(*labels, whole);
	return true;
}

bool rw_label_next(struct str *labels, struct label *out)
{
	struct wire_field label, part;
	if (take_short(labels, out))
		return true;
	*out = (struct label){ 0 };
	if (labels->n == 0 || !wire_read_field(labels, &label) || label.number != 1 || label.type != WIRE_BYTES)
		return false;
	while (label.bytes.n) {
		if (!wire_read_field(&label.bytes, &part) || part.type != WIRE_BYTES || part.number > 2)
			return false;
		*(part.number == 1 ? &out->name : &out->value) = part.bytes;
	}
	return true;
}

static void append_label(struct buf *to, struct str name, struct str value)
{
	size_t n = wire_bytes_size(name.n) + wire_bytes_size(value.n);
	char *p = buf_reserve(to, 1 + WIRE_VARINT_MAX + n);
	if (!p)
		return;
	char *end = wire_varint(wire_tag(p, 1, WIRE_BYTES), n);
	end = wire_bytes(wire_bytes(end, 1, name), 2, value);
	buf_grow(to, (size_t)(end - p));
}

static void append_ref(struct buf *to, uint32_t symbol)
{
	buf_append(to, &symbol, sizeof symbol);
}

/* One label in the form of the series. */
static void put_label(struct rw_table *t, struct rw_series *s, struct str name, struct str value)
{
	if (s->state == RW_SERIES_LABELS) {
		append_label(&t->labels, name, value);
		return;
	}
	append_ref(&t->refs, rw_table_intern(t, name));
	append_ref(&t->refs, rw_table_intern(t, value));
	s->label_bytes += (uint32_t)wire_bytes_size(wire_bytes_size(name.n) + wire_bytes_size(value.n));
}

static void begin_labels(struct rw_table *t, struct rw_series *s, enum rw_series_state state)
{
	s->state = (uint8_t)state;
	s->at = (uint32_t)(state == RW_SERIES_LABELS ? t->labels.n : t->refs.n / sizeof(uint32_t));
	if (state == RW_SERIES_SYMBOLS)
		s->label_bytes = 0;
}

static void end_labels(struct rw_table *t, struct rw_series *s)
{
	struct buf *b = s->state == RW_SERIES_LABELS ? &t->labels : &t->refs;
	s->n = (uint32_t)(s->state == RW_SERIES_LABELS ? b->n - s->at : b->n / sizeof(uint32_t) - s->at);
	if (s->state == RW_SERIES_LABELS)
		s->label_bytes = s->n;
	if (b->is_full) { /* far beyond what a segment can define: this one is not sent */
		b->is_full = false;
		s->state = RW_SERIES_UNKNOWN;
	}
}

/* The labels as they are in the journal, or with the rules applied; false: malformed. */
static bool put_labels(struct rw_table *t, struct rw_series *s, struct str bytes, const struct relabel *rules, bool as_symbols)
{
	struct labels labels = { 0 };
	struct arena arena = { 0 };
	struct label one;
	struct buf scratch;
	bool is_kept = true;
	buf_init(&scratch, 3 * bytes.n + 16);
	while (rw_label_next(&bytes, &one))
		if (rules)
			labels_set(&labels, one.name, one.value);
		else if (one.value.n) {
			if (s->state == RW_SERIES_UNKNOWN)
				begin_labels(t, s, as_symbols ? RW_SERIES_SYMBOLS : RW_SERIES_LABELS);
			put_label(t, s, one.name, clean(one.value, &scratch));
			s->hash = (uint32_t)hash_u64(s->hash ^ hash_bytes(one.name) ^ hash_bytes(one.value) << 1);
		}
	if (rules) {
		is_kept = relabel_apply(rules, &labels, &arena) && labels.count > 0;
		begin_labels(t, s, as_symbols ? RW_SERIES_SYMBOLS : RW_SERIES_LABELS);
		for (size_t i = 0; is_kept && i < labels.count; i++)
			put_label(t, s, labels.at[i].name, clean(labels.at[i].value, &scratch));
		s->hash = (uint32_t)hash_u64(labels_hash(&labels));
	}
	if (is_kept && s->state != RW_SERIES_UNKNOWN)
		end_labels(t, s);
	else if (!is_kept)
		s->state = RW_SERIES_DROPPED;
	labels_fini(&labels);
	arena_fini(&arena);
	buf_fini(&scratch);
	return bytes.n == 0;
}

/* A number that is defined once more gets a new place: what is queued keeps its labels. */
bool rw_table_define(struct rw_table *t, const struct journal_record *record, const struct relabel *rules, bool as_symbols)
{
	if (record->id >= SERIES_MAX || record->id > 2 * (uint64_t)t->number_room + SERIES_AHEAD || t->series_count == SERIES_MAX)
		return false;
	t->numbers = grow(t->numbers, &t->number_room, (size_t)record->id, SERIES_ROOM, sizeof *t->numbers);
	t->count -= rw_series_is_sent(rw_table_series(t, record->id));
	t->numbers[record->id] = 0;
	size_t room = t->series_room;
	t->series = grow(t->series, &room, t->series_count, SERIES_ROOM, sizeof *t->series);
	t->series_room = (uint32_t)room;
	struct rw_series *s = &t->series[t->series_count];
	*s = (struct rw_series){ .metadata = record->metadata < FAMILIES_MAX ? (uint32_t)record->metadata : 0 };
	if (!put_labels(t, s, record->bytes, rules, as_symbols))
		return false;
	t->numbers[record->id] = ++t->series_count;
	t->count += rw_series_is_sent(s);
	return true;
}

void rw_series_to_symbols(struct rw_table *t, struct rw_series *s)
{
	/* Interning moves texts, not labels: the view stays good. */
	struct str bytes = { t->labels.p + s->at, s->n };
	struct label one;
	if (s->state != RW_SERIES_LABELS)
		return;
	begin_labels(t, s, RW_SERIES_SYMBOLS);
	while (rw_label_next(&bytes, &one))
		put_label(t, s, one.name, one.value);
	end_labels(t, s);
}

void rw_series_to_labels(struct rw_table *t, struct rw_series *s)
{
	if (s->state != RW_SERIES_SYMBOLS)
		return;
	uint32_t at = s->at, n = s->n, pair[2];
	begin_labels(t, s, RW_SERIES_LABELS);
	for (uint32_t i = 0; i + 1 < n; i += 2) {
		memcpy(pair, t->refs.p + (at + i) * sizeof *pair, sizeof pair);
		put_label(t, s, rw_symbol_text(t, pair[0]), rw_symbol_text(t, pair[1]));
	}
	end_labels(t, s);
}
