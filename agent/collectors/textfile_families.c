/* Families of one name in several files are one family, as far as they agree: HELP and TYPE of the first one count. One that has
 * another HELP is left out and reported; so are files that cannot be read. Where only one of two files has a HELP line, both
 * cannot be on one page, and the later one is left out.
 * Samples that lack a label which others of their family and file have get it as an empty one. */
#include "agent/collectors/textfile_families.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/collectors/textfile_read.h"
#include "parsers/bytes/array.h"
#include "parsers/bytes/utf8.h"

/* Families of the round itself, which are written after all collectors. */
static const char *const reserved[] = { "node_exporter_build_info", "node_scrape_collector_duration_seconds",
	"node_scrape_collector_success", "node_textfile_mtime_seconds", "node_textfile_scrape_error" };

/* ---- taking in ---- */

static void hang_in(struct textfile_families *t, struct textfile_family *f)
{
	struct textfile_family *known = map_get(&t->by_name, f->name);
	f->next = NULL;
	if (known) {
		while (known->next)
			known = known->next;
		known->next = f;
		return;
	}
	map_put(&t->by_name, f->name, f);
	t->at = array_room(t->at, t->count, &t->room, sizeof(struct textfile_family *));
	t->at[t->count++] = f;
}

bool textfile_families_add(struct textfile_families *t, const char *path, struct str body, char err[256])
{
	err[0] = 0;
	if (body.n > TEXTFILE_FILE_BYTES || t->bytes + body.n > TEXTFILE_TOTAL_BYTES) {
		snprintf(err, 256, "there is room for %d MiB per file and %d MiB in all", TEXTFILE_FILE_BYTES >> 20,
			TEXTFILE_TOTAL_BYTES >> 20);
		t->has_error = true;
		return false;
	}
	t->bytes += body.n;
	body = arena_copy(&t->memory, body);
	struct textfile_family *f = textfile_read(body, &t->memory, &t->samples, TEXTFILE_SAMPLES_MAX, err);
	if (err[0]) {
		t->has_error = true;
		return false;
	}
	const struct str kept_path = arena_copy(&t->memory, str_of(path));
	for (struct textfile_family *next; f; f = next) {
		next = f->next;
		f->path = kept_path;
		hang_in(t, f);
	}
	return true;
}

/* ---- deciding ---- */

static int by_name(const void *a, const void *b)
{
	const struct textfile_family *const *left = a, *const *right = b;
	return str_cmp((*left)->name, (*right)->name);
}

/* "Metric read from a.prom, b.prom", of all files whose family counts. */
static const char *make_help(struct textfile_families *t, const struct textfile_family *first)
{
	struct buf text;
	buf_init(&text, TEXTFILE_FILE_BYTES);
	buf_str(&text, STR("Metric read from "));
	const char *between = "";
	for (const struct textfile_family *f = first; f; f = f->next) {
		if (f->is_left_out)
			continue;
		buf_str(&text, str_of(between));
		buf_str(&text, f->path);
		between = ", ";
	}
	const char *help = arena_copy(&t->memory, buf_view(&text)).p;
	buf_fini(&text);
	return help;
}

static const char *mend(struct textfile_families *t, struct str help)
{
	if (utf8_valid(help) == help.n)
		return help.p;
	struct buf text;
	buf_init(&text, help.n * 3 + 1);
	utf8_repair(help, &text);
	const char *mended = arena_copy(&t->memory, buf_view(&text)).p;
	buf_fini(&text);
	return mended;
}

/* After a second HELP was met, nothing more of that name is taken, whatever HELP it has. */
static void settle_help(struct textfile_families *t, struct textfile_family *first)
{
	const struct textfile_family *helped = NULL;
	bool is_over = false;
	for (struct textfile_family *f = first; f; f = f->next) {
		is_over = is_over || (helped && f->help.n > 0 && !str_eq(f->help, helped->help));
		f->is_left_out = is_over;
		t->has_error = t->has_error || is_over;
		if (!helped && f->help.n > 0)
			helped = f;
	}
	const struct str help = first->help;
	const enum metric_type type = first->type;
	first->help_written = help.n > 0 ? mend(t, help) : make_help(t, first);
	for (struct textfile_family *f = first->next; f; f = f->next)
		f->is_left_out = f->is_left_out || f->type != type || !str_eq(f->help, help);
}

