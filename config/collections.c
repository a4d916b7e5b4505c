/* Values that are mappings or lists themselves: headers, scopes, stages; labels are in collections_labels.c, what only metrics have in
 * collections_metrics.c. */
#include "config/collections.h"
#include "config/nearest.h"

enum { PAIRS_MOST = 64, STRINGS_MOST = 10000 };

/* The place of one entry inside the value at `at`. */
struct place collection_entry(struct loader *r, const struct place *at, const struct node_entry *e, size_t i)
{
	struct buf b;
	buf_init(&b, 4096);
	buf_str(&b, at->section);
	buf_str(&b, at->section.n ? STR(".") : STR(""));
	buf_str(&b, at->key);
	if (at->node->kind == NODE_LIST)
		buf_printf(&b, "[%zu]", i);
	struct place place = { .line = e->line, .column = e->column, .node = e->value, .key = e->key, .option = at->option };
	place.section = arena_copy(&r->arena, buf_view(&b));
	buf_fini(&b);
	return place;
}

void collection_add(struct loader *r, struct config_labels *to, struct str name, struct str value)
{
	to->at[to->count++] = (struct config_label){ arena_copy(&r->config->arena, name), arena_copy(&r->config->arena, value) };
}

bool collection_is_map(struct loader *r, const struct place *at, const char *what)
{
	if (at->node->kind == NODE_MAP)
		return true;
	if (at->node->kind != NODE_NULL)
		loader_expected(r, at, what);
	return false;
}

static void read_secret_map(struct loader *r, const struct place *at, char *field)
{
	struct config_labels *pairs = (void *)field;
	if (!collection_is_map(r, at, "a mapping of names to values"))
		return;
	if (at->node->count > PAIRS_MOST) {
		loader_error(r, at, "expected at most %d entries, found %zu", PAIRS_MOST, at->node->count);
		return;
	}
	pairs->at = arena_alloc(&r->config->arena, at->node->count * sizeof *pairs->at + 1);
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = collection_entry(r, at, e, 0);
		struct str value = e->value->text;
		bool is_clean = e->value->kind == NODE_SCALAR || e->value->kind == NODE_NULL;
		for (size_t i = 0; is_clean && i < value.n; i++)
			is_clean = (unsigned char)value.p[i] >= 0x20 && value.p[i] != 0x7f;
		if (is_clean)
			collection_add(r, pairs, e->key, e->value->kind == NODE_NULL ? (struct str){ 0 } : value);
		else
			loader_error(r, &place, "expected text without line breaks and control characters");
	}
}

static void read_strings(struct loader *r, const struct place *at, char *field)
{
	struct config_strings *strings = (void *)field;
	static const struct option as_text = { "", OPTION_STR, 0, "", "", "", 0, 0 };
	struct buf why;
	if (at->node->kind == NODE_NULL)
		return;
	if (at->node->kind != NODE_LIST || at->node->count > STRINGS_MOST) {
		loader_expected(r, at, "a list of strings, at most 10000");
		return;
	}
	strings->at = arena_alloc(&r->config->arena, at->node->count * sizeof *strings->at + 1);
	buf_init(&why, 512);
	size_t i = 0;
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = collection_entry(r, at, e, i++);
		buf_reset(&why);
		if (e->value->kind != NODE_SCALAR)
			loader_expected(r, &place, "a string");
		else if (value_read(&as_text, e->value->text, (char *)&strings->at[strings->count], &r->config->arena, &why))
			strings->count++;
		else
			loader_error(r, &place, "%.*s", STR_ARG(buf_view(&why)));
	}
	buf_fini(&why);
}

