/* The stage regex: the named groups of an expression become extracted values. A group that took no part is an empty text. */
#include "parsers/regex/regex.h"

#include <stdlib.h>

#include "parsers/stages/stage.h"

struct regex_stage {
	struct str source;
	struct regex *expression;
	bool sets_labels; /* labels_from_groups */
};

static void release(void *stage)
{
	struct regex_stage *s = stage;
	regex_free(s->expression);
	free(s);
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	struct str pattern = { 0 };
	struct regex_stage *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	stage_read_source(c, config, &s->source);
	stage_read_bool(c, config, "labels_from_groups", &s->sets_labels);
	if (stage_need_text(c, config, "expression", &pattern))
		s->expression = stage_compile_regex(c, stage_key(config, "expression"), pattern);
	if (s->expression && !c->has_failed)
		return s;
	release(s);
	return NULL;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	const struct regex_stage *s = stage;
	(void)turn;
	struct str text;
	struct regex_groups groups;
	if (!extracted_source(e, s->source, &text) || regex_match(s->expression, text, 0, &groups) != REGEX_MATCH)
		return STAGE_NEXT;
	for (size_t i = 1; i < groups.count; i++) {
		struct str name = regex_group_name(s->expression, i), value = groups.at[i].p ? groups.at[i] : STR("");
		if (name.n == 0)
			continue;
		extracted_set_text(e, name, value);
		if (s->sets_labels) {
			labels_set(&e->labels, name, value);
			e->has_changed_labels = true;
		}
	}
	return STAGE_NEXT;
}

static const char *const keys[] = { "expression", "source", "labels_from_groups", NULL };
const struct stage_type stage_regex = { .name = "regex", .keys = keys, .compile = compile, .run = run, .free = release };
