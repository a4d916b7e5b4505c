/* The stage output: an extracted value becomes the line. */
#include <stdlib.h>

#include "parsers/stages/stage.h"

struct output { struct str source; };

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	struct output o = { 0 }, *out;
	if (!stage_need_text(c, config, "source", &o.source))
		return NULL;
	out = malloc(sizeof *out);
	if (!out)
		abort();
	*out = o;
	return out;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	const struct output *o = stage;
	(void)turn;
	struct str text;
	if (extracted_source(e, o->source, &text))
		e->line = text;
	return STAGE_NEXT;
}

static const char *const keys[] = { "source", NULL };
const struct stage_type stage_output = { .name = "output", .keys = keys, .compile = compile, .run = run, .free = free };