static bool is_reserved(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(reserved); i++)
		if (str_eq(name, str_of(reserved[i])))
			return true;
	return false;
}

/* Whether another family's samples would be called like those of f. Families come by name, so the one without the suffix came
 * first. */
static bool collides(struct textfile_families *t, const struct families *out, const struct textfile_family *f)
{
	static const char *const suffixes[] = { "_count", "_sum", "_bucket" };
	if (is_reserved(f->name) || families_has(out, f->name))
		return true;
	for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
		const struct str suffix = str_of(suffixes[i]);
		if (textfile_has_points(f->type)) {
			char name[512];
			if (f->name.n + suffix.n >= sizeof(name))
				return true;
			memcpy(name, f->name.p, f->name.n);
			memcpy(name + f->name.n, suffix.p, suffix.n);
			if (families_has(out, (struct str){ name, f->name.n + suffix.n }))
				return true;
		}
		if (f->name.n <= suffix.n || !str_ends(f->name, suffix))
			continue;
		const struct textfile_family *base = map_get(&t->by_name, str_take(f->name, f->name.n - suffix.n));
		if (base && !base->is_left_out && textfile_has_points(base->type) && (i < 2 || base->type == METRIC_HISTOGRAM))
			return true;
	}
	return false;
}

/* At most so many bytes come of the family. */
static size_t output_size(const struct textfile_family *first)
{
	size_t bytes = 0;
	for (const struct textfile_family *f = first; f; f = f->next) {
		size_t names = f->name.n + 128;
		for (size_t i = 0; i < f->label_name_count; i++)
			names += strlen(f->label_names[i]) + 8;
		for (const struct textfile_metric *m = f->first; m && !f->is_left_out; m = m->next) {
			size_t line = names;
			for (size_t i = 0; i < m->label_count; i++)
				line += m->labels[i].value.n * 2;
			bytes += line * (textfile_has_points(f->type) ? m->point_count + 3 : 1);
		}
	}
	return bytes + strlen(first->help_written) * 2;
}

void textfile_families_settle(struct textfile_families *t, const struct families *out)
{
	size_t room = TEXTFILE_OUTPUT_BYTES;
	if (t->count > 0)
		qsort(t->at, t->count, sizeof(struct textfile_family *), by_name);
	for (size_t i = 0; i < t->count; i++) {
		struct textfile_family *f = t->at[i];
		settle_help(t, f);
		const size_t bytes = output_size(f);
		f->is_left_out = bytes > room || collides(t, out, f);
		if (f->is_left_out)
			t->has_error = true;
		else
			room -= bytes;
	}
}

/* ---- writing ---- */

struct line { /* one metric with all labels of its family */
	const struct textfile_metric *metric;
	size_t order;
};

static int by_labels(const void *a, const void *b)
{
	const struct line *left = a, *right = b;
	int order = textfile_compare(left->metric, right->metric);
	return order ? order : (left->order > right->order) - (left->order < right->order);
}

static int by_text(const void *a, const void *b)
{
	const char *const *left = a, *const *right = b;
	return strcmp(*left, *right);
}

static void fill_labels(struct textfile_families *t, struct textfile_family *f)
{
	if (f->label_name_count > 1)
		qsort(f->label_names, f->label_name_count, sizeof(char *), by_text);
	for (struct textfile_metric *m = f->first; m; m = m->next) {
		if (m->label_count == f->label_name_count)
			continue;
		struct metric_label *filled = arena_alloc(&t->memory, f->label_name_count * sizeof(*filled));
		for (size_t i = 0, from = 0; i < f->label_name_count; i++) {
			const bool is_there = from < m->label_count && strcmp(m->labels[from].name, f->label_names[i]) == 0;
			filled[i] = is_there ? m->labels[from++] : (struct metric_label){ f->label_names[i], { "", 0 } };
		}
		m->labels = filled;
		m->label_count = f->label_name_count;
	}
}

