/* A pattern is compiled into at most two steps a byte, then all ways through it are followed at the same time (Thompson): a set of
 * steps that may come next, moved on by one character of the path. So there is no backtracking and no expansion of braces: twenty
 * {a,b} in a row cost as much as any other hundred bytes. Steps only ever refer forward, or to themselves, so one sweep from the
 * front completes a set. Rejected: per-segment matching with two pointers, which needs braces expanded first (2^n).
 * Kept nowhere: compiling takes less than matching one path. */
#include "parsers/glob.h"

#include "parsers/bytes/utf8.h"

enum op {
	OP_CHAR,  /* one given character */
	OP_ONE,   /* one character but '/' */
	OP_CLASS, /* one character in (or not in) pattern[at, end) */
	OP_STAR,  /* stays for any character but '/'; passes */
	OP_DIRS,  /* "**" and its slash: stays for anything, passes at each start of a segment */
	OP_REST,  /* "**" at the end: stays for anything, passes at each end of a segment */
	OP_SPLIT, /* passes to the next step and to `to` */
	OP_SKIP,  /* passes to the next step, and at the end of the path to `to` */
	OP_JUMP,  /* passes to `to` */
	OP_END,   /* matched, when the path is at its end */
};

enum { STEPS = 2 * GLOB_PATTERN_BYTES + 2 /* a comma makes two, "/" + "**" three of three bytes */ };

struct step {
	uint8_t op;
	bool is_negated;
	uint16_t at, end;  /* OP_CLASS */
	uint16_t to;       /* OP_SPLIT, OP_SKIP, OP_JUMP; while a brace is open: the previous jump to patch, 0: none */
	uint32_t character;
};

struct program {
	struct step steps[STEPS];
	size_t count;
	struct str pattern;
};

/* Steps that may come next; all of them are in [from, to). */
struct set {
	size_t from, to;
	bool on[STEPS];
};

struct brace {
	uint16_t split; /* of the current alternative */
	uint16_t jumps; /* the newest jump to the end, a chain through `to` */
	bool is_segment_start;
};

struct compiler {
	struct program *program;
	size_t at;
	bool is_segment_start; /* only there is "**" more than a star */
	struct step *skip;     /* waits for the end of its "/" + "**" */
	struct brace open[GLOB_BRACE_DEPTH];
	size_t depth;
};

/* The first character of s, which is not empty. A byte that is not UTF-8 is a character of its own, above all others. */
static size_t decode(struct str s, uint32_t *character)
{
	unsigned char first = (unsigned char)s.p[0];
	size_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (n == 1 || n > s.n || utf8_valid(str_take(s, n)) != n) {
		*character = n == 1 ? first : 0x110000u + first;
		return 1;
	}
	uint32_t c = first & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s.p[i] & 0x3f);
	*character = c;
	return n;
}

static struct step *add(struct compiler *c, enum op op)
{
	struct step *step = &c->program->steps[c->program->count++];
	*step = (struct step){ .op = (uint8_t)op };
	return step;
}

/* ---- compile: each returns false for a pattern that is not valid ---- */

static bool add_char(struct compiler *c)
{
	struct str rest = str_skip(c->program->pattern, c->at);
	size_t escape_bytes = rest.p[0] == '\\';
	if (rest.n == escape_bytes)
		return false;
	struct step *step = add(c, OP_CHAR);
	c->at += escape_bytes + decode(str_skip(rest, escape_bytes), &step->character);
	c->is_segment_start = step->character == '/';
	return true;
}

static bool add_one(struct compiler *c)
{
	add(c, OP_ONE);
	c->is_segment_start = false;
	c->at++;
	return true;
}

static bool add_class(struct compiler *c)
{
	struct str p = c->program->pattern;
	size_t i = c->at + 1;
	bool is_negated = i < p.n && (p.p[i] == '!' || p.p[i] == '^');
	i += is_negated;
	size_t from = i;
	while (i < p.n && p.p[i] != ']')
		i += p.p[i] == '\\' ? 2 : 1;
	if (i >= p.n || i == from)
		return false;
	struct step *step = add(c, OP_CLASS);
	step->is_negated = is_negated;
	step->at = (uint16_t)from;
	step->end = (uint16_t)i;
	c->at = i + 1;
	c->is_segment_start = false;
	return true;
}

