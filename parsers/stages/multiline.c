/* The stage multiline: lines between one first line and the next become one entry, with the first line's time, labels and
 * extracted values. Blocks are kept apart by labels, as Promtail keeps them. Its oddities are kept as well, because what comes
 * out depends on them: before the first first line everything passes; afterwards a line that continues nothing (its block went
 * out by time or by length) makes a block that has the labels and the time of the block before; an empty first line is no line
 * of the text; structured metadata of the lines is gone. Ours is `stack_traces: true` in place of firstline: what begins a block
 * is told by parsers/stages/stacktrace.c, nothing passes by, and a line keeps its metadata. */
#include <stdlib.h>

#include "parsers/bytes/utf8.h"
#include "parsers/stages/kept_entry.h"
#include "parsers/stages/stacktrace.h"

enum { STREAMS_MAX = 32, LINES_DEFAULT = 128 };
#define WAIT_DEFAULT_NS INT64_C(3000000000)
/* A line is read a little after its own time. Within this, the clock ends no block that the next line would not end by its own time. */
#define READING_NS INT64_C(500000000)

struct multiline {
	struct regex *first; /* NULL: stack traces */
	int64_t max_wait_ns;
	uint64_t max_lines;
};
struct block {
	struct kept_entry first;
	struct buf text;
	struct stacktrace trace;
	uint64_t lines;
	int64_t last_ns; /* when its newest line came */
	int64_t newest_ns; /* and that line's own time */
	bool is_open;    /* there is something to let out: an empty line is something to stack traces, and nothing to Promtail */
	bool is_parted;  /* a part went out because of its size, or the first line was empty, and what follows takes its time and labels:
	                  * the place stays held, since only a reader that begins there again makes the same of it */
};
struct state {
	struct block *blocks[STREAMS_MAX];
	size_t count;
};

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	struct str pattern = { 0 };
	struct multiline m = { .max_wait_ns = WAIT_DEFAULT_NS, .max_lines = LINES_DEFAULT }, *out;
	int64_t lines = 0;
	bool is_trace = false, has_first = stage_read_text(c, config, "firstline", &pattern);
	stage_read_bool(c, config, "stack_traces", &is_trace);
	stage_read_duration(c, config, "max_wait_time", &m.max_wait_ns);
	if (stage_read_i64(c, config, "max_lines", &lines)) {
		if (lines < 0)
			stage_complain(c, stage_key(config, "max_lines"), "max_lines cannot be less than 0");
		m.max_lines = (uint64_t)lines;
	}
	if (!c->has_failed && has_first == is_trace)
		stage_complain(c, NULL, "it needs firstline, the expression of a block's first line, or stack_traces: true");
	if (!c->has_failed && has_first)
		m.first = stage_compile_regex(c, stage_key(config, "firstline"), pattern);
	if (c->has_failed)
		return NULL;
	out = malloc(sizeof *out);
	if (!out)
		abort();
	*out = m;
	return out;
}

static void multiline_free(void *stage)
{
	struct multiline *m = stage;
	regex_free(m->first);
	free(m);
}

static void block_free(struct block *b)
{
	kept_entry_fini(&b->first);
	buf_fini(&b->text);
	free(b);
}

static void state_free(void *state)
{
	struct state *s = state;
	for (size_t i = 0; i < s->count; i++)
		block_free(s->blocks[i]);
	free(s);
}

static void let_out(const struct multiline *m, struct block *b, struct stage_turn *turn)
{
	b->is_parted = false;
	if (!b->is_open) { /* nothing but empty lines; how many there were counts on, as it does there */
		if (b->first.lines)
			kept_entry_drop(&b->first, "multiline_empty", turn);
		return;
	}
	kept_entry_forward(&b->first, buf_view(&b->text), m->first == NULL, turn);
	stage_scratch_reset(&b->text);
	b->lines = 0;
	b->is_open = false;
	b->trace = (struct stacktrace){ 0 };
}

/* The block goes on behind it. To stack traces it does not: the next line is told by itself. */
static void let_part_out(const struct multiline *m, struct block *b, struct stage_turn *turn)
{
	bool is_parted = m->first && (b->is_open || b->is_parted);
	let_out(m, b, turn);
	b->is_parted = is_parted;
}

static struct block *find(const struct state *s, const struct entry *e)
{
	for (size_t i = 0; i < s->count; i++)
		if (kept_entry_has_labels(&s->blocks[i]->first, e))
			return s->blocks[i];
	return NULL;
}

