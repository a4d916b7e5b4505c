/* Flags come without their dashes, in the order of the command line; for the same thing the last one counts:
 *
 *   collector.NAME   no-collector.NAME   collector.NAME.OPTION=VALUE   collector.NAME.SWITCH   no-collector.NAME.SWITCH
 *   collector.disable-defaults: only what is named runs, wherever it stands
 */
#include "agent/collectors/chosen.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/collectors/table.h"
#include "agent/pods/pods.h"
#include "config/nearest.h"

struct flag { /* one of them, taken apart */
	struct str collector, option, value;
	bool is_no, has_option, has_value;
};

/* node_exporter's flags have another name than their collector in two places. */
static const struct { const char *flag, *collector; } aliases[] = { { "powersupply", "powersupplyclass" }, { "qdisk", "qdisc" } };

static size_t option_count(const struct collector *c)
{
	size_t n = 0;
	while (c->options && c->options[n].name)
		n++;
	return n;
}

static char *copy(struct str s)
{
	char *z = malloc(s.n + 1);
	if (!z)
		abort();
	if (s.n)
		memcpy(z, s.p, s.n);
	z[s.n] = '\0';
	return z;
}

static void add_rows(struct chosen *c, const struct collector *const *table, unsigned part)
{
	for (size_t i = 0; table[i]; i++) {
		c->rows = realloc(c->rows, (c->count + 1) * sizeof *c->rows);
		if (!c->rows)
			abort();
		struct chosen_row *row = &c->rows[c->count++];
		*row = (struct chosen_row){ .collector = table[i], .part = part, .is_enabled = table[i]->is_default };
		size_t options = option_count(table[i]);
		row->values = options ? calloc(options, sizeof *row->values) : NULL;
		if (options && !row->values)
			abort();
		for (size_t o = 0; o < options; o++)
			row->values[o] = copy(str_of(table[i]->options[o].fallback));
	}
}

struct chosen_row *chosen_find(const struct chosen *c, struct str name)
{
	for (size_t i = 0; i < c->count; i++)
		if (str_eq(str_of(c->rows[i].collector->name), name))
			return &c->rows[i];
	return NULL;
}

static void unknown(const char *what, struct str name, const struct nearest *near, char err[256])
{
	struct str hint = nearest_word(near, name);
	int n = snprintf(err, 256, "unknown %s \"%.*s\"", what, (int)(name.n < 80 ? name.n : 80), name.p ? name.p : "");
	if (hint.n && n > 0 && n < 256)
		snprintf(err + n, 256 - (size_t)n, ", did you mean \"%.*s\"?", (int)(hint.n < 80 ? hint.n : 80), hint.p);
}

void chosen_unknown(const struct chosen *c, struct str name, char err[256])
{
	struct nearest near = { 0 };
	for (size_t i = 0; i < c->count; i++)
		nearest_offer(&near, name, str_of(c->rows[i].collector->name));
	unknown("collector", name, &near, err);
}

static bool take_apart(struct str text, struct flag *out)
{
	*out = (struct flag){ 0 };
	while (str_starts(text, STR("-")))
		text = str_skip(text, 1);
	if (str_starts(text, STR("no-"))) {
		out->is_no = true;
		text = str_skip(text, 3);
	}
	if (!str_starts(text, STR("collector.")))
		return false;
	text = str_skip(text, sizeof "collector." - 1);
	size_t equals = str_find(text, '=');
	out->has_value = equals < text.n;
	out->value = str_skip(text, equals + 1);
	out->option = str_take(text, equals);
	size_t point = str_find(out->option, '.');
	out->has_option = point < out->option.n;
	out->collector = str_cut(&out->option, '.');
	return true;
}

static bool read_switch(const struct flag *flag, bool *out)
{
	*out = !flag->is_no;
	if (!flag->has_value)
		return true;
	if (flag->is_no || (!str_eq(flag->value, STR("true")) && !str_eq(flag->value, STR("false"))))
		return false;
	*out = str_eq(flag->value, STR("true"));
	return true;
}

static bool is_switch(const struct collector_option *o)
{
	return o->fallback && (strcmp(o->fallback, "true") == 0 || strcmp(o->fallback, "false") == 0);
}

/* A repeatable option: the values of all its flags, one per line. */
static void add_value(char **values, const struct collector_option *o, struct str value)
{
	char *joined = NULL;
	if (str_ends(str_of(o->help), STR("(repeatable)")) && strcmp(*values, o->fallback ? o->fallback : "") != 0) {
		if (asprintf(&joined, "%s\n" STR_FMT, *values, STR_ARG(value)) < 0)
			abort();
	} else
		joined = copy(value);
	free(*values);
	*values = joined;
}

