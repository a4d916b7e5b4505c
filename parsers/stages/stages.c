/* A pipeline is one flat row of steps. A stage with a pipeline inside (match) is followed by the steps of that pipeline and knows
 * where they end; so an entry walks the row with an index, and nesting costs no stack. What a stage lets out besides the entry at
 * hand walks on from behind it, before the stage returns: order is kept, and a log's blocks that wait are in the slots of its
 * state. */
#include "parsers/stages/stages_inside.h"

#include <stdlib.h>

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

uint64_t stages_regex_limits(const struct stages *p)
{
	return p->regex_limits;
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

bool stages_state_may_hold(const struct stages_state *s)
{
	for (size_t i = s->first; i < s->p->count; i++)
		if (s->p->steps[i].type->each_place)
			return true;
	return false;
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
	uint64_t limits = p->regex_limits;
	enum stage_verdict verdict = step->type->run(step->stage, &turn, e);
	p->look_at = at; /* behind the run: a stage that let others go has moved it */
	e->is_held = verdict == STAGE_HELD;
	e->gave_up_regex = p->regex_limits > limits;
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
