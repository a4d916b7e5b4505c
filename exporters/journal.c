/* Frames of the spool, record by record.
 *
 * The common record is a run: a scrape brings the samples of a target's series in the order in which they were numbered, so that
 * most samples cost their eight bytes and nothing else. How many a run has is known at its end only; its count is a varint of three
 * bytes, filled up with continuation bits, and written when the run is closed.
 *
 * The reader trusts nothing: what it reads has a checksum, but a checksum says what was written, not that it made sense. */
#include "exporters/journal.h"

#include <stdlib.h>

#include "exporters/wire.h"

enum {
	RUN_COUNT_BYTES = 3,
	RUN_MAX = (1 << (7 * RUN_COUNT_BYTES)) - 1,
	RECORD_HEAD_MAX = 1 + 3 * WIRE_VARINT_MAX
};

static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
}

static void close_run(struct journal_writer *w)
{
	if (w->run_at == 0)
		return;
	char *at = w->frame.p + w->run_at;
	at[0] = (char)(w->run_n | 0x80);
	at[1] = (char)(w->run_n >> 7 | 0x80);
	at[2] = (char)(w->run_n >> 14 & 0x7f);
	w->run_at = 0;
}

/* Room for a whole record, or NULL: then it is left out and the frame is still good. */
static char *reserve(struct journal_writer *w, size_t n)
{
	char *p = buf_reserve(&w->frame, n);
	if (p)
		return p;
	w->frame.is_full = false;
	w->left_out++;
	return NULL;
}

static char *open_record(struct journal_writer *w, size_t n)
{
	close_run(w);
	return reserve(w, RECORD_HEAD_MAX + n);
}

static void end_record(struct journal_writer *w, const char *end)
{
	w->frame.n = (size_t)(end - w->frame.p);
}

static char *put_text(char *p, struct str s)
{
	p = wire_varint(p, s.n);
	if (s.n)
		memcpy(p, s.p, s.n);
	return p + s.n;
}

void journal_begin(struct journal_writer *w)
{
	w->frame.cap_bytes = JOURNAL_FRAME_MAX;
	buf_reset(&w->frame);
	w->samples = 0;
	w->run_at = 0;
	w->has_time = false;
}

void journal_metadata(struct journal_writer *w, uint64_t id, unsigned type, struct str name, struct str help, struct str unit)
{
	char *p = open_record(w, name.n + help.n + unit.n + (size_t)3 * WIRE_VARINT_MAX);
	if (!p)
		return;
	*p++ = 'M';
	p = wire_varint(p, id);
	p = wire_varint(p, type);
	p = put_text(p, name);
	p = put_text(p, help);
	end_record(w, put_text(p, unit));
}

static size_t labels_size(const struct labels *labels)
{
	size_t n = 0;
	for (size_t i = 0; i < labels->count; i++)
		n += wire_bytes_size(wire_bytes_size(labels->at[i].name.n) + wire_bytes_size(labels->at[i].value.n));
	return n;
}

static char *put_labels(char *p, const struct labels *labels)
{
	for (size_t i = 0; i < labels->count; i++) {
		const struct label *l = &labels->at[i];
		p = wire_tag(p, 1, WIRE_BYTES);
		p = wire_varint(p, wire_bytes_size(l->name.n) + wire_bytes_size(l->value.n));
		p = wire_bytes(p, 1, l->name);
		p = wire_bytes(p, 2, l->value);
	}
	return p;
}

void journal_series(struct journal_writer *w, uint64_t id, uint64_t metadata, const struct labels *labels)
{
	size_t n = labels_size(labels);
	char *p = open_record(w, n);
	if (!p)
		return;
	*p++ = 'S';
	p = wire_varint(p, id);
	p = wire_varint(p, metadata);
	p = wire_varint(p, n);
	end_record(w, put_labels(p, labels));
}

void journal_time(struct journal_writer *w, int64_t ms)
{
	if (w->has_time && ms == w->now_ms)
		return;
	char *p = open_record(w, 0);
	if (!p)
		return;
	*p++ = 'T';
	end_record(w, wire_varint(p, zigzag(ms)));
	w->now_ms = ms;
	w->has_time = true;
}

void journal_start(struct journal_writer *w, uint64_t id, int64_t ms)
{
	char *p = open_record(w, 0);
	if (!p)
		return;
	*p++ = 'C';
	p = wire_varint(p, id);
	end_record(w, wire_varint(p, zigzag(ms)));
}

