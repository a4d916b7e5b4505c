/* The stage metrics: counters, gauges and histograms out of log lines, a series for each set of stream labels. Promtail's rules:
 * a metric is touched when its source was extracted; `value` must be equal to it then; a counter with match_all counts every
 * line. A counter that should become less stays as it is (Promtail ends there). What no line has touched for max_idle_duration
 * is forgotten, at a scrape. Beyond Promtail: counters and buckets remember the trace of the newest line that increased them.
 * A file of this stage's own has the series; this one has the configuration and the actions. */
#include <math.h>
#include <stdlib.h>

#include "parsers/decimal.h"
#include "parsers/stages/stage_series.h"
#include "parsers/stages/stage.h"

enum type { COUNTER, GAUGE, HISTOGRAM, TYPES };
enum action { INC, DEC, SET, ADD, SUB, ACTIONS };
enum { IDLE_DEFAULT_S = 300, METRICS_MAX = 256 };
#define NS_PER_S INT64_C(1000000000)

static const char *const type_names[TYPES] = { "counter", "gauge", "histogram" };
static const struct { const char *name; bool fits[TYPES], needs_number; const char *sign; } actions[ACTIONS] = {
	[INC] = { "inc", { true, true, false }, false, "+" }, [DEC] = { "dec", { false, true, false }, false, "-" },
	[SET] = { "set", { false, true, false }, true, "=" }, [ADD] = { "add", { true, true, false }, true, "+" },
	[SUB] = { "sub", { false, true, false }, true, "-" },
};
static const double default_bounds[] = { .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10 };

struct metric {
	char *name;
	struct str help, source, value;
	bool has_value, is_match_all, is_count_bytes;
	enum type type;
	enum action action;
	int64_t idle_s;
	double *bounds;
	size_t bound_count;
	struct stage_series_set own, *series; /* series: own, or the owner's of a shared metric */
};
struct metrics { size_t count; struct metric at[]; };

/* ---- compiling ---- */

/* Prefix and name; what cannot be in a metric's name becomes '_', as Prometheus escapes it. */
static char *make_name(struct str prefix, struct str name)
{
	char *z = malloc(prefix.n + name.n + 1);
	if (!z)
		abort();
	memcpy(z, prefix.p, prefix.n);
	memcpy(z + prefix.n, name.p, name.n);
	z[prefix.n + name.n] = 0;
	for (size_t i = 0; i < prefix.n + name.n; i++)
		if (!labels_name_is_legacy((struct str){ z + i, 1 }, true) && (i == 0 || !ascii_is_digit(z[i])))
			z[i] = '_';
	return z;
}

static bool read_type(struct stage_compile *c, const struct stage_node *config, struct metric *m)
{
	struct str type = { 0 };
	stage_read_text(c, config, "type", &type);
	for (size_t i = 0; i < TYPES; i++)
		if (str_ieq(type, str_of(type_names[i]))) {
			m->type = (enum type)i;
			return true;
		}
	stage_complain(c, stage_key(config, "type"), "type must be counter, gauge or histogram");
	return false;
}

static void read_action(struct stage_compile *c, const struct stage_node *config, struct metric *m)
{
	struct str action = { 0 };
	stage_read_text(c, config, "action", &action);
	for (size_t i = 0; i < ACTIONS; i++)
		if (actions[i].fits[m->type] && str_ieq(action, str_of(actions[i].name))) {
			m->action = (enum action)i;
			return;
		}
	stage_complain(c, stage_key(config, "action"), "action must be %s",
		m->type == COUNTER ? "inc or add" : "set, inc, dec, add or sub");
}

static void read_counter(struct stage_compile *c, const struct stage_node *config, struct metric *m)
{
	stage_read_bool(c, config, "match_all", &m->is_match_all);
	stage_read_bool(c, config, "count_entry_bytes", &m->is_count_bytes);
	if (m->is_match_all && m->has_value)
		stage_complain(c, stage_key(config, "match_all"), "match_all and value exclude each other");
	if (m->is_count_bytes && !m->is_match_all)
		stage_complain(c, stage_key(config, "count_entry_bytes"), "count_entry_bytes needs match_all: true");
	if (m->is_count_bytes && m->action != ADD)
		stage_complain(c, stage_key(config, "count_entry_bytes"), "count_entry_bytes needs action: add");
}