/* As other clients print bounds, with the exponent beyond six digits: 0.001, 1e-05, 100000, 1.6384e+06, +Inf. */
static struct str print_bound(double value, char text[40])
{
	int precision = 0;
	if (isinf(value))
		return value > 0 ? STR("+Inf") : STR("-Inf");
	do
		snprintf(text, 40, "%.*e", precision, value);
	while (strtod(text, NULL) != value && ++precision <= 17);
	const int exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
	if (exponent >= -4 && exponent < 6)
		snprintf(text, 40, "%.*f", precision > exponent ? precision - exponent : 0, value);
	return str_of(text);
}

static int by_bound(const void *a, const void *b)
{
	const struct textfile_point *left = a, *right = b;
	return (left->bound > right->bound) - (left->bound < right->bound);
}

/* Buckets or quantiles in order, each once (the last one counts), then sum and count. */
static void write_points(struct families *out, const struct textfile_family *f, const struct textfile_metric *m)
{
	const bool is_histogram = f->type == METRIC_HISTOGRAM;
	const char *const bound_name = is_histogram ? "le" : "quantile";
	struct metric_label labels[TEXTFILE_LABELS_MAX + 1];
	const size_t count = m->label_count;
	if (count > 0)
		memcpy(labels, m->labels, count * sizeof(*labels));
	size_t place = count;
	for (; place > 0 && strcmp(labels[place - 1].name, bound_name) > 0; place--)
		labels[place] = labels[place - 1];
	char text[40];
	for (size_t i = 0; i < m->point_count; i++) {
		if (i + 1 < m->point_count && m->points[i].bound == m->points[i + 1].bound)
			continue;
		labels[place] = (struct metric_label){ bound_name, print_bound(m->points[i].bound, text) };
		families_sample(out, is_histogram ? "_bucket" : "", labels, count + 1, m->points[i].value);
	}
	const bool has_last = m->point_count > 0 && isinf(m->points[m->point_count - 1].bound) &&
		m->points[m->point_count - 1].bound > 0;
	if (is_histogram && !has_last) {
		labels[place] = (struct metric_label){ bound_name, STR("+Inf") };
		families_sample(out, "_bucket", labels, count + 1, m->count);
	}
	families_sample(out, "_sum", m->labels, count, m->sum);
	families_sample(out, "_count", m->labels, count, m->count);
}

/* A stable sort by bound: there are few points, and mostly in order. */
static void sort_points(struct textfile_metric *m)
{
	bool is_sorted = true;
	for (size_t i = 1; i < m->point_count && is_sorted; i++)
		is_sorted = m->points[i - 1].bound <= m->points[i].bound;
	if (!is_sorted)
		qsort(m->points, m->point_count, sizeof(*m->points), by_bound);
}

static void write_family(struct textfile_families *t, struct families *out, struct textfile_family *first)
{
	size_t count = 0;
	for (const struct textfile_family *f = first; f; f = f->next)
		count += f->is_left_out ? 0 : f->metric_count;
	struct line *lines = calloc(count, sizeof(*lines));
	if (!lines)
		abort();
	count = 0;
	for (struct textfile_family *f = first; f; f = f->next) {
		if (f->is_left_out)
			continue;
		fill_labels(t, f);
		for (struct textfile_metric *m = f->first; m; m = m->next, count++)
			lines[count] = (struct line){ m, count };
		for (struct textfile_metric *m = f->first; m; m = m->next)
			sort_points(m);
	}
	qsort(lines, count, sizeof(*lines), by_labels);
	families_begin(out, first->name.p, first->type, first->help_written);
	for (size_t i = 0; i < count; i++) {
		const struct textfile_metric *m = lines[i].metric;
		if (i > 0 && textfile_compare(lines[i - 1].metric, m) == 0)
			continue; /* the same again: the first one counts */
		if (textfile_has_points(first->type))
			write_points(out, first, m);
		else
			families_sample(out, "", m->labels, m->label_count, m->value);
	}
	free(lines);
}

void textfile_families_write(struct textfile_families *t, struct families *out)
{
	for (size_t i = 0; i < t->count; i++)
		if (!t->at[i]->is_left_out)
			write_family(t, out, t->at[i]);
}

void textfile_families_fini(struct textfile_families *t)
{
	map_fini(&t->by_name);
	free(t->at);
	arena_fini(&t->memory);
	*t = (struct textfile_families){ 0 };
}
