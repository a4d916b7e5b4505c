/* Kernel settings by name: --collector.sysctl.include=NAME, NAME:field,field for several numbers in one file, and include-info for texts.
 * Each flag may be given many times. A setting that cannot be read fails the collector, the others are still written. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"
#include "parsers/bytes/num.h"

enum { OPTION_INCLUDE, OPTION_INCLUDE_INFO, OPTIONS };
static const char INFO[] = "node_sysctl_info";

static const struct collector_option options[] = {
	{ "include", "", "Select sysctl metrics to include (repeatable)" },
	{ "include-info", "", "Select sysctl metrics to include as info metrics (repeatable)" },
	{ NULL, NULL, NULL },
};

struct state {
	char *texts[OPTIONS];
};

void sysctl_spec_parse(struct str text, bool is_info, struct sysctl_spec *out)
{
	*out = (struct sysctl_spec){ .keys = text, .is_info = is_info };
	out->name = str_cut(&out->keys, ':');
	out->has_keys = out->name.n < text.n;
}

/* Bytes that a metric's name cannot have become one underscore, together with the underscores around them. */
static void append_name(struct buf *out, struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool is_fine = ascii_is_letter(c) || ascii_is_digit(c);
		size_t run = i;
		bool has_bad = false;
		for (; !is_fine && run < name.n; run++) {
			char d = name.p[run];
			if (ascii_is_letter(d) || ascii_is_digit(d))
				break;
			has_bad |= d != '_';
		}
		if (is_fine)
			buf_char(out, c);
		else if (has_bad)
			buf_char(out, '_');
		else
			buf_append(out, name.p + i, run - i);
		if (!is_fine)
			i = run - 1;
	}
}

static void write_info(struct families *f, const struct sysctl_spec *spec, struct str text)
{
	for (size_t i = 0;; i++) {
		char index[24];
		struct str value = fields_next(&text);
		if (value.n == 0)
			return;
		snprintf(index, sizeof index, "%zu", i);
		const struct metric_label labels[] = { { "index", str_of(index) }, { "name", spec->name }, { "value", value } };
		families_sample(f, "", labels, COUNT_OF(labels), 1);
	}
}

static bool read_numbers(struct str text, size_t *count)
{
	*count = 0;
	for (struct str word; (word = fields_next(&text)).n; ++*count) {
		int64_t ignored;
		if (!num_i64(word, &ignored))
			return false;
	}
	return *count > 0;
}

static void write_mapped(struct families *f, const struct sysctl_spec *spec, struct str text, struct buf *scratch)
{
	struct str keys = spec->keys;
	for (size_t i = 0; keys.n; i++) {
		struct str key = str_cut(&keys, ',');
		int64_t value = 0;
		char help[256];
		num_i64(fields_next(&text), &value);
		buf_reset(scratch);
		buf_str(scratch, STR("node_sysctl_"));
		append_name(scratch, spec->name);
		buf_char(scratch, '_');
		append_name(scratch, key);
		buf_char(scratch, '\0');
		snprintf(help, sizeof help, "sysctl %.*s, field %zu", (int)(spec->name.n < 200 ? spec->name.n : 200), spec->name.p, i);
		families_begin(f, scratch->p, METRIC_UNKNOWN, help);
		families_value(f, (double)value);
	}
}

bool sysctl_write(struct families *f, const struct sysctl_spec *spec, struct str text, struct buf *scratch)
{
	size_t count, keys = spec->has_keys;
	char help[256];
	for (size_t i = 0; i < spec->keys.n; i++)
		keys += spec->keys.p[i] == ',';
	if (spec->is_info) {
		write_info(f, spec, text);
		return str_trim(text).n > 0 && !spec->has_keys;
	}
	if (!read_numbers(text, &count) || (keys && keys != count))
		return false;
	if (keys) {
		write_mapped(f, spec, text, scratch);
		return true;
	}
	buf_reset(scratch);
	buf_str(scratch, STR("node_sysctl_"));
	append_name(scratch, spec->name);
	buf_char(scratch, '\0');
	snprintf(help, sizeof help, "sysctl %.*s", (int)(spec->name.n < 200 ? spec->name.n : 200), spec->name.p);
	families_begin(f, scratch->p, METRIC_UNKNOWN, help);
	for (size_t i = 0; i < count; i++) {
		int64_t value = 0;
		char index[24];
		num_i64(fields_next(&text), &value);
		snprintf(index, sizeof index, "%zu", i);
		if (count == 1)
			families_value(f, (double)value);
		else
			families_label1(f, "index", str_of(index), (double)value);
	}
	return true;
}

static void close_sysctl(void *state)
{
	struct state *s = state;
	for (size_t i = 0; i < OPTIONS; i++)
		free(s->texts[i]);
	free(s);
}

static void *open_sysctl(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	(void)err;
	struct state *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	for (size_t i = 0; i < OPTIONS; i++)
		if (!(s->texts[i] = strdup(values[i])))
			abort();
	return s;
}

static int write_one(struct collect *c, const struct sysctl_spec *spec)
{
	char path[256];
	struct str text;
	int n = snprintf(path, sizeof path, "/sys/" STR_FMT, STR_ARG(spec->name));
	if (n < 0 || (size_t)n >= sizeof path || memmem(path, (size_t)n, "..", 2))
		return -EINVAL;
	for (char *p = path; *p; p++)
		if (*p == '.')
			*p = '/';
	int error = files_read(c->files, c->roots->proc, path, true, &text);
	if (error)
		return error;
	return sysctl_write(c->out, spec, text, c->scratch) ? 0 : -EINVAL;
}

static int update(void *state, struct collect *c)
{
	const struct state *s = state;
	int failed = 0;
	for (size_t i = 0; i < OPTIONS; i++) {
		if (i == OPTION_INCLUDE_INFO)
			families_begin(c->out, INFO, METRIC_GAUGE, "sysctl info");
		for (struct str rest = str_of(s->texts[i]); rest.n;) {
			struct sysctl_spec spec;
			sysctl_spec_parse(str_cut(&rest, '\n'), i == OPTION_INCLUDE_INFO, &spec);
			int error = spec.name.n ? write_one(c, &spec) : 0;
			failed = error ? error : failed;
		}
	}
	return failed;
}

const struct collector collector_sysctl = { .name = "sysctl", .options = options, .open = open_sysctl, .update = update,
	.close = close_sysctl };