static void read_buckets(struct stage_compile *c, const struct stage_node *config, struct metric *m)
{
	const struct stage_node *list = stage_read_list(c, config, "buckets", false);
	size_t count = list && list->count ? list->count : COUNT_OF(default_bounds);
	if (count > SERIES_BUCKETS_MAX) {
		stage_complain(c, list, "there can be %d buckets at most", SERIES_BUCKETS_MAX);
		return;
	}
	m->bounds = calloc(count, sizeof *m->bounds);
	if (!m->bounds)
		abort();
	for (size_t i = 0; i < count; i++) {
		double *bound = &m->bounds[i];
		*bound = list && list->count ? NAN : default_bounds[i];
		struct str text = list && list->count ? list->items[i].text : (struct str){ 0 };
		if (text.n && str_find(text, '.') == 0 && str_ieq(text, STR(".inf"))) /* YAML's infinity */
			*bound = INFINITY;
		else if (text.n && !decimal_parse(text, bound))
			*bound = NAN;
		if (isnan(*bound) || (i && !(*bound > bound[-1]))) {
			stage_complain(c, list, "buckets must be numbers that ascend");
			return;
		}
		m->bound_count = i + 1;
	}
	if (isinf(m->bounds[m->bound_count - 1])) /* the last one is always there */
		m->bound_count--;
}

static const struct stage_node *read_config(struct stage_compile *c, const struct stage_node *node, struct metric *m)
{
	/* One of another type has no effect, as in Promtail: its own tests have gauges with match_all. */
	static const char *const known[] = { "action", "value", "match_all", "count_entry_bytes", "buckets" };
	const struct stage_node *config = stage_key(node, "config");
	if (config && config->kind != STAGE_MAP) {
		stage_complain(c, config, "config must be a mapping");
		return NULL;
	}
	for (size_t i = 0; config && i < config->count; i++) {
		bool is_known = false;
		for (size_t k = 0; k < COUNT_OF(known); k++)
			is_known = is_known || str_ieq(config->keys[i], str_of(known[k]));
		if (!is_known)
			stage_complain(c, &config->items[i], "config of a %s has no key \"" STR_FMT "\"", type_names[m->type],
				STR_ARG(str_take(config->keys[i], 60)));
	}
	return config;
}

static void read_idle(struct stage_compile *c, const struct stage_node *node, struct metric *m)
{
	int64_t idle_ns = IDLE_DEFAULT_S * NS_PER_S;
	stage_read_duration(c, node, "max_idle_duration", &idle_ns);
	if (idle_ns < NS_PER_S)
		stage_complain(c, stage_key(node, "max_idle_duration"), "max_idle_duration must be a second at least");
	m->idle_s = idle_ns / NS_PER_S;
}

static void check_keys(struct stage_compile *c, const struct stage_node *node)
{
	static const char *const known[] = { "type", "description", "source", "prefix", "max_idle_duration", "config" };
	for (size_t i = 0; i < node->count; i++) {
		bool is_known = false;
		for (size_t k = 0; k < COUNT_OF(known); k++)
			is_known = is_known || str_ieq(node->keys[i], str_of(known[k]));
		if (!is_known)
			stage_complain(c, &node->items[i], "a metric has no key \"" STR_FMT "\"",
				STR_ARG(str_take(node->keys[i], 60)));
	}
}

static void compile_one(struct stage_compile *c, struct str name, const struct stage_node *node, struct metric *m)
{
	struct str prefix = STR("promtail_custom_"), given = { 0 };
	if (node->kind != STAGE_MAP) {
		stage_complain(c, node, "\"" STR_FMT "\" must be a mapping: type, description, source, config",
			STR_ARG(str_take(name, 60)));
		return;
	}
	m->source = name;
	check_keys(c, node);
	stage_read_text(c, node, "description", &m->help);
	stage_read_text(c, node, "source", &m->source);
	if (stage_read_text(c, node, "prefix", &given) && given.n)
		prefix = given;
	read_idle(c, node, m);
	if (!read_type(c, node, m))
		return;
	const struct stage_node *config = read_config(c, node, m);
	m->has_value = stage_read_text(c, config, "value", &m->value);
	if (m->type != HISTOGRAM)
		read_action(c, config, m);
	if (m->type == COUNTER)
		read_counter(c, config, m);
	if (m->type == HISTOGRAM)
		read_buckets(c, config, m);
	m->name = make_name(prefix, name);
	stage_series_init(&m->own, m->bound_count);
	m->series = &m->own;
}