void journal_exemplar(struct journal_writer *w, uint64_t id, const struct labels *labels, double value, int64_t timestamp_ms)
{
	uint64_t bits;
	memcpy(&bits, &value, 8);
	bits = htole64(bits);
	size_t n = labels_size(labels) + 9 + 1 + wire_varint_size((uint64_t)timestamp_ms);
	char *p = open_record(w, n);
	if (!p)
		return;
	*p++ = 'E';
	p = wire_varint(p, id);
	p = wire_varint(p, n);
	p = put_labels(p, labels);
	p = wire_tag(p, 2, WIRE_FIXED64);
	memcpy(p, &bits, 8);
	p = wire_tag(p + 8, 3, WIRE_VARINT);
	end_record(w, wire_varint(p, (uint64_t)timestamp_ms));
}

void journal_histogram(struct journal_writer *w, uint64_t id, struct str message)
{
	char *p = open_record(w, message.n);
	if (!p)
		return;
	*p++ = 'H';
	p = wire_varint(p, id);
	end_record(w, put_text(p, message));
	w->samples++;
}

static bool open_run(struct journal_writer *w, uint64_t id)
{
	char *p = open_record(w, 8);
	if (!p)
		return false;
	*p++ = 'R';
	p = wire_varint(p, id);
	w->run_at = (size_t)(p - w->frame.p);
	w->run_first = id;
	w->run_n = 0;
	end_record(w, p + RUN_COUNT_BYTES);
	return true;
}

void journal_sample(struct journal_writer *w, uint64_t id, uint64_t value_bits)
{
	bool goes_on = w->run_at && id == w->run_first + w->run_n && w->run_n < RUN_MAX;
	if (!goes_on && !open_run(w, id))
		return;
	char *p = reserve(w, 8);
	if (!p)
		return;
	value_bits = htole64(value_bits);
	memcpy(p, &value_bits, 8);
	buf_grow(&w->frame, 8);
	w->run_n++;
	w->samples++;
}

struct str journal_end(struct journal_writer *w)
{
	close_run(w);
	return buf_view(&w->frame);
}

void journal_fini(struct journal_writer *w)
{
	buf_fini(&w->frame);
}

static bool get_text(struct str *rest, struct str *out)
{
	uint64_t n;
	if (!wire_read_varint(rest, &n) || n > rest->n)
		return false;
	*out = str_take(*rest, (size_t)n);
	*rest = str_skip(*rest, (size_t)n);
	return true;
}

static bool get_ms(struct str *rest, int64_t *out)
{
	uint64_t v;
	if (!wire_read_varint(rest, &v))
		return false;
	*out = unzigzag(v);
	return true;
}

static bool read_metadata(struct str *rest, struct journal_record *r)
{
	uint64_t type;
	if (!wire_read_varint(rest, &r->id) || !wire_read_varint(rest, &type))
		return false;
	r->type = type < 8 ? (unsigned)type : 0;
	return get_text(rest, &r->name) && get_text(rest, &r->help) && get_text(rest, &r->unit);
}

static bool read_series(struct str *rest, struct journal_record *r)
{
	return wire_read_varint(rest, &r->id) && wire_read_varint(rest, &r->metadata) && get_text(rest, &r->bytes);
}

static bool read_time(struct str *rest, struct journal_record *r)
{
	return get_ms(rest, &r->ms);
}

static bool read_start(struct str *rest, struct journal_record *r)
{
	return wire_read_varint(rest, &r->id) && get_ms(rest, &r->ms);
}

static bool read_message(struct str *rest, struct journal_record *r)
{
	return wire_read_varint(rest, &r->id) && get_text(rest, &r->bytes);
}

static bool read_run(struct str *rest, struct journal_record *r)
{
	if (!wire_read_varint(rest, &r->id) || !wire_read_varint(rest, &r->n) || r->n > rest->n / 8 || r->id > UINT64_MAX - r->n)
		return false;
	r->bytes = str_take(*rest, (size_t)r->n * 8);
	*rest = str_skip(*rest, r->bytes.n);
	return true;
}

static const struct {
	char tag;
	bool (*read)(struct str *rest, struct journal_record *out);
} readers[] = {
	{ 'R', read_run },  { 'S', read_series },  { 'T', read_time },   { 'C', read_start },
	{ 'M', read_metadata }, { 'E', read_message }, { 'H', read_message },
};

bool journal_next(struct str *rest, struct journal_record *out)
{
	*out = (struct journal_record){ 0 };
	if (rest->n == 0)
		return false;
	struct str body = str_skip(*rest, 1);
	for (size_t i = 0; i < COUNT_OF(readers); i++) {
		if (readers[i].tag != *rest->p)
			continue;
		out->tag = *rest->p;
		if (!readers[i].read(&body, out))
			return false; /* *rest stays in front of it: not empty, so damaged */
		*rest = body;
		return true;
	}
	return false;
}
