/* A pipeline is one flat row of steps. A stage with a pipeline inside (match) is followed by the steps of that pipeline and knows
 * where they end; so an entry walks the row with an index, and nesting costs no stack. What a stage lets out besides the entry at
 * hand walks on from behind it, before the stage returns: order is kept, and a log's blocks that wait are in the slots of its
 * state. */
#include "parsers/stages/stages.h"

#include <stdlib.h>

#include "parsers/stages/stage.h"

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

struct step {
	const struct stage_type *type;
	void *stage;
	size_t end; /* behind the steps of the pipeline inside */
	bool has_nested;
};
struct stages {
	struct step *steps;
	size_t count, room;
	stages_look *look;
	void *look_ctx;
	size_t look_at;
};
struct stages_state {
	const struct stages *p;
	size_t first; /* the stage that entries come to first */
	void *slots[];
};
struct stages_walk {
	struct stages *p;
	struct stages_state *s;
	int64_t now_ns;
	stages_emit *emit;
	void *ctx;
};

/* ---- compiling ---- */

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
	if (p->count == p->room) {
		p->room = p->room ? p->room * 2 : 8;
		struct step *steps = realloc(p->steps, p->room * sizeof *steps);
		if (!steps)
			abort();
		p->steps = steps;
	}
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

void stages_free(struct stages *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->count; i++)
		p->steps[i].type->free(p->steps[i].stage);
	free(p->steps);
	free(p);
}

bool stages_has(const struct stages *p, struct str name)
{
	for (size_t i = 0; i < p->count; i++)
		if (str_eq(str_of(p->steps[i].type->name), name))
			return true;
	return false;
}

bool stages_is_framing_only(const struct stages *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (!p->steps[i].type->is_framing)
			return false;
	return true;
}

/* ---- state of a log ---- */

struct stages_state *stages_state_new(const struct stages *p)
{
	struct stages_state *s = calloc(1, sizeof *s + p->count * sizeof s->slots[0]);
	if (!s)
		abort();
	s->p = p;
	return s;
}

void stages_state_free(struct stages_state *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->p->count; i++)
		if (s->slots[i] && s->p->steps[i].type->state_free)
			s->p->steps[i].type->state_free(s->slots[i]);
	free(s);
}

void stages_state_skip(struct stages_state *s, size_t count)
{
	s->first = count < s->p->count ? count : s->p->count;
}

int64_t stages_wait_ns(const struct stages *p)
{
	int64_t most_ns = 0;
	for (size_t i = 0; i < p->count; i++) {
		int64_t ns = p->steps[i].type->wait_ns ? p->steps[i].type->wait_ns(p->steps[i].stage) : 0;
		most_ns = ns > most_ns ? ns : most_ns;
	}
	return most_ns;
}

void stages_each_place(struct stages_state *s, void (*fn)(void *ctx, struct entry_place *place), void *ctx)
{
	for (size_t i = 0; i < s->p->count; i++)
		if (s->slots[i] && s->p->steps[i].type->each_place)
			s->p->steps[i].type->each_place(s->slots[i], fn, ctx);
}

static void note_place(void *ctx, struct entry_place *place)
{
	(void)place;
	*(bool *)ctx = true;
}

bool stages_is_holding(const struct stages_state *s)
{
	bool is_holding = false;
	for (size_t i = 0; i < s->p->count; i++)
		if (s->slots[i] && s->p->steps[i].type->each_place)
			s->p->steps[i].type->each_place(s->slots[i], note_place, &is_holding);
	return is_holding;
}

static bool may_hold(const struct stages *p, size_t first)
{
	for (size_t i = first; i < p->count; i++)
		if (p->steps[i].type->each_place)
			return true;
	return false;
}

bool stages_may_hold(const struct stages *p)
{
	return may_hold(p, 0);
}

bool stages_state_may_hold(const struct stages_state *s)
{
	return may_hold(s->p, s->first);
}

void stages_move_back(struct entry_place *held, const struct entry *e)
{
	if (e->first.order < held->order && held->order <= e->last)
		*held = e->first;
}

static void move_back(void *ctx, struct entry_place *place)
{
	stages_move_back(place, ctx);
}

int64_t stages_not_before(const struct stages_state *s)
{
	int64_t latest_ns = 0;
	for (size_t i = 0; i < s->p->count; i++) {
		const struct stage_type *type = s->p->steps[i].type;
		int64_t at_ns = s->slots[i] && type->not_before ? type->not_before(s->slots[i]) : 0;
		latest_ns = at_ns > latest_ns ? at_ns : latest_ns;
	}
	return latest_ns;
}

/* ---- running ---- */

static void *copy_array(struct arena *a, const void *from, size_t n)
{
	return n ? memcpy(arena_alloc(a, n), from, n) : NULL;
}

/* The entry as it is before the stage, in its arena. */
static struct entry keep(const struct entry *e)
{
	struct entry before = *e;
	before.labels.at = copy_array(e->arena, e->labels.at, e->labels.count * sizeof *e->labels.at);
	before.metadata.at = copy_array(e->arena, e->metadata.at, e->metadata.count * sizeof *e->metadata.at);
	before.extracted = copy_array(e->arena, e->extracted, e->extracted_count * sizeof *e->extracted);
	return before;
}