static void metrics_free(void *stage)
{
	struct metrics *all = stage;
	for (size_t i = 0; i < all->count; i++) {
		free(all->at[i].name);
		free(all->at[i].bounds);
		stage_series_fini(&all->at[i].own);
	}
	free(all);
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	size_t count = stage_node_is_null(config) ? 0 : config->count;
	if (count && config->kind != STAGE_MAP) {
		stage_complain(c, config, "it takes a mapping of metric names to what they are");
		return NULL;
	}
	if (count > METRICS_MAX) {
		stage_complain(c, config, "there can be %d metrics at most", METRICS_MAX);
		return NULL;
	}
	struct metrics *all = calloc(1, sizeof *all + count * sizeof all->at[0]);
	if (!all)
		abort();
	all->count = count;
	for (size_t i = 0; i < count; i++)
		compile_one(c, config->keys[i], &config->items[i], &all->at[i]);
	if (!c->has_failed)
		return all;
	metrics_free(all);
	return NULL;
}

/* ---- running ---- */

/* "0.804", and durations as seconds. */
static bool number_of(const struct extracted *x, double *out)
{
	int64_t ns;
	switch (x->kind) {
	case VALUE_NUMBER:
		*out = x->number;
		return true;
	case VALUE_BOOL:
		*out = x->truth ? 1 : 0;
		return true;
	case VALUE_STRING:
		if (decimal_parse(x->text, out))
			return true;
		if (!stage_parse_duration(x->text, &ns))
			return false;
		*out = (double)(ns / NS_PER_S) + (double)(ns % NS_PER_S) / 1e9;
		return true;
	case VALUE_NONE:
	default:
		return false;
	}
}

/* A trace that is known not to be sampled is nowhere to be looked at; a gauge has no exemplar. */
static void trace(const struct metric *m, struct stage_series *s, size_t at, const struct entry *e, double number)
{
	const struct entry_origin *origin = &e->origin;
	if (origin->trace_result != TRACE_VALID || origin->trace.sampled == 0 || m->type == GAUGE)
		return;
	const struct stage_exemplar exemplar = { true, origin->trace, number, e->timestamp_ns };
	stage_series_trace(s, m->bound_count, at, &exemplar);
}

static void apply(struct metric *m, struct stage_series *s, struct stage_turn *turn, struct entry *e, double number)
{
	if (m->type == HISTOGRAM) {
		trace(m, s, stage_series_observe(s, m->bounds, m->bound_count, number), e, number);
		stage_note(turn, e, str_of(m->name), "observed ", number);
		return;
	}
	if (m->type == COUNTER && m->action == ADD && !(number > 0)) {
		if (isnan(number))
			s->value += number;
		return;
	}
	trace(m, s, 0, e, m->action == INC ? 1 : number);
	stage_note(turn, e, str_of(m->name), actions[m->action].sign, actions[m->action].needs_number ? number : 1);
	switch (m->action) {
	case INC: s->value += 1; break;
	case DEC: s->value -= 1; break;
	case SET: s->value = number; break;
	case SUB: s->value -= number; break;
	case ADD:
	case ACTIONS:
	default: s->value += number;
	}
}

