/* /proc/vmstat: "pgfault 123", some two hundred lines, of which a pattern takes a few. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/collectors/all.h"
#include "agent/collectors/fields.h"
#include "agent/collectors/system.h"
#include "parsers/bytes/hash.h"

enum { OPTION_FIELDS, NAME_MAX_BYTES = 128 };

static const struct collector_option options[] = {
	{ "fields", "^(oom_kill|pgpg|pswp|pg.*fault).*", "Regexp of fields to return for vmstat collector." },
	{ NULL, NULL, NULL },
};

struct state {
	struct regex *pattern;
	struct vmstat_filter filter;
};

static bool is_wanted(struct vmstat_filter *filter, size_t line, struct str name)
{
	if (line >= VMSTAT_LINES_MAX)
		return regex_match(filter->wanted, name, 0, NULL) == REGEX_MATCH;
	uint64_t hash = hash_bytes(name);
	if (filter->hash[line] != hash) {
		filter->hash[line] = hash;
		filter->is_wanted[line] = regex_match(filter->wanted, name, 0, NULL) == REGEX_MATCH;
	}
	return filter->is_wanted[line];
}

bool vmstat_write(struct families *f, struct str text, struct vmstat_filter *filter)
{
	static const char prefix[] = "node_vmstat_";
	bool is_there = false;
	for (size_t line = 0; text.n; line++) {
		struct str rest = str_cut(&text, '\n'), key = str_cut(&rest, ' ');
		double value;
		char name[sizeof prefix + NAME_MAX_BYTES], help[64 + NAME_MAX_BYTES];
		if (key.n == 0 || key.n > NAME_MAX_BYTES || !is_wanted(filter, line, key) || !labels_name_is_legacy(key, true) ||
			!fields_number(fields_next(&rest), &value)) {
			is_there |= key.n > 0;
			continue;
		}
		is_there = true;
		snprintf(name, sizeof name, "%s" STR_FMT, prefix, STR_ARG(key));
		snprintf(help, sizeof help, "/proc/vmstat information field " STR_FMT ".", STR_ARG(key));
		families_begin(f, name, METRIC_UNKNOWN, help);
		families_value(f, value);
	}
	return is_there;
}

static void close_vmstat(void *state)
{
	struct state *s = state;
	regex_free(s->pattern);
	free(s);
}

static void *open_vmstat(const char *const *values, const struct roots *roots, char err[256])
{
	(void)roots;
	struct state *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	s->pattern = regex_new(str_of(values[OPTION_FIELDS]), 0, err);
	if (!s->pattern) {
		free(s);
		return NULL;
	}
	s->filter.wanted = s->pattern;
	return s;
}

static int update(void *state, struct collect *c)
{
	struct state *s = state;
	struct str text;
	int error = files_read(c->files, c->roots->proc, "/vmstat", true, &text);
	if (error)
		return error;
	return vmstat_write(c->out, text, &s->filter) ? 0 : -EINVAL;
}

const struct collector collector_vmstat = { .name = "vmstat", .is_default = true, .options = options, .open = open_vmstat,
	.update = update, .close = close_vmstat };
