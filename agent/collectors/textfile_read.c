/* parsers/exposition/exposition.h reads the samples. The comment lines are read here, each at its place between the samples, because in
 * these files their order counts, a scrape would overlook a second one, and some that mean nothing are harmless; so they are
 * hidden from the parser. A histogram's or summary's lines become one metric, so that it can be written again with its buckets
 * in order and nothing missing. */
#include "agent/collectors/textfile_read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/collectors/fields.h"
#include "agent/collectors/textfile_families.h"
#include "parsers/bytes/map.h"

struct reader {
	struct arena *memory;
	struct textfile_family *first, **last;
	struct map families, metrics; /* by name; of histograms and summaries, by family and labels */
	struct buf key;
	size_t line_count, sample_count; /* lines that should be samples; those that were */
	char *err;
};

static const struct { const char *name; enum metric_type type; } types[] = {
	{ "counter", METRIC_COUNTER }, { "gauge", METRIC_GAUGE }, { "histogram", METRIC_HISTOGRAM }, { "summary", METRIC_SUMMARY },
	{ "untyped", METRIC_UNKNOWN },
};

static bool fail(struct reader *r, const char *why, struct str what)
{
	snprintf(r->err, 256, "%s: \"" STR_FMT "\"", why, (int)(what.n < 128 ? what.n : 128), what.n ? what.p : "");
	return false;
}

/* ---- families ---- */

enum role { ROLE_PLAIN, ROLE_COUNT, ROLE_SUM };

static struct textfile_family *find_base(struct reader *r, struct str name, const char *suffix, enum metric_type type)
{
	if (name.n <= strlen(suffix) || !str_ends(name, str_of(suffix)))
		return NULL;
	struct textfile_family *f = map_get(&r->families, str_take(name, name.n - strlen(suffix)));
	return f && f->type == type && f->has_type ? f : NULL;
}

/* The family that a name belongs to; a new one when none does. */
static struct textfile_family *find_family(struct reader *r, struct str name, enum role *role)
{
	static const struct { const char *suffix; enum metric_type type; enum role role; } bases[] = {
		{ "_count", METRIC_SUMMARY, ROLE_COUNT }, { "_sum", METRIC_SUMMARY, ROLE_SUM },
		{ "_count", METRIC_HISTOGRAM, ROLE_COUNT }, { "_sum", METRIC_HISTOGRAM, ROLE_SUM },
			{ "_bucket", METRIC_HISTOGRAM, ROLE_PLAIN },
	};
	*role = ROLE_PLAIN;
	struct textfile_family *f = map_get(&r->families, name);
	if (f)
		return f;
	for (size_t i = 0; i < COUNT_OF(bases); i++) {
		f = find_base(r, name, bases[i].suffix, bases[i].type);
		if (f) {
			*role = bases[i].role;
			return f;
		}
	}
	f = arena_alloc(r->memory, sizeof(*f));
	f->name = arena_copy(r->memory, name);
	f->last = &f->first;
	f->type = METRIC_UNKNOWN;
	map_put(&r->families, f->name, f);
	*r->last = f;
	r->last = &f->next;
	return f;
}

/* ---- comments ---- */

static bool read_type(struct reader *r, struct textfile_family *f, struct str text)
{
	if (f->has_type)
		return fail(r, "second TYPE line, or TYPE after samples", f->name);
	for (size_t i = 0; i < COUNT_OF(types); i++) {
		if (str_ieq(text, str_of(types[i].name))) {
			f->type = types[i].type;
			f->has_type = true;
			return true;
		}
	}
	return fail(r, "unknown metric type", text);
}