static enum stage_verdict run_step(struct stages_walk *w, size_t at, struct entry *e)
{
	struct stages *p = w->p;
	const struct step *step = &p->steps[at];
	struct stage_turn turn = { w->now_ns, &w->s->slots[at], w, at };
	if (!p->look)
		return step->type->run(step->stage, &turn, e);
	struct entry before = keep(e);
	enum stage_verdict verdict = step->type->run(step->stage, &turn, e);
	p->look_at = at; /* behind the run: a stage that let others go has moved it */
	e->is_held = verdict == STAGE_HELD;
	p->look(p->look_ctx, step->type->name, &before, e);
	return verdict;
}

/* What comes out of a stage that kept it: what changed since it went in is that it is of several lines now. */
static void look_at_kept(const struct stage_turn *turn, const struct entry *e)
{
	struct stages *p = turn->walk->p;
	struct entry before = *e;
	if (!p->look)
		return;
	before.joined = 0;
	before.drop_reason = NULL;
	p->look_at = turn->at;
	p->look(p->look_ctx, p->steps[turn->at].type->name, &before, e);
}

void stage_note(struct stage_turn *turn, struct entry *e, struct str name, const char *sign, double number)
{
	if (!turn->walk->p->look)
		return;
	struct entry_note *notes = arena_alloc(e->arena, (e->note_count + 1) * sizeof *notes);
	for (size_t i = 0; i < e->note_count; i++)
		notes[i] = e->notes[i];
	struct str digits = extracted_print_number(number, e->arena), head = str_of(sign);
	char *text = arena_alloc(e->arena, head.n + digits.n);
	memcpy(text, head.p, head.n);
	memcpy(text + head.n, digits.p, digits.n);
	notes[e->note_count++] = (struct entry_note){ name, { text, head.n + digits.n } };
	e->notes = notes;
}

static void come_out(struct stages_walk *w, struct entry *e)
{
	if (e->tenant.n && !e->drop_reason && !stages_is_tenant(e->tenant))
		e->drop_reason = "invalid_tenant"; /* Loki would refuse the request, and no other tenant may see it */
	if (e->last > e->first.order)
		stages_each_place(w->s, move_back, e);
	w->emit(w->ctx, e);
}

static void walk(struct stages_walk *w, size_t at, struct entry *e)
{
	const struct stages *p = w->p;
	while (at < p->count) {
		const struct step *step = &p->steps[at];
		switch (run_step(w, at, e)) {
		case STAGE_HELD:
			return;
		case STAGE_DROP:
			at = p->count;
			break;
		case STAGE_SKIP:
			at = step->end;
			break;
		case STAGE_NEXT:
		default:
			if (step->has_nested)
				extracted_from_labels(e);
			at++;
		}
	}
	come_out(w, e);
}

void stage_forward_dropped(struct stage_turn *turn, struct entry *e, const char *reason)
{
	e->drop_reason = reason;
	look_at_kept(turn, e);
	come_out(turn->walk, e);
}

void stage_forward(struct stage_turn *turn, struct entry *e)
{
	look_at_kept(turn, e);
	walk(turn->walk, turn->at + 1, e);
}

void stages_run(struct stages *p, struct stages_state *s, struct entry *entry, int64_t now_ns, stages_emit *emit, void *ctx)
{
	struct stages_walk w = { p, s, now_ns, emit, ctx };
	extracted_from_labels(entry);
	walk(&w, s->first, entry);
}

int64_t stages_flush(struct stages *p, struct stages_state *s, int64_t now_ns, bool all, stages_emit *emit, void *ctx)
{
	struct stages_walk w = { p, s, now_ns, emit, ctx };
	int64_t next_ns = INT64_MAX;
	for (size_t i = 0; i < p->count; i++) {
		const struct step *step = &p->steps[i];
		if (!s->slots[i] || !step->type->flush)
			continue;
		struct stage_turn turn = { now_ns, &s->slots[i], &w, i };
		int64_t at_ns = step->type->flush(step->stage, &turn, all);
		next_ns = at_ns < next_ns ? at_ns : next_ns;
	}
	return next_ns;
}

/* ---- looking in ---- */

void stages_set_look(struct stages *p, stages_look *look, void *ctx)
{
	p->look = look;
	p->look_ctx = ctx;
}

void stages_share_metrics(struct stages *p, const struct stages *owner)
{
	for (size_t i = 0; i < p->count && i < owner->count; i++)
		if (p->steps[i].type->share && p->steps[i].type == owner->steps[i].type)
			p->steps[i].type->share(p->steps[i].stage, owner->steps[i].stage);
}

void stages_each_metric(const struct stages *p, void (*fn)(void *ctx, const struct stages_metric *m), void *ctx)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->steps[i].type->each_metric)
			p->steps[i].type->each_metric(p->steps[i].stage, fn, ctx);
}

void stages_expire(struct stages *p, int64_t now_ns)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->steps[i].type->expire)
			p->steps[i].type->expire(p->steps[i].stage, now_ns);
}

size_t stages_look_at(const struct stages *p)
{
	return p->look_at;
}

size_t stages_depth(const struct stages *p, size_t at)
{
	size_t depth = 0;
	for (size_t i = 0; i < at; i++)
		depth += p->steps[i].has_nested && at < p->steps[i].end;
	return depth;
}

bool stages_extracted_text(const struct entry *e, const struct extracted *x, struct str *out)
{
	return extracted_text(e, x, out);
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
