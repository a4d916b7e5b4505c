/* The stage cri, inside a pipeline: time, stream, flags and content become extracted values, stream a label, the content the
 * line; pieces (flag P) wait for their end. Spelt as Promtail's regular expression ^(?s)(?P<time>\S+?) (?P<stream>stdout|stderr)
 * (?P<flags>\S+?) (?P<content>.*)$ means it, which is wider than what a runtime writes; a line that it does not fit goes on as
 * it is. The time is read by the stage timestamp with its rule for failures. The reader's own way (parsers/cri.h) does this for
 * the usual case, faster. */
#include <stdlib.h>

#include "parsers/stages/byte_size.h"
#include "parsers/stages/entry_labels.h"
#include "parsers/stages/kept_entry.h"

enum { PARTIAL_DEFAULT = 100, STREAMS_MAX = 32 };

struct cri {
	void *timestamp;
	size_t max_partial;
	uint64_t max_bytes; /* of a line put together of pieces; 0: STAGE_OUTPUT_MAX */
};
struct piece { struct kept_entry entry; struct buf text; };
struct state {
	void *timestamp;
	struct piece *pieces[STREAMS_MAX]; /* the open ones first */
	size_t open_count, count;
	struct buf whole;
};

static const struct str timestamp_keys[] = { { "source", 6 }, { "format", 6 } };
static const struct stage_node timestamp_values[] = { { .kind = STAGE_SCALAR, .text = { "time", 4 } },
	{ .kind = STAGE_SCALAR, .text = { "RFC3339Nano", 11 } } };
static const struct stage_node timestamp_config = { .kind = STAGE_MAP, .items = timestamp_values, .keys = timestamp_keys,
	.count = 2 };

static void *compile(struct stage_compile *c, const struct stage_node *config)
{
	int64_t most = PARTIAL_DEFAULT;
	uint64_t bytes = 0;
	struct str size;
	bool is_cutting = false;
	stage_read_i64(c, config, "max_partial_lines", &most);
	stage_read_bool(c, config, "max_partial_line_size_truncate", &is_cutting);
	if (stage_read_text(c, config, "max_partial_line_size", &size) && !byte_size_parse(size, &bytes))
		stage_complain(c, stage_key(config, "max_partial_line_size"), "max_partial_line_size must be a size such as 64kb");
	if (most < 0)
		stage_complain(c, stage_key(config, "max_partial_lines"), "max_partial_lines cannot be less than 0");
	void *timestamp = c->has_failed ? NULL : stage_timestamp.compile(c, &timestamp_config);
	if (!timestamp)
		return NULL;
	struct cri *out = calloc(1, sizeof *out);
	if (!out)
		abort();
	out->timestamp = timestamp;
	out->max_partial = most == 0 ? PARTIAL_DEFAULT : most > STREAMS_MAX ? STREAMS_MAX : (size_t)most;
	out->max_bytes = is_cutting && bytes < STAGE_OUTPUT_MAX ? bytes : STAGE_OUTPUT_MAX;
	return out;
}

static void cri_free(void *stage)
{
	struct cri *cri = stage;
	stage_timestamp.free(cri->timestamp);
	free(cri);
}

static void state_free(void *state)
{
	struct state *s = state;
	for (size_t i = 0; i < s->count; i++) {
		kept_entry_fini(&s->pieces[i]->entry);
		buf_fini(&s->pieces[i]->text);
		free(s->pieces[i]);
	}
	if (s->timestamp && stage_timestamp.state_free)
		stage_timestamp.state_free(s->timestamp);
	buf_fini(&s->whole);
	free(s);
}

/* ---- taking a line apart ---- */

struct parts { struct str time, stream, flags, content; };

/* A run of what is not blank, and the space behind it. */
static bool take_word(struct str *rest, struct str *out)
{
	size_t n = 0;
	while (n < rest->n && !memchr(" \t\n\f\r", rest->p[n], 5))
		n++;
	if (n == 0 || n == rest->n || rest->p[n] != ' ')
		return false;
	*out = str_take(*rest, n);
	*rest = str_skip(*rest, n + 1);
	return true;
}

static bool split(struct str line, struct parts *out)
{
	if (!take_word(&line, &out->time) || !take_word(&line, &out->stream))
		return false;
	if (!str_eq(out->stream, STR("stdout")) && !str_eq(out->stream, STR("stderr")))
		return false;
	if (!take_word(&line, &out->flags))
		return false;
	out->content = line;
	return true;
}

