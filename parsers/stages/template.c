/* The stage template: an extracted value is made anew out of others. A template that comes out empty removes the value. */
#include <stdlib.h>

#include "parsers/stages/gotext.h"
#include "parsers/stages/stage.h"

struct template {
	struct str source;
	struct gotext *text;
	struct buf scratch;
};

static void release(void *stage)
{
	struct template *t = stage;
	gotext_free(t->text);
	buf_fini(&t->scratch);
	free(t);
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	struct str text = STR("");
	char err[256];
	struct template *t = calloc(1, sizeof *t);
	if (!t)
		abort();
	buf_init(&t->scratch, STAGE_OUTPUT_MAX);
	stage_need_text(c, config, "source", &t->source);
	stage_read_text(c, config, "template", &text);
	t->text = gotext_new(text, err);
	if (!t->text)
		stage_complain(c, stage_key(config, "template"), "%s", err);
	else
		gotext_count_limits(t->text, c->regex_limits);
	if (!c->has_failed)
		return t;
	release(t);
	return NULL;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	struct template *t = stage;
	(void)turn;
	struct gotext_data data = { .entry = e, .line = e->line.p ? e->line : STR("") };
	const struct extracted *x = extracted_get(e, t->source);
	if (x && extracted_text(e, x, &data.value) && !data.value.p)
		data.value = STR("");
	if (gotext_run(t->text, &data, &t->scratch)) {
		if (t->scratch.n)
			extracted_set_text(e, t->source, arena_copy(e->arena, buf_view(&t->scratch)));
		else
			extracted_remove(e, t->source);
	}
	stage_scratch_reset(&t->scratch);
	return STAGE_NEXT;
}

static const char *const keys[] = { "source", "template", NULL };
const struct stage_type stage_template = { .name = "template", .keys = keys, .compile = compile, .run = run, .free = release };