static bool is_alternative_end(const struct compiler *c, size_t at)
{
	struct str p = c->program->pattern;
	return at == p.n || (at < p.n && c->depth && (p.p[at] == ',' || p.p[at] == '}'));
}

/* "/" + "**" at the end stands for nothing as well: "a/" + "**" matches "a". */
static void add_skip(struct compiler *c)
{
	struct str p = c->program->pattern;
	bool is_end = is_alternative_end(c, c->at + 3) || str_eq(str_skip(p, c->at), STR("/**/"));
	if (is_end && str_starts(str_skip(p, c->at), STR("/**")))
		c->skip = add(c, OP_SKIP);
}

static void end_skip(struct compiler *c)
{
	if (c->skip)
		c->skip->to = (uint16_t)c->program->count;
	c->skip = NULL;
}

static bool add_star(struct compiler *c)
{
	struct str p = c->program->pattern;
	size_t stars = 1;
	while (c->at + stars < p.n && p.p[c->at + stars] == '*')
		stars++;
	c->at += stars;
	bool is_deep = stars == 2 && c->is_segment_start;
	if (is_deep && c->at < p.n && p.p[c->at] == '/') {
		add(c, OP_DIRS);
		c->at++;
	} else {
		add(c, is_deep && is_alternative_end(c, c->at) ? OP_REST : OP_STAR);
		c->is_segment_start = false;
	}
	end_skip(c);
	return true;
}

static bool add_open(struct compiler *c)
{
	if (c->depth == GLOB_BRACE_DEPTH)
		return false;
	c->open[c->depth++] = (struct brace){ .split = (uint16_t)c->program->count, .is_segment_start = c->is_segment_start };
	add(c, OP_SPLIT);
	c->at++;
	return true;
}

static bool add_comma(struct compiler *c)
{
	struct brace *brace = &c->open[c->depth - 1];
	struct step *steps = c->program->steps;
	size_t jump = c->program->count;
	add(c, OP_JUMP)->to = brace->jumps;
	brace->jumps = (uint16_t)jump;
	steps[brace->split].to = (uint16_t)(jump + 1);
	brace->split = (uint16_t)(jump + 1);
	add(c, OP_SPLIT);
	c->is_segment_start = brace->is_segment_start;
	c->at++;
	return true;
}

/* The last alternative has no next one: its split goes nowhere else than into it. */
static bool add_close(struct compiler *c)
{
	struct brace *brace = &c->open[--c->depth];
	struct step *steps = c->program->steps;
	steps[brace->split].to = (uint16_t)(brace->split + 1);
	for (uint16_t jump = brace->jumps, older; jump; jump = older) {
		older = steps[jump].to;
		steps[jump].to = (uint16_t)c->program->count;
	}
	c->is_segment_start = false;
	c->at++;
	return true;
}

static const struct {
	char c;
	bool only_in_braces;
	bool (*add)(struct compiler *c);
} meanings[] = {
	{ '*', false, add_star }, { '?', false, add_one }, { '[', false, add_class },
	{ '{', false, add_open }, { ',', true, add_comma }, { '}', true, add_close },
};

static bool add_next(struct compiler *c)
{
	for (size_t i = 0; i < COUNT_OF(meanings); i++)
		if (meanings[i].c == c->program->pattern.p[c->at] && (c->depth || !meanings[i].only_in_braces))
			return meanings[i].add(c);
	return add_char(c);
}

static bool compile(struct str pattern, struct program *program)
{
	struct compiler c = { .program = program, .is_segment_start = true };
	program->count = 0;
	program->pattern = pattern;
	if (pattern.n > GLOB_PATTERN_BYTES)
		return false;
	while (c.at < pattern.n) {
		if (pattern.p[c.at] == '/')
			add_skip(&c);
		if (!add_next(&c))
			return false;
	}
	add(&c, OP_END);
	return c.depth == 0;
}

