/* Each difference names the place of the expectation in the test file, so that an editor leads there. */
#include "agent/commands/test_compare.h"

#include <stdio.h>

#include "parsers/bytes/rfc3339.h"
#include "parsers/decimal.h"

enum { OUT_MOST = 16 << 20, METRICS_MOST = 4 << 20 };

void comparison_begin(struct comparison *c, const char *path, const struct test_case *test)
{
	*c = (struct comparison){ .path = path, .test = test };
	buf_init(&c->out, OUT_MOST);
}

void comparison_fini(struct comparison *c)
{
	buf_fini(&c->out);
}

/* ---- telling ---- */

static void head(struct comparison *c, uint64_t line, uint64_t column, size_t record, const char *what)
{
	c->differences++;
	buf_printf(&c->out, "  %s:%llu:%llu: ", c->path, (unsigned long long)line, (unsigned long long)column);
	if (record)
		buf_printf(&c->out, "record %zu: ", record);
	buf_printf(&c->out, "%s\n", what);
}

static void side(struct comparison *c, const char *name, struct str value, bool is_there)
{
	buf_printf(&c->out, "    %s ", name);
	if (!is_there) {
		buf_str(&c->out, STR("nothing\n"));
		return;
	}
	buf_char(&c->out, '"');
	buf_json(&c->out, value);
	buf_str(&c->out, STR("\"\n"));
}

static void compare_text(struct comparison *c, const struct test_record *want, const char *what, struct str wanted, struct str got)
{
	if (str_eq(wanted, got))
		return;
	head(c, want->at_line, want->at_column, c->seen, what);
	side(c, "want", wanted, wanted.n > 0);
	side(c, "got ", got, got.n > 0);
}

/* ---- sets of labels ---- */

static void print_pair(struct buf *out, struct str name, struct str value, bool is_first)
{
	buf_str(out, is_first ? STR("") : STR(", "));
	buf_json(out, name);
	buf_str(out, STR("=\""));
	buf_json(out, value);
	buf_char(out, '"');
}

static void print_got(struct comparison *c, const struct labels *got)
{
	buf_str(&c->out, STR("    got  {"));
	for (size_t i = 0; i < got->count; i++)
		print_pair(&c->out, got->at[i].name, got->at[i].value, i == 0);
	buf_str(&c->out, STR("}\n"));
}

static void print_wanted(struct comparison *c, const struct config_labels *wanted)
{
	buf_str(&c->out, STR("    want {"));
	for (size_t i = 0; i < wanted->count; i++)
		print_pair(&c->out, wanted->at[i].name, wanted->at[i].value, i == 0);
	buf_str(&c->out, STR("}\n"));
}

/* All that are wanted are there; an empty one is not. */
static bool includes(const struct labels *got, const struct config_labels *wanted)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!str_eq(labels_get(got, wanted->at[i].name), wanted->at[i].value))
			return false;
	return true;
}

static void compare_labels(struct comparison *c, const struct test_record *want, const char *what, const struct config_labels *wanted,
			   const struct labels *got, bool is_all)
{
	if (includes(got, wanted) && (!is_all || got->count == wanted->count))
		return;
	head(c, want->at_line, want->at_column, c->seen, what);
	print_wanted(c, wanted);
	print_got(c, got);
}

/* ---- records ---- */

static void unexpected(struct comparison *c, const struct trial_record *r)
{
	head(c, c->test->at_line, c->test->at_column, c->seen, "is not expected");
	side(c, "got ", r->line, true);
	if (r->dropped.n)
		side(c, "dropped", r->dropped, true);
}

static void compare_time(struct comparison *c, const struct test_record *want, int64_t got_ns)
{
	char text[RFC3339_ROOM];
	if (want->timestamp_ns != got_ns)
		compare_text(c, want, "timestamp", want->timestamp, (struct str){ text, rfc3339_format(got_ns, text) });
}