/* What the small pipeline inside does. */
static void parse(const struct cri *cri, struct state *s, struct stage_turn *turn, struct entry *e)
{
	struct parts parts;
	struct str value;
	extracted_from_labels(e);
	if (split(e->line, &parts)) {
		extracted_set_text(e, STR("time"), parts.time);
		extracted_set_text(e, STR("stream"), parts.stream);
		extracted_set_text(e, STR("flags"), parts.flags);
		extracted_set_text(e, STR("content"), parts.content);
	}
	/* Each step below looks at what was extracted, by whomever: that is how it is there. */
	if (entry_labels_value(e, STR("stream"), &value))
		entry_labels_set(e, STR("stream"), value);
	struct stage_turn inner = *turn;
	inner.state = &s->timestamp;
	stage_timestamp.run(cri->timestamp, &inner, e);
	if (extracted_source(e, STR("content"), &value))
		e->line = value;
	if (extracted_source(e, STR("tags"), &value))
		e->line = value;
}

/* ---- pieces ---- */

static size_t find(const struct state *s, const struct entry *e)
{
	size_t i = 0;
	while (i < s->open_count && !kept_entry_has_labels(&s->pieces[i]->entry, e))
		i++;
	return i;
}

static void append(const struct cri *cri, struct buf *to, struct str text)
{
	size_t room = cri->max_bytes > to->n ? cri->max_bytes - to->n : 0;
	buf_str(to, text.n > room ? str_take(text, room) : text);
}

static void close_piece(struct state *s, size_t i)
{
	struct piece *p = s->pieces[i];
	stage_scratch_reset(&p->text);
	s->pieces[i] = s->pieces[--s->open_count];
	s->pieces[s->open_count] = p;
}

/* e: in whose turn it happens, NULL in a flush. */
static void let_out_all(struct state *s, struct stage_turn *turn, struct entry *e)
{
	for (size_t i = 0; i < s->open_count; i++) {
		kept_entry_forward(&s->pieces[i]->entry, buf_view(&s->pieces[i]->text), true, turn);
		if (e)
			kept_entry_move_back(&s->pieces[i]->entry, e);
	}
	while (s->open_count)
		close_piece(s, 0);
}

static struct piece *open_piece(struct state *s)
{
	if (s->open_count == s->count) {
		struct piece *p = calloc(1, sizeof *p);
		if (!p)
			abort();
		buf_init(&p->text, STAGE_OUTPUT_MAX);
		s->pieces[s->count++] = p;
	}
	return s->pieces[s->open_count++];
}

/* A piece replaces the one before it, which it contains: the time that counts is the newest one's. */
static enum stage_verdict keep(const struct cri *cri, struct state *s, struct stage_turn *turn, struct entry *e)
{
	if (s->open_count >= cri->max_partial)
		let_out_all(s, turn, e);
	size_t i = find(s, e);
	bool is_first = i == s->open_count;
	struct piece *p = is_first ? open_piece(s) : s->pieces[i];
	struct entry_place first = is_first ? e->first : p->entry.first;
	uint64_t number = is_first ? e->origin.number : p->entry.origin.number;
	kept_entry_set(&p->entry, e);
	kept_entry_join(&p->entry, e);
	p->entry.first = first;
	p->entry.origin.number = number;
	append(cri, &p->text, e->line);
	return STAGE_HELD;
}

static enum stage_verdict run(void *stage, struct stage_turn *turn, struct entry *e)
{
	const struct cri *cri = stage;
	struct state *s = *turn->state;
	if (!s) {
		s = *turn->state = calloc(1, sizeof *s);
		if (!s)
			abort();
		buf_init(&s->whole, STAGE_OUTPUT_MAX);
	}
	parse(cri, s, turn, e);
	const struct extracted *flags = extracted_get(e, STR("flags"));
	if (flags && flags->kind == VALUE_STRING && str_eq(flags->text, STR("P")))
		return keep(cri, s, turn, e);
	size_t i = find(s, e);
	if (i == s->open_count)
		return STAGE_NEXT;
	stage_scratch_reset(&s->whole);
	append(cri, &s->whole, buf_view(&s->pieces[i]->text));
	append(cri, &s->whole, e->line);
	e->line = buf_view(&s->whole);
	e->first = s->pieces[i]->entry.first;
	e->origin.number = s->pieces[i]->entry.origin.number;
	e->joined += s->pieces[i]->entry.lines;
	s->pieces[i]->entry.lines = 0;
	close_piece(s, i);
	return STAGE_NEXT;
}

/* Pieces do not go out by time: their end comes, or the log does not go on. */
static int64_t flush(void *stage, struct stage_turn *turn, bool all)
{
	(void)stage;
	if (all)
		let_out_all(*turn->state, turn, NULL);
	return INT64_MAX;
}

static void each_place(void *state, void (*fn)(void *ctx, struct entry_place *place), void *ctx)
{
	struct state *s = state;
	for (size_t i = 0; i < s->open_count; i++)
		fn(ctx, &s->pieces[i]->entry.first);
}

static const char *const keys[] = { "max_partial_lines", "max_partial_line_size", "max_partial_line_size_truncate", NULL };
const struct stage_type stage_cri = { .name = "cri", .keys = keys, .compile = compile, .run = run, .free = cri_free, .flush = flush,
	.each_place = each_place, .state_free = state_free };