/* ---- match ---- */

/* One character of a class; *s is not empty. */
static uint32_t class_character(struct str *s)
{
	uint32_t character;
	if (s->p[0] == '\\' && s->n > 1)
		*s = str_skip(*s, 1);
	*s = str_skip(*s, decode(*s, &character));
	return character;
}

static bool is_in_class(const struct program *program, const struct step *step, uint32_t character)
{
	struct str s = { program->pattern.p + step->at, (size_t)(step->end - step->at) };
	while (s.n) {
		uint32_t low = class_character(&s), high = low;
		if (s.n > 1 && s.p[0] == '-') {
			s = str_skip(s, 1);
			high = class_character(&s);
		}
		if (character >= low && character <= high)
			return true;
	}
	return false;
}

static void put(struct set *set, size_t step)
{
	set->on[step] = true;
	if (step < set->from)
		set->from = step;
	if (step >= set->to)
		set->to = step + 1;
}

/* Adds what can be reached without a character. */
static void complete(const struct program *program, struct set *set, bool is_segment_start, struct str rest)
{
	bool is_segment_end = rest.n == 0 || rest.p[0] == '/';
	for (size_t i = set->from; i < set->to; i++) {
		const struct step *step = &program->steps[i];
		if (!set->on[i])
			continue;
		if (step->op == OP_SPLIT || step->op == OP_JUMP || (step->op == OP_SKIP && rest.n == 0))
			put(set, step->to);
		if (step->op == OP_SPLIT || step->op == OP_SKIP || step->op == OP_STAR)
			put(set, i + 1);
		if ((step->op == OP_DIRS && is_segment_start) || (step->op == OP_REST && is_segment_end))
			put(set, i + 1);
	}
}

static bool stays(enum op op, uint32_t character)
{
	return op == OP_REST || op == OP_DIRS || (op == OP_STAR && character != '/');
}

static bool moves(const struct program *program, const struct step *step, uint32_t character)
{
	if (step->op == OP_CHAR)
		return step->character == character;
	if (character == '/')
		return false;
	return step->op == OP_ONE || (step->op == OP_CLASS && is_in_class(program, step, character) != step->is_negated);
}

/* Empties *from into *to. */
static void advance(const struct program *program, struct set *from, struct set *to, uint32_t character)
{
	to->from = STEPS;
	to->to = 0;
	for (size_t i = from->from; i < from->to; i++) {
		if (!from->on[i])
			continue;
		const struct step *step = &program->steps[i];
		from->on[i] = false;
		if (stays((enum op)step->op, character))
			put(to, i);
		else if (moves(program, step, character))
			put(to, i + 1);
	}
}

static bool run(const struct program *program, struct str path)
{
	struct set sets[2];
	int now = 0;
	memset(sets[0].on, 0, program->count);
	memset(sets[1].on, 0, program->count);
	sets[now].from = sets[now].to = 0;
	put(&sets[now], 0);
	complete(program, &sets[now], true, path);
	while (path.n && sets[now].to > 0) {
		uint32_t character;
		path = str_skip(path, decode(path, &character));
		advance(program, &sets[now], &sets[!now], character);
		now = !now;
		complete(program, &sets[now], character == '/', path);
	}
	return sets[now].to > 0 && sets[now].on[program->count - 1];
}

bool glob_is_valid(struct str pattern)
{
	struct program program;
	return compile(pattern, &program);
}

bool glob_match(struct str pattern, struct str path)
{
	struct program program;
	return compile(pattern, &program) && run(&program, path);
}

struct str glob_root(struct str pattern)
{
	size_t slash = 0;
	bool has_slash = false;
	for (size_t i = 0; i < pattern.n && !memchr("*?[{\\", pattern.p[i], 5); i++) {
		if (pattern.p[i] != '/')
			continue;
		slash = i;
		has_slash = true;
	}
	return str_take(pattern, has_slash && slash == 0 ? 1 : slash);
}