static bool read_help(struct reader *r, struct textfile_family *f, struct str text)
{
	if (f->help.n > 0)
		return fail(r, "second HELP line", f->name);
	char *help = arena_alloc(r->memory, text.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (c == 0)
			return fail(r, "zero byte in HELP", f->name);
		if (c == '\\') {
			c = ++i < text.n ? text.p[i] : 0;
			if (c != '\\' && c != 'n' && c != '"')
				return fail(r, "invalid escape sequence in HELP", f->name);
			c = c == 'n' ? '\n' : c;
		}
		help[n++] = c;
	}
	f->help = (struct str){ help, n };
	return true;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static struct str skip_spaces(struct str s)
{
	while (s.n > 0 && is_space(s.p[0]))
		s = str_skip(s, 1);
	return s;
}

static struct str take_word(struct str *rest)
{
	size_t n = 0;
	while (n < rest->n && !is_space(rest->p[n]))
		n++;
	struct str word = str_take(*rest, n);
	*rest = skip_spaces(str_skip(*rest, n));
	return word;
}

/* A line that may be a comment; others are left to the samples. */
static bool read_comment(struct reader *r, struct str line)
{
	line = skip_spaces(line);
	if (line.n == 0 || line.p[0] != '#') {
		r->line_count += line.n > 0;
		return true;
	}
	line = skip_spaces(str_skip(line, 1));
	struct str keyword = take_word(&line);
	const bool is_help = str_eq(keyword, STR("HELP"));
	if ((!is_help && !str_eq(keyword, STR("TYPE"))) || line.n == 0)
		return true;
	struct str name = take_word(&line);
	if (!labels_name_is_legacy(name, true))
		return fail(r, "invalid metric name in comment", name);
	enum role role;
	struct textfile_family *f = find_family(r, name, &role);
	if (line.n == 0)
		return true;
	return is_help ? read_help(r, f, line) : read_type(r, f, line);
}

/* All lines from *at that begin before p. */
static bool read_comments(struct reader *r, struct str *at, const char *p)
{
	while (at->n > 0 && at->p <= p)
		if (!read_comment(r, str_cut(at, '\n')))
			return false;
	return true;
}

/* ---- samples ---- */

static bool has_bad_escape(struct str series)
{
	for (size_t i = 0; i + 1 < series.n; i++)
		if (series.p[i] == '\\') {
			const char c = series.p[++i];
			if (c != '\\' && c != 'n' && c != '"')
				return true;
		}
	return false;
}

static bool note_name(struct reader *r, struct textfile_family *f, size_t hint, const char *name)
{
	if (hint < f->label_name_count && strcmp(f->label_names[hint], name) == 0)
		return true;
	for (size_t i = 0; i < f->label_name_count; i++)
		if (strcmp(f->label_names[i], name) == 0)
			return true;
	if (f->label_name_count == TEXTFILE_LABELS_MAX)
		return false;
	if (!f->label_names)
		f->label_names = arena_alloc(r->memory, TEXTFILE_LABELS_MAX * sizeof(*f->label_names));
	f->label_names[f->label_name_count++] = name;
	return true;
}

/* The labels but for the name and `bound`; that goes into *bound_text. */
static bool read_labels(struct reader *r, struct textfile_family *f, const struct labels *labels, const char *bound,
	struct textfile_metric *m, struct str *bound_text)
{
	m->labels = arena_alloc(r->memory, (labels->count + 1) * sizeof(*m->labels));
	for (size_t i = 0; i < labels->count; i++) {
		const struct label *l = &labels->at[i];
		if (str_eq(l->name, STR("__name__")))
			continue;
		if (bound && str_eq(l->name, str_of(bound))) {
			*bound_text = l->value;
			continue;
		}
		if (!labels_name_is_legacy(l->name, false) || str_starts(l->name, STR("__")))
			return fail(r, "invalid label name", l->name);
		const char *name = arena_copy(r->memory, l->name).p;
		if (!note_name(r, f, m->label_count, name))
			return fail(r, "too many label names in family", f->name);
		m->labels[m->label_count++] = (struct metric_label){ name, l->value };
	}
	return true;
}

/* The histogram or summary that a line is a part of: the one with the same labels, or m itself. */
static struct textfile_metric *find_metric(struct reader *r, struct textfile_family *f, struct textfile_metric *m)
{
	buf_reset(&r->key);
	buf_append(&r->key, &f, sizeof(f));
	for (size_t i = 0; i < m->label_count; i++) {
		buf_append(&r->key, m->labels[i].name, strlen(m->labels[i].name) + 1);
		buf_append(&r->key, &m->labels[i].value.n, sizeof(m->labels[i].value.n));
		buf_str(&r->key, m->labels[i].value);
	}
	struct textfile_metric *known = map_get(&r->metrics, buf_view(&r->key));
	if (known)
		return known;
	map_put(&r->metrics, arena_copy(r->memory, buf_view(&r->key)), m);
	return m;
}

static void add_point(struct reader *r, struct textfile_metric *m, double bound, double value)
{
	if (m->point_count == m->point_room) {
		m->point_room = m->point_room ? m->point_room * 2 : 8;
		struct textfile_point *points = arena_alloc(r->memory, m->point_room * sizeof(*points));
		if (m->point_count > 0)
			memcpy(points, m->points, m->point_count * sizeof(*points));
		m->points = points;
	}
	m->points[m->point_count++] = (struct textfile_point){ bound, value };
}

static bool set_part(struct reader *r, struct textfile_family *f, struct textfile_metric *m, enum role role, struct str bound_text,
	double value)
{
	double bound;
	if (role != ROLE_SUM && f->type == METRIC_HISTOGRAM && value < 0)
		return fail(r, "negative count in histogram", f->name);
	if (role == ROLE_COUNT)
		m->count = f->type == METRIC_SUMMARY ? trunc(value) : value;
	if (role == ROLE_SUM)
		m->sum = value;
	if (!bound_text.p)
		return true;
	if (!fields_number(bound_text, &bound))
		return fail(r, "no number in le or quantile", bound_text);
	if (role == ROLE_PLAIN && !isnan(bound))
		add_point(r, m, bound, value);
	return true;
}

static bool read_sample(struct reader *r, const struct exposition *x, struct labels *labels)
{
	const char *why = "";
	if (x->has_timestamp)
		return fail(r, "unsupported client-side timestamp", x->series);
	labels_reset(labels);
	if (has_bad_escape(x->series) || !exposition_labels(skip_spaces(x->series), labels, r->memory, &why))
		return fail(r, *why ? why : "invalid escape sequence", x->series);
	struct str name = labels_get(labels, STR("__name__")), bound_text = { 0 };
	if (!labels_name_is_legacy(name, true))
		return fail(r, "invalid metric name", name);
	enum role role;
	struct textfile_family *f = find_family(r, name, &role);
	f->has_type = true;
	const char *bound = f->type == METRIC_HISTOGRAM ? "le" : f->type == METRIC_SUMMARY ? "quantile" : NULL;
	struct textfile_metric *m = arena_alloc(r->memory, sizeof(*m)), *known = m;
	if (!read_labels(r, f, labels, bound, m, &bound_text))
		return false;
	memcpy(&m->value, &x->value_bits, sizeof(m->value));
	if (bound) {
		known = find_metric(r, f, m);
		if (!set_part(r, f, known, role, bound_text, m->value))
			return false;
	}
	if (known == m) {
		*f->last = m;
		f->last = &m->next;
		f->metric_count++;
	}
	return true;
}

/* A copy in which no comment is more than a comment: "##TYPE a counter". */
static struct str hide_comments(struct reader *r, struct str body)
{
	char *copy = arena_alloc(r->memory, body.n + 1);
	if (body.n > 0)
		memcpy(copy, body.p, body.n);
	for (struct str rest = { copy, body.n }; rest.n > 0;) {
		struct str line = skip_spaces(str_cut(&rest, '\n'));
		if (line.n > 1 && line.p[0] == '#')
			copy[line.p + 1 - copy] = '#';
	}
	return (struct str){ copy, body.n };
}

static bool read_samples(struct reader *r, struct str body, size_t *samples, size_t samples_max)
{
	struct exposition x;
	struct labels labels = { 0 };
	enum exposition_item what;
	const struct str hidden = hide_comments(r, body);
	struct str comments = body;
	bool is_good = true;
	exposition_init(&x, EXPOSITION_TEXT_0_0_4, hidden);
	while (is_good && (what = exposition_next(&x)) > EXPOSITION_END) {
		if (what != EXPOSITION_SAMPLE)
			continue;
		r->sample_count++;
		is_good = (!x.is_made && ++*samples <= samples_max) || fail(r, "too many samples", x.series);
		is_good = is_good && read_comments(r, &comments, body.p + (x.series.p - hidden.p)) && read_sample(r, &x, &labels);
	}
	if (is_good && what == EXPOSITION_BAD) {
		snprintf(r->err, 256, "%s", x.error);
		is_good = false;
	}
	exposition_fini(&x);
	labels_fini(&labels);
	if (!is_good || !read_comments(r, &comments, body.p + body.n))
		return false;
	return r->line_count == r->sample_count || fail(r, "not all lines are samples or comments", body);
}

/* ---- public ---- */

/* What is left of the last line without a line feed must be blank. */
static bool ends_whole(struct str body)
{
	while (body.n > 0 && is_space(body.p[body.n - 1]))
		body.n--;
	return body.n == 0 || body.p[body.n - 1] == '\n';
}

static struct textfile_family *with_samples(struct textfile_family *first)
{
	struct textfile_family *kept = NULL, **last = &kept;
	for (struct textfile_family *f = first; f; f = f->next) {
		if (f->metric_count == 0)
			continue;
		*last = f;
		last = &f->next;
	}
	*last = NULL;
	return kept;
}

struct textfile_family *textfile_read(struct str body, struct arena *memory, size_t *samples, size_t samples_max, char err[256])
{
	struct reader r = { .memory = memory, .err = err };
	err[0] = 0;
	if (!ends_whole(body)) {
		snprintf(err, 256, "the last line has no end");
		return NULL;
	}
	r.last = &r.first;
	buf_init(&r.key, TEXTFILE_FILE_BYTES * 4);
	const bool is_good = read_samples(&r, body, samples, samples_max);
	buf_fini(&r.key);
	map_fini(&r.families);
	map_fini(&r.metrics);
	return is_good ? with_samples(r.first) : NULL;
}

int textfile_compare(const struct textfile_metric *a, const struct textfile_metric *b)
{
	return families_compare_labels(a->labels, a->label_count, b->labels, b->label_count);
}