static void touch(struct metric *m, struct stage_turn *turn, struct entry *e)
{
	const struct extracted *x = m->is_match_all ? NULL : extracted_get(e, m->source);
	bool needs_number = m->type == HISTOGRAM || actions[m->action].needs_number;
	double number = (double)e->line.n;
	struct str text;
	if (!m->is_match_all && !x)
		return;
	if (x && m->has_value && (!extracted_text(e, x, &text) || !str_eq(text, m->value)))
		return;
	if (needs_number && !(x ? number_of(x, &number) : m->is_count_bytes))
		return;
	struct stage_series *s = stage_series_get(m->series, &e->labels);
	if (!s)
		return;
	apply(m, s, turn, e, number);
	s->modified_s = turn->now_ns / NS_PER_S;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	struct metrics *all = stage;
	for (size_t i = 0; i < all->count && !e->is_repeat; i++)
		touch(&all->at[i], turn, e);
	return STAGE_NEXT;
}

/* ---- showing ---- */

static void share(void *stage, const void *owner)
{
	struct metrics *all = stage;
	const struct metrics *theirs = owner;
	for (size_t i = 0; i < all->count; i++)
		all->at[i].series = theirs->at[i].series;
}

struct show { void (*fn)(void *ctx, const struct stages_metric *m); void *ctx; };

static void show_row(const struct show *show, const struct metric *m, const char *suffix, struct labels labels, double value,
	const struct stage_exemplar *from)
{
	struct stages_exemplar exemplar;
	if (from && from->is_there)
		exemplar = (struct stages_exemplar){ { from->trace.trace_id, sizeof from->trace.trace_id },
			{ from->trace.span_id, from->trace.has_span ? sizeof from->trace.span_id : 0 }, from->value, from->timestamp_ns };
	struct stages_metric row = { .family = str_of(m->name), .suffix = str_of(suffix), .help = m->help, .type = type_names[m->type],
		.labels = labels, .value = value, .exemplar = from && from->is_there ? &exemplar : NULL };
	show->fn(show->ctx, &row);
}

static void show_histogram(const struct show *show, const struct metric *m, const struct stage_series *s)
{
	uint64_t sum = 0;
	struct labels labels = { 0 };
	for (size_t i = 0; i <= m->bound_count; i++) {
		char at[DECIMAL_ROOM];
		struct str le = STR("+Inf");
		if (i < m->bound_count)
			le = (struct str){ at, decimal_print(m->bounds[i], at) };
		if (str_ends(le, STR(".0"))) /* as the text format has it */
			le.n -= 2;
		sum = i < m->bound_count ? sum + s->counts[i] : s->count;
		labels_copy(&labels, &s->labels);
		labels_set(&labels, STR("le"), le);
		show_row(show, m, "_bucket", labels, (double)sum, s->exemplars ? &s->exemplars[i] : NULL);
	}
	labels_fini(&labels);
	show_row(show, m, "_sum", s->labels, s->value, NULL);
	show_row(show, m, "_count", s->labels, (double)s->count, NULL);
}

static void show_refused(const struct show *show, const struct metric *m)
{
	struct label label = { STR("metric"), str_of(m->name) };
	struct stages_metric row = { .family = STR("spoor_pipeline_series_refused_total"),
		.help = STR("Lines that a metric of a pipeline did not count because it has too many series, or labels that are too long"),
		.type = "counter", .labels = { &label, 1, 1 }, .value = (double)m->series->refused };
	if (m->series->refused)
		show->fn(show->ctx, &row);
}

static void each_metric(const void *stage, void (*fn)(void *ctx, const struct stages_metric *m), void *ctx)
{
	const struct metrics *all = stage;
	const struct show show = { fn, ctx };
	for (size_t i = 0; i < all->count; i++) {
		const struct metric *m = &all->at[i];
		for (size_t k = 0; k < m->series->count; k++) {
			if (m->type == HISTOGRAM)
				show_histogram(&show, m, m->series->all[k]);
			else
				show_row(&show, m, "", m->series->all[k]->labels, m->series->all[k]->value, m->series->all[k]->exemplars);
		}
		show_refused(&show, m);
	}
}

static void expire(void *stage, int64_t now_ns)
{
	struct metrics *all = stage;
	for (size_t i = 0; i < all->count; i++)
		stage_series_expire(all->at[i].series, now_ns / NS_PER_S, all->at[i].idle_s);
}

const struct stage_type stage_metrics = { .name = "metrics", .compile = compile, .run = run, .free = metrics_free,
	.share = share, .each_metric = each_metric, .expire = expire };
