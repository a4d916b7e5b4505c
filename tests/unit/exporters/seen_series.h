/* For tests: a TimeSeries of a remote-write request, of either version, in one form. Read from protobuf-c's structs and held to
 * what the specifications say of any series: labels sorted, no name twice, nothing empty, references within the symbols. */
#ifndef TESTS_SEEN_SERIES_H
#define TESTS_SEEN_SERIES_H

#include <check.h>
#include <stdio.h>

#include "parsers/bytes/num.h"
#include "remote_write.pb-c.h"
#include "remote_write_v2.pb-c.h"

/* Check writes down the place of every ck_assert that passes: where there are millions, only the ones that fail shall speak. */
#define MUST(condition, ...) do { if (!(condition)) ck_abort_msg(__VA_ARGS__); } while (0)

struct seen_series { /* of either version, in one form */
	char labels[65536];
	size_t label_count;
	int n;                    /* of the label n, -1 */
	size_t samples, histograms, exemplars;
	double value;
	uint64_t bits;
	int64_t ms, start_ms, exemplar_ms;
	double exemplar_value;
	char exemplar_labels[512], help[256], unit[64];
	unsigned type;
	bool has_metadata;
};

static inline void seen_label(char *to, size_t room, struct str name, struct str value)
{
	size_t n = strlen(to);
	snprintf(to + n, room - n, "%s" STR_FMT "=\"" STR_FMT "\"", n ? "," : "", STR_ARG(name), STR_ARG(value));
}

#define BYTES(b) ((struct str){ (const char *)(b).data, (b).len })

/* Sorted, no repeats, nothing empty, a name. */
static inline void check_labels(struct str previous, struct str name, struct str value)
{
	MUST(name.n > 0 && value.n > 0, "an empty label");
	MUST(str_cmp(previous, name) < 0, "labels out of order: " STR_FMT " before " STR_FMT, STR_ARG(previous), STR_ARG(name));
}

static inline void seen_begin(struct seen_series *s)
{
	memset((char *)s + offsetof(struct seen_series, label_count), 0, sizeof *s - offsetof(struct seen_series, label_count));
	s->labels[0] = '\0'; /* the rest of 64 KiB can stay as it is */
	s->n = -1;
}

static inline void seen_add(struct seen_series *s, struct str name, struct str value)
{
	uint64_t n;
	seen_label(s->labels, sizeof s->labels, name, value);
	s->label_count++;
	if (str_eq(name, STR("n")) && num_u64(value, &n))
		s->n = (int)n;
}

static inline void seen_v1(struct seen_series *s, const Prometheus__TimeSeries *t)
{
	struct str previous = { 0 };
	seen_begin(s);
	for (size_t i = 0; i < t->n_labels; i++) {
		check_labels(previous, BYTES(t->labels[i]->name), BYTES(t->labels[i]->value));
		previous = BYTES(t->labels[i]->name);
		seen_add(s, previous, BYTES(t->labels[i]->value));
	}
	s->samples = t->n_samples;
	s->histograms = t->n_histograms;
	s->exemplars = t->n_exemplars;
	for (size_t i = 0; i < t->n_samples; i++) {
		memcpy(&s->bits, &t->samples[i]->value, 8);
		s->value = t->samples[i]->value;
		s->ms = t->samples[i]->timestamp;
	}
	for (size_t i = 0; i < t->n_histograms; i++)
		s->ms = t->histograms[i]->timestamp;
	for (size_t i = 0; i < t->n_exemplars; i++) {
		const Prometheus__Exemplar *e = t->exemplars[i];
		s->exemplar_labels[0] = '\0';
		for (size_t k = 0; k < e->n_labels; k++)
			seen_label(s->exemplar_labels, sizeof s->exemplar_labels, BYTES(e->labels[k]->name), BYTES(e->labels[k]->value));
		s->exemplar_ms = e->timestamp;
		s->exemplar_value = e->value;
	}
}

static inline struct str symbol(const Io__Prometheus__Write__V2__Request *r, uint32_t ref)
{
	MUST(ref < r->n_symbols, "symbol %u of %zu", ref, r->n_symbols);
	return BYTES(r->symbols[ref]);
}

static inline void seen_v2(struct seen_series *s, const Io__Prometheus__Write__V2__Request *r,
			   const Io__Prometheus__Write__V2__TimeSeries *t)
{
	struct str previous = { 0 };
	seen_begin(s);
	MUST(t->n_labels_refs % 2 == 0, "an odd number of refs");
	for (size_t i = 0; i + 1 < t->n_labels_refs; i += 2) {
		struct str name = symbol(r, t->labels_refs[i]), value = symbol(r, t->labels_refs[i + 1]);
		check_labels(previous, name, value);
		previous = name;
		seen_add(s, name, value);
	}
	s->samples = t->n_samples;
	s->histograms = t->n_histograms;
	s->exemplars = t->n_exemplars;
	MUST((s->samples > 0) != (s->histograms > 0), "a series of 2.0 has samples or histograms, and one of them");
	for (size_t i = 0; i < t->n_samples; i++) {
		memcpy(&s->bits, &t->samples[i]->value, 8);
		s->value = t->samples[i]->value;
		s->ms = t->samples[i]->timestamp;
		s->start_ms = t->samples[i]->start_timestamp;
	}
	for (size_t i = 0; i < t->n_histograms; i++) {
		s->ms = t->histograms[i]->timestamp;
		s->start_ms = t->histograms[i]->start_timestamp;
	}
	for (size_t i = 0; i < t->n_exemplars; i++) {
		const Io__Prometheus__Write__V2__Exemplar *e = t->exemplars[i];
		s->exemplar_labels[0] = '\0';
		MUST(e->n_labels_refs % 2 == 0, "an odd number of refs");
		for (size_t k = 0; k + 1 < e->n_labels_refs; k += 2)
			seen_label(s->exemplar_labels, sizeof s->exemplar_labels, symbol(r, e->labels_refs[k]), symbol(r, e->labels_refs[k + 1]));
		s->exemplar_ms = e->timestamp;
		s->exemplar_value = e->value;
	}
	s->has_metadata = t->metadata != NULL;
	if (t->metadata) {
		s->type = t->metadata->type;
		snprintf(s->help, sizeof s->help, STR_FMT, STR_ARG(symbol(r, t->metadata->help_ref)));
		snprintf(s->unit, sizeof s->unit, STR_FMT, STR_ARG(symbol(r, t->metadata->unit_ref)));
	}
}

#endif