/* Promtail's stages. Two of them say how lines are wrapped, which is all that this version runs. */
static const struct stage { const char *name; enum log_format format; } stages[] = {
	{ "cri", FORMAT_CRI }, { "docker", FORMAT_DOCKER }, { "decolorize", FORMAT_AUTO }, { "drop", FORMAT_AUTO },
	{ "eventlogmessage", FORMAT_AUTO }, { "geoip", FORMAT_AUTO }, { "json", FORMAT_AUTO }, { "labelallow", FORMAT_AUTO },
	{ "labeldrop", FORMAT_AUTO }, { "labels", FORMAT_AUTO }, { "limit", FORMAT_AUTO }, { "logfmt", FORMAT_AUTO },
	{ "luhn", FORMAT_AUTO }, { "match", FORMAT_AUTO }, { "metrics", FORMAT_AUTO }, { "multiline", FORMAT_AUTO },
	{ "non_indexed_labels", FORMAT_AUTO }, { "output", FORMAT_AUTO }, { "pack", FORMAT_AUTO }, { "regex", FORMAT_AUTO },
	{ "replace", FORMAT_AUTO }, { "sampling", FORMAT_AUTO }, { "static_labels", FORMAT_AUTO },
	{ "structured_metadata", FORMAT_AUTO }, { "template", FORMAT_AUTO }, { "tenant", FORMAT_AUTO },
	{ "timestamp", FORMAT_AUTO },
};

static const struct stage *stage_find(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(stages); i++)
		if (str_eq(name, str_of(stages[i].name)))
			return &stages[i];
	return NULL;
}

static void unknown_stage(struct loader *r, const struct place *at)
{
	struct nearest nearest = { 0 };
	for (size_t i = 0; i < COUNT_OF(stages); i++)
		nearest_offer(&nearest, at->key, str_of(stages[i].name));
	struct str word = nearest_word(&nearest, at->key);
	if (word.n)
		loader_key_error(r, at, "unknown stage; did you mean %.*s?", STR_ARG(word));
	else
		loader_key_error(r, at, "unknown stage; this version runs cri and docker");
}

static void read_stage(struct loader *r, const struct place *at, enum log_format *format)
{
	const struct stage *stage = stage_find(at->key);
	if (!stage)
		unknown_stage(r, at);
	else if (stage->format == FORMAT_AUTO)
		loader_key_error(r, at, "the stage %s is not run by this version yet: remove it here, or keep Promtail for this "
			"job until it is",
				 stage->name);
	else if (*format != FORMAT_AUTO)
		loader_key_error(r, at, "lines are wrapped once: keep one of the stages cri and docker");
	else if (at->node->kind == NODE_SCALAR || at->node->kind == NODE_LIST)
		loader_expected(r, at, "{}");
	else {
		*format = stage->format;
		if (at->node->count)
			loader_warning(r, at, "has no effect: what is in this stage; partial lines are joined up to "
				"limits_config.max_line_size");
	}
}

static void read_stages(struct loader *r, const struct place *at, char *field)
{
	enum log_format format = FORMAT_AUTO;
	if (at->node->kind == NODE_NULL)
		return;
	if (at->node->kind != NODE_LIST) {
		loader_expected(r, at, "a list of stages such as - cri: {}");
		return;
	}
	size_t i = 0;
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = collection_entry(r, at, e, i++);
		if (e->value->kind != NODE_MAP || e->value->count != 1) {
			loader_expected(r, &place, "one stage in each element, such as - cri: {}");
			continue;
		}
		const struct node_entry *stage = e->value->first;
		place.key = stage->key;
		place.line = stage->line;
		place.column = stage->column;
		place.node = stage->value;
		read_stage(r, &place, &format);
	}
	memcpy(field, &format, sizeof format);
}

static collection_fn *const collection_fns[OPTION_KINDS] = {
	[OPTION_STRINGS] = read_strings,
	[OPTION_LABELS] = collection_labels,
	[OPTION_TARGET_LABELS] = collection_target_labels,
	[OPTION_STATIC_LABELS] = collection_static_labels,
	[OPTION_PARAMS] = collection_params,
	[OPTION_HTTP_HEADERS] = collection_http_headers,
	[OPTION_SECRET_MAP] = read_secret_map,
	[OPTION_STAGES] = read_stages,
};

bool collection_is(enum option_kind kind)
{
	return collection_fns[kind] != NULL;
}

void collection_read(struct loader *r, const struct place *at, char *field)
{
	collection_fns[at->option->kind](r, at, field);
}
