/* THE table, in parts. Order is the order of the reference and of /config: a section or list row stands before its keys, and the keys of
 * a section stand together. Defaults and bounds are texts in the language of the file, read by the same functions as the file,
 * so that the reference cannot disagree with the program. Keys of Promtail and Prometheus that cannot have an effect here are rows too:
 * a file that people already run gets a sentence for each of them instead of "unknown key". */
#include "config/options/options.h"

static const struct { const struct option *rows; const size_t *count; } tables[] = {
	{ options_program, &options_program_count }, { options_kubernetes, &options_kubernetes_count },
	{ options_logs, &options_logs_count }, { options_metrics, &options_metrics_count },
	{ options_scrape, &options_scrape_count },   { options_end, &options_end_count },
};

const struct option *option_at(size_t i)
{
	for (size_t t = 0; t < COUNT_OF(tables); t++) {
		if (i < *tables[t].count)
			return &tables[t].rows[i];
		i -= *tables[t].count;
	}
	return NULL;
}

const struct option *option_in(enum option_file file, size_t i)
{
	if (file == OPTIONS_CONFIG)
		return option_at(i);
	return i < options_test_count ? &options_test[i] : NULL;
}

const char *const option_kind_names[OPTION_KINDS] = {
	[OPTION_STR] = "string",
	[OPTION_SECRET] = "secret",
	[OPTION_TEXT] = "string",
	[OPTION_CHOICE] = "choice",
	[OPTION_BOOL] = "boolean",
	[OPTION_INT] = "integer",
	[OPTION_COUNT] = "integer",
	[OPTION_DURATION] = "duration",
	[OPTION_BYTES] = "size",
	[OPTION_BASE2] = "size in 1024s",
	[OPTION_STRINGS] = "list of strings",
	[OPTION_LABELS] = "labels",
	[OPTION_STATIC_LABELS] = "labels",
	[OPTION_TARGET_LABELS] = "labels",
	[OPTION_PARAMS] = "mapping to lists",
	[OPTION_HTTP_HEADERS] = "headers",
	[OPTION_SECRET_MAP] = "mapping, values secret",
	[OPTION_MAP] = "mapping",
	[OPTION_LINES] = "lines",
	[OPTION_STAGES] = "list of stages",
	[OPTION_SECTION] = "section",
	[OPTION_LIST] = "list of sections",
	[OPTION_ONE] = "section",
	[OPTION_ACCEPTED] = "anything",
	[OPTION_IGNORED] = "anything",
	[OPTION_REFUSED] = "nothing",
};

static struct str without_brackets(struct str s)
{
	return str_ends(s, STR("[]")) ? str_take(s, s.n - 2) : s;
}

struct str option_section(const struct option *o)
{
	struct str path = without_brackets(str_of(o->path));
	while (path.n && path.p[path.n - 1] != '.')
		path.n--;
	return str_take(path, path.n ? path.n - 1 : 0);
}

struct str option_key(const struct option *o)
{
	struct str section = option_section(o);
	return without_brackets(str_skip(str_of(o->path), section.n ? section.n + 1 : 0));
}

const struct option *option_find(struct str section, struct str key)
{
	return option_find_in(OPTIONS_CONFIG, section, key);
}

const struct option *option_find_in(enum option_file file, struct str section, struct str key)
{
	size_t lead = section.n ? section.n + 1 : 0;
	const struct option *o;
	for (size_t i = 0; (o = option_in(file, i)); i++) {
		if (section.n && strncmp(o->path, section.p, section.n) != 0)
			continue;
		struct str path = without_brackets(str_of(o->path));
		if (path.n == lead + key.n && str_ends(path, key) && (!lead || path.p[section.n] == '.') && str_find(key, '.') == key.n)
			return o;
	}
	return NULL;
}

bool option_has_effect(const struct option *o)
{
	static const bool is_without[OPTION_KINDS] = { [OPTION_IGNORED] = true, [OPTION_REFUSED] = true };
	const struct option *below;
	if (o->kind != OPTION_SECTION)
		return !is_without[o->kind];
	size_t n = strlen(o->path);
	for (size_t i = 0; (below = option_at(i)); i++)
		if (strncmp(below->path, o->path, n) == 0 && below->path[n] == '.' && below->kind != OPTION_SECTION &&
		    below->kind != OPTION_ACCEPTED && !is_without[below->kind])
			return true;
	return false;
}

void option_range(const struct option *o, struct str *least, struct str *most)
{
	struct str all = str_of(o->range);
	size_t at = 0;
	while (at + 1 < all.n && (all.p[at] != '.' || all.p[at + 1] != '.'))
		at++;
	*least = at + 1 < all.n ? str_take(all, at) : (struct str){ 0 };
	*most = at + 1 < all.n ? str_skip(all, at + 2) : (struct str){ 0 };
}
