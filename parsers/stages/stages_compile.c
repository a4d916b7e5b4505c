/* From the tree of a configuration to a row of steps, with every problem that is found on the way: the table of stages, their keys, and what
 * is said of those that Promtail has and we have not. */
#include "parsers/stages/stages_inside.h"

#include <stdlib.h>

#include "parsers/bytes/array.h"

static const struct stage_type *const types[] = { &stage_json, &stage_logfmt, &stage_regex, &stage_replace, &stage_template,
	&stage_timestamp, &stage_output, &stage_pack, &stage_decolorize,
	&stage_cri, &stage_docker, &stage_labels, &stage_static_labels, &stage_labeldrop, &stage_labelallow,
	&stage_structured_metadata,
	&stage_non_indexed_labels, &stage_tenant, &stage_match, &stage_drop_lines, &stage_limit, &stage_sampling, &stage_multiline,
	&stage_metrics };

static const struct refused { /* Promtail's, and none of ours */
	const char *name, *advice;
} refused[] = {
	{ "eventlogmessage", "it reads Windows' event log, which a Linux node does not have: remove it" },
	{ "geoip", "look addresses up where the logs are read: the line keeps the address; remove it" },
};

static const struct stage_type *type_named(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(types); i++)
		if (str_eq(name, str_of(types[i]->name)))
			return types[i];
	return NULL;
}

static const char *advice_for(struct str name)
{
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		if (str_eq(name, str_of(refused[i].name)))
			return refused[i].advice;
	return NULL;
}

static void report_unknown(struct stage_compile *c, const struct stage_node *at, struct str key, const char *what,
	const char *const *known)
{
	struct stage_problem problem = { .line = at->line, .column = at->column, .key = key };
	struct buf text;
	buf_init(&text, sizeof problem.text - 1);
	if (c->stage)
		buf_printf(&text, "the stage %s: ", c->stage);
	buf_printf(&text, "there is no %s \"" STR_FMT "\"; known are", what, STR_ARG(str_take(key, 60)));
	for (size_t i = 0; known[i]; i++)
		buf_printf(&text, "%s %s", i ? "," : "", known[i]);
	if (text.n)
		memcpy(problem.text, text.p, text.n);
	buf_fini(&text);
	c->has_failed = true;
	if (c->problem)
		c->problem(c->ctx, &problem, known);
}

static void check_keys(struct stage_compile *c, const struct stage_type *type, const struct stage_node *config)
{
	if (!type->keys || stage_node_is_null(config))
		return;
	if (config->kind != STAGE_MAP || (!type->keys[0] && config->count)) {
		stage_complain(c, config, type->keys[0] ? "it takes a mapping of keys" : "it takes no keys: write %s: {}",
			type->name);
		return;
	}
	for (size_t i = 0; i < config->count; i++) {
		bool is_known = false;
		for (size_t k = 0; type->keys[k]; k++)
			is_known = is_known || str_ieq(config->keys[i], str_of(type->keys[k]));
		if (!is_known)
			report_unknown(c, &config->items[i], config->keys[i], "key", type->keys);
	}
}

static struct step *add_step(struct stages *p)
{
	p->steps = array_room(p->steps, p->count, &p->room, sizeof *p->steps);
	p->steps[p->count] = (struct step){ .end = p->count + 1 };
	return &p->steps[p->count++];
}

/* One item of a list of stages. What is inside of it is left in c->nested. */
static void compile_one(struct stages *p, struct stage_compile *c, const struct stage_node *item)
{
	c->stage = NULL;
	c->at = item;
	c->nested = NULL;
	if (item->kind != STAGE_MAP || item->count != 1) {
		stage_complain(c, item,
			"a stage is one name with its settings, such as \"- json:\" and what belongs to it further in");
		return;
	}
	struct str name = item->keys[0];
	const struct stage_type *type = type_named(name);
	const char *advice = advice_for(name), *const *names;
	if (advice) {
		stage_complain(c, item, "the stage " STR_FMT " is not supported: %s", STR_ARG(name), advice);
		return;
	}
	if (!type) {
		stages_names(&names);
		report_unknown(c, item, name, "stage", names);
		return;
	}
	if (p->count == STAGES_MAX) {
		stage_complain(c, item, "more than %d stages", STAGES_MAX);
		return;
	}
	c->stage = type->name;
	bool had_failed = c->has_failed;
	c->has_failed = false;
	check_keys(c, type, &item->items[0]);
	void *stage = type->compile(c, &item->items[0]);
	if (!stage && !c->has_failed)
		stage_complain(c, item, "it cannot be set up");
	if (stage) {
		struct step *step = add_step(p);
		step->type = type;
		step->stage = stage;
	}
	c->has_failed = c->has_failed || had_failed;
}

struct list_level { const struct stage_node *list; size_t next, owner; };

/* Goes down into what is nested with a stack of its own. */
static void compile_all(struct stages *p, struct stage_compile *c, const struct stage_node *list)
{
	struct list_level levels[STAGES_DEPTH_MAX + 1] = { { list, 0, 0 } };
	size_t depth = 1;
	while (depth > 0) {
		struct list_level *top = &levels[depth - 1];
		if (top->next == top->list->count) {
			depth--;
			if (depth > 0 && top->owner < p->count)
				p->steps[top->owner].end = p->count;
			continue;
		}
		const struct stage_node *item = &top->list->items[top->next++];
		size_t owner = p->count;
		compile_one(p, c, item);
		if (!c->nested)
			continue;
		if (depth == COUNT_OF(levels)) {
			stage_complain(c, item, "stages inside of stages go at most %d deep", STAGES_DEPTH_MAX);
			continue;
		}
		if (c->nested->kind != STAGE_LIST) {
			stage_complain(c, c->nested, "its stages must be a list");
			continue;
		}
		if (owner < p->count)
			p->steps[owner].has_nested = true;
		levels[depth++] = (struct list_level){ c->nested, 0, owner };
	}
}

struct stages *stages_compile_with(const struct stage_node *stages, const struct stages_options *options, stage_problem_fn *problem,
	void *ctx)
{
	struct stage_compile c = { .options = options ? *options : (struct stages_options){ 0 },
		.problem = problem, .ctx = ctx, .at = stages };
	struct stages *p = calloc(1, sizeof *p);
	if (!p)
		abort();
	c.regex_limits = &p->regex_limits;
	if (stages && stages->kind == STAGE_LIST)
		compile_all(p, &c, stages);
	else if (!stage_node_is_null(stages))
		stage_complain(&c, stages, "pipeline_stages must be a list of stages");
	if (!c.has_failed)
		return p;
	stages_free(p);
	return NULL;
}

struct stages *stages_compile(const struct stage_node *stages, stage_problem_fn *problem, void *ctx)
{
	return stages_compile_with(stages, NULL, problem, ctx);
}

size_t stages_names(const char *const **names)
{
	static const char *const all[] = { "json", "logfmt", "regex", "replace", "template", "timestamp", "output", "pack",
		"decolorize",
		"cri", "docker", "labels", "static_labels", "labeldrop", "labelallow", "structured_metadata", "non_indexed_labels",
		"tenant",
		"match", "drop", "limit", "sampling", "multiline", "metrics", NULL };
	_Static_assert(COUNT_OF(all) == COUNT_OF(types) + 1, "each stage has its name here");
	*names = all;
	return COUNT_OF(types);
}

const char *const *stages_keys(struct str name)
{
	const struct stage_type *type = type_named(name);
	return type ? type->keys : NULL;
}
