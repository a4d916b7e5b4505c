/* One pass with a bounded stack of open braces, brackets and quotes. A quote is known by its number of backslashes: text that is
 * quoted n times escapes its own quotes with 2^n - 1 of them, so a quote with as many as an open one closes that and all
 * above it, and one with more opens the next level. It works on text that is no valid JSON, too: what does not match is ignored.
 * Square brackets count inside objects only; in the text of a line they are decoration around "[trace_id=.. span_id=..]". */
#include "parsers/trace/trace_structure.h"

#include "parsers/trace/trace_text.h"

enum { FRAMES = 64 };

struct frame {
	char kind;           /* { [ " ' */
	unsigned backslashes; /* before a quote */
	unsigned id;
	size_t at;
};

struct stack {
	struct frame frames[FRAMES];
	unsigned depth;  /* of frames that are kept */
	unsigned beyond; /* opened above the bound */
	unsigned ids;
};

static void push(struct stack *k, char kind, unsigned backslashes, size_t at)
{
	k->ids++;
	if (k->depth == FRAMES) {
		k->beyond++;
		return;
	}
	k->frames[k->depth++] = (struct frame){ kind, backslashes, k->ids, at };
}

static bool is_text(const struct stack *k)
{
	return k->depth == 0 || k->frames[k->depth - 1].kind == '"' || k->frames[k->depth - 1].kind == '\'';
}

/* Closes the innermost frame of that kind, but none outside the quoted text that we are in. */
static void close_bracket(struct stack *k, char kind)
{
	if (k->beyond) {
		k->beyond--;
		return;
	}
	for (unsigned i = k->depth; i-- > 0;) {
		char open = k->frames[i].kind;
		if (open == '"' || open == '\'')
			return;
		if (open == kind) {
			k->depth = i;
			return;
		}
	}
}

/* Backslashes that stand for themselves come in whole units before those that escape the quote. */
static bool is_closed_by(const struct frame *f, unsigned backslashes)
{
	return f->kind == '"' && backslashes % (2 * (f->backslashes + 1)) == f->backslashes;
}

static void quote(struct stack *k, unsigned backslashes, size_t at)
{
	for (unsigned i = k->depth; i-- > 0;)
		if (is_closed_by(&k->frames[i], backslashes)) {
			k->depth = i;
			k->beyond = 0;
			return;
		}
	push(k, '"', backslashes & ~(backslashes + 1), at); /* the lowest bits that are set: 5 is an escaped backslash and 1 */
}

/* An apostrophe opens a text only behind what can stand before a value, and closes it only before what can stand behind one. */
static void apostrophe(struct str s, struct stack *k, size_t at)
{
	char before = at > 0 ? s.p[at - 1] : ' ', after = at + 1 < s.n ? s.p[at + 1] : ' ';
	bool may_open = str_find(STR("=:([{, "), before) < 7 && after != ' ';
	bool may_close = !text_is(after, TEXT_ALNUM);
	for (unsigned i = k->depth; i-- > 0;) {
		if (k->frames[i].kind == '"')
			break;
		if (k->frames[i].kind == '\'') {
			if (may_close)
				k->depth = i;
			return;
		}
	}
	if (may_open)
		push(k, '\'', 0, at);
}

/* The bracket of an escape sequence. */
static bool is_colour(struct str s, size_t bracket)
{
	struct str before = str_take(s, bracket);
	return str_ends(before, STR("\x1b")) || str_ends(before, STR("u001b")) || str_ends(before, STR("x1b")) ||
		str_ends(before, STR("033"));
}

static void read_byte(struct str s, struct stack *k, size_t i, unsigned backslashes)
{
	switch (s.p[i]) {
	case '{':
		push(k, '{', 0, i);
		break;
	case '[':
		if ((!is_text(k) && !is_colour(s, i)) || str_ends(str_take(s, i), STR("map")))
			push(k, '[', 0, i);
		break;
	case '}':
		close_bracket(k, '{');
		break;
	case ']':
		close_bracket(k, '[');
		break;
	case '"':
		quote(k, backslashes, i);
		break;
	case '\'':
		apostrophe(s, k, i);
		break;
	default:
		break;
	}
}

static void place(const struct stack *k, struct trace_place *p)
{
	p->depth = k->depth + k->beyond;
	p->frame = k->depth ? k->frames[k->depth - 1].id : 0;
	p->brace = k->depth && k->frames[k->depth - 1].kind == '{' ? k->frames[k->depth - 1].at : TRACE_NO_BRACE;
}

void trace_places(struct str s, struct trace_place *places, size_t n)
{
	struct stack k;
	k.depth = k.beyond = k.ids = 0;
	unsigned backslashes = 0;
	for (size_t i = 0, next = 0; next < n; i++) {
		while (next < n && places[next].at <= i)
			place(&k, &places[next++]);
		if (i >= s.n)
			break;
		if (s.p[i] == '\\') {
			backslashes++;
			continue;
		}
		read_byte(s, &k, i, backslashes);
		backslashes = 0;
	}
}
