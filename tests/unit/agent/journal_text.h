/* For tests: what a spool got, as lines of text.
 *
 *   name{a="b"} 1 @1000        a sample; "stale" for the end of a series
 *   start name{a="b"} 5        a start timestamp, ms
 *   exemplar name{…} {…} 1 @5
 *   histogram name{…} N bytes @1000
 *   family name counter "help" unit     when metadata is wanted */
#ifndef TESTS_UNIT_AGENT_JOURNAL_TEXT_H
#define TESTS_UNIT_AGENT_JOURNAL_TEXT_H

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/spool/spool.h"
#include "exporters/wire.h"
#include "parsers/exposition/exposition.h"

enum { JOURNAL_TEXT_SERIES = 200000 };
struct journal_text {
	struct buf text;
	char **series; /* by number; of the segment that is read */
	uint64_t segment, definitions, frames;
	bool with_metadata;
};

static inline void journal_text_init(struct journal_text *t)
{
	*t = (struct journal_text){ .series = calloc(JOURNAL_TEXT_SERIES, sizeof(char *)) };
	buf_init(&t->text, 64 << 20);
}

static inline void journal_text_forget(struct journal_text *t)
{
	for (size_t i = 0; i < JOURNAL_TEXT_SERIES; i++) {
		free(t->series[i]);
		t->series[i] = NULL;
	}
}

static inline void journal_text_fini(struct journal_text *t)
{
	journal_text_forget(t);
	free(t->series);
	buf_fini(&t->text);
}

/* name{a="b"} out of Label messages, which must be sorted. */
static inline void journal_text_labels(struct str bytes, struct buf *out)
{
	struct labels labels = { 0 };
	struct str last = { 0 };
	while (bytes.n) {
		struct wire_field f, part;
		struct str name = { 0 }, value = { 0 };
		ck_assert(wire_read_field(&bytes, &f));
		if (f.number != 1 || f.type != WIRE_BYTES)
			break; /* an exemplar's value */
		for (struct str rest = f.bytes; rest.n;) {
			ck_assert(wire_read_field(&rest, &part));
			*(part.number == 1 ? &name : &value) = part.bytes;
		}
		ck_assert_msg(name.n > 0 && value.n > 0, "an empty label");
		ck_assert_msg(str_cmp(last, name) < 0, "labels out of order");
		last = name;
		labels_set(&labels, name, value);
	}
	labels_print(&labels, out);
	labels_fini(&labels);
}

static inline void journal_text_number(struct buf *out, uint64_t bits)
{
	double value;
	memcpy(&value, &bits, 8);
	if (bits == STALE_NAN_BITS)
		buf_str(out, STR("stale"));
	else
		buf_printf(out, "%.15g", value);
}

static inline void journal_text_exemplar(struct str bytes, struct buf *out)
{
	struct wire_field f;
	uint64_t bits = 0, ms = 0;
	journal_text_labels(bytes, out);
	while (bytes.n) {
		ck_assert(wire_read_field(&bytes, &f));
		if (f.number == 2)
			memcpy(&bits, f.bytes.p, 8);
		if (f.number == 3)
			ms = f.value;
	}
	buf_char(out, ' ');
	journal_text_number(out, bits);
	buf_printf(out, " @%lld\n", (long long)ms);
}

static inline void journal_text_record(struct journal_text *t, const struct journal_record *r, int64_t *ms)
{
	struct buf *out = &t->text, name;
	ck_assert_uint_lt(r->id, JOURNAL_TEXT_SERIES);
	const char *series = t->series[r->id];
	switch (r->tag) {
	case 'M':
		if (t->with_metadata)
			buf_printf(out, "family " STR_FMT " %s \"" STR_FMT "\" " STR_FMT "\n", STR_ARG(r->name), metric_type_names[r->type],
				   STR_ARG(r->help), STR_ARG(r->unit));
		break;
	case 'S':
		buf_init(&name, 1 << 20);
		journal_text_labels(r->bytes, &name);
		buf_char(&name, '\0');
		ck_assert_msg(!series, "%s: number %llu is taken", name.p, (unsigned long long)r->id);
		t->series[r->id] = strdup(name.p);
		t->definitions++;
		buf_fini(&name);
		break;
	case 'T':
		*ms = r->ms;
		break;
	case 'C':
		ck_assert_ptr_nonnull(series);
		buf_printf(out, "start %s %lld\n", series, (long long)r->ms);
		break;
	case 'E':
		ck_assert_ptr_nonnull(series);
		buf_printf(out, "exemplar %s ", series);
		journal_text_exemplar(r->bytes, out);
		break;
	case 'H':
		ck_assert_ptr_nonnull(series);
		buf_printf(out, "histogram %s %zu bytes @%lld\n", series, r->bytes.n, (long long)*ms);
		break;
	case 'R':
		for (uint64_t i = 0; i < r->n; i++) {
			uint64_t bits;
			memcpy(&bits, r->bytes.p + i * 8, 8);
			ck_assert_msg(t->series[r->id + i] != NULL, "number %llu is not defined", (unsigned long long)(r->id + i));
			buf_printf(out, "%s ", t->series[r->id + i]);
			journal_text_number(out, bits);
			buf_printf(out, " @%lld\n", (long long)*ms);
		}
		break;
	}
}

/* What has come since the last call; valid until the next. */
static inline const char *journal_text_read(struct journal_text *t, struct spool *spool)
{
	struct spool_frame frame;
	buf_reset(&t->text);
	while (spool_read(spool, 0, &frame) > 0) {
		struct journal_record record;
		int64_t ms = INT64_MIN;
		if (frame.end.segment != t->segment)
			journal_text_forget(t);
		t->segment = frame.end.segment;
		t->frames++;
		struct str rest = frame.payload;
		while (journal_next(&rest, &record))
			journal_text_record(t, &record, &ms);
		ck_assert_uint_eq(rest.n, 0);
		spool_ack(spool, 0, &frame.end);
	}
	buf_char(&t->text, '\0');
	return t->text.p;
}

/* The lines that begin with one of the names of reports go, or only they stay. */
static inline void journal_text_split(const char *text, struct buf *samples, struct buf *reports)
{
	static const char *const names[] = { "up{", "scrape_duration_seconds{", "scrape_samples_", "scrape_series_added{" };
	for (struct str rest = str_of(text); rest.n;) {
		struct str line = str_cut(&rest, '\n');
		bool is_report = false;
		for (size_t i = 0; i < COUNT_OF(names); i++)
			is_report |= str_starts(line, str_of(names[i]));
		struct buf *out = is_report ? reports : samples;
		buf_str(out, line);
		buf_char(out, '\n');
	}
	buf_char(samples, '\0');
	buf_char(reports, '\0');
}

#endif
