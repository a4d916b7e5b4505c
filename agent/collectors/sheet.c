/* Rows are sorted by family, then labels, then by when they came. Families are few and rows seldom more than some hundreds, so a
 * plain qsort at the end costs less than keeping an index; what makes two rows of a family different is the text of their labels.
 * A repeated sample would make the reader refuse the whole page, so the later one is left out: broken drivers do give such
 * pairs. */
#include "agent/collectors/sheet.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "parsers/bytes/array.h"
#include "parsers/bytes/utf8.h"

struct sheet_row {
	const char *name, *help;
	const struct metric_label *labels;
	size_t label_count, order;
	double value;
	enum metric_type type;
};

void sheet_init(struct sheet *s, struct families *out)
{
	*s = (struct sheet){ .out = out };
}

static struct str keep(struct sheet *s, struct str value)
{
	if (utf8_valid(value) == value.n)
		return arena_copy(&s->memory, value);
	struct buf repaired;
	buf_init(&repaired, value.n * 3 + 1);
	utf8_repair(value, &repaired);
	struct str copy = arena_copy(&s->memory, buf_view(&repaired));
	buf_fini(&repaired);
	return copy;
}

static const struct metric_label *keep_labels(struct sheet *s, const struct metric_label *labels, size_t count)
{
	if (count == 0)
		return NULL;
	struct metric_label *copy = arena_alloc(&s->memory, count * sizeof(*copy));
	for (size_t i = 0; i < count; i++) {
		size_t at = i;
		for (; at > 0 && strcmp(copy[at - 1].name, labels[i].name) > 0; at--)
			copy[at] = copy[at - 1];
		copy[at] = (struct metric_label){ labels[i].name, keep(s, labels[i].value) };
	}
	return copy;
}

void sheet_put(struct sheet *s, enum metric_type type, const char *name, const char *help, double value,
	const struct metric_label *labels,
	size_t count)
{
	if (s->count == SHEET_SAMPLES_MAX || count > SHEET_LABELS_MAX) {
		s->dropped++;
		return;
	}
	s->rows = array_room(s->rows, s->count, &s->room, sizeof *s->rows);
	s->rows[s->count] = (struct sheet_row){ name, help, keep_labels(s, labels, count), count, s->count, value, type };
	s->count++;
}

const char *sheet_text(struct sheet *s, const char *format, ...)
{
	char text[4096];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	size_t length = n < 0 ? 0 : (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1;
	return arena_copy(&s->memory, (struct str){ text, length }).p;
}

const char *sheet_name(struct sheet *s, const char *prefix, struct str name, const char *suffix)
{
	char *clean = arena_alloc(&s->memory, name.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < name.n; ) {
		if (ascii_is_word(name.p[i])) {
			clean[n++] = name.p[i++];
			continue;
		}
		while (n > 0 && clean[n - 1] == '_')
			n--;
		while (i < name.n && !ascii_is_word(name.p[i]))
			i++;
		while (i < name.n && name.p[i] == '_')
			i++;
		clean[n++] = '_';
	}
	return sheet_text(s, "node_%s%.*s%s", prefix, (int)n, clean, suffix);
}

static int compare_labels(const struct sheet_row *a, const struct sheet_row *b)
{
	return families_compare_labels(a->labels, a->label_count, b->labels, b->label_count);
}

static int compare(const void *left, const void *right)
{
	const struct sheet_row *a = left, *b = right;
	int order = strcmp(a->name, b->name);
	if (order == 0)
		order = compare_labels(a, b);
	return order ? order : (a->order > b->order) - (a->order < b->order);
}

void sheet_write(struct sheet *s)
{
	if (s->count > 0)
		qsort(s->rows, s->count, sizeof(*s->rows), compare);
	const struct sheet_row *before = NULL;
	for (size_t i = 0; i < s->count; i++) {
		const struct sheet_row *row = &s->rows[i];
		bool is_new = !before || strcmp(before->name, row->name) != 0;
		if (is_new) /* help may have the name of a file in it */
			families_begin(s->out, row->name, row->type, keep(s, str_of(row->help)).p);
		if (is_new || compare_labels(before, row) != 0)
			families_sample(s->out, "", row->labels, row->label_count, row->value);
		before = row;
	}
	free(s->rows);
	arena_fini(&s->memory);
	*s = (struct sheet){ .out = s->out };
}
