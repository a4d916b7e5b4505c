/* Values that are mappings or lists themselves: labels, headers, scopes, stages. Label rules are Loki's, so that a stream that
 * the server would refuse is refused here, where somebody is looking. */
#include "config/expand.h"
#include "config/nearest.h"
#include "config/loader.h"

enum { LABELS_MOST = 15, NAME_MOST = 1024, VALUE_MOST = 2048, STRINGS_MOST = 64 };

/* The place of one entry inside the value at `at`. */
static struct place entry_place(struct loader *r, const struct place *at, const struct node_entry *e, size_t i)
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

static bool is_label_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);
		if (c != '_' && (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return s.n > 0;
}

static void warn_of_variables(struct loader *r, const struct place *at, struct str value)
{
	size_t from = 0, start;
	struct str name;
	while (expand_next(value, from, &start, &from, &name))
		if (!expand_is_known(name)) {
			loader_warning(r, at, "${%.*s} stays as it is: only NODE_NAME, HOSTNAME, HOST_IP, POD_NAME and "
				"POD_NAMESPACE are expanded",
				       STR_ARG(str_take(name, 64)));
			return;
		}
}

static void add_pair(struct loader *r, struct config_labels *to, struct str name, struct str value)
{
	to->at[to->count++] = (struct config_label){ arena_copy(&r->config->arena, name), arena_copy(&r->config->arena, value) };
}

/* Is it a label that Loki takes? Says so when not. */
static bool label_is_good(struct loader *r, const struct place *at)
{
	struct str name = at->key, value = at->node->text;
	if (at->node->kind == NODE_LIST || at->node->kind == NODE_MAP) {
		loader_expected(r, at, "a label value");
		return false;
	}
	if (!is_label_name(name) || name.n > NAME_MOST) {
		loader_key_error(r, at, "not a label name: letters, digits and _ only, no digit first, at most %d bytes",
			NAME_MOST);
		return false;
	}
	if (value.n > VALUE_MOST || str_find(value, '\0') < value.n) {
		loader_error(r, at, "expected a label value of at most %d bytes without NUL", VALUE_MOST);
		return false;
	}
	if (at->node->kind == NODE_NULL || value.n == 0) {
		loader_warning(r, at, "an empty label value means no label: left out");
		return false;
	}
	warn_of_variables(r, at, value);
	return true;
}

static bool map_is_good(struct loader *r, const struct place *at, const char *what)
{
	if (at->node->kind == NODE_MAP)
		return true;
	if (at->node->kind != NODE_NULL)
		loader_expected(r, at, what);
	return false;
}

static void read_labels(struct loader *r, const struct place *at, char *field)
{
	struct config_labels *labels = (void *)field;
	if (!map_is_good(r, at, "a mapping of label names to values"))
		return;
	labels->at = arena_alloc(&r->config->arena, LABELS_MOST * sizeof *labels->at);
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = entry_place(r, at, e, 0);
		if (str_starts(e->key, STR("__")))
			loader_key_error(r, &place, "names that start with __ are internal: choose another one");
		else if (labels->count == LABELS_MOST) {
			loader_key_error(r, &place, "more than %d labels, which is what Loki takes on a stream", LABELS_MOST);
			return;
		} else if (label_is_good(r, &place))
			add_pair(r, labels, e->key, e->value->text);
	}
}

static void read_path_label(struct loader *r, const struct place *at, struct str *field)
{
	static const struct option as_text = { "__path__", OPTION_STR, 0, "", "", "", 0, 0 };
	struct buf why;
	buf_init(&why, 512);
	if (at->node->kind != NODE_SCALAR)
		loader_expected(r, at, "a pattern of file names such as /var/log/*.log");
	else if (!value_read(&as_text, at->node->text, (char *)field, &r->config->arena, &why))
		loader_error(r, at, "%.*s", STR_ARG(buf_view(&why)));
	else if (str_starts(at->node->text, STR("${")))
		loader_warning(r, at, "variables are not expanded in paths");
	buf_fini(&why);
	struct place *kept = arena_alloc(&r->arena, sizeof *kept);
	*kept = *at;
	kept->field = field;
	map_put(&r->fields, (struct str){ (const char *)&kept->field, sizeof kept->field }, kept);
}

static void read_static_labels(struct loader *r, const struct place *at, char *field)
{
	struct config_static *files = (void *)(field - offsetof(struct config_static, labels));
	if (!map_is_good(r, at, "a mapping with __path__ and labels"))
		return;
	files->labels.at = arena_alloc(&r->config->arena, LABELS_MOST * sizeof *files->labels.at);
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = entry_place(r, at, e, 0);
		if (str_eq(e->key, STR("__path__")))
			read_path_label(r, &place, &files->path);
		else if (str_eq(e->key, STR("__path_exclude__")))
			read_path_label(r, &place, &files->path_exclude);
		else if (str_starts(e->key, STR("__")))
			loader_warning(r, &place, "has no effect: labels that start with __ are internal and not shipped");
		else if (files->labels.count == LABELS_MOST) {
			loader_key_error(r, &place, "more than %d labels, which is what Loki takes on a stream", LABELS_MOST);
			return;
		} else if (label_is_good(r, &place))
			add_pair(r, &files->labels, e->key, e->value->text);
	}
}

static void read_secret_map(struct loader *r, const struct place *at, char *field)
{
	struct config_labels *pairs = (void *)field;
	if (!map_is_good(r, at, "a mapping of names to values"))
		return;
	if (at->node->count > STRINGS_MOST) {
		loader_error(r, at, "expected at most %d entries, found %zu", STRINGS_MOST, at->node->count);
		return;
	}
	pairs->at = arena_alloc(&r->config->arena, at->node->count * sizeof *pairs->at + 1);
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = entry_place(r, at, e, 0);
		struct str value = e->value->text;
		bool is_clean = e->value->kind == NODE_SCALAR || e->value->kind == NODE_NULL;
		for (size_t i = 0; is_clean && i < value.n; i++)
			is_clean = (unsigned char)value.p[i] >= 0x20 && value.p[i] != 0x7f;
		if (is_clean)
			add_pair(r, pairs, e->key, e->value->kind == NODE_NULL ? (struct str){ 0 } : value);
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
		loader_expected(r, at, "a list of at most 64 strings");
		return;
	}
	strings->at = arena_alloc(&r->config->arena, at->node->count * sizeof *strings->at + 1);
	buf_init(&why, 512);
	size_t i = 0;
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = entry_place(r, at, e, i++);
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
		struct place place = entry_place(r, at, e, i++);
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

typedef void collection_fn(struct loader *r, const struct place *at, char *field);
static collection_fn *const collection_fns[OPTION_KINDS] = {
	[OPTION_STRINGS] = read_strings,
	[OPTION_LABELS] = read_labels,
	[OPTION_STATIC_LABELS] = read_static_labels,
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