/* A block for labels that have none. When there are too many, the one that was quiet for longest goes out and is forgotten. */
static struct block *open_block(const struct multiline *m, struct stage_turn *turn, struct entry *e)
{
	struct state *s = *turn->state;
	if (!s && !(s = *turn->state = calloc(1, sizeof *s)))
		abort();
	if (s->count == STREAMS_MAX) {
		size_t quiet = 0;
		for (size_t i = 1; i < s->count; i++)
			if (s->blocks[i]->last_ns < s->blocks[quiet]->last_ns)
				quiet = i;
		struct block *gone = s->blocks[quiet];
		s->blocks[quiet] = s->blocks[--s->count];
		let_out(m, gone, turn);
		kept_entry_move_back(&gone->first, e);
		block_free(gone);
	}
	struct block *b = calloc(1, sizeof *b);
	if (!b)
		abort();
	buf_init(&b->text, STAGE_OUTPUT_MAX);
	kept_entry_set(&b->first, e);
	s->blocks[s->count++] = b;
	return b;
}

/* By its own time the line came when the block had waited long enough. Told by the lines and not by the clock, it is the same at every
 * reading, a backlog's too. */
static bool is_late(const struct multiline *m, const struct block *b, const struct entry *e)
{
	int64_t gap_ns;
	return b->is_open && !__builtin_sub_overflow(e->timestamp_ns, b->newest_ns, &gap_ns) && gap_ns > m->max_wait_ns;
}

static bool begins(const struct multiline *m, struct block *b, const struct entry *e)
{
	if (m->first)
		return regex_match(m->first, e->line, 0, NULL) == REGEX_MATCH;
	if (is_late(m, b, e))
		b->trace = (struct stacktrace){ 0 };
	return !stacktrace_continues(&b->trace, e->line);
}

/* A block that would become too large goes out in pieces, like one that has too many lines. */
static void append(const struct multiline *m, struct block *b, struct stage_turn *turn, const struct entry *e)
{
	struct str line = e->line;
	if (b->text.n + 1 + line.n > b->text.cap_bytes)
		let_part_out(m, b, turn);
	kept_entry_join(&b->first, e);
	if (b->is_open)
		buf_char(&b->text, '\n');
	buf_str(&b->text, line.n > STAGE_OUTPUT_MAX ? str_take(line, utf8_floor(line, STAGE_OUTPUT_MAX)) : line);
	b->is_open = b->text.n > 0 || !m->first;
	b->is_parted = !b->is_open;
	b->lines++;
	b->last_ns = turn->now_ns;
	b->newest_ns = e->timestamp_ns;
	if (b->lines == m->max_lines)
		let_part_out(m, b, turn);
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	struct multiline *m = stage;
	struct block *b = *turn->state ? find(*turn->state, e) : NULL;
	if (!b && m->first && !begins(m, NULL, e))
		return STAGE_NEXT;
	if (!b)
		b = open_block(m, turn, e);
	if (m->first && is_late(m, b, e)) { /* a flush has done it, or would have */
		let_out(m, b, turn);
		kept_entry_move_back(&b->first, e);
	}
	if (begins(m, b, e)) {
		struct stacktrace trace = b->trace;
		let_out(m, b, turn);
		kept_entry_move_back(&b->first, e);
		if (b->lines) /* empty first lines count on, as they do there: this block's parts depend on them */
			e->first = b->first.first;
		b->trace = trace;
		kept_entry_set(&b->first, e);
	} else if (!b->is_open && !b->is_parted) {
		b->first.first = e->first;
		b->first.is_repeat = e->is_repeat;
	}
	append(m, b, turn, e);
	return STAGE_HELD;
}

static int64_t flush(void *stage, struct stage_turn *turn, bool all)
{
	const struct multiline *m = stage;
	struct state *s = *turn->state;
	int64_t next_ns = INT64_MAX;
	for (size_t i = 0; i < s->count; i++) {
		struct block *b = s->blocks[i];
		int64_t due_ns;
		if (b->last_ns > turn->now_ns) /* the clock was set back */
			b->last_ns = turn->now_ns;
		if (__builtin_add_overflow(b->last_ns, m->max_wait_ns, &due_ns) || __builtin_add_overflow(due_ns, READING_NS, &due_ns))
			due_ns = INT64_MAX;
		if (all || due_ns <= turn->now_ns)
			let_out(m, b, turn);
		else if ((b->is_open || b->is_parted) && due_ns < next_ns)
			next_ns = due_ns;
	}
	return next_ns;
}

static int64_t wait_ns(const void *stage)
{
	const struct multiline *m = stage;
	return m->max_wait_ns;
}

static void each_place(void *state, void (*fn)(void *ctx, struct entry_place *place), void *ctx)
{
	struct state *s = state;
	for (size_t i = 0; i < s->count; i++)
		if (s->blocks[i]->is_open || s->blocks[i]->is_parted)
			fn(ctx, &s->blocks[i]->first.first);
}

static const char *const keys[] = { "firstline", "stack_traces", "max_wait_time", "max_lines", NULL };
const struct stage_type stage_multiline = { .name = "multiline", .keys = keys, .compile = compile, .run = run,
	.free = multiline_free, .flush = flush, .wait_ns = wait_ns, .each_place = each_place, .state_free = state_free };
