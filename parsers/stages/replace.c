/* The stage replace: what the groups of an expression catch is replaced by a template, in the line or in a value. The oddities are
 * Promtail's: an expression without groups replaces nothing; a group that lies inside of one that was replaced is passed over, but
 * for as long as what was replaced ends at byte 0; and a named group becomes a value that holds the text its capture was replaced
 * by last. */
#include "parsers/regex/regex.h"

#include <stdlib.h>

#include "parsers/stages/gotext.h"
#include "parsers/stages/stage.h"
#include "parsers/stages/text.h"

enum { NAMED_MAX = REGEX_GROUPS_MAX };

struct replace {
	struct str source;
	struct regex *expression;
	struct gotext *text;
	struct buf out, piece;
};
struct captures { /* of the named groups in the first match: what they caught, and what it was replaced by */
	struct regex_groups first;
	struct str replaced[NAMED_MAX];
};

static void release(void *stage)
{
	struct replace *r = stage;
	regex_free(r->expression);
	gotext_free(r->text);
	buf_fini(&r->out);
	buf_fini(&r->piece);
	free(r);
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	struct str pattern = { 0 }, text = STR("");
	char err[256];
	struct replace *r = calloc(1, sizeof *r);
	if (!r)
		abort();
	buf_init(&r->out, STAGE_OUTPUT_MAX);
	buf_init(&r->piece, STAGE_OUTPUT_MAX);
	stage_read_source(c, config, &r->source);
	if (stage_need_text(c, config, "expression", &pattern))
		r->expression = stage_compile_regex(c, stage_key(config, "expression"), pattern);
	stage_read_text(c, config, "replace", &text);
	r->text = gotext_new(text, err);
	if (!r->text)
		stage_complain(c, stage_key(config, "replace"), "%s", err);
	else
		gotext_count_limits(r->text, c->regex_limits);
	if (!c->has_failed)
		return r;
	release(r);
	return NULL;
}

/* A capture was replaced: named groups whose first capture is the same text take it over. */
static void remember(const struct replace *r, struct captures *c, struct str caught, struct arena *a)
{
	struct str copy = { 0 };
	for (size_t i = 1; i < c->first.count; i++) {
		struct str first = c->first.at[i].p ? c->first.at[i] : STR("");
		if (regex_group_name(r->expression, i).n == 0 || !str_eq(first, caught))
			continue;
		if (!copy.p)
			copy = arena_copy(a, buf_view(&r->piece));
		c->replaced[i] = copy;
	}
}

/* false: the template failed or the result is too large, nothing is to be changed. */
static bool replace_groups(struct replace *r, const struct entry *e, struct str text, const struct regex_groups *groups,
	struct captures *c,
	size_t *copied)
{
	struct gotext_data data = { .entry = e, .misses_empty = true };
	for (size_t i = 1; i < groups->count; i++) {
		struct str caught = groups->at[i];
		if (!caught.p)
			continue;
		data.value = caught;
		stage_scratch_reset(&r->piece);
		if (!gotext_run(r->text, &data, &r->piece))
			return false;
		size_t at = (size_t)(caught.p - text.p);
		if (*copied <= at) {
			buf_append(&r->out, text.p + *copied, at - *copied);
			buf_str(&r->out, buf_view(&r->piece));
			*copied = at + caught.n;
		}
		remember(r, c, caught, e->arena);
	}
	return !r->out.is_full;
}

/* All matches, as FindAll has them: an empty one right behind another one does not count. */
static bool replace_all(struct replace *r, const struct entry *e, struct str text, struct captures *c)
{
	struct regex_groups groups;
	size_t copied = 0, last_end = SIZE_MAX;
	uint32_t rune;
	c->first.count = 0;
	bool is_first = true;
	for (size_t from = 0; from <= text.n && regex_match(r->expression, text, from, &groups) == REGEX_MATCH;) {
		size_t start = (size_t)(groups.at[0].p - text.p), end = start + groups.at[0].n;
		if (is_first) {
			c->first = groups;
			memset(c->replaced, 0, sizeof c->replaced);
			is_first = false;
		}
		bool is_counted = end > start || start != last_end;
		if (is_counted && !replace_groups(r, e, text, &groups, c, &copied))
			return false;
		last_end = end;
		if (end > from)
			from = end;
		else
			from += from < text.n ? text_rune(str_skip(text, from), &rune) : 1;
	}
	buf_str(&r->out, str_skip(text, copied));
	return !is_first && !r->out.is_full;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	struct replace *r = stage;
	(void)turn;
	struct str text;
	struct captures c;
	if (!extracted_source(e, r->source, &text))
		return STAGE_NEXT;
	if (!text.p)
		text = STR("");
	if (replace_all(r, e, text, &c)) {
		struct str result = arena_copy(e->arena, buf_view(&r->out));
		if (r->source.p)
			extracted_set_text(e, r->source, result);
		else
			e->line = result;
		for (size_t i = 1; i < c.first.count; i++)
			if (c.replaced[i].p)
				extracted_set_text(e, regex_group_name(r->expression, i), c.replaced[i]);
	}
	stage_scratch_reset(&r->out);
	stage_scratch_reset(&r->piece);
	return STAGE_NEXT;
}

static const char *const keys[] = { "expression", "source", "replace", NULL };
const struct stage_type stage_replace = { .name = "replace", .keys = keys, .compile = compile, .run = run, .free = release };