/* A record that is dropped and is not expected to be, or the other way round, is told as that alone. */
static bool compare_fate(struct comparison *c, const struct test_record *want, const struct trial_record *r)
{
	if (!want->has_dropped && !r->dropped.n)
		return true;
	compare_text(c, want, "dropped", want->dropped, r->dropped);
	return (want->dropped.n > 0) == (r->dropped.n > 0);
}

void comparison_record(void *comparison, const struct trial_record *r)
{
	struct comparison *c = comparison;
	if (c->seen++ >= c->test->record_count) {
		unexpected(c, r);
		return;
	}
	const struct test_record *want = &c->test->records[c->seen - 1];
	if (!compare_fate(c, want, r))
		return;
	if (want->has_line)
		compare_text(c, want, "line", want->line, r->line);
	if (want->has_timestamp)
		compare_time(c, want, r->timestamp_ns);
	if (want->has_tenant)
		compare_text(c, want, "tenant", want->tenant, r->tenant);
	if (want->has_labels)
		compare_labels(c, want, "labels", &want->labels, r->labels, true);
	if (want->has_structured_metadata)
		compare_labels(c, want, "structured_metadata", &want->structured_metadata, r->metadata, true);
	compare_labels(c, want, "labels_include", &want->labels_include, r->labels, false);
	compare_labels(c, want, "structured_metadata_include", &want->structured_metadata_include, r->metadata, false);
}

/* ---- metrics ---- */

struct metrics { struct buf text; struct str wanted; double value; bool is_found; };

/* name{a="b",c="d"}, the labels in order of their names. */
static void print_metric(const struct stages_metric *m, struct buf *out)
{
	buf_str(out, m->family);
	buf_str(out, m->suffix);
	for (size_t i = 0; i < m->labels.count; i++) {
		buf_str(out, i ? STR(",") : STR("{"));
		buf_str(out, m->labels.at[i].name);
		buf_str(out, STR("=\""));
		buf_json(out, m->labels.at[i].value);
		buf_char(out, '"');
	}
	buf_str(out, m->labels.count ? STR("}") : STR(""));
}

static void on_metric(void *ctx, const struct stages_metric *m)
{
	struct metrics *all = ctx;
	size_t from = all->text.n;
	print_metric(m, &all->text);
	struct str name = str_skip(buf_view(&all->text), from);
	if (str_eq(name, all->wanted)) {
		all->is_found = true;
		all->value = m->value;
	}
	buf_printf(&all->text, " %.17g\n", m->value);
}

static void compare_metric(struct comparison *c, const struct trial *trial, const struct config_label *wanted)
{
	struct metrics all = { .wanted = wanted->name };
	double value;
	buf_init(&all.text, METRICS_MOST);
	trial_each_metric(trial, on_metric, &all);
	if (!decimal_parse(wanted->value, &value) || !all.is_found || all.value != value) {
		head(c, c->test->at_line, c->test->at_column, 0, "metrics");
		buf_printf(&c->out, "    want " STR_FMT " " STR_FMT "\n", STR_ARG(wanted->name), STR_ARG(wanted->value));
		for (struct str rest = buf_view(&all.text); rest.n;)
			buf_printf(&c->out, "    got  " STR_FMT "\n", STR_ARG(str_cut(&rest, '\n')));
		buf_str(&c->out, all.text.n ? STR("") : STR("    got  none\n"));
	}
	buf_fini(&all.text);
}

void comparison_end(struct comparison *c, const struct trial *trial)
{
	for (size_t i = c->seen; i < c->test->record_count; i++) {
		const struct test_record *want = &c->test->records[i];
		head(c, want->at_line, want->at_column, i + 1, "did not come");
		if (want->has_line)
			side(c, "want", want->line, true);
	}
	for (size_t i = 0; i < c->test->metrics.count; i++)
		compare_metric(c, trial, &c->test->metrics.at[i]);
}
