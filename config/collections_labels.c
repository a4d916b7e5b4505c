/* Labels. For logs the rules are Loki's, so that a stream that the server would refuse is refused here, where somebody is looking. */
#include "config/collections.h"
#include "config/expand.h"

enum { LABELS_USUAL = 15 /* what Loki takes when nobody told it otherwise */, LABELS_MOST = 64, TARGET_LABELS_MOST = 64, NAME_MOST = 1024, VALUE_MOST = 2048 };

static bool is_label_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = ascii_lower(s.p[i]);
		if (c != '_' && (c < 'a' || c > 'z') && (i == 0 || !ascii_is_digit(c)))
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

void collection_labels(struct loader *r, const struct place *at, char *field)
{
	struct config_labels *labels = (void *)field;
	if (!collection_is_map(r, at, "a mapping of label names to values"))
		return;
	labels->at = arena_alloc(&r->config->arena, LABELS_MOST * sizeof *labels->at);
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = collection_entry(r, at, e, 0);
		if (str_starts(e->key, STR("__")))
			loader_key_error(r, &place, "names that start with __ are internal: choose another one");
		else if (labels->count == LABELS_MOST) {
			loader_key_error(r, &place, "more than %d labels", LABELS_MOST);
			return;
		} else if (label_is_good(r, &place))
			collection_add(r, labels, e->key, e->value->text);
	}
	if (labels->count > LABELS_USUAL)
		loader_warning(r, at, "more than %d labels: Loki refuses such streams, unless its max_label_names_per_series was raised", LABELS_USUAL);
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

void collection_static_labels(struct loader *r, const struct place *at, char *field)
{
	struct config_static *files = (void *)(field - offsetof(struct config_static, labels));
	if (!collection_is_map(r, at, "a mapping with __path__ and labels"))
		return;
	files->labels.at = arena_alloc(&r->config->arena, LABELS_MOST * sizeof *files->labels.at);
	files->internal.at = arena_alloc(&r->config->arena, LABELS_MOST * sizeof *files->internal.at);
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = collection_entry(r, at, e, 0);
		if (str_eq(e->key, STR("__path__")))
			read_path_label(r, &place, &files->path);
		else if (str_eq(e->key, STR("__path_exclude__")))
			read_path_label(r, &place, &files->path_exclude);
		else {
			struct config_labels *to = str_starts(e->key, STR("__")) ? &files->internal : &files->labels;
			if (to->count == LABELS_MOST) {
				loader_key_error(r, &place, "more than %d labels", LABELS_MOST);
				return;
			}
			if (label_is_good(r, &place))
				collection_add(r, to, e->key, e->value->text);
		}
	}
}

/* Labels of targets and samples: Prometheus' rules, which know neither Loki's number of labels nor forbid internal names. */
void collection_target_labels(struct loader *r, const struct place *at, char *field)
{
	struct config_labels *labels = (void *)field;
	if (!collection_is_map(r, at, "a mapping of label names to values"))
		return;
	if (at->node->count > TARGET_LABELS_MOST) {
		loader_error(r, at, "expected at most %d labels, found %zu", TARGET_LABELS_MOST, at->node->count);
		return;
	}
	labels->at = arena_alloc(&r->config->arena, at->node->count * sizeof *labels->at + 1);
	for (const struct node_entry *e = at->node->first; e; e = e->next) {
		struct place place = collection_entry(r, at, e, 0);
		if (str_eq(e->key, STR("__name__")))
			loader_key_error(r, &place, "the name of a metric is no label of a target");
		else if (label_is_good(r, &place))
			collection_add(r, labels, e->key, e->value->text);
	}
}
