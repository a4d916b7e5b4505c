/* The stage decolorize: takes terminal escape sequences out of the line. What counts as one is the expression that Promtail uses.
 * A line without ESC and without U+009B, which is nearly every one, is left alone after one look. */
#include <stdlib.h>

#include "parsers/stages/stage.h"

#define SEQUENCE \
	"[\\x{1B}\\x{9B}][[\\]()#;?]*(?:(?:(?:[a-zA-Z\\d]*(?:;[a-zA-Z\\d]*)*)?\\x07)|(?:(?:\\d{1,4}(?:;\\d{0,4})*)?[\\dA-PRZcf-ntqry=><~]))"

struct decolorize {
	struct regex *sequence;
	struct buf scratch;
};

static void release(void *stage)
{
	struct decolorize *d = stage;
	regex_free(d->sequence);
	buf_fini(&d->scratch);
	free(d);
}

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	(void)config;
	struct decolorize *d = calloc(1, sizeof *d);
	if (!d)
		abort();
	buf_init(&d->scratch, STAGE_OUTPUT_MAX);
	d->sequence = stage_compile_regex(c, NULL, STR(SEQUENCE));
	if (d->sequence)
		return d;
	release(d);
	return NULL;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	struct decolorize *d = stage;
	(void)turn;
	if (str_find(e->line, '\x1b') == e->line.n && (e->line.n == 0 || !memmem(e->line.p, e->line.n, "\xc2\x9b", 2)))
		return STAGE_NEXT;
	struct regex_groups groups;
	size_t from = 0;
	while (regex_match(d->sequence, e->line, from, &groups) == REGEX_MATCH) {
		size_t at = (size_t)(groups.at[0].p - e->line.p);
		buf_append(&d->scratch, e->line.p + from, at - from);
		from = at + groups.at[0].n; /* a sequence is never empty */
	}
	buf_str(&d->scratch, str_skip(e->line, from));
	if (from > 0 && !d->scratch.is_full)
		e->line = arena_copy(e->arena, buf_view(&d->scratch));
	stage_scratch_reset(&d->scratch);
	return STAGE_NEXT;
}

static const char *const keys[] = { NULL };
const struct stage_type stage_decolorize = { .name = "decolorize", .keys = keys, .compile = compile, .run = run, .free = release };