static int set_option(struct chosen_row *row, const struct flag *flag, const char *text, char err[256])
{
	const struct collector_option *options = row->collector->options;
	struct nearest near = { 0 };
	for (size_t i = 0; options && options[i].name; i++) {
		nearest_offer(&near, flag->option, str_of(options[i].name));
		if (!str_eq(flag->option, str_of(options[i].name)))
			continue;
		bool on;
		if (is_switch(&options[i]) && read_switch(flag, &on)) {
			free(row->values[i]);
			row->values[i] = copy(on ? STR("true") : STR("false"));
			return 0;
		}
		if (is_switch(&options[i]) || flag->is_no || !flag->has_value) {
			snprintf(err, 256, "--%.120s: this option %s", text,
				is_switch(&options[i]) ? "is true or false" : "needs a value, as in --collector.NAME.OPTION=VALUE");
			return -1;
		}
		add_value(&row->values[i], &options[i], flag->value);
		return 0;
	}
	char what[96];
	snprintf(what, sizeof what, "option of collector %.40s", row->collector->name);
	unknown(what, flag->option, &near, err);
	return -1;
}

static int read_flag(struct chosen *c, const char *text, bool *disables, char err[256])
{
	struct flag flag;
	bool on;
	if (!take_apart(str_of(text), &flag)) {
		snprintf(err, 256, "\"%.120s\" is no flag of a collector", text);
		return -1;
	}
	bool is_defaults = !flag.has_option && str_eq(flag.collector, STR("disable-defaults"));
	for (size_t i = 0; i < COUNT_OF(aliases) && flag.has_option; i++)
		if (str_eq(flag.collector, str_of(aliases[i].flag)))
			flag.collector = str_of(aliases[i].collector);
	struct chosen_row *row = is_defaults ? NULL : chosen_find(c, flag.collector);
	if (!is_defaults && !row) {
		chosen_unknown(c, flag.collector, err);
		return -1;
	}
	if (flag.has_option)
		return set_option(row, &flag, text, err);
	if (!read_switch(&flag, &on)) {
		snprintf(err, 256, "--%.120s: a collector is switched with --collector.NAME and --no-collector.NAME", text);
		return -1;
	}
	if (is_defaults) {
		*disables = on;
		return 0;
	}
	row->is_enabled = on;
	row->is_forced = true;
	return 0;
}

static int open_row(struct chosen_row *row, const struct roots *roots, char err[256])
{
	char why[256] = "";
	if (!row->is_enabled || !row->collector->open)
		return 0;
	/* The values are ours to free and the collector's to read. */
	const char *values[64] = { NULL };
	for (size_t i = 0; i < option_count(row->collector) && i < COUNT_OF(values); i++)
		values[i] = row->values[i];
	row->state = row->collector->open(values, roots, why);
	if (row->state || !why[0])
		return 0;
	snprintf(err, 256, "collector %.40s: %.200s", row->collector->name, why);
	return -1;
}

int chosen_init(struct chosen *c, const struct collection_options *options, char err[256])
{
	*c = (struct chosen){ 0 };
	add_rows(c, collectors, COLLECT_NODE);
	add_rows(c, pod_collectors, COLLECT_PODS);
	bool disables = false;
	for (size_t i = 0; i < options->flag_count; i++)
		if (read_flag(c, options->flags[i], &disables, err) < 0)
			goto fail;
	for (size_t i = 0; i < c->count; i++) {
		struct chosen_row *row = &c->rows[i];
		if (disables && !row->is_forced && row->part == COLLECT_NODE)
			row->is_enabled = false;
		if (open_row(row, &options->roots, err) < 0)
			goto fail;
	}
	return 0;
fail:
	chosen_fini(c);
	return -1;
}

void chosen_fini(struct chosen *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct chosen_row *row = &c->rows[i];
		if (row->state && row->collector->close)
			row->collector->close(row->state);
		for (size_t o = 0; o < option_count(row->collector); o++)
			free(row->values[o]);
		free(row->values);
	}
	free(c->rows);
	*c = (struct chosen){ 0 };
}

static void help_of(struct buf *out, const struct collector *c)
{
	buf_printf(out, "  --[no-]collector.%s  (%s)\n", c->name, c->is_default ? "on" : "off");
	for (const struct collector_option *o = c->options; o && o->name; o++) {
		bool is_plain = !is_switch(o);
		buf_printf(out, "    --%scollector.%s.%s%s", is_plain ? "" : "[no-]", c->name, o->name, is_plain ? "=" : "  (");
		buf_str(out, str_of(is_plain ? o->fallback : strcmp(o->fallback, "true") == 0 ? "on" : "off"));
		buf_str(out, is_plain ? STR("\n") : STR(")\n"));
		if (o->help && *o->help)
			buf_printf(out, "        %s\n", o->help);
	}
}

void collection_help(struct buf *out)
{
	buf_str(out, STR("  --collector.disable-defaults  only the collectors that are named\n"));
	for (size_t i = 0; collectors[i]; i++)
		help_of(out, collectors[i]);
	for (size_t i = 0; pod_collectors[i]; i++)
		help_of(out, pod_collectors[i]);
}
